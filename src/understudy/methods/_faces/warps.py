"""The variations of a training sample: all that is random in a step, drawn at once, and the geometry of the warp.

The warp is that of 2018: the points of a 5x5 grid over the crop are moved at random, and the input is read from where
the bent grid lies; the aim stays straight, so that the network learns to undo the warp and to draw only real faces.

Legend of shapes: B batch, N points, S side of the network's crops; 23 = a 2x3 matrix; 55 = the grid, its points as
x + iy (a method's own plan may have more lines). Pixel centres are at integers.
"""

import functools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from understudy.methods._faces.pool import Pool

CELLS = (2, 6)  # fewest and most cells along a crop's side of the local equalisation, as faceswap has it at 64 px
Matrices = NDArray[np.float64]
Grids = NDArray[np.complex128]


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How faces are varied; 0 leaves a variation out.

    rotation: degrees either way. zoom, shift: share of the crop either way. flip: probability.
    warp: standard deviation of the 5x5 grid's points, as a share of the crop's side; the input alone is warped.
    follow: whether the aim takes on the similarity that is in the warp (Umeyama), as in 2018.
    lightness, tint: shares by which L, and a and b, of CIELAB move either way. clahe: probability of local contrast
    equalisation (clip limit 2, 2 to 6 cells along a side). shade: standard deviation of the log exposure and of its
    slopes across the face.
    """

    rotation: float
    zoom: float
    shift: float
    flip: float
    warp: float
    follow: bool
    lightness: float
    tint: float
    clahe: float
    shade: float

    def __post_init__(self) -> None:
        if min(float(value) for value in vars(self).values()) < 0:
            raise ValueError("no variation may be below 0")
        if max(self.flip, self.clahe, self.lightness, self.tint, self.zoom) > 1:
            raise ValueError("flip, clahe, lightness, tint and zoom are shares of 1")


class Plan(NamedTuple):
    """Everything random about one side of a step."""

    index_B: NDArray[np.int64]
    to_pool_B23: Matrices  # aim's pixels -> pool's pixels
    bend_B55: Grids  # where the grid's points go, in the aim's pixels, x + iy
    colour_B3: NDArray[np.float32]
    cells_B: NDArray[np.int64]  # cells along a side of the local equalisation, 0 for none
    shade_B3: NDArray[np.float32]


def plan(generator: np.random.Generator, count: int, pool: Pool, size: int, how: Augmentation) -> Plan:
    """Draws `count` faces of a pool and their variations."""
    index = generator.integers(0, len(pool), count)
    turn = np.radians(generator.uniform(-1, 1, count) * how.rotation)
    scale = (1 + generator.uniform(-1, 1, count) * how.zoom) * size / pool.size
    shift = generator.uniform(-1, 1, (count, 2)) * how.shift * size
    flip = np.where(generator.random(count) < how.flip, -1.0, 1.0)
    to_crop = placed(turn, scale, shift, flip, pool.size, size)
    noise = generator.normal(0, how.warp * size, (count, 5, 5, 2))
    bend = grid(size) + noise[..., 0] + 1j * noise[..., 1]
    colour = generator.uniform(-1, 1, (count, 3)) * (how.lightness, how.tint, how.tint)
    clahe = generator.random(count) < how.clahe
    shade = generator.normal(0, 1, (count, 3)) * how.shade
    # Drawn only where asked: what no equalisation is asked of stays what it was before cells varied.
    cells = generator.integers(*CELLS, count, endpoint=True) * clahe if how.clahe else clahe.astype(np.int64)
    return Plan(index, inverted(to_crop), bend, colour.astype(np.float32), cells, shade.astype(np.float32))


def placed(
    turn_B: Matrices, scale_B: Matrices, shift_B2: Matrices, flip_B: Matrices, size_from: int, size_to: int
) -> Matrices:
    """The matrices (B23) that turn (radians), scale, flip (-1) and shift (pixels) a picture about its middle."""
    cosine, sine = scale_B * np.cos(turn_B), scale_B * np.sin(turn_B)
    linear = np.stack([np.stack([cosine * flip_B, -sine], -1), np.stack([sine * flip_B, cosine], -1)], -2)
    offset = (size_to - 1) / 2 + shift_B2 - linear.sum(axis=-1) * (size_from - 1) / 2
    return np.concatenate([linear, offset[..., None]], axis=-1)


def grid(size: int, lines: int = 5) -> Grids:
    """The grid of the warp, 5x5 unless told, from corner to corner of the crop, as x + iy."""
    line = np.linspace(-0.5, size - 0.5, lines)
    return np.asarray(line[None, :] + 1j * line[:, None])


@functools.cache
def spread(size: int, lines: int = 5) -> Matrices:
    """The matrix (size x lines) that interpolates linearly between the grid's lines."""
    position = np.clip((np.arange(size) + 0.5) * (lines - 1) / size, 0, lines - 1)
    weights: Matrices = np.maximum(0, 1 - np.abs(position[:, None] - np.arange(lines)))
    return weights


def similarities(bend_B55: Grids, size: int) -> Matrices:
    """The similarities (B23) nearest to warps, from the unbent grid to the bent one.

    Umeyama's fit of the bent grid to the unbent, inverted, as the 2018 recipe has it; in the plane it is a complex
    least-squares line.
    """
    straight, bent = grid(size, bend_B55.shape[-1]).ravel(), bend_B55.reshape(len(bend_B55), -1)
    middle = bent.mean(axis=1)
    around = bent - middle[:, None]
    factor = (around.conj() @ (straight - straight.mean())) / np.square(np.abs(around)).sum(axis=1)
    back = 1 / factor
    offset = middle - back * straight.mean()
    rows = [
        np.stack(row, axis=-1) for row in ((back.real, -back.imag, offset.real), (back.imag, back.real, offset.imag))
    ]
    return np.stack(rows, axis=1)


def then(first_B23: Matrices, after_B23: Matrices) -> Matrices:
    """The matrices that apply `first`, then `after`."""
    product = after_B23[:, :, :2] @ first_B23
    product[:, :, 2] += after_B23[:, :, 2]
    return product


def inverted(matrices_B23: Matrices) -> Matrices:
    """The inverses of affine matrices."""
    linear = np.linalg.inv(matrices_B23[:, :, :2])
    return np.concatenate([linear, -linear @ matrices_B23[:, :, 2:]], axis=2)


def applied(matrices_B23: Matrices, points_BN2: Matrices) -> Matrices:
    """Each row's points carried by its matrix."""
    return points_BN2 @ matrices_B23[:, :, :2].transpose(0, 2, 1) + matrices_B23[:, None, :, 2]


def unbend(points_BN2: Matrices, bend_B55: Grids, size: int) -> Matrices:
    """Where points of the straight crop lie in the bent one, to first order: the point minus its displacement."""
    lines = bend_B55.shape[-1]
    moved_B55 = bend_B55 - grid(size, lines)
    place = np.clip((points_BN2 + 0.5) * ((lines - 1) / size), 0, lines - 1)
    along = np.maximum(0, 1 - np.abs(place[..., None] - np.arange(lines)))  # B, N, (x, y), the grid's lines
    displacement = ((along[:, :, 1] @ moved_B55) * along[:, :, 0]).sum(axis=-1)
    straight: Matrices = points_BN2 - np.stack([displacement.real, displacement.imag], axis=-1)
    return straight
