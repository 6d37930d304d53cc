"""The proof that records stand in a log, for people who must not see the rest of it.

    base        the keeper's events: those about some subjects and those that name keys whole, all others hidden
                ("<kind> <tag> <hash of the rest>", see people.events)
    continued   what others had added, in the same way
    again       a list of such lists: what was added to the proof itself where a study was run again from it
    ends        for each of these lists that ends with a hidden event, the signature over its last hash
    head, keeper

From these the chains of hashes follow up to the head; a signature at the end covers the whole. A hidden event cannot be
guessed, and says nothing of whom it is about; but its tag shows that it is about nobody who is shown, unless it is a
use by another study. So a withdrawal cannot be left out of a proof of a log that this program would read. What such a
proof cannot show: what was never written into the log, or was cut off from its end before the proof was made. Others'
ids stand in it where a subject who is shown named them as counterparts.
"""

import copy
import dataclasses
import datetime
import functools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy.errors import ConsentError
from understudy.people.chain import (
    CONTINUED,
    LOG,
    PROOF,
    check_base,
    check_continued,
    check_order,
    check_tags,
    read_lines,
)
from understudy.people.events import FIELDS, NAMING, NOTHING, TAKING, Event, chained, event, joined, signed, unhide
from understudy.people.keys import key_id
from understudy.people.log import Log, Sealed, read_log, require_past

_OF_ONE = ("render", "ingest", "extract")  # jobs that name one clip, of the one subject they use
_FORMAT = "understudy consent proof 1"
_REMEDY = "Ask whoever sent it for an undamaged copy."
_EARLY = datetime.datetime.min.replace(tzinfo=datetime.UTC)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Proof:
    """A proof that holds. events: those shown, the keeper's first. head: of the whole log. keeper: its public key.

    added: those of the events that others added. hidden: how many are not shown. time: of the last event shown.
    chains: the hashes of each of its lists.
    """

    events: tuple[Event, ...]
    added: tuple[Event, ...]
    head: str
    keeper: str
    hidden: int
    time: datetime.datetime
    chains: tuple[tuple[str, ...], ...]

    @functools.cached_property
    def heads(self) -> frozenset[str]:
        """All heads that the log can have had, in whatever order the keeper and others wrote."""
        base, *rest = self.chains
        heads = {*base, *(joined(head, added) for head in base for added in (rest[0] if rest else ()))}
        head = joined(base[-1], rest[0][-1]) if rest and rest[0] else base[-1]
        for chain in rest[1:]:
            heads |= {joined(head, added) for added in chain}
            head = joined(head, chain[-1])
        return frozenset(heads)


def prove(log: Log, subjects: Iterable[str], study: str | None = None) -> dict[str, Any]:
    """The proof of all records of `subjects`, with their uses in `study` (in all studies by default).

    A use that names somebody else, as the counterpart or by a clip, is hidden: nobody is named but `subjects`. Of a log
    that is itself known by a proof: that proof, with what was added to it since.
    """
    wanted = set(subjects)
    names = _names(log.events, wanted)

    def shown(one: Event) -> bool:
        if one.kind == "used" and study is not None and one.body["study"] != study:
            return False
        return one.kind in NAMING or (one.subject in wanted and not _names_any(one, names))

    def part(events: Sequence[Event]) -> list[Any]:
        return [_fields(one) if shown(one) else one.hidden for one in events]

    before: Mapping[str, Any] = log.sealed.values if log.sealed else {}
    again = [*before.get("again", []), *([part(log.continued)] if log.sealed and log.continued else [])]
    ends = dict(before.get("ends", {}))
    own = {f"again {len(again)}": log.continued} if log.sealed else {"base": log.base, "continued": log.continued}
    for name, events in own.items():
        if events and not shown(events[-1]):
            ends[name] = {"key": events[-1].key, "signature": events[-1].signature}
    return {
        "format": _FORMAT,
        "base": before["base"] if log.sealed else part(log.base),
        "continued": before["continued"] if log.sealed else part(log.continued),
        "again": again,
        "ends": ends,
        "head": log.head,
        "keeper": log.keeper,
    }


def _names(events: Iterable[Event], wanted: set[str]) -> re.Pattern[str] | None:
    """What names those who are not wanted in the uses of others: their ids, and the clips that are theirs alone."""
    others = {one.subject for one in events if one.subject and one.subject not in wanted}
    jobs = (str(one.body["job"]).split() for one in events if one.kind == "used" and one.subject in others)
    clips = {job[1] for job in jobs if len(job) == 2 and job[0] in _OF_ONE}
    found = sorted(others | clips, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, found))})(?!\w)") if found else None


def _names_any(one: Event, names: re.Pattern[str] | None) -> bool:
    if one.kind != "used" or names is None:
        return False
    said = [str(one.body["job"]), *(str(use.get("with", "")) for use in one.body["uses"])]
    return any(names.search(text) for text in said)


