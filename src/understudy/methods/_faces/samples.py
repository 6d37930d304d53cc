"""Training samples: warped faces in, the same faces unwarped as the aim, each with its mask and weights.

All randomness of a step is drawn at once, from the seed and the step's number; each face is then read from the packed
crops and warped once for the input and once for the aim, straight to the network's size, with cv2 on 8-bit pictures.

Legend of shapes: B batch, S side of the network's crops, P side of the pool's, N faces, H height, W width, C = 3
channels, RGB; 682 = 68 landmarks of (x, y); 23 = a 2x3 matrix. Pixel centres are at integers.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy.faces import masks
from understudy.learning import Draws
from understudy.methods._faces import space
from understudy.methods._faces.pool import Pool
from understudy.methods._faces.warps import (
    Augmentation,
    Grids,
    Matrices,
    Plan,
    applied,
    inverted,
    plan,
    similarities,
    spread,
    then,
    unbend,
)

Floats = NDArray[np.float32]
_SHIFT = 4  # fillConvexPoly's fractional bits
_EYES, _MOUTH = (slice(0, 6), slice(6, 12)), slice(12, 24)  # of a pool's points of eyes and mouth


class Weights(Protocol):
    """Weights of the pixels in a loss: outside the face, in the eyes, in the mouth; elsewhere 1."""

    @property
    def outside(self) -> float: ...

    @property
    def eyes(self) -> float: ...

    @property
    def mouth(self) -> float: ...


class Faces(NamedTuple):
    """One side of a batch: inputs B3SS and aims B3OO in [0, 1], their skins B311 (see space.skin), the pixels' weights
    in the aim B1OO, the face's mask in the input B1SS and in the aim B1OO."""

    inputs: Tensor
    aims: Tensor
    input_skins: Tensor
    aim_skins: Tensor
    weights: Tensor
    seen: Tensor
    inside: Tensor


Planner = Callable[[np.random.Generator, int, Pool], Plan]
"""planner(generator, count, pool) -> all that is random about `count` of the pool's faces in a step."""
Batch = tuple[tuple[int, Faces], ...]
"""The sides that a step learns from, by number."""


class Pairs:
    """The batches of two pools or more, each a function of the seed and the step alone: see `at`.

    size, drawn: side of the inputs and of the aims, equal unless told. apart: the sides take turns, one a
    step; else all are in every batch, or `together` of them, drawn anew each step. images: pictures in a batch.
    planned: draws what varies instead of `plan`.
    """

    def __init__(
        self,
        pools: Sequence[Pool],
        batch: int,
        size: int,
        how: Augmentation,
        loss: Weights,
        *,
        seed: int,
        apart: bool,
        drawn: int | None = None,
        planned: Planner | None = None,
        together: int | None = None,
    ) -> None:
        self.drawn, self.together = drawn or size, together
        self.pools, self.batch, self.size, self.how, self.loss, self.apart = pools, batch, size, how, loss, apart
        self.draws = Draws(seed)
        self.images = batch if apart else batch * (together or len(pools))
        self.planned = planned or (lambda generator, count, pool: plan(generator, count, pool, size, how))

    def at(self, step: int) -> Batch:
        """The batch of any step."""
        generator = self.draws.at(step)
        return tuple(
            (side, self.side(self.pools[side], self.planned(generator, self.batch, self.pools[side])))
            for side in self._sides(step, generator)
        )

    def _sides(self, step: int, generator: np.random.Generator) -> Sequence[int]:
        """The numbers of the pools that a step learns from."""
        count = len(self.pools)
        if self.apart:
            return [step % count]
        if self.together is None:
            return range(count)
        return [int(side) for side in generator.permutation(count)[: self.together]]

    def side(self, pool: Pool, chosen: Plan) -> Faces:
        """One side of a batch, as planned."""
        between = spread(self.size, chosen.bend_B55.shape[-1])
        bend_BSS = between @ chosen.bend_B55 @ between.T
        to_pool_B23 = chosen.to_pool_B23
        aim_B23 = then(similarities(chosen.bend_B55, self.size), to_pool_B23) if self.how.follow else to_pool_B23
        points = pool.points_N922[chosen.index_B]
        aim_B23 = then(np.broadcast_to(_resized(self.drawn, self.size), aim_B23.shape), aim_B23)
        in_aim = applied(inverted(aim_B23), points)
        in_input = unbend(applied(inverted(to_pool_B23), points), chosen.bend_B55, self.size)
        inputs, aims, inside, seen, weights = [], [], [], [], []
        for row, picture in enumerate(self._pictures(pool, chosen)):
            inputs.append(_bent(picture, to_pool_B23[row], bend_BSS[row]))
            aims.append(_straight(picture, aim_B23[row], self.drawn))
            inside.append(masks.fill(in_aim[row, :68], self.drawn, self.drawn))
            seen.append(masks.fill(in_input[row, :68], self.size, self.size))
            weights.append(weigh(in_aim[row, 68:], inside[-1], self.loss))
        skins = [
            torch.from_numpy(
                np.stack([space.skin(*each) for each in zip(pictures, places, strict=True)])[:, :, None, None]
            )
            for pictures, places in ((inputs, in_input), (aims, in_aim))
        ]
        planes = (torch.from_numpy(np.stack(values)[:, None]) for values in (weights, seen, inside))
        lit = (
            _tensor(pictures, _shades(chosen.shade_B3, side))
            for pictures, side in ((inputs, self.size), (aims, self.drawn))
        )
        return Faces(*lit, *skins, *planes)

    def _pictures(self, pool: Pool, chosen: Plan) -> Iterator[NDArray[np.uint8]]:
        """The chosen faces of the pool in this step's colours."""
        varied = bool(self.how.lightness or self.how.tint)
        for index, amounts, cells in zip(chosen.index_B, chosen.colour_B3, chosen.cells_B, strict=True):
            picture = pool[int(index)]
            yield recolour(picture, amounts, int(cells)) if varied or cells else picture


