"""Listens for the wish to stop: SIGINT, SIGTERM, or `q` and Enter on the terminal. A step under way is finished."""

import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType


class Watch:
    """Whether somebody asked to stop, and how."""

    def __init__(self) -> None:
        self.wish = ""

    def asked(self) -> str:
        """The name of the signal or key, or nothing. Looks at the keyboard without waiting."""
        if not self.wish and _typed().strip().lower() == "q":
            self.wish = "q"
        return self.wish

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        if self.wish and number == signal.SIGINT:
            raise KeyboardInterrupt  # a second Ctrl-C does not wait for the step
        self.wish = signal.Signals(number).name


@contextlib.contextmanager
def watch() -> Iterator[Watch]:
    """Watches while it is open, then gives the signals back as they were."""
    seen = Watch()
    with contextlib.ExitStack() as stack:
        if threading.current_thread() is threading.main_thread():  # signals can be set there alone
            for number in (signal.SIGINT, signal.SIGTERM):
                stack.callback(signal.signal, number, signal.signal(number, seen._signalled))
        yield seen


def _typed() -> str:
    """A line that waits on the terminal, or nothing.

    The terminal stays in line mode: two trainings may share it, and one that dies must not leave it without echo.
    """
    if sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        return ""
    with contextlib.suppress(OSError):  # raised when the terminal does not control this process: nothing can stop it
        if os.tcgetpgrp(sys.stdin.fileno()) != os.getpgrp():
            return ""  # in the background: reading would suspend us
    return sys.stdin.readline() if select.select([sys.stdin], [], [], 0)[0] else ""
