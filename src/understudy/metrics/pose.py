"""Pose error: how many degrees the fake's head is turned away from the driver's.

Yaw, pitch and roll come from the 68 landmarks (`understudy.faces.pose`: a rigid model solved by perspective-n-point).
`pose error` of a frame is the Euclidean length of the three differences, as the face-swap papers give it
(FaceForensics++ tables of SimSwap, Chen et al. 2020, and after); a wrap past 180 degrees counts the short way round.

Rows, degrees, lower is better, n = frames with a face in both: `pose error`, `yaw error`, `pitch error`, `roll error`
(mean absolute differences).
"""

import numpy as np

from understudy.faces.pose import pose
from understudy.metrics._case import Case, Meter, Quantity, Stream, Tally
from understudy.metrics._moment import Moment

LOOKS_AT: tuple[Stream, ...] = ("fake", "driver")
QUANTITIES = tuple(Quantity(f"{name} error", "degrees", "lower") for name in ("pose", "yaw", "pitch", "roll"))


class _Pose(Tally):
    def step(self, moment: Moment) -> None:
        fake_682, driver_682 = moment.fake_landmarks_682, moment.driver_landmarks_682
        if fake_682 is None or driver_682 is None:
            return self.add()
        height, width = moment.fake_HWC.shape[:2]
        turned_3 = np.subtract(pose(fake_682, width, height), pose(driver_682, width, height))
        turned_3 = np.abs((turned_3 + 180) % 360 - 180)
        return self.add(float(np.linalg.norm(turned_3)), *turned_3)


def meter(case: Case) -> Meter | None:
    """Compares the head's turn in the fake with the driver's."""
    return _Pose(*QUANTITIES)
