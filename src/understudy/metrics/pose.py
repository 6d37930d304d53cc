"""Pose error: how many degrees the fake's head is turned away from the driver's.

Yaw, pitch and roll come from the 68 landmarks (`understudy.faces.pose`: a rigid model solved by perspective-n-point).
`pose error` of a frame is the Euclidean length of the three differences, as the face-swap papers give it
(FaceForensics++ tables of SimSwap, Chen et al. 2020, and after); a wrap past 180 degrees counts the short way round.

A face of another shape is seen at another angle by the rigid model, all the clip long: the exact swap is off by
several degrees. `pose motion error` takes the clip's median difference off each angle first; what remains is a head
that moves otherwise. Pitch is the weakest of the three: on rendered actors, whose angles are known, its estimate
strays by 1 to 5 degrees about its own bias, yaw by 1 to 2, roll by half a degree. Differences below that say nothing.

Rows, degrees, lower is better, n = frames with a face in both: `pose error`, `yaw error`, `pitch error`, `roll error`
(mean absolute differences), `pose motion error`.
"""

import numpy as np
from numpy.typing import NDArray

from understudy.faces.pose import pose
from understudy.metrics._case import Case, Meter, Quantity, Row, Stream, Tally, mean_row
from understudy.metrics._moment import Moment

LOOKS_AT: tuple[Stream, ...] = ("fake", "driver")
QUANTITIES = tuple(Quantity(f"{name} error", "degrees", "lower") for name in ("pose", "yaw", "pitch", "roll"))
MOTION = Quantity("pose motion error", "degrees", "lower")


class _Pose(Tally):
    def __init__(self) -> None:
        super().__init__(*QUANTITIES)
        self.turns_M3: list[NDArray[np.floating]] = []

    def step(self, moment: Moment) -> None:
        fake_682, driver_682 = moment.fake_landmarks_682, moment.driver_landmarks_682
        if fake_682 is None or driver_682 is None:
            return self.add()
        height, width = moment.fake_HWC.shape[:2]
        turn_3 = np.subtract(pose(fake_682, width, height), pose(driver_682, width, height))
        self.turns_M3.append(_short(turn_3))
        return self.add(float(np.linalg.norm(self.turns_M3[-1])), *np.abs(self.turns_M3[-1]))

    def rows(self) -> list[Row]:
        turns_M3 = np.reshape(self.turns_M3, (-1, 3))
        median_3 = np.median(turns_M3, axis=0) if len(turns_M3) else 0.0
        return [*super().rows(), mean_row(MOTION, np.linalg.norm(_short(turns_M3 - median_3), axis=1).tolist())]


def meter(case: Case) -> Meter | None:
    """Compares the head's turn in the fake with the driver's."""
    return _Pose()


def _short(turns: NDArray[np.floating]) -> NDArray[np.floating]:
    """Angles brought into [-180, 180)."""
    return (turns + 180) % 360 - 180
