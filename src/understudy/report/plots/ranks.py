"""The critical-difference diagram (Demsar, JMLR 7, 2006): average ranks, and bars over what they do not tell apart."""

import math

from understudy import stats
from understudy.report.findings import Findings, p_text
from understudy.report.numbers import number
from understudy.report.plots import svg
from understudy.report.plots.svg import LETTER, WIDTH, Plot
from understudy.report.scores import Table

AXIS, LINE, STEP = 86, 20, 9


def diagram(found: Findings, table: Table) -> Plot | None:
    """The methods on a line of ranks, the best at the left; None without a ranking of three or more."""
    ranking = found.rankings.get(table.metric.name)
    if ranking is None or len(ranking.ranks) < 3:
        return None
    names = list(ranking.ranks)
    room = 24 + LETTER * (max(map(len, names)) + 5)
    scale = svg.Scale(low=1, high=len(names), start=room, end=WIDTH - room)
    bars, depth = _bars(ranking, scale)
    body = [
        svg.text(0, 16, f"{table.metric.label} {table.metric.arrow}: average ranks", "tt"),
        *_axis(scale, len(names)),
    ]
    body += [*_difference(ranking, scale), *bars]
    left = -(-len(names) // 2)
    for place, name in enumerate(names):
        row = place if place < left else len(names) - 1 - place
        y = AXIS + 14 + depth + LINE * (row + 1)
        body += _label(found.style(name), name, ranking.ranks[name], scale, y, left_side=place < left)
    height = AXIS + 14 + depth + LINE * (left + 1) + 14
    body.append(svg.text(0, height - 4, _told(ranking), "ts"))
    return Plot(
        name=f"ranks {table.metric.name}",
        title=f"{table.metric.label}: average ranks",
        words=_words(table, ranking),
        height=height + 6,
        body=tuple(body),
    )


def _axis(scale: svg.Scale, count: int) -> list[str]:
    body = [svg.line(scale.start, AXIS, scale.end, AXIS, "zero")]
    for rank in range(1, count + 1):
        body.append(svg.line(scale(rank), AXIS - 6, scale(rank), AXIS, "zero"))
        body.append(svg.text(scale(rank), AXIS - 11, rank, "t", "middle"))
    return [
        *body,
        svg.text(scale.start, AXIS - 27, "best", "ts", "middle"),
        svg.text(scale.end, AXIS - 27, "worst", "ts", "middle"),
    ]


def _difference(ranking: stats.Ranking, scale: svg.Scale) -> list[str]:
    """The critical difference as a length, when it is no longer than the axis."""
    if not math.isfinite(ranking.difference) or ranking.difference > scale.high - scale.low:
        return []
    length = (scale.end - scale.start) / (scale.high - scale.low) * ranking.difference
    start = (scale.start + scale.end - length) / 2
    ends = [svg.line(x, 34, x, 44, "zero") for x in (start, start + length)]
    words = f"critical difference {number(ranking.difference, 2)}"
    return [svg.line(start, 39, start + length, 39, "zero"), *ends, svg.text(start + length + 8, 43, words, "t")]


def _bars(ranking: stats.Ranking, scale: svg.Scale) -> tuple[list[str], float]:
    """A bar a group that is not told apart, and how far down they reach."""
    bars = []
    for place, group in enumerate(ranking.groups):
        y = AXIS + 10 + STEP * place
        ends = [scale(ranking.ranks[name]) for name in (group[0], group[-1])]
        bars.append(svg.line(ends[0] - 4, y, ends[1] + 4, y, "bar"))
    return bars, STEP * len(ranking.groups)


def _label(style: int, name: str, rank: float, scale: svg.Scale, y: float, *, left_side: bool) -> list[str]:
    """A method's name at the side, an elbow to its place on the axis."""
    x, edge = scale(rank), scale.start - 12 if left_side else scale.end + 12
    out = -1 if left_side else 1
    words = f"{name} {number(rank, 2)}"
    return [
        svg.path([(x, AXIS), (x, y), (edge, y)], "lead"),
        svg.shape(style, x, AXIS),
        svg.shape(style, edge + out * 7, y),
        svg.text(edge + out * 16, y + 4, words, "th", "end" if left_side else ""),
    ]


def _told(ranking: stats.Ranking) -> str:
    test = f"; Friedman {p_text(ranking.p)}" if math.isfinite(ranking.p) else ""
    blocks = ranking.note if ranking.note[:1].isdigit() else f"{ranking.blocks} {ranking.note}"
    return f"{blocks}{test}. A bar joins what the ranks do not tell apart."


def _words(table: Table, ranking: stats.Ranking) -> str:
    order = ", ".join(f"{name} {number(rank, 2)}" for name, rank in ranking.ranks.items())
    groups = "; ".join(" and ".join(group) for group in ranking.groups) or "none"
    return f"Average ranks in {table.metric.name}: {order}. Not told apart: {groups}"
