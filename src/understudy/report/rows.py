"""The rows of the score table as the page carries them, so that every estimate can be traced to them."""

import json
import math
from collections.abc import Iterable

import pandas as pd
from markupsafe import escape

from understudy.report.numbered import key

NAMES = ("method", "metric", "source", "driver", "clip", "family")
DIGITS = 6  # of a value; the table itself has them all
KEY = key("figure", "rows")


def script(scores: pd.DataFrame) -> str:
    """The element that holds the rows: names by number, values to six digits, in the order of scores.csv."""
    names = {column: list(dict.fromkeys(map(str, scores[column]))) for column in NAMES}
    places = {column: {name: i for i, name in enumerate(names[column])} for column in NAMES}
    columns: dict[str, list[float | int | None]] = {
        column: [places[column][str(v)] for v in scores[column]] for column in NAMES
    }
    columns |= {"seed": _numbers(scores["seed"]), "n": _numbers(scores["n"]), "value": _numbers(scores["value"])}
    text = json.dumps({"names": names, "columns": columns}, separators=(",", ":"), ensure_ascii=False)
    safe = text.replace("<", "\\u003c").replace("&", "\\u0026")
    return f'<script type="application/json" id="rows" data-figure="{escape(KEY)}">{safe}</script>'


def _numbers(values: Iterable[float]) -> list[float | int | None]:
    """Short numbers; None where there is none."""
    return [_short(float(v)) for v in values]


def _short(value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded == int(rounded) and abs(rounded) < 1e15 else rounded
