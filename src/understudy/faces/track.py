"""Following faces through a clip: a detection now and then, landmarks in every frame.

A detector on the whole frame is dear and blind to tilted heads. So it runs every few frames; in between, each face is
carried by its own landmarks: the frame is warped so that the face of the frame before stands upright, at a fixed size,
in a small picture; landmarks are found there, and they place the face in this frame. The detector on that small picture
confirms it, cheaply, at whatever angle the head is held. Where even that fails, the face goes on for a while as long as
it looks as it did when it was last confirmed. A face that was lost is sought around its last place, enlarged and turned
upright, before the whole frame is.

Shapes: HWC an RGB frame, HW a grey one, 682 = 68 points of (x, y), 23 = a 2x3 matrix.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.faces import models
from understudy.faces.align import MEAN_51, Matrix, apply, compose, invert, umeyama
from understudy.faces.models import Box
from understudy.faces.quality import misshape

Grey = NDArray[np.uint8]
Landmarks = NDArray[np.float32]

# Where dlib's detection box lies on the mean face, measured: its centre and side in face widths.
_CENTRE = np.array([0.5, 0.55])
_SIDE = 1.3

# The upright picture of a followed face: pixels, and face widths that it shows. Landmarks come in whole pixels, so it
# must be large; the detector sees it at half the size, where a face is 83 pixels and still found.
_UPRIGHT = 256
_SPAN = 2.0
# The wider picture in which a lost face is sought.
_SEARCH = 320
_SEARCH_SPAN = 4.2

_SURE_OF = -0.1  # margin that confirms a face whose place is known: less is needed than to find one
_JUMP = 0.06  # a move of more face widths, or turn of more radians, than this is followed in a second step
_OVERLAP = 0.35  # boxes that overlap by more, as intersection over union, are of the same face
_TEMPLATE = 32


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """How faces are found and followed.

    detector: HOG, or mmod (turned and covered faces, 80 times dearer). every: frames between looks at the whole frame.
    upsample: how often the frame may be doubled in size for the detector. smallest_face: side of the smallest face
    sought, as a share of the frame's shorter side. threshold: the detector's margin below which nothing is a new face.
    tilts: degrees by which the frame is also turned when it is looked through and no face stands upright in it.
    patience: seconds that a face is followed, or sought, without the detector confirming it. likeness: correlation of
    the upright face with that of the frame before; a follower below it, at 25 frames a second, sees something else: an
    unconfirmed face is lost, a confirmed one is somebody new. The same face keeps above .95, two people's reach .7.
    misshape: the most that landmarks may differ from a face's, see quality.misshape.
    """

    detector: Literal["hog", "mmod"] = "hog"
    every: int = 10
    upsample: int = 1
    smallest_face: float = 0.15
    threshold: float = 0.1
    tilts: tuple[float, ...] = (-40.0, 40.0)
    patience: float = 1.0
    likeness: float = 0.7
    misshape: float = 0.2


@dataclass(frozen=True, kw_only=True)
class Face:
    """One face in one frame.

    box: around the landmarks, frame pixels. score: the detector's margin in this frame, NaN where it did not find it.
    tracked: carried from the frame before rather than found anew. track: number of the track it belongs to, which ends
    when the face is lost or its look changes at once, as at a cut.
    """

    box: Box
    score: float
    landmarks_682: Landmarks
    tracked: bool
    track: int


@dataclass(frozen=True, kw_only=True)
class _Followed:
    track: int
    landmarks_682: Landmarks
    template: NDArray[np.float32]
    score: float
    tracked: bool = True
    unseen: int = 0  # frames since the detector last confirmed it
    lost: bool = False


@dataclass
class Tracker:
    """Finds and follows every face of a clip, frame by frame, in order. `fps` turns seconds into frames."""

    settings: Tracking = field(default_factory=Tracking)
    fps: float = 25.0
    _faces: tuple[_Followed, ...] = ()
    _frame: int = -1
    _tracks: int = 0

    def step(self, frame_HWC: NDArray[np.uint8]) -> list[Face]:
        """The faces of the next frame, the surest first."""
        self._frame += 1
        grey = frame_HWC if frame_HWC.ndim == 2 else np.asarray(cv2.cvtColor(frame_HWC, cv2.COLOR_RGB2GRAY), np.uint8)
        faces = [self._carry(grey, face) for face in self._faces]
        faces = _distinct([self._seek(grey, face) if face.lost else face for face in faces])
        if self._frame % self.settings.every == 0 or all(face.lost for face in faces):
            faces = self._look(grey, faces)
        patience = self.settings.patience * self.fps
        self._faces = tuple(face for face in faces if face.unseen <= patience)
        seen = sorted((face for face in faces if not face.lost), key=lambda face: face.unseen)
        return [_face(face) for face in seen]

    def _carry(self, grey: Grey, face: _Followed) -> _Followed:
        """The face of the frame before, in this frame."""
        if face.lost:
            return replace(face, unseen=face.unseen + 1)
        landmarks, upright = fit(grey, face.landmarks_682)
        template = _template(grey, landmarks)
        score, alike = _confirm(upright), float((template * face.template).mean()) > self.settings.likeness
        unconfirmed = bool(np.isnan(score))
        if misshape(landmarks) > self.settings.misshape or (unconfirmed and not alike):
            return replace(face, lost=True, unseen=face.unseen + 1)
        return _Followed(
            track=face.track if alike else self._new(),
            landmarks_682=landmarks,
            template=template,
            score=score,
            unseen=face.unseen + 1 if unconfirmed else 0,
        )

    def _seek(self, grey: Grey, face: _Followed) -> _Followed:
        """Looks for a lost face around its last place, enlarged and turned as it was."""
        frame_to_search = _picture(face.landmarks_682, _SEARCH, _SEARCH_SPAN)
        search = np.asarray(cv2.warpAffine(grey, frame_to_search, (_SEARCH, _SEARCH)), np.uint8)
        for detection in models.detector("hog")(search, 0.0)[:1]:
            found = self._found(grey, detection, invert(frame_to_search))
            if found:
                alike = float((found.template * face.template).mean()) > self.settings.likeness
                return replace(found, track=face.track if alike else self._new())
        return face

    def _look(self, grey: Grey, faces: Sequence[_Followed]) -> list[_Followed]:
        """Looks through the whole frame, turned as well if there is no face in it, for faces not yet followed."""
        out = list(faces)
        scheduled = self._frame % self.settings.every == 0
        for tilt in (0.0, *(self.settings.tilts if scheduled else ())):
            if tilt and any(not face.lost for face in out):
                break
            picture, back = self._whole(grey, tilt)
            for detection in models.detector(self.settings.detector)(picture, self.settings.threshold):
                new = self._found(grey, detection, back)
                if new and not any(_overlap(new, old) > _OVERLAP for old in out if not old.lost):
                    out = [old for old in out if not (old.lost and _overlap(new, old) > _OVERLAP)]
                    out.append(replace(new, track=self._new()))
        return out

    def _whole(self, grey: Grey, tilt: float) -> tuple[Grey, Matrix]:
        """The frame at the size and tilt at which the detector sees it, and the matrix (23) back to frame pixels."""
        height, width = grey.shape
        wanted = models.SMALLEST / max(self.settings.smallest_face * min(height, width), 1.0)
        scale = min(wanted, 2.0**self.settings.upsample)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        centre = ((width - 1) / 2, (height - 1) / 2)
        forth = np.asarray(cv2.getRotationMatrix2D(centre, tilt, scale), np.float64)
        forth[:, 2] += (np.array(size) - 1) / 2 - np.array(centre)
        if tilt:
            return np.asarray(cv2.warpAffine(grey, forth, size), np.uint8), invert(forth)
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(grey, size, interpolation=how), np.uint8), invert(forth)

    def _found(self, grey: Grey, detection: tuple[Box, float], back: Matrix) -> _Followed | None:
        """A detection in a picture as a face of the frame, or None when its landmarks do not look like one."""
        box, score = detection
        corner, side = np.array([box[0], box[1]]), box[2] - box[0] + 1
        guess = corner + side * ((MEAN_51 - _CENTRE) / _SIDE + 0.5)
        landmarks = np.concatenate([np.zeros((17, 2)), apply(back, guess)])
        for _ in range(2):
            landmarks, upright = fit(grey, landmarks)
        doubtful = self.settings.detector == "hog" and np.isnan(_confirm(upright))  # mmod also finds what HOG cannot
        if doubtful or misshape(landmarks) > self.settings.misshape:
            return None
        template = _template(grey, landmarks)
        return _Followed(track=-1, landmarks_682=landmarks, template=template, score=score, tracked=False)

    def _new(self) -> int:
        self._tracks += 1
        return self._tracks - 1


def fit(grey: Grey, near_682: NDArray[Any]) -> tuple[Landmarks, Grey]:
    """Landmarks of the face that stands about where `near` does, and the upright picture in which they were found.

    Only landmarks 17-67 of `near` count. A face that moved far is fitted twice, the second time where it went.
    """
    place = umeyama(np.asarray(near_682)[17:], MEAN_51)
    for _ in range(2):
        before, forth = place, _upright(place)
        upright = np.asarray(cv2.warpAffine(grey, forth, (_UPRIGHT, _UPRIGHT)), np.uint8)
        landmarks = apply(invert(forth), models.landmarks(upright, _BOX))
        place = umeyama(landmarks[17:], MEAN_51)
        if np.abs(compose(place, invert(before)) - np.eye(2, 3)).max() < _JUMP:
            break
    return landmarks.astype(np.float32), upright


def _picture(landmarks_682: NDArray[Any], size: int, span: float) -> Matrix:
    return _upright(umeyama(np.asarray(landmarks_682)[17:], MEAN_51), size, span)


def _upright(place: Matrix, size: int = _UPRIGHT, span: float = _SPAN) -> Matrix:
    """From frame pixels to an upright picture of `span` face widths around the detector's box."""
    scale = size / span
    shift = (size - 1) / 2 - scale * _CENTRE
    return compose(np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]]), place)


