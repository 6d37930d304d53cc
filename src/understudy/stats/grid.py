"""The values of one metric as an array: methods x cells x seeds. A cell is one clip of a pair.

Legend: M methods, C cells, K seeds, P ordered pairs, E trainings (unordered pairs), U people.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from understudy.stats.table import PLACE, ScoreError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Cell = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """One metric. values_MCK is NaN where there is no finite value; lost_M counts rows whose value is not finite."""

    metric: str
    unit: str
    better: str
    methods: tuple[str, ...]
    families: tuple[str, ...]
    cells: tuple[Cell, ...]
    values_MCK: Floats
    lost_M: NDArray[np.int64]

    def within(self, known_C: Bools) -> tuple[Cell, ...]:
        """The cells that are so marked."""
        return tuple(cell for cell, known in zip(self.cells, known_C.tolist(), strict=True) if known)

    def magnitudes(self) -> Floats:
        """What two methods are compared by: the values, of a metric that is best near 0 their distances from 0."""
        return np.abs(self.values_MCK) if self.better == "near 0" else self.values_MCK

    def seeds(self, method: int, cells: Bools) -> int:
        """How many seeds of a method have a value in any of these cells."""
        return int(np.isfinite(self.values_MCK[method][cells]).any(axis=0).sum())


def grids(scores: pd.DataFrame) -> Iterator[Grid]:
    """A grid a metric; metrics and methods in the table's order, cells sorted by source, driver and clip.

    Raises ScoreError when a method has two values for one place and seed, as when two versions are in one table.
    """
    columns = {name: scores[name].to_numpy() for name in ("metric", "method", "family", "seed", *PLACE)}
    columns |= {name: scores[name].to_numpy() for name in ("unit", "better")}
    columns["value"] = scores["value"].to_numpy(float)
    codes, metrics = pd.factorize(columns["metric"])
    order, ends = np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))
    for metric, rows in zip(metrics, np.split(order, ends[:-1]), strict=False):  # no metric: one empty part
        yield _grid(str(metric), {name: column[rows] for name, column in columns.items()})


def _grid(metric: str, rows: dict[str, NDArray[Any]]) -> Grid:
    m, methods = pd.factorize(rows["method"])
    places = list(zip(*(rows[name].tolist() for name in PLACE), strict=True))
    cells = sorted(set(places))
    index = {cell: c for c, cell in enumerate(cells)}
    c = np.array([index[place] for place in places])
    seeds, k = np.unique(rows["seed"], return_inverse=True)
    shape = (len(methods), len(cells), len(seeds))
    if len(np.unique(np.ravel_multi_index((m, c, k), shape))) < len(m):
        fact = f"has two values of one method, place and seed for {metric}"
        raise ScoreError("score table", fact, "Compare within one version of a study.")
    values = np.full(shape, np.nan)
    values[m, c, k] = np.where(np.isfinite(rows["value"]), rows["value"], np.nan)
    return Grid(
        metric=metric, unit=str(rows["unit"][0]), better=str(rows["better"][0]),
        methods=tuple(str(name) for name in methods),
        families=tuple(str(rows["family"][np.argmax(m == number)]) for number in range(len(methods))),
        cells=tuple((str(source), str(driver), str(clip)) for source, driver, clip in cells),
        values_MCK=values,
        lost_M=np.bincount(m[~np.isfinite(rows["value"])], minlength=len(methods)),
    )  # fmt: skip


def over_seeds(values_CK: Floats) -> Floats:
    """The mean of each cell over the seeds that have a value, NaN where none has."""
    known = np.isfinite(values_CK)
    count = known.sum(axis=-1)
    total = np.where(known, values_CK, 0.0).sum(axis=-1)
    means_C: Floats = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return means_C


def known(values_MC: Floats) -> Bools:
    """The cells in which every method has a value."""
    return np.asarray(np.isfinite(values_MC).all(axis=0), dtype=bool)
