"""The first pass over a clip: every face of every frame, followed and now and then recognised.

What is found goes to a file, a record a face, so that memory does not grow with the clip.

Shapes: 682 = 68 landmarks of (x, y); 128 = an embedding.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy import media
from understudy.faces import models
from understudy.faces.align import COVERAGES
from understudy.faces.quality import sharpness
from understudy.faces.track import Tracker, Tracking

Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]
"""(iterable, total, label) -> the same items, shown on the way: understudy.job.progress is one."""

RECORD = np.dtype(
    [
        ("frame", np.int32),
        ("track", np.int32),
        ("score", np.float32),
        ("tracked", np.bool_),
        ("sharpness", np.float32),
        ("landmarks", np.float32, (68, 2)),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """How the faces of a clip are found, chosen, aligned and packed.

    detector, every, upsample, smallest_face, patience: see track.Tracking.
    size: side of a crop, pixels. coverage: how much of the head it holds, see align.COVERAGES.
    smoothing: seconds of the window over the landmarks. steadiness: the same over the alignment, which may be longer:
    a head has no blinks. See smooth.
    max_yaw: degrees; a face turned further is dropped as a profile.
    min_sharpness: a face whose sharpness is below this share of the clip's median is dropped as blurred.
    subject_distance: embedding distance up to which a face is the subject's.
    identity_every: seconds after which a followed face is recognised again.
    fewest: kept frames below which the clip is refused.
    """

    detector: Literal["hog", "mmod"] = "hog"
    size: int = 256
    coverage: Literal["half", "face", "full", "head"] = "full"
    every: int = 10
    upsample: int = 1
    smallest_face: float = 0.15
    patience: float = 1.0
    smoothing: float = 0.03
    steadiness: float = 0.08
    max_yaw: float = 60.0
    min_sharpness: float = 0.3
    subject_distance: float = 0.5
    identity_every: float = 2.0
    fewest: int = 5

    def __post_init__(self) -> None:
        positive = ("size", "every", "smallest_face", "max_yaw", "subject_distance", "identity_every", "fewest")
        for name in positive:
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0")
        for name in ("upsample", "patience", "smoothing", "steadiness", "min_sharpness"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be below 0")
        if self.coverage not in COVERAGES:
            raise ValueError(f"coverage must be one of {', '.join(COVERAGES)}")

    def tracking(self) -> Tracking:
        """The part of the settings that the tracker takes."""
        return Tracking(
            detector=self.detector,
            every=self.every,
            upsample=self.upsample,
            smallest_face=self.smallest_face,
            patience=self.patience,
        )


@dataclass(frozen=True)
class Survey:
    """What the first pass found: how many frames there are, a record a face (on the disk), and the recognitions."""

    frames: int
    records: NDArray[Any]  # of RECORD, in the order of the frames
    tracks_E: NDArray[np.int64]  # which track each embedding is of
    embeddings_E128: NDArray[np.float32]


def survey(clip: Path, settings: Extraction, probe: media.Probe, spool: Path, progress: Progress) -> Survey:
    """Follows every face of `clip`; `spool` is the file that takes the records."""
    tracker = Tracker(settings.tracking(), float(probe.fps))
    pause = settings.identity_every * float(probe.fps)
    due: dict[int, float] = {}
    known: list[tuple[int, NDArray[np.float32]]] = []
    frame, count = -1, 0
    with spool.open("wb") as file:
        for frame, picture in enumerate(progress(media.frames(clip), probe.frames, "faces")):
            grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
            for face in tracker.step(grey):
                detail = sharpness(grey, face.landmarks_682)
                record = (frame, face.track, face.score, face.tracked, detail, face.landmarks_682)
                file.write(np.array(record, RECORD).tobytes())
                count += 1
                if frame >= due.get(face.track, 0):
                    due[face.track] = frame + pause
                    known.append((face.track, models.embed(picture, face.landmarks_682)))
    records = np.memmap(spool, RECORD, "r", shape=(count,)) if count else np.empty(0, RECORD)
    embeddings = np.array([embedding for _, embedding in known], np.float32).reshape(-1, 128)
    return Survey(frame + 1, records, np.array([track for track, _ in known], np.int64), embeddings)
