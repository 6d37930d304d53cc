"""Alignment: which square of a frame is the face, as a similarity from frame pixels to crop pixels.

Landmarks 17-67 (brows, nose, eyes, mouth; not the jaw, which slides along the cheek when a head turns) are fitted to a
mean face by Umeyama's closed form, "Least-squares estimation of transformation parameters between two point patterns",
IEEE TPAMI 13(4), 1991. The mean face spans the unit square, and a coverage says how much room is left around it.

The mean is this project's own: dlib's landmarks on 24 neutral synthetic actors seen from the front, averaged by
generalised Procrustes analysis and made symmetric. Nobody's footage is in it.

Shapes: 682 = 68 points of (x, y); 23 = a 2x3 matrix, used as in cv2.warpAffine: crop = matrix @ (x, y, 1).
Pixel centres are at integers, so a crop of `size` pixels runs from -.5 to size - .5.
"""

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
CoverageName = Literal["half", "face", "full", "head"]

MEAN_51: Matrix = np.array(
    [
        (0.0000, 0.0654),
        (0.0838, 0.0065),
        (0.1908, 0.0003),
        (0.2974, 0.0220),
        (0.3946, 0.0692),
        (0.6054, 0.0692),
        (0.7026, 0.0220),
        (0.8092, 0.0003),
        (0.9162, 0.0065),
        (1.0000, 0.0654),
        (0.5000, 0.2341),
        (0.5000, 0.3524),
        (0.5000, 0.4680),
        (0.5000, 0.5863),
        (0.3771, 0.6581),
        (0.4360, 0.6802),
        (0.5000, 0.6987),
        (0.5640, 0.6802),
        (0.6229, 0.6581),
        (0.1083, 0.2493),
        (0.1767, 0.2136),
        (0.2629, 0.2149),
        (0.3318, 0.2689),
        (0.2551, 0.2927),
        (0.1699, 0.2912),
        (0.6682, 0.2689),
        (0.7371, 0.2149),
        (0.8233, 0.2136),
        (0.8917, 0.2493),
        (0.8301, 0.2912),
        (0.7449, 0.2927),
        (0.2852, 0.8840),
        (0.3589, 0.8300),
        (0.4399, 0.8007),
        (0.5000, 0.8168),
        (0.5601, 0.8007),
        (0.6411, 0.8300),
        (0.7148, 0.8840),
        (0.6451, 0.9581),
        (0.5653, 0.9928),
        (0.5000, 0.9997),
        (0.4347, 0.9928),
        (0.3549, 0.9581),
        (0.3231, 0.8851),
        (0.4389, 0.8755),
        (0.5000, 0.8791),
        (0.5611, 0.8755),
        (0.6769, 0.8851),
        (0.5620, 0.8936),
        (0.5000, 0.9003),
        (0.4380, 0.8936),
    ]
)
"""Landmarks 17-67 of the mean face, (x, y) in its unit square: brow ends at x = 0 and 1, brow tops and chin side of the
lower lip at y = 0 and 1."""


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How much of a head a crop holds, in sides of the mean face's unit square.

    padding: room on each side of that square. rise: how far the crop's centre lies above the square's centre.
    """

    padding: float
    rise: float = 0.0


COVERAGES: dict[str, Coverage] = {
    "half": Coverage(padding=0.0),  # brows to lower lip: what the 2018 swap learned and pasted
    "face": Coverage(padding=0.2),  # most of the forehead and chin, part of the cheeks
    "full": Coverage(padding=0.3),  # brows to chin and ear to ear: the whole jaw line
    "head": Coverage(padding=0.99, rise=0.5),  # hair, ears and neck
}
"""The named coverages. full is .2109375 x sqrt 2 and head is .70 x sqrt 2, the paddings of the field measured along the
diagonal, with the field's vertical shift of half a square for head."""


def umeyama(source_N2: NDArray[Any], target_N2: NDArray[Any]) -> Matrix:
    """The similarity (23) that takes source to target with the least squared error, never a reflection.

    Umeyama 1991, equations 39 to 43. Points may have any number of rows from two on, but must not all coincide.
    """
    source, target = np.asarray(source_N2, np.float64), np.asarray(target_N2, np.float64)
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    source, target = source - source_mean, target - target_mean
    u, singular, vt = np.linalg.svd(target.T @ source / len(source))
    sign = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt)) or 1.0])
    rotation = (u * sign) @ vt
    scale = (singular * sign).sum() / source.var(axis=0).sum()
    return np.column_stack([scale * rotation, target_mean - scale * rotation @ source_mean])


def align(landmarks_682: NDArray[Any], size: int, coverage: str) -> Matrix:
    """The matrix (23) from frame pixels to the pixels of a crop of `size` that shows the face at `coverage`."""
    return compose(square(size, coverage), umeyama(np.asarray(landmarks_682)[17:68], MEAN_51))


def square(size: int, coverage: str) -> Matrix:
    """The matrix (23) from the mean face's unit square to the pixels of a crop."""
    room = COVERAGES[coverage]
    side = 1 + 2 * room.padding
    scale = size / side
    corner_x, corner_y = 0.5 - side / 2, 0.5 - side / 2 - room.rise
    return np.array([[scale, 0.0, -corner_x * scale - 0.5], [0.0, scale, -corner_y * scale - 0.5]])


def narrow(coverage_from: str, size_from: int, coverage_to: str, size_to: int) -> Matrix:
    """The matrix (23) from the pixels of one crop to those of another of the same face, usually a narrower one."""
    return compose(square(size_to, coverage_to), invert(square(size_from, coverage_from)))


def compose(after_23: Matrix, before_23: Matrix) -> Matrix:
    """The matrix (23) that applies `before`, then `after`."""
    product = after_23[:, :2] @ before_23
    product[:, 2] += after_23[:, 2]
    return product


def invert(matrix_23: Matrix) -> Matrix:
    """The inverse (23) of an affine matrix."""
    linear = np.linalg.inv(matrix_23[:, :2])
    return np.column_stack([linear, -linear @ matrix_23[:, 2]])


def apply(matrix_23: Matrix, points_N2: NDArray[Any]) -> NDArray[np.float64]:
    """The points carried by a matrix; any leading shape, the last axis is (x, y)."""
    moved: NDArray[np.float64] = np.asarray(points_N2, np.float64) @ matrix_23[:, :2].T + matrix_23[:, 2]
    return moved


def crop(frame_HWC: NDArray[np.uint8], matrix_23: Matrix, size: int) -> NDArray[np.uint8]:
    """The face as a picture of size x size x 3; what lies outside the frame is black.

    A face larger than the crop is averaged down first, so that fine texture does not alias.
    """
    shrink = int(np.sqrt(max(1.0, 1 / abs(np.linalg.det(matrix_23[:, :2])))))
    if shrink > 1:
        # An enlarged crop, then the mean of each shrink x shrink block: block centres lie at (shrink - 1) / 2.
        matrix_23 = matrix_23 * shrink
        matrix_23[:, 2] += (shrink - 1) / 2
    large = cv2.warpAffine(frame_HWC, matrix_23, (size * shrink, size * shrink), flags=cv2.INTER_LINEAR)
    out = cv2.resize(large, (size, size), interpolation=cv2.INTER_AREA) if shrink > 1 else large
    return np.asarray(out, np.uint8)
