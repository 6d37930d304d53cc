"""The spectral envelope on bands that are even on the mel scale, and back; and its warping along frequency.

Legend of shapes: T frames, B bands, F bins of the spectrum.
"""

import functools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

BANDS = 80


def narrowed(log_TF: NDArray[np.floating], rate: int) -> NDArray[np.float32]:
    """The mean of a log spectrum under each band's triangle (T, BANDS)."""
    return np.asarray(log_TF @ _triangles(rate, log_TF.shape[1]).T, np.float32)


def widened(log_TB: NDArray[np.floating], rate: int, bins: int) -> NDArray[np.float64]:
    """The log spectrum (T, bins) that runs straight, on the mel scale, from each band's middle to the next."""
    return np.asarray(log_TB @ _between(rate, bins).T, np.float64)


def warped(bands_NBT: Tensor, factor_N: Tensor, rate: int) -> Tensor:
    """Bands as if every frequency f lay at f * factor: a vocal tract that is shorter where the factor is above 1.

    Bands that would be read from beyond the highest are the highest.
    """
    middles_B = torch.from_numpy(_middles(rate)).to(bands_NBT)
    hertz_NB = 700 * torch.expm1(middles_B / 1127) / factor_N[:, None]
    spacing = (middles_B[-1] - middles_B[0]) / (len(middles_B) - 1)
    place_NB = ((1127 * torch.log1p(hertz_NB / 700) - middles_B[0]) / spacing).clamp(0, len(middles_B) - 1)
    low_NB = place_NB.floor().clamp(max=len(middles_B) - 2)
    part_NB1 = (place_NB - low_NB)[..., None]
    numbers_NBT = low_NB.long()[..., None].expand(-1, -1, bands_NBT.shape[2])
    return bands_NBT.gather(1, numbers_NBT) * (1 - part_NB1) + bands_NBT.gather(1, numbers_NBT + 1) * part_NB1


def _mels(hertz: NDArray[np.floating] | float) -> NDArray[np.float64]:
    """O'Shaughnessy's scale, 1127 ln(1 + f / 700)."""
    return np.asarray(1127 * np.log1p(np.asarray(hertz) / 700), np.float64)


@functools.cache
def _middles(rate: int) -> NDArray[np.float64]:
    """The middle of each band on the mel scale: even from 0 to half the rate, with room for half a band at the ends."""
    edges = np.linspace(0.0, float(_mels(rate / 2)), 2 * BANDS + 1)
    return edges[1::2]


@functools.cache
def _triangles(rate: int, bins: int) -> NDArray[np.float64]:
    """The weight of each bin in each band (B, F), every band's together 1."""
    at_F, middles = _mels(np.linspace(0, rate / 2, bins)), _middles(rate)
    spacing = middles[1] - middles[0]
    weights_BF = np.maximum(1 - np.abs(at_F - middles[:, None]) / spacing, 0)
    return np.asarray(weights_BF / weights_BF.sum(axis=1, keepdims=True))


@functools.cache
def _between(rate: int, bins: int) -> NDArray[np.float64]:
    """What each band has in each bin (F, B), every bin's together 1."""
    at_F, middles = _mels(np.linspace(0, rate / 2, bins)), _middles(rate)
    place_F = np.clip((at_F - middles[0]) / (middles[1] - middles[0]), 0, BANDS - 1)
    return np.asarray(np.maximum(1 - np.abs(place_F[:, None] - np.arange(BANDS)), 0))
