"""Whether a file speaks of somebody: what it says is parsed, and only words of what was parsed count.

In bytes that are no text, a short id such as "s1" stands by chance; so pictures, arrays and weights are asked by what
their headers and tags say, tables by their columns, texts by their words without what is embedded in base64.
"""

import bz2
import contextlib
import gzip
import io
import json
import lzma
import re
import struct
import tarfile
import zipfile
import zlib
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
_LONGEST = 1 << 28  # bytes of a header or of a packed file that are read; nothing of ours comes near
_BLOCK, _OVERLAP = 1 << 26, 1 << 12  # of a text that is read in parts
_LONG = re.compile(rb"[A-Za-z0-9_-]{6,}")
_ESCAPED = re.compile(r"\\(?:[abfnrtv]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})")
# NotImplementedError, RuntimeError: of archives and tables packed in a way that their readers do not know.
_DAMAGED = (
    *(ValueError, KeyError, EOFError, RecursionError, NotImplementedError, RuntimeError, OSError),
    *(struct.error, zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error),
)


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
        **dict.fromkeys((".tar", ".tgz", ".gz", ".xz", ".bz2"), partial(_tar, depth=depth)),
    }
    if suffix not in readers:
        yield from _text(file)
        return
    with contextlib.suppress(*_DAMAGED):
        yield from readers[suffix](file)


def _text(file: BinaryIO) -> Iterator[str]:
    """A text, or what is text in a file of an unknown kind: there, long words alone, for short ones come by chance."""
    before = b""
    while block := file.read(_BLOCK):
        content = before + block
        before = content[-_OVERLAP:]
        if b"\0" in content:
            yield "\n".join(word.decode() for word in _LONG.findall(content))
            continue
        text = content.decode("utf-8", "replace")
        if text.lstrip()[:1] in ("{", "["):
            with contextlib.suppress(ValueError, RecursionError):
                yield from _strings(json.loads(text))
                continue
        yield _plain(text)


def _plain(text: str) -> str:
    """A text without what is embedded in it, and with escapes of the kind of \\n as what they stand for: no letters."""
    text = _EMBEDDED.sub(" ", text) if "base64," in text else text
    return f"{text}\n{_ESCAPED.sub(' ', text)}" if "\\" in text else text


def _strings(value: Any) -> Iterator[str]:
    """Every text within plain values, keys included."""
    if isinstance(value, str):
        yield _plain(value)
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
    plain = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_temporal)
    fields = [field for field in table.schema_arrow if not any(is_kind(field.type) for is_kind in plain)]
    wanted = [field.name for field in fields if field.name not in _NOBODY]
    for batch in table.iter_batches(columns=wanted) if wanted else ():
        for column in batch.columns:
            nested = pa.types.is_nested(column.type)
            yield from _strings((column if nested else column.unique()).to_pylist())


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


def _tar(file: BinaryIO, depth: int) -> Iterator[str]:
    """The names and texts of a tar's members, packed or not; of a single packed file, its text."""
    try:
        archive = tarfile.open(fileobj=file, mode="r:*")  # noqa: SIM115 - closed below
    except tarfile.ReadError:
        file.seek(0)
        for unpack in (gzip, bz2, lzma):
            with contextlib.suppress(*_DAMAGED), unpack.open(file) as inner:
                yield from _text(inner)
            file.seek(0)
        return
    with archive:
        for member in archive:
            yield member.name
            content = archive.extractfile(member) if member.isfile() and depth < 2 else None
            if content is not None:
                yield from _said(Path(member.name).suffix.lower(), io.BytesIO(content.read()), depth + 1)


def _tags(path: Path) -> Iterator[str]:
    """What a media file says of itself: its tags, and the study and footage that its credential names."""
    with contextlib.suppress(Error):
        yield from containers.tags(path).values()
    with contextlib.suppress(Error):
        found = credential.read(path)
        if found is not None:
            yield from _strings(found.study or {})
            yield from (title for title, _ in found.ingredients)
