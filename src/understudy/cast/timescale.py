"""Sound stretched in time and kept in pitch: waveform-similarity overlap-add.

After Verhelst and Roelands, "An overlap-add technique based on waveform similarity (WSOLA) for high quality time-scale
modification of speech", ICASSP 1993. Windows of the sound are laid over each other where they belong in time, each
taken from where the sound goes on most like the one before it would have.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from understudy.cast.noise import Floats

# Windows hold two periods of the lowest voice, and are looked for within one: shorter ones would break its pitch.
_WINDOW, _SEARCH = 0.030, 0.0075
# What a window loses by lying at the edge of the search: less than a period that fits badly, more than chance.
_STRAY = 0.05
# Spans shorter than this, such as a phone that one voice leaves out, are stretched together with the next.
_SHORTEST = 0.025


def knots(spoken: Sequence[float], wanted: Sequence[float]) -> tuple[Floats, Floats]:
    """The moments (seconds, rising) at which a sound is held to its new times, out of all those that are known.

    The sound's own start is one. A moment that follows another in either sound by less than 25 ms is none.
    """
    kept = [(0.0, 0.0)]
    for own, new in zip(spoken, wanted, strict=True):
        if min(own - kept[-1][0], new - kept[-1][1]) >= _SHORTEST:
            kept.append((float(own), float(new)))
    own_K, new_K = np.array(kept).T
    return own_K, new_K


def stretched(sound_N: Floats, rate: int, spoken: Sequence[float], wanted: Sequence[float]) -> Floats:
    """The sound with what it has at the times `spoken` moved to the times `wanted` (seconds), as high as it was.

    Between two such times it is stretched evenly, and after the last one not at all. Times that agree change nothing.
    A wanted time is met to within 7.5 ms, half the shortest way in which a low voice can be shortened.
    """
    own_K, new_K = (np.concatenate([times, times[-1:] + len(sound_N)]) for times in knots(spoken, wanted))
    length = round((new_K[-2] - own_K[-2]) * rate) + len(sound_N)
    hop, search = round(_WINDOW * rate / 2), round(_SEARCH * rate)
    margin = 2 * hop + search
    held_M = np.concatenate([np.zeros(margin), sound_N, np.zeros(2 * margin + hop)])
    window_W = np.hanning(2 * hop + 1)[:-1]
    made = np.zeros(length + 3 * hop)
    last = None
    for middle in range(0, length + hop, hop):
        at = margin - hop + round(float(np.interp(middle / rate, new_K, own_K)) * rate)
        at = min(at, len(held_M) - margin - hop)
        last = at if last is None else at + _shift(held_M, at, last + hop, 2 * hop, search)
        made[middle : middle + 2 * hop] += window_W * held_M[last : last + 2 * hop]
    return made[hop : hop + length]


def _shift(held_M: Floats, at: int, follows: int, width: int, search: int) -> int:
    """How far from `at` lies the window that is most like the one which would follow, by normalised correlation."""
    if abs(follows - at) <= search and not held_M[follows : follows + width].any():
        return 0
    follow_W = held_M[follows : follows + width]
    near = held_M[at - search : at + search + width]
    energy = np.convolve(near**2, np.ones(width), "valid")
    alike = np.correlate(near, follow_W, "valid") / np.sqrt(np.maximum(energy * (follow_W @ follow_W), 1e-9))
    stray: NDArray[np.float64] = np.arange(-search, search + 1) / search
    return int(np.argmax(alike - _STRAY * stray**2)) - search
