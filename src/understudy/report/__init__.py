"""The study as a page that a person opens. Fill a `Page`, call `write`."""

from understudy.report.page import (
    ClipView,
    CostRow,
    Cue,
    ExtractionView,
    FootageView,
    MethodView,
    Page,
    PairView,
    Person,
    Player,
    RunView,
)
from understudy.report.write import write

__all__ = [
    "ClipView",
    "CostRow",
    "Cue",
    "ExtractionView",
    "FootageView",
    "MethodView",
    "Page",
    "PairView",
    "Person",
    "Player",
    "RunView",
    "write",
]
