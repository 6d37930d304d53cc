"""The proof that records stand in a log, for people who must not see the rest of it.

It shows the events about some subjects and those that name keys; of every other event it shows the hash of its content.
From these the chain of hashes follows up to the head, and the keeper's signature over the head covers the whole. What a
hidden event says cannot be guessed (a salt is in each). That no event about a subject was hidden, a proof cannot show.
"""

import dataclasses
import datetime
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy.errors import ConsentError
from understudy.people.events import FIELDS, NOTHING, Event, chained, event
from understudy.people.keys import key_id, verify
from understudy.people.log import (
    CONTINUED,
    LOG,
    PROOF,
    Log,
    check_continued,
    check_order,
    read_lines,
    read_log,
    require_past,
)

_FORMAT = "understudy consent proof 1"
_REMEDY = "Ask whoever sent it for an undamaged copy."
_HEX = re.compile(r"[0-9a-f]{64}")
_NAMING = ("opened", "key-changed", "continued")  # what everybody must see: it says whose signatures count


@dataclasses.dataclass(frozen=True, kw_only=True)
class Proof:
    """A proof that holds. events: those shown, the keeper's first. head: of the whole log. keeper: its public key."""

    events: tuple[Event, ...]
    head: str
    keeper: str
    hidden: int
    ends: tuple[str, datetime.datetime]


def prove(log: Log, subjects: Iterable[str], study: str | None = None) -> dict[str, Any]:
    """The proof of all records of `subjects`, with their uses in `study` (in all studies by default)."""
    wanted = set(subjects)

    def shown(one: Event) -> bool:
        other = one.kind == "used" and study is not None and one.body.get("study") != study
        return one.kind in _NAMING or (one.subject in wanted and not other)

    def part(events: Sequence[Event]) -> list[Any]:
        return [_fields(one) if shown(one) else one.content for one in events]

    ends = {
        name: {"key": events[-1].key, "signature": events[-1].signature, "at": events[-1].at}
        for name, events in (("base", log.base), ("continued", log.continued))
        if events
    }
    if log.sealed is not None:
        raise ConsentError(log.path, "is a proof itself", "Pass it on as it is.")
    return {
        "format": _FORMAT,
        "base": part(log.base),
        "continued": part(log.continued),
        "ends": ends,
        "head": log.head,
        "keeper": log.keeper,
    }


def check_proof(proof: Any, where: str = "the proof of consent") -> Proof:
    """The proof, once its chain, its signatures and its head hold. Raises ConsentError, naming what does not."""
    shape = {"format", "base", "continued", "ends", "head", "keeper"}
    if not isinstance(proof, dict) or set(proof) != shape or proof["format"] != _FORMAT:
        raise ConsentError(where, "is no proof of consent", _REMEDY)
    if not isinstance(proof["ends"], dict) or not all(isinstance(proof[name], list) for name in ("base", "continued")):
        raise ConsentError(where, "is no proof of consent", _REMEDY)
    base, anchors = _walk(proof["base"], f"{where}, base", NOTHING)
    continued, ends = _walk(proof["continued"], f"{where}, continued", NOTHING)
    public = _check_keeper(base, where)
    _require_end(proof["ends"].get("base"), list(anchors), [public], f"{where}, base")
    known = [str(one.body.get("public")) for one in continued if one.kind == "continued"]
    if proof["continued"]:
        check_continued(Path(f"{where}, continued"), dict.fromkeys(anchors, _EARLY), continued)
        _require_end(proof["ends"].get("continued"), list(ends), known, f"{where}, continued")
    head = list(ends or anchors)[-1]
    if proof["head"] != head or proof["keeper"] != public:
        raise ConsentError(where, "its head or keeper is not what follows from its events", _REMEDY)
    hidden = sum(isinstance(one, str) for one in (*proof["base"], *proof["continued"]))
    time = max(one.time for one in (*base, *continued))
    return Proof(events=(*base, *continued), head=head, keeper=public, hidden=hidden, ends=(head, time))


_EARLY = datetime.datetime.min.replace(tzinfo=datetime.UTC)


def _fields(one: Event) -> dict[str, Any]:
    return {name: getattr(one, name) for name in FIELDS}


def _walk(entries: Sequence[Any], where: str, before: str) -> tuple[list[Event], dict[str, None]]:
    """The events shown, and the hash after each entry. Raises ConsentError where one does not follow."""
    events: list[Event] = []
    hashes: dict[str, None] = {}
    for number, entry in enumerate(entries, 1):
        place = f"{where} entry {number}"
        if isinstance(entry, str) and _HEX.fullmatch(entry):
            before = chained(before, entry)
        else:
            one = _event(entry, place)
            if one.previous != before or one.number != number:
                raise ConsentError(place, "does not follow from the entries before it", _REMEDY)
            if events and one.time < events[-1].time:
                raise ConsentError(place, "is older than the one shown before it", _REMEDY)
            events.append(one)
            before = one.hash
        hashes[before] = None
    return events, hashes


def _event(entry: Any, place: str) -> Event:
    if not isinstance(entry, Mapping):
        raise ConsentError(place, "is neither an event nor the hash of one", _REMEDY)
    try:
        return event(entry)
    except (ValueError, UnicodeEncodeError) as error:
        raise ConsentError(place, str(error), _REMEDY) from error


def _check_keeper(base: Sequence[Event], where: str) -> str:
    """The keeper's public key at the end. Raises ConsentError unless it signed every event shown."""
    if not base or base[0].kind != "opened" or base[0].number != 1:
        raise ConsentError(where, "does not begin with the event 'opened'", _REMEDY)
    public = str(base[0].body.get("public"))
    for one in base:
        if not _well(public) or not one.signed_by(public):
            raise ConsentError(f"{where}, event {one.number}", "its signature is not the keeper's", _REMEDY)
        if one.kind == "key-changed":
            public = str(one.body.get("public"))
    return public


def _well(public: str) -> bool:
    return _HEX.fullmatch(public) is not None


def _require_end(end: Any, hashes: Sequence[str], publics: Sequence[str], where: str) -> None:
    """Raises ConsentError unless one of the keys signed the chain's last hash, and with it the whole chain."""
    signature = end.get("signature") if isinstance(end, dict) else None
    named = end.get("key") if isinstance(end, dict) else None
    if not isinstance(signature, str) or not any(
        _well(public) and key_id(public) == named and verify(public, hashes[-1].encode(), signature)
        for public in publics
    ):
        raise ConsentError(where, "its end is not signed by the log's key", _REMEDY)


def read_any(folder: Path) -> Log:
    """The log of a folder, or the part of one that a proof in it shows, with what was added to it here."""
    if (folder / LOG).exists() or not (folder / PROOF).exists():
        return read_log(folder)
    place = folder / PROOF
    try:
        values = json.loads(place.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConsentError(place, "is no JSON", _REMEDY) from error
    proof = check_proof(values, str(place))
    added = read_lines(folder / CONTINUED) if (folder / CONTINUED).exists() else ()
    check_continued(folder / CONTINUED, dict([proof.ends]), added)
    check_order(folder / CONTINUED, added)
    log = Log(folder=folder, base=proof.events, continued=added, sealed=proof.ends)
    require_past(log)
    return log
