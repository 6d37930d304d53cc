"""The records that follow from a log: what each subject allows at a date, and whether one event may follow another."""

import dataclasses
import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from understudy.errors import ConsentError
from understudy.people.consent import Consent, Terms, read_terms
from understudy.people.events import Event
from understudy.settings import plain

_BACKUP = "The log does not hold together: bring it back from a backup."


def records(events: Iterable[Event], path: Path, on: datetime.date | None = None) -> dict[str, Consent]:
    """Each subject's record after all events, or after those up to and with the day `on` (UTC).

    Raises ConsentError for an event that cannot follow from those before it, such as a permission after a withdrawal
    under the old record, or a `narrowed` that allows more.
    """
    found: dict[str, Consent] = {}
    ids: dict[str, str] = {}
    for event in events:
        if on is not None and event.time.date() > on:
            continue
        if event.subject:
            _apply(event, found, ids, path)
    return found


def _apply(event: Event, found: dict[str, Consent], ids: dict[str, str], path: Path) -> None:
    """Changes the subject's record as the event says."""
    where = f"{path}, event {event.number} ({event.kind} of '{event.subject}')"
    before = found.get(event.subject)
    if event.kind in ("granted", "widened", "narrowed"):
        found[event.subject] = _new(event, before, where, path)
        if ids.setdefault(event.record, event.subject) != event.subject:
            raise ConsentError(where, f"the record id '{event.record}' is another subject's", _BACKUP)
        return
    if before is None or event.record != before.id:
        raise ConsentError(where, f"there is no record '{event.record}' of that subject then", _BACKUP)
    if event.kind == "withdrawn":
        if before.withdrawn:
            raise ConsentError(where, f"was withdrawn on {before.withdrawn} already", _BACKUP)
        found[event.subject] = dataclasses.replace(before, withdrawn=event.time.date())
    elif event.kind == "purged":
        if not before.withdrawn:
            raise ConsentError(where, "nothing was withdrawn", _BACKUP)
        found[event.subject] = dataclasses.replace(before, purged=True)


def _new(event: Event, before: Consent | None, where: str, path: Path) -> Consent:
    """The record that a permission makes of the one before."""
    terms = read_terms(dict(event.body), f"{where}: ")
    if terms.subject != event.subject or terms.id != event.record:
        raise ConsentError(where, "its subject or id is not that of the record in it", _BACKUP)
    wrong = _misfit(event.kind, terms, before)
    if wrong:
        raise ConsentError(where, wrong, _BACKUP)
    return Consent(path=path, **{name: getattr(terms, name) for name in Terms.__dataclass_fields__})


def _misfit(kind: str, terms: Terms, before: Consent | None) -> str | None:
    """Why a permission of that kind cannot follow, or None when it can."""
    if kind == "granted":
        if before is not None and not before.withdrawn:
            return f"the record '{before.id}' is in place already"
        return "a withdrawn record never comes back: it needs a new id" if before and before.id == terms.id else None
    if before is None or before.withdrawn:
        return "there is no record to change"
    if before.id != terms.id:
        return f"the record's id is '{before.id}'"
    if kind == "narrowed" and not (terms.within(before) and terms.basis == before.basis):
        return "it allows more than before"
    if kind == "widened" and not before.within(terms):
        return "it allows less than before in something"
    return None


def kind_of(terms: Terms, before: Consent | None) -> str:
    """Which event turns the record `before` into these terms. Raises ConsentError when it takes two, or none."""
    if before is None or before.withdrawn:
        return "granted"
    name = f"the record '{before.id}' of '{terms.subject}'"
    if terms_of(before) == terms:
        raise ConsentError(name, "says exactly that already", "Nothing has to be done.")
    if terms.within(before) and terms.basis == before.basis:
        return "narrowed"
    if before.within(terms):
        return "widened"
    fact = "would allow more in one thing and less in another"
    raise ConsentError(name, fact, "Narrow it first, then widen it: two events that can be told apart.")


def terms_of(record: Terms) -> Terms:
    """The terms of a record, without what became of it."""
    return Terms(**{name: getattr(record, name) for name in Terms.__dataclass_fields__})


def body(terms: Terms) -> dict[str, Any]:
    """The terms as an event's body: plain values, dates as text."""
    values: dict[str, Any] = plain(terms_of(terms))
    return values
