"""The metrics frame by frame, drawn below the players of a clip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from understudy.report.charts import Line, trace
from understudy.report.numbers import decimals, number
from understudy.report.page import ClipView, Page, PairView
from understudy.report.scores import Table, label

# The metrics that are drawn, when the study has them.
TRACED = (
    "identity distance to source",
    "identity_source",
    "SSIM to truth",
    "ssim",
    "landmark error",
    "pose error",
    "flicker",
)


@dataclass(frozen=True, kw_only=True)
class Trace:
    """A metric frame by frame, one line a method, and the ends of its axis. place: source, driver, clip, seed."""

    place: tuple[str, str, str, str]
    column: str
    metric: str
    lines: tuple[Line, ...]
    low: str
    high: str
    arrow: str


def traces(page: Page, tables: Sequence[Table]) -> Mapping[tuple[str, str, str, str], tuple[Trace, ...]]:
    """The traces of every converted clip by (source, driver, clip, seed)."""
    return {place(p, c): _traces(page, p, c, tables) for p in page.pairs for c in p.clips}


def place(pair: PairView, clip: ClipView) -> tuple[str, str, str, str]:
    """The name of a converted clip: source, driver, clip, and its seed or nothing."""
    return pair.source, pair.driver, clip.clip, "" if clip.seed is None else str(clip.seed)


def _traces(page: Page, pair: PairView, clip: ClipView, tables: Sequence[Table]) -> tuple[Trace, ...]:
    frames, methods = page.frames, [m.name for m in page.methods]
    if "frame" not in frames:
        return ()
    here = (frames["source"] == pair.source) & (frames["driver"] == pair.driver) & (frames["clip"] == clip.clip)
    part = frames[here & frames["method"].isin(methods)]
    if clip.seed is not None and "seed" in part:
        part = part[part["seed"] == clip.seed]
    arrows = {t.metric.name: t.metric.arrow for t in tables}
    found = [c for c in TRACED if c in part and part[c].notna().any()]
    return tuple(_trace(part, c, methods, arrows.get(c, ""), place(pair, clip)) for c in found)


def _trace(
    part: pd.DataFrame, column: str, methods: Sequence[str], arrow: str, where: tuple[str, str, str, str]
) -> Trace:
    low, high = float(part[column].min()), float(part[column].max())
    last = int(part["frame"].max())
    lines = []
    for name in methods:
        rows = part[part["method"] == name].sort_values("frame")
        lines.append(Line(name=name, points=trace(rows[column], rows["frame"], last, low, high)))
    places = decimals([low, high])
    return Trace(
        place=where,
        column=column,
        metric=label(column),
        lines=tuple(lines),
        low=number(low, places),
        high=number(high, places),
        arrow=arrow,
    )
