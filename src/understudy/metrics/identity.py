"""Identity: whose face a recogniser sees in the fake.

Each frame's face is embedded with dlib's ResNet (dlib_face_recognition_resnet_model_v1, King 2017; trained with a
margin of .6: two pictures nearer than that are taken for the same person) and compared with the mean of the reference
embeddings of the source and of the driver. The network is none that a method of this project trains with.

Rows, n = frames embedded (frames without a face have none):
  `identity distance to source`    Euclidean, embedding units, lower is better
  `identity distance to driver`    Euclidean, embedding units, higher is better: the fake should leave the driver
  `identity similarity to source`  cosine, higher is better
  `identity similarity to driver`  cosine, lower is better
  `nearer to source`               share of frames nearer to the source than to the driver, higher is better
Of who is animated by a clip of their own, or says their own other words, the source's rows alone are told.
All faces of dlib's embedding lie within a narrow cone, so that the cosine of strangers is near .9: compare it with the
sanity rows, never with the cosines of another network.
"""

import numpy as np
from numpy.typing import NDArray

from understudy.errors import FaceError
from understudy.metrics._case import Case, Damage, Meter, Quantity, Stream, Tally
from understudy.metrics._moment import Moment

LOOKS_AT: tuple[Stream, ...] = ("fake",)
QUANTITIES = (
    Quantity("identity distance to source", "embedding distance", "lower"),
    Quantity("identity distance to driver", "embedding distance", "higher"),
    Quantity("identity similarity to source", "cosine", "higher"),
    Quantity("identity similarity to driver", "cosine", "lower"),
    Quantity("nearer to source", "share of frames", "higher"),
)
SEES: dict[str, tuple[Damage, ...]] = {
    "identity distance to source": ("blur", "wrong identity"),
    "identity similarity to source": ("blur", "wrong identity"),
}


class _Identity(Tally):
    def __init__(self, source_128: NDArray[np.floating], driver_128: NDArray[np.floating] | None) -> None:
        super().__init__(*(QUANTITIES if driver_128 is not None else QUANTITIES[::2][:2]))
        self.source_128, self.driver_128 = source_128, driver_128

    def step(self, moment: Moment) -> None:
        face_128 = moment.fake_embedding_128
        if face_128 is None:
            return self.add()
        to_source = float(np.linalg.norm(face_128 - self.source_128))
        if self.driver_128 is None:
            return self.add(to_source, cosine(face_128, self.source_128))
        to_driver = float(np.linalg.norm(face_128 - self.driver_128))
        alike = cosine(face_128, self.source_128), cosine(face_128, self.driver_128)
        return self.add(to_source, to_driver, *alike, float(to_source < to_driver))


def meter(case: Case) -> Meter | None:
    """Compares with the means of the references. Raises FaceError when a subject has none."""
    source_128 = mean_reference(case.source_references_N128, "the source")
    driver_128 = mean_reference(case.driver_references_N128, "the driver")
    return _Identity(source_128, None if np.array_equal(source_128, driver_128) else driver_128)


def cosine(a_128: NDArray[np.floating], b_128: NDArray[np.floating]) -> float:
    """The cosine of the angle between two embeddings."""
    return float(a_128 @ b_128 / (np.linalg.norm(a_128) * np.linalg.norm(b_128)))


def mean_reference(references_N128: NDArray[np.floating], whose: str) -> NDArray[np.floating]:
    """The mean of a subject's reference embeddings. Raises FaceError when there are none, or not finite ones."""
    if references_N128.ndim != 2 or not len(references_N128) or not np.isfinite(references_N128).all():
        fact = f"needs at least one embedding, and has an array of shape {references_N128.shape}"
        raise FaceError(f"references of {whose}", fact, "Extract a clip in which the subject's face is found.")
    mean_128: NDArray[np.floating] = np.asarray(references_N128, dtype=np.float64).mean(axis=0)
    return mean_128
