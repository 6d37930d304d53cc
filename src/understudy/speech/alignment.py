"""Dynamic time warping: which frames of two utterances belong together (Sakoe and Chiba 1978).

Shapes: T and U frames of two sequences, D numbers a frame, P steps of the path.
"""

import math

import numba
import numpy as np
from numpy.typing import NDArray

_DIAGONAL, _DOWN, _ACROSS = 0, 1, 2  # the step by which a cell was reached


def align(a_TD: NDArray[np.floating], b_UD: NDArray[np.floating], band: int | None = None) -> NDArray[np.int64]:
    """The path of pairs (frame of a, frame of b) from both first frames to both last with the least sum of distances.

    Each step goes on by one frame in a, in b, or in both; distances are Euclidean, every step weighs the same, and the
    diagonal is preferred where steps are equal. band: how many frames of b a pair may be off the straight line between
    the corners (at least as many as one frame of a passes there); None for any. Time and memory (a byte) go with
    T times U, or with T times the band. Raises ValueError for an empty sequence, frames of different sizes, and values
    that are no numbers.
    """
    a_TD, b_UD = (np.ascontiguousarray(each, np.float64) for each in (a_TD, b_UD))
    if a_TD.ndim != 2 or b_UD.ndim != 2 or a_TD.shape[1] != b_UD.shape[1]:
        raise ValueError(f"frames of {a_TD.shape} and {b_UD.shape} cannot be compared")
    if not len(a_TD) or not len(b_UD):
        raise ValueError("an empty sequence has no path")
    if not (np.isfinite(a_TD).all() and np.isfinite(b_UD).all()):
        raise ValueError("a frame holds values that are no numbers")
    steps = max(len(a_TD) - 1, 1)
    slope = (len(b_UD) - 1) / steps
    width = len(b_UD) if band is None else max(band, math.ceil(slope) + 1)
    centres_T = np.rint(np.arange(len(a_TD)) * slope).astype(np.int64)
    low_T, high_T = np.maximum(centres_T - width, 0), np.minimum(centres_T + width, len(b_UD) - 1)
    high_T[-1] = len(b_UD) - 1
    came_TW = _sweep(a_TD, b_UD, low_T, high_T)
    return np.asarray(_walk(came_TW, low_T, len(b_UD) - 1))


def cost(a_TD: NDArray[np.floating], b_UD: NDArray[np.floating], path_P2: NDArray[np.int64]) -> float:
    """The mean distance along a path."""
    return float(np.linalg.norm(a_TD[path_P2[:, 0]] - b_UD[path_P2[:, 1]], axis=1).mean())


@numba.njit(cache=True)
def _sweep(
    a_TD: NDArray[np.float64], b_UD: NDArray[np.float64], low_T: NDArray[np.int64], high_T: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """By which step each cell within the band is best reached, row by row from the band's lower edge."""
    rows, columns = len(a_TD), len(b_UD)
    came_TW = np.zeros((rows, (high_T - low_T).max() + 1), np.uint8)
    above, here = np.full(columns, np.inf), np.full(columns, np.inf)
    for t in range(rows):
        here[:] = np.inf
        for u in range(low_T[t], high_T[t] + 1):
            distance = 0.0
            for d in range(a_TD.shape[1]):
                distance += (a_TD[t, d] - b_UD[u, d]) ** 2
            best, step = (0.0 if t == 0 and u == 0 else np.inf), _DIAGONAL
            if t > 0 and u > 0:
                best = above[u - 1]
            if t > 0 and above[u] < best:
                best, step = above[u], _DOWN
            if u > 0 and here[u - 1] < best:
                best, step = here[u - 1], _ACROSS
            here[u] = best + math.sqrt(distance)
            came_TW[t, u - low_T[t]] = step
        above, here = here, above
    return came_TW


@numba.njit(cache=True)
def _walk(came_TW: NDArray[np.uint8], low_T: NDArray[np.int64], last: int) -> NDArray[np.int64]:
    """The path back from the last cell, turned round."""
    t, u = len(came_TW) - 1, last
    back = np.empty((t + u + 1, 2), np.int64)
    steps = 0
    while True:
        back[steps, 0], back[steps, 1] = t, u
        steps += 1
        if t == 0 and u == 0:
            break
        step = came_TW[t, u - low_T[t]]
        if step != _ACROSS:
            t -= 1
        if step != _DOWN:
            u -= 1
    return back[:steps][::-1].copy()
