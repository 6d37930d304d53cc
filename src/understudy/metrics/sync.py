"""Sync: how many milliseconds the fake's lips run behind its sound, beyond what the driver's do.

The opening of the lips (three inner pairs of landmarks, over the distance of the outer eye corners) is a signal a
frame, of the fake and of the driver. `lip lag` is the lag that maximises their correlation (Pearson's, over the
frames that overlap, so that no lag is favoured), made finer than a frame by a parabola through the peak and its
neighbours. The lag of the fake's sound behind the driver's is found in the same way on the changes of their loudness,
which survive a change of voice; `sync offset` is the lip lag less the sound lag, so a fake that is late as a whole is
in sync. It needs no network, unlike SyncNet (Chung & Zisserman 2016), and tells nothing without a driver: not whether
the driver is in sync.

A lip-sync says other words than the clip that it changes, so its lips and its sound are compared with the exact
truth's. Without one (real people) the lips are held against the loudness of the fake's own sound
(`understudy.lips.offset`): mouths open wide for vowels, which are loud. That is another and much weaker measurement,
with names of its own: in short clips other words fit at some shift by chance (in three seconds of the cast a clip under
other words was as sure, .58, as the exact fake was), so it tells the lag of lips that say the words, and not whether.

Rows: `lip lag` ms, near 0 is best, and `lip correlation` at it, higher; n = frames with lips in both (gaps are
interpolated). `sync offset` ms, near 0 (positive: lips late), n = those frames, and `sound correlation`, higher, n =
5 ms steps; both only where fake and driver have sound. An offset whose correlations are low says nothing. NaN where
no lag within half a second fits best, as with motionless lips or silence.
For a lip-sync without a truth, in their place: `lip lag to loudness` ms, near 0 (positive: lips late), and `loudness
confidence`, correlation, higher; n = frames with lips.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from understudy import media
from understudy.lips.offset import by_opening, parabola
from understudy.metrics._case import Case, Damage, Meter, Quantity, Row, Stream, row
from understudy.metrics._moment import Moment, Points
from understudy.metrics.landmarks import eye_distance

LOOKS_AT: tuple[Stream, ...] = ("fake", "driver")
LIP_LAG = Quantity("lip lag", "ms", "near 0")
LIP_CORRELATION = Quantity("lip correlation", "correlation", "higher")
OFFSET = Quantity("sync offset", "ms", "near 0")
SOUND_CORRELATION = Quantity("sound correlation", "correlation", "higher")
LOUDNESS_LAG = Quantity("lip lag to loudness", "ms", "near 0")
LOUDNESS = Quantity("loudness confidence", "correlation", "higher")
LARGEST_LAG = 0.5  # seconds
FEWEST = 10  # frames that must overlap at every lag
STEPS = 200  # loudness values a second
SEES: dict[str, tuple[Damage, ...]] = {LIP_LAG.name: ("delay",), OFFSET.name: ("delay",)}


class _Sync:
    def __init__(self, case: Case) -> None:
        self.case = case
        self.exact = case.truth if case.family == "lipsync" else None
        self.against = self.exact or case.driver
        self.looks_at: tuple[Stream, ...] = LOOKS_AT if self.exact is None else ("fake", "truth")
        self.fake: list[float] = []
        self.driver: list[float] = []

    def step(self, moment: Moment) -> None:
        self.fake.append(opening(moment.fake_landmarks_682))
        self.driver.append(opening(moment.driver_landmarks_682 if self.exact is None else moment.truth_landmarks_682))

    def rows(self) -> list[Row]:
        n = int(np.isfinite(np.add(self.fake, self.driver)).sum())
        lips, agreement = lag(_filled(self.fake), _filled(self.driver), self.case.fps)
        rows = [row(LIP_LAG, lips * 1000, n), row(LIP_CORRELATION, agreement, n)]
        paths = self.case.sound or self.case.fake, self.against
        if any(path is not self.case.sound and media.probe(path).sound is None for path in paths):
            return rows
        fake, driver = (onsets(*media.sound(path)) for path in paths)
        late, alike = lag(fake, driver, STEPS)
        steps = min(len(fake), len(driver))
        return [*rows, row(OFFSET, (lips - late) * 1000, n), row(SOUND_CORRELATION, alike, steps)]

    def columns(self) -> Mapping[str, Sequence[float]]:
        return {
            "lip opening": self.fake,
            f"lip opening of the {'driver' if self.exact is None else 'truth'}": self.driver,
        }


class _Loudness:
    """Holds lips against the loudness of what they say, where nobody knows what the right lips are."""

    looks_at: tuple[Stream, ...] = ("fake",)

    def __init__(self, case: Case) -> None:
        self.case = case
        self.fake: list[float] = []

    def step(self, moment: Moment) -> None:
        self.fake.append(opening(moment.fake_landmarks_682))

    def rows(self) -> list[Row]:
        n = int(np.isfinite(self.fake).sum())
        path = self.case.sound or self.case.fake
        if not n or (path is not self.case.sound and media.probe(path).sound is None):
            return [row(LOUDNESS_LAG, np.nan, 0), row(LOUDNESS, np.nan, 0)]
        found = by_opening(np.array(self.fake), self.case.fps, *media.sound(path))
        return [row(LOUDNESS_LAG, found.seconds * 1000, n), row(LOUDNESS, found.confidence, n)]

    def columns(self) -> Mapping[str, Sequence[float]]:
        return {"lip opening": self.fake}


def meter(case: Case) -> Meter | None:
    """Compares the lips' and the sound's times with the driver's; a lip-sync's with the truth's, or with each other."""
    return _Loudness(case) if case.family == "lipsync" and case.truth is None else _Sync(case)


