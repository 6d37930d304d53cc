"""Identity retrieval: how often a recogniser that knows the whole cast takes the fake for the source.

Each frame's face is embedded as in `identity`; the gallery is every subject of the study, each by the mean of its
reference embeddings from clips that are not measured, and the driver is among them. A frame is retrieved when the
nearest of them (Euclidean) is the source: the top-1 "ID retrieval" of the swap papers (Li et al. 2020, FaceShifter,
section 4.2; Chen et al. 2020, SimSwap), there over the thousand faces of FaceForensics++. Chance is one over the size
of the gallery, .25 with four actors, so shares of studies with other casts cannot be compared. `retrieval margin` does
not saturate: the distance to the nearest other subject less the distance to the source.

Rows, n = frames embedded: `identity retrieval`, share of frames in [0, 1], higher is better; `retrieval margin`,
embedding units (dlib calls .6 another person), higher, above 0 where the source is the nearest.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from understudy.errors import FaceError
from understudy.metrics._case import Case, Damage, Meter, Quantity, Stream, Tally
from understudy.metrics._moment import Moment
from understudy.metrics.identity import mean_reference

LOOKS_AT: tuple[Stream, ...] = ("fake",)
OTHERS = True
RETRIEVED = Quantity("identity retrieval", "share of frames", "higher")
MARGIN = Quantity("retrieval margin", "embedding distance", "higher")
SEES: dict[str, tuple[Damage, ...]] = {RETRIEVED.name: ("wrong identity",), MARGIN.name: ("wrong identity",)}


class _Retrieval(Tally):
    def __init__(self, source_128: NDArray[np.floating], others_M128: NDArray[np.floating]) -> None:
        super().__init__(RETRIEVED, MARGIN)
        self.source_128, self.others_M128 = source_128, others_M128

    def step(self, moment: Moment) -> None:
        face_128 = moment.fake_embedding_128
        if face_128 is None:
            return self.add()
        nearest = float(np.linalg.norm(self.others_M128 - face_128, axis=1).min())
        margin = nearest - float(np.linalg.norm(self.source_128 - face_128))
        return self.add(float(margin > 0), margin)


def meter(case: Case) -> Meter | None:
    """Looks the fake up in the gallery; None without one. Raises FaceError when it lacks the source or anyone else."""
    if case.gallery is None:
        return None
    others = [name for name in case.gallery if name != case.source]
    if case.source not in case.gallery or not others:
        fact = (
            f"must hold the source '{case.source}' and somebody else, and holds {', '.join(case.gallery) or 'nobody'}"
        )
        raise FaceError("gallery", fact, "Give the references of every subject of the study.")
    return _Retrieval(mean_reference(case.gallery[case.source], case.source), _means(case.gallery, others))


def _means(gallery: Mapping[str, NDArray[np.floating]], names: list[str]) -> NDArray[np.floating]:
    return np.stack([mean_reference(gallery[name], name) for name in names])
