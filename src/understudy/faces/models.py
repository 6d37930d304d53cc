"""The pretrained face models: dlib's detectors, its 68 landmarks and its recognition network.

The files come with the package `face_recognition_models`; they are read where it is installed, after their digest was
checked, and the package itself is never imported. dlib: King, "Dlib-ml", JMLR 2009; landmarks: Kazemi and Sullivan,
"One millisecond face alignment", CVPR 2014; mmod: King, arXiv 1502.00046.

Shapes: H, W the frame; 682 = 68 points of (x, y); boxes are (x0, y0, x1, y1), all in pixels, centres at integers.
"""

import functools
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

from understudy import files
from understudy.errors import FaceError

Image = NDArray[np.uint8]
Box = tuple[float, float, float, float]
Detector = Literal["hog", "mmod"]

SMALLEST = 80
"""Side in pixels of the smallest face that the HOG detector sees; mmod sees somewhat smaller ones."""

SHA256 = {
    "shape_predictor_68_face_landmarks.dat": "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
    "dlib_face_recognition_resnet_model_v1.dat": "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    "mmod_human_face_detector.dat": "4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6",
}

# The recogniser is shown a face of this many pixels between the outer eye corners: dlib rounds landmarks to whole
# pixels, which shakes the alignment of a small face unless it is enlarged first.
_EYES = 120.0
_CHIP = 400


@functools.cache
def path(name: str) -> Path:
    """Where the model file `name` is, once its sha256 was checked. Raises FaceError when missing or altered."""
    spec = importlib.util.find_spec("face_recognition_models")
    folders = list(spec.submodule_search_locations or []) if spec else []
    found = [file for folder in folders if (file := Path(folder) / "models" / name).is_file()]
    if not found:
        raise FaceError(name, "the face model is not installed", "Install face_recognition_models 0.3.0.")
    if files.sha256(found[0]) != SHA256[name]:
        raise FaceError(found[0], "is not the model file it should be", "Reinstall face_recognition_models 0.3.0.")
    return found[0]


def detector(kind: Detector = "hog") -> Callable[[Image, float], list[tuple[Box, float]]]:
    """A function (picture, threshold) -> [(box, score)], best first.

    The picture is HWC RGB or HW grey. A HOG score is a margin: 0 is the usual threshold, sure faces pass 1. An mmod
    score runs to about 1.1; it costs some 80 times more on a CPU and finds turned and covered faces better.
    """
    return _mmod if kind == "mmod" else _hog


def landmarks(picture: Image, box: Box) -> NDArray[np.float32]:
    """The 68 landmarks (682) of the face in `box`. dlib rounds them to whole pixels: give it enlarged faces."""
    shape = _predictor()(picture, _rectangle(box))
    return np.array([(part.x, part.y) for part in shape.parts()], np.float32)


def embed(frame_HWC: Image, landmarks_682: NDArray[Any]) -> NDArray[np.float32]:
    """The face as a vector of 128: the same person is usually nearer than .6, Euclidean, and often nearer than .5."""
    points = np.asarray(landmarks_682, np.float64)
    left, right = points[36], points[45]
    scale = _EYES / max(float(np.linalg.norm(right - left)), 1e-6)
    shift = (_CHIP - 1) / 2 - scale * points[17:].mean(axis=0)
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    chip = cv2.warpAffine(frame_HWC, matrix, (_CHIP, _CHIP), flags=cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR)
    enlarged = [dlib.point(round(x), round(y)) for x, y in points * scale + shift]
    shape = dlib.full_object_detection(dlib.rectangle(0, 0, _CHIP - 1, _CHIP - 1), dlib.points(enlarged))
    return np.array(_recogniser().compute_face_descriptor(chip, shape), np.float32)


def _hog(picture: Image, threshold: float) -> list[tuple[Box, float]]:
    boxes, scores, _ = _frontal().run(picture, 0, threshold)
    return [(_corners(box), float(score)) for box, score in zip(boxes, scores, strict=True)]


def _mmod(picture: Image, threshold: float) -> list[tuple[Box, float]]:
    colour = np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture
    found = ((_corners(face.rect), float(face.confidence)) for face in _convolutional()(colour, 0))
    return sorted(((box, score) for box, score in found if score > threshold), key=lambda face: -face[1])


def _corners(box: Any) -> Box:
    return float(box.left()), float(box.top()), float(box.right()), float(box.bottom())


def _rectangle(box: Box) -> Any:
    return dlib.rectangle(*(round(side) for side in box))


@functools.cache
def _frontal() -> Any:
    return dlib.get_frontal_face_detector()


@functools.cache
def _convolutional() -> Any:
    return dlib.cnn_face_detection_model_v1(str(path("mmod_human_face_detector.dat")))


@functools.cache
def _predictor() -> Any:
    return dlib.shape_predictor(str(path("shape_predictor_68_face_landmarks.dat")))


@functools.cache
def _recogniser() -> Any:
    return dlib.face_recognition_model_v1(str(path("dlib_face_recognition_resnet_model_v1.dat")))
