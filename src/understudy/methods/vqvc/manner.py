"""How somebody speaks on the whole: how high, how loudly, with what colour. Each frame is held against it.

Legend of shapes: M values of a contour, T frames, B bands, K steps of level.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from understudy.methods.vqvc.bands import BANDS

_STEP, _LOWEST, _STEPS = 0.25, -60.0, 400  # of the level, in nepers of power: the mean of a frame's bands
_BELOW = 9.0  # under the 95th percentile of the levels (39 dB): what is quieter is a pause
_FLOOR = 14.0  # under it likewise (61 dB): what is quieter is taken for that loud
_LEAST = 1e-2  # a spread below which nothing is divided by


@dataclass(frozen=True, kw_only=True)
class Manner:
    """pitch: mean and standard deviation of log F0; both 0 for a voice that is never heard to sound. level: mean and
    standard deviation of the mean log power of frames in which something is said. shape_B: the mean of their bands,
    less their level. floor: the level below which nothing is told apart."""

    pitch: tuple[float, float]
    level: tuple[float, float]
    shape_B: NDArray[np.float32]
    floor: float


class Tally:
    """Sums from which a manner is known, whatever the length of the speech that is added to them.

    Frames are counted by their level, so that which of them are pauses need not be known beforehand.
    """

    def __init__(self) -> None:
        self.frames_K, self.bands_KB = np.zeros(_STEPS), np.zeros((_STEPS, BANDS))
        self.levels_K, self.squares_K = np.zeros(_STEPS), np.zeros(_STEPS)
        self.pitch_3 = np.zeros(3)

    def add(self, bands_TB: NDArray[np.floating], contour_M: NDArray[np.floating]) -> None:
        """More speech of the same person."""
        level_T = bands_TB.mean(axis=1, dtype=np.float64)
        step_T = np.clip((level_T - _LOWEST) / _STEP, 0, _STEPS - 1).astype(np.int64)
        np.add.at(self.bands_KB, step_T, bands_TB - level_T[:, None])
        for sums_K, values_T in ((self.frames_K, 1.0), (self.levels_K, level_T), (self.squares_K, level_T**2)):
            np.add.at(sums_K, step_T, values_T)
        log_f0 = np.log(contour_M[contour_M > 0])
        self.pitch_3 += (len(log_f0), log_f0.sum(), (log_f0**2).sum())

    def manner(self) -> Manner:
        """What the sums say. Of no speech at all: a manner that changes nothing."""
        total = max(self.frames_K.sum(), 1.0)
        loud = _LOWEST + _STEP * (1 + int(np.searchsorted(self.frames_K.cumsum(), 0.95 * total)))
        said_K = _LOWEST + _STEP * np.arange(_STEPS) >= loud - _BELOW
        count = max(self.frames_K[said_K].sum(), 1.0)
        voiced, *sums = self.pitch_3
        return Manner(
            pitch=_spread(voiced, *sums) if voiced else (0.0, 0.0),
            level=_spread(count, self.levels_K[said_K].sum(), self.squares_K[said_K].sum()),
            shape_B=np.asarray(self.bands_KB[said_K].sum(axis=0) / count, np.float32),
            floor=float(loud - _FLOOR),
        )


def _spread(count: float, total: float, squares: float) -> tuple[float, float]:
    """Mean and standard deviation, from sums."""
    mean = total / count
    return float(mean), float(max(np.sqrt(max(squares / count - mean**2, 0.0)), _LEAST))


def told(bands_TB: NDArray[np.floating], contour_M: NDArray[np.floating], manner: Manner) -> NDArray[np.float32]:
    """What the decoder is told of each frame beside its code (3, T): log F0 and level by this manner, and voice."""
    coarse_T = contour_M[::2][: len(bands_TB)]
    voice_T = coarse_T > 0
    mean, spread = manner.pitch
    height_T = np.where(voice_T, (np.log(np.maximum(coarse_T, 1.0)) - mean) / max(spread, _LEAST), 0.0)
    level_T = (floored(bands_TB, manner).mean(axis=1) - manner.level[0]) / manner.level[1]
    return np.stack([height_T.clip(-4, 4), level_T.clip(-6, 4), voice_T]).astype(np.float32)


def floored(bands_TB: NDArray[np.floating], manner: Manner) -> NDArray[np.float32]:
    """Bands of which none is below the floor: digital silence and quiet rooms are the same."""
    return np.asarray(np.maximum(bands_TB, manner.floor), np.float32)


def moved(contour_M: NDArray[np.floating], there: Manner, here: Manner) -> NDArray[np.float64]:
    """A contour of one manner at the height and with the spread of the other; nothing sounds where a voice never does.

    Mean and variance of log F0, as Liu et al. 2007, "High quality voice conversion through phoneme-based linear mapping
    functions with STRAIGHT for Mandarin", section 2, name it.
    """
    if not here.pitch[1] or not there.pitch[1]:
        return np.zeros(len(contour_M))
    unit_M = (np.log(np.maximum(contour_M, 1.0)) - there.pitch[0]) / there.pitch[1]
    return np.where(contour_M > 0, np.exp(unit_M * here.pitch[1] + here.pitch[0]).clip(40.0, 1000.0), 0.0)
