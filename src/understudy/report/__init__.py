"""The study as a page that a person opens. Fill a `Page`, call `write`."""

from understudy.report.beside import figures, frames
from understudy.report.derive import derive
from understudy.report.findings import Findings, find
from understudy.report.numbered import Number
from understudy.report.page import (
    ClipView,
    CostRow,
    Cue,
    ExtractionView,
    FootageView,
    MethodView,
    Page,
    PairView,
    Passage,
    Person,
    Player,
    RunView,
    SpeechView,
    Withdrawal,
)
from understudy.report.reading import Mark, read_marks, strays
from understudy.report.recorded import recorded
from understudy.report.write import NAME, NUMBERS, write

__all__ = [
    "NAME",
    "NUMBERS",
    "ClipView",
    "CostRow",
    "Cue",
    "ExtractionView",
    "Findings",
    "FootageView",
    "Mark",
    "MethodView",
    "Number",
    "Page",
    "PairView",
    "Passage",
    "Person",
    "Player",
    "RunView",
    "SpeechView",
    "Withdrawal",
    "derive",
    "figures",
    "find",
    "frames",
    "read_marks",
    "recorded",
    "strays",
    "write",
]