_HALF = _SIDE / 2 * _UPRIGHT / _SPAN
_MIDDLE = (_UPRIGHT - 1) / 2
_BOX: Box = (_MIDDLE - _HALF, _MIDDLE - _HALF, _MIDDLE + _HALF, _MIDDLE + _HALF)


def _confirm(upright: Grey) -> float:
    """The detector's margin for the face in the middle of an upright picture, NaN when there is none."""
    size = (_UPRIGHT // 2, _UPRIGHT // 2)
    half = np.asarray(cv2.resize(upright, size, interpolation=cv2.INTER_AREA), np.uint8)
    for box, score in models.detector("hog")(half, _SURE_OF):
        middle = np.array([box[0] + box[2], box[1] + box[3]]) - (_MIDDLE - 0.5)
        if np.abs(middle).max() / 2 < 0.25 * (box[2] - box[0]):
            return score
    return float("nan")


def _template(grey: Grey, landmarks_682: NDArray[Any]) -> NDArray[np.float32]:
    """The upright face as a small picture of mean 0 and variance 1, to be compared by correlation."""
    forth = _picture(landmarks_682, _TEMPLATE * 4, 1.3)
    face = cv2.warpAffine(grey, forth, (_TEMPLATE * 4, _TEMPLATE * 4), borderMode=cv2.BORDER_REPLICATE)
    small = cv2.resize(face, (_TEMPLATE, _TEMPLATE), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray((small - small.mean()) / (small.std() + 1e-6), np.float32)


def box(landmarks_682: NDArray[Any]) -> Box:
    """The box around landmarks."""
    (x0, y0), (x1, y1) = np.min(landmarks_682, axis=0), np.max(landmarks_682, axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def _overlap(one: _Followed, other: _Followed) -> float:
    a, b = box(one.landmarks_682), box(other.landmarks_682)
    shared = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return shared / max(both - shared, 1e-6)


def _distinct(faces: Sequence[_Followed]) -> list[_Followed]:
    """The faces without doubles: where two tracks have run together, the one confirmed last, then the older, stays."""
    out: list[_Followed] = []
    for face in sorted(faces, key=lambda face: (face.lost, face.unseen, face.track)):
        if face.lost or not any(_overlap(face, other) > _OVERLAP for other in out if not other.lost):
            out.append(face)
    return out


def _face(face: _Followed) -> Face:
    return Face(
        box=box(face.landmarks_682),
        score=face.score,
        landmarks_682=face.landmarks_682,
        tracked=face.tracked,
        track=face.track,
    )
