"""From what the survey found to a row a video frame: whose face, where, how it stands, and whether it is kept.

Shapes: T video frames, 682 = 68 landmarks of (x, y), 23 = a 2x3 matrix.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from understudy import media
from understudy.faces.align import COVERAGES, Matrix, align, apply, invert
from understudy.faces.faceset import COLUMNS, MATRIX
from understudy.faces.pose import pose
from understudy.faces.smooth import smooth
from understudy.faces.survey import Extraction, Survey

REASONS = {
    "no face": "no face was found in the frame",
    "not the subject": "the faces in the frame are other people's, or no faces",
    "outside": "more than a tenth of the face lies outside the frame",
    "small": "the face is smaller than extract.smallest_face",
    "profile": "the face is turned further than extract.max_yaw",
    "blurred": "the face is less sharp than extract.min_sharpness of the clip's median",
}
"""Why a frame is dropped, in the order in which it is asked."""

_BOX_SIDE = 1.3  # side of the detector's box in face widths: what smallest_face speaks of
_OUTSIDE = 0.1
_LEAP = 0.15  # mean move of the landmarks, in face widths, that no head makes in a frame


def table(found: Survey, own: dict[int, float], fps: float) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """The table with what the survey knows, NaN elsewhere, and for each frame the record of the subject's face or -1.

    own: the distance of each of the subject's tracks; where two are in one frame the nearer is taken.
    """
    chosen_T = _choose(found, own)
    there = chosen_T >= 0
    rows = pd.DataFrame({name: np.full(found.frames, np.nan) for name in COLUMNS})
    rows["frame"] = np.arange(found.frames)
    rows["time"] = rows["frame"] / fps
    rows["faces"] = np.bincount(found.records["frame"], minlength=found.frames)
    rows["found"] = there
    for name in ("track", "score", "tracked", "sharpness"):
        values = np.full(found.frames, -1.0 if name == "track" else np.nan)
        values[there] = found.records[name][chosen_T[there]]
        rows[name] = values
    rows["track"] = rows["track"].astype(np.int64)
    rows["tracked"] = rows["tracked"] == 1
    rows["distance"] = rows["track"].map(own)
    return rows, chosen_T


def _choose(found: Survey, own: dict[int, float]) -> NDArray[np.int64]:
    chosen = np.full(found.frames, -1, np.int64)
    best = np.full(found.frames, np.inf)
    frames, tracks = np.asarray(found.records["frame"]), np.asarray(found.records["track"])
    for index, (frame, track) in enumerate(zip(frames.tolist(), tracks.tolist(), strict=True)):
        if own.get(track, np.inf) < best[frame]:
            best[frame], chosen[frame] = own[track], index
    return chosen


def starts(found: Survey, chosen_T: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The frames (T) that begin something new, across which nothing is smoothed: another track that is elsewhere.

    A track also ends when a face changes its look quickly, in a flash or a fast turn; where its landmarks go on from
    where they were, it is the same movement.
    """
    tracks = np.where(chosen_T >= 0, found.records["track"][np.maximum(chosen_T, 0)], -1)
    new = np.concatenate([[True], tracks[1:] != tracks[:-1]])
    for frame in np.flatnonzero(new[1:] & (chosen_T[1:] >= 0) & (chosen_T[:-1] >= 0)) + 1:
        before, after = (found.records["landmarks"][chosen_T[index], 17:] for index in (frame - 1, frame))
        new[frame] = np.linalg.norm(after - before, axis=1).mean() > _LEAP * np.ptp(after[:, 0])
    return new


def smoothed(
    found: Survey,
    chosen_T: NDArray[np.int64],
    starts_T: NDArray[np.bool_],
    settings: Extraction,
    fps: float,
    path: Path,
    *,
    still: bool = False,
) -> NDArray[np.float32]:
    """Writes the subject's smoothed landmarks (T682) as a .npy and returns it mapped; one point at a time in memory.

    still: every frame is the same picture, and so gets the same landmarks: the median of all fits, which wander a
    little because each begins from the last.
    """
    there = chosen_T >= 0
    out = np.lib.format.open_memmap(path, "w+", np.dtype(np.float32), (found.frames, 68, 2))
    for point in range(68):
        raw = np.full((found.frames, 2), np.nan)
        raw[there] = found.records["landmarks"][chosen_T[there], point]
        if still:
            raw[there] = np.median(raw[there], axis=0)
        out[:, point] = raw if still else smooth(raw, fps, settings.smoothing, starts_T)
    out.flush()
    return out


