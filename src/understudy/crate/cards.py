"""Model cards: what a training made, of whom, how good it is, and what it must not be used for.

The sections are those of Mitchell et al., "Model cards for model reporting" (FAT* 2019), as the Hugging Face template
orders them. Every number comes from the run card and the score table; nothing is written that was not recorded.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from understudy import stats
from understudy.crate.words import count, duration, listing, number, span, table
from understudy.people import Clip, Consent

Section = tuple[str, str]
NO_VALUES = np.empty(0)

_USE = (
    "Research on synthetic media with the people named above: comparing methods, measuring them, teaching how they "
    "fail, and building and testing detectors. Every clip it makes must be published through Understudy, which labels "
    "it and records its lineage."
)
_MISUSE = (
    "It must not be used to show anybody in what they did not do to people who are not told, to deceive, harass, "
    "defraud or impersonate, for sexual content, for political persuasion, to identify people, or with anybody who is "
    "not named above: no consent covers it. When a subject withdraws, every copy of the weights must be deleted."
)

# What is learned of people, what a training did with clips, what varies in them; of actors, and of people.
_SEEN = ("faces", "saw", "light, pose, expression and resolution", "rendered", "filmed")
_HEARD = ("voices", "heard", "languages, ways of speaking, rooms and microphones", "synthetic", "recorded")


@dataclass(frozen=True, kw_only=True)
class Card:
    """A card. name: of its file in the crate's `cards/`. sections: (heading, markdown). about: keys for machines."""

    name: str
    title: str
    sections: tuple[Section, ...]
    about: Mapping[str, Any]

    def markdown(self) -> str:
        """The card as a file: its keys as YAML front matter, then the sections."""
        front = "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in self.about.items())
        body = "\n".join(f"## {heading}\n\n{text}\n" for heading, text in self.sections)
        return f"---\n{front}---\n\n# {self.title}\n\n{body}"


def model_card(
    *,
    study: str,
    method: str,
    group: str,
    seed: int,
    about: str,
    voice: bool,
    card: Mapping[str, Any],
    records: Sequence[Consent],
    learnt: Sequence[Clip],
    scores: pd.DataFrame,
    shareable: bool,
    weights: str,
) -> Card:
    """The card of one training.

    about: the method in a sentence or two. voice: whether it makes voices, not faces. card: the run card. records: the
    consent records of its subjects. learnt: the clips it learned from. scores: the study's score table. weights: their
    sha256.
    """
    subjects = [record.subject for record in records]
    sections = (
        ("Model details", _details(study, method, about, card)),
        ("Intended use", _USE),
        ("Out-of-scope use", _MISUSE),
        ("Training data", _data(records, learnt)),
        ("Training procedure", _procedure(card, voice)),
        ("Evaluation", _evaluation(scores[scores["seed"] == seed], method, subjects)),
        ("Limits", _limits(card, voice, subjects, learnt)),
        ("Weights", _weights(records, shareable, weights)),
    )
    return Card(
        name=f"model-{method}-{group}-seed-{seed}.md",
        title=f"{method}, trained on {listing(subjects)}, seed {seed}",
        sections=sections,
        about={"license": "other", "license_name": "consent-bound", "library_name": "understudy", "tags": [method]},
    )


def _details(study: str, method: str, about: str, card: Mapping[str, Any]) -> str:
    rows = [(name, value) for name, value in card["architecture"].items()]
    return (
        f"{about.strip()}\n\nTrained in the study {study} with the method `{method}`; code fingerprint "
        f"`{card['code'][:16]}`. Licence of the code: Apache-2.0; the weights carry the likeness of people and are "
        f"usable only as their consent allows.\n\n{table(('architecture', 'value'), rows)}"
    )


def _data(records: Sequence[Consent], learnt: Sequence[Clip]) -> str:
    rows = []
    for record in records:
        clips = [clip for clip in learnt if clip.subject == record.subject]
        licences = listing(sorted({clip.licence for clip in clips}))
        rows.append((record.subject, record.id, record.basis.words(12), len(clips), licences))
    return table(("subject", "consent record", "basis", "clips", "licence of the clips"), rows)


