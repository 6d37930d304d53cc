"""Files that are whole or absent: written beside their place, flushed, then renamed."""

import contextlib
import errno
import glob
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from understudy.errors import DiskError


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`, same suffix; on success it becomes `path`, on any failure it is removed.

    Raises DiskError when the disk is full. A reader never sees a partial file, whatever kills the writer.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.stem}.{uuid.uuid4().hex[:8]}.part{path.suffix}")
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            remedy = "Free some room and run again: what was finished is kept."
            raise DiskError(path, "the disk is full", remedy) from error
        raise
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yields an empty folder beside `folder`; on success it becomes `folder`, on any failure it is removed.

    What a killed run left behind is cleared first. Raises DiskError when the disk is full.
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob(f".{glob.escape(folder.name)}.*.part"):
        shutil.rmtree(left, ignore_errors=True)
    part = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        part.mkdir()
        yield part
        if folder.exists():
            shutil.rmtree(folder)
        part.replace(folder)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskError(folder, "the disk is full", "Free some room and run this again.") from error
        raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Writes `text` as UTF-8, whole or not at all."""
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Writes `value` as sorted, indented JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """The value that a JSON file holds."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes, read by stream."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def require_room(path: Path, needed: int) -> None:
    """Raises DiskError unless the file system of `path` has `needed` bytes free."""
    folder = Path(path)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DiskError(
            path, f"needs {needed / 2**20:.0f} MiB and {free / 2**20:.0f} MiB are free", "Free some room and run again."
        )
