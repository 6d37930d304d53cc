"""Where a clip's face is redrawn: a box in every frame, from the faceset's track.

The detector of the faces is the track's, which looks at a frame now and then and follows landmarks between them: no
frame is searched again here.

Legend of shapes: T video frames; a box is (x0, y0, x1, y1) in pixels, x1 and y1 just outside.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from understudy import lips
from understudy.errors import FaceError
from understudy.faces.smooth import stretches

if TYPE_CHECKING:
    from understudy.faces.faceset import Faceset

Smoothing = Literal["steady", "ahead"]

OVER: Final = 5
"""Frames over which a published box is averaged."""
_LEAP = 0.4  # widths of the box that no face moves in a frame: a cut
_LEAST = 4  # pixels: what is left of a face that has moved out of the picture is not redrawn below that


@dataclass(frozen=True, kw_only=True)
class Boxes:
    """How a face's box is found from its landmarks, alike in training and in conversion.

    top, bottom, left, right: room that is added, in pixels of a face of 96; published: 10 at the bottom, for the chin.
    rise: of the forehead above the brows, as a share of brows to chin: the networks were made for the boxes of a face
    detector. steady: seconds over which the sides are averaged, so that a box tells nothing of the jaw.
    """

    top: float
    bottom: float
    left: float
    right: float
    rise: float
    steady: float

    def __post_init__(self) -> None:
        if self.rise < 0 or self.steady < 0:
            raise ValueError("rise and steady must be 0 or more")

    @property
    def pads(self) -> tuple[float, float, float, float]:
        """Top, bottom, left, right."""
        return self.top, self.bottom, self.left, self.right


def placed(faceset: "Faceset", settings: Boxes, smoothing: Smoothing) -> NDArray[np.int64]:
    """The box of every frame (T, 4), whole pixels, within the frame; all 0 where nothing is to be redrawn.

    Where the face was not found for a second at most, its box is interpolated, at a clip's ends repeated. smoothing:
    "steady", as in training; "ahead", as published, of boxes that follow the jaw. Raises FaceError when there is none.
    """
    width, height = faceset.width, faceset.height
    if smoothing == "steady":
        found_T4 = lips.mouth_boxes(faceset, pads=settings.pads, rise=settings.rise, steady=settings.steady)
        whole_T4 = within(found_T4, width, height)
    else:
        bare_T4 = lips.mouth_boxes(faceset, pads=(0, 0, 0, 0), rise=settings.rise, steady=0.0)
        top, bottom, left, right = settings.pads  # pixels of the frame, as published
        whole_T4 = within(bare_T4 + np.array([-left, -top, right, bottom]), width, height)
        for start, stop in stretches(np.asarray(whole_T4.any(axis=1)), _leaps(whole_T4)):
            whole_T4[start:stop] = ahead(whole_T4[start:stop])
    if not whole_T4.any():
        raise FaceError(faceset.folder, "no face was found in any frame", "Give a clip in which the face is seen.")
    return whole_T4


def within(boxes_T4: NDArray[np.float64], width: int, height: int) -> NDArray[np.int64]:
    """Boxes in whole pixels, cut to the frame; all 0 for one that is missing, or of which hardly anything is left."""
    sides = np.clip(np.rint(boxes_T4), 0, [width, height, width, height])
    small = ~((sides[:, 2:] - sides[:, :2]).min(axis=1) >= _LEAST)
    sides[small] = 0
    return np.asarray(sides, np.int64)


def ahead(boxes_T4: NDArray[Any]) -> NDArray[np.int64]:
    """Boxes averaged as published: over the OVER frames from each on, cut to whole pixels, so that a box is two frames
    ahead of its face. The last ones all get the mean of the last OVER entries, of which some are means already."""
    out, count = np.array(boxes_T4, np.int64), len(boxes_T4)
    for index in range(count):
        first = index if index + OVER <= count else max(0, count - OVER)
        out[index] = np.trunc(out[first : first + OVER].mean(axis=0))
    return out


def _leaps(boxes_T4: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The frames (T) whose box is elsewhere than that of the frame before."""
    middles_T2 = (boxes_T4[:, :2] + boxes_T4[:, 2:]) / 2
    moved = np.linalg.norm(np.diff(middles_T2, axis=0), axis=1)
    return np.concatenate([[False], moved > _LEAP * (boxes_T4[1:, 2] - boxes_T4[1:, 0])])
