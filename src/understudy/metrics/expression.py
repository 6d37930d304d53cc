"""Expression error: how far brows, eyes and mouth are from the driver's, the head's place, size and tilt taken away.

Each face's landmarks are brought to a common frame by the similarity (Umeyama 1991) that takes its rigid points (eye
corners, bridge and base of the nose) to those of the mean face; the error is the mean distance over the 42 points of
brows, eyes and mouth, in distances of the mean face's outer eye corners. Turns out of the plane shorten both faces
alike and are measured as pose. People differ in shape, so an exact swap has an error too; `expression motion error`
takes from every point its clip-long median difference first: what remains is movement that differs. A lip-sync is
meant to speak otherwise than its clip, and is not measured so.

Rows, inter-ocular distances, lower is better, n = frames with a face in both: `expression error`, `expression motion
error`.
"""

import numpy as np
from numpy.typing import NDArray

from understudy.faces.align import MEAN_51, umeyama
from understudy.metrics._case import Case, Damage, Meter, Quantity, Row, Stream, Tally, mean_row
from understudy.metrics._moment import Moment, Points

FAMILIES = (
    "swap",
    "animate",
)
LOOKS_AT: tuple[Stream, ...] = ("fake", "driver")
ERROR = Quantity("expression error", "inter-ocular distances", "lower")
MOTION = Quantity("expression motion error", "inter-ocular distances", "lower")
RIGID = np.array([27, 28, 29, 30, 31, 33, 35, 36, 39, 42, 45])
MOVING = np.r_[17:27, 36:48, 48:68]
_MEAN = np.asarray(MEAN_51, dtype=np.float64) / np.linalg.norm(MEAN_51[36 - 17] - MEAN_51[45 - 17])
SEES: dict[str, tuple[Damage, ...]] = {MOTION.name: ("delay",)}


class _Expression(Tally):
    def __init__(self) -> None:
        super().__init__(ERROR)
        self.differences_M2: list[NDArray[np.float32]] = []  # 42 points: 336 bytes a frame

    def step(self, moment: Moment) -> None:
        fake_682, driver_682 = moment.fake_landmarks_682, moment.driver_landmarks_682
        if fake_682 is None or driver_682 is None:
            return self.add()
        difference_M2 = features(fake_682) - features(driver_682)
        self.differences_M2.append(difference_M2.astype(np.float32))
        return self.add(float(np.linalg.norm(difference_M2, axis=1).mean()))

    def rows(self) -> list[Row]:
        errors: list[float] = []
        if self.differences_M2:
            differences_TM2 = np.stack(self.differences_M2)
            moved_TM2 = differences_TM2 - np.median(differences_TM2, axis=0)
            errors = np.linalg.norm(moved_TM2, axis=2).mean(axis=1).tolist()
        return [*super().rows(), mean_row(MOTION, errors)]


def meter(case: Case) -> Meter | None:
    """Compares the expressions of the fake with the driver's."""
    return _Expression()


def features(points_682: Points) -> NDArray[np.floating]:
    """Brows, eyes and mouth (42, 2) in the frame of the mean face, unit = its outer eye corners' distance."""
    matrix_23 = np.asarray(umeyama(points_682[RIGID], _MEAN[RIGID - 17]), dtype=np.float64)
    moved_M2: NDArray[np.floating] = points_682[MOVING] @ matrix_23[:, :2].T + matrix_23[:, 2]
    return moved_M2
