"""The space the network works in: where a face lies in its crop, what colours it has, what is hidden around it.

Legend of shapes: B batch, S side of a crop, C channels, H height, W width; 23 = a 2x3 matrix.
Pictures are RGB in [0, 1].
"""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from understudy.faces.align import MEAN_51, Matrix, apply, compose, invert, square

Anchor = Literal["features", "eyes"]
GREY = 0.5
SPREAD = 0.16  # the canonical deviation: three deviations either way stay within [0, 1]
_LEAST = 0.01  # of a face's deviation, so that a flat picture does not blow up


def anchor(facesets: Iterable[Any], how: Anchor) -> Matrix:
    """The similarity (23) of a subject, within the mean face's square, from where umeyama puts faces to where they go.

    "eyes": the subject's mean eye centres, over all kept frames, go to the mean face's. Fitting all features alike, a
    long face would be shrunk and its eyes raised; the distance of the eyes differs least among people (it varies by
    about 6 % among adults: Dodgson 2004, "Variation and extrema of human interpupillary distance").
    """
    if how == "features":
        return np.eye(2, 3)
    eyes = []
    for faceset in facesets:
        back = invert(square(faceset.size, faceset.coverage))
        for points, matrix in zip(faceset.landmarks_N682, faceset.matrices_N23, strict=True):
            placed = apply(compose(back, matrix), points)
            eyes.append((placed[36:42].mean(axis=0), placed[42:48].mean(axis=0)))
    if not eyes:
        return np.eye(2, 3)
    own = np.mean(eyes, axis=0)
    ours = np.array([MEAN_51[19:25].mean(axis=0), MEAN_51[25:31].mean(axis=0)])
    # Scale and place alone: a turn of the mean eyes would be chance.
    scale = np.linalg.norm(ours[1] - ours[0]) / np.linalg.norm(own[1] - own[0])
    return np.column_stack([scale * np.eye(2), ours.mean(axis=0) - scale * own.mean(axis=0)])


def into(coverage_from: str, size_from: int, anchor_23: Matrix, coverage: str, size: int) -> Matrix:
    """The matrix (23) from the pixels of a usual crop to those of the network's, which is `coverage` at `size`."""
    return compose(compose(square(size, coverage), anchor_23), invert(square(size_from, coverage_from)))


class Toned(NamedTuple):
    """Crops in canonical tone, and the mean and deviation (B311) that they had."""

    crops_B3SS: Tensor
    mean_B311: Tensor
    deviation_B311: Tensor


def canonical(crops_B3SS: Tensor, mask_B1SS: Tensor) -> Toned:
    """Every channel at mean 1/2 and deviation SPREAD inside the mask, clipped to [0, 1]."""
    total = mask_B1SS.sum((2, 3), keepdim=True).clamp(min=1)
    mean = (crops_B3SS * mask_B1SS).sum((2, 3), keepdim=True) / total
    square_mean = (crops_B3SS.square() * mask_B1SS).sum((2, 3), keepdim=True) / total
    deviation = (square_mean - mean.square()).clamp(min=0).sqrt() + _LEAST
    gain = SPREAD / deviation
    return Toned(torch.clamp(crops_B3SS * gain + (GREY - mean * gain), 0, 1), mean, deviation)


def restored(crops_B3SS: Tensor, like: Toned) -> Tensor:
    """Canonical crops with the mean and deviation of others, clipped to [0, 1]."""
    gain = like.deviation_B311 / SPREAD
    return torch.clamp(crops_B3SS * gain + (like.mean_B311 - GREY * gain), 0, 1)


def hidden(crops_B3SS: Tensor, mask_B1SS: Tensor) -> Tensor:
    """Crops with grey outside the mask."""
    return crops_B3SS * mask_B1SS + GREY * (1 - mask_B1SS)
