"""Training again: what the seeds of a method say about its mean.

Each unordered pair has trainings of its own, so a seed's number means the same training only within a pair; a method
that is trained once for everybody has one training a seed for all pairs, and what is particular to it does not
average out over pairs. The table does not say which it is, its values do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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


def trainings(cells: Sequence[Cell], values_CK: Floats) -> Trainings:
    """What the seeds say; values_CK: NaN where a seed lacks a clip, whose training is then left out."""
    names = [tuple(sorted((source, driver))) for source, driver, _ in cells]
    index = {name: e for e, name in enumerate(sorted(set(names)))}
    of_C = np.array([index[name] for name in names])
    member_EC = (np.arange(len(index))[:, None] == of_C) * weights(cells)
    share_E = member_EC.sum(axis=1)
    means_EK = (member_EC / share_E[:, None]) @ values_CK
    count_E = np.isfinite(means_EK).sum(axis=1)
    if (count_E < 2).any():
        return Trainings(apart=(0.0, 0.0), shared=(0.0, 0.0))
    each_E = share_E**2 * np.nanvar(means_EK, axis=1, ddof=1) / count_E
    total, squares = float(each_E.sum()), float((each_E**2 / (count_E - 1)).sum())
    whole_K = (share_E @ means_EK)[np.isfinite(means_EK).all(axis=0)]
    excess = float(np.var(whole_K, ddof=1)) / len(whole_K) - total if len(whole_K) > 1 else 0.0
    return Trainings(
        apart=(total, total**2 / squares if squares else 0.0),
        shared=(max(excess, 0.0), float(max(len(whole_K) - 1, 0))),
    )
