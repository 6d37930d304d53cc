"""A talking face that costs nothing to make: its landmarks, its voice, its picture."""

import dataclasses
import wave
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from understudy.faces.align import MEAN_51
from understudy.faces.faceset import Faceset

Array = NDArray[np.floating]
SIDE = 128  # of a drawn clip's frames


@dataclasses.dataclass(frozen=True)
class Talk:
    """A clip with sound, and the landmarks (T, 68, 2) of its faces."""

    path: Path
    landmarks: Array
    faceset: Faceset


def talking(t: Array, seed: int) -> Array:
    """How loud and how open somebody is at times t, 0 to 1: irregular syllables."""
    rng = np.random.default_rng(seed)
    at, wide, high = np.cumsum(rng.uniform(0.12, 0.4, 60)) - 1, rng.uniform(0.04, 0.09, 60), rng.uniform(0.3, 1, 60)
    return (high * np.exp(-0.5 * ((t[:, None] - at) / wide) ** 2)).sum(axis=1).clip(0, 1)


def voice(seconds: float, seed: int, late: float = 0.0) -> NDArray[np.float32]:
    """Harmonics as loud as `talking`, at 16 kHz."""
    t = np.arange(round(seconds * 16000)) / 16000
    tones = sum(np.sin(2 * np.pi * 130 * k * t + k) / k for k in range(1, 12))
    breath = 0.002 * np.random.default_rng(seed).normal(size=len(t))
    return (0.2 * tones * talking(t - late, seed) + breath).astype(np.float32)


def points(opening: float, at: tuple[float, float] = (64.0, 60.0), wide: float = 50.0) -> Array:
    """68 landmarks of a face `wide` from brow end to brow end, whose lips are open by a share of that width."""
    angle = np.linspace(np.pi, 0, 17)
    jaw = np.stack([0.5 + 0.62 * np.cos(angle), 0.35 + (0.85 + 0.5 * opening) * np.sin(angle)], 1)
    face = np.concatenate([jaw, MEAN_51]).copy()
    lower = [55, 56, 57, 58, 59, 65, 66, 67]
    face[lower, 1] += opening
    return (face - (0.5, 0.5)) * wide + at


def write_sound(path: Path, samples: NDArray[np.floating], rate: int = 16000) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).round().astype("<i2").tobytes())
    return path


def known(path: Path, landmarks: Array, fps: float, kept: NDArray[np.bool_] | None = None) -> Faceset:
    """The faceset of a clip whose landmarks are known."""
    found = np.isfinite(landmarks).all(axis=(1, 2))
    table = pd.DataFrame(
        {
            "frame": np.arange(len(landmarks)),
            "track": np.where(found, 0, -1),
            "found": found,
            "kept": found if kept is None else found & kept,
        }
    )
    crops = np.zeros((int(table["kept"].sum()), 1, 1, 3), np.uint8)
    return Faceset(path.parent, {"fps": fps, "size": 1, "coverage": "full"}, table, crops, landmarks.astype(np.float32))


def picture(landmarks: Array, seed: int) -> NDArray[np.uint8]:
    """A face of flat colours."""
    skin, lips = np.random.default_rng(seed).integers(90, 220, (2, 3)).tolist()
    frame = np.full((SIDE, SIDE, 3), 60, np.uint8)
    for part, colour in ((slice(0, 27), skin), (slice(48, 60), lips), (slice(60, 68), (20, 10, 10))):
        hull = cv2.convexHull(np.rint(landmarks[part] * 16).astype(np.int32))
        cv2.fillConvexPoly(frame, hull, colour, cv2.LINE_AA, 4)
    return frame
