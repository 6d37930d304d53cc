"""Voice activity: which 10 ms of a recording hold speech, and how loud it is when they do not.

The long-term spectral divergence of Ramirez, Segura, Benitez, de la Torre, Rubio ("Efficient voice activity detection
algorithms using long-term speech information", Speech Communication 42, 2004): the largest power that each band has in
+-60 ms, over that band's noise (eq. 1 and 2), against a threshold that falls as the noise comes nearer to the speech
(after eq. 5). The noise is a low quantile of each band's power (Stahl, Fischer, Bippus, "Quantile based noise
estimation for spectral subtraction and Wiener filtering", ICASSP 2000), over a window that looks both ways, as a
recording is whole before it is cut. So what stands still, such as hum or a held tone, is noise.

Shapes: N samples at 16 kHz, T frames of 10 ms, K bands.
"""

from dataclasses import dataclass

import numpy as np
import scipy  # loads its parts when they are first used: a tenth of a second, in every job
from numpy.typing import NDArray

from understudy.speech.mel import _hertz, _mels

HOP = 0.01  # s
_RATE, _STEP, _WINDOW = 16_000, 160, 400  # Hz, samples, samples
_BANDS, _LOWEST, _HIGHEST = 20, 100.0, 3900.0  # Hz: what a recording at 8 kHz has too
_LONG = 6  # frames to each side: the order of the long-term envelope
_SMOOTH, _SEARCH = 10, 50  # frames in a mean, and means among which a low one is the noise: 5 s
_QUANTILE = 12  # percent
_BIAS = 1.15  # by which such a low mean lies below the noise's own
_CLOSE, _FAR = (10.0, 5.0), (50.0, 18.0)  # dB of speech over noise, and the divergence (dB) that is speech there
_REACH = 40.0  # dB below the loudest speech at which nothing is speech any more
_FLOOR = -75.0  # dBFS at which nothing is
_BURST, _LEAD, _HANG = 5, 4, 12  # frames: the shortest speech, and what is added before and after it
_BLOCK = 4096


@dataclass(frozen=True, kw_only=True, eq=False)
class Activity:
    """speech_T: whether a frame holds speech. power_T: its mean square. noise_T: that of the noise under it."""

    speech_T: NDArray[np.bool_]
    power_T: NDArray[np.float32]
    noise_T: NDArray[np.float32]


def activity(samples_N: NDArray[np.floating]) -> Activity:
    """The activity of samples at 16 kHz; frame t is what lies from 10 t ms on, the last may be cut short."""
    power_T, bands_TK = _spectra(samples_N)
    if not len(power_T):
        return Activity(speech_T=np.zeros(0, np.bool_), power_T=power_T, noise_T=power_T)
    noise_TK = _noise(bands_TK)
    long_TK = scipy.ndimage.maximum_filter1d(bands_TK, 2 * _LONG + 1, axis=0, mode="nearest")
    least = 10 ** (_FLOOR / 10) / _BANDS
    divergence_T = 10 * np.log10((long_TK / np.maximum(noise_TK, least)).mean(1) + 1e-12)
    noise_T = noise_TK.sum(1).astype(np.float32)
    loudest = float(np.percentile(decibels(power_T), 98))
    over_T = loudest - decibels(noise_T)
    threshold_T = np.interp(over_T, (_CLOSE[0], _FAR[0]), (_CLOSE[1], _FAR[1]))
    level_T = decibels(scipy.ndimage.maximum_filter1d(power_T, 5, mode="nearest"))
    heard_T = (divergence_T > threshold_T) & (level_T > max(_FLOOR, loudest - _REACH))
    return Activity(speech_T=_settled(heard_T), power_T=power_T, noise_T=noise_T)


def decibels(power: NDArray[np.floating]) -> NDArray[np.float64]:
    """dB of powers, no less than -120."""
    return np.asarray(10 * np.log10(np.maximum(power, 1e-12)))


def runs(mask_T: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The stretches of true frames, each as its first frame and the one after its last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask_T, [False]]).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _spectra(samples_N: NDArray[np.floating]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The mean square of each frame, and its share in each band (mean square too)."""
    count = -(-len(samples_N) // _STEP)
    window = np.hanning(_WINDOW + 2)[1:-1]
    weights_KF, scale = _filters(), 2 / (_WINDOW * (window**2).sum())
    power_T, bands_TK = np.empty(count, np.float32), np.empty((count, _BANDS), np.float32)
    lap = (_WINDOW - _STEP) // 2
    for first in range(0, count, _BLOCK):
        last = min(first + _BLOCK, count)
        start, stop = first * _STEP - lap, last * _STEP + lap
        heard = np.asarray(samples_N[max(start, 0) : stop], np.float64)
        heard = np.pad(heard, (max(-start, 0), stop - max(start, 0) - len(heard)))
        framed = np.lib.stride_tricks.sliding_window_view(heard, _WINDOW)[::_STEP]
        power_T[first:last] = (framed[:, lap : lap + _STEP] ** 2).mean(1)
        bands_TK[first:last] = np.abs(scipy.fft.rfft(framed * window, axis=1)) ** 2 @ weights_KF.T * scale
    return power_T, bands_TK


def _filters() -> NDArray[np.float64]:
    """The weight of each bin in each band: bands even on the mel scale, that add up to one."""
    bins = np.arange(_WINDOW // 2 + 1) * _RATE / _WINDOW
    edges = _hertz(np.linspace(_mels(_LOWEST), _mels(_HIGHEST), _BANDS + 1))
    return ((bins >= edges[:-1, None]) & (bins < edges[1:, None])).astype(np.float64)


def _noise(bands_TK: NDArray[np.float32]) -> NDArray[np.float32]:
    """The noise of each band at each frame."""
    count = -(-len(bands_TK) // _SMOOTH)
    padded = np.pad(bands_TK, ((0, count * _SMOOTH - len(bands_TK)), (0, 0)), mode="edge")
    means = padded.reshape(count, _SMOOTH, -1).mean(1)
    low = scipy.ndimage.percentile_filter(means, _QUANTILE, size=(_SEARCH, 1), mode="nearest")
    return np.asarray(_BIAS * low.repeat(_SMOOTH, 0)[: len(bands_TK)], np.float32)


def _settled(heard_T: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without bursts that are too short for speech, and with the weak sounds at its edges."""
    speech_T = np.zeros_like(heard_T)
    for start, stop in runs(heard_T):
        if stop - start >= _BURST + 2 * _LONG:  # the long-term envelope has spread it to both sides
            speech_T[max(start + _LONG - _LEAD, 0) : stop - _LONG + _HANG] = True
    return speech_T
