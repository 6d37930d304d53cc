"""All figures of a study, in the order of the page."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from understudy.report.findings import Findings
from understudy.report.plots import estimates, learning, matrix, pareto, ranks
from understudy.report.plots.ladders import ladders
from understudy.report.plots.svg import Plot


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A figure. place: what follows "figure" in its key. kind: its group on the page. metric: of which, if of one."""

    place: tuple[str, ...]
    kind: str
    metric: str
    plot: Plot


@lru_cache(maxsize=1)
def drawn(found: Findings) -> tuple[Drawn, ...]:
    """Every figure that the study's tables allow; kept, since a page needs them more than once."""
    return tuple(Drawn(place=place, kind=place[0], metric=metric, plot=plot) for place, metric, plot in _all(found))


def _all(found: Findings) -> Iterator[tuple[tuple[str, ...], str, Plot]]:
    draw = {
        "estimates": estimates.forest,
        "differences": estimates.differences,
        "ranks": ranks.diagram,
        "curves": learning.curves,
        "pairs": matrix.matrix,
        "seeds": estimates.seeds,
    }
    if len(found.compared) > 1:
        for table in found.keys:
            for kind, make in draw.items():
                if plot := make(found, table):
                    yield (kind, table.metric.name), table.metric.name, plot
        for quantity in pareto.COSTS if found.keys else ():
            if plot := pareto.pareto(found, found.keys[0], quantity):
                yield ("pareto", quantity), "", plot
    if len(found.judged) and (plot := ladders(found)):
        yield ("validity",), "", plot
