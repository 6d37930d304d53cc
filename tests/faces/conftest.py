"""Faces to find: two synthetic actors, filmed once a test run, and clips made of them."""

import dataclasses
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy import cast, media

Frames = np.ndarray
FRAMES = 36


@dataclasses.dataclass(frozen=True)
class Filmed:
    """An actor's frames (THWC, 256 px) and what is true of them: landmarks (T682) and yaw, pitch, roll (T3)."""

    frames: Frames
    landmarks: np.ndarray
    pose: np.ndarray


def film(actor: str, performance: str, frames: int) -> Filmed:
    """Few frames spread over some seconds of a performance, so that they differ."""
    whole = cast.load_performance(performance)
    brief = dataclasses.replace(whole, fps=12, frames=frames)
    shots = list(cast.render(cast.Actor(cast.load_actor(actor)), brief, size=256))
    return Filmed(
        np.stack([shot.rgb_HWC for shot in shots]),
        np.stack([shot.landmarks_682 for shot in shots]),
        np.array([(shot.yaw, shot.pitch, shot.roll) for shot in shots]),
    )


@pytest.fixture(scope="session")
def someone() -> Filmed:
    """The subject of most tests."""
    return film(cast.actors()[0], cast.performances()[-1], FRAMES)


@pytest.fixture(scope="session")
def other() -> Filmed:
    """Somebody else."""
    return film(cast.actors()[3], cast.performances()[-2], 8)


@pytest.fixture(scope="session")
def nobody() -> Frames:
    """A frame without a face."""
    rough = np.random.default_rng(0).integers(0, 255, (16, 16, 3), np.uint8)
    return cv2.resize(rough, (256, 256), interpolation=cv2.INTER_CUBIC)


@pytest.fixture
def clip(tmp_path: Path) -> Callable[..., Path]:
    """Makes a video of frames."""

    def make(frames: Iterable[Frames], name: str = "clip.mp4", fps: int = 25) -> Path:
        path = tmp_path / name
        media.write(path, iter(frames), fps=Fraction(fps), crf=10, preset="ultrafast")
        return path

    return make


def beside(left: Frames, right: Frames) -> Frames:
    """Two frames side by side."""
    return np.concatenate([left, right], axis=1)
