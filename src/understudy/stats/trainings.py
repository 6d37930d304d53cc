"""Training again: what the seeds of a method say about its mean.

Each unordered pair has trainings of its own, so a seed's number means the same training only within a pair; a method
that is trained once for everybody has one training a seed for all pairs, and what is particular to it does not
average out over pairs. The table does not say which it is, its values do.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from understudy.stats.grid import Cell, Floats
from understudy.stats.reach import weights


@dataclass(frozen=True, kw_only=True)
class Trainings:
    """A method's trainings in one metric. apart: what they add to the mean's variance if each pair has its own.

    shared: what they add beyond that, as when one training serves all pairs; never below 0. Each with its degrees of
    freedom; (0, 0) with a single seed, which does not tell.
    """

    apart: tuple[float, float]
    shared: tuple[float, float]


def trainings(cells: tuple[Cell, ...], values_CK: Floats) -> Trainings:
    """What the seeds say; values_CK: NaN where a seed lacks a clip, whose training is then left out."""
    mean_EC, share_E = _members(cells)
    means_EK = mean_EC @ values_CK
    known_EK = np.isfinite(means_EK)
    count_E = known_EK.sum(axis=1)
    if count_E.min() < 2:
        return Trainings(apart=(0.0, 0.0), shared=(0.0, 0.0))
    centre_E = np.where(known_EK, means_EK, 0.0).sum(axis=1) / count_E
    left_EK = np.where(known_EK, means_EK - centre_E[:, None], 0.0)
    each_E = share_E**2 * (left_EK**2).sum(axis=1) / (count_E - 1) / count_E
    total, squares = float(each_E.sum()), float((each_E**2 / (count_E - 1)).sum())
    whole_K = share_E @ means_EK[:, known_EK.all(axis=0)]
    excess = float(np.var(whole_K, ddof=1)) / len(whole_K) - total if len(whole_K) > 1 else 0.0
    return Trainings(
        apart=(total, total**2 / squares if squares else 0.0),
        shared=(max(excess, 0.0), float(max(len(whole_K) - 1, 0))),
    )


@lru_cache(maxsize=256)
def _members(cells: tuple[Cell, ...]) -> tuple[Floats, Floats]:
    """The matrix EC that takes cells to the means of their trainings, and each training's share of the mean."""
    names = [tuple(sorted((source, driver))) for source, driver, _ in cells]
    index = {name: e for e, name in enumerate(sorted(set(names)))}
    training_C = np.array([index[name] for name in names])
    member_EC = (np.arange(len(index))[:, None] == training_C) * weights(cells)
    share_E = member_EC.sum(axis=1)
    return member_EC / share_E[:, None], share_E