def _resized(size_from: int, size_to: int) -> Matrices:
    """The matrix (23) from a picture's pixels to those of the same picture at another size."""
    scale = size_to / size_from
    return np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2]])


def recolour(picture_HWC: NDArray[np.uint8], amounts_3: Floats, cells: int) -> NDArray[np.uint8]:
    """A picture with L, a and b of CIELAB moved towards their ends (amounts -1 to 1), its L then equalised locally.

    cells: of the equalisation along a side; 0 for none.
    """
    lab = np.asarray(cv2.cvtColor(picture_HWC, cv2.COLOR_RGB2LAB), np.uint8)
    values = np.arange(256, dtype=np.float32)[:, None]
    towards = np.where(amounts_3 > 0, 255 - values, values)
    table = np.clip(np.rint(values + amounts_3 * towards), 0, 255).astype(np.uint8)
    lab = np.asarray(cv2.LUT(lab, table[None]), np.uint8)
    if cells:
        equaliser = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(cells, cells))
        lab[..., 0] = equaliser.apply(np.ascontiguousarray(lab[..., 0]))
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)


def weigh(parts_N2: NDArray[Any], inside_HW: Floats, settings: Weights) -> Floats:
    """The pixels' weights in the loss: outside, inside, eyes, mouth. parts: a pool's points of eyes and mouth."""
    weights = inside_HW * np.float32(1 - settings.outside) + np.float32(settings.outside)
    for points, weight in ((_EYES[0], settings.eyes), (_EYES[1], settings.eyes), (_MOUTH, settings.mouth)):
        if weight != 1:
            ring = cv2.convexHull(np.rint(parts_N2[points] * (1 << _SHIFT)).astype(np.int32))
            cv2.fillConvexPoly(weights, ring, float(weight), shift=_SHIFT)
    return weights


def _straight(picture_PPC: NDArray[np.uint8], to_pool_23: Matrices, size: int) -> NDArray[np.uint8]:
    """The aim: the picture moved, and not bent."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(picture_PPC, to_pool_23, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def _bent(picture_PPC: NDArray[np.uint8], to_pool_23: Matrices, bend_SS: Grids) -> NDArray[np.uint8]:
    """The input: the picture read where the bent grid lies in it."""
    place = (to_pool_23[0, 0] + 1j * to_pool_23[1, 0]) * bend_SS.real + (
        to_pool_23[0, 1] + 1j * to_pool_23[1, 1]
    ) * bend_SS.imag
    x, y = (place.real + to_pool_23[0, 2]).astype(np.float32), (place.imag + to_pool_23[1, 2]).astype(np.float32)
    return np.asarray(cv2.remap(picture_PPC, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _shades(shade_B3: Floats, size: int) -> Floats | None:
    """Exposure over the crop (B, S, S, 1): level and slopes of its logarithm. None for no change."""
    if not shade_B3.any():
        return None
    line = np.linspace(-1, 1, size, dtype=np.float32)
    log = shade_B3[:, :1, None] + shade_B3[:, 1:2, None] * line[:, None] + shade_B3[:, 2:, None] * line
    return np.asarray(np.exp(log)[..., None], np.float32)


def _tensor(pictures: Sequence[NDArray[np.uint8]], light_BHW1: Floats | None) -> Tensor:
    """Pictures as B3HW in [0, 1], channels last, under the given light."""
    values = np.stack(pictures) * np.float32(1 / 255)
    if light_BHW1 is not None:
        values = np.minimum(values * light_BHW1, 1)
    return torch.from_numpy(values).permute(0, 3, 1, 2)
