"""How often the comparison of methods finds what is not there, misses what is, and holds the truth in its intervals.

Run: python benchmarks/comparison.py [studies]

Simulated studies (stats.simulate) of two methods, so many of each kind (default 1500), judged by stats.contrasts and
stats.estimates and, beside them, by t tests that take clips, pairs or seeds for independent samples. Then what
ranking's Friedman test finds among five equal methods, and how long a large study takes. Writes
benchmarks/comparison.md.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats as distributions

from understudy import stats
from understudy.files import write_text
from understudy.job import machine
from understudy.stats import Truth, simulate

STUDIES = int(sys.argv[1]) if len(sys.argv) > 1 else 1500
APART, STAR, RING = ((0, 1), (2, 3), (4, 5), (6, 7)), ((0, 1), (0, 2), (0, 3), (0, 4)), ((0, 1), (1, 2), (2, 3), (3, 0))
PEOPLE = Truth(own_person=1, own_pair=0, own_clip=0.2, sd_training=0.2, sd_rest=0.2)
GROUP = Truth(own_pair=0.2, own_clip=0.2, sd_shared=1)
TRUTHS = {
    "12 pairs of 4 people, 2 clips a driver, 3 seeds": Truth(),
    "12 pairs, every effect skewed": Truth(skewed=True),
    "12 pairs, people decide (method x person)": PEOPLE,
    "12 pairs, people decide, skewed": replace(PEOPLE, skewed=True),
    "12 pairs, clips decide": Truth(own_pair=0, own_clip=1, sd_training=0.1, sd_rest=0.1),
    "12 pairs, trainings decide": Truth(own_pair=0.1, own_clip=0.1, sd_training=1),
    "12 pairs, one training a seed for all pairs": GROUP,
    "12 pairs, a baseline of one seed": Truth(seeds=(3, 1)),
    "6 pairs of 3 people, 2 clips, 3 seeds": Truth(people=3, own_person=0.5),
    "56 pairs of 8 people, 1 clip, 3 seeds": Truth(people=8, own_person=0.5, clips=1),
    "3 sources x 3 drivers, 2 clips": Truth(pairs=tuple((s, d) for s in (0, 1, 2) for d in (3, 4, 5)), own_person=0.5),
    "4 pairs of 8 people, 1 clip": Truth(pairs=APART, clips=1),
    "4 pairs of 8 people, 1 clip, skewed": Truth(pairs=APART, clips=1, skewed=True),
    "4 pairs of one source, 1 clip": Truth(pairs=STAR, clips=1, sd_person=0),
    "4 pairs in a ring, 1 clip": Truth(pairs=RING, clips=1, own_person=0.5),
}
FIXED = {
    "1 pair, 8 clips": Truth(pairs=((0, 1),), clips=8, sd_person=0, sd_pair=0, own_pair=0),
    "2 pairs of 2 people, 5 clips a driver": Truth(pairs=((0, 1), (1, 0)), clips=5, sd_person=0, sd_pair=0, own_pair=0),
    "12 pairs of 4 people, 2 clips a driver": Truth(clips=2, sd_person=0, sd_pair=0, own_pair=0),
}


def share(hits: pd.Series | np.ndarray) -> str:
    return f"{100 * np.mean(hits):.1f} %"


def naive(scores: pd.DataFrame, by: list[str]) -> str:
    """The share of studies in which a t test of the differences finds something that takes each `by` for a sample."""
    means = scores.groupby(["metric", *by, "method"], sort=False)["value"].mean().unstack("method")
    matrix = (means["m0"] - means["m1"]).dropna().to_numpy().reshape(scores["metric"].nunique(), -1)
    return share(distributions.ttest_1samp(matrix, 0, axis=1).pvalue < 0.05) if matrix.shape[1] > 1 else "-"


def rate(name: str, truth: Truth, over: stats.Over) -> str:
    """A row of the table of rates where there is no difference."""
    scores = simulate(truth, studies=STUDIES, seed=1)
    found, means = stats.contrasts(scores, over=over), stats.estimates(scores, over=over)
    pair, clip = ["source", "driver"], ["source", "driver", "clip"]
    columns = [
        share(found["p"] <= 0.05), share((found["low"] <= 0) & (found["high"] >= 0)),
        share((means["low"] <= 0) & (means["high"] >= 0)),
        naive(scores, clip), naive(scores, pair), naive(scores, ["seed"]) if min(truth.seeds) > 1 else "-",
    ]  # fmt: skip
    return f"| {name} | {' | '.join(columns)} |"


def power(people: int, methods: int, over: stats.Over) -> str:
    """A row of the table of power: m0 is better than all others, which are alike."""
    shown = []
    for difference in (0.5, 1, 2, 3, 4):
        truth = Truth(means=(0.0, *[float(difference)] * (methods - 1)), seeds=(3,) * methods, people=people)
        scores = simulate(truth, studies=max(STUDIES // 10 // methods, 20), seed=2)
        found = stats.contrasts(scores, over=over)
        shown.append(share(found.loc[found["a"] == "m0", "favours"] == "m0"))
    return f"| {people} people, {methods} methods, over {over} | {' | '.join(shown)} |"


def friedman(name: str) -> str:
    """A row: how often ranking's Friedman test finds something among five equal methods, and one on trainings."""
    truth = replace(TRUTHS[name], means=(0.0,) * 5, seeds=(3,) * 5)
    scores = simulate(truth, studies=max(STUDIES // 10, 20), seed=3)
    ours, theirs = [], []
    for metric, rows in scores.groupby("metric", sort=False):
        ours.append(stats.ranking(rows, str(metric)).p <= 0.05)
        people = np.sort(rows[["source", "driver"]].astype(str).to_numpy(), axis=1)
        by_training = rows.groupby([people[:, 0], people[:, 1], "method"])["value"].mean().unstack()
        theirs.append(distributions.friedmanchisquare(*by_training.to_numpy().T).pvalue <= 0.05)
    return f"| {name} | {share(np.array(ours))} | {share(np.array(theirs))} |"


def speed() -> str:
    """How long the contrasts and estimates of a large study take, in words."""
    scores = simulate(Truth(means=(0.0,) * 8, seeds=(3,) * 8), studies=35, seed=4)
    times = []
    for work in (stats.contrasts, stats.estimates):
        start = time.process_time()
        work(scores)
        times.append(time.process_time() - start)
    size = "35 metrics x 8 methods (28 pairs of methods) x 24 pair-clips x 3 seeds"
    return f"{size}: contrasts {times[0]:.2f} CPU seconds, estimates {times[1]:.2f}."


def main() -> None:
    head = ["", "found, ours", "contrast holds 0", "estimate holds the mean", "t on clips", "t on pairs", "t on seeds"]
    columns = [f"|{' | '.join(head)} |", "|---" * len(head) + "|"]
    sizes = [
        (people, methods, over) for people, over in ((4, "people"), (8, "people"), (4, "clips")) for methods in (2, 8)
    ]
    lines = [
        "# The comparison: what it finds in simulated studies", "",
        f"`python benchmarks/comparison.py {STUDIES}`", "",
        f"Machine: {machine()['processor']}. {STUDIES} studies a row of two equal methods; nominal 5 %.", "",
        "Speaking of new people:", "", *columns, *(rate(name, truth, "people") for name, truth in TRUTHS.items()), "",
        "Speaking of new clips of fixed people (what is particular to a pair is part of the truth):", "",
        *columns, *(rate(name, truth, "clips") for name, truth in FIXED.items()), "",
        "One method better than all others by so much, favoured after Holm's correction, the share of its comparisons",
        "(sd of a method's own: pair .5, clip .5, training .5, rest .3; over clips pairs are part of the truth):", "",
        "| | 0.5 | 1 | 2 | 3 | 4 |", "|---|---|---|---|---|---|", *(power(*size) for size in sizes), "",
        "Friedman's test of five equal methods, nominal 5 %, in blocks of people (`ranking`) and of trainings:",
        "", "| | people | trainings |", "|---|---|---|",
        *(friedman(name) for name in list(TRUTHS)[:4]), "",
        speed(), "",
    ]  # fmt: skip
    write_text(Path(__file__).with_suffix(".md"), "\n".join(lines))


if __name__ == "__main__":
    main()
