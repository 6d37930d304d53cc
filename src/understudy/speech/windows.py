"""Which mel frames belong to which picture: a window of 0.2 s that starts with it (Prajwal et al. 2020).

Shapes: 80 bands, T mel frames, N pictures, 16 mel frames in a window.
"""

import numpy as np
from numpy.typing import NDArray

from understudy.errors import MediaError
from understudy.speech.mel import MEL_RATE

LENGTH = 16  # mel frames in a window: 0.2 s
_SLOWEST, _FASTEST = 10.0, 60.0


def starts(frames: int, fps: float, count: int | None = None) -> NDArray[np.int64]:
    """The first of the LENGTH mel frames of each picture, of `frames` mel frames in all.

    Picture i has those from int(i * 80 / fps) on; one for which they do not reach has the last LENGTH. count: how many
    pictures; by default up to the first that has the last window. Raises MediaError for a rate outside 10 to 60 frames
    a second and for less than one window of speech.
    """
    if not _SLOWEST <= fps <= _FASTEST:
        remedy = f"Convert it to {_SLOWEST:g} to {_FASTEST:g} frames a second: lips are read from windows of 0.2 s."
        raise MediaError("clip", f"it has {fps:g} frames a second", remedy)
    last = frames - LENGTH
    if last < 0:
        fact = f"it is {frames / MEL_RATE:.2f} s long"
        raise MediaError("speech", fact, f"Give at least {LENGTH / MEL_RATE:g} s of it.")
    step = MEL_RATE / fps  # rounded before it is multiplied, as the authors do
    if count is None:
        count = int(last / step) + 3
        at = (np.arange(count) * step).astype(np.int64)
        return np.minimum(at[: int(np.argmax(at > last)) + 1], last)
    return np.minimum((np.arange(count) * step).astype(np.int64), last)


def windows(mel_80T: NDArray[np.float32], fps: float, count: int | None = None) -> NDArray[np.float32]:
    """The mel window of each picture, (N, 80, 16); see `starts`."""
    at_N = starts(mel_80T.shape[1], fps, count)
    seen = np.lib.stride_tricks.sliding_window_view(mel_80T, LENGTH, axis=1)
    return np.ascontiguousarray(seen[:, at_N].transpose(1, 0, 2))
