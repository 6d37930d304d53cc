"""Flicker: how much more the fake's face changes between frames than its motion explains, and than the driver's does.

The dense motion between two frames of the driver (DIS optical flow, Kroeger et al. 2016; the driver's, because the
fake moves as it does and may itself flicker) takes frame t-1 of each video to frame t. What then still differs, as a
mean absolute difference over the convex hull of the driver's landmarks and the three channels, is that video's
warping error (Lai et al. 2018, section 3.3). The flicker of a frame is the fake's warping error less the driver's, so
that what no flow explains (a blink, a mouth that opens, the camera's grain) is not blamed on the fake.

The driver unchanged has exactly 0, an alternation by +d and -d on a still face 2d. Below 0 the face is smoother than
footage is: blurred or frozen. (The mean |fake's residual - driver's residual| would not do: in it a grey disc beats
the exact truth.) A face of another shape moves a little otherwise, so that an exact swap has some flicker: see the
truth's row. Swaps only: an animation's pixels lie elsewhere than the driver's, and new lips move where the old clip's
flow does not go.

Row: `flicker`, of the full range of 8 bits, best near 0; n = pairs of frames with the driver's face found.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.metrics._case import Case, Damage, Meter, Quantity, Stream, Tally
from understudy.metrics._moment import Frame, Moment, Points

FAMILIES = ("swap",)
LOOKS_AT: tuple[Stream, ...] = ("fake", "driver")
FLICKER = Quantity("flicker", "of full range", "near 0")
MARGIN = 0.25  # of the face's box on each side: how far the flow may reach
SMALLEST = 32  # pixels: DIS needs room for its coarsest patches
SEES: dict[str, tuple[Damage, ...]] = {FLICKER.name: ("jitter",)}


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
        return self.add(self._excess(inside_HW, *crops) / 255 if inside_HW.any() else np.nan)

    def _excess(
        self, inside_HW: NDArray[np.bool_], fake: Frame, driver: Frame, fake_before: Frame, driver_before: Frame
    ) -> float:
        """The fake's warping error less the driver's, in levels of 255."""
        grey, grey_before = (cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (driver, driver_before))
        flow_HW2 = np.asarray(self.flow.calc(grey, grey_before, np.zeros((*grey.shape, 2), np.float32)))
        y_HW, x_HW = np.indices(grey.shape, dtype=np.float32) + np.moveaxis(flow_HW2, 2, 0)[::-1]

        def error(now: Frame, before: Frame) -> float:
            warped = cv2.remap(before.astype(np.float32), x_HW, y_HW, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            return float(np.abs(now - warped)[inside_HW].mean())

        return error(fake, fake_before) - error(driver, driver_before)


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
