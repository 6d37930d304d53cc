"""Faces and speech ready to be sampled: what lip networks see of every kept frame of many clips, in one memory map.

The file has no name any more once it is open: nothing of a person is left behind, however the training ends.

Legend of shapes: N faces in all, S their side, C = 3 channels, BGR as the published networks want it; W windows; 80
mel bands, T mel frames, 16 of them in a window.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy  # loads its parts when they are first used: a tenth of a second, in every job
from numpy.typing import NDArray

from understudy import files, media, speech
from understudy.errors import FaceError, MediaError
from understudy.lips.boxes import GAP, PADS, RISE, SIZE, STEADY, face, mouth_boxes

if TYPE_CHECKING:
    from understudy.faces.faceset import Faceset

FRAMES = 5  # in a window
PACE = 25.0  # frames a second of a window, whatever the clip's rate: 5 of them are 0.2 s
_MOOD = 0.5  # seconds: deviation of the Gaussian whose mean of the lips' shape is a smile's or a turned head's


@dataclass(frozen=True, eq=False)
class LipClip:
    """One clip of a pool.

    rows_W5: rows of the pool, five a window: the frames nearest to 0, 40, 80, 120 and 160 ms after the window's start.
    starts_W: the number of the video frame with which each window starts. mel_80T: the clip's speech. A window's own
    mel frames are the 16 from `heard_from(starts_W)` on, all of them in the clip. rows: its faces are pool rows
    first .. last.
    """

    path: Path
    fps: float
    mel_80T: NDArray[np.float32]
    first: int
    last: int
    frames_N: NDArray[np.int64]
    rows_W5: NDArray[np.int64]
    starts_W: NDArray[np.int64]

    def heard_from(self, frames_K: NDArray[np.integer]) -> NDArray[np.int64]:
        """The mel frame with which the speech of these video frames starts."""
        return (np.asarray(frames_K) * (speech.MEL_RATE / self.fps)).astype(np.int64)

    def mels(self, starts_K: NDArray[np.integer]) -> NDArray[np.float32]:
        """Mel windows (K, 80, 16) from these mel frames on; one that would leave the clip is moved to its end."""
        last = self.mel_80T.shape[1] - speech.LENGTH
        at = np.clip(np.asarray(starts_K, np.int64), 0, last)
        seen = np.lib.stride_tricks.sliding_window_view(self.mel_80T, speech.LENGTH, axis=1)
        return np.ascontiguousarray(seen[:, at].transpose(1, 0, 2))


@dataclass(frozen=True, eq=False)
class LipPool:
    """The faces of many clips, BGR, and their speech. Every clip has a window at least.

    shapes_N3: what the lips of each face do: how far apart the inner ones are, how wide and how high the outer ones,
    each less its mean over the second around it and in its deviations over the clip.
    """

    faces_NSSC: NDArray[np.uint8]
    clips: tuple[LipClip, ...]
    shapes_N3: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.faces_NSSC)

    @property
    def size(self) -> int:
        """Side of a face in pixels."""
        return int(self.faces_NSSC.shape[1])


def gather(
    clips: Sequence[Path],
    facesets: Sequence["Faceset"],
    folder: Path,
    size: int = SIZE,
    *,
    pads: tuple[float, float, float, float] = PADS,
    rise: float = RISE,
    steady: float = STEADY,
) -> LipPool:
    """Packs what lip networks see of the kept frames of clips, with their speech; see `mouth_boxes` for the rest.

    Clips in which no five frames in a row have both a face and speech are left out. Raises MediaError for a clip
    without usable sound or outside 10 to 60 frames a second, FaceError when no clip is left, DiskError without room.
    """
    count = sum(len(faceset) for faceset in facesets)
    folder.mkdir(parents=True, exist_ok=True)
    files.require_room(folder, count * size * size * 3)
    with tempfile.TemporaryFile(dir=folder, prefix=".lips-") as file:
        faces = np.memmap(file, np.uint8, "w+", shape=(max(count, 1), size, size, 3))
    packed: list[LipClip] = []
    shapes = []
    at = 0
    for path, faceset in zip(clips, facesets, strict=True):
        clip = _listed(Path(path), faceset, at)
        if not len(clip.starts_W):
            continue
        boxes_T4 = mouth_boxes(faceset, pads=pads, rise=rise, steady=steady, gap=GAP)
        for number, frame in enumerate(media.frames(clip.path)):
            if at < clip.last and number == clip.frames_N[at - clip.first]:
                faces[at] = face(frame, boxes_T4[number], size)
                at += 1
        if at != clip.last:
            raise MediaError(path, f"it has fewer frames than its faceset ({faceset.folder})", "Extract it again.")
        packed.append(clip)
        shapes.append(_shapes(faceset.landmarks_N682, faceset.fps))
    if not packed:
        fact = "has five frames in a row with both a face and speech"
        raise FaceError("none of the clips", fact, "Look at why in the clips' pictures.")
    return LipPool(faces[:at], tuple(packed), np.concatenate(shapes))


def _listed(path: Path, faceset: "Faceset", first: int) -> LipClip:
    """A clip whose faces begin with row `first`, and the windows that it has."""
    frames_N, fps = faceset.frames_N, faceset.fps
    mel_80T = speech.mel(speech.read(path))
    speech.starts(mel_80T.shape[1], fps)  # is the rate one that windows can be cut at?
    rows_W5, starts_W = windows(frames_N, fps)
    heard = (starts_W * (speech.MEL_RATE / fps)).astype(np.int64) <= mel_80T.shape[1] - speech.LENGTH
    return LipClip(path, fps, mel_80T, first, first + len(frames_N), frames_N, rows_W5[heard] + first, starts_W[heard])


def _shapes(landmarks_N682: NDArray[np.float32], fps: float) -> NDArray[np.float32]:
    """What lips do, freed of mood and pose and standardised over a clip; see LipPool."""
    told = np.stack(_measured(np.asarray(landmarks_N682, np.float64)), axis=1)
    told -= scipy.ndimage.gaussian_filter1d(told, _MOOD * fps, axis=0, mode="nearest")
    return np.asarray((told - told.mean(axis=0)) / np.maximum(told.std(axis=0), 1e-6), np.float32)


def openings(landmarks_T682: NDArray[Any]) -> NDArray[np.float64]:
    """How far the lips are open in each frame, over the distance of the outer eye corners; NaN without a face.

    The mean of the gap between them and of their height outside: detected inner lips stick together and tremble, and
    lips that open but do not part are told by the outer ones alone.
    """
    apart, _, high = _measured(np.asarray(landmarks_T682, np.float64))
    return (apart + high) / 2


def _measured(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """The gap between the lips, their width and their height, each over the distance of the outer eye corners."""
    eyes = np.linalg.norm(points[:, 36] - points[:, 45], axis=1)
    apart = np.linalg.norm(points[:, 61:64] - points[:, [67, 66, 65]], axis=2).mean(axis=1)
    wide, high = (np.linalg.norm(points[:, a] - points[:, b], axis=1) for a, b in ((48, 54), (51, 57)))
    return apart / eyes, wide / eyes, high / eyes


def windows(frames_N: NDArray[np.int64], fps: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of frames by their numbers, ascending: which five make a window (W, 5: indices into `frames_N`), and the number
    of the frame with which each starts. A window of which a frame is missing is none."""
    steps = np.rint(np.arange(FRAMES) * fps / PACE).astype(np.int64)
    wanted = frames_N[:, None] + steps
    found = np.searchsorted(frames_N, wanted)
    there = np.minimum(found, max(len(frames_N) - 1, 0))
    whole = (frames_N[there] == wanted).all(axis=1) if len(frames_N) else np.zeros(0, bool)
    return there[whole], frames_N[whole]
