"""Learning curves against truth: how good a method is after each share of its budget."""

import math
from fractions import Fraction

import pandas as pd

from understudy.report.findings import Findings
from understudy.report.numbers import number
from understudy.report.plots import svg
from understudy.report.plots.estimates import upright
from understudy.report.plots.svg import LETTER, WIDTH, Plot
from understudy.report.scores import Table

TOP, HEIGHT = 34, 300


def by_share(curves: pd.DataFrame, metric: str) -> pd.DataFrame:
    """method, seed, share, value: each seed's mean over pairs, after clips within them."""
    rows = curves[curves["metric"] == metric].dropna(subset=["value"])
    pairs = rows.groupby(["method", "seed", "share", "source", "driver"], sort=True)["value"].mean().reset_index()
    return pairs.groupby(["method", "seed", "share"], sort=True)["value"].mean().reset_index()


def curves(found: Findings, table: Table) -> Plot | None:
    """A line a method over the shares of the budget, with a band from the lowest seed to the highest."""
    if not len(found.page.curves):
        return None
    seeds = by_share(found.page.curves, table.metric.name)
    names = [name for name in found.compared if name in set(seeds["method"])]
    if not names or seeds["share"].nunique() < 2:
        return None
    right = WIDTH - 30 - LETTER * max(map(len, names))
    shares = sorted({float(s) for s in seeds["share"]})
    scale_x = svg.Scale(low=shares[0], high=shares[-1], start=70, end=right, logarithmic=True)
    scale_y = svg.spanning([float(v) for v in seeds["value"]], TOP + HEIGHT, TOP)
    body = [svg.text(0, 16, f"{table.metric.label} {table.metric.arrow}, share by share of the budget", "tt")]
    body += svg.up(scale_y, 70, right)
    for share in shares:
        at = scale_x(share)
        body.append(svg.text(at, TOP + HEIGHT + 16, _share(share), "t", "middle"))
        body.append(svg.line(at, TOP, at, TOP + HEIGHT, "grid"))
    body.append(svg.text((70 + right) / 2, TOP + HEIGHT + 34, "share of the budget", "th", "middle"))
    body.append(svg.text(12, TOP + HEIGHT / 2, upright(table, HEIGHT), "th", "middle", turn=-90))
    ends, lines, told = [], [], []
    for name in names:
        means, band = _line(seeds[seeds["method"] == name], scale_x, scale_y)
        style = found.style(name)
        if band:
            body.append(svg.path(band, f"b{style}", closed=True))
        lines.append(svg.path([(x, y) for x, y, _ in means], f"l{style}"))
        lines += [svg.shape(style, x, y, f"{name}: {number(v, table.places)}") for x, y, v in means]
        ends.append(means[-1][1])
        told.append(f"{name} from {number(means[0][2], table.places)} to {number(means[-1][2], table.places)}")
    labels = [svg.text(right + 14, y + 4, name, "th") for name, y in zip(names, svg.apart(ends, 15), strict=True)]
    return Plot(
        name=f"curves {table.metric.name}",
        title=f"{table.metric.label} over the budget",
        words=f"{table.metric.label} over the shares of the budget: {'; '.join(told)}",
        height=TOP + HEIGHT + 46,
        body=tuple(body + lines + labels),
    )


def _line(
    rows: pd.DataFrame, across: svg.Scale, up: svg.Scale
) -> tuple[list[tuple[float, float, float]], list[tuple[float, float]]]:
    """(x, y, value) of a method's means, and the corners of its band, if it has more than one seed."""
    groups = [(float(str(share)), part["value"]) for share, part in rows.groupby("share", sort=True)]
    means = [(across(s), up(float(v.mean())), float(v.mean())) for s, v in groups]
    if rows["seed"].nunique() < 2:
        return means, []
    above = [(across(s), up(float(v.max()))) for s, v in groups]
    below = [(across(s), up(float(v.min()))) for s, v in groups]
    return means, above + below[::-1]


def _share(share: float) -> str:
    """A share of the budget as people say it."""
    exact = Fraction(share).limit_denominator(64)
    if math.isclose(float(exact), share, rel_tol=1e-6) and exact.denominator <= 64:
        return str(exact)
    return f"{share:.2g}"
