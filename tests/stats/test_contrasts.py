"""Two methods compared: known differences are found, chance is not, and p values agree with others'."""

from itertools import combinations, permutations

import numpy as np
import pandas as pd
import pytest
from scipy import stats as distributions

from understudy import stats
from understudy.stats import Truth, simulate

DISJOINT = ((0, 1), (2, 3), (4, 5), (6, 7))
STAR = ((0, 1), (0, 2), (0, 3), (0, 4))
RING = ((0, 1), (1, 2), (2, 3), (3, 0))
PEOPLE = Truth(own_person=1, own_pair=0, own_clip=0.2, sd_training=0.2, sd_rest=0.2)
# What every truth has in common: no method is better. Each with the method's own chances that make it hard.
NOTHING = {
    "pairs, clips and seeds": Truth(),
    "skewed": Truth(skewed=True),
    "people": PEOPLE,
    "clips": Truth(own_pair=0, own_clip=1, sd_training=0.1, sd_rest=0.1),
    "one training for all": Truth(own_pair=0.2, own_clip=0.2, sd_shared=1),
    "one seed of a baseline": Truth(seeds=(3, 1)),
    "4 pairs x 1 clip, apart": Truth(pairs=DISJOINT, clips=1),
    "4 pairs x 1 clip, apart, skewed": Truth(pairs=DISJOINT, clips=1, skewed=True),
    "4 pairs x 1 clip, one source": Truth(pairs=STAR, clips=1),
    "4 pairs x 1 clip, in a ring": Truth(pairs=RING, clips=1, own_person=0.5),
    "3 sources x 3 drivers": Truth(pairs=tuple((s, d) for s in (0, 1, 2) for d in (3, 4, 5)), own_person=0.5),
    "6 people": Truth(people=6, own_person=0.3, clips=1),
}


def table(values: dict[tuple[str, str, str, str, int], float], better: str = "lower", **columns: str) -> pd.DataFrame:
    """A table from (method, source, driver, clip, seed) -> value."""
    rows = [
        dict(zip(("method", "source", "driver", "clip", "seed"), key, strict=True)) | {"value": value}
        for key, value in values.items()
    ]
    constant = {"study": "one", "version": "1", "family": "swap", "metric": "flicker", "unit": "u"} | columns
    return stats.check(pd.DataFrame(rows).assign(n=75, better=better, **constant))


def cells(scores: pd.DataFrame) -> pd.Series:
    """m0 - m1 of each study, pair and clip, seeds averaged."""
    means = scores.groupby(["metric", "source", "driver", "clip", "method"], sort=False)["value"].mean().unstack()
    return means["m0"] - means["m1"]


def naive(differences: pd.Series) -> float:
    """The share of studies in which a t test finds something that takes these values as independent."""
    matrix = differences.to_numpy().reshape(differences.index.get_level_values(0).nunique(), -1)
    return float((distributions.ttest_1samp(matrix, 0, axis=1).pvalue < 0.05).mean())


@pytest.mark.parametrize("truth", NOTHING.values(), ids=NOTHING)
def test_where_there_is_no_difference_at_most_6_percent_find_one(truth: Truth) -> None:
    found = stats.contrasts(simulate(truth, studies=700, seed=4))
    assert (found["p"] <= 0.05).mean() <= 0.06
    held = (found["low"] <= 0) & (found["high"] >= 0)
    assert held.mean() >= 0.93
    assert (held == (found["p"] > 0.05)).all()
    assert (found["favours"] == "").mean() >= 0.94


def test_the_same_studies_mislead_who_takes_clips_or_seeds_for_a_sample() -> None:
    scores = simulate(PEOPLE, studies=700, seed=4)
    assert (stats.contrasts(scores)["p"] <= 0.05).mean() <= 0.06
    assert naive(cells(scores)) > 0.4
    by_pair = cells(scores).groupby(level=[0, 1, 2], sort=False).mean()
    assert naive(by_pair) > 0.2  # pairs share people: they are no sample either
    by_seed = scores.groupby(["metric", "method", "seed"], sort=False)["value"].mean().unstack("method")
    assert naive(by_seed["m0"] - by_seed["m1"]) > 0.5
    paired = simulate(Truth(), studies=700, seed=4)
    assert naive(cells(paired)) > 0.2


