"""Metric validity: how each metric moves as a known damage grows."""

import math

import pandas as pd

from understudy.report.findings import Findings
from understudy.report.plots import svg
from understudy.report.plots.svg import LETTER, Plot
from understudy.report.scores import label

CELL, LINE = 96, 40
SIGNS = {"falls": "✓", "does not": "✗"}


def means(validity: pd.DataFrame) -> dict[tuple[str, str], list[float]]:
    """(metric, ladder) -> its mean over the conversions at each rung, from the undegraded one on."""
    table = validity.dropna(subset=["value"]).groupby(["metric", "ladder", "rung"], sort=True)["value"].mean()
    found: dict[tuple[str, str], list[float]] = {}
    for (metric, ladder, _), value in zip(table.index, table, strict=True):
        found.setdefault((str(metric), str(ladder)), []).append(float(value))
    return found


def ladders(found: Findings) -> Plot | None:
    """A line a metric, a column a ladder: its course from the first rung to the last, and the verdict on it."""
    validity, verdicts = found.page.validity, found.verdicts
    if "ladder" not in validity or not len(validity):
        return None
    names, columns = (list(dict.fromkeys(validity[c])) for c in ("metric", "ladder"))
    every = means(validity)
    left = 14 + LETTER * max(len(label(str(n))) for n in names)
    head = 52
    body = [svg.text(0, 16, "How each metric moves along ladders of known damage", "tt")]
    body += [svg.text(left + CELL * (i + 0.5), head - 10, str(c), "th", "middle") for i, c in enumerate(columns)]
    for place, metric in enumerate(names):
        y = head + LINE * place
        body += [svg.text(left - 12, y + LINE / 2 + 4, label(str(metric)), "th", "end")]
        body.append(svg.line(0, y, left + CELL * len(columns), y, "grid"))
        courses = [every.get((str(metric), str(ladder)), []) for ladder in columns]
        up = svg.spanning([value for course in courses for value in course], y + LINE - 6, y + 6)
        for column, (ladder, course) in enumerate(zip(columns, courses, strict=True)):
            verdict = verdicts.get((str(metric), str(ladder)), "")
            body += _cell(course, verdict, left + CELL * column, y, up)
    bottom = head + LINE * len(names) + 20
    legend = "✓ worsens with the damage, as it must   ✗ must and does not   the others need not see that damage"
    body.append(svg.text(0, bottom, legend, "ts"))
    wrong = [f"{m} along {ladder}" for (m, ladder), verdict in verdicts.items() if verdict == "does not"]
    return Plot(
        name="validity",
        title="Metric validity",
        words=f"{len(names)} metrics along {len(columns)} ladders. Not falling as meant: {', '.join(wrong) or 'none'}",
        height=bottom + 10,
        width=max(480.0, svg.tenth(left + CELL * len(columns) + 10)),
        body=tuple(body),
    )


def _cell(values: list[float], verdict: str, x: float, y: float, up: svg.Scale) -> list[str]:
    """A small line from rung to rung, on the scale of its metric, and its sign."""
    if not values or not all(map(math.isfinite, values)):
        return [svg.text(x + CELL / 2, y + LINE / 2 + 4, "–", "t", "middle")]
    step = (CELL - 38) / max(1, len(values) - 1)
    points = [(x + 8 + step * rung, up(value)) for rung, value in enumerate(values)]
    style = {"falls": 4, "does not": 6}.get(verdict, 0)
    drawn = [svg.path(points, f"s{style}")] if len(points) > 1 else []
    drawn += [svg.shape(0, px, py, kind="h", size=0.7) for px, py in points]
    sign = SIGNS.get(verdict, "")
    return [*drawn, svg.text(x + CELL - 18, y + LINE / 2 + 5, sign, "tb")] if sign else drawn
