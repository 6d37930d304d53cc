"""Which of the faces in a clip is the subject's.

Shapes: E embeddings measured, R tracks; 128 = an embedding.
"""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy import media
from understudy.errors import FaceError
from understudy.faces import models
from understudy.faces.survey import Extraction, Survey
from understudy.faces.track import Tracker

_RIVAL = 0.25  # another face seen in this share of the dominant one's frames leaves open whose clip it is
_SAMPLES = 12  # frames from which a reference is made


def distances(clip: Path, found: Survey, limit: float, references_N128: NDArray[np.float32] | None) -> dict[int, float]:
    """The embedding distance of each of the subject's tracks; tracks of others, and mistaken faces, are left out.

    limit: the largest distance at which a face is the subject's. Without references, the
    subject is the face seen in most frames. Raises FaceError when no face is the subject's, or, without references,
    when a second face is seen so often that it cannot be told whose clip this is.
    """
    numbers, counts = np.unique(np.asarray(found.records["track"]), return_counts=True)
    seen: dict[int, int] = dict(zip(numbers.tolist(), counts.tolist(), strict=True))
    tracks_E, embeddings_E128 = found.tracks_E, found.embeddings_E128
    means = {track: embeddings_E128[tracks_E == track].mean(axis=0) for track in seen}
    if references_N128 is None:
        references_N128 = _dominant(clip, means, seen, limit)[None]
    apart = {track: _distance(embeddings_E128[tracks_E == track], references_N128) for track in means}
    own = {track: distance for track, distance in apart.items() if distance <= limit}
    if not own:
        raise FaceError(
            clip,
            f"none of its faces is the subject's: the nearest is {min(apart.values()):.2f} from the reference, "
            f"and {limit:.2f} is the limit",
            "Is it a clip of this subject, and the reference too? Else raise extract.subject_distance.",
        )
    return own


def _distance(embeddings_E128: NDArray[np.float32], references_N128: NDArray[np.float32]) -> float:
    """Median over a track's embeddings of the distance to the nearest reference."""
    gaps = np.linalg.norm(embeddings_E128[:, None] - references_N128[None], axis=2)
    return float(np.median(gaps.min(axis=1)))


def _dominant(clip: Path, means: dict[int, Any], seen: dict[int, int], limit: float) -> NDArray[np.float32]:
    """The mean embedding of the face seen in most frames. Raises FaceError when another is seen about as often."""
    people: list[list[int]] = []
    for track in sorted(means, key=lambda track: (-seen[track], track)):
        near = [one for one in people if np.linalg.norm(means[track] - means[one[0]]) <= limit]
        if near:
            near[0].append(track)
        else:
            people.append([track])
    counts = sorted(((sum(seen[track] for track in one), one) for one in people), key=lambda item: -item[0])
    if len(counts) > 1 and counts[1][0] >= _RIVAL * counts[0][0]:
        raise FaceError(
            clip,
            f"holds several faces: one in {counts[0][0]} frames, another in {counts[1][0]}",
            "Name a reference clip of the subject with nobody else in it, or cut the clip to the subject.",
        )
    weights = [seen[track] for track in counts[0][1]]
    return np.asarray(np.average([means[track] for track in counts[0][1]], axis=0, weights=weights), np.float32)


def reference(clip: Path, settings: Extraction) -> NDArray[np.float32]:
    """The subject's face (128), the mean over frames spread through a clip in which they are the only one.

    Raises FaceError when there is no face, or when several people are seen.
    """
    clip = Path(clip)
    probe = media.probe(clip)
    step = max(1, probe.frames // _SAMPLES)
    found: list[NDArray[np.float32]] = []
    for picture in islice(media.frames(clip), step // 2, None, step):
        faces = Tracker(settings.tracking(), float(probe.fps)).step(picture)
        found += [models.embed(picture, face.landmarks_682) for face in faces]
    if not found:
        raise nothing(clip, probe.frames, settings)
    return _dominant(clip, dict(enumerate(found)), dict.fromkeys(range(len(found)), 1), settings.subject_distance)


def references(clips: Sequence[Path], settings: Extraction) -> NDArray[np.float32]:
    """The subject's face in each of several clips (N128)."""
    return np.stack([reference(clip, settings) for clip in clips])


def nothing(clip: Path, frames: int, settings: Extraction) -> FaceError:
    """The error of a clip in which no face was found."""
    return FaceError(
        clip,
        f"no face was found in any of its {frames} frames",
        f"Faces must be at least {settings.smallest_face:.0%} of the picture's shorter side: lower "
        "extract.smallest_face, try extract.detector: mmod, or take the clip out of the manifest.",
    )
