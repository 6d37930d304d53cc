"""What may be marked: moving pictures and voice-like sound out of a seed, and the encoders that come after."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import pytest
from numpy.typing import NDArray

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
RATE = 48_000


def _scene(width: int = 256, height: int = 256, frames: int = 24, seed: int = 0) -> NDArray[np.uint8]:
    """frames_THWC: cloth-like texture that drifts before a smooth background."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.integers(60, 200, (3, 3, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    cloth = cv2.GaussianBlur(rng.normal(0, 1, (height, width, 1)), (0, 0), 1.2)[..., None] * 45
    spots = cv2.GaussianBlur(rng.normal(0, 1, (height, width)), (0, 0), min(width, height) / 12)
    shape = np.clip(spots / spots.std() * 4, 0, 1)[..., None]
    moved = [np.roll(cloth * shape, (step // 2, step), (0, 1)) for step in range(frames)]
    return np.array([np.clip(coarse + each, 0, 255).astype(np.uint8) for each in moved])


def _voice(seconds: float = 4.0, rate: int = RATE, seed: int = 0) -> NDArray[np.float32]:
    """samples_N: syllables of a gliding voice with formants, and hisses between them."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    pitch = 140 + 25 * np.sin(2 * np.pi * 0.7 * time + seed)
    turn = 2 * np.pi * np.cumsum(pitch) / rate
    sound = np.zeros(len(time))
    for harmonic in range(1, 40):
        frequency = harmonic * pitch
        formants = sum(
            np.exp(-(((frequency - place) / 180) ** 2)) for place in (600 + 200 * np.sin(3 * time), 1400, 2600)
        )
        sound += (formants + 0.02) * np.sin(harmonic * turn)
    syllables = np.clip(np.sin(2 * np.pi * 3.1 * time) * 2, 0, 1)
    hiss = rng.normal(0, 0.4, len(time)) * np.clip(-np.sin(2 * np.pi * 3.1 * time) - 0.5, 0, 1)
    whole = sound * syllables + np.convolve(hiss, [1, -0.7], "same")
    return (0.5 * whole / np.abs(whole).max()).astype(np.float32)


@pytest.fixture(scope="session")
def scene() -> Callable[..., NDArray[np.uint8]]:
    """Moving pictures: scene(width, height, frames, seed) -> frames_THWC."""
    return _scene


@pytest.fixture(scope="session")
def voice() -> Callable[..., NDArray[np.float32]]:
    """Speech-like sound: voice(seconds, rate, seed) -> samples_N."""
    return _voice


@pytest.fixture
def film(tmp_path: Path) -> Callable[..., NDArray[np.uint8]]:
    """Frames encoded and decoded again: film(frames_THWC, *encoder arguments, filters=..., ending=...)."""

    def through(
        frames_THWC: NDArray[np.uint8], *arguments: str, filters: str = "null", ending: str = "mp4"
    ) -> NDArray[np.uint8]:
        height, width = frames_THWC.shape[1:3]
        out = str(tmp_path / f"clip.{ending}")
        raw = ["-f", "rawvideo", "-pix_fmt", "rgb24"]
        source = [*raw, "-s", f"{width}x{height}", "-r", "25", "-i", "-"]
        encode = [FFMPEG, "-v", "error", "-y", *source, "-vf", filters, *arguments, "-pix_fmt", "yuv420p", out]
        subprocess.run(encode, input=np.ascontiguousarray(frames_THWC).tobytes(), check=True)
        told = subprocess.run([FFMPEG, "-i", out], capture_output=True, text=True, check=False).stderr
        size = re.search(r"Video:.*?(\d{2,5})x(\d{2,5})", told)
        assert size
        decode = [FFMPEG, "-v", "error", "-i", out, *raw, "-"]
        data = subprocess.run(decode, capture_output=True, check=True).stdout
        return np.frombuffer(data, np.uint8).reshape(-1, int(size[2]), int(size[1]), 3)

    return through


@pytest.fixture
def tape(tmp_path: Path) -> Callable[..., NDArray[np.float32]]:
    """Sound encoded and decoded again: tape(samples_NC, *encoder arguments, ending=..., rate=of what comes back)."""

    def through(samples_NC: NDArray[np.float32], *arguments: str, ending: str, rate: int = RATE) -> NDArray[np.float32]:
        channels = str(samples_NC.shape[1])
        out = str(tmp_path / f"sound.{ending}")
        source = ["-f", "f32le", "-ar", str(RATE), "-ac", channels, "-i", "-"]
        encode = [FFMPEG, "-v", "error", "-y", *source, *arguments, out]
        subprocess.run(encode, input=samples_NC.astype("<f4").tobytes(), check=True)
        decode = [FFMPEG, "-v", "error", "-i", out, "-ac", channels, "-ar", str(rate), "-f", "f32le", "-"]
        data = subprocess.run(decode, capture_output=True, check=True).stdout
        return np.frombuffer(data, "<f4").reshape(-1, samples_NC.shape[1])

    return through
