"""Tables agree with the mean taken by hand; sanity rows stay apart; numbers print as people read them."""

import math

import numpy as np
import pandas as pd
import pytest

from understudy.report import numbers
from understudy.report.scores import better, tables

COLUMNS = ("method", "family", "source", "driver", "clip", "seed", "value", "n")


def table(rows: list[tuple[object, ...]], direction: str = "higher") -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(COLUMNS)).assign(metric="m", unit="u", better=direction)


def test_clips_are_averaged_within_pairs_before_pairs_are() -> None:
    rows = [("copy", "swap", "a", "b", f"b{i}", 1, v, 10) for i, v in enumerate((1.0, 2.0, 3.0))]
    rows += [("copy", "swap", "b", "a", "a0", 1, 6.0, 5)]
    (found,) = tables(table(rows), ["copy"], {})
    (row,) = found.rows
    assert row.mean == 4.0  # of 2 and 6, not of the four values
    assert row.spread == pytest.approx(np.std([2, 6], ddof=1))
    assert (row.n, row.clips, row.by_pair) == (35, 4, {("a", "b"): 2.0, ("b", "a"): 6.0})


def test_the_best_is_among_the_methods_never_a_sanity_row() -> None:
    rows = [
        (m, f, "a", "b", "c", 1, v, 1) for m, f, v in (("x", "swap", 1.0), ("y", "swap", 2.0), ("truth", "sanity", 9.0))
    ]
    for direction, winner in (("higher", "y"), ("lower", "x")):
        (found,) = tables(table(rows, direction), ["x", "y"], {})
        assert [r.method for r in found.rows if r.best] == [winner]
        assert [r.sanity for r in found.rows] == [False, False, True]
        sanity = found.sanity("truth")
        assert sanity is not None
        assert sanity.mean == 9.0


def test_near_zero_is_best_from_either_side() -> None:
    rows = [(m, "swap", "a", "b", "c", 1, v, 1) for m, v in (("x", -1.0), ("y", 0.5), ("z", 2.0))]
    (found,) = tables(table(rows, "near 0"), ["x", "y", "z"], {})
    assert [r.method for r in found.rows if r.best] == ["y"]


def test_seedless_sanity_rows_and_missing_values_are_kept() -> None:
    rows = [("x", "swap", "a", "b", "c", 1, math.nan, 0), ("driver", "sanity", "a", "b", "c", None, 0.0, 3)]
    (found,) = tables(table(rows), ["x"], {})
    assert [r.mean_text for r in found.rows] == ["–", "0"]


@pytest.mark.parametrize(
    ("word", "meaning"), [("higher", "higher"), ("lower", "lower"), ("near 0", "zero"), ("", ""), (math.nan, "")]
)
def test_directions_are_understood(word: object, meaning: str) -> None:
    assert better(word) == meaning


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        (numbers.number(-0.0004, 2), "0.00"),
        (numbers.number(-1.5, 1), "−1.5"),
        (numbers.number(math.inf, 1), "∞"),
        (numbers.number(12345, 0), "12\u202f345"),
        (numbers.percent(0.9999), "99.9 %"),
        (numbers.percent(1.0), "100 %"),
        (numbers.percent(0.984), "98 %"),
        (numbers.percent(0.0001), "0.1 %"),
        (numbers.duration(59.3), "59.3 s"),
        (numbers.duration(900), "15 min"),
        (numbers.size(1536 * 1024), "1.500 MiB"),
        (numbers.plural(1, "pair"), "1 pair"),
    ],
)
def test_numbers_are_printed_for_people(text: str, printed: str) -> None:
    assert text == printed


def test_a_column_has_three_digits_of_its_largest_value() -> None:
    assert [numbers.decimals([v]) for v in (412.0, 41.2, 4.12, 0.412, 0.0412, 0.0, math.inf)] == [0, 1, 2, 3, 4, 0, 0]
