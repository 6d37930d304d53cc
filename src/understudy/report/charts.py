"""Geometry of the page's small charts. Points are computed here; the templates draw them as inline SVG."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from understudy.report.numbers import lone, number
from understudy.report.scores import Row, Table

STRIP_WIDTH, STRIP_HEIGHT, STRIP_MARGIN = 220, 26, 8
CURVE_WIDTH, CURVE_HEIGHT = 640, 220
CURVE_LEFT, CURVE_RIGHT, CURVE_TOP, CURVE_BOTTOM = 52, 12, 10, 30
MOST_POINTS = 400


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A dot: its place, and the words that tell what it is."""

    x: float
    y: float
    words: str


@dataclass(frozen=True, kw_only=True)
class Strip:
    """One method's clips along a metric's axis; mean: where its mean stands (None when it is not finite)."""

    marks: tuple[Mark, ...]
    mean: float | None


@dataclass(frozen=True, kw_only=True)
class Line:
    """A polyline: its name and the points attribute of SVG."""

    name: str
    points: str


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A place on an axis and its label."""

    at: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Curves:
    """A loss chart: faint lines of every logged value, bold ones of their running median, and both axes."""

    raw: tuple[Line, ...]
    smooth: tuple[Line, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    first: str
    last: str


def strip(row: Row, table: Table) -> Strip:
    """Every clip of a method as a dot; dots of the same pair share a height, so that pairs can be told apart."""
    lanes = {pair: i for i, pair in enumerate(row.by_pair)}
    marks = tuple(
        Mark(
            x=_place(d.value, table),
            y=STRIP_HEIGHT / 2 + _offset(lanes[d.source, d.driver], len(lanes)),
            words=f"{d.source} → {d.driver}, {d.clip}: {number(d.value, table.places)}",
        )
        for d in row.dots
        if math.isfinite(d.value)
    )
    return Strip(marks=marks, mean=_place(row.mean, table) if math.isfinite(row.mean) else None)


def _place(value: float, table: Table) -> float:
    if table.high == table.low:
        return STRIP_WIDTH / 2
    share = (value - table.low) / (table.high - table.low)
    return round(STRIP_MARGIN + min(1.0, max(0.0, share)) * (STRIP_WIDTH - 2 * STRIP_MARGIN), 1)


def _offset(lane: int, lanes: int) -> float:
    return 0.0 if lanes < 2 else round((lane / (lanes - 1) - 0.5) * 10, 1)


def curves(path: Path) -> Curves | None:
    """The loss table of a run as a chart with a logarithmic height; None when no loss is positive."""
    table = pd.read_csv(path)
    names = [c for c in table.columns if c == "loss" or c.startswith("loss") or c.endswith("loss")] or [
        c for c in table.columns if c != "step" and pd.api.types.is_numeric_dtype(table[c])
    ]
    thin = table.iloc[:: max(1, math.ceil(len(table) / MOST_POINTS))]
    values = thin[names].where(thin[names] > 0)
    low, high = float(values.min().min()), float(values.max().max())
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    low, high = (low / 1.2, high * 1.2) if low == high else (low, high)
    start, end = float(thin["step"].min()), float(max(thin["step"].max(), thin["step"].min() + 1))

    def at(step: float) -> float:
        return CURVE_LEFT + (step - start) / (end - start) * (CURVE_WIDTH - CURVE_LEFT - CURVE_RIGHT)

    def height(value: float) -> float:
        share = (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))
        return CURVE_HEIGHT - CURVE_BOTTOM - share * (CURVE_HEIGHT - CURVE_BOTTOM - CURVE_TOP)

    def line(name: str, series: "pd.Series[float]") -> Line:
        points = [(s, v) for s, v in zip(thin["step"], series, strict=True) if v > 0]
        return Line(name=name, points=" ".join(f"{at(s):.1f},{height(v):.1f}" for s, v in points))

    window = max(1, len(thin) // 20)
    smooth = values.rolling(window, min_periods=1, center=True).median()
    last = values[names[0]].dropna()
    return Curves(
        raw=tuple(line(n, values[n]) for n in names),
        smooth=tuple(line(n, smooth[n]) for n in names),
        across=tuple(Tick(at=at(s), text=number(s, 0)) for s in (start, (start + end) / 2, end)),
        up=tuple(Tick(at=height(v), text=lone(v)) for v in _decades(low, high)),
        first=lone(float(last.iloc[0])) if len(last) else "",
        last=lone(float(last.iloc[-1])) if len(last) else "",
    )


def _decades(low: float, high: float) -> Sequence[float]:
    """Round values (1, 2, 5 times a power of ten) within a range; its ends when fewer than two are."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps: Iterable[float] = (m * 10.0**p for p in powers for m in (1, 2, 5))
    inside = [v for v in steps if low <= v <= high]
    return (
        inside if 2 <= len(inside) <= 6 else [v for v in inside if _leading(v) == 1] if len(inside) > 6 else [low, high]
    )


def _leading(value: float) -> int:
    return round(value / 10.0 ** math.floor(math.log10(value) + 1e-9))


def trace(
    values: Iterable[float], frames: Iterable[float], last: int, low: float, high: float, *, most: int = MOST_POINTS
) -> str:
    """A metric over a clip's frames as points in a box of 1000 x 100; frames without a value are bridged."""
    span = (high - low) or 1.0
    points = [(f, v) for f, v in zip(frames, values, strict=True) if math.isfinite(v)]
    thin = points[:: max(1, math.ceil(len(points) / most))]
    return " ".join(f"{1000 * f / max(1, last):.1f},{95 - 90 * (v - low) / span:.1f}" for f, v in thin)
