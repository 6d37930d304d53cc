"""Voices that nobody has, for the tests of `sovits`: pulses through three resonances."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from understudy.media.wav import write_wav
from understudy.methods import Footage

RATE = 44_100


def vowels(seconds: float, pitch: float, seed: int, rate: int = RATE) -> NDArray[np.float32]:
    """A voice of a mean pitch (Hz) that says "aa" again and again."""
    draws = np.random.default_rng(seed)
    time_N = np.arange(round(seconds * rate)) / rate
    phase_N = np.cumsum(pitch * (1 + 0.15 * np.sin(2 * np.pi * 0.7 * time_N + seed))) / rate
    sound_N = np.diff(np.floor(phase_N), prepend=0) + 0.003 * draws.standard_normal(len(time_N))
    for centre, width in ((700, 90), (1200, 110), (2600, 160)):
        radius = np.exp(-np.pi * width / rate)
        pole = -2 * radius * np.cos(2 * np.pi * centre / rate)
        sound_N = lfilter([1 - radius], [1, pole, radius**2], sound_N)
    sound_N *= 0.55 + 0.45 * np.sign(np.sin(2 * np.pi * 1.3 * time_N))
    return np.asarray(0.5 * sound_N / np.abs(sound_N).max(), np.float32)


def footage(folder: Path, subject: str = "sam", count: int = 6, seconds: float = 1.0) -> Footage:
    """A person of so many segments."""
    paths = [folder / f"{subject}/{number:03}.wav" for number in range(count)]
    for number, path in enumerate(paths):
        write_wav(path, vowels(seconds, 120, number), RATE)
    return of(subject, paths)


def of(subject: str, paths: list[Path]) -> Footage:
    """A person of these segments."""
    segments: Any = SimpleNamespace(paths=tuple(paths), rate=RATE, seconds=float(len(paths)))
    return Footage(subject, (), (), segments=(segments,))


def driver(folder: Path, seconds: float = 1.3) -> Footage:
    """A person whose words are said."""
    write_wav(folder / "driver.wav", vowels(seconds, 200, 99), RATE)
    return Footage("dan", (), (), speech=folder / "driver.wav")
