"""The records that follow from a log: what each subject allows at a date, and whether one event may follow another."""

import dataclasses
import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from understudy.errors import ConsentError
from understudy.people.consent import Consent, Terms, met, read_terms
from understudy.people.events import PERMITTING, Event
from understudy.people.keys import key_id
from understudy.settings import plain

_BACKUP = "The log does not hold together: bring it back from a backup."


def records(events: Iterable[Event], path: Path, on: datetime.date | None = None) -> dict[str, Consent]:
    """Each subject's record after all events, or after those up to and with the day `on` (UTC).

    events: the keeper's in their order, then what others added in its order. What others add can cross what the keeper
    writes meanwhile elsewhere; so it is laid over the keeper's records, and takes away whatever the order: a withdrawal
    ends the record it names, a narrowing leaves of it what both allow, until the keeper has taken that over.
    Raises ConsentError for an event that cannot follow from those before it, such as a permission after a withdrawal
    under the old record, or a `narrowed` of the keeper's that allows more.
    """
    every = [event for event in events if on is None or event.time.date() <= on]
    keepers = {key_id(str(event.body["public"])) for event in every if event.kind in ("opened", "key-changed")}
    base = [event for event in every if not keepers or event.key in keepers]
    found: dict[str, Consent] = {}
    ids: dict[str, str] = {}
    for event in base:
        if event.subject:
            _apply(event, found, ids, path)
    states = [event for event in base if event.kind in PERMITTING]
    for event in every:
        if event.subject and keepers and event.key not in keepers:
            _lay_over(event, found, ids, path, states)
    for event in every:
        if event.kind == "purged":
            _purge(event, found, path)
    return found


def _apply(event: Event, found: dict[str, Consent], ids: dict[str, str], path: Path) -> None:
    """Changes the subject's record as the keeper's event says."""
    where = _where(event, path)
    before = found.get(event.subject)
    if event.kind in PERMITTING:
        found[event.subject] = _new(event, before, where, path)
        if ids.setdefault(event.record, event.subject) != event.subject:
            raise ConsentError(where, f"the record id '{event.record}' is another subject's", _BACKUP)
    else:
        _require_known(event, ids, where)
        if event.kind == "withdrawn":
            if before is None or before.withdrawn or before.id != event.record:
                raise ConsentError(where, "there is no such record in place to withdraw", _BACKUP)
            found[event.subject] = dataclasses.replace(before, withdrawn=event.time.date())


def _lay_over(
    event: Event, found: dict[str, Consent], ids: dict[str, str], path: Path, states: Iterable[Event]
) -> None:
    """Takes away from the keeper's record what an event that others added takes away."""
    where = _where(event, path)
    _require_known(event, ids, where)
    record = found[event.subject]
    if event.record != record.id:
        return  # it was said of a record that the keeper ended since
    if event.kind == "withdrawn" and not record.withdrawn:
        found[event.subject] = dataclasses.replace(record, withdrawn=event.time.date())
    elif event.kind == "narrowed":
        terms = _terms(event, where)
        later = (state for state in states if state.record == event.record and state.time > event.time)
        if not any(_terms(state, where).within(terms) for state in later):
            left = met(record, terms)
            found[event.subject] = dataclasses.replace(record, **{name: getattr(left, name) for name in _TAKEN})


_TAKEN = ("purposes", "counterparts", "first", "until")


def _purge(event: Event, found: dict[str, Consent], path: Path) -> None:
    """Notes that what was derived from a subject who withdrew is gone."""
    record = found.get(event.subject)
    if record is not None and record.id == event.record:
        if not record.withdrawn:
            raise ConsentError(_where(event, path), "nothing was withdrawn", _BACKUP)
        found[event.subject] = dataclasses.replace(record, purged=True)


def _where(event: Event, path: Path) -> str:
    return f"{path}, event {event.number} ({event.kind} of '{event.subject}')"


def _require_known(event: Event, ids: dict[str, str], where: str) -> None:
    if ids.get(event.record) != event.subject:
        raise ConsentError(where, f"there is no record '{event.record}' of that subject then", _BACKUP)


def _terms(event: Event, where: str) -> Terms:
    """The terms that a permission holds. Raises ConsentError unless they are its subject's and record's."""
    terms = read_terms(dict(event.body), f"{where}: ")
    if terms.subject != event.subject or terms.id != event.record:
        raise ConsentError(where, "its subject or id is not that of the record in it", _BACKUP)
    return terms


def _new(event: Event, before: Consent | None, where: str, path: Path) -> Consent:
    """The record that a permission makes of the one before."""
    terms = _terms(event, where)
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
    if before is not None and (before.id == terms.id) == bool(before.withdrawn):
        fact = "was withdrawn, and never comes back" if before.withdrawn else f"is in place, and this is '{terms.id}'"
        remedy = "Give the new one another id." if before.withdrawn else "Change it under its own id, or withdraw it."
        raise ConsentError(f"the record '{before.id}' of '{terms.subject}'", fact, remedy)
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
