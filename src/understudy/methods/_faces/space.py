"""The space the network works in: where a face lies in its crop, what colours it has, what is hidden around it.

Legend of shapes: B batch, S side of a crop, C channels, H height, W width; 23 = a 2x3 matrix.
Pictures are RGB in [0, 1].
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy.faces import masks
from understudy.faces.align import Matrix, apply, compose, invert, square

Anchor = Literal["features", "eyes", "camera"]
GREY = 0.5
_STRAYS, _MARGIN = 2.0, 0.04  # per cent of faces that may stick out of the crop; the least room around the others
_BARE = slice(27, 48)  # the landmarks of the nose and the eyes
_LEAST = 0.02  # of a skin's colour, so that a black picture does not blow up


def anchors(sides: Sequence[Iterable[Any]], how: Anchor, coverage: str) -> list[Matrix]:
    """The similarity (23) of each side, given by its facesets, within the mean face's square: from where umeyama puts
    its faces to where they go.

    Fitting all features alike, as "features" leaves it, shrinks a long face and raises its eyes. "eyes" and "camera"
    put both sides' mean eyes, over all kept frames, in one place. "eyes" makes their distance the same, which differs
    least among people (by about 6 %: Dodgson 2004, "Variation and extrema of human interpupillary distance"). "camera"
    keeps the sides' sizes as filmed. What both share of size and place is chosen so that every face fits into the crop.
    """
    places = [_placed(side) for side in sides]
    if how == "features" or not all(len(points) for points, _ in places):
        return [np.eye(2, 3) for _ in sides]
    eyes = [(points[:, 36:42].mean(axis=(0, 1)), points[:, 42:48].mean(axis=(0, 1))) for points, _ in places]
    if how == "eyes":
        scales = [1 / float(np.linalg.norm(right - left)) for left, right in eyes]
    else:
        scales = [float(np.median(sizes)) for _, sizes in places]
    # Scale and place alone: a turn of the mean eyes would be chance.
    own = [
        np.column_stack([scale * np.eye(2), -scale * np.mean(pair, axis=0)])
        for scale, pair in zip(scales, eyes, strict=True)
    ]
    fitted = _fitted([apply(matrix, points) for matrix, (points, _) in zip(own, places, strict=True)], coverage)
    return [compose(fitted, matrix) for matrix in own]


def _placed(facesets: Iterable[Any]) -> tuple[Matrix, Matrix]:
    """Of each kept face: its outline in the mean face's square (N, 68, 2), its size as a share of the frame's."""
    outlines, sizes = [], []
    for faceset in facesets:
        back = invert(square(faceset.size, faceset.coverage))
        for points, matrix in zip(faceset.landmarks_N682, faceset.matrices_N23, strict=True):
            placing = compose(back, matrix)
            outlines.append(apply(placing, masks.raised(points)))
            sizes.append(1 / np.sqrt(np.abs(np.linalg.det(placing[:, :2]))) / faceset.height)
    return np.array(outlines), np.array(sizes)


def _fitted(sides: Sequence[Matrix], coverage: str) -> Matrix:
    """The scaling and shift (23) that brings all sides' outlines (N, 68, 2) into the crop of `coverage`."""
    low = np.min([np.percentile(points.min(axis=1), _STRAYS, axis=0) for points in sides], axis=0)
    high = np.max([np.percentile(points.max(axis=1), 100 - _STRAYS, axis=0) for points in sides], axis=0)
    corners = apply(invert(square(1, coverage)), np.array([(-0.5, -0.5), (0.5, 0.5)]))
    scale = (1 - 2 * _MARGIN) * float((corners[1] - corners[0]).min() / (high - low).max())
    return np.column_stack([scale * np.eye(2), corners.mean(axis=0) - scale * (low + high) / 2])


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
