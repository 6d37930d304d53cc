"""The metrics: one module each, found by its name in this folder; each states its quantities, units, direction and
source.

`measure` takes one fake through the chosen metrics in one pass over its videos; what several metrics need of a frame
is computed once. A new metric is one new file here, with LOOKS_AT, SEES and `meter` (see `Metric`); names with an
underscore are no metrics. One that does not fit every fake that shows a face names its FAMILIES (`suits`), one that
needs other people beside the source says so (`compares`). Whether the
metrics themselves can be trusted is measured on ladders of known damage: `climb`, then `judge`; and by how they agree
with the truth: `agreement`.
"""

import dataclasses
import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache
from typing import cast

import pandas as pd

from understudy.errors import ConfigError, nearest
from understudy.metrics import _judging
from understudy.metrics._case import Better, Case, Damage, Meter, Metric, Quantity, Row, Stream
from understudy.metrics._judging import agreement
from understudy.metrics._meaning import MEANING
from understudy.metrics._moment import Moment, Sight, by_dlib
from understudy.metrics._sanity import Sanity, sanity
from understudy.metrics._streams import moments
from understudy.metrics._validity import Ladder, Rung, climb, degraded, ladders

__all__ = [
    "MEANING", "Better", "Case", "Damage", "Ladder", "Meter", "Metric", "Moment", "Quantity", "Row", "Rung", "Sanity",
    "Sight", "agreement", "by_dlib", "climb", "compares", "degraded", "judge", "ladders", "measure", "metric", "names",
    "networks", "sanity", "sees", "suits",
]  # fmt: skip

FACES = ("swap", "animate", "lipsync")
"""The families whose fakes show a face; those of `voice` are only heard."""


@cache  # asked for each value of a study: the folder would be looked through each time
def names() -> tuple[str, ...]:
    """The metrics there are: the modules of this folder, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


def metric(name: str) -> Metric:
    """The module of that name. Raises ConfigError, with the nearest valid name, when there is none."""
    if name not in names():
        raise ConfigError(f"metric '{name}'", "there is no such metric", nearest(name, names()))
    return cast(Metric, importlib.import_module(f"{__name__}.{name}"))


def networks(name: str) -> tuple[str, ...]:
    """The names of the weights without which that metric gives no rows; mostly none. ConfigError for no metric."""
    needed: tuple[str, ...] = getattr(metric(name), "NETWORKS", ())
    return needed


def suits(name: str, family: str) -> bool:
    """Whether that metric says anything of a family's fakes: of its FAMILIES, or of all that show a face.

    Raises ConfigError for no metric.
    """
    fits: tuple[str, ...] = getattr(metric(name), "FAMILIES", FACES)
    return family in fits


def compares(name: str) -> bool:
    """Whether that metric holds the source against others of the study. Raises ConfigError for no metric."""
    others: bool = getattr(metric(name), "OTHERS", False)
    return others


def sees() -> dict[str, tuple[Damage, ...]]:
    """Every value that is meant to see damage -> the ladders that it must fall along."""
    return {value: damages for name in names() for value, damages in metric(name).SEES.items()}


def judge(validity: pd.DataFrame) -> pd.DataFrame:
    """How each metric moves along each ladder of the validity table, one row a (metric, ladder).

    Columns: metric, unit, better, ladder, meant (whether it is meant to see that damage), falls (worse at every rung),
    rho, first, last, step, spread, missing, conversions, note (`_judging.judge` says what each is).
    """
    return _judging.judge(validity, sees())


def measure(
    case: Case, chosen: Sequence[str], *, embed_every: int = 1, sight: Sight | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The values of the chosen metrics for one case, in one pass with memory flat.

    Those that do not suit the case's family are left out.

    embed_every: embed the face of every k-th frame only (an embedding is by far the dearest thing here). sight: how
    faces are found and embedded, in place of dlib. Returns two tables. Rows, one a value: metric, value, unit, n,
    better. Frames, one a frame: frame, time (s), and a column a value that frames have, NaN where one has none.
    Raises ConfigError for an unknown metric, MediaError when the videos do not belong together, FaceError without
    references.
    """
    modules = [metric(name) for name in dict.fromkeys(chosen) if suits(name, case.family)]
    meters = [(module, meter) for module in modules if (meter := module.meter(case)) is not None]
    looks = [getattr(meter, "looks_at", module.LOOKS_AT) for module, meter in meters]
    streams: set[Stream] = {"fake", *(stream for there in looks for stream in there)}
    times: list[float] = []
    for moment in moments(case, streams, embed_every=embed_every, sight=sight or by_dlib(case.fps)):
        for _, meter in meters:
            meter.step(moment)
        times.append(moment.time)
    rows = [dataclasses.asdict(row) for _, meter in meters for row in meter.rows()]
    columns = {name: values for _, meter in meters for name, values in meter.columns().items()}
    frames = pd.DataFrame({"frame": range(len(times)), "time": times, **columns})
    return pd.DataFrame(rows, columns=["metric", "value", "unit", "n", "better"]), frames
