"""What records and events of a consent log are called when they are shown."""

import datetime

from understudy.people import Consent
from understudy.people.consent import read_terms
from understudy.people.events import PERMITTING, Event
from understudy.people.keys import key_id


def told(record: Consent, on: datetime.date) -> str:
    """A record in a few lines."""
    status, days = str(record.status(on)), f"{record.first} to {record.until or 'no end'}"
    if record.withdrawn:
        status += f" on {record.withdrawn}" + (", and what was made of them is removed" if record.purged else "")
    lines = {
        "had allowed" if record.withdrawn else "allows": ", ".join(record.purposes.words()) or "nothing",
        "with": record.parties(),
        "basis": record.basis.words(),
        "note": record.note,
    }
    text = "".join(f"\n    {name:<11} {_plain(said)}" for name, said in lines.items() if said)
    return f"{record.subject}: {status}; {days}  (record {record.id}){text}"


def _plain(text: str) -> str:
    """The text without what would steer a terminal: anybody may have written it."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def line(event: Event, *, added: bool) -> str:
    """An event in a line; the number of one that others added has a plus."""
    number = f"{'+' if added else ''}{event.number}"
    return f"{event.at}  {number:>5}  {event.kind:<13}  {event.subject:<10}  {_plain(_gist(event))}".rstrip()


def _gist(event: Event) -> str:
    """What an event says beside its subject, in a few words."""
    body = event.body
    if event.kind == "used":
        asked = sorted({" ".join(use[key] for key in ("purpose", "family") if key in use) for use in body["uses"]})
        return f"{body['study']}: {body['job']} ({', '.join(asked)})"
    if event.kind in PERMITTING:
        terms = read_terms(dict(body), "")
        return f"{', '.join(terms.purposes.words()) or 'nothing'}; {terms.first} to {terms.until or 'no end'}"
    if "public" in body:
        return f"key {key_id(body['public'])}"
    return ", ".join(f"{key} {value}" for key, value in body.items())
