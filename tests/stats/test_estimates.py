"""Means with intervals: they hold the truth as often as they say, and say of what they speak."""

import numpy as np
import pandas as pd
import pytest

from understudy import stats
from understudy.stats import Truth, simulate

DISJOINT = ((0, 1), (2, 3), (4, 5), (6, 7))
STAR = ((0, 1), (0, 2), (0, 3), (0, 4))
TRUTHS = {
    "12 pairs x 2 clips": Truth(),
    "a method's own people": Truth(own_person=1),
    "skewed": Truth(skewed=True),
    "4 pairs x 1 clip": Truth(pairs=DISJOINT, clips=1),
    "4 pairs x 1 clip of one source": Truth(pairs=STAR, clips=1, sd_person=0),
    "one seed": Truth(seeds=(1, 1)),
    "8 people": Truth(people=8, clips=1),
}


def held(found: pd.DataFrame, mean: float) -> float:
    return float(((found["low"] <= mean) & (found["high"] >= mean)).mean())


@pytest.mark.parametrize("truth", TRUTHS.values(), ids=TRUTHS)
def test_intervals_hold_the_mean_of_new_people(truth: Truth) -> None:
    found = stats.estimates(simulate(truth, studies=300, seed=11), draws=500)
    assert (found["over"] == "people").all()
    assert held(found, 0) >= 0.93


def test_an_interval_over_clips_of_fixed_people_is_not_one_of_new_people() -> None:
    scores = simulate(Truth(), studies=200, seed=12)
    assert held(stats.estimates(scores, draws=500, over="people"), 0) >= 0.93
    assert held(stats.estimates(scores, draws=500, over="clips"), 0) < 0.9


@pytest.mark.parametrize("pairs", [((0, 1),), ((0, 1), (1, 0)), None])
def test_intervals_over_clips_hold_the_mean_of_these_people(pairs: tuple[tuple[int, int], ...] | None) -> None:
    truth = Truth(pairs=pairs, clips=5, sd_person=0, sd_pair=0, own_pair=0)
    found = stats.estimates(simulate(truth, studies=200, seed=13), draws=500, over="clips")
    assert held(found, 0) >= 0.93
    assert found["note"].str.contains("clips of these people").all()


def test_the_parts_of_the_variance_are_recovered() -> None:
    truth = Truth(
        people=6, clips=4, seeds=(4, 1), sd_person=0, sd_pair=2.0, own_pair=0, sd_clip=1.2, own_clip=0,
        sd_training=0.5, sd_rest=0.4,
    )  # fmt: skip
    found = stats.estimates(simulate(truth, studies=150, seed=14), draws=2)
    trained, single = (found[found["method"] == name] for name in ("m0", "m1"))
    seeds, clips, pairs = (np.sqrt((trained[f"sd_{part}"] ** 2).mean()) for part in ("seeds", "clips", "pairs"))
    assert seeds == pytest.approx(np.hypot(0.5, 0.4), rel=0.02)
    assert clips == pytest.approx(1.2, rel=0.03)
    assert pairs == pytest.approx(2.0, rel=0.03)
    assert single["sd_seeds"].isna().all()
    # One seed hides what a value has by chance: it stays with the clips, and the training's with the pairs.
    assert np.sqrt((single["sd_clips"] ** 2).mean()) == pytest.approx(np.hypot(1.2, 0.4), rel=0.03)
    assert np.sqrt((single["sd_pairs"] ** 2).mean()) == pytest.approx(np.hypot(2.0, 0.5), rel=0.03)


def test_what_a_study_cannot_tell_is_not_told() -> None:
    row = stats.estimates(simulate(Truth(pairs=((0, 1),), clips=1, seeds=(1, 1)), studies=1, seed=1)).iloc[0]
    assert row[["low", "high", "sd_seeds", "sd_clips", "sd_pairs"]].isna().all()
    assert row[["pairs", "clips", "seeds", "n"]].tolist() == [1, 1, 1, 1]
    assert row["note"].startswith("no interval: ")


def test_means_and_counts_are_as_the_table_has_them() -> None:
    scores = simulate(Truth(means=(5, 7), seeds=(3, 1)), studies=2, seed=15)
    found = stats.estimates(scores)
    assert tuple(found.columns) == stats.ESTIMATES
    assert found[["metric", "method"]].to_numpy().tolist() == [[f"study {k}", m] for k in (0, 1) for m in ("m0", "m1")]
    np.testing.assert_allclose(found["mean"], scores.groupby(["metric", "method"])["value"].mean())
    np.testing.assert_allclose(found["mean"], stats.summary(scores).sort_values(["metric", "method"])["mean"])
    assert found[["pairs", "clips", "seeds", "n"]].to_numpy().tolist() == [[12, 8, 3, 72], [12, 8, 1, 24]] * 2
    assert ((found["low"] < found["mean"]) & (found["mean"] < found["high"])).all()
    assert "over 4 people (t, 3.0 degrees of freedom): speaks of new people like these" in found["note"][0]


