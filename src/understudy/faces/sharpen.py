"""Sharpening: a face minus a blurred self is its detail, of which some is added.

Legend of shapes: H height, W width, C = 3 channels, RGB.
"""

import math
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Sharpener = Literal["gaussian", "box", "unsharp"]

_GRAIN = 3.0  # levels of 255: what "unsharp" takes for grain and leaves


def sharpened(picture_HWC: NDArray[np.uint8], how: Sharpener, amount: float, radius: float) -> NDArray[np.uint8]:
    """The picture with `amount` times its detail added; 0 leaves it as it is.

    gaussian: detail is what a Gaussian of standard deviation `radius` (pixels) takes away. box: what a mean over
    2 radius + 1 pixels takes away, which has a harder limit. unsharp: as gaussian, but of each pixel's detail the first
    three levels stay as they are, so that grain and the codec's blocks are not sharpened along.
    """
    if amount == 0:
        return picture_HWC
    soft = _mean(picture_HWC, radius) if how == "box" else cv2.GaussianBlur(picture_HWC, (0, 0), radius)
    if how != "unsharp":
        return np.asarray(cv2.addWeighted(picture_HWC, 1 + amount, soft, -amount, 0), np.uint8)
    detail = cv2.subtract(picture_HWC, soft, dtype=cv2.CV_32F)
    # Less by the grain, not nothing below it: a threshold would switch pixels on and off from frame to frame.
    detail -= np.clip(detail, -_GRAIN, _GRAIN)
    return np.asarray(np.rint(np.clip(picture_HWC + np.float32(amount) * detail, 0, 255)), np.uint8)


def _mean(picture_HWC: NDArray[np.uint8], radius: float) -> NDArray[np.uint8]:
    """The mean of 2 radius + 1 pixels each way; of the outermost ones their share, so that it grows without jumps."""
    whole = math.ceil(radius)
    line = np.ones(2 * whole + 1)
    line[[0, -1]] = radius - (whole - 1)
    line /= line.sum()
    return np.asarray(cv2.sepFilter2D(picture_HWC, -1, line, line, borderType=cv2.BORDER_REFLECT_101), np.uint8)
