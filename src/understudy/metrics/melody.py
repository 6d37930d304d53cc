"""Melody: how far the fake's intonation is the driver's.

A voice conversion keeps the driver's melody and brings it to the source's height, so the two contours are compared in
cents (hundredths of a semitone) with their mean difference taken off. The pitch is WORLD's (`understudy.speech.pitch`,
every 5 ms, 60 to 600 Hz). An estimator that takes an octave for another costs 1200 cents in that frame (of one of
espeak's voices Harvest halved a tenth), so only frames in which Harvest and DIO agree within a semitone are compared:
where many frames are voiced and few agree, n tells. The fake is on the driver's time line, so frames are compared at
the same times, no warping: a fake that is late is told here as well as in `timing`.

Rows:
  `F0 error`        cents, lower: the root mean square of what differs, over the frames with a pitch in both (n)
  `F0 correlation`  higher: Pearson's, of the logarithms of the two contours over those frames (n)
  `voicing error`   share of frames, lower: voiced in one and unvoiced in the other, over all frames (n)
  `F0 height difference`  cents, near 0: the median of the fake's pitch over that of the source's recordings (the first
                    minute of each), by DIO, n = voiced frames of the fake; only with recordings of the source
Of the first two both are NaN with fewer than ten common frames, the correlation also where a contour does not move.
"""

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from understudy.metrics._case import Case, Damage, Meter, Quantity, Row, Stream, row
from understudy.metrics._sound import RATE, Listening, opening, sounds
from understudy.speech.pitch import f0

FAMILIES = ("voice",)
LOOKS_AT: tuple[Stream, ...] = ()
ERROR = Quantity("F0 error", "cents", "lower")
CORRELATION = Quantity("F0 correlation", "correlation", "higher")
HEIGHT = Quantity("F0 height difference", "cents", "near 0")
VOICING = Quantity("voicing error", "share of frames", "lower")
SEES: dict[str, tuple[Damage, ...]] = {
    ERROR.name: ("monotone", "delay"),
    CORRELATION.name: ("delay", "other words"),
    VOICING.name: ("delay", "other words"),
    HEIGHT.name: ("pitch shift",),
}
FEWEST = 10
LONGEST = 60.0  # seconds of a recording
STILL = 1e-6  # octaves that a contour must move


def meter(case: Case) -> Meter | None:
    """Compares with the driver's contour, and the height with the source's."""
    return Listening(partial(_rows, case))


def _rows(case: Case) -> list[Row]:
    both = sounds(case)
    if both is None:
        told = (ERROR, CORRELATION, VOICING, HEIGHT) if case.recordings else (ERROR, CORRELATION, VOICING)
        return [row(quantity, np.nan, 0) for quantity in told]
    rows = compare(both[0].melody, both[1].melody)
    if not case.recordings:
        return rows
    logs_T, source = octaves(both[0].samples_N), height(case.recordings)
    higher = 1200 * (float(np.median(logs_T)) - source) if len(logs_T) else np.nan
    return [*rows, row(HEIGHT, higher, len(logs_T))]


def octaves(samples_N: NDArray[np.floating]) -> NDArray[np.floating]:
    """The logarithm (base 2) of the pitch of samples at 16 kHz in the frames that are voiced."""
    f0_T = f0(samples_N, RATE, estimator="dio")
    return np.asarray(np.log2(f0_T[f0_T > 0]))


def height(recordings: Sequence[Path]) -> float:
    """The median over the medians of recordings, in octaves; NaN where none has a voice."""
    medians = [_height(path, path.stat().st_mtime_ns, path.stat().st_size) for path in recordings]
    there = [median for median in medians if np.isfinite(median)]
    return float(np.median(there)) if there else np.nan


@lru_cache(maxsize=32)
def _height(path: Path, changed: int, size: int) -> float:
    """The median of one recording, kept: every fake of a source is held against the same."""
    logs_T = octaves(opening(path, LONGEST))
    return float(np.median(logs_T)) if len(logs_T) else np.nan


def compare(fake_T: NDArray[np.floating], driver_T: NDArray[np.floating]) -> list[Row]:
    """The rows of two contours in Hz, 0 where unvoiced, NaN where voiced at no sure pitch, as far as both go."""
    count = min(len(fake_T), len(driver_T))
    fake_T, driver_T = fake_T[:count], driver_T[:count]
    both_T = (fake_T > 0) & (driver_T > 0)
    octaves_2T = np.log2([fake_T[both_T], driver_T[both_T]])
    n, error, alike = int(both_T.sum()), np.nan, np.nan
    if n >= FEWEST:
        error = 1200 * float(np.std(octaves_2T[0] - octaves_2T[1]))
        if (np.ptp(octaves_2T, axis=1) > STILL).all():
            alike = float(np.corrcoef(octaves_2T)[0, 1])
    wrong = float(np.mean((fake_T != 0) != (driver_T != 0))) if count else np.nan
    return [row(ERROR, error, n), row(CORRELATION, alike, n), row(VOICING, wrong, count)]
