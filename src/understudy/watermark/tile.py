"""The tile: the pattern of 128 x 128 px that is hidden in pictures, as waves whose phases the key draws.

The tile is a sum of waves that fit it a whole number of times. A share of them, known to whoever has the key, serves
to find it; the rest is dealt out to the 144 bits of the code, and a bit's waves are all upside down when it is 0. So a
tile that is repeated over a picture has lines in the picture's spectrum, which scaling moves and cropping only turns
in phase: that is what `search` looks for. The waves are 5 to 21 px long: longer ones show, shorter ones do not outlive
compression.
"""

import dataclasses
import functools

import numpy as np
from numpy.typing import NDArray

from understudy.watermark.code import CODED, encode
from understudy.watermark.key import shuffled, stream

SIDE = 128
# Waves in a tile, radially: from 21 px down to 4.9 px.
_LEAST, _MOST = 6, 26
_SYNC_SHARE = 0.3
SYNC = -1


@dataclasses.dataclass(frozen=True, kw_only=True)
class Waves:
    """waves_K2: how often each wave fits the tile, down and across (the half plane of them); phases_K: its phase, in
    radians, where its bit is 1; bits_K: the bit of the code that it carries, or SYNC."""

    waves_K2: NDArray[np.intp]
    phases_K: NDArray[np.float64]
    bits_K: NDArray[np.intp]


@functools.lru_cache(maxsize=8)
def waves(key: bytes) -> Waves:
    """The waves of a key."""
    down, across = np.mgrid[-_MOST : _MOST + 1, 0 : _MOST + 1]
    radius = np.hypot(down, across)
    half = (across > 0) | (down > 0)
    waves_K2 = np.argwhere(half & (radius >= _LEAST) & (radius <= _MOST)) - (_MOST, 0)
    count = len(waves_K2)
    phases_K = stream(key, "picture phases", count).astype(np.float64) * (2 * np.pi / 2**32)
    order = shuffled(key, "picture bits", count)
    sync = round(_SYNC_SHARE * count)
    bits_K = np.full(count, SYNC)
    bits_K[order[sync:]] = np.arange(count - sync) % CODED
    return Waves(waves_K2=waves_K2, phases_K=phases_K, bits_K=bits_K)


@functools.lru_cache(maxsize=8)
def tile(key: bytes, payload: int) -> NDArray[np.float32]:
    """tile_HW of variance 1 that carries `payload`."""
    all_ = waves(key)
    signs_K = np.where(all_.bits_K == SYNC, 1, encode(payload)[all_.bits_K])
    spectrum = np.zeros((SIDE, SIDE), np.complex128)
    spectrum[all_.waves_K2[:, 0], all_.waves_K2[:, 1]] = signs_K * np.exp(1j * all_.phases_K)
    tile_HW = np.fft.ifft2(spectrum).real
    result: NDArray[np.float32] = (tile_HW / tile_HW.std()).astype(np.float32)
    return result
