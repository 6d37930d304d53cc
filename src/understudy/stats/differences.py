"""Every two methods compared in every metric: paired differences, intervals, tests corrected for their number."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from understudy.stats.grid import Bools, Cell, Floats, Grid, grids, over_seeds
from understudy.stats.inference import ROUNDING, infer, said
from understudy.stats.limits import cut_difference
from understudy.stats.reach import Over, clips, counted, pairs, reach
from understudy.stats.trainings import Trainings, trainings

CONTRASTS = (
    "metric", "unit", "better", "a", "b", "difference", "low", "high", "p", "p_holm", "effect", "effect_name", "won",
    "favours", "pairs", "clips", "seeds", "over", "note",
)  # fmt: skip
SANITY = "sanity"
NAN = float("nan")
Row = dict[str, Any]


def contrasts(scores: pd.DataFrame, *, level: float = 0.95, over: Over = "people") -> pd.DataFrame:
    """A row a metric and two methods a, b, in the table's order, with the columns CONTRASTS; sanity rows have none.

    difference: a - b, paired on the same pair and clip (seeds averaged first: a seed's number means nothing across
    methods), clips averaged within their pair, then pairs. Of a metric that is best near 0 the distances from 0 are
    compared. low, high, p: from a t test whose standard error and degrees of freedom take pairs that share people,
    and people that share clips, for what they are (`reach`); a bootstrap of four people would find too much. The
    interval is cut where differences in the unit end (`cut_difference`). p_holm: p corrected for all pairs of methods
    within the metric (Holm, Scand. J. Stat. 6, 1979), not across metrics.

    effect: the mean difference in standard deviations of the differences between pair-clips (d_z: Lakens, Front.
    Psychol. 4:863, 2013). won: the share of pair-clips on which a is better, a tie counting half. favours: the better
    method where p_holm is at most 1 - level, else "". seeds: of the method that has fewer. over, note: as in
    `estimates`; without an interval low, high, p and p_holm are NaN.
    """
    rows = [row for grid in grids(scores) for row in _of_metric(grid, level, over)]
    return pd.DataFrame(rows, columns=list(CONTRASTS))


def holm(p: Floats) -> Floats:
    """Holm's step-down correction of p values; NaN stays NaN and counts as no test."""
    corrected = np.full(len(p), np.nan)
    tested = np.flatnonzero(np.isfinite(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return corrected


@dataclass(frozen=True, kw_only=True)
class _Side:
    """One of two methods on the cells that both have."""

    name: str
    means_C: Floats
    trainings: Trainings
    seeds: int


_Sides = dict[tuple[int, tuple[Cell, ...]], _Side]


def _of_metric(grid: Grid, level: float, over: Over) -> list[Row]:
    compared = [m for m, family in enumerate(grid.families) if family != SANITY]
    sides: _Sides = {}  # most comparisons of a metric are on the same cells
    rows = [_contrast(grid, a, b, level, over, sides) for a, b in combinations(compared, 2)]
    p = np.array([row["p"] for row in rows], dtype=float)
    said_so = f"; p_holm corrected for {counted(int(np.isfinite(p).sum()), 'comparison')} of {grid.metric}"
    for row, corrected in zip(rows, holm(p).tolist(), strict=True):
        row |= _verdict(row, corrected, level)
        row["note"] += said_so if np.isfinite(corrected) else ""
    return rows


def _verdict(row: Row, p_holm: float, level: float) -> Row:
    a_better = (row["difference"] > 0) == (row["better"] == "higher")
    shown = p_holm <= 1 - level + 1e-12 and row["difference"] != 0
    return {"p_holm": p_holm, "favours": (row["a"] if a_better else row["b"]) if shown else ""}


def _contrast(grid: Grid, a: int, b: int, level: float, over: Over, sides: _Sides) -> Row:
    row: Row = {"metric": grid.metric, "unit": grid.unit, "better": grid.better}
    row |= {"a": grid.methods[a], "b": grid.methods[b], "effect_name": "d_z"}
    known_MC = np.isfinite(grid.values_MCK[[a, b]]).any(axis=2)
    both_C = np.asarray(known_MC.all(axis=0), dtype=bool)
    cells = grid.within(both_C)
    left = _left_out(int(grid.lost_M[a] + grid.lost_M[b]), int(known_MC.any(axis=0).sum()) - len(cells))
    if not cells:
        empty = dict.fromkeys(("difference", "low", "high", "p", "effect", "won"), NAN)
        counts = dict.fromkeys(("pairs", "clips", "seeds"), 0)
        return row | empty | counts | {"over": "", "note": "; ".join(["no clip in common", *left])}
    for m in (a, b):
        if (m, cells) not in sides:
            sides[m, cells] = _side(grid, m, both_C, cells)
    tested, note = _tested(grid, cells, (sides[a, cells], sides[b, cells]), level, over)
    won = _won(sides[a, cells].means_C - sides[b, cells].means_C, grid.better)
    return row | tested | {"won": won, "note": "; ".join([*note, *left])}


def _tested(
    grid: Grid, cells: tuple[Cell, ...], sides: tuple[_Side, _Side], level: float, over: Over
) -> tuple[Row, list[str]]:
    a, b = sides
    differences_C, reached = a.means_C - b.means_C, reach(cells, over)
    found = infer(reached, differences_C, [a.trainings, b.trainings])
    half, spread = found.half(level), _spread(differences_C)
    low, high = cut_difference((found.mean - half, found.mean + half), grid.unit, grid.better)
    single = [side.name for side in sides if side.seeds == 1]
    return {
        "difference": found.mean, "low": low, "high": high, "p": found.p(),
        "effect": found.mean / spread if spread else NAN, "pairs": len(pairs(cells)), "clips": clips(cells),
        "seeds": min(a.seeds, b.seeds), "over": reached.over,
    }, [said(reached, found, level), *([f"one seed of {' and '.join(single)}"] if single else [])]  # fmt: skip


def _side(grid: Grid, m: int, both_C: Bools, cells: tuple[Cell, ...]) -> _Side:
    values_CK = grid.magnitudes()[m][both_C]
    seeds = int(np.isfinite(values_CK).any(axis=0).sum())
    trained = trainings(cells, values_CK)
    return _Side(name=grid.methods[m], means_C=over_seeds(values_CK), trainings=trained, seeds=seeds)


def _spread(differences_C: Floats) -> float:
    """Their standard deviation; 0 where they differ by rounding alone."""
    if len(differences_C) < 2:
        return 0.0
    spread = float(np.std(differences_C, ddof=1))
    return spread if spread > ROUNDING * float(np.abs(differences_C).max()) else 0.0


def _won(differences_C: Floats, better: str) -> float:
    sign = 1 if better == "higher" else -1
    return float(np.mean((np.sign(differences_C) * sign + 1) / 2))


def _left_out(values: int, cells: int) -> list[str]:
    lost = [f"{counted(values, 'value')} not finite, left out"] if values else []
    return lost + ([f"{counted(cells, 'pair-clip')} that one of the two lacks, left out"] if cells else [])
