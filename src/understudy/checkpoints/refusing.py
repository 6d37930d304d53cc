"""Why a file of weights was refused, in words: what its pickle asks for, seen without running it."""

import io
import pickletools
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from understudy.errors import CheckpointError

AGAIN = "Download it again, from where its authors offer it."

# What torch's own reader says of a name that it does not know.
_NAMED = re.compile(r"GLOBAL (\S+)")
# Names that weights need. (`_utils` holds what rebuilds tensors.)
_PLAIN = re.compile(
    r"__torch__\..*|torch\.\w*Storage|torch\._utils\._rebuild_\w+|torch\.jit\._pickle\.(?:build_\w+|restore_type_tag)"
    r"|collections\.OrderedDict|argparse\.Namespace"
)
_LONGEST = 64 * 2**20  # bytes of an archive's pickle that are looked at; a real one has less than one hundredth


def refusal(path: Path, error: Exception) -> CheckpointError:
    """What went wrong in a reader, for people. Nothing of the file was run, nor is it here."""
    told = str(error)
    named = _NAMED.search(told)
    asked = named[1] if named else next(_foreign(path), None)
    if asked:
        fact = f"its pickle asks for '{asked}' besides tensors and plain values, which can run code; none was run"
        return CheckpointError(path, fact, f"Do not open it with anything else. {AGAIN}")
    if isinstance(error, MemoryError):
        return CheckpointError(path, "it asks for more memory than there is", AGAIN)
    reason = next((line.strip() for line in reversed(told.splitlines()) if _says(line)), type(error).__name__)
    return CheckpointError(path, f"it is cut off or damaged ({reason[:200]})", AGAIN)


def _says(line: str) -> bool:
    return bool(line.strip()) and "pytorch.org" not in line


def _foreign(path: Path) -> Iterator[str]:
    """The names besides those that weights need that a file's pickles ask for."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    if name.split("/")[1:] == ["data.pkl"]:
                        with archive.open(name) as entry:
                            yield from _names(io.BytesIO(entry.read(_LONGEST)))
        else:
            with path.open("rb") as file:
                while file.peek(1):  # torch's old format is several pickles, one after the other
                    yield from _names(file)
    except Exception:  # where the pickles end, or cannot be followed
        return


def _names(file: BinaryIO) -> Iterator[str]:
    """The dotted names that one pickle asks for, those that weights need left out.

    Since protocol 4 a name is two texts on the stack, often taken from the memo: both are followed here.
    """
    texts, memo, newest = ["", ""], dict[int, str | None](), None
    for code, value, _ in pickletools.genops(file):
        asked = ""
        if code.name in ("GLOBAL", "INST"):
            asked = str(value).replace(" ", ".")
        elif code.name == "STACK_GLOBAL":
            asked = ".".join(texts)
        if "PUT" in code.name or code.name == "MEMOIZE":
            memo[len(memo) if value is None else int(value)] = newest
            continue
        newest = memo.get(int(value or 0)) if "GET" in code.name else value if isinstance(value, str) else None
        if newest is not None and not asked:
            texts = [texts[-1], newest]
        if asked and not _PLAIN.fullmatch(asked):
            yield asked