def test_one_training_for_all_is_seen_by_its_seeds() -> None:
    truth = Truth(own_pair=0.2, own_clip=0.2, sd_shared=1, sd_training=0.1, sd_rest=0.1)
    scores = simulate(truth, studies=400, seed=1)
    assert (stats.contrasts(scores[scores["seed"] == 0])["p"] <= 0.05).mean() > 0.3  # one seed cannot tell
    assert (stats.contrasts(scores)["p"] <= 0.05).mean() <= 0.08


@pytest.mark.parametrize(("people", "difference", "least"), [(4, 2.0, 0.7), (4, 4.0, 0.97), (8, 1.0, 0.85)])
def test_a_real_difference_is_found(people: int, difference: float, least: float) -> None:
    found = stats.contrasts(simulate(Truth(means=(0, difference), people=people), studies=300, seed=2))
    assert (found["favours"] == "m0").mean() >= least
    assert (found["favours"] == "m1").sum() == 0
    assert found["difference"].mean() == pytest.approx(-difference, abs=0.06)
    assert ((found["low"] <= -difference) & (found["high"] >= -difference)).mean() >= 0.93


def test_more_clips_of_the_same_people_find_no_more_about_new_people() -> None:
    few, many = (
        stats.contrasts(simulate(Truth(own_person=1, clips=clips, seeds=(1, 1)), studies=150, seed=3))
        for clips in (1, 8)
    )
    assert (many["high"] - many["low"]).median() > 0.6 * (few["high"] - few["low"]).median()


def test_apart_pairs_are_tested_as_students_t_on_pairs() -> None:
    scores = simulate(Truth(pairs=DISJOINT, seeds=(3, 1), means=(0, 1)), studies=20, seed=5)
    by_pair = cells(scores).groupby(level=[0, 1, 2], sort=False).mean().to_numpy().reshape(20, 4)
    expected = distributions.ttest_1samp(by_pair, 0, axis=1)
    found = stats.contrasts(scores[scores["seed"] == 0])
    same = stats.contrasts(scores.groupby(["metric", "method", "source", "driver", "clip"], sort=False).head(1))
    pd.testing.assert_frame_equal(found, same)
    one = simulate(Truth(pairs=DISJOINT, seeds=(1, 1), means=(0, 1)), studies=20, seed=5)
    by_pair = cells(one).groupby(level=[0, 1, 2], sort=False).mean().to_numpy().reshape(20, 4)
    expected = distributions.ttest_1samp(by_pair, 0, axis=1)
    found = stats.contrasts(one)
    np.testing.assert_allclose(found["p"], expected.pvalue)
    bounds = expected.confidence_interval(0.95)
    np.testing.assert_allclose(found[["low", "high"]], np.column_stack(bounds))


def test_all_pairs_of_people_are_tested_by_leaving_out_each_person() -> None:
    one = simulate(Truth(people=5, seeds=(1, 1), own_person=1), studies=5, seed=6)
    found = stats.contrasts(one).set_index("metric")
    for metric, differences in cells(one).groupby(level=0):
        by_pair = differences.groupby(level=[1, 2]).mean()
        left = [
            by_pair[[person not in pair for pair in by_pair.index]].mean() for person in ("p0", "p1", "p2", "p3", "p4")
        ]
        error = np.sqrt(4 / 5 * np.sum((np.array(left) - np.mean(left)) ** 2))
        expected = 2 * distributions.t.sf(abs(by_pair.mean()) / error, 4)
        assert found.loc[metric, "p"] == pytest.approx(expected)
        assert "over 5 people (t, 4.0 degrees of freedom): speaks of new people" in found.loc[metric, "note"]


