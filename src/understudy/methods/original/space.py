"""The space the network works in: where a face lies in its crop, what colours it has, what is hidden around it.

Legend of shapes: B batch, S side of a crop, C channels, H height, W width; 23 = a 2x3 matrix.
Pictures are RGB in [0, 1].
"""

from collections.abc import Iterable
from typing import Any, Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy.faces import masks
from understudy.faces.align import MEAN_51, Matrix, apply, compose, invert, square

Anchor = Literal["features", "eyes"]
GREY = 0.5
_BARE = slice(27, 48)  # the landmarks of the nose and the eyes
_LEAST = 0.02  # of a skin's colour, so that a black picture does not blow up


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


def skin(picture_SSC: NDArray[np.uint8], points_N2: NDArray[Any]) -> NDArray[np.float32]:
    """The mean colour (3) of the skin between eyes and nose: no beard, brow or mouth is in it. RGB in [0, 1].

    points: the 68 landmarks in the picture's pixels, at least. Off the picture, the colour is grey.
    """
    side = picture_SSC.shape[0]
    inside = masks.fill(points_N2[_BARE], side, side) > GREY
    mean = cv2.mean(picture_SSC, inside.astype(np.uint8))[:3] if inside.any() else 3 * (255 * GREY,)
    return np.asarray(np.maximum(np.array(mean) / 255, _LEAST), np.float32)


def canonical(crops_B3SS: Tensor, skin_B311: Tensor) -> Tensor:
    """Crops with every channel scaled so that the skin is grey, clipped to [0, 1].

    Light and skin tone multiply what is seen; how a beard or a brow differs from it is the subject's own and stays.
    """
    return torch.clamp(crops_B3SS * (GREY / skin_B311), 0, 1)


def restored(crops_B3SS: Tensor, skin_B311: Tensor) -> Tensor:
    """Canonical crops with another skin, clipped to [0, 1]."""
    return torch.clamp(crops_B3SS * (skin_B311 / GREY), 0, 1)


def hidden(crops_B3SS: Tensor, mask_B1SS: Tensor) -> Tensor:
    """Crops with grey outside the mask."""
    return crops_B3SS * mask_B1SS + GREY * (1 - mask_B1SS)
