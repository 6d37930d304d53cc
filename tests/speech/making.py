"""Recordings for tests: a voice of harmonics and breath, with a script of pauses, and files of all forms."""

import subprocess
import wave
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import scipy.signal
from numpy.typing import NDArray

Samples = NDArray[np.floating]


def voice(
    seconds: float, *, rate: int = 16_000, f0: float = 120.0, tract: float = 1.0, level: float = -25.0, seed: int = 0
) -> Samples:
    """Speech-like sound: a pulse train whose pitch moves, through formants that change with each of about 4 syllables
    a second, and hiss between them. `tract` scales the formants: another one is another person. level: dBFS (RMS)."""
    rng, count = np.random.default_rng(seed), round(seconds * rate)
    t = np.arange(count) / rate
    drift = 0.12 * np.sin(2 * np.pi * 0.7 * t + rng.uniform(0, 6)) + 0.06 * np.sin(2 * np.pi * 3.1 * t)
    phase = np.cumsum(f0 * np.exp(drift)) / rate
    pulses = np.diff(np.floor(phase), prepend=0.0) - np.mean(np.diff(np.floor(phase)))
    hiss = scipy.signal.lfilter([1, -0.95], [1], rng.normal(size=count)) * 0.05
    out, syllable = np.zeros(count), round(0.24 * rate)
    shape = np.hanning(round(0.19 * rate)) ** 0.5
    for start in range(0, count - syllable + 1, syllable):
        part = slice(start, start + len(shape))
        sound = pulses[part]
        for centre in tract * np.array([rng.uniform(300, 800), rng.uniform(900, 2300), rng.uniform(2400, 3000)]):
            radius, angle = np.exp(-np.pi * 90 / rate), 2 * np.pi * centre / rate
            sound = scipy.signal.lfilter([1 - radius], [1, -2 * radius * np.cos(angle), radius**2], sound)
        out[part] += sound / max(np.sqrt(np.mean(sound**2)), 1e-9) * shape
        tail = slice(start + len(shape), start + syllable)
        out[tail] += hiss[tail] * np.hanning(syllable - len(shape)) * 4
    return loud(out, level)


def loud(samples_N: Samples, level: float) -> Samples:
    """The samples at `level` dBFS (RMS)."""
    return np.asarray(samples_N * 10 ** (level / 20) / np.sqrt(np.mean(np.square(samples_N))))


def noise(seconds: float, level: float, rate: int = 16_000, seed: int = 1) -> Samples:
    """White noise at `level` dBFS."""
    return loud(np.random.default_rng(seed).normal(size=round(seconds * rate)), level)


def tone(hertz: float, seconds: float, rate: int = 16_000, peak: float = 0.5) -> Samples:
    return peak * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


def wav(path: Path, samples_N: Samples, rate: int = 16_000, *, bits: int = 16) -> Path:
    """Writes a PCM wav of 16 or 24 bits."""
    whole = np.clip(np.round(samples_N * (2 ** (bits - 1) - 1)), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    data = whole.astype("<i4").view(np.uint8).reshape(-1, 4)[:, : bits // 8]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(bits // 8)
        file.setframerate(rate)
        file.writeframes(data.tobytes())
    return path


def coded(source: Path, out: Path, *options: str) -> Path:
    """A sound file in the form that ffmpeg's options ask for."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", "-y", "-i", str(source)]
    subprocess.run([*command, *options, str(out)], check=True, capture_output=True)
    return out


def heard(path: Path) -> Samples:
    """The samples of a wav of 16 bits, in [-1, 1]."""
    with wave.open(str(path), "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
