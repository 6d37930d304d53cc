"""Where the page's videos and pictures are: inside it as data URIs, or beside it when they are too large together."""

import base64
import mimetypes
import shutil
from pathlib import Path

from understudy import files

LARGEST = 64 * 2**20
FOLDER = "media"


class Shelf:
    """Takes files while the page is being put together; says, once all are known, how the page refers to them.

    `put` gives each file a short key (one key for equal bytes). `uris` copies the files beside the page when all of
    them, as base64, would add more than `largest` bytes to it.
    """

    def __init__(self, largest: int = LARGEST) -> None:
        self.largest = largest
        self._keys: dict[str, str] = {}
        self._paths: dict[str, Path] = {}
        self._links: dict[str, str] = {}

    def put(self, path: Path, *, link: str = "") -> str:
        """The key of a file. link: where it already stands beside the page. Raises OSError when it cannot be read."""
        key = self._keys.setdefault(files.sha256(path), f"m{len(self._keys)}")
        if link:
            self._links[key] = link
        else:
            self._paths[key] = Path(path)
        return key

    @property
    def bytes(self) -> int:
        """What the files take as base64."""
        return sum(-(-path.stat().st_size // 3) * 4 for path in self._paths.values())

    def uris(self, folder: Path) -> dict[str, str]:
        """Key -> data URI, or the path relative to the page in `folder`."""
        if self.bytes <= self.largest:
            inside = {key: data_uri(path.read_bytes(), path.suffix) for key, path in self._paths.items()}
            return inside | self._links
        digests = {key: digest for digest, key in self._keys.items()}
        return {key: self._copy(path, folder, digests[key]) for key, path in self._paths.items()} | self._links

    def _copy(self, path: Path, folder: Path, digest: str) -> str:
        name = f"{digest[:20]}{path.suffix.lower()}"
        with files.whole(folder / FOLDER / name) as part:
            shutil.copyfile(path, part)
        return f"{FOLDER}/{name}"


def data_uri(data: bytes, suffix: str) -> str:
    """Bytes as a data URI of the type that the suffix names."""
    kind = mimetypes.types_map.get(suffix.lower(), "application/octet-stream")
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
