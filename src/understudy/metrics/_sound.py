"""A sound as the metrics of voices hear it, computed once however many metrics ask.

Everything but levels and durations is heard at 16 kHz, which every recording is brought to: a recording of less has
nothing above, and voices and words are told apart below 8 kHz. Of a fake, its driver and its truth, which are on one
time line, the first `heard_from` seconds are left out: the notice lies there.

Shapes: N samples, T frames of 5 ms, D cepstral coefficients.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from understudy.media.read import blocks, has_sound
from understudy.metrics._case import Case, Row
from understudy.metrics._moment import Moment
from understudy.speech.cepstrum import mel_cepstrum
from understudy.speech.pitch import HOP, f0

RATE = 16_000
SHORTEST = 0.2  # seconds, below which a sound says nothing
SURE = 1 / 12  # octaves within which two estimators agree
_QUIET = 30.0  # dB below the 95th percentile of the levels at which nothing is heard
_AROUND = 0.0125  # seconds on either side of a frame, of which its level is taken
_KEPT = 4  # sounds in memory: fake, driver, truth, and one to spare


class Sound:
    """Samples at RATE, and what is found in them. The analyses last as long as the sound is kept."""

    def __init__(self, samples_N: NDArray[np.float32]) -> None:
        self.samples_N = samples_N

    @property
    def seconds(self) -> float:
        return len(self.samples_N) / RATE

    @cached_property
    def pitch(self) -> NDArray[np.float64]:
        """f0_T, the pitch in Hz at every HOP, 0 where the voice does not sound."""
        return f0(self.samples_N, RATE)

    @cached_property
    def melody(self) -> NDArray[np.float64]:
        """f0_T, the pitch as above, but NaN in voiced frames where a second estimator (DIO) says otherwise.

        Either alone takes an octave for another now and then; where they agree within a semitone they are right.
        """
        second_T = f0(self.samples_N, RATE, estimator="dio")
        both_T = (self.pitch > 0) & (second_T > 0)
        apart_T = np.log2(second_T, where=both_T, out=np.full(len(both_T), np.inf))
        apart_T -= np.log2(self.pitch, where=both_T, out=np.zeros(len(both_T)))
        return np.where((self.pitch > 0) & (np.abs(apart_T) > SURE), np.nan, self.pitch)

    @cached_property
    def cepstrum(self) -> NDArray[np.float64]:
        """mcep_TD, the mel-cepstrum at every HOP; the 0th coefficient is loudness."""
        return mel_cepstrum(self.samples_N, RATE, self.pitch)

    @cached_property
    def heard(self) -> NDArray[np.bool_]:
        """heard_T, where the sound is less than 30 dB below its loud parts, at every HOP."""
        return heard(self.samples_N, HOP)[: len(self.pitch)]


class Listening:
    """A meter that hears and does not look: its rows are told at the end."""

    def __init__(self, told: Callable[[], list[Row]]) -> None:
        self.told = told

    def step(self, moment: Moment) -> None:
        """Nothing: what is heard is not heard frame by frame."""

    def rows(self) -> list[Row]:
        return self.told()

    def columns(self) -> Mapping[str, Sequence[float]]:
        return {}


def sounds(case: Case) -> tuple[Sound, Sound] | None:
    """The sound of a case's fake and of its driver, from where they are judged; None where either says nothing."""
    fake, driver = sound(case.sound or case.fake, case.heard_from), sound(case.driver, case.heard_from)
    return None if fake is None or driver is None else (fake, driver)


def sound(path: Path, start: float = 0.0) -> Sound | None:
    """The sound of a media file from `start` (seconds) on; None where it has none, less than SHORTEST, or silence."""
    file = path.stat()
    there = _read(path, file.st_mtime_ns, file.st_size)
    samples_N = there[round(start * RATE) :]
    if len(samples_N) < SHORTEST * RATE or not np.any(samples_N):
        return None
    return _kept(path, file.st_mtime_ns, file.st_size, start)


def opening(path: Path, longest: float) -> NDArray[np.float32]:
    """The first `longest` seconds of a recording at RATE; it is not decoded further."""
    parts: list[NDArray[np.float32]] = []
    for part in blocks(path, RATE):
        parts.append(part)
        if sum(map(len, parts)) >= longest * RATE:
            break
    return np.concatenate(parts)[: round(longest * RATE)] if parts else np.zeros(0, np.float32)


def heard(samples_N: NDArray[np.floating], hop: float) -> NDArray[np.bool_]:
    """Where samples at RATE are less than 30 dB below the 95th percentile of their levels, at every hop (seconds)."""
    summed = np.concatenate([[0.0], np.cumsum(np.square(samples_N, dtype=np.float64))])
    at_T = np.round(np.arange(int(len(samples_N) / RATE / hop + 1e-9) + 1) * hop * RATE).astype(int)
    reach = round(_AROUND * RATE)
    first_T, last_T = np.maximum(at_T - reach, 0), np.minimum(at_T + reach, len(samples_N))
    power_T = np.maximum(summed[last_T] - summed[first_T], 0) / np.maximum(last_T - first_T, 1)
    return np.asarray(power_T > np.percentile(power_T, 95) * 10 ** (-_QUIET / 10))


@lru_cache(maxsize=_KEPT)
def _kept(path: Path, changed: int, size: int, start: float) -> Sound:
    return Sound(_read(path, changed, size)[round(start * RATE) :])


@lru_cache(maxsize=_KEPT)
def _read(path: Path, changed: int, size: int) -> NDArray[np.float32]:
    parts = list(blocks(path, RATE)) if has_sound(path) else []
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
