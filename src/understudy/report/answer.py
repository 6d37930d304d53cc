"""The answer first: what the numbers say in plain words, losses as plainly as wins. Computed, never written by hand."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from understudy.report.findings import Findings, p_text, signed
from understudy.report.numbers import number, percent, plural
from understudy.report.page import Page
from understudy.report.scores import KEY, Row, Table

Outcome = Literal["wins", "mixed", "loses"]
# Per-frame columns, in the metrics' present names and in the short ones.
NEARER = ("nearer to source", "nearer_source")
DISTANCES = (("identity distance to source", "identity distance to driver"), ("identity_source", "identity_driver"))
UNSEEN = "on clips it was not trained on"
# Left out of the sentences: what repeats another metric that they tell.
UNSAID = ("nearer to source", "PSNR to truth", "expression motion error", "blendshape error", "seam energy")


@dataclass(frozen=True, kw_only=True)
class Duel:
    """A learned method against one baseline in one metric: pairs won and lost out of those both have.

    interval: the mean difference with its 95 % interval and corrected test, in words; "" where the study is too small.
    """

    baseline: str
    theirs: str
    won: int
    lost: int
    pairs: int
    interval: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A learned method in one metric against every baseline. truth_behind: those that the exact truth is behind."""

    name: str
    metric: str
    arrow: str
    ours: str
    unit: str
    truth: str
    truth_behind: tuple[str, ...]
    duels: tuple[Duel, ...]

    @property
    def outcome(self) -> Outcome:
        """wins: ahead of every baseline on every pair; loses: behind some baseline on more than half of the pairs."""
        if all(d.won == d.pairs for d in self.duels):
            return "wins"
        return "loses" if any(2 * d.lost > d.pairs for d in self.duels) else "mixed"


