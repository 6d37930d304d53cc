"""Verdicts are what the bits and the bands say; a band holds what it promises to hold."""

import math

import numpy as np
import pandas as pd
import pytest

from understudy.review.verdicts import BAD, bands, count, judge


def table(values: list[float], seed: int = 1, clips: list[str] | None = None) -> pd.DataFrame:
    """A score table of one method and metric, a value a clip."""
    names = clips or [f"c{number}" for number in range(len(values))]
    rows = {"source": "a", "driver": "b", "clip": names, "value": values}
    return pd.DataFrame(rows).assign(method="m", family="swap", metric="x", seed=seed)


NONE = bands([])


def verdicts(told: list[float], again: list[float], replicates: tuple[list[float], ...] = ()) -> list[str]:
    band = bands([table(values, seed) for seed, values in enumerate(replicates, 2)])
    return list(judge(table(told), table(again), band)["verdict"])


def test_identical_means_every_bit() -> None:
    nearly = math.nextafter(0.3, 1)
    assert verdicts([0.3, 0.3, 0.0, math.nan], [0.3, nearly, -0.0, math.nan]) == [
        "identical",
        "different",
        "different",
        "identical",
    ]


def test_a_number_that_is_gone_or_new_is_told() -> None:
    told, again = table([1.0, 2.0], clips=["p", "q"]), table([2.0, 3.0], clips=["q", "r"])
    judged = judge(told, again, NONE).set_index("clip")["verdict"].to_dict()
    assert judged == {"p": "missing", "q": "identical", "r": "not in the crate"}


def test_another_seed_is_another_number() -> None:
    assert set(judge(table([1.0], 1), table([1.0], 2), NONE)["verdict"]) == {"missing", "not in the crate"}


def test_pairs_that_could_not_be_run_are_neither_missing_nor_bad() -> None:
    judged = judge(table([1.0]), table([]), NONE, left_out=[("a", "b")])
    assert list(judged["verdict"]) == ["not run again"]
    assert count(judged).well


def test_a_band_is_the_prediction_interval_by_hand() -> None:
    (row,) = bands([table([v], seed) for seed, v in enumerate((1.0, 2.0, 3.0), 2)]).to_dict("records")
    # Student's quantile has a closed form at two degrees of freedom; the sd is 1.
    reach = 0.95 / math.sqrt(2 * 0.975 * 0.025) * math.sqrt(4 / 3)
    assert row["mean"] == 2.0
    assert row["sd"] == 1.0
    assert row["high"] - 2 == pytest.approx(reach, rel=1e-12)
    assert 2 - row["low"] == pytest.approx(reach, rel=1e-12)


@pytest.mark.parametrize("n", [3, 5])
def test_a_band_holds_the_next_value_in_95_of_100_cases(n: int) -> None:
    rng, cases = np.random.default_rng(4), 4000
    draws = [table(list(rng.normal(7, 2, cases)), seed) for seed in range(n + 1)]
    band = bands(draws[1:])
    judged = judge(draws[0].assign(seed=1), draws[0].assign(seed=1, value=0.0), band)
    share = float((judged["verdict"] == "within its band").mean())
    assert share == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / cases))


def test_two_replicates_make_no_band() -> None:
    assert bands([table([1.0], 2), table([2.0], 3)]).empty
    assert verdicts([1.5], [1.6], ([1.0], [2.0])) == ["different"]


def test_the_number_of_the_crate_is_held_against_the_band() -> None:
    replicates = ([1.0], [1.1], [0.9])
    assert verdicts([1.05], [1.2], replicates) == ["within its band"]
    assert verdicts([9.0], [1.0], replicates) == ["different"]


def test_values_that_the_seed_does_not_move_have_a_band_of_a_point() -> None:
    assert verdicts([2.0], [2.5], ([2.0], [2.0], [2.0])) == ["within its band"]
    assert verdicts([2.1], [2.5], ([2.0], [2.0], [2.0])) == ["different"]


def test_a_missing_value_has_no_part_in_a_band() -> None:
    assert bands([table([v], seed) for seed, v in enumerate((1.0, math.nan, 3.0), 2)]).empty


def test_the_count_says_whether_all_came_out() -> None:
    judged = judge(table([1.0, 2.0]), table([1.0, 3.0]), NONE)
    assert str(count(judged)) == "2 numbers: 1 identical, 1 different"
    assert not count(judged).well
    assert {"different", "missing", "not in the crate"} == set(BAD)
