"""Every two methods compared in every metric: paired differences, intervals, tests corrected for their number."""

from itertools import combinations

import numpy as np
import pandas as pd

from understudy.stats.grid import Floats, Grid, grids, known, over_seeds
from understudy.stats.inference import infer, said
from understudy.stats.reach import Over, clips, pairs, reach
from understudy.stats.trainings import trainings

CONTRASTS = (
    "metric", "unit", "better", "a", "b", "difference", "low", "high", "p", "p_holm", "effect", "effect_name", "won",
    "favours", "pairs", "clips", "seeds", "over", "note",
)  # fmt: skip
SANITY = "sanity"
NAN = float("nan")


def contrasts(scores: pd.DataFrame, *, level: float = 0.95, over: Over = "people") -> pd.DataFrame:
    """A row a metric and two methods a, b, in the table's order, with the columns CONTRASTS; sanity rows have none.

    difference: a - b, paired on the same pair and clip (seeds averaged first: a seed's number means nothing across
    methods), clips averaged within their pair, then pairs. Of a metric that is best near 0 the distances from 0 are
    compared. low, high, p: from a t test whose standard error and degrees of freedom take pairs that share people,
    and people that share clips, for what they are (`reach`); a bootstrap of four people would find too much. p_holm: p
    corrected for all pairs of methods within the metric (Holm, Scand. J. Stat. 6, 1979), not across metrics.

    effect: the mean difference in standard deviations of the differences between pair-clips (d_z: Lakens, Front.
    Psychol. 4:863, 2013). won: the share of pair-clips on which a is better, a tie counting half. favours: the better
    method where p_holm is at most 1 - level, else "". seeds: of the method that has fewer. over, note: as in
    `estimates`; without an interval low, high, p and p_holm are NaN.
    """
    tables = [_corrected(_of_metric(grid, level, over), level) for grid in grids(scores)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(CONTRASTS))


def holm(p: Floats) -> Floats:
    """Holm's step-down correction of p values; NaN stays NaN and counts as no test."""
    corrected = np.full(len(p), np.nan)
    tested = np.flatnonzero(np.isfinite(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return corrected


def _of_metric(grid: Grid, level: float, over: Over) -> pd.DataFrame:
    compared = [m for m, family in enumerate(grid.families) if family != SANITY]
    rows = [_contrast(grid, a, b, level, over) for a, b in combinations(compared, 2)]
    return pd.DataFrame(rows, columns=list(CONTRASTS))


def _corrected(table: pd.DataFrame, level: float) -> pd.DataFrame:
    if table.empty:
        return table
    p_holm = holm(table["p"].to_numpy(float))
    a_better = (table["difference"] > 0) == (table["better"] == "higher")
    shown = (p_holm <= 1 - level + 1e-12) & (table["difference"] != 0)
    return table.assign(p_holm=p_holm, favours=table["a"].where(a_better, table["b"]).where(shown, ""))


def _contrast(grid: Grid, a: int, b: int, level: float, over: Over) -> dict[str, object]:
    row: dict[str, object] = {
        "metric": grid.metric, "unit": grid.unit, "better": grid.better, "a": grid.methods[a], "b": grid.methods[b],
        "p_holm": NAN, "effect_name": "d_z", "favours": "",
    }  # fmt: skip
    means_MC = over_seeds(grid.magnitudes()[[a, b]])
    both_C = known(means_MC)
    cells = grid.within(both_C)
    notes = _notes(grid, a, b, int(np.isfinite(means_MC).any(axis=0).sum()) - len(cells))
    if not cells:
        empty = dict.fromkeys(("difference", "low", "high", "p", "effect", "won"), NAN)
        nothing = dict.fromkeys(("pairs", "clips", "seeds"), 0) | {"over": ""}
        return row | empty | nothing | {"note": "; ".join(["no clip in common", *notes])}
    differences_C = means_MC[0, both_C] - means_MC[1, both_C]
    reached = reach(cells, over)
    found = infer(reached, differences_C, [trainings(cells, grid.magnitudes()[m][both_C]) for m in (a, b)])
    spread = float(np.std(differences_C, ddof=1)) if len(cells) > 1 else 0.0
    half = found.half(level)
    return row | {
        "difference": found.mean, "low": found.mean - half, "high": found.mean + half, "p": found.p(),
        "effect": found.mean / spread if spread else NAN, "won": _won(differences_C, grid.better),
        "pairs": len(pairs(cells)), "clips": clips(cells),
        "seeds": min(grid.seeds(m, both_C) for m in (a, b)), "over": reached.over,
        "note": "; ".join([said(reached, found, level), *notes]),
    }  # fmt: skip


def _won(differences_C: Floats, better: str) -> float:
    sign = 1 if better == "higher" else -1
    return float(np.mean((np.sign(differences_C) * sign + 1) / 2))


def _notes(grid: Grid, a: int, b: int, alone: int) -> list[str]:
    """What was left out, and whose training has no replicate."""
    notes = []
    if lost := int(grid.lost_M[a] + grid.lost_M[b]):
        notes.append(f"{lost} values not finite, left out")
    if alone:
        notes.append(f"{alone} pair-clips that one of the two lacks, left out")
    single = [grid.methods[m] for m in (a, b) if grid.seeds(m, np.ones(len(grid.cells), bool)) == 1]
    return [*notes, f"one seed of {' and '.join(single)}"] if single else notes
