"""Writing plain sound files."""

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from understudy.files import whole


def write_wav(path: Path, samples_N: NDArray[np.float32], rate: int) -> None:
    """Writes mono samples in [-1, 1] at `rate` Hz as a WAV of 16 bits, whole or not at all."""
    with whole(path) as part, wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples_N, -1, 1) * 32767).round().astype("<i2").tobytes())
