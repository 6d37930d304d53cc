"""The sound of a media file as speech networks take it: one channel, 16 kHz."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from understudy.errors import MediaError
from understudy.media.read import blocks, has_sound

RATE = 16_000  # samples a second
SHORTEST = 0.2  # seconds: one mel window
_SILENCE = 1e-3  # largest sample of what is taken for silence: 60 dB below full scale


def read(path: Path) -> NDArray[np.float32]:
    """The first sound track of a media file, mono, RATE samples a second, in [-1, 1].

    Any rate and number of channels are resampled and mixed. Sample 0 belongs to the first video frame where there is a
    picture. Raises MediaError when there is no sound, less than SHORTEST of it, nothing but silence, or no numbers.
    """
    path = Path(path)
    if not has_sound(path):
        raise MediaError(path, "it has no sound", "Give a file with a sound track.")
    parts = list(blocks(path, RATE))
    samples = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    if len(samples) < SHORTEST * RATE:
        fact = f"its sound is {len(samples) / RATE:.2f} s long"
        raise MediaError(path, fact, f"At least {SHORTEST:g} s are needed.")
    if not np.isfinite(samples).all():
        raise MediaError(path, "its sound holds values that are no numbers", "Export it again.")
    loudest = float(np.abs(samples).max())
    if loudest < _SILENCE:
        fact = f"its sound is silence (its loudest sample is {loudest:.1g} of full scale)"
        raise MediaError(path, fact, "Give a file in which somebody speaks, or record it louder.")
    return samples
