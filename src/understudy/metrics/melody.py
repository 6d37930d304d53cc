"""Melody: how far the fake's intonation is the driver's.

A voice conversion keeps the driver's melody and brings it to the source's height, so the two contours are compared in
cents (hundredths of a semitone) with their mean difference taken off. The pitch is WORLD's (`understudy.speech.pitch`,
every 5 ms, 60 to 600 Hz). The fake is on the driver's time line, so frames are compared at the same times, no warping:
a fake that is late is told here as well as in `timing`. An octave that the estimator jumps costs 1200 cents in its
frames.

Rows:
  `F0 error`        cents, lower: the root mean square of what differs, over the frames that are voiced in both (n)
  `F0 correlation`  higher: Pearson's, of the logarithms of the two contours over those frames (n)
  `voicing error`   share of frames, lower: voiced in one and unvoiced in the other, over all frames (n)
The first two are NaN with fewer than ten common frames, the correlation also where a contour does not move.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from understudy.metrics._case import Case, Damage, Meter, Quantity, Row, Stream, row
from understudy.metrics._sound import Listening, sounds

FAMILIES = ("voice",)
LOOKS_AT: tuple[Stream, ...] = ()
ERROR = Quantity("F0 error", "cents", "lower")
CORRELATION = Quantity("F0 correlation", "correlation", "higher")
VOICING = Quantity("voicing error", "share of frames", "lower")
SEES: dict[str, tuple[Damage, ...]] = {
    ERROR.name: ("monotone", "delay"),
    CORRELATION.name: ("delay", "other words"),
    VOICING.name: ("delay", "other words"),
}
FEWEST = 10
STILL = 1e-6  # octaves that a contour must move


def meter(case: Case) -> Meter | None:
    """Compares with the driver's contour."""
    return Listening(partial(_rows, case))


def _rows(case: Case) -> list[Row]:
    both = sounds(case)
    if both is None:
        return [row(quantity, np.nan, 0) for quantity in (ERROR, CORRELATION, VOICING)]
    return compare(both[0].pitch, both[1].pitch)


def compare(fake_T: NDArray[np.floating], driver_T: NDArray[np.floating]) -> list[Row]:
    """The rows of two contours in Hz, 0 where unvoiced, as far as both go."""
    count = min(len(fake_T), len(driver_T))
    fake_T, driver_T = fake_T[:count], driver_T[:count]
    both_T = (fake_T > 0) & (driver_T > 0)
    octaves_2T = np.log2([fake_T[both_T], driver_T[both_T]])
    n, error, alike = int(both_T.sum()), np.nan, np.nan
    if n >= FEWEST:
        error = 1200 * float(np.std(octaves_2T[0] - octaves_2T[1]))
        if (np.ptp(octaves_2T, axis=1) > STILL).all():
            alike = float(np.corrcoef(octaves_2T)[0, 1])
    wrong = float(np.mean((fake_T > 0) != (driver_T > 0))) if count else np.nan
    return [row(ERROR, error, n), row(CORRELATION, alike, n), row(VOICING, wrong, count)]
