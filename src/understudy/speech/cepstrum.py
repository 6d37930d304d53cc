"""Mel-cepstra of WORLD's spectral envelope, and the distance between two utterances in them.

Shapes: N samples, T and U frames, F bins from 0 to half the rate, D coefficients (the 0th is loudness), P pairs.
"""

import functools
from typing import Final

import numpy as np
import pyworld
from numpy.typing import NDArray

from understudy.speech import pitch

ORDER: Final = 24
"""The last coefficient: 25 with the 0th."""
_FLOOR = 71.0  # Hz: the lowest voice that CheapTrick's window still resolves
_LEAST = 1e-16  # of the power; CheapTrick leaves no less but where all is silent


def fft_size(rate: int) -> int:
    """Points of the transform of which an envelope has half, and one: 1024 at 22050 and 24000 Hz."""
    return int(pyworld.get_cheaptrick_fft_size(rate, _FLOOR))


def envelope(
    samples_N: NDArray[np.floating], rate: int, f0_T: NDArray[np.float64], hop_seconds: float = pitch.HOP
) -> NDArray[np.float64]:
    """The power of the spectral envelope at every frame of the contour, envelope_TF.

    CheapTrick (Morise 2015, "CheapTrick, a spectral envelope estimator for high-quality speech synthesis"): free of
    the harmonics of the voice. Finite and above 0 everywhere.
    """
    x = np.nan_to_num(np.asarray(samples_N, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    at = np.arange(len(f0_T)) * hop_seconds
    x = np.pad(x, (0, max(round(0.1 * rate) - len(x), 0)))
    power_TF = pyworld.cheaptrick(x, np.asarray(f0_T, np.float64), at, rate, fft_size=fft_size(rate), f0_floor=_FLOOR)
    return np.asarray(np.maximum(np.nan_to_num(power_TF, nan=_LEAST), _LEAST), np.float64)


def mel_cepstrum(
    samples_N: NDArray[np.floating],
    rate: int,
    f0_T: NDArray[np.float64] | None = None,
    order: int = ORDER,
    hop_seconds: float = pitch.HOP,
) -> NDArray[np.float64]:
    """The mel-cepstrum mcep_TD of sound, D = order + 1, at every hop. f0_T: its contour, found where it is None."""
    contour_T = pitch.f0(samples_N, rate, hop_seconds) if f0_T is None else f0_T
    return encode(envelope(samples_N, rate, contour_T, hop_seconds), rate, order)


def encode(envelope_TF: NDArray[np.floating], rate: int, order: int = ORDER) -> NDArray[np.float64]:
    """The mel-cepstrum mcep_TD of an envelope of power.

    Its cepstrum, warped by the all-pass of `warping` (Tokuda et al. 1994, "Mel-generalized cepstral analysis", gamma 0;
    the recursion of Oppenheim and Johnson 1972): the logarithm of the magnitude at the warped frequency w is
    c_0 + sum over d of c_d cos(d w).
    """
    return np.asarray(np.log(envelope_TF) @ _encoder(envelope_TF.shape[1], order, warping(rate)))


def decode(mcep_TD: NDArray[np.floating], rate: int) -> NDArray[np.float64]:
    """The envelope of power, envelope_TF, of a mel-cepstrum: what `encode` leaves of its detail."""
    return np.asarray(np.exp(mcep_TD @ _decoder(fft_size(rate) // 2 + 1, mcep_TD.shape[1] - 1, warping(rate))))


def distortion(mcep_a: NDArray[np.floating], mcep_b: NDArray[np.floating], path_P2: NDArray[np.int64]) -> float:
    """Mel-cepstral distortion in dB along a path of pairs: the mean of 10 / ln 10 sqrt(2 sum of (a_d - b_d)^2), d > 0.

    The 0th coefficient, loudness, is left out. Kubichek 1993, "Mel-cepstral distance measure for objective speech
    quality assessment", with the scale that makes it the distance of two log spectra. Raises ValueError where the path
    is empty or orders differ.
    """
    if mcep_a.shape[1] != mcep_b.shape[1] or not len(path_P2):
        raise ValueError(f"mel-cepstra of {mcep_a.shape} and {mcep_b.shape} cannot be held against each other")
    apart_PD = mcep_a[path_P2[:, 0], 1:] - mcep_b[path_P2[:, 1], 1:]
    return float((10 / np.log(10) * np.sqrt(2 * (apart_PD**2).sum(1))).mean())


@functools.cache
def warping(rate: int) -> float:
    """The coefficient of the all-pass whose warping is nearest to the mel scale at a rate: 0.41 at 16 kHz.

    The least squares of its phase against 1000 / log 2 log(1 + f / 1000) (Fant 1968), both from 0 to 1, as toolkits
    for speech synthesis do; in steps of a thousandth.
    """
    omega = np.linspace(0, np.pi, 1001)
    mels = np.log1p(omega / np.pi * rate / 2000)
    errors = [
        np.square((omega + 2 * np.arctan2(a * np.sin(omega), 1 - a * np.cos(omega))) / np.pi - mels / mels[-1]).sum()
        for a in np.arange(1000) / 1000
    ]
    return int(np.argmin(errors)) / 1000


@functools.cache
def _encoder(bins: int, order: int, alpha: float) -> NDArray[np.float64]:
    """The logarithm of power at each bin -> mel-cepstrum: one matrix (F, D), for every step of it is linear."""
    cepstra_FK = np.fft.irfft(np.eye(bins), axis=1)[:, :bins]
    cepstra_FK[:, 0] /= 2  # of the magnitude, a half of the power's
    return cepstra_FK @ _warp(bins, order + 1, alpha)


@functools.cache
def _decoder(bins: int, order: int, alpha: float) -> NDArray[np.float64]:
    """Mel-cepstrum -> the logarithm of power at each bin, (D, F): 2 c_0 + 2 sum of c_d cos(d w) at the warped w."""
    omega = np.linspace(0, np.pi, bins)
    warped = omega + 2 * np.arctan2(alpha * np.sin(omega), 1 - alpha * np.cos(omega))
    return np.asarray(2 * np.cos(np.arange(order + 1)[:, None] * warped))


def _warp(given: int, wanted: int, alpha: float) -> NDArray[np.float64]:
    """The all-pass of a cepstrum as a matrix (given, wanted), by its recursion over the coefficients from the last."""
    out = np.zeros((given, wanted))
    for row in range(given - 1, -1, -1):
        before = out.copy()
        out[:, 0] = alpha * before[:, 0]
        out[row, 0] += 1
        if wanted > 1:
            out[:, 1] = (1 - alpha**2) * before[:, 0] + alpha * before[:, 1]
        for d in range(2, wanted):
            out[:, d] = before[:, d - 1] + alpha * (before[:, d] - out[:, d - 1])
    return out
