"""A verdict for each number of a study that was run again: identical, within its band, or different.

A band comes from seed replicates: the reviewer's own runs, with the study's seeds where it has several, and with others
that were asked for. It is the interval in which one more
such value lies in 95 of 100 cases if values vary with the seed as normal ones do: mean +- t(.975, n - 1) sd sqrt(1 +
1/n) over n replicates (Hahn & Meeker, Statistical Intervals, 1991, section 4.7). It says how far the seed alone moves a
number, and nothing of how it would move with other people or clips.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats as distributions

PLACE = ["method", "family", "source", "driver", "clip", "metric"]
KEY = [*PLACE, "seed"]
FEWEST = 3
VERDICTS = ("identical", "within its band", "different", "missing", "not in the crate", "not run again")
# Those that say that a study did not come out again.
BAD = frozenset({"different", "missing", "not in the crate"})


def bands(replicates: Sequence[pd.DataFrame], level: float = 0.95) -> pd.DataFrame:
    """The band of each number (method, family, source, driver, clip, metric): mean, sd, n, low, high.

    replicates: score tables of runs with different seeds. Numbers of which fewer than three replicates have a value
    have no band, and no row.
    """
    columns = [*PLACE, "mean", "sd", "n", "low", "high"]
    if not replicates:
        return pd.DataFrame(columns=columns)
    values = pd.concat(replicates, ignore_index=True).dropna(subset=["value"])
    grouped = values.groupby(PLACE, sort=False)["value"]
    table = grouped.agg(mean="mean", sd="std", n="count").reset_index()
    table = table[table["n"] >= FEWEST]
    n = table["n"].to_numpy(np.float64)
    reach = distributions.t.ppf((1 + level) / 2, n - 1) * table["sd"].to_numpy(np.float64) * np.sqrt(1 + 1 / n)
    table = table.assign(low=table["mean"] - reach, high=table["mean"] + reach)
    return table.loc[:, columns].reset_index(drop=True)


def judge(
    told: pd.DataFrame,
    again: pd.DataFrame,
    band: pd.DataFrame,
    left_out: Sequence[tuple[str, str]] = (),
) -> pd.DataFrame:
    """A row a number: KEY, told (in the crate), again, difference, low, high, verdict.

    left_out: (source, driver) of pairs that could not be run again. The crate's number is held against the band: it is
    the one that is claimed. Where it is not identical and has no band, it is different.
    """
    rows = told[[*KEY, "value"]].rename(columns={"value": "told"}).merge(
        again[[*KEY, "value"]].rename(columns={"value": "again"}), on=KEY, how="outer", indicator=True, sort=False
    )  # fmt: skip
    rows = rows.merge(band[[*PLACE, "low", "high"]], on=PLACE, how="left", sort=False)
    one, other = (np.ascontiguousarray(rows[name].to_numpy(np.float64)) for name in ("told", "again"))
    where = rows["_merge"].to_numpy(str)
    skipped = np.array([pair in set(left_out) for pair in zip(rows["source"], rows["driver"], strict=True)], bool)
    low, high = rows["low"].to_numpy(np.float64), rows["high"].to_numpy(np.float64)
    verdict = np.select(
        [
            (where == "left_only") & skipped,
            where == "left_only",
            where == "right_only",
            identical(one, other),
            (low <= one) & (one <= high),
        ],
        ["not run again", "missing", "not in the crate", "identical", "within its band"],
        default="different",
    )
    return rows.assign(difference=other - one, verdict=verdict).drop(columns="_merge")


def identical(one_N: NDArray[np.float64], other_N: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether values are the same float64 to the bit; one NaN is as good as another."""
    same: NDArray[np.bool_] = one_N.view(np.int64) == other_N.view(np.int64)
    return same | (np.isnan(one_N) & np.isnan(other_N))


@dataclass(frozen=True, kw_only=True)
class Count:
    """How many numbers got each verdict."""

    verdicts: dict[str, int]

    @property
    def well(self) -> bool:
        """Whether all that was run again came out."""
        return not any(self.verdicts.get(name) for name in BAD)

    def __str__(self) -> str:
        said = ", ".join(f"{count} {name}" for name, count in self.verdicts.items() if count)
        return f"{sum(self.verdicts.values())} numbers: {said or 'none'}"


def count(judged: pd.DataFrame) -> Count:
    """How many numbers got each verdict, in the order of VERDICTS."""
    found = judged["verdict"].value_counts()
    return Count(verdicts={name: int(found.get(name, 0)) for name in VERDICTS})
