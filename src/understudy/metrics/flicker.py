"""Flicker: how much the fake's face changes between frames where the driver's does not.

The dense motion between two frames of the driver (DIS optical flow, Kroeger et al. 2016, computed on the driver
because the fake moves as it does and may itself flicker) takes frame t-1 of each video to frame t; what then still
differs is that video's residual, the warping error of Lai et al. 2018 (section 3.3). The flicker of a frame is the
mean absolute difference of the fake's and the driver's residual, over the convex hull of the driver's landmarks and
the three channels. The driver's residual is taken off so that what no flow explains (a blink, a mouth opening) is not
blamed on the fake: the driver unchanged has exactly 0, an alternation by +d and -d over the face has 2d. A face of
other colours moves with other contrasts, so that an exact swap has some flicker: see the truth's row.

Row: `flicker`, of the full range of 8 bits, lower is better; n = pairs of frames with the driver's face found.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.metrics._case import Case, Meter, Quantity, Stream, Tally
from understudy.metrics._moment import Frame, Moment, Points

LOOKS_AT: tuple[Stream, ...] = ("fake", "driver")
FLICKER = Quantity("flicker", "of full range", "lower")
MARGIN = 0.25  # of the face's box on each side: how far the flow may reach
SMALLEST = 32  # pixels: DIS needs room for its coarsest patches


class _Flicker(Tally):
    def __init__(self) -> None:
        super().__init__(FLICKER)
        self.previous: tuple[Frame, Frame] | None = None
        self.flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def step(self, moment: Moment) -> None:
        points_682, fake_HWC, driver_HWC = moment.driver_landmarks_682, moment.fake_HWC, moment.driver_HWC
        previous, self.previous = self.previous, None if driver_HWC is None else (fake_HWC, driver_HWC)
        if points_682 is None or previous is None or driver_HWC is None:
            return self.add()
        box = surroundings(points_682, *driver_HWC.shape[:2])
        crops = [frame_HWC[box] for frame_HWC in (fake_HWC, driver_HWC, *previous)]
        if min(crops[0].shape[:2]) < SMALLEST:
            return self.add()
        inside_HW = _hull(points_682, box)
        return self.add(self._residual(*crops)[inside_HW].mean() / 255 if inside_HW.any() else np.nan)

    def _residual(self, fake: Frame, driver: Frame, fake_before: Frame, driver_before: Frame) -> NDArray[np.floating]:
        """|fake's residual - driver's residual|, (H, W, 3), in levels of 255."""
        greys = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (driver, driver_before)]
        flow_HW2 = np.asarray(self.flow.calc(greys[0], greys[1], np.zeros((*greys[0].shape, 2), np.float32)))
        y_HW, x_HW = np.indices(greys[0].shape, dtype=np.float32) + np.moveaxis(flow_HW2, 2, 0)[::-1]
        apart = fake.astype(np.float32) - driver
        before = fake_before.astype(np.float32) - driver_before  # the warp is linear: one warp of the difference does
        warped = cv2.remap(before, x_HW, y_HW, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        residual: NDArray[np.floating] = np.abs(apart - warped)
        return residual


def meter(case: Case) -> Meter | None:
    """Measures the fake's flicker beyond the driver's."""
    return _Flicker()


def surroundings(points_682: Points, height: int, width: int) -> tuple[slice, slice]:
    """The rows and columns of the face's box and its margin, within the frame."""
    (x0, y0), (x1, y1) = points_682.min(axis=0), points_682.max(axis=0)
    across, down = MARGIN * (x1 - x0), MARGIN * (y1 - y0)
    rows = slice(max(int(y0 - down), 0), max(min(int(y1 + down) + 1, height), 0))
    return rows, slice(max(int(x0 - across), 0), max(min(int(x1 + across) + 1, width), 0))


def _hull(points_682: Points, box: tuple[slice, slice]) -> NDArray[np.bool_]:
    """True inside the convex hull of the landmarks, in the pixels of the box."""
    rows, columns = box
    inside_HW = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
    corners = np.round(cv2.convexHull(points_682.astype(np.float32)) - [columns.start, rows.start])
    cv2.fillConvexPoly(inside_HW, corners.astype(np.int32), 1)
    return inside_HW.astype(bool)
