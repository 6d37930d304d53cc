"""Which methods no other beats in cost and quality at once."""

import math
from collections.abc import Mapping

from understudy.errors import nearest
from understudy.stats.table import DIRECTIONS, ScoreError


def pareto(costs: Mapping[str, float], quality: Mapping[str, float], better: str) -> set[str]:
    """The names that no other matches or beats in both while beating it in one; a cost is better lower.

    Only names with a finite cost and quality take part. Raises ScoreError for an unknown direction.
    """
    if better not in DIRECTIONS:
        raise ScoreError("pareto", f"was given the direction '{better}'", nearest(better, DIRECTIONS))
    worse = {"lower": lambda v: v, "higher": lambda v: -v, "near 0": abs}[better]
    points = {
        name: (costs[name], worse(quality[name]))
        for name in costs
        if name in quality and math.isfinite(costs[name]) and math.isfinite(quality[name])
    }
    return {name for name, own in points.items() if not any(_dominates(other, own) for other in points.values())}


def _dominates(other: tuple[float, float], own: tuple[float, float]) -> bool:
    return other != own and other[0] <= own[0] and other[1] <= own[1]