def place(
    rows: pd.DataFrame,
    track_T682: NDArray[np.float32],
    starts_T: NDArray[np.bool_],
    settings: Extraction,
    probe: media.Probe,
) -> None:
    """Fills in box, pose and steadied matrix of every frame in which the subject was found."""
    count, fps = len(rows), float(probe.fps)
    boxes, angles, stands = np.full((count, 4), np.nan), np.full((count, 3), np.nan), np.full((count, 4), np.nan)
    there = np.flatnonzero(rows["found"])
    for index in there:
        landmarks = np.asarray(track_T682[index], np.float64)
        boxes[index] = [*landmarks.min(axis=0), *landmarks.max(axis=0)]
        angles[index] = pose(landmarks, probe.width, probe.height)
        stands[index] = stand(align(landmarks, settings.size, settings.coverage), settings.size)
    steady = smooth(stands, fps, settings.steadiness, starts_T)
    matrices = np.full((count, 6), np.nan)
    for index in there:
        matrices[index] = matrix(steady[index], settings.size).ravel()
    rows[["x0", "y0", "x1", "y1"]] = boxes
    rows[["yaw", "pitch", "roll"]] = angles
    rows[MATRIX] = matrices


def stand(matrix_23: Matrix, size: int) -> NDArray[np.float64]:
    """A similarity as where a crop stands in its frame: its centre (x, y), and its x axis (x, y) a crop pixel.

    These four are plain places and lengths in the frame, so they can be averaged over time; a matrix's own entries
    cannot, since its shift is measured from the frame's corner and swings with every small turn.
    """
    back = invert(matrix_23)
    return np.array([*apply(back, np.full((1, 2), (size - 1) / 2))[0], back[0, 0], back[1, 0]])


def matrix(stand_4: NDArray[np.float64], size: int) -> Matrix:
    """The matrix (23) of a crop that stands so: the inverse of `stand`."""
    x, y, across, down = stand_4
    linear = np.array([[across, -down], [down, across]])
    return invert(np.column_stack([linear, np.array([x, y]) - linear @ np.full(2, (size - 1) / 2)]))


def decide(rows: pd.DataFrame, settings: Extraction, probe: media.Probe) -> None:
    """Fills in which frames are kept, as which crop, and why the others are not."""
    boxes = rows[["x0", "y0", "x1", "y1"]].to_numpy()
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    inside = np.clip(boxes, 0, [probe.width, probe.height] * 2)
    shown = np.prod(inside[:, 2:] - inside[:, :2], axis=1) / np.maximum(area, 1e-9)
    width = settings.size / (np.sqrt(np.abs(_determinant(rows))) * (1 + 2 * COVERAGES[settings.coverage].padding))
    usual = np.nanmedian(rows["sharpness"]) if rows["found"].any() else np.nan
    asked = {
        "no face": rows["faces"] == 0,
        "not the subject": ~rows["found"],
        "outside": shown < 1 - _OUTSIDE,
        "small": _BOX_SIDE * width < settings.smallest_face * min(probe.width, probe.height),
        "profile": rows["yaw"].abs() > settings.max_yaw,
        "blurred": rows["sharpness"] < settings.min_sharpness * usual,
    }
    reason = np.select([np.asarray(condition) for condition in asked.values()], list(asked), default="")
    rows["reason"] = pd.Series(reason, dtype="str")
    kept = reason == ""
    rows["kept"] = kept
    rows["crop"] = np.where(kept, np.cumsum(kept) - 1, -1)


def _determinant(rows: pd.DataFrame) -> NDArray[np.float64]:
    return np.asarray(rows["m00"] * rows["m11"] - rows["m01"] * rows["m10"], np.float64)
