"""Reading a published file: its hash first, then its tensors and plain values, and nothing that would run code.

Formats: what torch.save writes (zip archives since 1.6, pickles before), TorchScript archives, safetensors.
"""

import argparse
import contextlib
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from understudy.checkpoints.archive import is_script, read_script
from understudy.checkpoints.published import Weights, names, published
from understudy.checkpoints.refusing import AGAIN, refusal
from understudy.errors import CheckpointError
from understudy.files import sha256


def read(weights: Weights) -> Mapping[str, Any]:
    """What the file holds: names to tensors, or what its trainer saved (states by name, counters, arguments).

    Tensors are on the CPU; those of zip archives and safetensors are mapped from the file, so that only what is used
    takes memory. Raises CheckpointError for a file that is not there, has another sha256, is cut off or no checkpoint,
    or would run code.
    """
    path = Path(weights.path)
    require_same(weights)
    kind = _kind(path)
    if kind not in _READERS:
        raise CheckpointError(path, f"it is {kind}, not a checkpoint", _remedy(kind))
    try:
        content = _READERS[kind](path)
    except Exception as error:  # what a damaged file leads a parser to is anything at all
        raise refusal(path, error) from error
    if not isinstance(content, Mapping) or not content:
        held = "nothing" if isinstance(content, Mapping) else f"one {type(content).__name__}"
        raise CheckpointError(path, f"it holds {held}, not tensors by name", AGAIN)
    return {str(name): value for name, value in content.items()}


def require_same(weights: Weights) -> None:
    """Raises CheckpointError unless the file is there, and is byte for byte the one that was named."""
    path = Path(weights.path)
    if not path.is_file():
        where = "" if weights.name not in names() else f" Its authors offer it at {published(weights.name).origin}."
        fact = "it is a folder" if path.is_dir() else "there is no such file"
        raise CheckpointError(path, f"weights '{weights.name}': {fact}", f"Check the path.{where}")
    found = sha256(path)
    if found == weights.sha256:
        return
    fact = f"its sha256 is {found}, and weights '{weights.name}' should have {weights.sha256}"
    raise CheckpointError(path, f"{fact}{_excuse(weights, path)}", AGAIN)


def _excuse(weights: Weights, path: Path) -> str:
    """Why a file may have another hash, as far as it shows."""
    size, kind = path.stat().st_size, _kind(path)
    due = published(weights.name).size if weights.name in names() else None
    if kind not in _READERS:
        return f"; it is {kind}"
    if due and size < due:
        return f"; it has {size:,} of the published file's {due:,} bytes"
    return ""


def _kind(path: Path) -> str:
    """What a file is by its first bytes: a key of _READERS, or in words what it is instead."""
    with path.open("rb") as file:
        head = file.read(512)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not head:
        return "empty"
    if head[:4] == b"PK\x03\x04":
        return _zip(path)
    if (head[:1] == b"\x80" and head[1:2] <= b"\x05") or head[:1] in (b"c", b"(", b"}", b"]", b"L"):
        return "pickle"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 100 * 2**20:
        return "safetensors"
    for start, words in _OTHERS.items():
        if text.startswith(start):
            return words
    return "a tar archive" if head[257:262] == b"ustar" else "of no known format"


_PAGE = "a web page: what a download link shows in a browser"
_OTHERS: Mapping[bytes, str] = {
    b"<!doctype": _PAGE,
    b"<html": _PAGE,
    b"<head": _PAGE,
    b"<?xml": "an error message of a server",
    b"{": "a JSON text",
    b"version https://git-lfs": "a Git LFS pointer: the name of a file, not the file",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7-zip archive",
    b"rar!": "a RAR archive",
}


def _zip(path: Path) -> str:
    """Which of the archives that are zips it is."""
    try:
        with zipfile.ZipFile(path) as archive:
            inside = archive.namelist()
            if is_script(archive):
                return "script"
            if any(name.split("/")[1:] == ["data.pkl"] for name in inside):
                return "archive"
            return f"a zip archive that was packed for a download ({', '.join(inside[:3])})"
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):  # the last: a compression zipfile has not
        return "an archive that is cut off or damaged"


def _remedy(kind: str) -> str:
    if "archive" in kind and "cut off" not in kind:
        return "Unpack it, and name the file that is in it."
    return AGAIN


def _archive(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        if any(info.compress_type != zipfile.ZIP_STORED for info in archive.infolist()):
            raise ValueError("its entries are compressed, which torch never does: they may unpack to any size")
    return _load(path, mapped=True)


def _pickle(path: Path) -> Any:
    return _load(path, mapped=False)


def _load(path: Path, *, mapped: bool) -> Any:
    with _namespace(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on pickle protocols and old storages
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)


@contextlib.contextmanager
def _namespace() -> Iterator[None]:
    """Lets torch's reader make an argparse.Namespace meanwhile, a bag of values: LIA's trainer saved one."""
    known = argparse.Namespace in torch.serialization.get_safe_globals()
    with contextlib.nullcontext() if known else torch.serialization.safe_globals([argparse.Namespace]):
        yield


def _safetensors(path: Path) -> Any:
    return safetensors.torch.load_file(path)


_READERS = {"archive": _archive, "pickle": _pickle, "script": read_script, "safetensors": _safetensors}
