"""Judging the metrics: does each fall along the ladders that it is meant to see, and does it agree with the truth.

Tables are long, one value a row, with the columns of the score table; those of the ladders have also ladder, rung (0 =
undamaged), amount and amount_unit.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import scipy  # loads its parts when they are first used: scipy.stats takes half a second, in every job
from numpy.typing import NDArray

CONVERSION = ("source", "driver", "clip")
FAKE = ("method", "source", "driver", "clip", "seed")
AGAINST = "SSIM to truth"
FEWEST = 3  # fakes without which no agreement is told


def badness(rows: pd.DataFrame) -> "pd.Series[float]":
    """The values so turned, as their `better` says, that more is worse."""
    turned = rows["value"].where(rows["better"] != "higher", -rows["value"])
    return turned.where(rows["better"] != "near 0", rows["value"].abs())


def judge(validity: pd.DataFrame, sees: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """How each metric moves along each ladder: one row a (metric, ladder).

    sees: metric -> the ladders that it is meant to see. Columns: metric, unit, better, ladder; meant; falls: whether it
    worsens at every rung on the mean over the conversions, and nowhere is missing; rho: Spearman's correlation of
    worseness and rung, the mean over conversions (1: always worse); first, last: mean values at rung 0 and at the top;
    step: the mean worsening from bottom to top, in the metric's unit; spread: the standard deviation of what is
    undamaged, over conversions (NaN with one); missing: values that the damage left none of; conversions; note: in
    words what is not as it should be, else empty.
    """
    rows = []
    keys = [name for name in CONVERSION if name in validity.columns]
    for (metric, ladder), part in validity.groupby(["metric", "ladder"], sort=False):
        better, unit = str(part["better"].iloc[0]), part["unit"].iloc[0]
        part = part.assign(bad=badness(part), who=_who(part, keys))
        bad_CR = part.pivot_table(index="who", columns="rung", values="bad", aggfunc="mean", dropna=False).to_numpy()
        value_R = part.groupby("rung")["value"].mean().to_numpy()
        meant = ladder in sees.get(str(metric), ())
        rows.append(
            {"metric": metric, "unit": unit, "better": better, "ladder": ladder, "meant": meant}
            | _fall(bad_CR)
            | {"first": value_R[0], "last": value_R[-1]}
        )
    columns = ["metric", "unit", "better", "ladder", "meant", "falls", "rho", "first", "last", "step", "spread",
               "missing", "conversions", "note"]  # fmt: skip
    table = pd.DataFrame(rows)
    return table.assign(note=[_note(row) for row in rows])[columns] if rows else pd.DataFrame(columns=columns)


def agreement(scores: pd.DataFrame, against: str = AGAINST) -> pd.DataFrame:
    """How each metric agrees with `against` over the fakes (sanity rows left out): one row a metric.

    Columns: metric, unit, better, against; rho, tau: Spearman's and Kendall's correlation over all fakes, so turned
    that 1 is full agreement on what is better; n: fakes. A clip that is hard makes everything look worse, so also
    tau_within: Kendall's among the fakes of one clip (methods and seeds), the mean over the `clips` that have three or
    more. NaN where fewer than three fakes have both values, or one never changes.
    """
    columns = ["metric", "unit", "better", "against", "rho", "tau", "n", "tau_within", "clips"]
    fakes = scores[scores["family"] != "sanity"] if "family" in scores.columns else scores
    keys = [name for name in FAKE if name in fakes.columns]
    fakes = fakes.assign(bad=badness(fakes))
    judge_ = fakes.loc[fakes["metric"] == against, [*keys, "bad"]].rename(columns={"bad": "judge"})
    rows = []
    for metric, part in fakes[fakes["metric"] != against].groupby("metric", sort=False):
        both = part.merge(judge_, on=keys).dropna(subset=["bad", "judge"])
        pair = both["bad"].to_numpy(), both["judge"].to_numpy()
        blocks = [
            block for _, block in both.groupby([key for key in CONVERSION if key in keys]) if len(block) >= FEWEST
        ]
        taus = [_tau(block["bad"].to_numpy(), block["judge"].to_numpy()) for block in blocks]
        told = [tau for tau in taus if np.isfinite(tau)]
        rows.append({
            "metric": metric, "unit": part["unit"].iloc[0], "better": part["better"].iloc[0], "against": against,
            "rho": _rho(*pair), "tau": _tau(*pair), "n": len(both),
            "tau_within": float(np.mean(told)) if told else np.nan, "clips": len(told),
        })  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _who(part: pd.DataFrame, keys: Sequence[str]) -> "pd.Series[str]":
    """One name a conversion."""
    return part[list(keys)].astype(str).agg(" ".join, axis=1) if keys else pd.Series("", index=part.index)


def _fall(bad_CR: NDArray[np.floating]) -> dict[str, object]:
    """What the badness of C conversions at R rungs says; see `judge`."""
    whole = bool(np.isfinite(bad_CR).all())
    mean_R = bad_CR.mean(axis=0)
    rungs = np.arange(float(bad_CR.shape[1]))
    rhos = [_rho(bad_R, rungs) for bad_R in bad_CR if np.isfinite(bad_R).all()]
    rhos = [rho for rho in rhos if np.isfinite(rho)]
    undamaged = bad_CR[:, 0][np.isfinite(bad_CR[:, 0])]
    return {
        "falls": whole and len(mean_R) > 1 and bool((np.diff(mean_R) > 0).all()),
        "rho": float(np.mean(rhos)) if rhos else np.nan,
        "step": float(mean_R[-1] - mean_R[0]),
        "spread": float(undamaged.std(ddof=1)) if len(undamaged) > 1 else np.nan,
        "missing": int((~np.isfinite(bad_CR)).sum()),
        "conversions": len(bad_CR),
    }


def _note(row: Mapping[str, object]) -> str:
    """What to tell a reader, where there is anything to tell."""
    if row["missing"]:
        return "has no value on some rungs" if row["meant"] else ""
    return "does not fall along a ladder that it is meant to see" if row["meant"] and not row["falls"] else ""


def _rho(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Spearman's correlation; NaN with fewer than three values or one that never changes."""
    if len(a) < FEWEST or np.ptp(a) == 0 or np.ptp(b) == 0:
        return np.nan
    return float(np.corrcoef(scipy.stats.rankdata(a), scipy.stats.rankdata(b))[0, 1])


def _tau(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Kendall's tau-b; NaN as for Spearman's."""
    if len(a) < FEWEST or np.ptp(a) == 0 or np.ptp(b) == 0:
        return np.nan
    return float(scipy.stats.kendalltau(a, b).statistic)
