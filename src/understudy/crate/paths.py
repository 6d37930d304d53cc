"""Paths within a crate: relative, inside, and meaning the same file on every system."""

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import unquote

from understudy.errors import CrateError

# A colon names a drive or a stream on Windows, a backslash a folder; the rest no file system likes.
_FORBIDDEN = re.compile(r'[\\:*?"<>|\x00-\x1f\x7f]')
_REMEDY = "Do not trust this crate: ask whoever made it for a sound one."
_LONGEST = 1024


def flaw(path: object) -> str | None:
    """Why `path` is no safe path within a crate; None when it is one."""
    if not isinstance(path, str) or not path:
        return "is no path"
    try:
        path.encode()
    except UnicodeEncodeError:
        return "is no text that a file's name could have"
    if len(path) > _LONGEST:
        return f"is longer than {_LONGEST} characters"
    if _FORBIDDEN.search(path):
        return "has a drive, a backslash or another character that no path in a crate has"
    if path.startswith(("/", "~")):
        return "is an absolute path"
    parts = path.split("/")
    if ".." in parts:
        return "climbs out of the crate"
    if "." in parts or "" in parts or any(part.strip() != part or part.endswith(".") for part in parts):
        return "is not in its plain form"
    return None


def require_safe(path: object, thing: object) -> str:
    """The path, if it is safe. Raises CrateError, which names it and `thing`, otherwise."""
    fact = flaw(path)
    if fact is not None or not isinstance(path, str):
        raise CrateError(thing, f"'{_shown(path)}' {fact}", _REMEDY)
    return path


def require_distinct(paths: Iterable[str], thing: object) -> None:
    """Raises CrateError when two paths are one on some file system, or one is a folder of the other."""
    folded: dict[str, str] = {}
    for path in paths:
        other = folded.setdefault(fold(path), path)
        if other != path:
            raise CrateError(thing, f"'{_shown(path)}' and '{_shown(other)}' are one file on some systems", _REMEDY)
    for key, path in folded.items():
        parts = key.split("/")
        for depth in range(1, len(parts)):
            if "/".join(parts[:depth]) in folded:
                raise CrateError(thing, f"'{_shown(path)}' lies in what is a file itself", _REMEDY)


def fold(path: str) -> str:
    """The path as file systems compare it that know no letter case and compose accents."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def of_id(id: str) -> str | None:
    """The path within the crate that an @id of its graph names; None for what names none (the web, the graph itself).

    Ids are URIs: percent-encoded ones are decoded.
    """
    if id in ("./", "."):
        return None
    if id.startswith("#") or re.match(r"(?:https?://|urn:|mailto:|doi:)", id, re.IGNORECASE):
        return None
    return unquote(id).removesuffix("/")


def _shown(path: object) -> str:
    """A path as a message can hold it."""
    text = ascii(path)[1:-1] if isinstance(path, str) else repr(path)
    return text if len(text) <= 120 else f"{text[:117]}..."