def test_over_clips_two_drivers_are_tested_as_welch_does() -> None:
    one = simulate(Truth(pairs=((0, 1), (1, 0)), clips=6, seeds=(1, 1)), studies=10, seed=7)
    found = stats.contrasts(one)
    values = cells(one).to_numpy().reshape(10, 2, 6)
    expected = distributions.ttest_ind(values[:, 0], -values[:, 1], axis=1, equal_var=False)
    np.testing.assert_allclose(found["p"], expected.pvalue)
    assert found["note"].str.contains("over 12 clips of these people").all()
    assert (
        found["note"]
        .str.contains("says nothing of other people; one seed of m0 and m1; p_holm corrected for 1 comparison")
        .all()
    )
    assert (found["over"] == "clips").all()


@pytest.mark.parametrize("pairs", [((0, 1),), ((0, 1), (1, 0)), tuple(permutations(range(4), 2))])
def test_over_clips_of_fixed_people_the_rate_holds_too(pairs: tuple[tuple[int, int], ...]) -> None:
    truth = Truth(pairs=pairs, clips=6, sd_person=0, sd_pair=0, own_pair=0)
    found = stats.contrasts(simulate(truth, studies=500, seed=8), over="clips")
    assert (found["p"] <= 0.05).mean() <= 0.06
    assert (found["over"] == "clips").all()


@pytest.mark.parametrize(
    ("pairs", "clips", "words"),
    [
        (((0, 0),), 2, "1 person in 1 pair and 2 clips are too few"),
        (((0, 1),), 3, "2 people in 1 pair and 3 clips are too few"),
        (((0, 1), (1, 0)), 1, "2 people in 2 pairs and 2 clips are too few"),
        (((0, 1), (1, 0), (2, 3), (3, 2)), 1, "4 people in 4 pairs and 4 clips are too few"),  # two trainings
        (((0, 2), (0, 3), (1, 2), (1, 3)), 1, "4 people in 4 pairs and 2 clips are too few"),
    ],
)
def test_too_little_gets_no_interval_and_says_so(pairs: tuple[tuple[int, int], ...], clips: int, words: str) -> None:
    scores = simulate(Truth(pairs=pairs, clips=clips, means=(0, 9)), studies=2, seed=1)
    found = stats.contrasts(scores)
    assert found[["low", "high", "p", "p_holm"]].isna().all(axis=None)
    assert (found["favours"] == "").all()
    assert (found["difference"] < -5).all()
    assert found["note"].str.contains(words).all()
    estimated = stats.estimates(scores)
    assert estimated[["low", "high"]].isna().all(axis=None)
    assert estimated["note"].str.contains(words).all()


def test_who_is_fixed_is_named() -> None:
    star = stats.contrasts(simulate(Truth(pairs=STAR), studies=1, seed=1))
    assert "over 4 drivers with 1 source alone" in star["note"][0]
    back = stats.contrasts(simulate(Truth(pairs=tuple((d, s) for s, d in STAR)), studies=1, seed=1))
    assert "over 4 sources with 1 driver alone" in back["note"][0]
    both = (*STAR, *((b, a) for a, b in STAR))
    assert (
        "over 4 people who met p0 alone" in stats.contrasts(simulate(Truth(pairs=both), studies=1, seed=1))["note"][0]
    )
    uneven = tuple((s, d) for s in (0, 1) for d in (2, 3, 4, 5))
    found = stats.contrasts(simulate(Truth(pairs=uneven), studies=1, seed=1))["note"][0]
    assert "over 4 drivers with 2 sources alone" in found