def opening(points_682: Points | None) -> float:
    """How far the inner lips are apart, in inter-ocular distances; NaN without a face."""
    if points_682 is None:
        return np.nan
    apart = np.linalg.norm(points_682[[61, 62, 63]] - points_682[[67, 66, 65]], axis=1).mean()
    return float(apart) / eye_distance(points_682)


def lag(late: NDArray[np.floating], early: NDArray[np.floating], rate: float) -> tuple[float, float]:
    """The seconds by which `late` runs behind `early`, both at `rate` values a second, and the correlation there.

    Lags up to half a second are tried, either way, that leave half of the shorter signal to overlap. The lag is NaN
    when the correlation has no top among them; both are NaN when a signal is too short or does not move.
    """
    shorter = min(len(late), len(early))
    reach = min(round(LARGEST_LAG * rate), shorter // 2)
    if shorter - reach < FEWEST or np.ptp(late) == 0 or np.ptp(early) == 0:
        return np.nan, np.nan
    correlations = np.array([_correlation(late, early, shift) for shift in range(-reach, reach + 1)])
    if np.isnan(correlations).all():
        return np.nan, np.nan
    best = int(np.nanargmax(correlations))
    if best in (0, 2 * reach):  # still rising: the top lies beyond, or nowhere
        return np.nan, float(correlations[best])
    return (best - reach + parabola(correlations[best - 1 : best + 2])) / rate, float(correlations[best])


def _correlation(late: NDArray[np.floating], early: NDArray[np.floating], shift: int) -> float:
    """Pearson's correlation of late[t + shift] and early[t] over the t that both have."""
    late, early = late[max(shift, 0) :], early[max(-shift, 0) :]
    n = min(len(late), len(early))
    late, early = late[:n] - late[:n].mean(), early[:n] - early[:n].mean()
    size = float(np.sqrt((late @ late) * (early @ early)))
    return float(late @ early) / size if size > 1e-12 else np.nan


def _filled(values: Sequence[float]) -> NDArray[np.floating]:
    """The values with gaps interpolated; all zero (motionless) when fewer than two are there."""
    signal = np.asarray(values, dtype=np.float64)
    there = np.flatnonzero(np.isfinite(signal))
    if len(there) < 2:
        return np.zeros(len(signal))
    filled: NDArray[np.floating] = np.interp(np.arange(len(signal)), there, signal[there])
    return filled


def onsets(samples: NDArray[np.floating], rate: int) -> NDArray[np.floating]:
    """How the loudness changes, every 5 ms: differences of its logarithm (root mean square over 5 ms, smoothed over
    25).

    The logarithm makes a change of voice or of volume a constant, and the difference takes the constant away. What is
    60 dB below the loudest counts as silence.
    """
    edges = np.round(np.arange(int(len(samples) * STEPS / rate) + 1) * rate / STEPS).astype(int)
    summed = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])[edges]
    loudness = np.sqrt(np.maximum(np.diff(summed), 0) / np.maximum(np.diff(edges), 1))
    bell = np.hanning(7)[1:-1]
    smooth = np.convolve(loudness, bell / bell.sum(), mode="valid") if len(loudness) >= len(bell) else loudness
    return np.diff(np.log(smooth + 1e-3 * smooth.max() + 1e-9)) if len(smooth) else smooth
