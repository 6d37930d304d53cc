"""One instant of a case: its frames, and what is seen in them, computed once however many metrics ask.

Shapes: H, W the frame; 68 landmarks, 2 = (x, y) in pixels of the frame; 128 the length of a face embedding.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from understudy.faces import track
from understudy.faces.models import embed
from understudy.faces.track import Tracking

UNREACHABLE = 2.0  # as a correlation: no face is kept for its likeness to the last confirmed one
Frame = NDArray[np.uint8]
Points = NDArray[np.floating]


class SeenFace(Protocol):
    """A face in a frame, as `understudy.faces` gives it."""

    @property
    def landmarks_682(self) -> NDArray[np.floating]: ...


class Tracker(Protocol):
    """Finds the faces of consecutive frames."""

    def step(self, frame_HWC: Frame) -> Sequence[SeenFace]: ...


@dataclass(frozen=True, kw_only=True)
class Sight:
    """How metrics see: makers of a tracker for a fake and for a driver, and the network that embeds a face."""

    fake: Callable[[], Tracker]
    driver: Callable[[], Tracker]
    embed: Callable[[Frame, Points], NDArray[np.floating]]


def by_dlib(fps: float) -> Sight:
    """dlib's detector, landmarks and ResNet, as `understudy.faces` runs them.

    In a fake the detector has to confirm the face in every frame: following it by its look alone would hide the frames
    in which it is no longer a face. The driver is real footage, and is followed through tilted heads.
    """
    strict = Tracking(likeness=UNREACHABLE)
    return Sight(fake=lambda: track.Tracker(strict, fps), driver=lambda: track.Tracker(Tracking(), fps), embed=embed)


@dataclass(kw_only=True)
class Moment:
    """Frame `index` of a case, `time` seconds after its start; streams that no metric asked for are None.

    fake_landmarks_682, driver_landmarks_682 and truth_landmarks_682 run a tracker on this very frame, so a metric that
    needs one of them must ask in every step. `embeds` is false in the frames that the setting embed_every leaves out.
    """

    index: int
    time: float
    fake_HWC: Frame
    driver_HWC: Frame | None = None
    truth_HWC: Frame | None = None
    reperformance_HWC: Frame | None = None
    mask_HW: NDArray[np.bool_] | None = None
    region_HW: NDArray[np.bool_] | None = None
    box_4: Points | None = None
    embeds: bool = True
    fake_tracker: Tracker
    driver_tracker: Tracker
    truth_tracker: Tracker | None = None
    embed: Callable[[Frame, Points], NDArray[np.floating]]

    @cached_property
    def driver_landmarks_682(self) -> Points | None:
        """The subject's landmarks in the driver's frame: of the face at its known place, else of the largest face."""
        faces = [] if self.driver_HWC is None else self.driver_tracker.step(self.driver_HWC)
        place = _middle(self.box_4) if self.box_4 is not None else None
        return _choose([face.landmarks_682 for face in faces], place)

    @cached_property
    def fake_landmarks_682(self) -> Points | None:
        """The landmarks in the fake's frame, detected anew: of the face nearest to the driver's, else the largest."""
        found = [face.landmarks_682 for face in self.fake_tracker.step(self.fake_HWC)]
        place = _middle(self.box_4) if self.box_4 is not None else None
        if place is None and len(found) > 1 and self.driver_landmarks_682 is not None:
            place = self.driver_landmarks_682.mean(axis=0)
        return _choose(found, place)

    @cached_property
    def truth_landmarks_682(self) -> Points | None:
        """The landmarks in the truth's frame, detected anew as the fake's are: of the face at its known place."""
        if self.truth_HWC is None or self.truth_tracker is None:
            return None
        place = _middle(self.box_4) if self.box_4 is not None else None
        return _choose([face.landmarks_682 for face in self.truth_tracker.step(self.truth_HWC)], place)

    @cached_property
    def truth_embedding_128(self) -> NDArray[np.floating] | None:
        """The embedding of the truth's face; None without a face, and in frames that are not embedded."""
        if self.truth_HWC is None or self.truth_landmarks_682 is None or not self.embeds:
            return None
        return self.embed(self.truth_HWC, self.truth_landmarks_682)

    @cached_property
    def fake_embedding_128(self) -> NDArray[np.floating] | None:
        """The embedding of the fake's face; None without a face, and in frames that are not embedded."""
        if self.fake_landmarks_682 is None or not self.embeds:
            return None
        return self.embed(self.fake_HWC, self.fake_landmarks_682)


def _middle(box_4: Points) -> Points | None:
    """The centre of a box, or None when the box is not known."""
    middle = np.asarray([(box_4[0] + box_4[2]) / 2, (box_4[1] + box_4[3]) / 2])
    return middle if np.isfinite(middle).all() else None


def _choose(found: Sequence[Points], place: Points | None) -> Points | None:
    """The face whose landmarks are centred nearest to `place`; without a place the one that covers the largest box."""
    if not found:
        return None
    if place is not None:
        return min(found, key=lambda points_682: float(np.linalg.norm(points_682.mean(axis=0) - place)))
    return max(found, key=lambda points_682: float(np.prod(np.ptp(points_682, axis=0))))
