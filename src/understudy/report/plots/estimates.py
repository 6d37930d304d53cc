"""Estimates and paired differences with their intervals, a line each."""

import math
from collections.abc import Sequence

import pandas as pd

from understudy.report.findings import Findings, interval_text, p_text, signed
from understudy.report.numbers import number
from understudy.report.plots import svg
from understudy.report.plots.svg import LETTER, WIDTH, Plot
from understudy.report.scores import Table

LINE, TOP, FOOT = 25, 34, 44
MOST_FAINT = 60  # pairs that are drawn as faint dots


def forest(found: Findings, table: Table) -> Plot | None:
    """Each method's mean with its interval, the best at the top, its pairs as faint dots; sanity rows below."""
    rows = found.ranked(table)
    sanity = [r for r in table.rows if r.sanity and math.isfinite(r.mean)]
    if not rows:
        return None
    names = [str(r["method"]) for r in rows] + [r.method for r in sanity]
    left = 30 + LETTER * max(map(len, names))
    bottom = TOP + LINE * len(rows) + (10 + LINE * len(sanity) if sanity else 0)
    seen = [float(r[c]) for r in rows for c in ("mean", "low", "high")] + [r.mean for r in sanity]
    seen += [v for r in rows for v in found.pair_means(table, str(r["method"]))]
    scale = svg.spanning(seen, left, WIDTH - 170)
    body = [svg.text(0, 16, f"{table.metric.label} {table.metric.arrow}", "tt")]
    body += svg.across(scale, TOP - 6, bottom, axis_title(table))
    for place, row in enumerate(rows):
        body += _estimate(found, table, row, scale, TOP + LINE * (place + 0.5), left)
    for place, other in enumerate(sanity):
        y = TOP + LINE * (len(rows) + place + 0.5) + 10
        body += [svg.text(left - 22, y + 4, other.method, "t", "end"), svg.shape(0, scale(other.mean), y)]
        body.append(svg.text(WIDTH - 160, y + 4, other.mean_text, "t"))
    if sanity:
        y = TOP + LINE * len(rows) + 5
        body.append(svg.line(left, y, WIDTH - 170, y, "axis"))
    words = f"{table.metric.label} of {len(rows)} methods, the best first: " + "; ".join(
        f"{r['method']} {interval_text(float(r['mean']), float(r['low']), float(r['high']), table.places)}"
        for r in rows
    )
    return Plot(
        name=f"estimates {table.metric.name}",
        title=f"{table.metric.label}: estimates",
        words=words,
        height=bottom + FOOT,
        body=tuple(body),
    )


def axis_title(table: Table) -> str:
    """A metric's name and unit, and which way is better."""
    better = {"higher": "higher is better", "lower": "lower is better", "zero": "near 0 is better"}
    unit = "" if table.metric.unit in ("", table.metric.label) else f" ({table.metric.unit})"
    return f"{table.metric.label}{unit}" + (f", {better[table.metric.better]}" if table.metric.better else "")


def upright(table: Table, room: float) -> str:
    """The same beside a vertical axis, as far as there is room."""
    words = (axis_title(table), axis_title(table).split(",")[0], table.metric.label)
    return next((text for text in words if LETTER * len(text) <= room), words[-1])


def _estimate(
    found: Findings, table: Table, row: "pd.Series[str]", scale: svg.Scale, y: float, left: float
) -> list[str]:
    name, mean = str(row["method"]), float(row["mean"])
    low, high = float(row["low"]), float(row["high"])
    style = found.style(name)
    body = [svg.text(left - 22, y + 4, name, "th", "end"), svg.shape(style, left - 11, y)]
    for value in found.pair_means(table, name)[:MOST_FAINT]:
        body.append(svg.shape(style, scale(value), y + 9, kind="d", size=0.5))
    if math.isfinite(low) and math.isfinite(high):
        body.append(svg.line(scale(low), y, scale(high), y, f"s{style}"))
        body += [svg.line(scale(end), y - 5, scale(end), y + 5, f"s{style}") for end in (low, high)]
    body.append(svg.shape(style, scale(mean), y, f"{name}: {interval_text(mean, low, high, table.places)}", size=1.15))
    body.append(svg.text(WIDTH - 160, y + 4, interval_text(mean, low, high, table.places), "th"))
    return body


