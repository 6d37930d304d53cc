"""Clips with known content, made with PyAV alone, and not with what is under test."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

FLASH = 0.1  # s: how long a flash lasts
TICK = Fraction(1, 90_000)


@dataclass(frozen=True, kw_only=True)
class Slate:
    """A clip to be made. times: of its frames (s), from the clock's zero. flashes: onsets (s) of white frames and of
    clicks in the sound. sound_start: of the sound's first sample on the same clock (s), None for no sound."""

    times: Sequence[float]
    flashes: Sequence[float] = ()
    sound_start: float | None = None
    sound_codec: str = "aac"
    rate: int = 44_100
    layout: str = "stereo"
    codec: str = "libx264"
    size: tuple[int, int] = (96, 64)
    tag_rate: int = 25


def picture(slate: Slate, number: int, time: float) -> NDArray[np.uint8]:
    """White during a flash; otherwise dark, with a grey level that counts the frames."""
    lit = any(onset - 1e-6 <= time < onset + FLASH for onset in slate.flashes)
    width, height = slate.size
    return np.full((height, width, 3), 250 if lit else 10 + number % 64, np.uint8)


def clicks(slate: Slate) -> NDArray[np.float32]:
    """Samples of the sound, channels first: bursts of 3 kHz with the flashes."""
    assert slate.sound_start is not None
    seconds = slate.times[-1] + 0.2 - slate.sound_start
    clock_N = slate.sound_start + np.arange(round(seconds * slate.rate)) / slate.rate
    samples_N = np.zeros(len(clock_N), np.float32)
    for onset in slate.flashes:
        on_N = (clock_N >= onset) & (clock_N < onset + 0.02)
        samples_N[on_N] = 0.8 * np.sin(2 * np.pi * 3000 * (clock_N[on_N] - onset))
    return np.tile(samples_N, (1 if slate.layout == "mono" else 2, 1))


def blocks(slate: Slate) -> Iterator[av.AudioFrame]:
    """The sound in blocks, on the clock of the picture."""
    samples = clicks(slate)
    for at in range(0, samples.shape[1], 1024):
        block = np.ascontiguousarray(samples[:, at : at + 1024])
        sound = av.AudioFrame.from_ndarray(block, format="fltp", layout=slate.layout)
        sound.sample_rate, sound.time_base = slate.rate, Fraction(1, slate.rate)
        sound.pts = at + round(slate.sound_start * slate.rate)
        yield sound


def make(path: Path, slate: Slate) -> Path:
    """Writes the clip into the container that the path's suffix names."""
    with av.open(str(path), "w") as container:
        options = {"preset": "ultrafast", "crf": "10"} if slate.codec == "libx264" else {}
        video = container.add_stream(slate.codec, rate=slate.tag_rate, options=options)
        video.width, video.height = slate.size
        video.pix_fmt = "yuv420p"
        video.codec_context.time_base = TICK if slate.codec == "libx264" else Fraction(1, slate.tag_rate)
        audio = None
        if slate.sound_start is not None:
            audio = container.add_stream(slate.sound_codec, rate=slate.rate, layout=slate.layout)
        sound = blocks(slate) if audio is not None else iter(())
        for number, time in enumerate(slate.times):
            frame = av.VideoFrame.from_ndarray(picture(slate, number, time), format="rgb24")
            base = video.codec_context.time_base
            frame.pts, frame.time_base = round(Fraction(time) / base), base
            container.mux(video.encode(frame))
            for block in itertools.islice(sound, 3):
                container.mux(audio.encode(block))
        for block in sound:
            container.mux(audio.encode(block))
        container.mux(video.encode(None))
        if audio is not None:
            container.mux(audio.encode(None))
    return path


@pytest.fixture
def clip(tmp_path: Path) -> Callable[..., Path]:
    """Makes clips in the test's folder: clip("name.mp4", times=..., ...)."""

    def build(name: str = "clip.mp4", **slate: object) -> Path:
        slate.setdefault("times", [number / 25 for number in range(25)])
        return make(tmp_path / name, Slate(**slate))

    return build
