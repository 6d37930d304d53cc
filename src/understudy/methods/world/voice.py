"""What WORLD hears of a voice: pitch, mel-cepstra, and where anything is said.

Shapes: N samples, T frames of 5 ms, D coefficients without the 0th, F bins.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from understudy.errors import SpeechError
from understudy.media.read import blocks
from understudy.methods import Footage
from understudy.methods.world.config import RATE
from understudy.speech import cepstrum, pitch

Array = NDArray[np.float64]

LEAST = 1.0  # seconds that a person must speak
GATE = 40.0  # dB below the mean level of speech, under which nothing is said
_WINDOW = 0.025  # seconds over which a frame's level is taken
_FEW = 20  # frames of a kind, too few for statistics of their own
_QUIETEST, _RELATIVE = 1e-6, 0.01  # power: absolute and relative gate of the mean level (-60 and -20 dB)


@dataclass(frozen=True, kw_only=True, eq=False)
class Said:
    """A stretch of speech.

    f0_T: Hz, 0 unvoiced. mcep_TD: from the 1st coefficient. spoken_T: where it is no pause. loud_T: the logarithm of
    the amplitude over that of a pause, 0 there.
    """

    f0_T: Array
    mcep_TD: Array
    spoken_T: NDArray[np.bool_]
    loud_T: Array


@dataclass(frozen=True, kw_only=True, eq=False)
class Voice:
    """One person's speech, a `Said` each of what belongs together. power: its mean level as it was recorded."""

    subject: str
    said: tuple[Said, ...]
    power: float

    @property
    def spoken_frames(self) -> Array:
        """The coefficients of everything spoken."""
        return np.concatenate([each.mcep_TD[each.spoken_T] for each in self.said])

    @property
    def pitch_2(self) -> tuple[float, float]:
        """Mean and standard deviation of the logarithm of the pitch; zeros where the voice never sounds."""
        f0_N = np.concatenate([each.f0_T[each.f0_T > 0] for each in self.said])
        return (float(np.log(f0_N).mean()), float(np.log(f0_N).std())) if len(f0_N) else (0.0, 0.0)

    def classed(self, said: Said) -> Array:
        """A stretch's coefficients in units of the deviation of voiced and of unvoiced frames, each of their own."""
        out_TD = np.empty_like(said.mcep_TD)
        for voiced in (True, False):
            mean_D, scale_D = self.of_class(voiced)
            here_T = (said.f0_T > 0) == voiced
            out_TD[here_T] = (said.mcep_TD[here_T] - mean_D) / scale_D
        return out_TD

    def unclassed(self, units_TD: Array, voiced_T: NDArray[np.bool_]) -> Array:
        """Coefficients of this voice from such units."""
        out_TD = np.empty_like(units_TD)
        for voiced in (True, False):
            mean_D, scale_D = self.of_class(voiced)
            out_TD[voiced_T == voiced] = units_TD[voiced_T == voiced] * scale_D + mean_D
        return out_TD

    def of_class(self, voiced: bool) -> tuple[Array, Array]:
        """Mean and deviation of voiced or unvoiced frames; of all, where there are hardly any of these."""
        parts = [each.mcep_TD[each.spoken_T & ((each.f0_T > 0) == voiced)] for each in self.said]
        frames_ND = np.concatenate(parts)
        frames_ND = frames_ND if len(frames_ND) >= _FEW else self.spoken_frames
        return frames_ND.mean(0), np.maximum(frames_ND.std(0), 1e-3)


def heard(footage: Footage, order: int, seconds: float) -> Voice:
    """Analyses a person's segments, the first `seconds` of them. Raises SpeechError when nothing is spoken in them.

    What a clip of less than 30 s holds is one stretch, for the same sentences may be cut otherwise from person to
    person; of longer ones each segment is.
    """
    said, power, left = [], [], seconds
    for samples_N, gain in _stretches(footage):
        if left <= 0:
            break
        samples_N = samples_N[: round(left * RATE)]
        left -= len(samples_N) / RATE
        mean = level(powers(samples_N))
        if mean > 0 and len(samples_N) > RATE * _WINDOW:
            f0_T = pitch.f0(samples_N, RATE)
            mcep_TD = cepstrum.mel_cepstrum(samples_N, RATE, f0_T, order)[:, 1:]
            above_T = over_pause(samples_N, mean, len(f0_T))
            loud_T = np.maximum(above_T, 0) * np.log(10) / 20
            said.append(Said(f0_T=f0_T, mcep_TD=mcep_TD, spoken_T=above_T > 0, loud_T=loud_T))
            power.append((mean / 10 ** (gain / 10), len(samples_N)))
    if sum(int(each.spoken_T.sum()) for each in said) * pitch.HOP < LEAST:
        fact = "less than a second of speech is left of their clips"
        raise SpeechError(footage.subject, fact, "Give clips in which they speak: a minute together at least.")
    values, weights = zip(*power, strict=True)
    return Voice(subject=footage.subject, said=tuple(said), power=float(np.average(values, weights=weights)))


def _stretches(footage: Footage, longest: float = 30.0) -> Iterator[tuple[Array, float]]:
    """The samples that belong together, and the dB that were added to them when they were cut."""
    for segments in footage.segments:
        parts = [read(path) for path in segments.paths]
        whole = sum(map(len, parts)) <= longest * RATE and len(parts) > 1
        for part in [np.concatenate(parts)] if whole else parts:
            yield part, segments.gain


def read(path: Path) -> Array:
    """The samples of a file at RATE; what is no number is silence."""
    parts: Sequence[NDArray[np.float32]] = list(blocks(path, RATE))
    return sound(np.concatenate(parts)) if parts else np.zeros(0)


def sound(samples_N: NDArray[np.floating]) -> Array:
    """As numbers that WORLD can take."""
    return np.nan_to_num(np.asarray(samples_N, np.float64), nan=0.0, posinf=0.0, neginf=0.0)


def powers(samples_N: Array, frames: int | None = None) -> Array:
    """The mean power of 25 ms around each frame, powers_T. frames: how many there are; by default as pitch has."""
    frames = pitch.count(len(samples_N), RATE) if frames is None else frames
    sums = np.concatenate([[0.0], np.cumsum(np.asarray(samples_N, np.float64) ** 2)])
    middle_T, half = np.rint(np.arange(frames) * pitch.HOP * RATE).astype(int), round(_WINDOW * RATE / 2)
    first_T = np.clip(middle_T - half, 0, len(samples_N))
    last_T = np.clip(middle_T + half, 0, len(samples_N))
    return np.asarray((sums[last_T] - sums[first_T]) / (2 * half))


def level(powers_T: Array) -> float:
    """The mean power of what is spoken; 0 when nothing is. Frames below -60 dB, then 20 dB below the mean, are left
    out, as ITU-R BS.1770 gates loudness."""
    loud = powers_T[powers_T > _QUIETEST]
    return float(loud[loud > _RELATIVE * loud.mean()].mean()) if len(loud) else 0.0


def spoken(samples_N: Array, mean: float, frames: int) -> Array:
    """How far each frame is speech and no pause, 0 to 1: over 10 dB about GATE below the mean power of the speech."""
    return np.asarray(np.clip(over_pause(samples_N, mean, frames) / 10 + 0.5, 0, 1))


def over_pause(samples_N: Array, mean: float, frames: int) -> Array:
    """How many dB each frame is above a pause: GATE below the mean power of the speech."""
    return np.asarray(10 * np.log10(np.maximum(powers(samples_N, frames), 1e-12) / mean) + GATE)