def test_the_direction_decides_who_is_favoured_and_near_0_goes_by_distance() -> None:
    people = list(permutations("abcd", 2))
    near = {("x", s, d, c, 0): (-1) ** k * 1.0 for k, (s, d) in enumerate(people) for c in "01"}
    far = {("y", s, d, c, 0): (-1) ** k * (9.0 + 0.1 * k) for k, (s, d) in enumerate(people) for c in "01"}
    for better, favoured, won in (("lower", "", 0.5), ("near 0", "x", 1.0)):
        row = stats.contrasts(table(near | far, better)).iloc[0]
        assert (row["favours"], row["won"]) == (favoured, won)
    shifted = {key: value + 20 for key, value in (near | far).items()}
    for better, favoured in (("lower", "x"), ("higher", "y")):
        values = {k: v if k[0] == "x" else v + 40 for k, v in shifted.items()}
        assert stats.contrasts(table(values, better))["favours"][0] == favoured


def test_values_that_are_not_finite_are_left_out_and_counted() -> None:
    scores = simulate(Truth(means=(0, 3)), studies=1, seed=1)
    whole = stats.contrasts(scores).iloc[0]
    spoilt = scores.copy()
    gone = (spoilt["method"] == "m0") & (spoilt["source"] == "p0") & (spoilt["driver"] == "p1")
    spoilt.loc[gone, "value"] = [np.nan, np.inf, -np.inf, np.nan, np.nan, np.nan]
    row = stats.contrasts(spoilt).iloc[0]
    assert (whole["pairs"], row["pairs"]) == (12, 11)
    assert "6 values not finite, left out; 2 pair-clips that one of the two lacks, left out" in row["note"]
    absent = stats.contrasts(scores[~gone.to_numpy()]).iloc[0]
    assert (absent["difference"], absent["p"]) == (row["difference"], row["p"])
    assert row["difference"] == pytest.approx(cells(scores[~gone.to_numpy()]).dropna().mean())


def test_a_missing_seed_leaves_the_others() -> None:
    scores = simulate(Truth(), studies=1, seed=1)
    spoilt = scores.copy()
    spoilt.loc[0, "value"] = np.nan
    row = stats.contrasts(spoilt).iloc[0]
    assert (row["pairs"], row["clips"], row["seeds"]) == (12, 8, 3)
    assert "1 value not finite" in row["note"]


def test_methods_without_a_clip_in_common_are_not_compared() -> None:
    row = stats.contrasts(table({("x", "a", "b", "0", 0): 1.0, ("y", "a", "b", "1", 0): 1.0})).iloc[0]
    assert (row["pairs"], row["note"]) == (0, "no clip in common; 2 pair-clips that one of the two lacks, left out")
    assert np.isnan(row["difference"])


def test_sanity_rows_are_estimated_and_never_compared() -> None:
    scores = simulate(Truth(means=(0, 1, 2), seeds=(1, 1, 1)), studies=1, seed=1)
    scores.loc[scores["method"] == "m2", "family"] = "sanity"
    assert stats.contrasts(scores)[["a", "b"]].to_numpy().tolist() == [["m0", "m1"]]
    assert stats.estimates(scores)["method"].tolist() == ["m0", "m1", "m2"]


def test_effects_are_in_standard_deviations_of_the_differences() -> None:
    one = simulate(Truth(means=(1, 0), seeds=(1, 1)), studies=1, seed=1)
    row, differences = stats.contrasts(one).iloc[0], cells(one)
    assert row["effect"] == pytest.approx(differences.mean() / differences.std(ddof=1))
    assert row["won"] == pytest.approx((differences < 0).mean())
    assert row["effect_name"] == "d_z"


@pytest.mark.parametrize(
    ("unit", "better", "widest"),
    [("SSIM", "higher", 2), ("share of frames", "higher", 1), ("cosine", "near 0", 1), ("cosine", "lower", 2)],
)
def test_an_interval_ends_where_differences_in_the_unit_do(unit: str, better: str, widest: float) -> None:
    """m0 is always best: 0 of shares against 1, with too little apart to say how much."""
    scores = simulate(Truth(pairs=DISJOINT[:3], clips=1), studies=60, seed=19)
    ends = {"SSIM": (-1, 1), "share of frames": (0, 1), "cosine": (0, 1) if better == "near 0" else (-1, 1)}[unit]
    means = scores["method"].map(dict(zip(("m0", "m1"), ends, strict=True)))
    scores = scores.assign(value=np.clip(means + 0.2 * scores["value"], *ends), better=better)
    free, cut = stats.contrasts(scores), stats.contrasts(scores.assign(unit=unit))
    assert (cut[["difference", "p", "favours"]] == free[["difference", "p", "favours"]]).all(axis=None)
    assert (cut["low"] == free["low"].clip(-widest, widest)).all()
    assert (cut["high"] == free["high"].clip(-widest, widest)).all()
    assert not free[["low", "high"]].stack().between(-widest, widest).all(), "some would have gone beyond"