def differences(found: Findings, table: Table) -> Plot | None:
    """Each pair of methods' difference with its interval; filled where the corrected test shows one."""
    rows = found.differences(table.metric.name)
    if not rows:
        return None
    labels = [f"{r.ahead} − {r.behind}" for r in rows]
    values = [f"{signed(r.difference, table.places)} {_span(r.low, r.high, table.places)}" for r in rows]
    left, right = 12 + LETTER * max(map(len, labels)), WIDTH - 84 - LETTER * max(map(len, values))
    bottom = TOP + 20 * len(rows)
    scale = svg.spanning([v for r in rows for v in (r.difference, r.low, r.high)] + [0.0], left, right - 10)
    body = [svg.text(0, 16, f"{table.metric.label}: paired differences", "tt")]
    body += svg.across(scale, TOP - 6, bottom, f"difference in {table.metric.name}, first less second")
    body.append(svg.line(scale(0), TOP - 6, scale(0), bottom, "zero"))
    for place, (row, label, value) in enumerate(zip(rows, labels, values, strict=True)):
        y = TOP + 20 * (place + 0.5)
        style = found.style(row.favours or row.ahead)
        body.append(svg.text(left - 10, y + 4, label, "th" if row.favours else "t", "end"))
        if math.isfinite(row.low):
            body.append(svg.line(scale(row.low), y, scale(row.high), y, f"s{style if row.favours else 0}"))
        told = f"{label}: {value} {p_text(row.p_holm)}"
        body.append(svg.shape(style, scale(row.difference), y, told, kind="m" if row.favours else "h"))
        body.append(svg.text(right, y + 4, value, "th"))
        body.append(svg.text(WIDTH, y + 4, p_text(row.p_holm), "t", "end"))
    shown = [f"{r.favours} beats {r.behind if r.favours == r.ahead else r.ahead}" for r in rows if r.favours]
    words = f"Differences in {table.metric.name}. Shown: {'; '.join(shown) or 'none'}; the others are not told apart."
    return Plot(
        name=f"differences {table.metric.name}",
        title=f"{table.metric.label}: paired differences",
        words=words,
        height=bottom + FOOT,
        body=tuple(body),
    )


def _span(low: float, high: float, places: int) -> str:
    return f"[{number(low, places)}, {number(high, places)}]" if math.isfinite(low) and math.isfinite(high) else ""


def seeds(found: Findings, table: Table) -> Plot | None:
    """The mean of each training seed of each method: how far another seed moves a result."""
    spread = found.by_seed(table.metric.name)
    rows = [str(r["method"]) for r in found.ranked(table) if len(spread.get(str(r["method"]), {})) > 1]
    if not rows:
        return None
    left = 30 + LETTER * max(map(len, rows))
    bottom = TOP + LINE * len(rows)
    scale = svg.spanning([v for name in rows for v in spread[name].values()], left, WIDTH - 170)
    body = [svg.text(0, 16, f"{table.metric.label}: every seed", "tt")]
    body += svg.across(scale, TOP - 6, bottom, axis_title(table))
    for place, name in enumerate(rows):
        y, style, values = TOP + LINE * (place + 0.5), found.style(name), spread[name]
        ends: Sequence[float] = (min(values.values()), max(values.values()))
        body += [svg.text(left - 22, y + 4, name, "th", "end"), svg.shape(style, left - 11, y)]
        body.append(svg.line(scale(ends[0]), y, scale(ends[1]), y, f"s{style}"))
        body += [
            svg.shape(style, scale(value), y, f"{name}, seed {seed}: {number(value, table.places)}", kind="h")
            for seed, value in values.items()
        ]
        body.append(
            svg.text(WIDTH - 160, y + 4, f"{number(ends[0], table.places)} – {number(ends[1], table.places)}", "th")
        )
    words = f"{table.metric.label} of each training seed: " + "; ".join(
        f"{name} {', '.join(number(v, table.places) for v in spread[name].values())}" for name in rows
    )
    return Plot(
        name=f"seeds {table.metric.name}",
        title=f"{table.metric.label}: every seed",
        words=words,
        height=bottom + FOOT,
        body=tuple(body),
    )
