"""The worst clips of each method, by each key metric: where to look first."""

import math
from dataclasses import dataclass

from understudy.report.findings import Findings
from understudy.report.scores import Dot, Table

WORST = 3


@dataclass(frozen=True, kw_only=True)
class WorstClip:
    """A clip that a metric likes least. rank: from 1 among those of its method."""

    rank: int
    metric: str
    method: str
    dot: Dot

    @property
    def key(self) -> tuple[str, str, str, int]:
        """The beginning of the keys of its numbers."""
        return "worst clip", self.metric, self.method, self.rank


def worst_clips(found: Findings) -> tuple[WorstClip, ...]:
    """Three of each method by each key metric, the worst first; ties in the order of the table.

    Of a single clip, or when a method has no more than these three, there is nothing to choose: then none.
    """
    return tuple(one for table in found.keys for name in found.compared for one in _of(table, name))


def _of(table: Table, method: str) -> list[WorstClip]:
    row = table.row(method)
    dots = [d for d in row.dots if math.isfinite(d.value)] if row else []
    if len(dots) <= WORST:
        return []
    worst = sorted(dots, key=lambda d: table.metric.gain(d.value))[:WORST]
    return [WorstClip(rank=rank, metric=table.metric.name, method=method, dot=dot) for rank, dot in enumerate(worst, 1)]
