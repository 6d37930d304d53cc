"""The part of a frame that lip networks look at: about what the face detector S3FD boxes (Zhang et al. 2017), from the
middle of the forehead to the chin and from cheek to cheek, found from a faceset's landmarks.

A detector's box pulses with the jaw, and a network that sees the box of the mouth that it is to redraw learns to read
the opening from it. So a box follows the eyes and the nose, and its sides are averaged over more than a syllable.

Shapes: T video frames; 682 = 68 landmarks of (x, y); boxes_T4 = (left, top, right, bottom) in frame pixels, the last
two just outside, so that rounded ones are slices of the frame; NaN where there is none.
"""

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.faces.smooth import smooth, stretches

if TYPE_CHECKING:
    from understudy.faces.faceset import Faceset

SIZE = 96  # side of the faces that the networks see
PADS = (0.0, 10.0, 0.0, 0.0)  # top, bottom, left, right: Wav2Lip's, in pixels of a face of SIZE
RISE = 0.15  # of brows to chin: how far the forehead reaches above the brows
STEADY = 0.25  # seconds over which sides are averaged
GAP = 1.0  # seconds
_FIRM = slice(27, 48)  # nose and eyes: what speech does not move
_CALM = 0.04  # seconds over which the place is averaged: the landmarks' own tremor


def mouth_boxes(
    faceset: "Faceset",
    *,
    pads: tuple[float, float, float, float] = PADS,
    rise: float = RISE,
    steady: float = STEADY,
    gap: float = GAP,
) -> NDArray[np.float64]:
    """The box of the face in every video frame of a faceset's clip (T, 4), NaN where none can be told.

    pads: room at the top, bottom, left and right, in pixels of a face of SIZE; may be below 0. rise: forehead above the
    brows, as a share of brows to chin. steady: seconds of smoothing. gap: frames without the face for no longer than
    these seconds get boxes between those of their neighbours, at a clip's ends that of the nearest.
    """
    track = faceset.table["track"].to_numpy()
    cuts = np.concatenate([[False], (track[1:] != track[:-1]) & (track[1:] >= 0) & (track[:-1] >= 0)])
    return boxes(np.asarray(faceset.track_T682), faceset.fps, pads=pads, rise=rise, steady=steady, gap=gap, cuts_T=cuts)


def boxes(
    landmarks_T682: NDArray[Any],
    fps: float,
    *,
    pads: tuple[float, float, float, float] = PADS,
    rise: float = RISE,
    steady: float = STEADY,
    gap: float = GAP,
    cuts_T: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """The same of landmarks, NaN where there is no face. cuts_T: frames with which another picture begins."""
    points = np.asarray(landmarks_T682, np.float64)
    low, high = points.min(axis=1), points.max(axis=1)
    low[:, 1] -= rise * (high[:, 1] - low[:, 1])
    unit = (high - low) / SIZE
    top, bottom, left, right = pads
    corners = np.concatenate([low - unit * (left, top), high + unit * (right, bottom) + 1], axis=1)
    place = points[:, _FIRM].mean(axis=1)
    sides = smooth(corners - np.tile(place, 2), fps, steady, cuts_T)
    return _bridged(sides + np.tile(smooth(place, fps, _CALM, cuts_T), 2), round(gap * fps))


def _bridged(boxes_T4: NDArray[np.float64], longest: int) -> NDArray[np.float64]:
    """Boxes with the gaps of up to `longest` frames filled."""
    there = np.isfinite(boxes_T4).all(axis=1)
    if not there.any():
        return boxes_T4
    at, known = np.arange(len(boxes_T4)), np.flatnonzero(there)
    filled = np.stack([np.interp(at, known, boxes_T4[known, side]) for side in range(4)], axis=1)
    for start, stop in stretches(np.asarray(~there)):
        if stop - start > longest:
            filled[start:stop] = np.nan
    return filled


def within(box_4: NDArray[Any], width: int, height: int) -> tuple[int, int, int, int]:
    """A box in whole pixels inside a frame, at least one wide and high: left, top, right, bottom."""
    left, top, right, bottom = np.rint(box_4).astype(int).tolist()
    left, top = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
    return left, top, max(min(right, width), left + 1), max(min(bottom, height), top + 1)


def face(frame_HWC: NDArray[np.uint8], box_4: NDArray[Any], size: int = SIZE) -> NDArray[np.uint8]:
    """What lip networks see of an RGB frame: the box, squeezed into a square of `size`, BGR.

    Bilinear as the authors resize, but averaged where it shrinks to less than half, which bilinear leaves ragged.
    """
    left, top, right, bottom = within(box_4, frame_HWC.shape[1], frame_HWC.shape[0])
    part = np.ascontiguousarray(frame_HWC[top:bottom, left:right, ::-1])
    small = min(right - left, bottom - top) > 2 * size
    how = cv2.INTER_AREA if small else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(part, (size, size), interpolation=how), np.uint8)
