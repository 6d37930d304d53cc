"""The paragraph for a paper: what was compared, on whom, how it was trained and measured, what cannot be concluded."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from understudy import stats
from understudy.crate.words import count, duration, listing, number, span
from understudy.people import Clip


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the paragraph is written from.

    methods: each method's family by its name; learned: those of them that were trained. pairs: (source, driver). cards:
    the run cards. scores, frames: the study's tables. software: version by name. withdrawals: the day of each after
    which the version was made again, and the pairs that it lost.
    """

    study: str
    version: str
    methods: Mapping[str, str]
    learned: Sequence[str]
    pairs: Sequence[tuple[str, str]]
    clips: Sequence[Clip]
    cards: Mapping[str, Sequence[Mapping[str, Any]]]
    scores: pd.DataFrame
    frames: pd.DataFrame
    software: Mapping[str, str]
    head: str
    withdrawals: Sequence[tuple[datetime.date, int]] = ()


def methods_text(facts: Facts) -> str:
    """One paragraph of plain text."""
    return " ".join((*_compared(facts), *_trained(facts), *_measured(facts), *_concluded(facts), _versions(facts)))


def _compared(facts: Facts) -> Iterator[str]:
    fakes = _fakes(facts)
    people = list(dict.fromkeys(subject for pair in facts.pairs for subject in pair))
    acted = {clip.subject for clip in facts.clips if clip.synthetic}
    actors = sum(subject in acted for subject in people)
    kinds = []
    if actors:
        kinds.append(count(actors, "synthetic actor"))
    if actors < len(people):
        kinds.append(count(len(people) - actors, "person who consented", "people who consented"))
    families = listing(sorted(set(facts.methods.values())))
    converted = sorted(set(fakes["clip"].astype(str)))
    yield (
        f"In the study {facts.study}, version {facts.version}, we compared "
        f"{count(len(facts.methods), f'{families} method')} ({listing(facts.methods)}) on {listing(kinds)}, in "
        f"{count(len(facts.pairs), 'ordered pair')} of a source, whose likeness is taken, and a driver, whose "
        "performance is kept."
    )
    for day, lost in facts.withdrawals:
        yield f"After a withdrawal on {day}, {count(lost, 'pair')} and all that came of them left the study."
    roles = {clip.id: clip.role for clip in facts.clips}
    held = bool(converted) and all(roles.get(clip) == "test" for clip in converted)
    per_method = facts.frames.groupby("method").size() if "method" in facts.frames else pd.Series(dtype=int)
    frames = int(per_method.max()) if len(per_method) else 0
    counted = f" ({frames:,} frames a method)" if frames else ""
    kept_out = "; no model had learned from any of them" if held and facts.learned else ""
    yield f"Each method converted the same {count(len(converted), 'test clip')}{counted}{kept_out}."


def _trained(facts: Facts) -> Iterator[str]:
    for name in facts.learned:
        cards = facts.cards.get(name, ())
        if not cards:
            continue
        first = cards[0]
        learning = first["settings"]["learning"]
        walls = sorted(card["seconds"]["wall"] for card in cards)
        steps = sorted({int(card["steps"]) for card in cards})
        seeds = sorted({int(card["seed"]) for card in cards})
        unfinished = sum(card["state"] != "finished" for card in cards)
        yield (
            f"{_title(name)} was trained {_times(len(cards))}, for {span(steps[0], steps[-1])} steps of "
            f"{learning['batch']} pictures of each subject at a peak learning rate of {learning['rate']:g}, with "
            f"{'the seed' if len(seeds) == 1 else 'the seeds'} {listing(map(str, seeds))}, in {first['precision']} on "
            f"{_hardware(first)}, which took {_range(walls)} a training."
            + (f" {count(unfinished, 'training').capitalize()} did not finish." if unfinished else "")
        )
    still = [name for name in facts.methods if name not in facts.learned]
    if still:
        yield f"{_title(listing(still))} {'learns' if len(still) == 1 else 'learn'} nothing and served as baseline."


def _times(trainings: int) -> str:
    return {1: "once", 2: "twice"}.get(trainings, count(trainings, "time"))


def _hardware(card: Mapping[str, Any]) -> str:
    if card["device"] != "cpu":
        return str(card["device"])
    return f"{count(card['threads'], 'core')} of an {card['machine'].get('processor', 'unknown')} processor"


