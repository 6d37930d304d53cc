"""The stages: what each rule of the workflow does, one module a rule. A script calls one function of here.

Every stage that touches a subject asks the consent records again, so that a job started after a withdrawal stops.
"""

import sys
from pathlib import Path
from types import TracebackType
from typing import TextIO

from understudy.errors import Error, Stopped


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


def begin(log: str, threads: int = 1) -> None:
    """What every job does first: messages into the rule's log as well, its share of threads, errors in one line."""
    import cv2

    cv2.setNumThreads(threads)
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
