"""The score table is checked, kept and read unchanged; comparisons have known answers and honest intervals."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from understudy import stats
from understudy.stats import ScoreError


def scores(
    values: dict[tuple[str, str, str, int], float], metric: str = "flicker", better: str = "lower"
) -> pd.DataFrame:
    """A table from (method, source, clip, seed) -> value; every clip is of the driver 'anna'."""
    return pd.DataFrame([
        {
            "study": "one", "version": "1", "method": method, "family": "swap", "source": source, "driver": "anna",
            "clip": clip, "seed": seed, "metric": metric, "value": value, "unit": "u", "n": 75, "better": better,
        }
        for (method, source, clip, seed), value in values.items()
    ])  # fmt: skip


def clips(a: list[float], b: list[float], **how: str) -> pd.DataFrame:
    """Methods 'a' and 'b' on clips 0, 1, ... with these values."""
    both = {("a", "ben", str(k), 0): v for k, v in enumerate(a)} | {("b", "ben", str(k), 0): v for k, v in enumerate(b)}
    return scores(both, **how)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_what_is_written_is_read(tmp_path: Path, suffix: str) -> None:
    table = scores({("a", "NA", "0", 0): 0.1, ("a", "Zoë, the 2nd", "0", 1): np.nan, ("b", "007", "nan", 0): 1 / 3})
    table["version"] = "007"
    stats.write(table, tmp_path / f"scores{suffix}")
    again = stats.read(tmp_path / f"scores{suffix}")
    pd.testing.assert_frame_equal(again, stats.check(table))
    assert tuple(again.columns) == stats.COLUMNS
    assert again["source"].tolist() == ["NA", "Zoë, the 2nd", "007"]


@pytest.mark.parametrize(
    ("spoil", "fact"),
    [
        (lambda t: t.drop(columns="unit"), "lacks the columns unit"),
        (lambda t: t.assign(note="x"), "unknown columns note"),
        (lambda t: t.assign(value="high"), "no number"),
        (lambda t: t.assign(n=2.5), "whole numbers"),
        (lambda t: t.assign(better="lowr"), "Did you mean 'lower'"),
        (lambda t: t.assign(n=-1), "n below 0"),
        (lambda t: t.assign(clip=None), "empty cells in clip"),
        (lambda t: pd.concat([t, t]), "two values for method a"),
        (lambda t: t.assign(unit=["u", "v"]), "more than one unit"),
    ],
)
def test_a_spoilt_table_is_refused_with_its_fact(spoil, fact: str, tmp_path: Path) -> None:
    table = spoil(clips([1.0], [2.0]))
    with pytest.raises(ScoreError, match=fact):
        stats.write(table, tmp_path / "scores.csv")
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    for name in ("scores.csv", "scores.parquet"):
        (tmp_path / name).write_bytes(b"\x00\x01 nothing")
        with pytest.raises(ScoreError, match=name):
            stats.read(tmp_path / name)
        with pytest.raises(ScoreError, match="cannot be read"):
            stats.read(tmp_path / f"absent-{name}")
    with pytest.raises(ScoreError, match=r"neither a \.csv"):
        stats.write(clips([1.0], [2.0]), tmp_path / "scores.xlsx")


def test_summary_averages_seeds_then_pairs_then_clips() -> None:
    table = scores({
        ("a", "ben", "0", 0): 1, ("a", "ben", "0", 1): 3,  # two seeds: 2
        ("a", "cleo", "0", 0): 4,  # another pair of the same clip: (2 + 4) / 2 = 3
        ("a", "ben", "1", 0): 7, ("a", "ben", "2", 0): np.nan,
    })  # fmt: skip
    row = stats.summary(table).iloc[0]
    assert (row["mean"], row["n"], row["smallest"], row["largest"]) == (5, 2, 3, 7)
    assert (row["unit"], row["better"]) == ("u", "lower")
    pairs = stats.by_pair(table).set_index(["source", "clip"])
    assert pairs.loc[("ben", "0"), ["value", "seeds"]].tolist() == [2, 2]
    assert len(pairs) == 3


def test_a_comparison_is_paired_by_clip() -> None:
    hard = np.array([10.0, 20, 30, 40, 50, 60])
    found = stats.compare(clips((hard - 1).tolist(), hard.tolist()), "a", "b", "flicker")
    assert found.difference == pytest.approx(-1)
    assert (found.low, found.high) == pytest.approx((-1, -1))  # clips differ wildly, the methods always by 1
    assert (found.clips, found.pairs, found.favours) == (6, 6, "a")
    other = stats.compare(clips((hard - 1).tolist(), hard.tolist()), "b", "a", "flicker")
    assert (other.difference, other.favours) == (pytest.approx(1), "a")


def test_the_direction_of_the_metric_decides_who_is_favoured() -> None:
    low, high = [1.0, 2, 3, 4, 5], [2.0, 3.1, 4, 5.2, 6]
    assert stats.compare(clips(low, high, better="lower"), "a", "b", "flicker").favours == "a"
    assert stats.compare(clips(low, high, better="higher"), "a", "b", "flicker").favours == "b"
    assert stats.compare(clips([1.0, -1, 1, -1, 0], [0.0] * 5), "a", "b", "flicker").favours is None


def test_of_what_is_best_near_0_the_distances_from_0_are_compared() -> None:
    far, near = [10.0, -12, 11, -9, 10.5], [-1.0, 2, -1.5, 1, 0]
    found = stats.compare(clips(far, near, better="near 0"), "a", "b", "flicker")
    assert found.difference == pytest.approx((52.5 - 5.5) / 5)
    assert found.favours == "b"


def test_a_comparison_of_shares_ends_at_1() -> None:
    a, b = [1.0, 1, 1, 1, 0.7], [0.0] * 5
    free = stats.compare(clips(a, b), "a", "b", "flicker")
    shares = clips(a, b).assign(unit="share of frames")
    cut = stats.compare(shares, "a", "b", "flicker")
    assert free.high is not None
    assert free.high > 1
    assert (cut.low, cut.high, cut.difference) == (free.low, 1, free.difference)


def test_too_few_clips_give_no_interval_and_say_so() -> None:
    found = stats.compare(clips([1.0, 2, 3, 4], [2.0, 3, 4, 5]), "a", "b", "flicker")
    assert (found.low, found.high, found.favours) == (None, None, None)
    assert "4 clips are too few" in found.note
    assert found.difference == pytest.approx(-1)


def test_many_pairs_of_few_clips_are_still_few_clips() -> None:
    table = scores({(m, s, c, 0): 1.0 + (m == "b") for m in "ab" for s in ("ben", "cleo", "dan") for c in "0123"})
    found = stats.compare(table, "a", "b", "flicker")
    assert (found.clips, found.pairs, found.low) == (4, 12, None)


def test_clips_of_one_method_only_are_left_out_and_none_in_common_is_an_error() -> None:
    table = clips([1.0, 2, 3, 4, 5, 6], [2.0, 3, 4, 5, 6])
    assert stats.compare(table, "a", "b", "flicker").clips == 5
    apart = scores({("a", "ben", "0", 0): 1.0, ("b", "ben", "1", 0): 2.0})
    with pytest.raises(ScoreError, match="in common"):
        stats.compare(apart, "a", "b", "flicker")


@pytest.mark.parametrize(
    ("a", "b", "metric", "hint"), [("aa", "b", "flicker", "method 'aa'"), ("a", "b", "flickr", "flicker")]
)
def test_an_unknown_method_or_metric_is_named(a: str, b: str, metric: str, hint: str) -> None:
    with pytest.raises(ScoreError, match=hint):
        stats.compare(clips([1.0], [2.0]), a, b, metric)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(1).normal(size=8)
    assert stats.interval(values, seed=3) == stats.interval(values, seed=3)
    low, high = stats.interval(values, seed=3)
    assert low < values.mean() < high
    assert stats.interval(values + 5, seed=3) == pytest.approx((low + 5, high + 5))
    assert stats.interval(values * 2, seed=3) == pytest.approx((low * 2, high * 2))


@pytest.mark.parametrize("n", [5, 12, 40])
def test_intervals_hold_the_true_mean_about_as_often_as_they_say(n: int) -> None:
    rng = np.random.default_rng(n)
    held = [
        low <= 0.3 <= high
        for low, high in (stats.interval(rng.normal(0.3, 1, n), seed=k, draws=500) for k in range(1000))
    ]
    # The standard error of a share of 1000 is .007.
    assert 0.92 <= np.mean(held) <= 0.975
