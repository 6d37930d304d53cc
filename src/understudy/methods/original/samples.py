"""Training samples: warped faces in, the same faces unwarped as the aim, each with its mask and weights.

All randomness of a step is drawn at once, from the seed and the step's number; each face is then read from the packed
crops and warped once for the input and once for the aim, straight to the network's size, with cv2 on 8-bit pictures.

Legend of shapes: B batch, S side of the network's crops, P side of the pool's, N faces, H height, W width, C = 3
channels, RGB; 682 = 68 landmarks of (x, y); 23 = a 2x3 matrix. Pixel centres are at integers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy.faces import masks
from understudy.faces.align import apply, invert
from understudy.learning import Draws
from understudy.methods.original.losses import Loss
from understudy.methods.original.pool import Pool

Floats = NDArray[np.float32]
_SHIFT = 4  # fillConvexPoly's fractional bits
_EYES, _MOUTH = (slice(36, 42), slice(42, 48)), slice(48, 60)


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How faces are varied; 0 leaves a variation out.

    rotation: degrees either way. zoom, shift: share of the crop either way. flip: probability.
    warp: standard deviation of the 5x5 grid's points, as a share of the crop's side; the input alone is warped.
    follow: whether the aim takes on the similarity that is in the warp (Umeyama), as in 2018.
    lightness, tint: shares by which L, and a and b, of CIELAB move either way. clahe: probability of local contrast
    equalisation (clip limit 2). shade: standard deviation of the log exposure and of its slopes across the face.
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


class Faces(NamedTuple):
    """One side of a batch: inputs and aims B3SS in [0, 1], the pixels' weights B1SS, the face's mask B1SS, in the
    input and in the aim."""

    inputs: Tensor
    aims: Tensor
    weights: Tensor
    seen: Tensor
    inside: Tensor


Batch = tuple[tuple[int, Faces], ...]
"""The sides that a step learns from, by number."""


class Plan(NamedTuple):
    """Everything random about one side of a step."""

    index_B: NDArray[np.int64]
    to_pool_B23: NDArray[np.float64]  # aim's pixels -> pool's pixels
    bend_B55: NDArray[np.complex128]  # where the grid's points go, in the aim's pixels, x + iy
    colour_B3: Floats
    clahe_B: NDArray[np.bool_]
    shade_B3: Floats


def plan(generator: np.random.Generator, count: int, pool: Pool, size: int, how: Augmentation) -> Plan:
    """Draws `count` faces of a pool and their variations."""
    index = generator.integers(0, len(pool), count)
    turn = np.radians(generator.uniform(-1, 1, count) * how.rotation)
    scale = (1 + generator.uniform(-1, 1, count) * how.zoom) * size / pool.size
    shift = generator.uniform(-1, 1, (count, 2)) * how.shift * size
    flip = np.where(generator.random(count) < how.flip, -1.0, 1.0)
    cosine, sine = scale * np.cos(turn), scale * np.sin(turn)
    linear = np.stack([np.stack([cosine * flip, -sine], -1), np.stack([sine * flip, cosine], -1)], -2)
    offset = (size - 1) / 2 + shift - linear.sum(axis=-1) * (pool.size - 1) / 2
    to_crop = np.concatenate([linear, offset[..., None]], axis=-1)
    noise = generator.normal(0, how.warp * size, (count, 5, 5, 2))
    bend = _grid(size) + noise[..., 0] + 1j * noise[..., 1]
    colour = generator.uniform(-1, 1, (count, 3)) * (how.lightness, how.tint, how.tint)
    clahe = generator.random(count) < how.clahe
    shade = generator.normal(0, 1, (count, 3)) * how.shade
    to_pool = np.stack([invert(matrix) for matrix in to_crop])
    return Plan(index, to_pool, bend, colour.astype(np.float32), clahe, shade.astype(np.float32))


def _grid(size: int) -> NDArray[np.complex128]:
    """The 5x5 grid of the warp, from corner to corner of the crop, as x + iy."""
    line = np.linspace(-0.5, size - 0.5, 5)
    return np.asarray(line[None, :] + 1j * line[:, None])


def spread(size: int) -> NDArray[np.float64]:
    """The matrix (size x 5) that interpolates linearly between the grid's lines."""
    position = np.clip((np.arange(size) + 0.5) * 4 / size, 0, 4)
    weights: NDArray[np.float64] = np.maximum(0, 1 - np.abs(position[:, None] - np.arange(5)))
    return weights


