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
    """A figure. place: what follows "figure" in its key; its kind, and what of: a metric, or a cost."""

    place: tuple[str, ...]
    plot: Plot

    @property
    def kind(self) -> str:
        """Its group on the page."""
        return self.place[0]

    @property
    def about(self) -> str:
        """The metric or cost that it tells apart from the others of its kind."""
        return self.place[-1]


@lru_cache(maxsize=1)
def drawn(found: Findings) -> tuple[Drawn, ...]:
    """Every figure that the study's tables allow; kept, since a page needs them more than once."""
    return tuple(Drawn(place=place, plot=plot) for place, plot in _all(found))


def _all(found: Findings) -> Iterator[tuple[tuple[str, ...], Plot]]:
    draw = {
        "estimates": estimates.forest,
        "differences": estimates.differences,
        "ranks": ranks.diagram,
        "curves": learning.curves,
        "pairs": matrix.matrix,
        "seeds": estimates.seeds,
    }
    for table in found.keys:
        for kind, make in draw.items():
            if plot := make(found, table):
                yield (kind, table.metric.name), plot
    for quantity in pareto.COSTS if found.keys else ():
        if plot := pareto.pareto(found, found.keys[0], quantity):
            yield ("pareto", quantity), plot
    if len(found.judged) and (plot := ladders(found)):
        yield ("validity",), plot
