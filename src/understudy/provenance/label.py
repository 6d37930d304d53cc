"""The visible label: the word SYNTHETIC in white on a black box, in one corner of every frame.

The letters are strokes on a grid of 5 x 7 units, so that they look the same with any version of any library, and are
crisp from the smallest size (one pixel a unit) upwards.

Legend of shapes: HWC = height, width, RGB; N4 = boxes of (x0, y0, x1, y1) in pixels, the far edges excluded.
"""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.errors import MediaError

WORD = "SYNTHETIC"
SMALLEST = 64  # pixels: the label is 54 pixels wide at one pixel a unit

Box = tuple[int, int, int, int]
Stroke = tuple[tuple[int, int], ...]

_STROKES: dict[str, tuple[Stroke, ...]] = {
    "S": (((4, 1), (3, 0), (1, 0), (0, 1), (0, 2), (1, 3), (3, 3), (4, 4), (4, 5), (3, 6), (1, 6), (0, 5)),),
    "Y": (((0, 0), (0, 1), (2, 3), (4, 1), (4, 0)), ((2, 3), (2, 6))),
    "N": (((0, 6), (0, 0), (4, 6), (4, 0)),),
    "T": (((0, 0), (4, 0)), ((2, 0), (2, 6))),
    "H": (((0, 0), (0, 6)), ((4, 0), (4, 6)), ((0, 3), (4, 3))),
    "E": (((4, 0), (0, 0), (0, 6), (4, 6)), ((0, 3), (3, 3))),
    "I": (((0, 0), (0, 6)),),
    "C": (((4, 1), (3, 0), (1, 0), (0, 1), (0, 5), (1, 6), (3, 6), (4, 5)),),
}
_PAD = 2
_WIDTHS = [5 if letter != "I" else 1 for letter in WORD]
UNITS_WIDE, UNITS_HIGH = sum(_WIDTHS) + len(WORD) - 1 + 2 * _PAD, 7 + 2 * _PAD
# Letters are this share of the frame's shorter side, and never less than 7 pixels high.
_LETTER = 0.04
# A face's box is taken this much larger on each side: detectors leave out the chin and the forehead.
_FACE_MARGIN = 0.1
_FINE = 8  # subpixels a side of a pixel


def label_box(width: int, height: int, faces_N4: NDArray[np.float64] | None = None) -> Box:
    """The label's place (x0, y0, x1, y1) in a frame of `width` x `height` pixels.

    faces_N4: the faces' boxes over the whole clip; rows with NaN do not count. A corner that no face ever enters is
    taken, with the largest letters for which there is one; if there is none, the corner that faces cover least, with
    the smallest legible letters. Raises MediaError for a frame too small to carry a legible label.
    """
    if min(width, height) < SMALLEST:
        fact = f"{width} x {height} pixels cannot carry a legible label"
        raise MediaError("a fake", fact, f"Make it at least {SMALLEST} pixels on both sides.")
    faces = _enlarged(faces_N4)
    largest = max(1.0, round(2 * _LETTER * min(width, height) / 7) / 2)
    smallest = max(1.0, round(largest) / 2)
    scales = np.arange(largest, smallest - 0.25, -0.5)
    for scale in scales:
        for box in _corners(width, height, float(scale)):
            if _covered(box, faces) == 0:
                return box
    return min(_corners(width, height, smallest), key=lambda box: _covered(box, faces))


def _enlarged(faces_N4: NDArray[np.float64] | None) -> NDArray[np.float64]:
    faces = np.zeros((0, 4)) if faces_N4 is None else np.asarray(faces_N4, np.float64).reshape(-1, 4)
    faces = faces[np.isfinite(faces).all(axis=1)]
    margin_N2 = _FACE_MARGIN * (faces[:, 2:] - faces[:, :2])
    return np.concatenate([faces[:, :2] - margin_N2, faces[:, 2:] + margin_N2], axis=1)


def _corners(width: int, height: int, scale: float) -> list[Box]:
    """The four places of a label whose units are `scale` pixels; all coordinates even, for the chroma's sake."""
    wide, high = (2 * int(np.ceil(units * scale / 2)) for units in (UNITS_WIDE, UNITS_HIGH))
    gap = min(2 * round(scale), (width - wide) // 2)
    left, top = gap // 2 * 2, gap // 2 * 2
    right, bottom = (width - gap - wide) // 2 * 2, (height - gap - high) // 2 * 2
    return [(x, y, x + wide, y + high) for y in (bottom, top) for x in (right, left)]


def _covered(box: Box, faces_N4: NDArray[np.float64]) -> float:
    """The area, in pixels, that the faces cover of a box, summed over them."""
    sides_N2 = np.minimum(faces_N4[:, 2:], box[2:]) - np.maximum(faces_N4[:, :2], box[:2])
    return float(np.prod(np.maximum(sides_N2, 0), axis=1).sum())


@cache
def patch(width: int, height: int) -> NDArray[np.uint8]:
    """The label's picture at `width` x `height` pixels: HWC, uint8, read-only."""
    # Half pixels a unit, from a whole pixel on: strokes of the smallest letters fall on pixels, not between them.
    scale = np.floor(2 * min(width / UNITS_WIDE, height / UNITS_HIGH)) / 2 * _FINE
    fine_HW = np.zeros((height * _FINE, width * _FINE), np.uint8)
    left = (width - UNITS_WIDE * scale / _FINE) // 2 * _FINE
    top = (height - UNITS_HIGH * scale / _FINE) // 2 * _FINE
    column = _PAD
    for letter, units in zip(WORD, _WIDTHS, strict=True):
        for stroke in _STROKES[letter]:
            units_N2 = np.add(stroke, (column + 0.5, _PAD + 0.5))
            points_N2 = units_N2 * scale + (left, top) - 0.5
            cv2.polylines(fine_HW, [np.rint(points_N2).astype(np.int32)], False, 255, round(scale))
        column += units + 1
    picture_HW = cv2.resize(fine_HW, (width, height), interpolation=cv2.INTER_AREA)
    picture_HWC = np.repeat(picture_HW[..., None], 3, axis=2).astype(np.uint8)
    picture_HWC.setflags(write=False)
    return picture_HWC


def draw(rgb_HWC: NDArray[np.uint8], box: Box) -> None:
    """Draws the label into a picture, in place."""
    x0, y0, x1, y1 = box
    rgb_HWC[y0:y1, x0:x1] = patch(x1 - x0, y1 - y0)


def label_picture(rgb_HWC: NDArray[np.uint8], faces_N4: NDArray[np.float64] | None = None) -> NDArray[np.uint8]:
    """A labelled copy of a still picture that shows a fake; labelling it again changes nothing."""
    labelled_HWC = rgb_HWC.copy()
    height, width = rgb_HWC.shape[:2]
    draw(labelled_HWC, label_box(width, height, faces_N4))
    return labelled_HWC
