"""Region: the rectangle of a frame that a mask covers, and what of crop space is seen in it.

Legend of shapes: H height, W width; 23 = a matrix, used as in cv2.warpAffine.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.faces import align

Box = tuple[int, int, int, int]
Weights = NDArray[np.float32]


def region(weights_HW: Weights, to_mask_23: align.Matrix, shape: tuple[int, ...]) -> Box | None:
    """The rectangle (x0, y0, x1, y1) of the frame that holds the mask's support; None when there is none in it.

    to_mask: takes the frame's pixels to the mask's.
    """
    x, y, width, height = cv2.boundingRect((weights_HW > 0).astype(np.uint8))
    if not width:
        return None
    edges = (x - 1, y - 1, x + width, y + height)  # a support pixel's interpolation reaches its neighbours
    corners = np.array([(edges[i], edges[j]) for i in (0, 2) for j in (1, 3)], np.float64)
    points = align.apply(align.invert(to_mask_23), corners)
    x0, y0 = np.maximum(np.floor(points.min(axis=0)).astype(int) - 2, 0)
    x1, y1 = np.minimum(np.ceil(points.max(axis=0)).astype(int) + 3, (shape[1], shape[0]))
    return (int(x0), int(y0), int(x1), int(y1)) if x0 < x1 and y0 < y1 else None


def framed(shape: tuple[int, ...], box: Box | None, alpha_HW: Weights) -> Weights:
    """The weights of a region among those of the whole frame."""
    whole_HW = np.zeros(shape[:2], np.float32)
    if box is not None:
        x0, y0, x1, y1 = box
        whole_HW[y0:y1, x0:x1] = alpha_HW
    return whole_HW


def warp(
    picture: NDArray[Any],
    matrix_23: NDArray[np.float64],
    box: Box,
    flags: int,
    fill: bool = False,
    finer: int = 1,
) -> NDArray[Any]:
    """A picture of crop space, seen in the frame's region `box`; beyond its border 0 (fill) or its edge repeated.

    finer: so many samples each way in a pixel, whose mean it is.
    """
    x0, y0, x1, y1 = box
    width, height = x1 - x0, y1 - y0
    first, step = (1 / finer - 1) / 2, 1 / finer  # where a pixel's samples lie around its centre
    moved = align.compose(matrix_23, np.array([[step, 0, x0 + first], [0, step, y0 + first]]))
    border = cv2.BORDER_CONSTANT if fill else cv2.BORDER_REPLICATE
    fine = (width * finer, height * finer)
    out = cv2.warpAffine(picture, moved, fine, flags=flags | cv2.WARP_INVERSE_MAP, borderMode=border)
    return np.asarray(cv2.resize(out, (width, height), interpolation=cv2.INTER_AREA) if finer > 1 else out)