def similarity(bend_55: NDArray[np.complex128], size: int) -> NDArray[np.float64]:
    """The similarity (23) nearest to a warp, from the unbent grid to the bent one.

    Umeyama's fit of the bent grid to the unbent, inverted, as the 2018 recipe has it; in the plane it is a complex
    least-squares line.
    """
    straight, bent = _grid(size).ravel(), bend_55.ravel()
    spread_bent = bent - bent.mean()
    factor = (spread_bent.conj() @ (straight - straight.mean())) / (spread_bent.conj() @ spread_bent)
    back = 1 / factor
    offset = bent.mean() - back * straight.mean()
    return np.array([[back.real, -back.imag, offset.real], [back.imag, back.real, offset.imag]])


class Pairs:
    """The batches of two pools, each a function of the seed and the step alone: see `at`.

    apart: the sides take turns, one a step; else both are in every batch. images: pictures in a batch.
    """

    def __init__(
        self, pools: Sequence[Pool], batch: int, size: int, how: Augmentation, loss: Loss, *, seed: int, apart: bool
    ) -> None:
        self.pools, self.batch, self.size, self.how, self.loss, self.apart = pools, batch, size, how, loss, apart
        self.draws = Draws(seed)
        self.images = batch if apart else batch * len(pools)
        self._spread = spread(size)

    def at(self, step: int) -> Batch:
        """The batch of any step."""
        generator = self.draws.at(step)
        sides = [step % len(self.pools)] if self.apart else range(len(self.pools))
        return tuple(
            (side, self.side(self.pools[side], plan(generator, self.batch, self.pools[side], self.size, self.how)))
            for side in sides
        )

    def side(self, pool: Pool, chosen: Plan) -> Faces:
        """One side of a batch, as planned."""
        shape = (self.batch, self.size, self.size)
        inputs, aims = np.empty((*shape, 3), np.uint8), np.empty((*shape, 3), np.uint8)
        weights, seen, inside = (np.empty(shape, np.float32) for _ in range(3))
        bend_BSS = self._spread @ chosen.bend_B55 @ self._spread.T
        for row in range(self.batch):
            picture, landmarks = self._coloured(pool, chosen, row)
            matrix, bend = chosen.to_pool_B23[row], bend_BSS[row]
            inputs[row] = _bent(picture, matrix, bend)
            if self.how.follow:
                matrix = _then(similarity(chosen.bend_B55[row], self.size), matrix)
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            aims[row] = cv2.warpAffine(picture, matrix, shape[1:], flags=flags, borderMode=cv2.BORDER_REPLICATE)
            in_aim = apply(invert(matrix), landmarks)
            in_input = _unbend(apply(invert(chosen.to_pool_B23[row]), landmarks), chosen.bend_B55[row], self.size)
            seen[row], inside[row] = masks.extended(in_input, self.size), masks.extended(in_aim, self.size)
            weights[row] = weigh(in_aim, inside[row], self.loss)
        light_BSS1 = _shades(chosen.shade_B3, self.size)
        return Faces(
            _tensor(inputs, light_BSS1),
            _tensor(aims, light_BSS1),
            *(torch.from_numpy(values[:, None]) for values in (weights, seen, inside)),
        )

    def _coloured(self, pool: Pool, chosen: Plan, row: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """A face of the pool in this step's colours, and its landmarks."""
        picture, landmarks = pool[int(chosen.index_B[row])]
        if self.how.lightness or self.how.tint or chosen.clahe_B[row]:
            picture = recolour(picture, chosen.colour_B3[row], bool(chosen.clahe_B[row]))
        return picture, landmarks


def recolour(picture_HWC: NDArray[np.uint8], amounts_3: Floats, clahe: bool) -> NDArray[np.uint8]:
    """A picture with L, a and b of CIELAB moved towards their ends (amounts -1 to 1), and equalised locally or not."""
    lab = np.asarray(cv2.cvtColor(picture_HWC, cv2.COLOR_RGB2LAB), np.uint8)
    if clahe:
        cells = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8))
        lab[..., 0] = cells.apply(np.ascontiguousarray(lab[..., 0]))
    values = np.arange(256, dtype=np.float32)[:, None]
    towards = np.where(amounts_3 > 0, 255 - values, values)
    table = np.clip(np.rint(values + amounts_3 * towards), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(cv2.LUT(lab, table[None]), cv2.COLOR_LAB2RGB), np.uint8)


