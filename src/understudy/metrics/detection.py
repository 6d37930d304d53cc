"""Detection: the share of the fake's frames in which no face is found.

It says how much the other metrics left out: a frame without a face has no identity, landmarks, pose or expression.

Row: `frames without a face`, share of frames in [0, 1], lower is better; n = frames of the fake.
"""

from understudy.metrics._case import Case, Damage, Meter, Quantity, Stream, Tally
from understudy.metrics._moment import Moment

LOOKS_AT: tuple[Stream, ...] = ("fake",)
MISSING = Quantity("frames without a face", "share of frames", "lower")
SEES: dict[str, tuple[Damage, ...]] = {}  # it counts what others leave out; no damage here hides a face


class _Detection(Tally):
    def step(self, moment: Moment) -> None:
        self.add(float(moment.fake_landmarks_682 is None))


def meter(case: Case) -> Meter | None:
    """Counts the frames without a face."""
    return _Detection(MISSING)
