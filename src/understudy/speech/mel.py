"""Mel frames as Wav2Lip takes them (Prajwal et al. 2020; the same as Tacotron's of r9y9 and Rayhane-mamah).

A spectrum every 12.5 ms: pre-emphasis, a Hann window of 50 ms centred on its frame, the magnitude, 80 bands from 55 to
7600 Hz that are even on Slaney's mel scale (Auditory Toolbox, 1998) and of equal area, decibels, and 100 dB of them on
-4 to 4.

Shapes: N samples, 80 bands, T mel frames, 401 bins of the spectrum.
"""

import functools

import numpy as np
import scipy  # loads its parts when they are first used: a tenth of a second, in every job
from numpy.typing import NDArray

HOP = 200  # samples between frames
MEL_RATE = 80  # mel frames a second, at 16 kHz
BANDS = 80
_RATE = 16_000
_WINDOW = 800
_PREEMPHASIS = 0.97
_LOWEST, _HIGHEST = 55.0, 7600.0  # Hz
_FLOOR, _REFERENCE, _RANGE, _LARGEST = -100.0, 20.0, 100.0, 4.0  # dB, dB, dB, and half the range of the output
_BLOCK = 4096  # frames whose spectra are in memory at once


def mel(samples_N: NDArray[np.floating]) -> NDArray[np.float32]:
    """Mel frames (80, 1 + N // 200) in [-4, 4] of speech at 16 kHz; frame t is centred on sample 200 t.

    Raises ValueError when there is not a single sample.
    """
    if len(samples_N) == 0:
        raise ValueError("no samples")
    samples_N = np.asarray(samples_N)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)
    basis = filters()
    out = np.empty((BANDS, 1 + len(samples_N) // HOP), np.float32)
    for first in range(0, out.shape[1], _BLOCK):
        last = min(first + _BLOCK, out.shape[1])
        heard = _emphasised(samples_N, first * HOP - _WINDOW // 2, (last - 1) * HOP + _WINDOW // 2)
        framed = np.lib.stride_tricks.sliding_window_view(heard, _WINDOW)[::HOP]
        spectra = np.abs(scipy.fft.rfft(framed * window, axis=1))
        decibels = 20 * np.log10(np.maximum(spectra @ basis.T, 10 ** (_FLOOR / 20))) - _REFERENCE
        scaled = 2 * _LARGEST * (decibels + _RANGE) / _RANGE - _LARGEST
        out[:, first:last] = np.clip(scaled, -_LARGEST, _LARGEST).T
    return out


def _emphasised(samples_N: NDArray[np.floating], start: int, stop: int) -> NDArray[np.float64]:
    """Samples `start` to `stop`, pre-emphasised; beyond either end, the signal reflected."""
    last = len(samples_N) - 1
    at = np.abs((np.arange(start, stop) + last) % max(2 * last, 1) - last)
    before = np.where(at > 0, samples_N[at - 1], 0).astype(np.float64)
    return np.asarray(samples_N[at].astype(np.float64) - _PREEMPHASIS * before)


def filters() -> NDArray[np.float64]:
    """The weight of each bin of the spectrum in each band (80, 401)."""
    return triangles(BANDS, _LOWEST, _HIGHEST, _RATE, _WINDOW)


@functools.cache
def triangles(bands: int, lowest: float, highest: float, rate: int, size: int) -> NDArray[np.float64]:
    """The weight of each bin of spectra of `size` samples in each band (bands, 1 + size // 2): triangles of area 1 on
    the axis of Hz, even on Slaney's mel scale from `lowest` to `highest` Hz.

    A band rises from the centre of the one below it to its own and falls to the centre of the one above.
    """
    bins = np.arange(size // 2 + 1) * rate / size
    corners = _hertz(np.linspace(_mels(lowest), _mels(highest), bands + 2))
    below, centre, above = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    rising = np.minimum((bins - below) / (centre - below), (above - bins) / (above - centre))
    weights = np.maximum(rising, 0) * 2 / (above - below)
    weights.setflags(write=False)
    return np.asarray(weights)


# Slaney's scale: a mel every 200/3 Hz up to 1 kHz, and from there 27 to a factor of 6.4.
_LINEAR, _BREAK, _STEP = 200 / 3, 1000.0, np.log(6.4) / 27


def _mels(hertz: float) -> float:
    if hertz < _BREAK:
        return hertz / _LINEAR
    return float(_BREAK / _LINEAR + np.log(hertz / _BREAK) / _STEP)


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    at_break = _BREAK / _LINEAR
    return np.where(mels < at_break, mels * _LINEAR, _BREAK * np.exp(_STEP * (mels - at_break)))