def _procedure(card: Mapping[str, Any], voice: bool) -> str:
    learning, machine = card["settings"]["learning"], card["machine"]
    seen = "pieces of speech" if voice else "pictures"
    said = (
        f"{card['steps']:,} steps ({card['images']:,} {seen}) with the seed {card['seed']}, in {card['precision']} "
        f"on {card['device']} with {count(card['threads'], 'thread')}: {duration(card['seconds']['wall'])}, of which "
        f"{duration(card['seconds']['cpu'])} of processor time, in {count(card['sittings'], 'sitting')}; at most "
        f"{number(card['peak_memory']['process_mib'])} MiB of memory. Python {machine['python']}, PyTorch "
        f"{machine['packages'].get('torch', 'unknown')}."
    )
    method = {key: value for key, value in card["settings"]["method"].items() if key != "learning"}
    rows = [(key, f"`{json.dumps(value)}`") for key, value in (*learning.items(), *method.items())]
    return f"{said}\n\n{table(('setting', 'value'), rows)}"


def _evaluation(scores: pd.DataFrame, method: str, subjects: Sequence[str]) -> str:
    """Every metric of the method on the fakes between these subjects, with an interval where there are clips enough."""
    pairs = scores["source"].isin(subjects) & scores["driver"].isin(subjects)
    part = scores[pairs & (scores["method"] == method)]
    clips = stats.by_pair(part).groupby(["metric", "driver", "clip"])["value"].mean()
    values = {str(name): each.to_numpy() for name, each in clips.groupby(level="metric")}
    kinds = part.drop_duplicates("metric")[["metric", "unit", "better"]].itertuples(index=False, name=None)
    rows = [_metric(name, unit, better, values.get(name, NO_VALUES)) for name, unit, better in kinds]
    if not rows:
        return "It was not measured."
    note = (
        f"Means over clips; 95 % bootstrap intervals over clips, where there are {stats.FEWEST_CLIPS} or more of them. "
        "The clips are of the same people that it learned from: nothing is said about others."
    )
    return f"{table(('metric', 'mean', 'clips', '95 % interval', 'unit', 'better'), rows)}\n\n{note}"


def _metric(name: str, unit: str, better: str, values: NDArray[np.float64]) -> tuple[str, ...]:
    """A row of the table. values: a value a clip."""
    if not len(values):
        return name, "–", "0", "no clip had a value", unit, better
    bounds = f"{count(len(values), 'clip')}, too few"
    if len(values) >= stats.FEWEST_CLIPS:
        bounds = span(*stats.cut(stats.interval(values, seed=0), unit))
    return name, number(float(values.mean())), str(len(values)), bounds, unit, better


def _limits(card: Mapping[str, Any], voice: bool, subjects: Sequence[str], learnt: Sequence[Clip]) -> str:
    what, met, varied, made, real = _HEARD if voice else _SEEN
    lines = [
        f"It knows the {what} of {listing(subjects)} and no other: what it makes of anybody else means nothing.",
        f"It {met} {count(len(learnt), 'clip')}; {varied} beyond those are not covered.",
    ]
    if all(clip.synthetic for clip in learnt):
        lines.append(f"It learned {made} {what} alone; what it would do with {real} ones was not measured.")
    if card["state"] != "finished":
        lines.append(f"The training is {card['state']}: it did not spend the budget that its settings give it.")
    return "\n".join(f"- {line}" for line in lines)


def _weights(records: Sequence[Consent], shareable: bool, weights: str) -> str:
    if shareable:
        return f"Every subject granted `share-weights`: they are in the crate. sha256 `{weights}`."
    kept = [record.subject for record in records if not record.purposes.allow("share-weights", None)]
    who = f" ({listing(kept)} did not grant it)" if kept else ""
    return f"Not shared: `share-weights` is not granted by every subject{who}. sha256 `{weights}`."
