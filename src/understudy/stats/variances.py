"""What a value varies with: trainings, clips and pairs, each with what the ones before it add taken off."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from understudy.stats.grid import Cell, Floats, over_seeds
from understudy.stats.reach import of_pairs, pair_means, pairs, same_training

NAN = float("nan")


def spreads(cells: Sequence[Cell], values_CK: Floats) -> tuple[float, float, float]:
    """Standard deviations between seeds of one clip, between clips of a pair and between pairs (analysis of variance).

    Between seeds is a training's chance together with how it meets each clip. NaN with a single seed, clip or pair;
    what a single seed or clip hides stays in the next. Every cell needs a finite value.
    """
    pair_C, mean_PC = of_pairs(cells), pair_means(cells)
    cell_C, count_C = over_seeds(values_CK), np.isfinite(values_CK).sum(axis=1)
    seeds = 1 / float(np.mean(1 / count_C))
    of_seeds = _pooled(values_CK - cell_C[:, None], int((count_C - 1).sum()))
    rest = np.nan_to_num(_rest(pair_C, values_CK))
    pair_P = mean_PC @ cell_C
    within = _pooled(cell_C - pair_P[pair_C], len(cells) - len(pair_P))
    if len(pair_P) == 1:
        return _root(of_seeds), _root(within - rest / seeds), NAN
    training = max(np.nan_to_num(of_seeds) - rest, 0.0) / seeds * _unshared(same_training(pairs(cells)))
    clip = np.nan_to_num(within) * _unshared(mean_PC @ _same_clip(cells) @ mean_PC.T)
    return _root(of_seeds), _root(within - rest / seeds), _root(float(np.var(pair_P, ddof=1)) - clip - training)


def _rest(pair_C: NDArray[np.int64], values_CK: Floats) -> float:
    """The variance that neither the clip nor the training explains, from the seeds that a pair has in all its clips."""
    squares, freedom = 0.0, 0
    for p in range(int(pair_C.max()) + 1):
        table = values_CK[pair_C == p]
        table = table[:, np.isfinite(table).all(axis=0)]
        if min(table.shape) > 1:
            left = table - table.mean(axis=0) - table.mean(axis=1, keepdims=True) + table.mean()
            squares, freedom = squares + float((left**2).sum()), freedom + (table.shape[0] - 1) * (table.shape[1] - 1)
    return squares / freedom if freedom else NAN


def _same_clip(cells: Sequence[Cell]) -> Floats:
    places = [(driver, clip) for _, driver, clip in cells]
    index = {place: k for k, place in enumerate(sorted(set(places)))}
    clip_C = np.array([index[place] for place in places])
    same_CC: Floats = (clip_C[:, None] == clip_C).astype(float)
    return same_CC


def _unshared(shares_PP: Floats) -> float:
    """How much of an effect that pairs share in this way is seen as a difference between pairs."""
    return float(np.trace(shares_PP) - shares_PP.mean() * len(shares_PP)) / (len(shares_PP) - 1)


def _pooled(left: Floats, freedom: int) -> float:
    return float(np.nansum(left**2)) / freedom if freedom else NAN


def _root(variance: float) -> float:
    return float(np.sqrt(max(variance, 0.0))) if np.isfinite(variance) else NAN
