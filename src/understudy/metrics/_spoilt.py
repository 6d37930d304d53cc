"""Known damage to a voice, for the ladders by which the metrics of voices are judged.

  noise          white, so many dB below the sound's mean power
  muffling       what is above so many Hz taken off (Butterworth, order 2, forwards and backwards)
  pitch shift    up by so many semitones, spoken again by WORLD (Morise et al. 2016): the spectral envelope stays
  monotone       so much of the melody taken out, towards its mean, by WORLD
  wrong speaker  another voice saying the same, in that share of the time, at the end
  other words    that share of the time, at the end, cut into pieces of a tenth of a second in another order
  delay          so many frames of the picture late

Shapes: N samples, T frames of 5 ms.
"""

from collections.abc import Callable
from functools import cached_property

import numpy as np
import pyworld
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from understudy.metrics._sanity import shuffle
from understudy.speech.cepstrum import envelope, fft_size
from understudy.speech.pitch import HOP, Estimator, f0

Samples = NDArray[np.float32]
ESTIMATORS: tuple[Estimator, Estimator] = ("harvest", "dio")


class Voice:
    """What is damaged. other_N: another voice saying the same, as long. The same seed gives the same draws."""

    def __init__(self, samples_N: Samples, rate: int, fps: float, other_N: Samples, seed: int) -> None:
        self.samples_N, self.rate, self.fps, self.other_N, self.seed = samples_N, rate, fps, other_N, seed

    def spoilt(self, kind: str, amount: float) -> Samples:
        """The samples with that damage, as many, cut off at full scale."""
        kinds: dict[str, Callable[[float], NDArray[np.floating]]] = {
            "noise": self._noisy,
            "muffling": self._muffled,
            "pitch shift": lambda semitones: self._said(self._world[0] * 2 ** (semitones / 12)),
            "monotone": lambda share: self._said(flattened(self._world[0], share)),
            "wrong speaker": self._swapped,
            "other words": self._shuffled,
            "delay": self._late,
        }
        return np.asarray(np.clip(kinds[kind](amount), -1, 1), np.float32)

    def _noisy(self, decibels: float) -> NDArray[np.floating]:
        noise_N = np.random.default_rng(self.seed).normal(size=len(self.samples_N))
        power = float(np.mean(np.square(self.samples_N, dtype=np.float64)))
        return np.asarray(self.samples_N + noise_N * np.sqrt(power * 10 ** (-decibels / 10)))

    def _muffled(self, corner: float) -> NDArray[np.floating]:
        sections = butter(2, min(corner, 0.45 * self.rate), fs=self.rate, output="sos")
        return np.asarray(sosfiltfilt(sections, self.samples_N))

    def _swapped(self, share: float) -> NDArray[np.floating]:
        first = round((1 - share) * len(self.samples_N))
        return np.concatenate([self.samples_N[:first], self.other_N[first:]])

    def _shuffled(self, share: float) -> NDArray[np.floating]:
        first = round((1 - share) * len(self.samples_N))
        return np.concatenate([self.samples_N[:first], shuffle(self.samples_N[first:], self.rate, seed=self.seed)[0]])

    def _late(self, frames: float) -> NDArray[np.floating]:
        by = min(round(frames / self.fps * self.rate), len(self.samples_N))
        return np.concatenate([np.zeros(by, np.float32), self.samples_N[: len(self.samples_N) - by]])

    @cached_property
    def _world(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """f0_T, envelope_TF and aperiodicity_TF."""
        f0_T, second_T = (f0(self.samples_N, self.rate, estimator=by) for by in ESTIMATORS)
        halved_T = (f0_T > 0) & (second_T > 2**0.5 * f0_T)  # what they say is an octave apart, and the lower is wrong
        f0_T, x = np.where(halved_T, second_T, f0_T), self.samples_N.astype(np.float64)
        rough_TF = pyworld.d4c(x, f0_T, np.arange(len(f0_T)) * HOP, self.rate, fft_size=fft_size(self.rate))
        return f0_T, envelope(x, self.rate, f0_T), rough_TF

    def _said(self, f0_T: NDArray[np.float64]) -> NDArray[np.floating]:
        said_N = pyworld.synthesize(f0_T, *self._world[1:], self.rate, 1000 * HOP)[: len(self.samples_N)]
        return np.asarray(np.pad(said_N, (0, len(self.samples_N) - len(said_N))))


def flattened(f0_T: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """The contour with that share of its movement taken out, in the logarithm, about the mean; 0 stays unvoiced."""
    voiced_T, out_T = f0_T > 0, np.zeros_like(f0_T)
    logs = np.log(f0_T[voiced_T])
    out_T[voiced_T] = np.exp(logs - share * (logs - logs.mean())) if len(logs) else logs
    return out_T
