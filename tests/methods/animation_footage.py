"""Made-up footage for animations: a bright square that moves through every clip, and facesets written by hand."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd

from understudy import media
from understudy.faces.align import MEAN_51
from understudy.faces.faceset import COLUMNS, Faceset
from understudy.methods import Footage

SIDE = 64


def face(opened: float = 0.0, shut: float = 0.0, turn: float = 0.0) -> np.ndarray:
    """68 landmarks about the origin: the mean face, with the lower lip and the upper lids moved down."""
    jaw = [(0.5 + 0.7 * np.cos(angle), 0.3 + 0.9 * np.sin(angle)) for angle in np.linspace(np.pi, 0, 17)]
    points = np.concatenate([jaw, MEAN_51]) - 0.5
    points[[65, 66, 67, 55, 56, 57, 58, 59], 1] += opened
    points[[37, 38, 43, 44], 1] += shut
    cosine, sine = np.cos(turn), np.sin(turn)
    return points @ np.array([[cosine, sine], [-sine, cosine]])


def faceset(track: np.ndarray, **columns: np.ndarray) -> Faceset:
    """A faceset of these landmarks (T682), NaN where there is no face; angles are 0 unless told."""
    count = len(track)
    there = np.isfinite(track).all(axis=(1, 2))
    table = pd.DataFrame({name: np.zeros(count) for name in COLUMNS})
    table["frame"], table["found"], table["kept"] = np.arange(count), there, there
    table["faces"] = there.astype(np.int64)
    boxes = np.concatenate([track.min(axis=1), track.max(axis=1)], axis=1)
    table[["x0", "y0", "x1", "y1"]] = boxes
    for name, values in columns.items():
        table[name] = values
    kept = int(table["kept"].sum())
    card = {"size": 8, "coverage": "full", "width": SIDE, "height": SIDE, "fps": 25.0}
    return Faceset(Path("nowhere"), card, table, np.zeros((kept, 8, 8, 3), np.uint8), track.astype(np.float32))


def moving(subject: int, count: int, size: int = SIDE) -> list[np.ndarray]:
    """Frames of a colour of the subject's own, whose left half grows brighter by the frame: red says who, blue when."""
    frames = []
    for number in range(count):
        frame = np.full((size, size, 3), 40, np.uint8)
        frame[..., 0] = 40 + 60 * subject
        frame[:, : size // 2, 2] = 20 + 10 * number
        frames.append(frame)
    return frames


def footage(folder: Path, subject: int, lengths: tuple[int, ...], found: bool = True) -> Footage:
    """A person with clips of so many frames."""
    clips = []
    for number, count in enumerate(lengths):
        clips.append(folder / f"{subject}-{number}.mp4")
        media.write(clips[-1], moving(subject, count), fps=Fraction(25), crf=4, preset="ultrafast")
    sets = [faceset(np.repeat(20 * face()[None] + 32, count, axis=0)) for count in lengths] if found else []
    return Footage(f"person-{subject}", tuple(sets), tuple(clips))
