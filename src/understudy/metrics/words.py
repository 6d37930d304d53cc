"""Words: whether the fake says the same sounds as the driver, without a recogniser.

`content distance` needs no weights. Both sounds become mel-frequency cepstra (Davis and Mermelstein 1980: windows of
25 ms every 10 ms, 40 bands from 60 to 6500 Hz, logarithms, coefficients 1 to 12) with their changes over 50 ms. Of each
coefficient the mean and the deviation over what is heard (30 dB below the loud parts is not) are taken out, which
leaves out most of what a room and a voice's colour do (cepstral mean and variance normalisation, Viikki and Laurila
1998). What remains of the length of the vocal tract is taken out by warping the axis of frequency of the fake (Lee and
Rose 1998): of nine warps from .82 to 1.22 the one that fits best. The two are brought into step by dynamic time warping
(within half a second), and the mean distance of the pairs is told as a share of the mean distance between all frames of
the one and all of the other. 0 is the same sounds; 1 would be pairs no nearer than any two frames, which no warping
leaves: other words come out near .7 (in the tests: two sentences of one voice), the same words of another voice lower.
It tells sounds and not words: a lost word and a rough voice both cost.

Word and character error rates need a recogniser: see `recognition`.

Row: `content distance`, share of chance, lower, n = pairs.
"""

from functools import cache, partial

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from understudy.metrics._case import Case, Damage, Meter, Quantity, Row, Stream, row
from understudy.metrics._sound import RATE, Listening, heard, sounds
from understudy.speech.alignment import align, cost
from understudy.speech.mel import _hertz, _mels

FAMILIES = ("voice",)
LOOKS_AT: tuple[Stream, ...] = ()
DISTANCE = Quantity("content distance", "share of chance", "lower")
SEES: dict[str, tuple[Damage, ...]] = {DISTANCE.name: ("muffling", "other words")}
WARPS = tuple(float(warp) for warp in np.geomspace(0.82, 1.22, 9))
HOP, WINDOW = 0.01, 400  # seconds, samples
BANDS, KEPT = 40, 12
LOWEST, HIGHEST = 60.0, 6500.0  # Hz; the highest warp still ends below 8 kHz
BAND = 50  # frames that the two may be out of step
AROUND = 2  # frames on either side over which a change is taken
FLOOR = 1e-5  # of the loudest band: 50 dB below it nothing is heard
BLOCK = 1000  # frames held against all others at once


def meter(case: Case) -> Meter | None:
    """Compares with the driver's sound."""
    return Listening(partial(_rows, case))


def _rows(case: Case) -> list[Row]:
    both = sounds(case)
    if both is None:
        return [row(DISTANCE, np.nan, 0)]
    return [row(DISTANCE, *compare(both[0].samples_N, both[1].samples_N))]


def compare(fake_N: NDArray[np.floating], driver_N: NDArray[np.floating]) -> tuple[float, int]:
    """The content distance of two sounds at 16 kHz, and of how many pairs of frames."""
    driver_UD, power_TF, heard_T = features(*_heard(driver_N)), *_heard(fake_N)
    best, pairs = np.inf, 0
    for warp in WARPS:
        fake_TD = features(power_TF, heard_T, warp)
        path_P2 = align(fake_TD, driver_UD, BAND)
        distance = cost(fake_TD, driver_UD, path_P2) / chance(fake_TD, driver_UD)
        best, pairs = min((best, pairs), (distance, len(path_P2)))
    return best, pairs


def _heard(samples_N: NDArray[np.floating]) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Power spectra every HOP (T, F), and in which frames there is anything."""
    framed = np.lib.stride_tricks.sliding_window_view(np.pad(samples_N, WINDOW // 2), WINDOW)[:: round(HOP * RATE)]
    power_TF = np.abs(scipy.fft.rfft(framed * np.hanning(WINDOW), axis=1)) ** 2
    heard_T = heard(samples_N, HOP)
    count = min(len(power_TF), len(heard_T))
    return power_TF[:count], heard_T[:count]


def features(power_TF: NDArray[np.floating], heard_T: NDArray[np.bool_], warp: float = 1.0) -> NDArray[np.floating]:
    """Normalised cepstra of the frames that are heard, and their changes: (frames, 24)."""
    bands_TB = power_TF @ _filters(warp).T
    cepstra_TD = scipy.fft.dct(np.log(np.maximum(bands_TB, FLOOR * bands_TB.max())), norm="ortho")[:, 1 : KEPT + 1]
    padded = np.pad(cepstra_TD, ((AROUND, AROUND), (0, 0)), mode="edge")
    slope = np.arange(-AROUND, AROUND + 1) / (2 * sum(step * step for step in range(1, AROUND + 1)))
    changes_TD = sum(weight * padded[at : at + len(cepstra_TD)] for at, weight in enumerate(slope))
    both = np.concatenate([cepstra_TD, changes_TD], axis=1)[heard_T]
    return np.asarray((both - both.mean(axis=0)) / np.maximum(both.std(axis=0), 1e-9))


def chance(a_TD: NDArray[np.floating], b_UD: NDArray[np.floating]) -> float:
    """The mean distance between all frames of the one and all of the other."""
    squares_U, total = np.square(b_UD).sum(axis=1), 0.0
    for first in range(0, len(a_TD), BLOCK):
        part = a_TD[first : first + BLOCK]
        apart = np.square(part).sum(axis=1)[:, None] + squares_U - 2 * part @ b_UD.T
        total += float(np.sqrt(np.maximum(apart, 0)).sum())
    return total / (len(a_TD) * len(b_UD))


@cache
def _filters(warp: float) -> NDArray[np.float64]:
    """Triangular bands, even on the mel scale (BANDS, bins), whose corners lie `warp` times as high."""
    bins = np.arange(WINDOW // 2 + 1) * RATE / WINDOW
    corners = _hertz(np.linspace(_mels(LOWEST), _mels(HIGHEST), BANDS + 2)) * warp
    below, centre, above = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    triangles = np.minimum((bins - below) / (centre - below), (above - bins) / (above - centre))
    return np.asarray(np.maximum(triangles, 0))
