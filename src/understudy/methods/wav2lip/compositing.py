"""The face taken out of a frame, and the drawn one put back.

Legend of shapes: N faces, HWC a frame or face, uint8; a box is (x0, y0, x1, y1) in whole pixels; HW
weights from 0 to 1.
"""

import functools
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from understudy.lips import face

Blend = Literal["hard", "box", "lower"]
"""How a drawn face is put into its box. "hard": the whole box, as published. "box": the whole box with a soft edge.
"lower": its lower half alone, which the network was not shown, with a soft edge: the rest stays the camera's."""

Picture = NDArray[np.uint8]
Box = NDArray[np.int64]

# Widths of soft edges, as shares of the box's sides.
_SIDES, _BOTTOM, _TOP = 0.1, 0.08, 0.1
_SEAM = (0.42, 0.54)  # heights between which the drawn lower half takes over; the network was shown what is above .5
FIRST = 34
"""The first row of a face of 96 that "lower" looks at, those between which it interpolates included."""


def taken(frame_HWC: Picture, box_4: Box, size: int, blend: Blend) -> Picture:
    """The face in the box of an RGB frame as a BGR square of `size`, as in training; for "hard" as published, which is
    by bilinear interpolation whatever its size."""
    if blend != "hard":
        return face(frame_HWC, box_4, size)
    x0, y0, x1, y1 = box_4
    return np.asarray(cv2.resize(np.ascontiguousarray(frame_HWC[y0:y1, x0:x1, ::-1]), (size, size)), np.uint8)


def put(frame_HWC: Picture, face_HWC: Picture, box_4: Box, blend: Blend) -> NDArray[np.bool_]:
    """Puts a drawn face into the box of the frame, in place, their channels in one order; returns the frame's pixels
    that were replaced or mixed."""
    x0, y0, x1, y1 = box_4
    width, height = int(x1 - x0), int(y1 - y0)
    part_HWC = frame_HWC[y0:y1, x0:x1]
    changed_HW = np.zeros(frame_HWC.shape[:2], np.bool_)
    if blend == "hard":
        part_HWC[:] = cv2.resize(face_HWC, (width, height))
        changed_HW[y0:y1, x0:x1] = True
        return changed_HW
    larger = width > face_HWC.shape[1]
    placed_HWC = cv2.resize(face_HWC, (width, height), interpolation=cv2.INTER_CUBIC if larger else cv2.INTER_AREA)
    weights_HW = weights(width, height, blend)
    part_HWC[:] = cv2.blendLinear(placed_HWC, np.ascontiguousarray(part_HWC), weights_HW, 1 - weights_HW)
    changed_HW[y0:y1, x0:x1] = weights_HW > 0
    return changed_HW


def pictures(drawn_NCHW: Tensor) -> NDArray[np.uint8]:
    """Faces in [0, 1] as bytes NHWC, cut to whole numbers as published."""
    bytes_NHWC = (drawn_NCHW.float() * 255).permute(0, 2, 3, 1).contiguous()
    return np.asarray(bytes_NHWC.numpy(force=True).astype(np.uint8))


@functools.lru_cache(maxsize=64)
def weights(width: int, height: int, blend: Blend) -> NDArray[np.float32]:
    """The drawn face's share of each pixel of a box."""
    if blend == "hard":
        return np.ones((height, width), np.float32)
    across, down = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    sides = _ramp(across, 0, _SIDES) * _ramp(1 - across, 0, _SIDES)
    top = _ramp(down, *_SEAM) if blend == "lower" else _ramp(down, 0, _TOP)
    found = np.outer(top * _ramp(1 - down, 0, _BOTTOM), sides).astype(np.float32)
    found.flags.writeable = False
    return found


def _ramp(values: NDArray[np.float64], start: float, stop: float) -> NDArray[np.float64]:
    """0 up to `start`, 1 from `stop` on, smooth between (Hermite)."""
    share = np.clip((values - start) / (stop - start), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))
