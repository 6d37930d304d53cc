"""Marking pictures: the tile, repeated, added to the luma where the picture hides it.

Spread-spectrum marking after Cox, Kilian, Leighton & Shamoon (Secure Spread Spectrum Watermarking for Multimedia,
IEEE Transactions on Image Processing 6(12), 1997), with local activity as the mask.
"""

import functools
import math

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.errors import Error
from understudy.watermark.key import stream
from understudy.watermark.tile import SIDE, tile

SMALLEST = 64
# The mark's strength in grey levels (standard deviation): where nothing hides it, and where most is hidden.
_FLAT, _BUSY = 0.45, 4.0
# Grey levels of strength for each grey level that pixels differ from their surroundings.
_PER_ACTIVITY = 0.9
_WINDOW = 7
_HIGHEST_EDGE = 12
_REACH = np.ones((9, 9), np.uint8)
# 40 dB is promised; the search for the strength that keeps it aims a little better.
LEAST_PSNR = 40.0
_MOST_ERROR = 255.0**2 / 10 ** ((LEAST_PSNR + 0.05) / 10)


class Picture:
    """Marks pictures of one size with one payload.

    width, height: pixels, at least 64. payload: 32 bits. key: 32 bytes.
    """

    def __init__(self, width: int, height: int, payload: int, key: bytes) -> None:
        if min(width, height) < SMALLEST:
            fact = f"it is {width}x{height} px"
            raise Error("a picture to be marked", fact, f"A mark needs {SMALLEST} px on either side.")
        self.width, self.height = width, height
        self._pattern_HW = _pattern(width, height, payload, key)

    def mark(self, frame_HWC: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The frame (RGB) with the mark, as a new array: the same for the same frame, and never below 40 dB of it."""
        if frame_HWC.shape != (self.height, self.width, 3) or frame_HWC.dtype != np.uint8:
            fact = f"it is {frame_HWC.dtype} {frame_HWC.shape}"
            raise Error("a picture to be marked", fact, f"It must be uint8 {(self.height, self.width, 3)}.")
        change_HW = strength(frame_HWC) * self._pattern_HW
        whole_HW = np.rint(change_HW)
        while (error := float(np.vdot(whole_HW, whole_HW)) / whole_HW.size) > _MOST_ERROR:
            change_HW *= min(0.98, math.sqrt(_MOST_ERROR / error))
            whole_HW = np.rint(change_HW)
        change_HWC = cv2.merge([whole_HW.astype(np.int16)] * 3)
        return np.asarray(cv2.add(frame_HWC, change_HWC, dtype=cv2.CV_8U), np.uint8)


def strength(frame_HWC: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How strong the mark may be at each pixel, in grey levels: by how restless the luma is all around it.

    A lone edge hides nothing in the calm beside it: its height counts only so far, and erosion takes away what reaches
    over.
    """
    luma_HW = cv2.cvtColor(frame_HWC, cv2.COLOR_RGB2GRAY)
    rest_HW = np.minimum(cv2.absdiff(luma_HW, cv2.blur(luma_HW, (_WINDOW, _WINDOW))), _HIGHEST_EDGE)
    activity_HW = cv2.erode(cv2.boxFilter(rest_HW, cv2.CV_32F, (_WINDOW, _WINDOW)), _REACH)
    strength_HW = _FLAT + _PER_ACTIVITY * cv2.blur(activity_HW, _REACH.shape)
    return np.asarray(np.minimum(strength_HW, _BUSY), np.float32)


@functools.lru_cache(maxsize=4)
def _pattern(width: int, height: int, payload: int, key: bytes) -> NDArray[np.float32]:
    """The tile repeated over a picture, from a corner that the key draws."""
    down, across = stream(key, "picture corner", 2) % SIDE
    rolled = np.roll(tile(key, payload), (int(down), int(across)), (0, 1))
    return np.tile(rolled, (-(-height // SIDE), -(-width // SIDE)))[:height, :width].copy()
