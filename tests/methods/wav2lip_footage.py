"""Made-up people who speak: a drawn face whose mouth opens as loud as its sound is, and facesets written by hand."""

import wave
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from understudy import media
from understudy.methods import Footage

from .animation_footage import face, faceset

WIDTH, HEIGHT, RATE = 160, 128, 16_000


def talk(seconds: float, seed: int = 0) -> np.ndarray:
    """A buzz in syllables of uneven lengths, and breath."""
    generator, count = np.random.default_rng(seed), round(seconds * RATE)
    time = np.arange(count) / RATE
    phase = 2 * np.pi * np.cumsum(120 + 30 * np.sin(3 * time + seed)) / RATE
    voice = sum(np.cos(number * phase) / number for number in range(1, 20))
    return 0.2 * voice * syllables(time, seed) + 0.002 * generator.normal(size=count)


def syllables(time: np.ndarray, seed: int) -> np.ndarray:
    """How loud the buzz is at a time (s), 0 to 1."""
    return np.clip(np.sin(9 * time + seed) + 0.5 * np.sin(23 * time + 2 * seed), 0, 1.2) / 1.2


def wav(path: Path, samples: np.ndarray, rate: int = RATE, channels: int = 1) -> Path:
    """Writes 16-bit sound."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat((samples * 32767).round().astype("<i2"), channels).tobytes())
    return path


def track(count: int, fps: float, seed: int = 0, speaking: bool = True) -> np.ndarray:
    """Landmarks (T682) of a face that sways, its mouth open as the buzz is loud."""
    time = np.arange(count) / fps
    opened = 0.3 * syllables(time, seed) * speaking
    return np.stack(
        [44 * face(opened=each) + (80 + 4 * np.sin(2 * at), 62) for each, at in zip(opened, time, strict=True)]
    )


def drawn(points: np.ndarray, skin: tuple[int, int, int]) -> np.ndarray:
    """A frame of a face: skin, eyes, a dark mouth between its lips."""
    frame = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    parts = [(slice(0, 27), skin), (slice(36, 42), (30, 60, 160)), (slice(42, 48), (30, 60, 160))]
    parts += [(slice(48, 60), (180, 60, 70)), (slice(60, 68), (30, 10, 10))]
    for part, colour in parts:
        ring = cv2.convexHull(np.rint(points[part] * 16).astype(np.int32))
        cv2.fillConvexPoly(frame, ring, colour, lineType=cv2.LINE_AA, shift=4)
    return frame


def person(folder: Path, seed: int, seconds: float = 2.0, fps: float = 25.0, speaking: bool = True) -> Footage:
    """Somebody with one clip, who says what their speech holds; or whose mouth is still."""
    points = track(round(seconds * fps), fps, seed, speaking)
    sound = wav(folder / f"{seed}.wav", talk(seconds, seed))
    path, skin = folder / f"{seed}.mp4", (200 - 20 * seed, 150, 120)
    frames = [drawn(each, skin) for each in points]
    media.write(path, frames, fps=Fraction(fps).limit_denominator(1001), sound=sound, crf=4, preset="ultrafast")
    card = {"size": 8, "coverage": "full", "width": WIDTH, "height": HEIGHT, "fps": fps}
    return Footage(f"person-{seed}", (replace(faceset(points), card=card),), (path,), speech=path)
