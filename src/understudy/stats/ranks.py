"""Methods ranked over blocks, and which of them the ranks do not tell apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
import scipy  # loads its parts when they are first used: scipy.stats takes half a second, in every job

from understudy.errors import nearest
from understudy.stats.differences import SANITY
from understudy.stats.grid import Cell, Floats, grids, known, over_seeds
from understudy.stats.reach import of_pairs, pair_means, reach
from understudy.stats.table import ScoreError


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Average ranks in one metric, 1 the best (Demsar, JMLR 7, 2006).

    ranks: a method's average over blocks, best first. statistic, p: Friedman's test that all are alike; NaN for two
    methods or a single block. difference: Nemenyi's critical difference at `level`. groups: methods next
    to each other whose ranks differ by less, each as large as can be, best first; every method when Friedman's test
    finds nothing. blocks: how many; note says what they are.
    """

    metric: str
    better: str
    ranks: Mapping[str, float]
    blocks: int
    statistic: float
    p: float
    difference: float
    groups: tuple[tuple[str, ...], ...]
    level: float
    note: str


def ranking(scores: pd.DataFrame, metric: str, *, level: float = 0.95) -> Ranking:
    """Ranks every method but sanity rows on the pair-clips that all have, in blocks.

    A block is a person, with what the mean owes to the pairs that this person is in: the jackknife's pseudo-value,
    blocks' number times the mean less the others' number times the mean without that person (Tukey, Ann. Math. Stat.
    29, 1958). Pairs or clips as blocks share people, and the tests would find what is not there. Where pairs of three
    people are lacking a block is a clip. Raises ScoreError for an unknown metric or fewer than two methods.
    """
    if metric not in set(scores["metric"]):
        raise ScoreError(f"metric '{metric}'", "has no scores", nearest(metric, set(scores["metric"])))
    table = next(grids(scores[(scores["metric"] == metric) & (scores["family"] != SANITY)]), None)
    if table is None or len(table.methods) < 2:
        raise ScoreError(f"metric '{metric}'", "has not two methods to rank", "Measure another method.")
    means_MC = over_seeds(table.magnitudes())
    common_C = known(means_MC)
    if not common_C.any():
        raise ScoreError(f"metric '{metric}'", "has no clip that all methods share", "Convert the same clips with all.")
    blocks_BC, note = _blocks(table.within(common_C))
    values_BM = blocks_BC @ means_MC[:, common_C].T
    values_BM = np.round(values_BM / max(float(np.abs(values_BM).max()), 1e-300), 9)  # ties are ties despite rounding
    ranks_BM = scipy.stats.rankdata(values_BM if table.better != "higher" else -values_BM, axis=1)
    average_M = ranks_BM.mean(axis=0)
    order = np.argsort(average_M, kind="stable")
    statistic, p = _friedman(values_BM)
    difference = critical_difference(len(order), len(blocks_BC), level=level)
    apart = difference if p <= 1 - level else np.inf
    names = [table.methods[m] for m in order]
    return Ranking(
        metric=metric, better=table.better, ranks=dict(zip(names, average_M[order].tolist(), strict=True)),
        blocks=len(blocks_BC), statistic=statistic, p=p, difference=difference, level=level, note=note,
        groups=_groups(names, average_M[order], apart),
    )  # fmt: skip


@lru_cache(maxsize=64)
def critical_difference(methods: int, blocks: int, *, level: float = 0.95) -> float:
    """Nemenyi's: average ranks of so many methods over so many blocks that differ by more are told apart."""
    quantile = scipy.stats.studentized_range.ppf(level, methods, np.inf) / np.sqrt(2)
    return float(quantile * np.sqrt(methods * (methods + 1) / (6 * blocks)))


def _blocks(cells: tuple[Cell, ...]) -> tuple[Floats, str]:
    """The matrix BC that takes cells to blocks, and what a block is."""
    reached = reach(cells, "people")
    if reached.over != "people":
        clips = [(driver, clip) for _, driver, clip in cells]
        member_BC = np.array([[clip == block for clip in clips] for block in sorted(set(clips))], float)
        means_BC: Floats = member_BC / member_BC.sum(axis=1, keepdims=True)
        return means_BC, "blocks are clips: nothing is said of other people"
    role = min(reached.roles[: len(reached.parts)], key=lambda role: role.count)
    in_CU = (role.units_XC[:, :, None] == np.arange(role.count)).any(axis=0).astype(float)
    in_PB = np.unique(in_CU[np.unique(of_pairs(cells), return_index=True)[1]], axis=1)  # who always meets is one block
    pairs, blocks = in_PB.shape
    pseudo_PB = blocks / pairs - (blocks - 1) * (1 - in_PB) / (1 - in_PB).sum(axis=0)
    return pseudo_PB.T @ pair_means(cells), f"{blocks} blocks {reached.words}"


def _friedman(values_BM: Floats) -> tuple[float, float]:
    blocks, methods = values_BM.shape
    if methods < 3 or blocks < 2 or (values_BM == values_BM[:, :1]).all():
        return float("nan"), float("nan")
    found = scipy.stats.friedmanchisquare(*values_BM.T)
    return float(found.statistic), float(found.pvalue)


def _groups(names: Sequence[str], ranks: Floats, apart: float) -> tuple[tuple[str, ...], ...]:
    """The longest runs of names, best first, whose ends differ by less than `apart`; one of a single name is none."""
    ends = [int(np.searchsorted(ranks, rank + apart, side="left")) for rank in ranks]
    starts = [k for k, end in enumerate(ends) if end - k > 1 and (k == 0 or end > ends[k - 1])]
    return tuple(tuple(names[k : ends[k]]) for k in starts)
