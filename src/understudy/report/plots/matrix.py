"""Pair by method: where a method's mean comes from."""

import math

from understudy.report.findings import Findings
from understudy.report.numbers import number
from understudy.report.plots import svg
from understudy.report.plots.svg import LETTER, Plot
from understudy.report.scores import Table

CELL, LINE, FAINTEST, DARKEST = 66, 24, 0.02, 0.5


def matrix(found: Findings, table: Table) -> Plot | None:
    """A line a pair, a column a method: its number, the fuller coloured the better. None for a single pair."""
    rows = [row for row in table.rows if not row.sanity]
    pairs = table.pairs
    gains = [table.metric.gain(v) for row in rows for v in row.by_pair.values() if math.isfinite(v)]
    if len(pairs) < 2 or len(rows) < 2 or not gains:
        return None
    low, high = min(gains), max(gains)
    left = 16 + LETTER * max(len(f"{s} → {d}") for s, d in pairs)
    head = 40 + LETTER * 0.6 * max(len(row.method) for row in rows)
    body = [svg.text(0, 16, f"{table.metric.label} {table.metric.arrow}, pair by pair", "tt")]
    for column, row in enumerate(rows):
        x = left + CELL * (column + 0.5)
        body += [
            svg.shape(found.style(row.method), x, head - 8),
            svg.text(x + 4, head - 20, row.method, "th", turn=-35),
        ]
    for place, (source, driver) in enumerate(pairs):
        y = head + LINE * place
        body.append(svg.text(left - 10, y + 16, f"{source} → {driver}", "th", "end"))
        for column, row in enumerate(rows):
            value = row.by_pair.get((source, driver), math.nan)
            x = left + CELL * column
            if math.isfinite(value):
                share = 0.5 if high == low else (table.metric.gain(value) - low) / (high - low)
                dark = FAINTEST + (DARKEST - FAINTEST) * share
                body.append(svg.box(x + 1, y + 1, CELL - 2, LINE - 2, "heat", dark))
            body.append(svg.text(x + CELL / 2, y + 16, number(value, table.places), "th", "middle"))
    bottom = head + LINE * len(pairs) + 18
    body.append(svg.text(left, bottom, "the fuller the colour, the better", "ts"))
    least = left + CELL * len(rows) + 30 + LETTER * 0.8 * len(rows[-1].method)
    return Plot(
        name=f"pairs {table.metric.name}",
        title=f"{table.metric.label} pair by pair",
        words=f"{table.metric.label} of {len(rows)} methods on {len(pairs)} pairs; the numbers are in the tables",
        height=bottom + 10,
        width=max(360.0, svg.tenth(least)),
        body=tuple(body),
    )
