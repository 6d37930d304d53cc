"""Smoothing over time, in seconds, without lag: a local quadratic fit under a Gaussian window.

Around each frame a parabola is fitted to the frames near by, weighted by a Gaussian of `sigma` seconds, and its value
at that frame is taken (Savitzky and Golay 1964, with the weights of Cleveland's local regression, JASA 1979). So
constant, linear and parabolic motion pass unchanged, the window is symmetric (zero phase), a blink or a lip closure
keeps nearly all of its depth where a Gaussian of the same strength would flatten it, and a clip's first and last frames
are treated alike.

Gaps (NaN) are never bridged: each stretch of frames is smoothed by itself.
"""

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

_REACH = 3.0  # the window ends where the Gaussian has fallen to 1 %


def smooth(
    values_TC: NDArray[Any], fps: float, sigma: float, starts_T: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Signals (T frames, C channels) smoothed over `sigma` seconds; 0 leaves them as they are. NaN rows stay NaN.

    starts_T: frames before which nothing is looked at, such as the first one after a cut.
    """
    out = np.array(values_TC, np.float64)
    width = sigma * fps
    if width < 1e-3:
        return out
    for start, stop in stretches(np.asarray(np.isfinite(out).all(axis=1)), starts_T):
        out[start:stop] = _stretch(out[start:stop], width)
    return out


def stretches(present_T: NDArray[np.bool_], starts_T: NDArray[np.bool_] | None = None) -> list[tuple[int, int]]:
    """[start, stop) of each run of True, parted where `starts_T` is True as well."""
    change = np.diff(np.concatenate([[False], present_T, [False]]).astype(np.int8))
    first, after = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    parts = np.flatnonzero(present_T & starts_T) if starts_T is not None else np.empty(0, np.int64)
    inside = np.setdiff1d(parts, first)
    starts, stops = np.sort(np.concatenate([first, inside])), np.sort(np.concatenate([after, inside]))
    return [(int(start), int(stop)) for start, stop in zip(starts, stops, strict=True)]


def _stretch(values_TC: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    count, reach = len(values_TC), max(1, round(_REACH * width))
    out = np.empty_like(values_TC)
    for index in range(min(count, reach)):  # ends, where the window is cut
        for at in {index, count - 1 - index}:
            first, last = max(0, at - reach), min(count, at + reach + 1)
            out[at] = kernel(at - first, last - 1 - at, width) @ values_TC[first:last]
    if count > 2 * reach:
        weights = kernel(reach, reach, width)
        inner = np.zeros_like(values_TC[reach : count - reach])
        for offset, weight in enumerate(weights):
            inner += weight * values_TC[offset : offset + len(inner)]
        out[reach : count - reach] = inner
    return out


@functools.lru_cache(maxsize=4096)
def kernel(before: int, after: int, width: float) -> NDArray[np.float64]:
    """The weights of frames -before .. after on the smoothed value of frame 0; `width` is the Gaussian's, in frames."""
    offsets = np.arange(-before, after + 1, dtype=np.float64)
    powers = offsets[:, None] ** np.arange(min(3, len(offsets)))
    weighted = np.exp(-0.5 * (offsets / width) ** 2)[:, None] * powers
    return np.asarray(np.linalg.pinv(weighted.T @ powers)[0] @ weighted.T)
