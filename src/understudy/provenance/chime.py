"""The chime by which a synthetic voice is known: two soft tones, and how they are found again in any sound.

The tones are a fifth apart and lie a quarter tone beside those of instruments tuned to 440 Hz, so that no music plays
them. They are sought by normalised correlation: neither loudness, polarity nor coding changes where they fit.
"""

import dataclasses
import math
from collections.abc import Iterator

import numpy as np
import scipy  # loads its parts when they are first used: scipy.signal takes half a second, in every job
from numpy.typing import NDArray

SECONDS = 0.35
TONES = (905.8, 1357.1)  # Hz: A5 and E6, each raised by 50 cents
SLOWEST = 4000  # Hz: a sound of fewer samples a second cannot carry the upper tone
_ATTACK, _RELEASE = 0.02, 0.04  # s, of each tone

# Sounds are searched at so many samples a second, so many seconds at a time.
_RATE, _STRETCH = 8000, 30
# Measured: the cast's speech, 200 readings and noise fit by 0.21 at the most, melodies in 440 Hz tuning by 0.1, either
# tone alone by 0.47, both at once by 0.66. Over a voice that gives way, the chime fits by 0.95 and more after AAC at
# 32 kbit/s, and by 0.82 with as much noise again on top.
LEAST_FIT = 0.72
# Of digital silence: the root mean square below which nothing is looked at (-80 dBFS).
_SILENT = 1e-4


@dataclasses.dataclass(frozen=True, kw_only=True)
class Heard:
    """Where a chime begins (seconds), and how well it fits, up to 1."""

    start: float
    fit: float


def chime(count: int, rate: int) -> NDArray[np.float64]:
    """The chime in `count` samples at `rate` Hz, with a root mean square of 1.

    In fewer samples than SECONDS has the tones are shorter, not cut: both are there.
    """
    sound_N = _tones(count, rate).imag
    return np.asarray(sound_N / max(float(np.sqrt(np.mean(sound_N**2))) if count else 0.0, 1e-12), np.float64)


def _tones(count: int, rate: float) -> NDArray[np.complex128]:
    """The two tones one after the other; what is heard is the imaginary part."""
    halves = (count // 2, count - count // 2)
    return np.concatenate([_tone(hertz, half, rate) for hertz, half in zip(TONES, halves, strict=True)])


def _tone(hertz: float, count: int, rate: float) -> NDArray[np.complex128]:
    time_N = np.arange(count) / rate
    # A short tone is all attack and release.
    squeezed = min(1.0, count / rate / (_ATTACK + _RELEASE)) or 1.0
    rising_N = np.minimum(time_N / (_ATTACK * squeezed), 1)
    falling_N = np.minimum((count / rate - time_N) / (_RELEASE * squeezed), 1)
    swell_N = np.sin(np.pi / 2 * rising_N) ** 2 * np.sin(np.pi / 2 * falling_N) ** 2
    return np.asarray(swell_N * np.exp(2j * np.pi * hertz * time_N), np.complex128)


def find(samples_N: NDArray[np.float32], rate: int) -> Heard | None:
    """The first chime in a sound, however loud; None when nothing fits at least LEAST_FIT.

    samples_N: one channel, finite. rate: Hz. A sound that plays faster or slower than it was made, by more than half a
    percent, hides it. A sound shorter than a chime is compared with the shortened one that it would carry.
    """
    return next((each for each in fits(samples_N, rate) if each.fit >= LEAST_FIT), None)


def fits(samples_N: NDArray[np.float32], rate: int) -> Iterator[Heard]:
    """What is most like a chime, however little, in every stretch of a sound."""
    length = min(round(SECONDS * _RATE), round(len(samples_N) / rate * _RATE))
    step, overlap = _STRETCH * rate, math.ceil(2 * SECONDS * rate)
    for start in range(0, len(samples_N), step):
        slow_N = _slowed(np.asarray(samples_N[start : start + step + overlap], np.float64), rate)
        # What rounding took from a short sound.
        slow_N = np.pad(slow_N, (0, max(0, length - len(slow_N)))) if start == 0 else slow_N
        if 0 < length <= len(slow_N):
            fit_P = _fits(slow_N, length)
            # Of several chimes the first: a later one that fits a little better is not the beginning.
            place = int(np.argmax(fit_P >= min(LEAST_FIT, fit_P.max())))
            place += int(np.argmax(fit_P[place : place + length]))
            yield Heard(start=start / rate + place / _RATE, fit=float(fit_P[place]))


def _slowed(samples_N: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    shared = math.gcd(_RATE, rate)
    return np.asarray(scipy.signal.resample_poly(samples_N, _RATE // shared, rate // shared), np.float64)


def _fits(samples_N: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """How well the chime fits from every sample on, where all of it has room."""
    sought_L = _tones(length, _RATE)
    found_P = np.abs(scipy.signal.oaconvolve(samples_N, np.conj(sought_L[::-1]), "valid"))
    energy_N = np.concatenate([[0.0], np.cumsum(samples_N**2)])
    energy_P = np.maximum(energy_N[length:] - energy_N[:-length], length * _SILENT**2)
    strength = math.sqrt(float(np.vdot(sought_L, sought_L).real) / 2)
    return np.asarray(found_P / np.maximum(np.sqrt(energy_P) * strength, 1e-12), np.float64)
