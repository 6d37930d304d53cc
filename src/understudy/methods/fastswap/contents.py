"""What a step learns from: faces of both sides, and for each the photos of the other side that are nearest to it.

Legend of shapes: B batch, N photos of a side, K nearest, L landmarks, S side of a crop; pictures are RGB in [0, 1].
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy.methods._faces.drawing import pooled
from understudy.methods._faces.pool import Pool
from understudy.methods._faces.samples import Faces, Pairs
from understudy.methods._faces.warps import Plan, applied, inverted, plan, unbend

if TYPE_CHECKING:
    from understudy.methods._faces.drawing import Face
    from understudy.methods.fastswap.config import Config

LIT = 0.4  # standard deviation of the log exposure and its slopes, of the two lights of a batch
Content = tuple[int, Faces, Tensor]
"""A side's number, faces of it, and for each the numbers of the other side's nearest photos (B, K)."""


class Batch(NamedTuple):
    """Both sides' faces, and two lights (L3) that faces can be laid under: see light.relit."""

    contents: tuple[Content, ...]
    lights_L3: Tensor


class Contents:
    """The batches of two pools, each a function of the seed and the step alone. photos: see `photographs`."""

    def __init__(self, pools: Sequence[Pool], photos: Sequence[Sequence["Face"]], config: "Config", seed: int) -> None:
        self.pairs = Pairs(
            pools, config.learning.batch, config.size, config.augmentation, config.loss, seed=seed, apart=False
        )
        self.landmarks = [np.stack([points for _, points in each]) for each in photos]
        self.photos = config.loss.photos
        self.images = self.pairs.images

    def at(self, step: int) -> Batch:
        """The batch of any step."""
        pairs, generator = self.pairs, self.pairs.draws.at(step)
        chosen = [plan(generator, pairs.batch, pool, pairs.size, pairs.how) for pool in pairs.pools]
        lights = torch.from_numpy((generator.normal(0, LIT, (2, 3))).astype(np.float32))
        return Batch(
            tuple(
                (side, pairs.side(pairs.pools[side], each), self._nearest(side, each))
                for side, each in enumerate(chosen)
            ),
            lights,
        )

    def _nearest(self, side: int, chosen: Plan) -> Tensor:
        """The other side's photos nearest to the planned faces (B, K), where these lie in the input."""
        points = self.pairs.pools[side].points_N922[chosen.index_B, :68]
        seen = unbend(applied(inverted(chosen.to_pool_B23), points), chosen.bend_B55, self.pairs.size)
        return torch.from_numpy(nearest(seen, self.landmarks[1 - side], self.photos))


def photographs(pool: Pool, size: int, most: int) -> list["Face"]:
    """At most so many of a pool's faces at `size`, evenly spread, with their landmarks, the brows raised."""
    count = min(most, len(pool))
    return [pooled(pool, int(number), size) for number in np.linspace(0, len(pool) - 1, count).round()]


def nearest(faces_BL2: NDArray[np.float64], photos_NL2: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """The photos whose landmarks are nearest to each face's by Euclidean distance, the nearest first (B, K).

    Fewer photos than asked for are all there are.
    """
    faces, photos = faces_BL2.reshape(len(faces_BL2), -1), photos_NL2.reshape(len(photos_NL2), -1)
    # |a - b|^2 = |a|^2 - 2 ab + |b|^2, of which |a|^2 is the same for all of a face's distances.
    distances = np.square(photos).sum(axis=1) - 2 * faces @ photos.T
    return np.argsort(distances, axis=1, kind="stable")[:, :count].astype(np.int64)
