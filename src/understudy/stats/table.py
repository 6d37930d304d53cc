"""The score table: one long table that holds every number of a study, one value a row.

Clips are never averaged away: people and clips vary more than methods do. Seeds are replicates of one training and
are averaged within their clip first.
"""

from pathlib import Path

import pandas as pd

from understudy.errors import Error, nearest
from understudy.files import whole

TEXT = ("study", "version", "method", "family", "source", "driver", "clip", "metric", "unit", "better")
COLUMNS = (
    "study", "version", "method", "family", "source", "driver", "clip", "seed",
    "metric", "value", "unit", "n", "better",
)  # fmt: skip
DIRECTIONS = ("higher", "lower", "near 0")
PLACE = ["source", "driver", "clip"]
KEY = ["study", "version", "method", *PLACE, "seed", "metric"]


class ScoreError(Error):
    """A score table does not have the columns, types or values that it must have, or lacks what is asked of it."""


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
    doubled = table[table.duplicated(KEY)]
    if len(doubled):
        row = ", ".join(f"{name} {doubled.iloc[0][name]}" for name in KEY[2:])
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
    grouped = known.groupby(["method", "metric", *PLACE, "unit", "better"], sort=False)["value"]
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
