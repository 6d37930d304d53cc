"""Speech as WORLD's parameters, and speech from them (Morise et al. 2016, "WORLD: a vocoder-based high-quality
speech synthesis system for real-time applications").

The contour has a value every FINE seconds, the envelope and the aperiodicity one every HOP, twice as long: an envelope
from every second frame, with what lies between drawn straight, is heard as the same speaker's.

Legend of shapes: N samples, M values of the contour, T = (M + 1) // 2 frames, B bands, A aperiodicities, F bins.
"""

from typing import Final, NamedTuple

import numpy as np
import pyworld
from numpy.typing import NDArray

from understudy.methods.vqvc.bands import narrowed, widened
from understudy.speech import cepstrum, pitch

RATE: Final = 22_050
FINE: Final = pitch.HOP  # seconds
HOP: Final = 2 * FINE
APERIODICITIES: Final = 2  # 3 kHz apart, as many as the rate has room for
_SHORTEST = 0.1  # seconds, to which what is shorter is filled up
_QUIETEST, _LOUDEST = 1e-16, 1e4  # of the power in a bin, between which nothing overflows


class Analysis(NamedTuple):
    """contour_M: Hz, 0 without voice. bands_TB: of the envelope's log power. aperiodicity_TA: dB, at most 0."""

    contour_M: NDArray[np.float64]
    bands_TB: NDArray[np.float32]
    aperiodicity_TA: NDArray[np.float32]


def analysed(samples_N: NDArray[np.floating], estimator: pitch.Estimator) -> Analysis:
    """All of the parameters; values that are no numbers count as 0."""
    contour_M = pitch.f0(samples_N, RATE, FINE, estimator=estimator)
    coarse_T = np.ascontiguousarray(contour_M[::2])
    airy_TF = pyworld.d4c(
        _filled(samples_N), coarse_T, np.arange(len(coarse_T)) * HOP, RATE, fft_size=cepstrum.fft_size(RATE)
    )
    aperiodicity_TA = np.nan_to_num(pyworld.code_aperiodicity(airy_TF, RATE), nan=0.0)
    return Analysis(contour_M, enveloped(samples_N, contour_M), np.asarray(aperiodicity_TA, np.float32))


def enveloped(samples_N: NDArray[np.floating], contour_M: NDArray[np.floating]) -> NDArray[np.float32]:
    """The bands of the envelope's log power (T, B), where the contour is known."""
    coarse_T = np.ascontiguousarray(contour_M[::2], np.float64)
    power_TF = cepstrum.envelope(samples_N, RATE, coarse_T, HOP)
    return narrowed(np.log(power_TF), RATE)


def synthesised(
    contour_M: NDArray[np.floating],
    bands_TB: NDArray[np.floating],
    aperiodicity_TA: NDArray[np.floating],
    samples: int,
) -> NDArray[np.float64]:
    """Speech of exactly so many samples; silence where the parameters end before it."""
    size = cepstrum.fft_size(RATE)
    log_TF = widened(bands_TB, RATE, size // 2 + 1).clip(np.log(_QUIETEST), np.log(_LOUDEST))
    airy_MA = np.ascontiguousarray(between(np.minimum(aperiodicity_TA, 0.0), len(contour_M)), np.float64)
    airy_MF = pyworld.decode_aperiodicity(airy_MA, RATE, size)
    power_MF = np.exp(between(log_TF, len(contour_M)))
    sound = pyworld.synthesize(np.ascontiguousarray(contour_M, np.float64), power_MF, airy_MF, RATE, 1000 * FINE)
    return np.pad(sound[:samples], (0, max(samples - len(sound), 0)))


def between(frames_TD: NDArray[np.floating], count: int) -> NDArray[np.floating]:
    """Frames every HOP as `count` frames every FINE (count, D), straight between them; the last one is held."""
    place_M = np.arange(count) / 2
    low_M = np.minimum(place_M.astype(np.int64), len(frames_TD) - 1)
    high_M = np.minimum(low_M + 1, len(frames_TD) - 1)
    part_M1 = (place_M - low_M)[:, None]
    return np.asarray(frames_TD[low_M] * (1 - part_M1) + frames_TD[high_M] * part_M1)


def _filled(samples_N: NDArray[np.floating]) -> NDArray[np.float64]:
    sound_N = np.nan_to_num(np.asarray(samples_N, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    return np.pad(sound_N, (0, max(round(_SHORTEST * RATE) - len(sound_N), 0)))
