"""Each method's mean in each metric, with an interval that says of what it speaks."""

from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import special

from understudy.stats.grid import Cell, Floats, Grid, grids, over_seeds
from understudy.stats.inference import Inference, infer, said
from understudy.stats.limits import cut
from understudy.stats.reach import Over, Reach, clips, counted, pairs, reach
from understudy.stats.trainings import trainings
from understudy.stats.variances import spreads

ESTIMATES = (
    "method", "family", "metric", "unit", "better", "mean", "low", "high",
    "sd_seeds", "sd_clips", "sd_pairs", "pairs", "clips", "seeds", "n", "over", "note",
)  # fmt: skip
NAN = float("nan")


def estimates(
    scores: pd.DataFrame, *, level: float = 0.95, seed: int = 0, draws: int = 2000, over: Over = "people"
) -> pd.DataFrame:
    """A row a metric and method, both in the table's order, with the columns ESTIMATES.

    mean: over seeds within a clip, clips within a pair, then pairs, each pair counting the same. low, high: its
    interval, NaN where there is none. sd_seeds, sd_clips, sd_pairs: see `spreads`. pairs are ordered, clips are the
    drivers', n counts the values. over: "people", "clips" or "" (no interval); note says the same in words, and how
    many values were not finite and are left out.

    The interval comes from drawing people and, within drivers, clips again (bootstrap), its distances from the mean
    scaled to the standard error and Student's t of `reach`, since so few people drawn again vary too little. It speaks
    of new people like these; with too few people, or with over="clips", of new clips of these people. It is cut where
    the unit's values end (LIMITS): no mean lies beyond, so that it covers as often as before.
    """
    rows = [_estimate(grid, m, level, (over, seed, draws)) for grid in grids(scores) for m in range(len(grid.methods))]
    return pd.DataFrame(rows, columns=list(ESTIMATES))


def _estimate(grid: Grid, m: int, level: float, drawing: tuple[Over, int, int]) -> dict[str, object]:
    row: dict[str, object] = {
        "method": grid.methods[m], "family": grid.families[m], "metric": grid.metric, "unit": grid.unit,
        "better": grid.better,
    }  # fmt: skip
    known_C = np.isfinite(grid.values_MCK[m]).any(axis=1)
    lost = f"{counted(int(grid.lost_M[m]), 'value')} not finite, left out" if grid.lost_M[m] else ""
    cells = grid.within(known_C)
    if not cells:
        spread = dict.fromkeys(("mean", "low", "high", "sd_seeds", "sd_clips", "sd_pairs"), NAN)
        return row | spread | dict.fromkeys(("pairs", "clips", "seeds", "n"), 0) | {"over": "", "note": lost}
    values_CK = grid.values_MCK[m][known_C]
    reached = reach(cells, drawing[0])
    found = infer(reached, over_seeds(values_CK), [trainings(cells, values_CK)])
    ends = _bounds(reached, found, over_seeds(values_CK), level, _drawn(cells, *drawing))
    low, high = cut(ends, grid.unit)
    sds = dict(zip(("sd_seeds", "sd_clips", "sd_pairs"), spreads(cells, values_CK), strict=True))
    return row | sds | {
        "mean": found.mean, "low": low, "high": high, "pairs": len(pairs(cells)), "clips": clips(cells),
        "seeds": grid.seeds(m, known_C), "n": int(np.isfinite(values_CK).sum()), "over": reached.over,
        "note": "; ".join(filter(None, (said(reached, found, level), lost))),
    }  # fmt: skip


def _bounds(reached: Reach, found: Inference, values_C: Floats, level: float, drawn_DC: Floats) -> tuple[float, float]:
    """The drawn means' percentiles, their distances from the mean scaled as `estimates` says."""
    if not reached.over:
        return NAN, NAN
    means_D = drawn_DC @ values_C
    spread = float(np.std(means_D)) * float(special.ndtri((1 + level) / 2))
    wider = found.half(level) / spread if spread else 0.0
    low, high = np.quantile(means_D, [(1 - level) / 2, (1 + level) / 2]) - found.mean
    return found.mean + wider * float(low), found.mean + wider * float(high)


@lru_cache(maxsize=16)
def _drawn(cells: tuple[Cell, ...], over: Over, seed: int, draws: int) -> Floats:
    """Each drawing's weights of the cells: people (or roles) drawn again, and within each driver its clips.

    A drawing in which no pair is left, as of one person alone, is drawn no second time but dropped.
    """
    reached, rng = reach(cells, over), np.random.default_rng(seed)
    weights_DC = np.tile(reached.weights_C, (draws, 1))
    for role in reached.roles:
        times_DU = rng.multinomial(role.count, np.full(role.count, 1 / role.count), size=draws)
        times_DU = np.hstack([times_DU, np.ones((draws, 1), dtype=times_DU.dtype)])
        for units_C in role.units_XC:
            weights_DC *= times_DU[:, units_C]
    total_D = weights_DC.sum(axis=1)
    kept: Floats = weights_DC[total_D > 0] / total_D[total_D > 0, None]
    return kept
