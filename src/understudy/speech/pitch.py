"""The fundamental frequency of speech, by WORLD's estimators.

Harvest (Morise 2017, "Harvest: a high-performance fundamental frequency estimator from speech signals") draws the
contour and StoneMask refines it. Harvest calls nearly everything voiced; a frame is taken to be so only where D4C's
love train (Morise 2016, "D4C, a band-aperiodicity estimator for high-quality speech synthesis") finds most of its power
below 4 kHz, and a stretch only where DIO (Morise et al. 2009) finds a period somewhere in it: in whispers and noise it
does not.

Shapes: N samples, T frames, frame t at t times the hop.
"""

from typing import Final, Literal

import numpy as np
import pyworld
from numpy.typing import NDArray

Estimator = Literal["harvest", "dio"]

HOP: Final = 0.005  # seconds
LOWEST, HIGHEST = 60.0, 600.0  # Hz
_BLOCK, _MARGIN = 20.0, 1.0  # seconds that are looked at at once, and on either side of them
_SHORTEST = 0.1  # seconds, to which what is shorter is filled up
_SILENCE = 1e-5  # largest sample of a block in which there is nothing to be found
_LOVE_TRAIN = 0.999  # D4C gives frames that it calls unvoiced an aperiodicity of 1


def count(samples: int, rate: int, hop_seconds: float = HOP) -> int:
    """How many frames there are of so many samples: one at the start, and one for each whole hop."""
    return int(samples / rate / hop_seconds + 1e-9) + 1


def f0(
    samples_N: NDArray[np.floating],
    rate: int,
    hop_seconds: float = HOP,
    low: float = LOWEST,
    high: float = HIGHEST,
    estimator: Estimator = "harvest",
) -> NDArray[np.float64]:
    """Hz at every hop, f0_T; 0 where the voice does not sound, everywhere in whispers, noise and silence. Never NaN.

    estimator: "harvest", or "dio" alone, which takes a fifth of the time and misses a fifth of the voiced frames of
    real recordings. Memory does not grow with the sound but for the contour: blocks of 20 s overlap by 2 s. Samples
    that are no numbers count as 0.
    """
    frames = count(len(samples_N), rate, hop_seconds)
    out_T = np.zeros(frames)
    step, margin = round(_BLOCK / hop_seconds), round(_MARGIN / hop_seconds)
    for first in range(0, frames, step):
        last = min(first + step, frames)
        begin = max(first - margin, 0)
        start, stop = (round(frame * hop_seconds * rate) for frame in (begin, last + margin))
        found = _of_block(np.asarray(samples_N[start:stop], np.float64), rate, hop_seconds, low, high, estimator)
        piece = found[first - begin : last - begin]
        out_T[first : first + len(piece)] = piece
    return out_T


def runs(flags_T: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The first frame and the frame after the last of each unbroken stretch that is true, (stretches, 2)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags_T.astype(np.int8), [0]])))
    return np.asarray(edges.reshape(-1, 2), np.int64)


def _of_block(
    samples_N: NDArray[np.float64], rate: int, hop: float, low: float, high: float, estimator: Estimator
) -> NDArray[np.float64]:
    """The contour of one block."""
    samples_N = np.nan_to_num(samples_N, nan=0.0, posinf=0.0, neginf=0.0)
    frames = count(len(samples_N), rate, hop)
    if not len(samples_N) or np.abs(samples_N).max() < _SILENCE:
        return np.zeros(frames)
    samples_N = np.pad(samples_N, (0, max(round(_SHORTEST * rate) - len(samples_N), 0)))
    quick, at = pyworld.dio(samples_N, rate, f0_floor=low, f0_ceil=high, frame_period=1000 * hop)
    drawn = quick
    if estimator == "harvest":
        drawn, at = pyworld.harvest(samples_N, rate, f0_floor=low, f0_ceil=high, frame_period=1000 * hop)
    refined = pyworld.stonemask(samples_N, drawn, at, rate)
    refined = np.where(np.isfinite(refined) & (refined >= low) & (refined <= high), refined, 0.0)
    if not refined.any():
        return np.zeros(frames)
    airy = pyworld.d4c(samples_N, refined, at, rate)[:, 0] >= _LOVE_TRAIN
    voiced = (refined > 0) & ~airy
    for first, last in runs(voiced):
        voiced[first:last] = (quick[first:last] > 0).any()
    return np.asarray(np.where(voiced, refined, 0.0)[:frames])
