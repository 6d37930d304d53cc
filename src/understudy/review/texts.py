"""The cards and the methods paragraph, computed anew from the tables, run cards, settings and records."""

import difflib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from understudy import crate, report
from understudy.crate.contents import METADATA, METHODS
from understudy.review.checks import Finding, Outcome
from understudy.review.evidence import Evidence
from understudy.review.fakes import WEIGHTS, of_seed
from understudy.stages.cards import about, software
from understudy.stages.plan import Plan

Trainings = Mapping[tuple[str, int, str], Mapping[str, Any]]


def texts(evidence: Evidence) -> Outcome:
    """Each card and the paragraph are those that follow from the rest of the crate."""
    due = {f"cards/{card.name}": card.markdown() for card in cards(evidence)} | {METHODS: paragraph(evidence) + "\n"}
    there = {*evidence.under("cards"), *([METHODS] if evidence.has(METHODS) else [])}
    findings = [finding for path in sorted({*due, *there}) for finding in _differing(evidence, path, due.get(path))]
    return Outcome(note=f"{len(due) - 1} cards and the methods paragraph, computed anew", findings=findings)


def _differing(evidence: Evidence, path: str, due: str | None) -> Iterator[Finding]:
    """The first words in which a text of the crate is not the one that is due."""
    if due is None:
        yield Finding(file=path, fact="follows from nothing in the crate")
        return
    if not evidence.has(path):
        yield Finding(file=path, fact="is missing")
        return
    told, lines = evidence.text(path).split("\n"), due.split("\n")
    for number, (one, other) in enumerate(zip(told, lines, strict=False), 1):
        if one != other:
            fact, wanted = _words(one, other)
            yield Finding(file=path, line=number, fact=fact, due=wanted)
    if len(told) != len(lines):
        yield Finding(file=path, fact=f"has {len(told)} lines", due=f"{len(lines)}")


def _words(one: str, other: str) -> tuple[str, str]:
    """The words in which two lines differ first, with those around them."""
    ours, theirs = one.split(" "), other.split(" ")
    changes = difflib.SequenceMatcher(a=ours, b=theirs, autojunk=False).get_opcodes()
    _, a, b, c, d = next(change for change in changes if change[0] != "equal")
    return (f"says '…{' '.join(ours[max(0, a - 3) : b + 3])}…'", f"'…{' '.join(theirs[max(0, c - 3) : d + 3])}…'")


@lru_cache(maxsize=1)  # two checks look at them
def cards(evidence: Evidence) -> tuple[crate.Card, ...]:
    """The cards as they should be. Raises Error or KeyError when something that they follow from is wrong."""
    plan = Plan(evidence.study, evidence.manifest, evidence.ledger, "")
    made = [_model(evidence, plan, *place, card) for place, card in trainings(evidence).items()]
    return (*made, _data(evidence))


def trainings(evidence: Evidence) -> Trainings:
    """The run card of each training by (method, seed, group), in the order of the study's methods."""
    order = list(evidence.study.methods)
    places = [PurePosixPath(path).parts[1:4] for path in evidence.under("runs") if path.endswith("/card.json")]
    found = [(name, of_seed(seed), group) for name, seed, group in places]
    known = [(name, seed, group) for name, seed, group in found if seed is not None and name in order]
    known.sort(key=lambda place: (order.index(place[0]), *place[1:]))
    return {place: evidence.json(f"runs/{place[0]}/seed-{place[1]}/{place[2]}/card.json") for place in known}


def _model(evidence: Evidence, plan: Plan, name: str, seed: int, group: str, card: Mapping[str, Any]) -> crate.Card:
    subjects = list(dict.fromkeys(plan.sides(group)))
    return crate.model_card(
        study=f"{evidence.study.study}, version {evidence.study.version}",
        method=name,
        group=group,
        seed=seed,
        about=about(evidence.study.module(name)),
        card=card,
        records=[evidence.ledger.records[subject] for subject in subjects],
        voice=name in plan.voices,
        learnt=plan.learnt_by(name, group),
        scores=evidence.scores,
        shareable=all(evidence.ledger.refusal(subject, "share-weights") is None for subject in subjects),
        weights=evidence.crate.outputs[f"runs/{name}/seed-{seed}/{group}/{WEIGHTS}"],
    )


def _data(evidence: Evidence) -> crate.Card:
    """The card of the clips. How many frames each has, the report alone has recorded."""
    told = evidence.json(report.NUMBERS)["recorded"] if evidence.has(report.NUMBERS) else {}
    counts = {clip.id: told.get(f"clip/{clip.id}/frames", {}).get("value") for clip in evidence.manifest.clips}
    return crate.data_card(
        study=evidence.study.study,
        version=evidence.study.version,
        about=evidence.study.about,
        clips=evidence.manifest.clips,
        records=evidence.ledger.records,
        frames={clip: int(count) for clip, count in counts.items() if count is not None},
        head=evidence.proof.head,
        withdrawals=evidence.withdrawals,
    )


def paragraph(evidence: Evidence) -> str:
    """The methods paragraph as it should be."""
    study, modules = evidence.study, {name: evidence.study.module(name) for name in evidence.study.entries}
    learned = [name for name in study.methods if study.learns(name)]
    runs = trainings(evidence)
    facts = crate.Facts(
        study=study.study,
        version=study.version,
        methods={name: module.FAMILY for name, module in modules.items()},
        learned=learned,
        pairs=[(pair.source, pair.driver) for pair in study.pairs],
        clips=evidence.manifest.clips,
        cards={name: [card for (trained, *_), card in runs.items() if trained == name] for name in learned},
        scores=evidence.scores,
        frames=evidence.frames,
        software=_software(evidence),
        head=evidence.proof.head,
        withdrawals=evidence.withdrawals,
    )
    return crate.methods_text(facts)


def _software(evidence: Evidence) -> dict[str, str]:
    """The versions that the crate's graph names, in the order in which the program tells them."""
    graph = evidence.json(METADATA)["@graph"]
    named = {
        str(entity["name"]).rsplit(" ", 1)[0]: str(entity["softwareVersion"])
        for entity in graph
        if "SoftwareApplication" in str(entity.get("@type")) and "softwareVersion" in entity
    }
    order = {name: place for place, name in enumerate(software())}
    return {name: named[name] for name in sorted(named, key=lambda name: order.get(name, len(order)))}
