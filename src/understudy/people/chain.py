"""Reading a consent log's files: every line well-formed, signed by a key that may, following from the one before.

What a chain shows: that nothing in it was changed, dropped or put in between since a head of it was seen elsewhere.
What it cannot show: that nothing was left unwritten; that the clock of whoever wrote it was right (only the order is
sure); that its keeper did not write all of it anew, under the same key, for somebody who never saw a head of it; that
the end was not cut off (for that there are the witness, people.witness, and the heads that every result names).
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from understudy.errors import ConsentError
from understudy.people.events import NOTHING, TAKING, Event, parse

LOG, CONTINUED, PROOF = "log.jsonl", "continued.jsonl", "proof.json"
# Clocks of machines that share a log differ a little; a clock that differs by more is wrong.
SKEW = datetime.timedelta(minutes=5)
BACKUP = "Bring back the log as it was, from a backup: it is only ever added to, never edited."


def read_lines(path: Path) -> tuple[Event, ...]:
    """The events of a file, each well-formed and numbered as its line; nothing else is checked yet.

    Raises ConsentError, which names the line.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConsentError(path, f"cannot be read ({error.strerror})", "Make it readable for you.") from error
    if content and not content.endswith(b"\n"):
        raise ConsentError(path, "its last line is cut off", BACKUP)
    events: list[Event] = []
    for number, line in enumerate(content.split(b"\n")[:-1], 1):
        where = f"{path}, line {number}"
        try:
            event = parse(line)
        except ValueError as error:
            raise ConsentError(where, str(error), BACKUP) from error
        if event.number != number:
            fact = f"the event bears the number {event.number}: a line is missing, doubled, changed or out of order"
            raise ConsentError(where, fact, BACKUP)
        events.append(event)
    return tuple(events)


def check_order(path: Path, events: Sequence[Event]) -> None:
    """Raises ConsentError unless each event carries the hash of the one before, and none is older than that one."""
    for before, event in zip((None, *events), events, strict=False):
        where = f"{path}, line {event.number}"
        if event.previous != (before.hash if before else NOTHING):
            raise ConsentError(where, "does not follow from the line before: one of them was put there later", BACKUP)
        if before and event.time < before.time:
            raise ConsentError(where, f"is older ({event.at}) than the line before it", BACKUP)


def check_base(path: object, base: Sequence[Event]) -> str:
    """The keeper's public key at the end.

    Raises ConsentError unless a log begins with `opened`, and the key that was the keeper's then signed each event.
    """
    if not base or base[0].kind != "opened" or base[0].number != 1:
        raise ConsentError(path, "does not begin with the event 'opened'", BACKUP)
    public = ""
    for event in base:
        where = f"{path}, line {event.number}"
        if event.kind == "continued" or (event.kind == "opened") != (event.number == 1):
            raise ConsentError(where, f"an event '{event.kind}' cannot stand there", BACKUP)
        if event.kind == "opened":
            public = public_of(event, where)
        if not event.signed_by(public):
            raise ConsentError(where, "its signature is not the keeper's: the line was changed or forged", BACKUP)
        if event.kind == "key-changed":
            public = public_of(event, where)
    return public


def check_continued(path: object, anchors: Mapping[str, datetime.datetime], continued: Sequence[Event]) -> None:
    """Raises ConsentError unless every added event is signed by a key that was introduced, and allows nothing.

    anchors: the hashes of the log that it may go on from, in their order, with their times.
    """
    places = {digest: number for number, digest in enumerate(anchors)}
    known: set[str] = set()
    anchor = -1
    for event in continued:
        where = f"{path}, line {event.number}"
        if event.kind not in TAKING:
            raise ConsentError(where, f"an event '{event.kind}' is the keeper's alone to write", BACKUP)
        if event.kind == "continued":
            name = str(event.body["anchor"])
            place = places.get(name, -1)
            if place < max(anchor, 0) or event.time + SKEW < anchors[name]:
                raise ConsentError(where, "it continues another log than the one beside it", BACKUP)
            anchor = place
            known.add(public_of(event, where))
        if not any(event.signed_by(public) for public in known):
            raise ConsentError(where, "its signature is of no key that was introduced: changed or forged", BACKUP)


def check_tags(path: object, events: Iterable[Event]) -> dict[str, str]:
    """The tag of each subject. Raises ConsentError where a subject has two, or two subjects have one."""
    tags: dict[str, str] = {}
    subjects: dict[str, str] = {}
    for event in events:
        if event.subject:
            tag = tags.setdefault(event.subject, event.tag)
            if tag != event.tag or subjects.setdefault(tag, event.subject) != event.subject:
                fact = f"event {event.number} ({event.kind}) bears a tag that is not that of its subject"
                raise ConsentError(path, fact, BACKUP)
    return tags


def public_of(event: Event, where: object) -> str:
    """The public key that an event names."""
    public = str(event.body.get("public"))
    if len(public) != 64 or not set(public) <= set("0123456789abcdef"):
        raise ConsentError(where, "names no public key", BACKUP)
    return public
