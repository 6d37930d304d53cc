"""Quality against what it costs: the methods that nothing beats in both are marked."""

import math
from itertools import pairwise

import pandas as pd

from understudy import stats
from understudy.report.findings import Findings
from understudy.report.plots import svg
from understudy.report.plots.estimates import upright
from understudy.report.plots.svg import WIDTH, Plot
from understudy.report.scores import Table

TOP, HEIGHT = 34, 260
ALIKE = 1.03  # costs that differ by no more are equal, as those of equal budgets are
NEAR = 120  # px: names further apart than this cannot meet
# What a method can cost, as the stages name it, and as an axis says it.
COSTS = {
    "training CPU time": "training, seconds of CPU time",
    "conversion": "conversion, ms a frame",
    "peak memory": "peak memory of training, MiB",
    "parameters": "parameters",
    "FLOPs a step": "floating-point operations a step",
}


def cost_of(costs: pd.DataFrame, quantity: str) -> dict[str, float]:
    """Each method's mean cost over its trainings (or conversions)."""
    if "quantity" not in costs:
        return {}
    rows = costs[costs["quantity"] == quantity].dropna(subset=["value"])
    return {str(name): float(v) for name, v in rows.groupby("method", sort=False)["value"].mean().items()}


def pareto(found: Findings, table: Table, quantity: str) -> Plot | None:
    """Each method at its cost and its estimate. None with fewer than two, or when all cost the same."""
    costs = cost_of(found.page.costs_table, quantity)
    rows = {str(r["method"]): r for r in found.ranked(table) if str(r["method"]) in costs}
    cost = {name: costs[name] for name in rows}
    if len(rows) < 2 or max(cost.values()) <= ALIKE * min(cost.values()):
        return None
    quality = {name: float(row["mean"]) for name, row in rows.items()}
    best = stats.pareto(cost, quality, str(next(iter(rows.values()))["better"]))
    known = [v for v in cost.values() if v > 0]
    wide = bool(known) and min(cost.values()) > 0 and max(known) / min(known) > 8
    across = svg.spanning(cost.values(), 80, WIDTH - 130, logarithmic=wide)
    seen = [float(row[c]) for row in rows.values() for c in ("mean", "low", "high")]
    up = svg.spanning(seen, TOP + HEIGHT, TOP)
    body = [svg.text(0, 16, f"{table.metric.label} {table.metric.arrow} against {quantity}", "tt")]
    body += svg.up(up, 80, WIDTH - 130)
    body += svg.across(across, TOP, TOP + HEIGHT, COSTS.get(quantity, quantity) + (", logarithmic" if wide else ""))
    body.append(svg.text(12, TOP + HEIGHT / 2, upright(table, HEIGHT), "th", "middle", turn=-90))
    front = sorted(((across(cost[n]), up(quality[n])) for n in best), key=lambda p: p[0])
    if len(front) > 1:
        body.append(svg.path(_steps(front), "front"))
    body += _points(found, rows, cost, best, across, up)
    words = f"Undominated in {table.metric.name} against {quantity}: {', '.join(n for n in rows if n in best)}; "
    words += f"the others: {', '.join(n for n in rows if n not in best) or 'none'}"
    return Plot(
        name=f"pareto {quantity}",
        title=f"{table.metric.label} against {quantity}",
        words=words,
        height=TOP + HEIGHT + 46,
        body=tuple(body),
    )


def _steps(front: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The frontier as stairs: what is had at a cost is had at any higher one."""
    stairs = [front[0]]
    for (_, before), (x, y) in pairwise(front):
        stairs += [(x, before), (x, y)]
    return stairs


def _points(
    found: Findings,
    rows: dict[str, "pd.Series[str]"],
    cost: dict[str, float],
    best: set[str],
    across: svg.Scale,
    up: svg.Scale,
) -> list[str]:
    """The methods with their intervals; a ring around what nothing beats; names beside them, kept apart."""
    body: list[str] = []
    at = {name: (across(cost[name]), up(float(row["mean"]))) for name, row in rows.items()}
    for name, row in rows.items():
        (x, y), style = at[name], found.style(name)
        low, high = float(row["low"]), float(row["high"])
        if math.isfinite(low) and math.isfinite(high):
            body.append(svg.line(x, up(low), x, up(high), f"s{style}"))
        body.append(svg.shape(style, x, y, name))
        if name in best:
            body.append(f'<circle class="ring" cx="{svg.tenth(x):g}" cy="{svg.tenth(y):g}" r="9"/>')
    for name, (x, y) in at.items():
        near = [n for n, (other, _) in at.items() if abs(other - x) < NEAR]
        label = dict(zip(near, svg.apart([at[n][1] for n in near], 14), strict=True))[name]
        body.append(svg.text(x + 14, label + 4, name, "halo"))  # the frontier must not strike a name through
        body.append(svg.text(x + 14, label + 4, name, "tb" if name in best else "t"))
        if abs(label - y) > 6:
            body.append(svg.line(x + 9, y, x + 13, label, "lead"))
    return body
