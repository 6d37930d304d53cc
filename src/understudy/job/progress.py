"""Progress: how far a job is, how fast, and how long it will take."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TextIO, TypeVar

T = TypeVar("T")


def log(message: str) -> None:
    """Tells whoever reads the job's log; the terminal and the rule's log file both get it."""
    print(message, file=sys.stderr, flush=True)


def progress(
    iterable: Iterable[T],
    total: int | None,
    label: str,
    *,
    stream: TextIO | None = None,
    every: float = 10.0,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[T]:
    """Passes the items on and tells how far it is: items a second and the time left.

    On a terminal a bar that moves; elsewhere a line every `every` seconds and one at the end. total: None when unknown.
    stream: standard error by default.
    """
    out = stream or sys.stderr
    moving = out.isatty()
    start = told = clock()
    done = 0
    try:
        for item in iterable:
            yield item
            done += 1
            now = clock()
            if now - told >= (0.1 if moving else every):
                told = now
                line = _line(done, total, label, now - start, bar=moving)
                out.write(f"\r{line}\x1b[K" if moving else f"{line}\n")
                out.flush()
    finally:
        seconds = clock() - start
        out.write(("\r" if moving else "") + _end(done, total, label, seconds) + ("\x1b[K\n" if moving else "\n"))
        out.flush()


def _line(done: int, total: int | None, label: str, seconds: float, *, bar: bool) -> str:
    """How far it is, in one line."""
    rate = done / max(seconds, 1e-9)
    if not total:
        return f"{label}: {done}, {rate:.1f}/s"
    share = min(done / total, 1.0)
    filled = round(share * 24)
    drawn = f" [{'#' * filled}{'.' * (24 - filled)}]" if bar else ""
    left = max(total - done, 0) / max(rate, 1e-9)
    return f"{label}:{drawn} {done}/{total} ({share:.0%}), {rate:.1f}/s, {_clock(left)} left"


def _end(done: int, total: int | None, label: str, seconds: float) -> str:
    """What was done, in one line; less than was meant to be is said as such."""
    of = f" of {total}" if total is not None and done != total else ""
    return f"{label}: {done}{of} in {_clock(seconds)}, {done / max(seconds, 1e-9):.1f}/s"


def _clock(seconds: float) -> str:
    """Seconds as 0:07, 12:30 or 1:02:03."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
