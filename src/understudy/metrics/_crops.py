"""The pieces of frames that networks are shown: squares about the swapped face, all of one size.

Shapes: H, W the frame; S the side of a crop.
"""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from understudy.metrics._moment import Frame


def square(mask_HW: NDArray[np.bool_]) -> tuple[int, int, int]:
    """The smallest square (first row, first column, side) about the mask's box that lies in the frame if one does."""
    rows, columns = np.flatnonzero(mask_HW.any(axis=1)), np.flatnonzero(mask_HW.any(axis=0))
    side = int(min(max(np.ptp(rows), np.ptp(columns)) + 1, *mask_HW.shape))
    top = (rows[0] + rows[-1] + 1 - side) // 2
    left = (columns[0] + columns[-1] + 1 - side) // 2
    height, width = mask_HW.shape
    return int(np.clip(top, 0, height - side)), int(np.clip(left, 0, width - side)), side


def cut(frame_HWC: Frame, box: tuple[int, int, int], size: int) -> Frame:
    """The square of a frame, resized to size x size (means of areas when it shrinks, cubic when it grows)."""
    top, left, side = box
    piece = frame_HWC[top : top + side, left : left + side]
    how = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(piece, (size, size), interpolation=how), np.uint8)


def tensor(*crops_SSC: Frame) -> torch.Tensor:
    """Crops as one batch (N, 3, S, S), float32 in [-1, 1]."""
    stacked = np.stack(crops_SSC).transpose(0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(stacked)).float() / 127.5 - 1
