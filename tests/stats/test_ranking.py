"""Ranks, critical differences and what is worth its cost, by the values of the papers that they come from."""

import math
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy import stats as distributions

from understudy import stats
from understudy.stats import Truth, simulate

# Demsar, JMLR 7, 2006, table 5 (a): critical values of the two-tailed Nemenyi test for 2 to 10 methods.
NEMENYI = {
    0.95: [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164],
    0.90: [1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920],
}


def scored(values_BM: list[list[float]], better: str = "lower", **columns: str) -> pd.DataFrame:
    """A table with a pair of two people of their own as a block."""
    rows = [
        {"source": f"s{b}", "driver": f"d{b}", "method": f"m{m}", "value": value}
        for b, values in enumerate(values_BM)
        for m, value in enumerate(values)
    ]
    constant = {"study": "one", "version": "1", "family": "swap", "clip": "0", "metric": "q", "unit": "1"} | columns
    return stats.check(pd.DataFrame(rows).assign(better=better, seed=0, n=1, **constant))


@pytest.mark.parametrize("level", NEMENYI)
def test_critical_differences_are_those_of_demsars_table(level: float) -> None:
    for methods, value in enumerate(NEMENYI[level], start=2):
        found = stats.critical_difference(methods, 14, level=level)
        assert found / math.sqrt(methods * (methods + 1) / (6 * 14)) == pytest.approx(value, abs=2e-3)


def test_demsars_example_of_four_classifiers_on_14_data_sets() -> None:
    assert stats.critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)
    assert stats.critical_difference(4, 14, level=0.9) == pytest.approx(1.12, abs=0.005)


def test_ranks_and_friedmans_test_agree_with_scipy() -> None:
    values = np.random.default_rng(0).normal(size=(9, 5)) + np.arange(5)[::-1]
    found = stats.ranking(scored(values.tolist()), "q")
    expected = distributions.friedmanchisquare(*values.T)
    assert (found.statistic, found.p) == pytest.approx((expected.statistic, expected.pvalue))
    averages = distributions.rankdata(values, axis=1).mean(axis=0)
    assert found.ranks == pytest.approx({f"m{m}": averages[m] for m in range(5)})
    assert list(found.ranks.values()) == sorted(averages)
    assert found.blocks == 9


def test_groups_are_runs_that_lie_closer_than_the_critical_difference() -> None:
    rng = np.random.default_rng(1)
    values = np.concatenate([rng.normal(0, 1, (30, 2)), rng.normal(20, 1, (30, 2)), np.full((30, 1), 99.0)], axis=1)
    found = stats.ranking(scored(values.tolist()), "q")
    assert found.p < 1e-6
    assert [set(group) for group in found.groups] == [{"m0", "m1"}, {"m2", "m3"}]  # m4 is told apart from all
    ranks = found.ranks
    for group in found.groups:
        assert max(ranks[name] for name in group) - min(ranks[name] for name in group) < found.difference


def test_groups_overlap_where_ends_are_apart_and_neighbours_are_not() -> None:
    orders = [[1, 2, 3], [1, 3, 2], [1, 2, 3], [2, 1, 3], [1, 2, 3], [1, 3, 2], [2, 1, 3], [1, 2, 3]]
    found = stats.ranking(scored([[float(v) for v in order] for order in orders]), "q")
    assert found.groups == (("m0", "m1"), ("m1", "m2"))


def test_where_friedmans_test_finds_nothing_no_method_is_told_apart() -> None:
    found = stats.ranking(scored([[1.0, 2, 3], [3.0, 1, 2], [2.0, 3, 1]]), "q")
    assert found.p > 0.5
    assert [set(group) for group in found.groups] == [{"m0", "m1", "m2"}]
    same = stats.ranking(scored([[1.0, 1, 1]] * 4), "q")
    assert math.isnan(same.p)
    assert set(same.ranks.values()) == {2.0}


def test_the_direction_and_distance_from_0_decide_the_order() -> None:
    values = [[1.0, -5, 3]] * 6
    orders = {"lower": ["m1", "m0", "m2"], "higher": ["m2", "m0", "m1"], "near 0": ["m0", "m2", "m1"]}
    for better, order in orders.items():
        assert list(stats.ranking(scored(values, better), "q").ranks) == order


