"""Finding the visible label in pictures that may have been encoded anew, scaled, cropped or mirrored.

The label stands still while the rest moves: the mean of some frames keeps it and blurs what is behind. It is sought by
normalised correlation with the word's own strokes at every size that it may have, over the whole picture.

Legend of shapes: HWC = height, width, RGB; HW = one channel.
"""

import dataclasses
from collections.abc import Iterable
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.provenance.label import UNITS_HIGH, UNITS_WIDE, Box, patch

# Measured (benchmarks/credentials.md): the cast's frames, noise, stripes and texts stay below 0.62, but for words that
# begin alike; the label fits by 0.8 and more down to H.264 at crf 35, and by 0.67 where it is scaled out of legibility.
LEAST_FIT = 0.65
_UNIT = 2  # pixels a unit of the strokes at which pictures are compared
# From one size tried to the next: over half the word, strokes then fall at most 0.3 units beside their place.
_STEP = 1.025
# Grey levels: the label's own strokes deviate by 110, small and blurred ones by 60.
_LEAST_CONTRAST = 25.0
# Pixels a unit, as a share of the shorter side, of labels after scaling to 45-170 % and cropping by a third.
_SMALLEST, _LARGEST = 0.0025, 0.0105


@dataclasses.dataclass(frozen=True, kw_only=True)
class Label:
    """Where the word SYNTHETIC stands in a picture (box of its letters, pixels), and how well it fits, up to 1."""

    box: Box
    fit: float
    mirrored: bool


class Still:
    """What stands still in a clip: the mean luma of some of its frames, added one by one."""

    def __init__(self) -> None:
        self.grey_HW: NDArray[np.float32] | None = None
        self.count = 0

    def add(self, frame_HWC: NDArray[np.uint8]) -> None:
        """Adds a frame: RGB, uint8, all of one size."""
        grey_HW = np.asarray(cv2.cvtColor(frame_HWC, cv2.COLOR_RGB2GRAY), np.float32)
        self.count += 1
        if self.grey_HW is None:
            self.grey_HW = grey_HW
        else:
            cv2.accumulateWeighted(grey_HW, self.grey_HW, 1 / self.count)


def find_label(frames: Iterable[NDArray[np.uint8]]) -> Label | None:
    """The label in some frames of one size (RGB, uint8, HWC); None when nothing fits at least LEAST_FIT."""
    still = Still()
    for frame_HWC in frames:
        still.add(frame_HWC)
    return seen_in(still)


def seen_in(still: Still) -> Label | None:
    """The label in what stands still; None when nothing fits at least LEAST_FIT."""
    found = None if still.grey_HW is None else best_fit(still.grey_HW)
    return found if found and found.fit >= LEAST_FIT else None


def best_fit(grey_HW: NDArray[np.float32]) -> Label | None:
    """What is most like the label, however little; None in a picture that is too small for it."""
    side = min(grey_HW.shape)
    units = np.geomspace(max(0.6, _SMALLEST * side), max(1.7, _LARGEST * side), _count(side))
    fits = [fit for unit in units.tolist() for fit in _fits(grey_HW, unit)]
    return max(fits, key=lambda fit: fit.fit, default=None)


def _count(side: int) -> int:
    """How many sizes are tried for a picture of that shorter side."""
    ratio = max(1.7, _LARGEST * side) / max(0.6, _SMALLEST * side)
    return 1 + int(np.ceil(np.log(ratio) / np.log(_STEP)))


@cache
def _word(mirrored: bool) -> NDArray[np.float32]:
    """The word with a margin of one unit, `_UNIT` pixels a unit."""
    fine = 12
    whole_HW = patch(UNITS_WIDE * fine, UNITS_HIGH * fine)[fine:-fine, fine:-fine, 0]
    size = (_UNIT * (UNITS_WIDE - 2), _UNIT * (UNITS_HIGH - 2))
    small_HW = cv2.resize(whole_HW, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.ascontiguousarray(small_HW[:, ::-1] if mirrored else small_HW)


def _fits(grey_HW: NDArray[np.float32], unit: float) -> list[Label]:
    """The best place of the word at `unit` pixels a unit, read forwards and mirrored."""
    zoom = _UNIT / unit
    height, width = (round(side * zoom) for side in grey_HW.shape)
    word_HW = _word(False)
    if height < word_HW.shape[0] or width < word_HW.shape[1]:
        return []
    way = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
    scaled_HW = np.asarray(cv2.resize(grey_HW, (width, height), interpolation=way), np.float32)
    return [_best(scaled_HW, zoom, mirrored) for mirrored in (False, True)]


def _best(scaled_HW: NDArray[np.float32], zoom: float, mirrored: bool) -> Label:
    word_HW = _word(mirrored)
    fit_HW = cv2.matchTemplate(scaled_HW, word_HW, cv2.TM_CCOEFF_NORMED)
    # White on black is never flat; where a picture is, the correlation is nothing divided by nothing.
    fit_HW[_contrast(scaled_HW, fit_HW.shape, word_HW.shape) < _LEAST_CONTRAST] = -1.0
    y, x = np.unravel_index(int(fit_HW.argmax()), fit_HW.shape)
    x0, y0 = round(int(x) / zoom), round(int(y) / zoom)
    box = (x0, y0, x0 + round(word_HW.shape[1] / zoom), y0 + round(word_HW.shape[0] / zoom))
    return Label(box=box, fit=float(fit_HW[y, x]), mirrored=mirrored)


def _contrast(scaled_HW: NDArray[np.float32], places: tuple[int, ...], window: tuple[int, ...]) -> NDArray[np.float32]:
    """The standard deviation, in grey levels, of each window of a picture, by its upper left corner."""
    size = (window[1], window[0])
    mean_HW = cv2.boxFilter(scaled_HW, -1, size, anchor=(0, 0))[: places[0], : places[1]]
    square_HW = cv2.sqrBoxFilter(scaled_HW, cv2.CV_32F, size, anchor=(0, 0))[: places[0], : places[1]]
    return np.asarray(np.sqrt(np.maximum(square_HW - mean_HW**2, 0.0)), np.float32)
