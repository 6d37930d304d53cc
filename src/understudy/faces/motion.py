"""Motion: how a face moves across the frame, and the blur that an open shutter makes of it.

Legend of shapes: N faces, H height, W width, C = 3 channels, RGB; 682 = 68 landmarks of (x, y); _2 = (x, y).
"""

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# Brows, nose and eyes: the chin and the lips move by themselves when a head speaks.
_RIGID = slice(17, 48)
_STILL = 0.1  # pixels; a shorter streak is no streak
_SAMPLES = 8  # a pixel of the streak


def movement(landmarks_N682: NDArray[Any], frames_N: NDArray[np.int64]) -> NDArray[np.float64]:
    """How far each face moves from frame to frame (N2), in frame pixels: half the way from the one before to the next.

    frames: the video frame of each face, ascending. Where only one of the two neighbours is the very next frame, the
    way from or to it counts; where neither is, the movement is not known and 0.
    """
    places_N2 = np.asarray(landmarks_N682, np.float64)[:, _RIGID].mean(axis=1)
    joined = np.diff(frames_N) == 1
    steps = np.where(joined[:, None], np.diff(places_N2, axis=0), 0.0)
    none = np.zeros((min(1, len(places_N2)), 2))
    total = np.concatenate([none, steps]) + np.concatenate([steps, none])
    count = np.concatenate([none[:, 0], joined]) + np.concatenate([joined, none[:, 0]])
    return np.asarray(total / np.maximum(count, 1)[:, None])


def reach(streak_2: NDArray[np.float64]) -> int:
    """How many pixels around a picture its blurring sees."""
    return 0 if math.hypot(*streak_2) < _STILL else math.ceil(np.abs(streak_2).max() / 2) + 2


def blurred(picture_HWC: NDArray[np.uint8], streak_2: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The picture averaged along a line centred on each pixel: what a shutter sees that is open while it moves so far.

    streak: the way that it moves meanwhile, in pixels. Below a tenth of a pixel the picture stays as it is.
    """
    if not reach(streak_2):
        return picture_HWC
    out = cv2.filter2D(picture_HWC, -1, kernel(streak_2), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8)


def kernel(streak_2: NDArray[np.float64]) -> NDArray[np.float32]:
    """The weights (odd, square, sum 1) of a line from -streak / 2 to streak / 2.

    Each of its points is spread over pixels by Keys' cubic ("Cubic convolution interpolation", IEEE TASSP 29(6), 1981,
    equation 15), which keeps mean and variance, so that the line is neither shorter nor longer than asked.
    """
    side = math.ceil(np.abs(streak_2).max() / 2) + 2
    count = max(2, math.ceil(_SAMPLES * math.hypot(*streak_2)))
    along = (np.arange(count) + 0.5) / count - 0.5
    pixels = np.arange(-side, side + 1)
    across, down = (_cubic(pixels[None] - along[:, None] * way) for way in streak_2)
    return np.asarray(down.T @ across / count, np.float32)


def _cubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' kernel with a = -1/2."""
    far = np.abs(distance)
    near = (1.5 * far - 2.5) * far * far + 1
    beyond = ((-0.5 * far + 2.5) * far - 4) * far + 2
    return np.asarray(np.where(far < 1, near, np.where(far < 2, beyond, 0.0)))
