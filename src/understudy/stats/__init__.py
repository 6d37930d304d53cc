"""The score table, and what may be said of it: estimates, contrasts, ranks, and what is worth its cost."""

from understudy.stats.differences import CONTRASTS, SANITY, contrasts, holm
from understudy.stats.front import pareto
from understudy.stats.limits import LIMITS, cut
from understudy.stats.means import ESTIMATES, estimates
from understudy.stats.paired import FEWEST_CLIPS, Comparison, compare, interval
from understudy.stats.ranks import Ranking, critical_difference, ranking
from understudy.stats.reach import FEWEST_PEOPLE, Over
from understudy.stats.simulated import Truth, simulate
from understudy.stats.table import COLUMNS, DIRECTIONS, TEXT, ScoreError, by_pair, check, read, summary, write

__all__ = [
    "COLUMNS",
    "CONTRASTS",
    "DIRECTIONS",
    "ESTIMATES",
    "FEWEST_CLIPS",
    "FEWEST_PEOPLE",
    "LIMITS",
    "SANITY",
    "TEXT",
    "Comparison",
    "Over",
    "Ranking",
    "ScoreError",
    "Truth",
    "by_pair",
    "check",
    "compare",
    "contrasts",
    "critical_difference",
    "cut",
    "estimates",
    "holm",
    "interval",
    "pareto",
    "ranking",
    "read",
    "simulate",
    "summary",
    "write",
]