def test_methods_that_always_differ_by_the_same_have_no_spread() -> None:
    people = list(permutations("abc", 2))
    values = {(m, s, d, c, 0): k + 5.0 * (m == "y") for m in "xy" for k, (s, d) in enumerate(people) for c in "01"}
    row = stats.contrasts(table(values)).iloc[0]
    assert (row["difference"], row["low"], row["high"], row["favours"]) == (-5, -5, -5, "x")
    assert np.isnan(row["effect"])
    same = stats.contrasts(table({key: value % 5 * 0 for key, value in values.items()})).iloc[0]
    assert (same["difference"], same["p"], same["favours"], same["won"]) == (0, 1, "", 0.5)


def closed(p: list[float]) -> list[float]:
    """The corrected p values by their meaning: every set of hypotheses that holds one is tested by Bonferroni."""
    sets = [s for size in range(1, len(p) + 1) for s in combinations(range(len(p)), size)]
    return [max(min(1, len(s) * min(p[k] for k in s)) for s in sets if i in s) for i in range(len(p))]


@pytest.mark.parametrize("seed", range(5))
def test_holms_correction_is_the_closed_bonferroni_test(seed: int) -> None:
    p = np.random.default_rng(seed).uniform(0, 0.2, 7)
    p[3] = p[5]
    np.testing.assert_allclose(stats.holm(p), closed(p.tolist()))


def test_holms_correction_gives_what_r_gives() -> None:
    # p.adjust(c(.01, .02, .03, .04, .05), "holm") of R.
    np.testing.assert_allclose(stats.holm(np.array([0.01, 0.02, 0.03, 0.04, 0.05])), [0.05, 0.08, 0.09, 0.09, 0.09])
    np.testing.assert_allclose(stats.holm(np.array([0.04, np.nan, 0.01])), [0.04, np.nan, 0.02])


def test_p_values_are_corrected_within_a_metric_and_errors_among_them_stay_rare() -> None:
    found = stats.contrasts(simulate(Truth(means=(0,) * 4, seeds=(3, 3, 3, 1), pairs=DISJOINT), studies=300, seed=9))
    assert len(found) == 300 * 6
    for _, rows in found.head(60).groupby("metric"):
        np.testing.assert_allclose(rows["p_holm"], closed(rows["p"].tolist()))
    assert (found["favours"] != "").groupby(found["metric"]).any().mean() <= 0.06


def test_the_same_table_gives_the_same_text() -> None:
    scores = simulate(Truth(means=(0, 1, 1), seeds=(3, 3, 1)), studies=2, seed=1)
    assert stats.contrasts(scores).to_csv() == stats.contrasts(scores).to_csv()
    mixed = scores.sample(frac=1, random_state=1)
    ordered = ["metric", "a", "b"]
    one, other = stats.contrasts(scores), stats.contrasts(mixed)
    one, other = (t[t["a"] < t["b"]].sort_values(ordered, ignore_index=True) for t in (one, other))
    merged = one.merge(other, on=ordered)
    np.testing.assert_allclose(merged["p_x"], merged["p_y"])


def test_two_versions_in_one_table_are_refused() -> None:
    scores = simulate(Truth(), studies=1, seed=1)
    with pytest.raises(stats.ScoreError, match="two values of one method"):
        stats.contrasts(pd.concat([scores, scores.assign(version="2")]))
