"""The phrase: 1.5 s of tones that are hidden in sound, over and over, with phases that the key draws.

It has a tone at every multiple of 2/3 Hz from 300 Hz to 6 kHz: where speech is, and what Opus at 32 kbit/s still keeps.
As in the tile of pictures a share of the tones is known to whoever has the key, and the rest is dealt out to the bits.
"""

import dataclasses
import functools

import numpy as np
from numpy.typing import NDArray

from understudy.watermark.code import CODED, encode
from understudy.watermark.key import shuffled, stream
from understudy.watermark.tile import SYNC

SECONDS = 1.5
LOWEST, HIGHEST = 300.0, 6000.0
# Two phrases are a whole number of samples at any rate.
PAIR = 3
_SYNC_SHARE = 0.2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tones:
    """tones_K: rounds that each makes in a phrase; phases_K: its phase, in radians, where its bit is 1; bits_K: the
    bit of the code that it carries, or SYNC."""

    tones_K: NDArray[np.intp]
    phases_K: NDArray[np.float64]
    bits_K: NDArray[np.intp]


@functools.lru_cache(maxsize=8)
def tones(key: bytes) -> Tones:
    """The tones of a key."""
    tones_K = np.arange(round(LOWEST * SECONDS), round(HIGHEST * SECONDS))
    count = len(tones_K)
    phases_K = stream(key, "sound phases", count).astype(np.float64) * (2 * np.pi / 2**32)
    order = shuffled(key, "sound bits", count)
    sync = round(_SYNC_SHARE * count)
    bits_K = np.full(count, SYNC)
    bits_K[order[sync:]] = np.arange(count - sync) % CODED
    return Tones(tones_K=tones_K, phases_K=phases_K, bits_K=bits_K)


@functools.lru_cache(maxsize=4)
def pair(key: bytes, payload: int, rate: int) -> NDArray[np.float64]:
    """Two phrases, 3 s at `rate`, of an rms of 1 if the rate lets all tones be."""
    all_ = tones(key)
    signs_K = np.where(all_.bits_K == SYNC, 1, encode(payload)[all_.bits_K])
    lines = np.zeros(PAIR * rate // 2 + 1, np.complex128)
    kept_K = 2 * all_.tones_K < len(lines) - 1
    lines[2 * all_.tones_K[kept_K]] = (signs_K * np.exp(1j * all_.phases_K))[kept_K]
    sound: NDArray[np.float64] = np.fft.irfft(lines, PAIR * rate) * PAIR * rate / np.sqrt(2 * len(kept_K))
    return sound
