"""Pose error: how many degrees the fake's head is turned away from the driver's.

Yaw, pitch and roll come from the 68 landmarks (`understudy.faces.pose`: a rigid model solved by perspective-n-point).
`pose error` of a frame is the Euclidean length of the three differences, as the face-swap papers give it
(FaceForensics++ tables of SimSwap, Chen et al. 2020, and after); a wrap past 180 degrees counts the short way round.

A face of another shape is seen at another angle by the rigid model, all the clip long: the exact swap is off by
several degrees. `pose motion error` takes the clip's median difference off each angle first; what remains is a head
that moves otherwise. Pitch is the weakest of the three: on rendered actors, whose angles are known, its estimate
strays by 1 to 5 degrees about its own bias, yaw by 1 to 2, roll by half a degree. Differences below that say nothing.

Of synthetic actors the head's turn is known, and `pose error to labels` compares the fake's with that: the estimate
errs on one side only. It holds the estimate's own bias (the driver's and the truth's rows say how much), which `pose
motion error to labels` takes off by the clip's median again.

Rows, degrees, lower is better, n = frames with a face in both: `pose error`, `yaw error`, `pitch error`, `roll error`
(mean absolute differences), `pose motion error`. With labels, n = frames with a face in the fake: `pose error to
labels`, `pose motion error to labels`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from understudy.faces.pose import pose
from understudy.metrics._case import Case, Damage, Meter, Quantity, Row, Stream, Tally, mean_row
from understudy.metrics._labels import Labels, labels
from understudy.metrics._moment import Moment

LOOKS_AT: tuple[Stream, ...] = ("fake", "driver")
QUANTITIES = tuple(Quantity(f"{name} error", "degrees", "lower") for name in ("pose", "yaw", "pitch", "roll"))
MOTION = Quantity("pose motion error", "degrees", "lower")
TO_LABELS = Quantity("pose error to labels", "degrees", "lower")
MOTION_TO_LABELS = Quantity("pose motion error to labels", "degrees", "lower")
SEES: dict[str, tuple[Damage, ...]] = {
    MOTION.name: ("jitter", "delay"),
    MOTION_TO_LABELS.name: ("jitter", "delay"),
}


class _Pose(Tally):
    def __init__(self, case: Case, known: Labels | None) -> None:
        super().__init__(*QUANTITIES)
        self.case, self.known = case, known
        self.turns_M3: list[NDArray[np.floating]] = []
        self.seen_T3: list[NDArray[np.floating]] = []  # NaN without a face

    def step(self, moment: Moment) -> None:
        fake_682, driver_682 = moment.fake_landmarks_682, moment.driver_landmarks_682
        if fake_682 is None:
            self.seen_T3.append(np.full(3, np.nan))
            return self.add()
        height, width = moment.fake_HWC.shape[:2]
        seen_3 = np.array(pose(fake_682, width, height))
        self.seen_T3.append(seen_3)
        if driver_682 is None:
            return self.add()
        self.turns_M3.append(_short(seen_3 - pose(driver_682, width, height)))
        return self.add(float(np.linalg.norm(self.turns_M3[-1])), *np.abs(self.turns_M3[-1]))

    def rows(self) -> list[Row]:
        rows = [*super().rows(), mean_row(MOTION, _lengths(self.turns_M3, moved=True))]
        if self.known is None:
            return rows
        self.known.require(len(self.seen_T3), self.case)
        strays_T3 = _short(np.reshape(self.seen_T3, (-1, 3)) - self.known.pose_T3[: len(self.seen_T3)])
        strays_M3 = [stray_3 for stray_3 in strays_T3 if np.isfinite(stray_3).all()]
        still, moved = (_lengths(strays_M3, moved=moved) for moved in (False, True))
        return [*rows, mean_row(TO_LABELS, still), mean_row(MOTION_TO_LABELS, moved)]


def meter(case: Case) -> Meter | None:
    """Compares the head's turn in the fake with the driver's, and with the known one where there are labels."""
    if case.labels is None or case.family == "lipsync":  # whose labels are of the clip that lends its words
        return _Pose(case, None)
    return _Pose(case, labels(case.labels))


def _lengths(turns: Sequence[NDArray[np.floating]], *, moved: bool) -> list[float]:
    """The lengths of turns (3); with `moved`, once the median of each angle is taken off."""
    turns_M3 = np.reshape(turns, (-1, 3))
    if moved and len(turns_M3):
        turns_M3 = _short(turns_M3 - np.median(turns_M3, axis=0))
    lengths: list[float] = np.linalg.norm(turns_M3, axis=1).tolist()
    return lengths


def _short(turns: NDArray[np.floating]) -> NDArray[np.floating]:
    """Angles brought into [-180, 180)."""
    return (turns + 180) % 360 - 180