@dataclass(frozen=True, kw_only=True)
class Nearer:
    """In how many frames a fake's face is nearer the source than the driver; worst: the pair with the lowest share."""

    share: float
    frames: int
    pairs: int
    worst: str
    worst_share: float


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is to be said of one learned method."""

    method: str
    where: str
    nearer: Nearer | None
    sentences: tuple[str, ...]
    verdicts: tuple[Verdict, ...]


def answers(found: Findings) -> tuple[Answer, ...]:
    """One Answer for each learned method; none when the study has only baselines."""
    baselines = [m.name for m in found.page.methods if not m.learned]
    return tuple(_answer(found, m.name, baselines) for m in found.page.methods if m.learned)


def _answer(found: Findings, method: str, baselines: Sequence[str]) -> Answer:
    verdicts = [v for v in (_verdict(found, t, method, baselines) for t in found.tables) if v is not None]
    near, place = nearer(found.page, method), where(found.page)
    lines = [] if near is None else [_nearer_sentence(method, near, place)]
    lines += _sentences(method, verdicts)
    return Answer(method=method, where=place, nearer=near, sentences=tuple(lines), verdicts=tuple(verdicts))


def where(page: Page) -> str:
    """On which clips: held-out ones when every scored clip has the role "test" in the manifest."""
    roles = {f.clip: f.role for f in page.footage}
    clips = {str(c) for c in page.scores.loc[page.scores["family"] != "sanity", "clip"]}
    held = bool(clips) and all(roles.get(c) == "test" for c in clips)
    return UNSEEN if held else "on the converted clips"


def nearer(page: Page, method: str) -> Nearer | None:
    """The share of frames nearer the source, over frames with a face; None when the frames were not measured."""
    rows = page.frames[page.frames["method"] == method] if "method" in page.frames else page.frames
    wins = _wins(rows)
    if wins is None or wins.empty:
        return None
    sides = rows.loc[wins.index]
    shares = wins.groupby([sides["source"].astype(str), sides["driver"].astype(str)], sort=False).mean()
    pairs = [(str(key[0]), str(key[1])) for key in shares.index]
    worst = int(shares.to_numpy().argmin())
    return Nearer(
        share=float(wins.mean()),
        frames=len(wins),
        pairs=len(shares),
        worst=" → ".join(pairs[worst]),
        worst_share=float(shares.iloc[worst]),
    )


def _wins(rows: pd.DataFrame) -> "pd.Series[float] | None":
    """1 for each frame nearer the source, else 0; frames without a face left out."""
    for name in NEARER:
        if name in rows:
            return rows[name].dropna().astype(float)
    for near, far in DISTANCES:
        if {near, far} <= set(rows.columns):
            known = rows.dropna(subset=[near, far])
            return (known[near] < known[far]).astype(float)
    return None


def _verdict(found: Findings, table: Table, method: str, baselines: Iterable[str]) -> Verdict | None:
    ours = table.row(method)
    if ours is None or not table.metric.better:
        return None
    duels = []
    for name in baselines:
        theirs = table.row(name)
        both = [] if theirs is None else [p for p in ours.by_pair if not math.isnan(theirs.by_pair.get(p, math.nan))]
        if theirs is None or not both:
            continue
        gaps = [table.metric.gain(ours.by_pair[p]) - table.metric.gain(theirs.by_pair[p]) for p in both]
        # Where the baseline has a value and the method none, say because its fakes show no face, it is behind.
        won, lost = sum(g > 0 for g in gaps), sum(g < 0 or math.isnan(g) for g in gaps)
        interval = _interval(found, table, method, name)
        duels.append(
            Duel(baseline=name, theirs=theirs.mean_text, won=won, lost=lost, pairs=len(both), interval=interval)
        )
    if not duels:
        return None
    metric, truth = table.metric, table.sanity("truth")
    return Verdict(
        name=metric.name,
        metric=metric.label,
        arrow=metric.arrow,
        ours=ours.mean_text,
        unit=metric.unit,
        truth=truth.mean_text if truth else "",
        truth_behind=tuple(d.baseline for d in duels if _behind(table, truth, d.baseline)),
        duels=tuple(duels),
    )


def _interval(found: Findings, table: Table, method: str, baseline: str) -> str:
    """The paired difference, its interval and the corrected test, as text."""
    difference = found.between(table.metric.name, method, baseline)
    if difference is None or not math.isfinite(difference.low):
        return ""
    ends = difference.difference, difference.low, difference.high
    middle, low, high = ends if difference.ahead == method else (-ends[0], -ends[2], -ends[1])
    said = f"95 % interval {number(low, table.places)} to {number(high, table.places)}"
    test = p_text(difference.p_holm)
    return f"{signed(middle, table.places)} ({said}{f', {test}' if test else ''})"


def _behind(table: Table, truth: Row | None, baseline: str) -> bool:
    """Whether the exact truth itself has a worse mean than a baseline, so that losing to it says little."""
    theirs = table.row(baseline)
    return bool(truth and theirs and table.metric.gain(truth.mean) < table.metric.gain(theirs.mean))


def _nearer_sentence(method: str, near: Nearer, place: str) -> str:
    count = f"{percent(near.share)} of {number(near.frames, 0)} frames"
    text = f"{method} is nearer the source than the driver in {count} {place}"
    if near.pairs > 1:
        lowest = f"; lowest for {near.worst}: {percent(near.worst_share)}" if near.worst_share < near.share else ""
        text += f" ({plural(near.pairs, 'pair')}{lowest})"
    return text + "."


def _sentences(method: str, verdicts: Sequence[Verdict]) -> list[str]:
    told = [v for v in verdicts if v.name in KEY and v.name not in UNSAID] or list(verdicts)
    won = [v for v in told if v.outcome == "wins"]
    lost = [v for v in told if v.outcome == "loses"]
    mixed = [v.name for v in told if v.outcome == "mixed"]
    lines = []
    if won:
        rivals, pairs = joined(d.baseline for d in won[0].duels), max(d.pairs for v in won for d in v.duels)
        metrics = joined(f"{v.name} ({v.ours} against {_against(v.duels)})" for v in won)
        lines.append(f"{method} beats {rivals} on {pairs} of {plural(pairs, 'pair')} in {metrics}.")
    if lost:
        lines.append(f"{method} loses {'; '.join(_losses(lost))}.")
        lines += _excuse(lost)
    if mixed:
        lines.append(f"It is neither clearly ahead nor behind in {joined(mixed)}.")
    if verdicts and all(v.outcome != "loses" for v in verdicts):
        lines.append(f"In no metric is {method} behind a baseline on most pairs.")
    if verdicts and all(v.outcome != "wins" for v in verdicts):
        lines.append(f"In no metric is {method} ahead of every baseline on every pair.")
    return lines


def _excuse(lost: Sequence[Verdict]) -> list[str]:
    """Which of the lost metrics the exact truth loses as well, by baseline."""
    by_baseline: dict[str, list[str]] = {}
    for verdict in lost:
        for duel in verdict.duels:
            if 2 * duel.lost > duel.pairs and duel.baseline in verdict.truth_behind:
                by_baseline.setdefault(duel.baseline, []).append(verdict.name)
    return [f"The exact truth itself is behind {b} in {joined(names)}." for b, names in by_baseline.items()]


def _losses(verdicts: Sequence[Verdict]) -> list[str]:
    """Who is lost to on how many pairs, and in which metrics: one clause for equal tallies."""
    clauses: dict[str, list[str]] = {}
    for verdict in verdicts:
        worse = [d for d in verdict.duels if 2 * d.lost > d.pairs]
        count = joined(f"{d.baseline} on {d.lost} of {plural(d.pairs, 'pair')}" for d in worse)
        clauses.setdefault(count, []).append(f"{verdict.name} ({verdict.ours} against {_against(worse)})")
    return [f"to {count} in {joined(metrics)}" for count, metrics in clauses.items()]


def _against(duels: Iterable[Duel]) -> str:
    return joined(d.theirs for d in duels)


def joined(words: Iterable[str]) -> str:
    """Words as a list in a sentence."""
    listed = list(words)
    return " and ".join([", ".join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)