def test_blocks_are_people_and_where_they_are_too_few_clips() -> None:
    scores = simulate(Truth(means=(0, 1, 2), seeds=(3, 3, 1), people=4, clips=2), studies=1, seed=1)
    found = stats.ranking(scores, "study 0")
    assert (found.blocks, found.note) == (4, "4 blocks over 4 people")
    alone = stats.ranking(scores[(scores["source"] == "p0") & (scores["driver"] == "p1")], "study 0")
    assert (alone.blocks, alone.note) == (2, "blocks are clips: nothing is said of other people")
    couples = Truth(pairs=((0, 1), (1, 0), (2, 3), (3, 2), (4, 5), (5, 4)), clips=1)
    assert stats.ranking(simulate(couples, studies=1, seed=1), "study 0").blocks == 3


def test_a_persons_block_is_what_is_particular_to_that_person() -> None:
    people, offsets = "abcd", {"m0": [0, 0, 0, 9], "m1": [1, 1, 1, 1], "m2": [2, 2, 2, 2]}
    rows = [
        {"method": name, "source": s, "driver": d, "value": float(each[people.index(s)] + each[people.index(d)])}
        for name, each in offsets.items()
        for s, d in permutations(people, 2)
    ]
    constant = {"study": "one", "version": "1", "family": "swap", "clip": "0", "metric": "q", "unit": "1"}
    found = stats.ranking(pd.DataFrame(rows).assign(better="lower", seed=0, n=1, **constant), "q")
    assert found.ranks == {"m0": (1 + 1 + 1 + 3) / 4, "m1": (2 + 2 + 2 + 1) / 4, "m2": (3 + 3 + 3 + 2) / 4}


@pytest.mark.parametrize("own_person", [0.0, 1.0])
def test_equal_methods_are_told_apart_by_at_most_6_percent(own_person: float) -> None:
    truth = Truth(means=(0,) * 4, seeds=(1,) * 4, own_person=own_person, own_pair=0.2, own_clip=0.2)
    found = [stats.ranking(rows, str(name)) for name, rows in simulate(truth, studies=200, seed=2).groupby("metric")]
    assert np.mean([each.p <= 0.05 for each in found]) <= 0.06
    assert np.mean([set(each.groups) != {tuple(each.ranks)} for each in found]) <= 0.06


def test_blocks_that_some_method_lacks_and_sanity_rows_are_left_out() -> None:
    table = scored([[1.0, 2, 3]] * 5)
    table.loc[(table["method"] == "m1") & (table["source"] == "s0"), "value"] = np.nan
    found = stats.ranking(table, "q")
    assert found.blocks == 4
    table.loc[table["method"] == "m2", "family"] = "sanity"
    two = stats.ranking(table, "q")
    assert list(two.ranks) == ["m0", "m1"]
    assert math.isnan(two.p)


@pytest.mark.parametrize(
    ("metric", "change", "fact"),
    [
        ("p", {}, "has no scores"),
        ("q", {"family": "sanity"}, "has not two methods"),
        ("q", {"value": np.nan}, "has no clip that all methods share"),
    ],
)
def test_what_cannot_be_ranked_is_refused(metric: str, change: dict[str, object], fact: str) -> None:
    with pytest.raises(stats.ScoreError, match=fact):
        stats.ranking(scored([[1.0, 2.0]] * 3).assign(**change), metric)


@pytest.mark.parametrize(
    ("better", "front"),
    [("higher", {"cheap", "middle", "best"}), ("lower", {"cheap", "poor"}), ("near 0", {"cheap", "poor"})],
)
def test_the_pareto_front_holds_what_nothing_dominates(better: str, front: set[str]) -> None:
    costs = {"cheap": 1.0, "middle": 5.0, "best": 20.0, "poor": 6.0, "lost": 2.0, "unpriced": math.nan, "alone": 1.0}
    quality = {"cheap": 0.5, "middle": 0.7, "best": 0.9, "poor": 0.3, "lost": math.nan, "unpriced": 1.0}
    assert stats.pareto(costs, quality, better) == front


def test_the_pareto_front_is_that_of_its_definition() -> None:
    points = np.random.default_rng(3).integers(0, 6, (40, 2)).astype(float)
    names = [str(k) for k in range(40)]
    found = stats.pareto(
        dict(zip(names, points[:, 0], strict=True)), dict(zip(names, points[:, 1], strict=True)), "higher"
    )
    for name, (cost, value) in zip(names, points, strict=True):
        beaten = any(c <= cost and v >= value and (c < cost or v > value) for c, v in points)
        assert (name in found) != beaten
    with pytest.raises(stats.ScoreError, match="Did you mean 'higher'"):
        stats.pareto({}, {}, "highr")
