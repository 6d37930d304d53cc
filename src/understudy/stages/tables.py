"""A study's long tables, as they were gathered."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Tables:
    """scores: see `stats`. frames: a row a frame. curves, costs, validity: see the rules that measure them; empty where
    a study asks for none."""

    scores: pd.DataFrame
    frames: pd.DataFrame
    curves: pd.DataFrame
    costs: pd.DataFrame
    validity: pd.DataFrame


NAMES = ("scores", "frames", "curves", "costs", "validity")
FILES = ("scores.csv", *(f"{name}.parquet" for name in NAMES))


def read_tables(folder: Path) -> Tables:
    """The tables of a folder that rule `gather` filled."""
    return Tables(**{name: pd.read_parquet(folder / f"{name}.parquet") for name in NAMES})
