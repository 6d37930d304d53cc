"""The score table, and what may be said of it.

One long table holds every number of a study, one value a row. Clips are never averaged away: people and clips vary
more than methods do, so a comparison pairs the two methods on the same clips, and its interval comes from drawing
whole clips again (bootstrap over clips: Efron & Tibshirani 1993; all pairs of a clip stay together, since they share
its footage). Seeds are replicates of one training and are averaged within their clip first.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats as distributions

from understudy.errors import Error, nearest
from understudy.files import whole

TEXT = ("study", "version", "method", "family", "source", "driver", "clip", "metric", "unit", "better")
COLUMNS = (
    "study", "version", "method", "family", "source", "driver", "clip", "seed",
    "metric", "value", "unit", "n", "better",
)  # fmt: skip
DIRECTIONS = ("higher", "lower", "near 0")
FEWEST_CLIPS = 5
_PLACE = ["source", "driver", "clip"]
_KEY = ["study", "version", "method", *_PLACE, "seed", "metric"]


class ScoreError(Error):
    """A score table does not have the columns, types or values that it must have, or lacks what is asked of it."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How far method a is from method b in one metric, on the clips that both have.

    difference: mean over clips of a - b. low, high: its 95 % interval, None with fewer than five clips (note says
    so). clips: how many clips entered; pairs: how many (source, driver, clip) rows. favours: the method that the
    whole interval favours, None when it holds 0 or is absent. differences: source, driver, clip, difference.
    """

    metric: str
    unit: str
    a: str
    b: str
    difference: float
    low: float | None
    high: float | None
    clips: int
    pairs: int
    favours: str | None
    note: str
    differences: pd.DataFrame


def check(scores: pd.DataFrame, thing: object = "score table") -> pd.DataFrame:
    """The table with its columns in order and of their types. Raises ScoreError for a wrong, missing or doubled one."""
    remedy = f"It needs the columns {', '.join(COLUMNS)}."
    missing, unknown = set(COLUMNS) - set(scores.columns), set(scores.columns) - set(COLUMNS)
    if missing:
        raise ScoreError(thing, f"lacks the columns {', '.join(sorted(missing))}", remedy)
    if unknown:
        raise ScoreError(thing, f"has the unknown columns {', '.join(sorted(unknown))}", remedy)
    try:
        table = scores.loc[:, list(COLUMNS)].astype({"value": float, "n": "int64", "seed": "int64"})
        if (table[["n", "seed"]] != scores[["n", "seed"]].astype(float)).any(axis=None):
            raise ValueError("n and seed are whole numbers")
    except (ValueError, TypeError) as error:
        raise ScoreError(thing, f"has a value, n or seed that is no number ({error})", "Measure again.") from error
    empty = [name for name in TEXT if table[name].isna().any()]
    if empty:
        raise ScoreError(thing, f"has empty cells in {', '.join(empty)}", "Measure again.")
    table = table.astype(dict.fromkeys(TEXT, str)).reset_index(drop=True)
    _check_values(table, thing)
    return table


def _check_values(table: pd.DataFrame, thing: object) -> None:
    wrong = sorted(set(table["better"]) - set(DIRECTIONS))
    if wrong:
        raise ScoreError(thing, f"has the direction '{wrong[0]}'", nearest(wrong[0], DIRECTIONS))
    if (table["n"] < 0).any():
        raise ScoreError(thing, "has an n below 0", "Measure again.")
    for column in ("unit", "better"):
        kinds = table.groupby("metric")[column].nunique()
        if (kinds > 1).any():
            fact = f"gives '{kinds.idxmax()}' more than one {column}"
            raise ScoreError(thing, fact, "Measure all clips again with one version of the program.")
    doubled = table[table.duplicated(_KEY)]
    if len(doubled):
        row = ", ".join(f"{name} {doubled.iloc[0][name]}" for name in _KEY[2:])
        raise ScoreError(thing, f"has two values for {row}", "Keep one of them.")


def write(scores: pd.DataFrame, path: Path) -> None:
    """Checks the table and writes it as parquet or CSV, by the suffix, whole or not at all."""
    table = check(scores, path)
    with whole(path) as part:
        if _is_csv(path):
            table.to_csv(part, index=False, lineterminator="\n")
        else:
            table.to_parquet(part, index=False)


def read(path: Path) -> pd.DataFrame:
    """Reads and checks a table that `write` wrote, or that somebody made. Raises ScoreError."""
    try:
        if _is_csv(path):  # only an empty cell is missing: a subject may be called "NA"
            number = {"value": "float64", "n": "int64", "seed": "int64"}
            text: dict[str, str] = dict.fromkeys(TEXT, "str")
            table = pd.read_csv(
                path, keep_default_na=False, na_values={name: [""] for name in (*TEXT, "value")}, dtype=text
            )
            table = table.astype({name: kind for name, kind in number.items() if name in table})
        else:
            table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise ScoreError(path, f"cannot be read ({error})", "Measure again.") from error
    return check(table, path)


def _is_csv(path: Path) -> bool:
    if Path(path).suffix not in (".csv", ".parquet"):
        raise ScoreError(path, "is neither a .csv nor a .parquet", "Choose one of these suffixes.")
    return Path(path).suffix == ".csv"


def by_pair(scores: pd.DataFrame) -> pd.DataFrame:
    """A row a (method, metric, source, driver, clip): the mean over its seeds, and how many; NaN is left out."""
    known = scores.dropna(subset=["value"])
    grouped = known.groupby(["method", "metric", *_PLACE, "unit", "better"], sort=False)["value"]
    return grouped.agg(value="mean", seeds="count").reset_index()


def summary(scores: pd.DataFrame) -> pd.DataFrame:
    """A row a (method, metric): mean, n, smallest, largest, unit, better.

    The mean, smallest and largest are over clips (of a clip's pairs and seeds the mean); n counts the clips that have
    a value.
    """
    clips = (
        by_pair(scores).groupby(["method", "metric", "driver", "clip", "unit", "better"], sort=False)["value"].mean()
    )
    grouped = clips.reset_index().groupby(["method", "metric", "unit", "better"], sort=False)["value"]
    table = grouped.agg(mean="mean", n="count", smallest="min", largest="max").reset_index()
    return table.loc[:, ["method", "metric", "mean", "n", "smallest", "largest", "unit", "better"]]


def compare(
    scores: pd.DataFrame, a: str, b: str, metric: str, *, seed: int = 0, draws: int = 5000, level: float = 0.95
) -> Comparison:
    """Method a against method b in one metric, paired clip by clip, with a bootstrap interval over clips.

    Of a metric that is best near 0 the clips' absolute values are compared: which of the two is further from 0.
    Raises ScoreError when the table lacks the method or metric, or the two have no clip in common.
    """
    magnitudes = scores["value"].where(scores["better"] != "near 0", scores["value"].abs())
    table = by_pair(scores.assign(value=magnitudes))
    for name, column in ((a, "method"), (b, "method"), (metric, "metric")):
        if name not in set(table[column]):
            raise ScoreError(f"{column} '{name}'", "has no scores", nearest(name, set(table[column])))
    values = table[table["metric"] == metric].pivot_table(index=_PLACE, columns="method", values="value")
    paired = values.reindex(columns=[a, b]).dropna()
    if paired.empty:
        raise ScoreError(
            f"'{a}' and '{b}'", f"have no clip with {metric} in common", "Convert the same clips with both."
        )
    differences = (paired[a] - paired[b]).rename("difference").reset_index()
    per_clip = differences.groupby(["driver", "clip"])["difference"].mean().to_numpy()
    bounds = interval(per_clip, seed=seed, draws=draws, level=level) if len(per_clip) >= FEWEST_CLIPS else None
    kind = table.loc[table["metric"] == metric].iloc[0]
    note = f"{level:.0%} bootstrap interval over {len(per_clip)} clips"
    return Comparison(
        metric=metric, unit=str(kind["unit"]), a=a, b=b, difference=float(per_clip.mean()),
        low=bounds[0] if bounds else None, high=bounds[1] if bounds else None,
        clips=len(per_clip), pairs=len(differences),
        favours=_favoured(a, b, bounds, higher=kind["better"] == "higher"),
        note=note if bounds else f"no interval: {len(per_clip)} clips are too few, it takes {FEWEST_CLIPS}",
        differences=differences,
    )  # fmt: skip


def interval(values: NDArray[np.floating], *, seed: int, draws: int = 5000, level: float = 0.95) -> tuple[float, float]:
    """The bootstrap interval of a mean: percentiles of the means of values drawn again, widened for few values.

    Plain percentiles are too narrow by sqrt((n - 1) / n) and by the ratio of the normal's to Student's quantile
    (Hesterberg, "What teachers should know about the bootstrap", The American Statistician 69(4), 2015); the
    distances from the mean are widened by both, so that the skew stays and normal values get Student's interval.
    Simulated, an interval of 95 % holds the mean of 5 normal values in 94 % of cases, of 5 strongly skewed ones
    (lognormal, sigma .7) in 89 %, of 40 in 94 %.
    """
    n, tail = len(values), (1 + level) / 2
    wider = distributions.t.ppf(tail, n - 1) / distributions.norm.ppf(tail) * np.sqrt(n / (n - 1))
    drawn = np.random.default_rng(seed).integers(0, n, (draws, n))
    centre = float(np.mean(values))
    low, high = np.quantile(np.asarray(values)[drawn].mean(axis=1), [1 - tail, tail])
    return centre + wider * float(low - centre), centre + wider * float(high - centre)


def _favoured(a: str, b: str, bounds: tuple[float, float] | None, *, higher: bool) -> str | None:
    if bounds is None or bounds[0] <= 0 <= bounds[1]:
        return None
    return a if (bounds[0] > 0) == higher else b
