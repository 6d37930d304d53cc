"""The score table, and what may be said of it."""

from understudy.stats.paired import FEWEST_CLIPS, Comparison, compare, interval
from understudy.stats.table import COLUMNS, DIRECTIONS, TEXT, ScoreError, by_pair, check, read, summary, write

__all__ = [
    "COLUMNS",
    "DIRECTIONS",
    "FEWEST_CLIPS",
    "TEXT",
    "Comparison",
    "ScoreError",
    "by_pair",
    "check",
    "compare",
    "interval",
    "read",
    "summary",
    "write",
]
