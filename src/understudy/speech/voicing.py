"""A light pitch estimate for describing recordings: which frames are voiced, and about how high.

The autocorrelation of a frame over that of its window (Boersma, "Accurate short-term analysis of the fundamental
frequency and the harmonics-to-noise ratio of a sampled sound", IFA Proceedings 17, 1993, eq. 9), its highest peak with
a small preference for short periods (eq. 23). Instead of a path, a second pass keeps to the register that the first
found: three quarters of its first quartile to 1.9 of its third (after De Looze and Hirst, "Detecting changes in key and
range for the automatic modelling and coding of intonation", Speech Prosody 2008), so that an hour takes seconds. A
whisper has peaks, too, here and there; of a voice they go on, so that what does not last is taken for none: of the
speech of two people's recordings and of four of GRID's 39 % and more had a pitch, of a synthesiser's whisper 1 %.
For contours that are to be said anew, see pitch.

Shapes: N samples at 16 kHz, T frames of 10 ms, L lags.
"""

import itertools

import numpy as np
import scipy  # loads its parts when they are first used: scipy.signal takes half a second, in every job
from numpy.typing import NDArray

HOP = 0.01  # s
LOWEST, HIGHEST = 60.0, 500.0  # Hz
_RATE = 8000  # the rate that it works at, half of what it is given
_WINDOW = round(0.05 * _RATE)  # three periods of the lowest pitch
_SIZE = 1024  # of the transform: a window and all lags
_PASS = (800.0, 1600.0)  # Hz: from all to nothing
_VOICED = 0.6  # of the normalised autocorrelation
_OCTAVE = 0.02  # what a peak is worth more for each octave that it is higher
_EDGE = 32  # samples that the resampling filter reaches
_DOWN, _UP = 0.75, 1.9  # of the quartiles: the register of the second pass
_LASTING, _STEP = 4, 0.08  # frames that a pitch lasts at least, and its largest change from one to the next, as a share
_BLOCK = 4096  # frames in memory at once


def voicing(samples_N: NDArray[np.floating]) -> NDArray[np.float32]:
    """The pitch (Hz) of each frame of samples at 16 kHz, NaN where there is none; frame t is centred on 10 t ms."""
    first_T = _lasting(_pitches(samples_N, LOWEST, HIGHEST))
    if not np.isfinite(first_T).any():
        return first_T
    low, high = np.nanpercentile(first_T, (25, 75))
    return _lasting(_pitches(samples_N, max(LOWEST, _DOWN * low), min(HIGHEST, _UP * high)))


def _lasting(f0_T: NDArray[np.float32]) -> NDArray[np.float32]:
    """The contour without stretches of fewer than _LASTING frames, where a leap of the pitch ends a stretch."""
    out_T = np.full_like(f0_T, np.nan)
    goes_on_T = np.abs(np.diff(np.log(f0_T))) < _STEP  # not so beside a frame without a pitch, which is no number
    ends = np.flatnonzero(~goes_on_T) + 1
    for first, last in itertools.pairwise([0, *ends.tolist(), len(f0_T)]):
        if last - first >= _LASTING:
            out_T[first:last] = f0_T[first:last]
    return out_T


def _pitches(samples_N: NDArray[np.floating], lowest: float, highest: float) -> NDArray[np.float32]:
    """The pitch of each frame, between `lowest` and `highest` Hz."""
    window = np.hanning(_WINDOW + 2)[1:-1]
    own_L = scipy.signal.correlate(window, window)[_WINDOW - 1 :][: _WINDOW // 2 + 2]
    hop, count = round(HOP * _RATE), len(samples_N) // round(2 * HOP * _RATE)
    parts = [np.zeros(0, np.float32)]
    for first in range(0, count, _BLOCK):
        last = min(first + _BLOCK, count)
        halved_N = _halved(samples_N, first * hop - _WINDOW // 2, (last - 1) * hop + _WINDOW // 2)
        framed_TW = np.lib.stride_tricks.sliding_window_view(halved_N, _WINDOW)[::hop]
        parts.append(_pitch(framed_TW, window, own_L, lowest, highest))
    return np.concatenate(parts)


def _halved(samples_N: NDArray[np.floating], start: int, stop: int) -> NDArray[np.float64]:
    """Samples `start` to `stop` at half the rate; beyond either end, zeros."""
    first, last = 2 * (start - _EDGE), 2 * (stop + _EDGE)
    part_N = np.asarray(samples_N[max(first, 0) : last], np.float64)
    part_N = np.pad(part_N, (max(-first, 0), last - max(first, 0) - len(part_N)))
    return np.asarray(scipy.signal.resample_poly(part_N, 1, 2)[_EDGE : _EDGE + stop - start])


def _pitch(
    framed_TW: NDArray[np.float64],
    window: NDArray[np.float64],
    own_L: NDArray[np.float64],
    lowest: float,
    highest: float,
) -> NDArray[np.float32]:
    energy_TL = _correlated((framed_TW - framed_TW.mean(1, keepdims=True)) * window)
    first, last = int(_RATE / highest), int(np.ceil(_RATE / lowest))
    power_T = energy_TL[:, :1]
    r_TL = np.divide(energy_TL, power_T, out=np.zeros_like(energy_TL), where=power_T > 1e-9) / (own_L / own_L[0])
    inner = r_TL[:, first : last + 1]
    peaks = (inner >= r_TL[:, first - 1 : last]) & (inner >= r_TL[:, first + 1 : last + 2])
    octaves_L = np.log2(LOWEST * np.arange(first, last + 1) / _RATE)
    worth = np.where(peaks, inner - _OCTAVE * octaves_L, -np.inf)
    at_T = worth.argmax(1)
    rows = np.arange(len(at_T))
    before, here, after = (r_TL[rows, at_T + first + step] for step in (-1, 0, 1))
    bend = before - 2 * here + after
    shift = np.divide(0.5 * (before - after), bend, out=np.zeros_like(here), where=np.abs(bend) > 1e-12)
    heard = (here > _VOICED) & np.isfinite(worth[rows, at_T])
    return np.where(heard, _RATE / (at_T + first + np.clip(shift, -0.5, 0.5)), np.nan).astype(np.float32)


def _correlated(framed_TW: NDArray[np.floating]) -> NDArray[np.float64]:
    spectra = np.abs(scipy.fft.rfft(np.asarray(framed_TW, np.float64), _SIZE, axis=1)) ** 2 * _low()
    return np.asarray(scipy.fft.irfft(spectra, axis=1)[:, : _WINDOW // 2 + 2])


def _low() -> NDArray[np.float64]:
    """The weight of each bin: of wider spectra the peaks are narrower than a lag, and lie between two."""
    hertz = np.arange(_SIZE // 2 + 1) * _RATE / _SIZE
    place = np.clip((hertz - _PASS[0]) / (_PASS[1] - _PASS[0]), 0, 1)
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * place))
