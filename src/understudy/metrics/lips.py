"""Lips: how far the fake's lips are from those of the exact fake, which says the same words with the same face.

Landmarks are found in the fake and in the truth by the same detector. Each face is brought onto the mean face by the
similarity (Umeyama 1991) that takes its rigid points there (`expression`), so that a face that sits or turns a little
otherwise in the picture is not blamed on its lips; distances count in those of the mean face's outer eye corners. What
then remains of the 20 lip landmarks is the landmark distance (LMD) of Chen et al. 2018 ("Lip movements generation at a
glance"), who align the mouths by their centres: that variant, which leaves out where the mouth is on the
face, is `mouth shape error`. `lip opening correlation` is Pearson's, of how far the inner lips are apart (as in `sync`)
in the two videos over the frames: it sees the timing of words and not how wide they are said. No lag is allowed for.

A truth is needed: of real people, whose lips nobody knows, `lipsync` and `sync` speak.

Rows, n = frames with a face in both: `lip landmark error` and `mouth shape error`, inter-ocular distances, lower;
`lip opening correlation`, higher, NaN with fewer than ten frames or lips that do not move.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from understudy.metrics._case import Case, Damage, Meter, Quantity, Row, Stream, Tally, row
from understudy.metrics._moment import Moment
from understudy.metrics.expression import features
from understudy.metrics.sync import opening

FAMILIES = ("animate", "lipsync")
LOOKS_AT: tuple[Stream, ...] = ("fake", "truth")
LANDMARKS = Quantity("lip landmark error", "inter-ocular distances", "lower")
SHAPE = Quantity("mouth shape error", "inter-ocular distances", "lower")
CORRELATION = Quantity("lip opening correlation", "correlation", "higher")
SEES: dict[str, tuple[Damage, ...]] = dict.fromkeys((LANDMARKS.name, SHAPE.name, CORRELATION.name), ("delay",))
LIPS = 20  # the last of the features
FEWEST = 10  # frames of which a correlation is told


class _Lips(Tally):
    def __init__(self) -> None:
        super().__init__(LANDMARKS, SHAPE)
        self.fake: list[float] = []
        self.truth: list[float] = []

    def step(self, moment: Moment) -> None:
        fake_682, truth_682 = moment.fake_landmarks_682, moment.truth_landmarks_682
        self.fake.append(opening(fake_682))
        self.truth.append(opening(truth_682))
        if fake_682 is None or truth_682 is None:
            return self.add()
        apart_M2 = features(fake_682)[-LIPS:] - features(truth_682)[-LIPS:]
        shape_M2 = apart_M2 - apart_M2.mean(axis=0)
        return self.add(*(float(np.linalg.norm(each_M2, axis=1).mean()) for each_M2 in (apart_M2, shape_M2)))

    def rows(self) -> list[Row]:
        pairs_T2 = np.array([self.fake, self.truth]).T
        pairs_T2 = pairs_T2[np.isfinite(pairs_T2).all(axis=1)]
        told = len(pairs_T2) >= FEWEST and bool((np.ptp(pairs_T2, axis=0) > 0).all())
        value = float(np.corrcoef(pairs_T2.T)[0, 1]) if told else np.nan
        return [*super().rows(), row(CORRELATION, value, len(pairs_T2))]

    def columns(self) -> Mapping[str, Sequence[float]]:
        return {**super().columns(), "lip opening of the truth": self.truth}


def meter(case: Case) -> Meter | None:
    """Compares the lips with the truth's; None without a truth."""
    return None if case.truth is None else _Lips()