def check_proof(proof: Any, where: object = "the proof of consent") -> Proof:
    """The proof, once its chains, signatures, tags and head hold. Raises ConsentError, naming what does not."""
    _require_shape(proof, where)
    base, digests = _walk(proof["base"], f"{where}, base")
    public = check_base(f"{where}, base", base)
    ends = dict(proof["ends"])
    _require_end(proof["base"], ends.pop("base", None), digests, {public}, f"{where}, base")
    head, anchors, chains = digests[-1], dict.fromkeys(digests, _EARLY), [tuple(digests)]
    added: list[Event] = []
    for name, entries in {"continued": proof["continued"], **_again(proof)}.items():
        place = f"{where}, {name}"
        events, digests = _walk(entries, place)
        chains.append(tuple(digests))
        if not entries:
            continue
        check_continued(place, anchors, events)
        known = {str(one.body["public"]) for one in events if one.kind == "continued"}
        _require_end(entries, ends.pop(name, None), digests, known, place)
        if any(not isinstance(one, dict) and unhide(one)[0] not in TAKING for one in entries):
            raise ConsentError(place, "holds a hidden event that is the keeper's alone to write", _REMEDY)
        added += events
        head = joined(head, digests[-1])
        anchors = {head: events[-1].time}
    if proof["head"] != head or proof["keeper"] != public or ends:
        raise ConsentError(where, "its head, keeper or ends are not what follows from its events", _REMEDY)
    hidden = [one for part in _parts(proof) for one in part if isinstance(one, str)]
    _require_nothing_left_out(check_tags(where, [*base, *added]), hidden, where)
    return Proof(
        events=(*base, *added),
        added=tuple(added),
        head=head,
        keeper=public,
        hidden=len(hidden),
        time=max(one.time for one in (*base, *added)),
        chains=tuple(chains),
    )


def _again(proof: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {f"again {number}": part for number, part in enumerate(proof["again"], 1)}


def _parts(proof: Mapping[str, Any]) -> list[list[Any]]:
    return [proof["base"], proof["continued"], *proof["again"]]


def _require_shape(proof: Any, where: object) -> None:
    shape = {"format", "base", "continued", "again", "ends", "head", "keeper"}
    good = (
        isinstance(proof, dict)
        and set(proof) == shape
        and proof["format"] == _FORMAT
        and isinstance(proof["ends"], dict)
        and isinstance(proof["again"], list)
        and all(isinstance(part, list) for part in _parts(proof))
        and all(proof["again"])
    )
    if not good:
        raise ConsentError(where, "is no proof of consent", _REMEDY)


def _require_nothing_left_out(tags: Mapping[str, str], hidden: Iterable[str], where: object) -> None:
    """Raises ConsentError when a hidden event is about a subject who is shown, and more than a use elsewhere."""
    names = {tag: subject for subject, tag in tags.items()}
    for kind, tag in map(unhide, hidden):
        if tag in names and kind != "used":
            raise ConsentError(
                where, f"hides an event '{kind}' of '{names[tag]}', whose other events it shows", _REMEDY
            )


def _fields(one: Event) -> dict[str, Any]:
    return {name: copy.deepcopy(getattr(one, name)) for name in FIELDS}


def _walk(entries: Sequence[Any], where: str) -> tuple[list[Event], list[str]]:
    """The events shown, and the hash after each entry. Raises ConsentError where one does not follow."""
    events: list[Event] = []
    hashes = [NOTHING]
    for number, entry in enumerate(entries, 1):
        place = f"{where} entry {number}"
        try:
            if isinstance(entry, str):
                unhide(entry)
                hashes.append(chained(hashes[-1], entry))
                continue
            one = event(entry if isinstance(entry, dict) else {})
        except ValueError as error:
            raise ConsentError(place, str(error), _REMEDY) from error
        if one.previous != hashes[-1] or one.number != number:
            raise ConsentError(place, "does not follow from the entries before it", _REMEDY)
        if events and one.time < events[-1].time:
            raise ConsentError(place, "is older than the one shown before it", _REMEDY)
        events.append(one)
        hashes.append(one.hash)
    return events, hashes[1:]


def _require_end(entries: Sequence[Any], end: Any, hashes: Sequence[str], publics: Iterable[str], where: str) -> None:
    """Raises ConsentError unless one of the keys signed the chain's last hash, and with it the whole chain.

    An event that is shown bears its own signature, and has been checked.
    """
    if isinstance(entries[-1], dict):
        held = end is None
    else:
        good = isinstance(end, dict) and set(end) == {"key", "signature"} and isinstance(end["signature"], str)
        held = good and any(
            key_id(public) == end["key"] and signed(public, hashes[-1], end["signature"]) for public in publics
        )
    if not held:
        raise ConsentError(where, "its end is not signed by the log's key", _REMEDY)


def read_any(folder: Path) -> Log:
    """The log of a folder, or the part of one that a proof in it shows, with what was added to it here."""
    if (folder / LOG).exists() or not (folder / PROOF).exists():
        return read_log(folder)
    place = folder / PROOF
    try:
        values = json.loads(place.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConsentError(place, f"cannot be read ({error.strerror})", "Make it readable for you.") from error
    except (ValueError, RecursionError) as error:
        raise ConsentError(place, "is no JSON", _REMEDY) from error
    proof = check_proof(values, place)
    continued = read_lines(folder / CONTINUED) if (folder / CONTINUED).exists() else ()
    check_continued(folder / CONTINUED, {proof.head: proof.time}, continued)
    check_order(folder / CONTINUED, continued)
    check_tags(folder, proof.events + continued)
    base = proof.events[: len(proof.events) - len(proof.added)]
    sealed = Sealed(head=proof.head, time=proof.time, added=proof.added, values=values)
    log = Log(folder=folder, base=base, continued=continued, sealed=sealed)
    require_past(log)
    return log