def weigh(landmarks_682: NDArray[Any], inside_HW: Floats, settings: Loss) -> Floats:
    """The pixels' weights in the loss: outside, inside, eyes, mouth."""
    weights = inside_HW * np.float32(1 - settings.outside) + np.float32(settings.outside)
    for points, weight in ((_EYES[0], settings.eyes), (_EYES[1], settings.eyes), (_MOUTH, settings.mouth)):
        if weight != 1:
            ring = cv2.convexHull(np.rint(landmarks_682[points] * (1 << _SHIFT)).astype(np.int32))
            cv2.fillConvexPoly(weights, ring, float(weight), shift=_SHIFT)
    return weights


def _then(first_23: NDArray[np.float64], after_23: NDArray[np.float64]) -> NDArray[np.float64]:
    """The matrix that applies `first`, then `after`."""
    product = after_23[:, :2] @ first_23
    product[:, 2] += after_23[:, 2]
    return product


def _bent(
    picture_PPC: NDArray[np.uint8], to_pool_23: NDArray[np.float64], bend_SS: NDArray[np.complex128]
) -> NDArray[np.uint8]:
    """The input: the picture read where the bent grid lies in it."""
    place = (to_pool_23[0, 0] + 1j * to_pool_23[1, 0]) * bend_SS.real + (
        to_pool_23[0, 1] + 1j * to_pool_23[1, 1]
    ) * bend_SS.imag
    x, y = (place.real + to_pool_23[0, 2]).astype(np.float32), (place.imag + to_pool_23[1, 2]).astype(np.float32)
    return np.asarray(cv2.remap(picture_PPC, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _unbend(points_N2: NDArray[np.float64], bend_55: NDArray[np.complex128], size: int) -> NDArray[np.float64]:
    """Where points of the straight crop lie in the bent one, to first order: the point minus its displacement."""
    moved = bend_55 - _grid(size)
    place = np.clip((points_N2 + 0.5) * 4 / size, 0, 4)
    along = np.maximum(0, 1 - np.abs(place[..., None] - np.arange(5)))  # (N, xy, 5)
    displacement = np.einsum("nj,ji,ni->n", along[:, 1], moved, along[:, 0])
    straight: NDArray[np.float64] = points_N2 - np.stack([displacement.real, displacement.imag], axis=-1)
    return straight


def _shades(shade_B3: Floats, size: int) -> Floats | None:
    """Exposure over the crop (B, S, S, 1): level and slopes of its logarithm. None for no change."""
    if not shade_B3.any():
        return None
    line = np.linspace(-1, 1, size, dtype=np.float32)
    log = shade_B3[:, :1, None] + shade_B3[:, 1:2, None] * line[:, None] + shade_B3[:, 2:, None] * line
    return np.asarray(np.exp(log)[..., None], np.float32)


def _tensor(pictures_BHWC: NDArray[np.uint8], light_BHW1: Floats | None) -> Tensor:
    """Pictures as B3HW in [0, 1], channels last, under the given light."""
    values = pictures_BHWC * np.float32(1 / 255)
    if light_BHW1 is not None:
        values = np.minimum(values * light_BHW1, 1)
    return torch.from_numpy(values).permute(0, 3, 1, 2)
