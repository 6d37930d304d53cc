"""Where a crate's bytes come from: a folder or a zip, neither of them trusted."""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

from understudy.crate.contents import METADATA
from understudy.crate.paths import require_distinct, require_safe
from understudy.errors import CrateError

_REMEDY = "Do not trust this crate: ask whoever made it for a sound one."
MOST_FILES = 100_000
MOST_BYTES = 64 * 2**30
# Deflate cannot pass about 1032 to 1, and nothing that a study makes comes near: only zeros do.
MOST_SHRUNK = 400
SMALL = 2**20  # bytes: below, no ratio is a bomb
# What reading a zip raises: NotImplementedError for a compression it does not know, RuntimeError for a locked file.
_BAD = (OSError, EOFError, RuntimeError, NotImplementedError, ValueError, zipfile.BadZipFile, zlib.error)


class Store(Protocol):
    """Files by their safe, distinct paths."""

    place: Path

    def sizes(self) -> dict[str, int]:
        """The bytes of each file."""

    def open(self, path: str) -> IO[bytes]:
        """A file for reading by stream. Raises one of `FAILURES` when it cannot be."""


FAILURES = _BAD


class Folder:
    """A crate that lies in a folder."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._sizes = dict(self._walk())
        _require_modest(place, self._sizes)

    def sizes(self) -> dict[str, int]:
        return self._sizes

    def open(self, path: str) -> IO[bytes]:
        return (self.place / path).open("rb")

    def _walk(self) -> Iterator[tuple[str, int]]:
        """Every file; a link or anything else that is neither file nor folder is refused."""
        try:
            for path in sorted(self.place.rglob("*")):
                name = require_safe(path.relative_to(self.place).as_posix(), self.place)
                mode = path.lstat().st_mode
                if stat.S_ISREG(mode):
                    yield name, path.lstat().st_size
                elif not stat.S_ISDIR(mode):
                    kind = "a link" if stat.S_ISLNK(mode) else "neither a file nor a folder"
                    raise CrateError(self.place, f"'{name}' is {kind}", _REMEDY)
        except OSError as error:
            raise CrateError(
                self.place, f"cannot be read ({error})", "Bring the whole crate to this machine."
            ) from error


class Archive:
    """A crate in a zip, at its top or in its one folder."""

    def __init__(self, place: Path) -> None:
        self.place = place
        try:
            self._zip = zipfile.ZipFile(place)
        except _BAD as error:
            raise CrateError(place, f"cannot be read as a zip ({error})", "Fetch it again.") from error
        entries = [info for info in self._zip.infolist() if not self._is_folder(info)]
        for info in entries:
            self._check(info)
        self._top = self._find_top([info.filename for info in entries])
        self._infos = {info.filename.removeprefix(self._top): info for info in entries}
        if len(self._infos) != len(entries):
            raise CrateError(place, "holds a file twice", _REMEDY)
        require_distinct(self._infos, place)
        self._sizes = {path: info.file_size for path, info in self._infos.items()}
        _require_modest(place, self._sizes)

    def sizes(self) -> dict[str, int]:
        return self._sizes

    def open(self, path: str) -> IO[bytes]:
        return self._zip.open(self._infos[path])

    def _is_folder(self, info: zipfile.ZipInfo) -> bool:
        if not info.filename.endswith("/"):  # is_dir() breaks on a name that is empty
            return False
        require_safe(info.filename.removesuffix("/"), self.place)
        if info.file_size:
            raise CrateError(self.place, f"'{info.filename}' is a folder that holds bytes", _REMEDY)
        return True

    def _check(self, info: zipfile.ZipInfo) -> None:
        # orig_filename is what the zip says: Python cuts a name at NUL and turns backslashes on Windows.
        name = require_safe(info.orig_filename, self.place)
        mode = info.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise CrateError(self.place, f"'{name}' is a link or no plain file", _REMEDY)
        if info.flag_bits & 0x1:
            raise CrateError(self.place, f"'{name}' is encrypted", "Send the crate as it was written.")
        if info.file_size > SMALL and info.file_size > MOST_SHRUNK * max(info.compress_size, 1):
            raise CrateError(self.place, f"'{name}' would unpack to {info.file_size} bytes: a bomb", _REMEDY)

    def _find_top(self, names: list[str]) -> str:
        """The one folder that holds everything, with a slash; nothing when the crate is at the top."""
        tops = {name.partition("/")[0] for name in names if "/" in name}
        if METADATA in names or len(tops) != 1 or any("/" not in name for name in names):
            return ""
        return f"{tops.pop()}/"


def open_store(place: Path) -> Store:
    """The files of a crate at `place`. Raises CrateError when it is neither a folder nor a sound zip."""
    if place.is_dir():
        return Folder(place)
    if place.is_file():
        return Archive(place)
    raise CrateError(place, "there is no such file or folder", "Name the crate's folder, or its zip.")


def _require_modest(place: Path, sizes: dict[str, int]) -> None:
    require_distinct(sizes, place)
    if len(sizes) > MOST_FILES:
        raise CrateError(place, f"holds {len(sizes)} files, more than {MOST_FILES}", _REMEDY)
    if sum(sizes.values()) > MOST_BYTES:
        raise CrateError(place, f"holds more than {MOST_BYTES // 2**30} GiB", _REMEDY)
