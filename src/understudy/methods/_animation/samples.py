"""Training samples: two frames of one clip, one to be moved and the one that it is to become.

All randomness of a step is drawn from the seed and the step's number. Both frames of a pair are varied alike, so that
what lies between them is motion alone.

Legend of shapes: B batch, S side of the pictures; pictures are RGB, float32 in [0, 1].
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy.learning import Draws
from understudy.methods._animation.pool import Pool

_GREY = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as every colour jitter has it
_YIQ = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
_RGB = np.linalg.inv(_YIQ)


@dataclass(frozen=True, kw_only=True)
class Variation:
    """How pairs are varied; 0 leaves a variation out.

    mirror: probability of left for right. reverse: probability that the later frame is moved to the earlier one.
    brightness, contrast, saturation: shares either way. hue: turns either way, up to a half.
    """

    mirror: float
    reverse: float
    brightness: float
    contrast: float
    saturation: float
    hue: float

    def __post_init__(self) -> None:
        if not all(0 <= float(value) <= 1 for value in vars(self).values()) or self.hue > 0.5:
            raise ValueError("mirror, reverse, brightness, contrast, saturation must be 0 to 1, and hue 0 to 0.5")


class Pair(NamedTuple):
    """Frames of the same clips, both B3SS: the source's, and the driving ones that they are to become."""

    source: Tensor
    driving: Tensor


class Pairs:
    """The batches of a pool, each a function of the seed and of the step alone: for `learning.Steps`.

    Subjects are drawn evenly, however much footage there is of each, then one of the subject's clips, then two of its
    frames. images: pictures in a batch that a network draws.
    """

    def __init__(self, pool: Pool, batch: int, how: Variation, seed: int) -> None:
        self.pool, self.images, self.how, self.draws = pool, batch, how, Draws(seed)

    def at(self, step: int) -> Pair:
        """The batch of any step."""
        generator = self.draws.at(step)
        numbers_B2 = self.numbers(generator)
        mirrored_B = generator.random(self.images) < self.how.mirror
        colours_B33, share_B = colours(generator, self.images, self.how)
        pictures = self.pool.pictures_NSSC[numbers_B2].astype(np.float32) * np.float32(1 / 255)
        pictures[mirrored_B] = pictures[mirrored_B, :, :, ::-1]
        lit = _lit(pictures, colours_B33, share_B)
        source, driving = torch.from_numpy(lit).permute(1, 0, 4, 2, 3)
        return Pair(*(side.contiguous(memory_format=torch.channels_last) for side in (source, driving)))

    def numbers(self, generator: np.random.Generator) -> NDArray[np.int64]:
        """The numbers in the pool of the frames of each pair (B, 2): earlier first, unless reversed."""
        pairs = np.empty((self.images, 2), np.int64)
        for row in range(self.images):
            clips = self.pool.clips[generator.integers(len(self.pool.clips))]
            clip = clips[generator.integers(len(clips))]
            first, gap = generator.integers(len(clip)), generator.integers(1, len(clip))
            pairs[row] = sorted((clip[first], clip[(first + gap) % len(clip)]))
        reversed_B = generator.random(self.images) < self.how.reverse
        pairs[reversed_B] = pairs[reversed_B, ::-1]
        return pairs


def colours(
    generator: np.random.Generator, count: int, how: Variation
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The colour changes of each pair: a matrix (B, 3, 3) that turns hue, then saturates and brightens, and by how much
    contrast is raised about the pair's mean grey (B)."""
    turn, saturation, brightness, contrast = generator.uniform(-1, 1, (4, count))
    angle = turn * how.hue * 2 * np.pi
    rotation = np.zeros((count, 3, 3))
    rotation[:, 0, 0] = 1
    rotation[:, 1, 1] = rotation[:, 2, 2] = np.cos(angle)
    rotation[:, 1, 2], rotation[:, 2, 1] = -np.sin(angle), np.sin(angle)
    grey = np.broadcast_to(_GREY, (3, 3))
    saturated = grey + (1 + saturation * how.saturation)[:, None, None] * (np.eye(3) - grey)
    lit = (1 + brightness * how.brightness)[:, None, None]
    matrices = lit * saturated @ (_RGB @ rotation @ _YIQ)
    return matrices.astype(np.float32), (1 + contrast * how.contrast).astype(np.float32)


def _lit(
    pictures_B2SSC: NDArray[np.float32], colours_B33: NDArray[np.float32], contrast_B: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Pairs of pictures in changed colours, in [0, 1]."""
    if np.allclose(colours_B33, np.eye(3), atol=1e-5) and (contrast_B == 1).all():
        return pictures_B2SSC
    changed = pictures_B2SSC @ colours_B33.transpose(0, 2, 1)[:, None, None]
    mean = (changed @ _GREY.astype(np.float32)).mean(axis=(1, 2, 3))[:, None, None, None, None]
    share = contrast_B[:, None, None, None, None]
    return np.asarray(np.clip(mean + share * (changed - mean), 0, 1), np.float32)
