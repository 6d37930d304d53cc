"""The source's picture, the driver's frames, and the frame of the driver at which both faces stand alike.

Facesets are in the coordinates of the clip before it was framed: only what does not depend on placement is taken from
them.

Legend of shapes: T frames of a clip, B batch, S side of the network's pictures; 682 = 68 landmarks of (x, y); HWC a
frame, RGB uint8.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy import media
from understudy.errors import FaceError
from understudy.faces.framing import resized
from understudy.methods import Footage

__all__ = ["Choice", "Initial", "chosen", "frames", "initial", "nearest", "picture", "resized", "shows", "stacks"]

Choice = Literal["first", "frontal"]
Initial = Literal["first", "best"]

# What a degree of turn is worth in opened lips and lowered lids, both as shares of the distance of the eyes.
_OPEN, _SHUT = 100.0, 400.0
_WIDE = 0.8  # of the frames have eyes less open than those that count as open
_INNER_LIPS = ((61, 67), (62, 66), (63, 65))
_LIDS = ((37, 41), (38, 40), (43, 47), (44, 46))


def picture(source: Footage, driver: Footage, choice: Choice, size: int) -> Tensor:
    """The picture of the source that is moved (3, S, S), float32 in [0, 1]. See `chosen` for which frame it is."""
    return _pictures(frame(source.clips[0], chosen(source, driver, choice), size)[None])[0]


def frame(clip: Path, number: int, size: int) -> Tensor:
    """A framed clip's frame by its number, as it is in the file: (S, S, 3), uint8."""
    return torch.from_numpy(resized(next(islice(media.frames(clip), number, None)), size).copy())


def chosen(source: Footage, driver: Footage, choice: Choice) -> int:
    """The number of the frame of the source's first clip that is its picture.

    first: the first one. frontal: of the frames that its faceset keeps, the one nearest to frontal, with the mouth
    closed and the eyes open. When the driver's own clip is the source, it is the first frame: the clip is to be drawn
    again, as LIA and FOMM evaluate it. Raises FaceError when that frame shows no face.
    """
    own = source.subject == driver.subject and source.clips[0] == driver.clips[0]
    if choice == "frontal" and not own:
        return _frontal(source)
    shown = shows(source, 0)
    if shown is not None and not shown[0]:
        remedy = "Give another clip." if own else "Set picture: frontal, or give another clip."
        raise FaceError(source.clips[0], "its first frame shows no face to be moved", remedy)
    return 0


def _frontal(source: Footage) -> int:
    """The kept frame with the least turn, opened lips and lowered lids, all counted in degrees."""
    faceset = source.facesets[0]
    kept = faceset.kept
    if not len(kept):
        raise FaceError(source.clips[0], "none of its frames shows a usable face", "Give another clip.")
    # Pitch is measured finely within a face and not between faces: what is usual in the clip counts as upright.
    angles_N3 = kept[["yaw", "pitch", "roll"]].to_numpy(np.float64, copy=True)
    angles_N3[:, 1] -= np.median(angles_N3[:, 1])
    turn = np.linalg.norm(angles_N3, axis=1)
    points = faceset.landmarks_N682.astype(np.float64)
    lids = _gap(points, _LIDS)
    cost = turn + _OPEN * _gap(points, _INNER_LIPS) + _SHUT * np.maximum(np.quantile(lids, _WIDE) - lids, 0)
    return int(faceset.frames_N[int(np.argmin(cost))])


def _gap(points_N682: NDArray[np.float64], pairs: tuple[tuple[int, int], ...]) -> NDArray[np.float64]:
    """The mean distance of pairs of landmarks, in distances of the outer eye corners."""
    eyes = np.linalg.norm(points_N682[:, 36] - points_N682[:, 45], axis=1)
    gaps = [np.linalg.norm(points_N682[:, above] - points_N682[:, below], axis=1) for above, below in pairs]
    return np.asarray(np.mean(gaps, axis=0) / np.maximum(eyes, 1e-9))


def initial(driver: Footage, source: Footage, choice: Initial, still: Choice = "first") -> int:
    """The number of the driver's frame from which relative motion is counted, where the source's picture stands.

    still: how the source's picture is chosen. first: the first frame. best: the frame whose landmarks are most like
    those of the picture. Raises FaceError when the first frame shows no face, or none of them.
    """
    shown = shows(driver, 0)
    if choice == "first":
        if shown is not None and not shown[0]:
            fact = "its first frame shows no face from which its motion could be counted"
            raise FaceError(driver.clips[0], fact, "Set initial: best, or cut the clip to where the face is seen.")
        return 0
    if shown is None or not shown.any():
        raise FaceError(driver.clips[0], "no face was found in any of its frames", "Give another clip.")
    picture_682 = source.facesets[0].track_T682[chosen(source, driver, still)]
    return nearest(driver.facesets[0].track_T682, picture_682)


def nearest(track_T682: NDArray[Any], landmarks_682: NDArray[Any]) -> int:
    """The frame whose landmarks differ least from the given ones; frames without a face (NaN) are passed over.

    As FOMM's find_best_frame: both are centred and divided by the square root of their hull's area, so that neither
    place nor size counts, and the squared distances are summed over the 68 points.
    """
    wanted = unplaced(landmarks_682)
    found = np.flatnonzero(np.isfinite(track_T682).all(axis=(1, 2)))
    distances = [float(np.square(unplaced(track_T682[index]) - wanted).sum()) for index in found]
    return int(found[int(np.argmin(distances))])


def unplaced(landmarks_682: NDArray[Any]) -> NDArray[np.float64]:
    """Landmarks about their middle, for a hull of area 1."""
    points = np.asarray(landmarks_682, np.float64)
    points = points - points.mean(axis=0)
    return np.asarray(points / np.sqrt(cv2.contourArea(cv2.convexHull(points.astype(np.float32)))))


def shows(side: Footage, number: int) -> NDArray[np.bool_] | None:
    """In which frames (T) of the subject's clip of that number its face was found; None where no faceset tells."""
    return side.facesets[number].table["found"].to_numpy(np.bool_) if number < len(side.facesets) else None


def frames(clip: Path, size: int, batch: int) -> Iterator[Tensor]:
    """A framed clip's frames in batches (B, 3, S, S), float32 in [0, 1], streamed: memory does not grow with length."""
    for stack in stacks(clip, size, batch):
        yield _pictures(stack)


def _pictures(stack_BSS3: Tensor) -> Tensor:
    """Frames as networks see them: (B, 3, S, S), float32 in [0, 1]."""
    return stack_BSS3.permute(0, 3, 1, 2).float().div_(255)


def stacks(clip: Path, size: int, batch: int) -> Iterator[Tensor]:
    """The same as `frames`, as they are in the file: (B, S, S, 3), uint8, a quarter of the memory to move."""
    stream = media.frames(clip)
    while held := [resized(frame, size) for frame in islice(stream, batch)]:
        yield torch.from_numpy(np.stack(held))