def _range(seconds: Sequence[float]) -> str:
    low, high = duration(seconds[0]), duration(seconds[-1])
    return low if low == high else f"{low} to {high}"


def _measured(facts: Facts) -> Iterator[str]:
    fakes = _fakes(facts)
    names = list(dict.fromkeys(fakes["metric"].astype(str)))
    sanity = sorted(set(facts.scores.loc[facts.scores["family"] == "sanity", "method"].astype(str)))
    bounds = f", beside the same measures of {listing(sanity)}, which bound what the numbers can mean" if sanity else ""
    yield (
        f"Every fake was measured as published, with its visible label, in {count(len(names), 'metric')} "
        f"({listing(names)}){bounds}."
    )
    seeds = len(set(fakes["seed"]))
    mean = " Seeds were averaged within a clip." if seeds > 1 else ""
    yield f"Methods were compared in pairs on the same clips; the clip is the unit of analysis.{mean}"


def _concluded(facts: Facts) -> Iterator[str]:
    """Every trained method against every other one, and what the intervals leave open."""
    fakes = _fakes(facts)
    clips = int(fakes.groupby(["driver", "clip"]).ngroups) if len(fakes) else 0
    if clips < stats.FEWEST_CLIPS:
        yield (
            f"With {count(clips, 'clip')}, fewer than the {count(stats.FEWEST_CLIPS, 'clip')} that a bootstrap over "
            "clips takes, we give no intervals, and no method can be said to be better than another beyond these clips."
        )
    else:
        yield (
            "Differences are means over clips, of absolute values where 0 is best, with 95 % bootstrap intervals over "
            "clips that are widened for their small number (Hesterberg 2015)."
        )
        for ours in facts.learned:
            for theirs in facts.methods:
                if theirs != ours and (theirs not in facts.learned or ours < theirs):
                    yield from _duel(fakes, ours, theirs)
    seeds = {int(card["seed"]) for cards in facts.cards.values() for card in cards}
    if facts.learned and len(seeds) < 2:
        yield "Each training was run with one seed, so that how far results vary with the seed is not known."
    if all(clip.synthetic for clip in facts.clips):
        yield "The faces are rendered; nothing here says how the methods do on filmed ones."


def _duel(fakes: pd.DataFrame, ours: str, theirs: str) -> Iterator[str]:
    found = [
        (metric, comparison)
        for metric in dict.fromkeys(fakes["metric"].astype(str))
        if (comparison := _comparison(fakes, ours, theirs, metric)) is not None
    ]
    won = [_said(metric, c) for metric, c in found if c.favours == ours]
    lost = [_said(metric, c) for metric, c in found if c.favours == theirs]
    unsure = [_said(metric, c) for metric, c in found if c.favours is None and c.low is not None]
    if won:
        yield f"{_title(ours)} was ahead of {theirs} in {listing(won)}."
    if lost:
        yield f"{_title(ours)} was behind {theirs} in {listing(lost)}."
    if unsure:
        yield f"Between {ours} and {theirs} no difference could be concluded in {listing(unsure)}."


def _comparison(fakes: pd.DataFrame, ours: str, theirs: str, metric: str) -> stats.Comparison | None:
    try:
        return stats.compare(fakes, ours, theirs, metric)
    except stats.ScoreError:  # the two have no clip with a value in common
        return None


def _said(metric: str, comparison: stats.Comparison) -> str:
    if comparison.low is None or comparison.high is None:
        return metric
    unit = f" {comparison.unit}" if comparison.unit else ""
    return f"{metric} ({number(comparison.difference)}{unit}, {span(comparison.low, comparison.high)})"


def _versions(facts: Facts) -> str:
    named = listing(f"{name} {version}" for name, version in facts.software.items())
    return (
        f"Everything was computed with {named}; the consent of every subject stands in a signed log, whose head was "
        f"{facts.head[:16]} when the study was closed."
    )


def _fakes(facts: Facts) -> pd.DataFrame:
    return facts.scores[facts.scores["family"] != "sanity"]


def _title(text: str) -> str:
    """The text with a capital, as a sentence begins; the rest stays as it is."""
    return text[:1].upper() + text[1:]
