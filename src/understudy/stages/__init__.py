"""The stages: what each rule of the workflow does, one module a rule. A script calls one function of here.

Every stage that touches a subject asks the consent records again, so that a job started after a withdrawal stops.
"""

import ctypes
import sys
from pathlib import Path
from types import TracebackType
from typing import TextIO

from understudy.errors import Error, Stopped

# Of malloc.h: what may lie unused at the heap's top before it is given back, and from what size on a block is mapped.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3


class _Both:
    """Writes to the terminal and to the rule's log."""

    def __init__(self, terminal: TextIO, log: TextIO) -> None:
        self._terminal, self._log = terminal, log

    def write(self, text: str) -> int:
        self._log.write(text.replace("\r", "\n"))
        return self._terminal.write(text)

    def flush(self) -> None:
        self._log.flush()
        self._terminal.flush()

    def isatty(self) -> bool:
        return self._terminal.isatty()

    def fileno(self) -> int:
        return self._terminal.fileno()


def keep_memory() -> bool:
    """Lets the process keep what it frees, up to 2 GiB, for its next arrays; False where the C library cannot.

    glibc maps every block above 128 KiB (it learns to map fewer) anew and gives it back when it is freed. Each frame's
    temporary arrays are such blocks, and the kernel clears their pages again for each frame: a tenth of the time of
    drawing an actor; where fewer arrays are in use it costs and saves next to nothing (`benchmarks/memory.md`).
    """
    tune = getattr(ctypes.CDLL(None), "mallopt", None)
    return tune is not None and bool(tune(_MMAP_THRESHOLD, 32 << 20) and tune(_TRIM_THRESHOLD, (1 << 31) - 1))


def begin(log: str, threads: int = 1) -> None:
    """What every job does first: messages into the rule's log as well, its share of threads, errors in one line."""
    import cv2

    cv2.setNumThreads(threads)
    keep_memory()
    path = Path(log)
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stderr = _Both(sys.stderr, path.open("w", encoding="utf-8", buffering=1))
    sys.excepthook = _tell


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """An error of ours is a sentence for the user; anything else is a fault of the program and keeps its trace."""
    if isinstance(error, (Error, Stopped)):
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)
        import traceback

        getattr(sys.stderr, "_log", sys.stderr).write("".join(traceback.format_exception(kind, error, trace)))