def test_every_pair_counts_the_same() -> None:
    scores = simulate(Truth(clips=4), studies=1, seed=16)
    few = scores[(scores["driver"] != "p0") | (scores["clip"] == "c0")]
    found = stats.estimates(few).iloc[0]["mean"]
    by_pair = few[few["method"] == "m0"].groupby(["source", "driver"])["value"].mean()
    assert found == pytest.approx(by_pair.mean())


def test_values_that_are_not_finite_are_left_out_and_counted() -> None:
    scores = simulate(Truth(), studies=1, seed=17)
    scores.loc[scores.index[:7], "value"] = [np.nan, np.inf, -np.inf, np.nan, np.nan, np.nan, np.nan]
    row = stats.estimates(scores).iloc[0]
    assert (row["n"], row["pairs"]) == (65, 12)
    assert row["note"].endswith("; 7 values not finite, left out")
    nothing = stats.estimates(scores.assign(value=np.nan)).iloc[0]
    assert (nothing["n"], nothing["over"], nothing["note"]) == (0, "", "72 values not finite, left out")
    assert np.isnan(nothing["mean"])


def test_constant_values_have_an_interval_of_no_width() -> None:
    row = stats.estimates(simulate(Truth(), studies=1, seed=1).assign(value=0.3)).iloc[0]
    assert (row["low"], row["high"]) == pytest.approx((0.3, 0.3), abs=1e-12)
    assert (row["sd_seeds"], row["sd_clips"], row["sd_pairs"]) == pytest.approx((0, 0, 0), abs=1e-9)


def test_the_interval_keeps_the_skew_and_moves_and_stretches_with_the_values() -> None:
    scores = simulate(Truth(seeds=(1, 1)), studies=1, seed=18)
    row = stats.estimates(scores).iloc[0]
    other = stats.estimates(scores.assign(value=3 * scores["value"] + 5)).iloc[0]
    assert other[["mean", "low", "high"]].tolist() == pytest.approx(
        [3 * value + 5 for value in row[["mean", "low", "high"]]]
    )
    one = simulate(Truth(pairs=((0, 1),), clips=12, seeds=(1, 1)), studies=1, seed=18)
    row = stats.estimates(one.assign(value=np.where(one["clip"] == "c0", 10.0, one["value"] / 10))).iloc[0]
    assert row["high"] - row["mean"] > 1.2 * (row["mean"] - row["low"])


@pytest.mark.parametrize(("unit", "ends"), stats.LIMITS.items())
def test_an_interval_ends_where_the_unit_s_values_do(unit: str, ends: tuple[float, float]) -> None:
    scores = simulate(Truth(), studies=60, seed=19)
    for near in ends:
        values = np.clip(near + 0.4 * scores["value"], *ends)
        free = stats.estimates(scores.assign(value=values), draws=200)
        cut = stats.estimates(scores.assign(value=values, unit=unit), draws=200)
        assert (cut["mean"] == free["mean"]).all()
        assert (cut["low"] == free["low"].clip(*ends)).all()
        assert (cut["high"] == free["high"].clip(*ends)).all()
        assert not free[["low", "high"]].stack().between(*ends).all(), "some would have gone beyond"


def test_the_same_seed_gives_the_same_text() -> None:
    scores = simulate(Truth(seeds=(3, 1)), studies=3, seed=19)
    assert stats.estimates(scores).to_csv() == stats.estimates(scores).to_csv()
    assert stats.estimates(scores, seed=1).to_csv() != stats.estimates(scores).to_csv()
    narrow, wide = (stats.estimates(scores, level=level) for level in (0.8, 0.99))
    assert (wide["high"] - wide["low"] > narrow["high"] - narrow["low"]).all()


def test_a_simulated_study_is_a_score_table_of_its_truth() -> None:
    scores = stats.check(simulate(Truth(means=(1, 4), skewed=True), studies=400, seed=20))
    assert scores.groupby("method")["value"].mean().to_numpy() == pytest.approx([1, 4], abs=0.15)
    values = scores[scores["method"] == "m0"].set_index(["metric", "source", "driver", "clip"])["value"]
    total = 2 * 1 + 1 + 1 + 2 * 0.25 + 0.25 + 0.09  # persons twice, pair, clip, own pair and clip, training, rest
    assert values.var() == pytest.approx(total, rel=0.1)
    pd.testing.assert_frame_equal(simulate(Truth(), studies=2, seed=1), simulate(Truth(), studies=2, seed=1))
