"""Whether a file speaks of somebody: what it says is parsed, and only words of what was parsed count.

In bytes that are no text, a short id such as "s1" stands by chance; so pictures, arrays and weights are asked by what
their headers and tags say, tables by their columns, texts by their words without what is embedded in base64.
"""

import contextlib
import io
import json
import re
import struct
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from understudy.errors import Error
from understudy.provenance import containers, credential

MEDIA = frozenset({".mp4", ".m4a", ".m4v", ".mov", ".mkv", ".webm", ".png", ".wav", ".mp3", ".flac", ".ogg", ".opus"})
# What a copy of is the person's wherever it lies: nothing that two people could share by chance.
DATA = MEDIA | {".npy", ".npz", ".safetensors", ".parquet", ".jpg", ".jpeg", ".webp", ".zip"}
_EMBEDDED = re.compile(r"data:[\w.+/-]+(?:;[\w=-]+)*;base64,[A-Za-z0-9+/=\s]+")
# What a column or a key of these names holds is nobody's id, though it may be spelt as one.
_NOBODY = frozenset({"study", "version", "method", "family", "metric", "unit", "better", "code", "machine"})
_LONGEST = 1 << 28  # bytes of a text that is read whole; nothing of ours comes near


def speaks(path: Path, pattern: re.Pattern[str]) -> bool:
    """Whether a file says what the pattern finds. One that cannot be read says nothing, but for its raw text."""
    try:
        with path.open("rb") as file:
            if _any(pattern, _said(path.suffix.lower(), file)):
                return True
        return path.suffix.lower() in MEDIA and _any(pattern, _tags(path))
    except OSError:
        return False


def _any(pattern: re.Pattern[str], texts: Iterator[str]) -> bool:
    return any(pattern.search(text) for text in texts)


def _said(suffix: str, file: BinaryIO, depth: int = 0) -> Iterator[str]:
    """The texts that a file holds, by its kind."""
    if suffix in MEDIA:
        return
    readers: dict[str, Callable[[BinaryIO], Iterator[str]]] = {
        **{".parquet": _table, ".safetensors": _weights, ".npy": _array},
        **dict.fromkeys((".npz", ".zip"), partial(_archive, depth=depth)),
    }
    if suffix not in readers:
        yield from _text(suffix, file)
        return
    with contextlib.suppress(ValueError, KeyError, struct.error, zipfile.BadZipFile, EOFError, RecursionError):
        yield from readers[suffix](file)


def _text(suffix: str, file: BinaryIO) -> Iterator[str]:
    content = file.read(_LONGEST)
    if b"\0" in content[:4096]:
        return
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        if suffix not in _TEXTS:
            return
        text = content.decode("utf-8", "replace")
    if suffix == ".json":
        with contextlib.suppress(ValueError, RecursionError):
            yield from _strings(json.loads(text))
            return
    yield _EMBEDDED.sub(" ", text) if "base64," in text else text


_TEXTS = {".json", ".csv", ".tsv", ".log", ".txt", ".html", ".htm", ".md", ".yaml", ".yml", ".jsonl", ".svg", ".vtt"}


def _strings(value: Any) -> Iterator[str]:
    """Every text within plain values, keys included."""
    if isinstance(value, str):
        yield _EMBEDDED.sub(" ", value) if "base64," in value else value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield str(key)
            if key not in _NOBODY:
                yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def _table(file: BinaryIO) -> Iterator[str]:
    table = pq.ParquetFile(pa.PythonFile(file))
    wanted = [
        field.name
        for field in table.schema_arrow
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type) or pa.types.is_dictionary(field.type)
        if field.name not in _NOBODY
    ]
    for batch in table.iter_batches(columns=wanted) if wanted else ():
        for column in batch.columns:
            yield from (str(value) for value in column.unique().to_pylist() if value is not None)


def _weights(file: BinaryIO) -> Iterator[str]:
    """The description in a safetensors file's header, whose values are JSON again."""
    (length,) = struct.unpack("<Q", file.read(8))
    header = json.loads(file.read(min(length, _LONGEST)))
    for text in header.get("__metadata__", {}).values():
        try:
            yield from _strings(json.loads(text))
        except ValueError:
            yield str(text)


def _array(file: BinaryIO) -> Iterator[str]:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = read(file)
    if kind.kind in "US":
        values = np.frombuffer(file.read(), kind)[: int(np.prod(shape))]
        yield from (str(value) for value in np.unique(values))


def _archive(file: BinaryIO, depth: int) -> Iterator[str]:
    """The names and texts of a zip's members; of zips in it, too."""
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            yield member.filename
            if depth < 2 and member.file_size < _LONGEST and not member.flag_bits & 1:
                content = io.BytesIO(archive.read(member))
                yield from _said(Path(member.filename).suffix.lower(), content, depth + 1)


def _tags(path: Path) -> Iterator[str]:
    """What a media file says of itself: its tags, and the study and footage that its credential names."""
    with contextlib.suppress(Error):
        yield from containers.tags(path).values()
    with contextlib.suppress(Error):
        found = credential.read(path)
        if found is not None:
            yield from _strings(found.study or {})
            yield from (title for title, _ in found.ingredients)
