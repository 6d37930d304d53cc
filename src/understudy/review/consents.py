"""Consent: the proof holds, every record that is named is in it, and each use was covered when it was made."""

import datetime
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from understudy import report
from understudy.crate.contents import PROOF
from understudy.errors import Error
from understudy.methods import pretrains
from understudy.people import Consent, Use, learning, mixing
from understudy.people.consent import refusal
from understudy.people.events import Event
from understudy.people.records import records
from understudy.review.checks import Finding, Outcome
from understudy.review.evidence import Evidence
from understudy.stages.check import pretraining_subjects


def proof(evidence: Evidence) -> Outcome:
    """The chain of hashes, the signatures and the head of the consent log hold."""
    held = evidence.proof
    shown = f"{len(held.events)} events shown, {held.hidden} as hashes"
    return Outcome(note=f"{shown}, head {held.head[:12]}…, keeper {held.keeper[:12]}…")


def named(evidence: Evidence) -> Outcome:
    """Every record that a fake or a training names is in the proof, and is of the people it is used for."""
    ids: dict[str, set[str]] = {}
    for one in evidence.proof.events:
        if one.record:
            ids.setdefault(one.record, set()).add(one.subject)
    uses = list(_named(evidence))
    return Outcome(note=f"the records of {len(uses)} fakes and trainings", findings=list(_unknown(uses, ids)))


def _named(evidence: Evidence) -> Iterator[tuple[str, list[str], list[str]]]:
    """(file, records, people) of each fake's sidecar and each training's card in the crate."""
    for path in evidence.under("fakes"):
        if path.endswith(".json"):
            lineage = evidence.json(path)["lineage"]
            yield path, lineage["consents"], [lineage["source"], lineage["driver"]]
    for path in evidence.under("runs"):
        if path.endswith("/card.json"):
            card = evidence.json(path)
            before = card["pretrained"] or {"subjects": []}
            yield path, card["consents"], [*card["subjects"], *before["subjects"]]


def _unknown(uses: Iterable[tuple[str, list[str], list[str]]], ids: dict[str, set[str]]) -> Iterator[Finding]:
    for path, named_ids, people in uses:
        for record in named_ids:
            if record not in ids:
                yield Finding(file=path, item=f"record {record}", fact=f"is not in {PROOF}")
        covered = {subject for record in named_ids for subject in ids.get(record, ())}
        for subject in sorted(set(people) - covered):
            yield Finding(file=path, item=f"subject {subject}", fact="is used, and no record of theirs is named")
        for subject in sorted(covered - set(people)):
            yield Finding(file=path, item=f"subject {subject}", fact="is not used, and a record of theirs is named")


def heads(evidence: Evidence) -> Outcome:
    """The head of the log that each fake, each training and the report names is one that the log had."""
    known, told = evidence.proof.heads, list(_told(evidence))
    findings = [
        Finding(file=path, item="head of the log", fact=f"is {head}, which the log never had")
        for path, head in told
        if head not in known
    ]
    return Outcome(note=f"{len(told)} names of {len(known)} heads", findings=findings)


def _told(evidence: Evidence) -> Iterator[tuple[str, object]]:
    """(file, head) wherever a file of the crate names the log's head of its time."""
    for path in evidence.under("fakes"):
        if path.endswith(".json"):
            yield path, evidence.json(path)["lineage"].get("log_head")
    for path in evidence.under("runs"):
        if path.endswith("/card.json"):
            yield path, evidence.json(path)["log_head"]
    if evidence.has(report.NUMBERS):
        yield report.NUMBERS, evidence.json(report.NUMBERS)["recorded"]["consent/head"]["text"]


def covered(evidence: Evidence) -> Outcome:
    """Each logged use was allowed by the record as it stood at that time."""
    used = _used(evidence)
    findings = list(_refused(used, evidence.proof.events))
    return Outcome(note=f"{sum(len(one.body['uses']) for one in used)} uses in {len(used)} events", findings=findings)


def _used(evidence: Evidence) -> list[Event]:
    """The uses of this study that the proof shows."""
    study = evidence.study.study
    return [one for one in evidence.proof.events if one.kind == "used" and one.body.get("study") == study]


def _refused(used: Iterable[Event], events: tuple[Event, ...]) -> Iterator[Finding]:
    known: dict[int, dict[str, Consent]] = {}
    changes = [one for one in events if one.kind not in ("used", "expired-noted")]
    for one in used:
        before = [change for change in changes if change.time <= one.time]
        if len(before) not in known:
            known[len(before)] = records(before, Path(PROOF))
        for use in one.body["uses"]:
            fact = _fact(known[len(before)].get(one.subject), one, use, one.time.date())
            if fact:
                yield Finding(file=PROOF, item=f"event {one.number}, {one.body.get('job')}", fact=fact)


def _fact(record: Consent | None, one: Event, use: Any, on: datetime.date) -> str:
    """Why a use was not covered, or nothing."""
    if record is None or record.id != one.record:
        return f"uses '{one.subject}' under the record '{one.record}', which was not there on {on}"
    try:
        refused = refusal(record, use["purpose"], use.get("family"), on, use.get("with"))
    except Error as error:  # a purpose or family that there is not
        return str(error)
    return "" if refused is None else str(refused)


def logged(evidence: Evidence) -> Outcome:
    """Each use that the study needs of a person was logged."""
    held = {(one.subject, json.dumps(use, sort_keys=True)) for one in _used(evidence) for use in one.body["uses"]}
    due = list(dict.fromkeys(_needed(evidence)))
    findings = [
        Finding(file=PROOF, item=f"subject {use.subject}", fact=f"no use was logged of {_words(use)}")
        for use in due
        if (use.subject, json.dumps(use.plain(), sort_keys=True)) not in held
    ]
    return Outcome(note=f"{len(due)} uses that the study's pairs and methods need", findings=findings)


def _needed(evidence: Evidence) -> Iterator[Use]:
    """What the study's pairs, methods and clips need of each person."""
    for subject in evidence.manifest.subjects:
        yield Use(subject=subject, purpose="extract")
    for pair in evidence.study.pairs:
        for name in evidence.study.entries:
            module = evidence.study.module(name)
            yield from mixing(pair.source, pair.driver, module.FAMILY)
            if evidence.study.learns(name):
                group = evidence.study.group(name, pair.source, pair.driver)
                subjects = sorted({*group.split("+")})
                yield from learning([*subjects, *_strangers(evidence, name)], module.FAMILY)


def _strangers(evidence: Evidence, name: str) -> tuple[str, ...]:
    """Whom an entry's trainings begin from."""
    study = evidence.study
    begins = pretrains(study.module(name), study.settings(study.trained(name)))
    return pretraining_subjects(evidence.manifest) if begins else ()


def _words(use: Use) -> str:
    return ", ".join(f"{key} {value}" for key, value in use.plain().items())
