"""Noise, interpolation and colour: the arithmetic that textures and scenes share.

Randomness at render time is an integer hash, so that the same YAML gives the same pixels under every version of numpy
(which does not promise the same random stream across versions).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def hash_unit(x: NDArray[np.integer], y: NDArray[np.integer], z: NDArray[np.integer], seed: int) -> Floats:
    """A number in [0, 1) for every integer cell (x, y, z) and seed."""
    mixed = x.astype(np.uint32) * np.uint32(0x8DA6B343)
    mixed = mixed ^ (y.astype(np.uint32) * np.uint32(0xD8163841)) ^ (z.astype(np.uint32) * np.uint32(0xCB1AB31F))
    mixed = scramble(mixed ^ np.uint32((seed * 2654435761) & 0xFFFFFFFF))
    return mixed.astype(np.float64) * (1.0 / 4294967296.0)


def scramble(mixed: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """A well-mixed 32-bit integer of each integer (xorshift and multiply)."""
    mixed = mixed ^ (mixed >> np.uint32(15))
    mixed = mixed * np.uint32(0x2C1B3C6D)
    mixed = mixed ^ (mixed >> np.uint32(12))
    mixed = mixed * np.uint32(0x297A2D39)
    return mixed ^ (mixed >> np.uint32(15))


def value_noise(points_N3: Floats, scale: float | Sequence[float], seed: int) -> Floats:
    """Smooth noise in [0, 1], one value a point; `scale` cells a unit length (one number, or one an axis)."""
    scaled = points_N3 * np.asarray(scale, float) + 1000.0
    cell = np.floor(scaled).astype(np.int64)
    part = scaled - cell
    part = part * part * (3 - 2 * part)
    total = np.zeros(len(points_N3))
    for dx in (0, 1):
        for dy in (0, 1):
            for dz in (0, 1):
                weight = part[:, 0] if dx else 1 - part[:, 0]
                weight = weight * (part[:, 1] if dy else 1 - part[:, 1])
                weight = weight * (part[:, 2] if dz else 1 - part[:, 2])
                total += weight * hash_unit(cell[:, 0] + dx, cell[:, 1] + dy, cell[:, 2] + dz, seed)
    return total


def fractal_noise(points_N3: Floats, scale: float, seed: int, octaves: int = 3) -> Floats:
    """Value noise summed over octaves of double frequency and half strength, in [0, 1]."""
    total, strength, summed = np.zeros(len(points_N3)), 1.0, 0.0
    for octave in range(octaves):
        total += strength * value_noise(points_N3, scale, seed + 17 * octave)
        summed += strength
        strength, scale = strength * 0.5, scale * 2.03
    return total / summed


class Dice:
    """A counted hash: a small random stream that never changes."""

    def __init__(self, seed: int) -> None:
        self._seed, self._count = seed, 0

    def uniform(self, low: float, high: float, count: int) -> Floats:
        """`count` numbers in [low, high)."""
        index = np.arange(self._count, self._count + count)
        self._count += count
        return low + (high - low) * hash_unit(index, index * 0 + 7, index * 0 + 11, self._seed)


def grain(frame: int, seed: int, shape: tuple[int, ...]) -> Floats:
    """Film grain: nearly normal noise of mean 0 and deviation 1 (the sum of a hash's four bytes)."""
    count = int(np.prod(shape))
    index = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1)
    mixed = scramble(index + np.uint32((seed * 747796405 + frame * 2891336453) & 0xFFFFFFFF))
    quarters = mixed.view(np.uint8).reshape(count, 4)
    total = quarters[:, 0].astype(np.float64) + quarters[:, 1] + quarters[:, 2] + quarters[:, 3]
    # A uniform byte has variance (256^2 - 1) / 12.
    return ((total - 510.0) / 147.8).reshape(shape)


def smoothstep(low: float | Floats, high: float | Floats, x: Floats) -> Floats:
    """0 below `low`, 1 above `high`, a cubic ramp between; falls instead when high < low."""
    t = np.clip((x - low) / (np.asarray(high) - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def mix(first: ArrayLike, second: ArrayLike, share: ArrayLike) -> Floats:
    """`first` where share is 0, `second` where it is 1."""
    a = np.asarray(first, float)
    return np.asarray(a + (np.asarray(second, float) - a) * np.asarray(share, float))


def linear(srgb: ArrayLike) -> Floats:
    """Linear light [0, 1] of sRGB values [0, 255] (IEC 61966-2-1)."""
    unit = np.asarray(srgb, float) / 255.0
    return np.asarray(np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4))


_STEPS = 4095
_UNIT = np.arange(_STEPS + 1) / _STEPS
_SRGB = np.clip(np.where(_UNIT <= 0.0031308, 12.92 * _UNIT, 1.055 * _UNIT ** (1 / 2.4) - 0.055) * 255, 0, 255)


def srgb(light: Floats) -> Floats:
    """sRGB values [0, 255] of linear light, clipped, by a table of 4096 steps."""
    return np.asarray(_SRGB[np.clip(np.rint(light * _STEPS), 0, _STEPS).astype(np.int64)])


def unit(vectors: Floats) -> Floats:
    """The rows, at length 1."""
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    return vectors / np.sqrt(x * x + y * y + z * z + 1e-18)[..., None]
