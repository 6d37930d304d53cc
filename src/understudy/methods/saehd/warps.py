"""How SAEHD varies its faces: turned, scaled, shifted, flipped, and the input warped cell by cell.

The warp: the crop is cut into 2x2, 4x4 or 8x8 cells, by chance; the corners within it (those on its border stay) are
moved along x and y by truncated normal numbers, at most a share of a cell. The input is read from there; the aim stays
straight.

Legend of shapes: B batch, S side of the network's crops; 99 = the grid of 8x8 cells, whose points are x + iy; 23 = a
2x3 matrix.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from understudy.methods._faces.pool import Pool
from understudy.methods._faces.warps import Matrices, Plan, grid, inverted, placed

Warp = Literal["faithful", "fixed", "off"]
CELLS = (2, 4, 8)
LINES = max(CELLS) + 1
FARTHEST = 2.5  # standard deviations at which the normal numbers are cut off: a corner then moves all it may


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How faces are varied; 0 leaves a variation out.

    rotation: degrees either way. scale: largest share by which a face grows; it shrinks by as large a factor.
    shift: share of the crop either way. flip: probability.
    warp: "faithful" moves a corner along y as the corner mirrored at the diagonal moves along x, as upstream does by a
        slip: one array holds both, so that both draws fall upon the same numbers, and its transpose is the other.
        "fixed" moves them apart. "off" does not warp; of LIAE, the inter that sees both subjects is then frozen, which
        makes sense for a network that has learned with the warp before.
    bend: farthest that a corner moves along x or y, in cells (by "faithful", twice as far).
    warped: share of the learning's steps after which the warp is off.
    recolour: probability that a face takes on the colours of one of the other subject (Reinhard, in CIELAB).
    """

    rotation: float
    scale: float
    shift: float
    flip: float
    warp: Warp
    bend: float
    warped: float
    recolour: float

    def __post_init__(self) -> None:
        for name, most in (("rotation", 180), ("scale", 1), ("shift", 1), ("flip", 1), ("bend", 0.5), ("warped", 1)):
            if not 0 <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be from 0 to {most}, and is {getattr(self, name)}")
        if not 0 <= self.recolour <= 1:
            raise ValueError(f"recolour must be from 0 to 1, and is {self.recolour}")

    def warps(self, step: int, steps: int) -> bool:
        """Whether inputs are warped at a step of a learning of so many."""
        return self.warp != "off" and step < self.warped * steps


def plan(
    generator: np.random.Generator, count: int, pool: Pool, size: int, how: Augmentation, *, warped: bool = True
) -> Plan:
    """Draws `count` faces of a pool and their variations. What is drawn is the same whether it is `warped` or not."""
    index = generator.integers(0, len(pool), count)
    turn = np.radians(generator.uniform(-1, 1, count) * how.rotation)
    grown = generator.uniform(-1, 1, count) * how.scale
    scale = np.where(grown < 0, 1 / (1 - grown), 1 + grown) * size / pool.size
    shift = generator.uniform(-1, 1, (count, 2)) * how.shift * size
    flip = np.where(generator.random(count) < how.flip, -1.0, 1.0)
    to_crop = placed(turn, scale, shift, flip, pool.size, size)
    moved = bends(generator, count, how)
    bend = grid(size, LINES) + size * moved * float(warped)
    return Plan(
        index,
        inverted(to_crop),
        bend,
        np.zeros((count, 3), np.float32),
        np.zeros(count, np.int64),
        np.zeros((count, 3), np.float32),
    )


def bends(generator: np.random.Generator, count: int, how: Augmentation) -> NDArray[np.complex128]:
    """How far each point of the grid is moved (B99, x + iy), as shares of the crop's side."""
    cells = generator.choice(CELLS, count)
    low = ndtr(-FARTHEST)
    drawn = ndtri(generator.uniform(low, 1 - low, (count, 2, LINES, LINES))) / FARTHEST * how.bend
    if how.warp == "faithful":
        along_x = drawn[:, 0] + drawn[:, 1].transpose(0, 2, 1)
        along_y = along_x.transpose(0, 2, 1)
    else:
        along_x, along_y = drawn[:, 0], drawn[:, 1]
    moved = np.zeros((count, LINES, LINES), np.complex128)
    if how.warp != "off":
        for row, number in enumerate(cells):
            within = slice(1, number)
            coarse = np.zeros((number + 1, number + 1), np.complex128)
            coarse[within, within] = (along_x[row, within, within] + 1j * along_y[row, within, within]) / number
            between = _between(int(number))
            moved[row] = between @ coarse @ between.T
    return moved


def _between(cells: int) -> Matrices:
    """The matrix (9 x cells + 1) from a coarser grid's points to the same surface's on the grid of 8 cells."""
    places = np.arange(LINES) * cells / (LINES - 1)
    between: Matrices = np.maximum(0, 1 - np.abs(places[:, None] - np.arange(cells + 1)))
    return between
