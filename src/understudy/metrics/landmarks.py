"""Landmark error: how far the fake's features are from where the driver's are.

The 68 landmarks of the fake and of the driver are detected by the same tracker, each in its own video; the error of a
frame is their mean distance over the distance of the driver's outer eye corners (the normalised mean error of the
300-W challenge, Sagonas et al. 2013, section 3). The source's face has a shape of its own, so that an exact swap has
an error too: the row of the truth says how much. Swaps only: an animation may leave the head where the source's picture
has it, and a lip-sync is meant to move the mouth (`lips` and `reconstruction` compare both with their truths).

Row: `landmark error`, inter-ocular distances, lower is better; n = frames with a face in both.
"""

import numpy as np

from understudy.metrics._case import Case, Damage, Meter, Quantity, Stream, Tally
from understudy.metrics._moment import Moment, Points

FAMILIES = ("swap",)
LOOKS_AT: tuple[Stream, ...] = ("fake", "driver")
ERROR = Quantity("landmark error", "inter-ocular distances", "lower")
SEES: dict[str, tuple[Damage, ...]] = {ERROR.name: ("shift", "jitter")}


class _Landmarks(Tally):
    def step(self, moment: Moment) -> None:
        fake_682, driver_682 = moment.fake_landmarks_682, moment.driver_landmarks_682
        if fake_682 is None or driver_682 is None:
            return self.add()
        return self.add(float(np.linalg.norm(fake_682 - driver_682, axis=1).mean()) / eye_distance(driver_682))


def meter(case: Case) -> Meter | None:
    """Compares the landmarks of the fake with the driver's."""
    return _Landmarks(ERROR)


def eye_distance(points_682: Points) -> float:
    """The distance of the outer eye corners, in pixels."""
    return float(np.linalg.norm(points_682[36] - points_682[45]))
