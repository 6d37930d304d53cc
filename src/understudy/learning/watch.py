"""Listens for the wish to stop: SIGINT, SIGTERM, or `q` on the terminal. The step in progress is finished first."""

import contextlib
import select
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

try:
    import termios
    import tty
except ImportError:  # not a POSIX system: signals only
    termios = None  # type: ignore[assignment] # the module is optional by platform


class Watch:
    """Whether somebody asked to stop, and how."""

    def __init__(self) -> None:
        self.wish = ""
        self.keyboard = False

    def asked(self) -> str:
        """The name of the signal or key, or nothing. Looks at the keyboard without waiting."""
        if self.keyboard and not self.wish and select.select([sys.stdin], [], [], 0)[0] and sys.stdin.read(1) in "qQ":
            self.wish = "q"
        return self.wish

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        if self.wish and number == signal.SIGINT:
            raise KeyboardInterrupt  # a second Ctrl-C does not wait for the step
        self.wish = signal.Signals(number).name


@contextlib.contextmanager
def watch() -> Iterator[Watch]:
    """Watches while it is open, then gives signals and terminal back as they were."""
    seen = Watch()
    with contextlib.ExitStack() as stack:
        if threading.current_thread() is threading.main_thread():  # signals can be set there alone
            for number in (signal.SIGINT, signal.SIGTERM):
                stack.callback(signal.signal, number, signal.signal(number, seen._signalled))
            stack.enter_context(_single_keys(seen))
        yield seen


@contextlib.contextmanager
def _single_keys(seen: Watch) -> Iterator[None]:
    """The terminal hands over each key at once, if there is a terminal and we are in its foreground."""
    if termios is None or sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    seen.keyboard = True
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
