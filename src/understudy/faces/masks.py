"""Face masks from landmarks: the convex hull, and the hull raised over the forehead.

Shapes: 682 = 68 landmarks of (x, y); HW = a square mask, float32 from 0 to 1, smooth over one pixel at its edge.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.faces.align import Matrix, apply

_BROWS = np.arange(17, 27)
# For each brow point the eye points below it, whose mean is what the brow is raised from.
_EYES = ((36, 36), (37, 37), (37, 38), (38, 38), (39, 39), (42, 42), (43, 43), (43, 44), (44, 44), (45, 45))
_SHIFT = 4  # fillConvexPoly's fractional bits: a sixteenth of a pixel


def hull(landmarks_682: NDArray[Any], size: int, matrix: Matrix | None = None) -> NDArray[np.float32]:
    """The convex hull of the landmarks (HW): brows to jaw. `matrix` takes them to the mask's pixels first."""
    points = np.asarray(landmarks_682, np.float64)
    return fill(points if matrix is None else apply(matrix, points), size, size)


def extended(landmarks_682: NDArray[Any], size: int, matrix: Matrix | None = None) -> NDArray[np.float32]:
    """The hull with the brows raised by half their distance to the eyes (HW), so that it holds some forehead."""
    return hull(raised(landmarks_682), size, matrix)


def raised(landmarks_682: NDArray[Any]) -> NDArray[np.float64]:
    """The landmarks with each brow point moved away from its eye by half its distance to it."""
    points = np.array(landmarks_682, np.float64)
    points[_BROWS] += (points[_BROWS] - points[np.array(_EYES)].mean(axis=1)) / 2
    return points


def fill(points_N2: NDArray[Any], height: int, width: int) -> NDArray[np.float32]:
    """The convex hull of points, in pixels of a mask of height x width."""
    ring = cv2.convexHull(np.asarray(points_N2, np.float32))
    mask = np.zeros((height, width), np.uint8)
    fixed = np.rint(ring * (1 << _SHIFT)).astype(np.int32)
    cv2.fillConvexPoly(mask, fixed, 255, lineType=cv2.LINE_AA, shift=_SHIFT)
    return mask.astype(np.float32) / np.float32(255)
