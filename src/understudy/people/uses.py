"""Writing into the log what a keeper or a run says: permissions, withdrawals, uses, purges."""

import dataclasses
import datetime
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy.errors import ConsentError, nearest
from understudy.people.consent import Consent, Terms
from understudy.people.events import Draft, Event
from understudy.people.ledger import Ledger, read_ledger
from understudy.people.log import append
from understudy.people.proof import read_any
from understudy.people.records import body, kind_of, records, terms_of


@dataclasses.dataclass(frozen=True, kw_only=True)
class Use:
    """Something that a job does with a subject. family, counterpart: where the purpose asks for them."""

    subject: str
    purpose: str
    family: str | None = None
    counterpart: str | None = None

    def plain(self) -> dict[str, str]:
        """The use as the log writes it, beside its subject."""
        said = {"purpose": self.purpose, "family": self.family, "with": self.counterpart}
        return {key: value for key, value in said.items() if value is not None}


def mixing(source: str, driver: str, family: str) -> list[Use]:
    """What it takes to mix two people: each with the other as the counterpart."""
    return [
        Use(subject=source, purpose="be-source", family=family, counterpart=driver),
        Use(subject=driver, purpose="be-driver", family=family, counterpart=source),
    ]


def learning(subjects: Sequence[str], family: str) -> list[Use]:
    """What it takes to let one model learn from several people: extraction, and training with each of the others."""
    return [Use(subject=subject, purpose="extract") for subject in subjects] + [
        Use(subject=subject, purpose="train", family=family, counterpart=other)
        for subject in subjects
        for other in subjects
    ]


def grant(folder: Path, terms: Terms) -> Event:
    """Writes what a subject agreed to: granted, widened or narrowed, as it follows from the record in place.

    What others took away meanwhile is written into the keeper's log first: so it stays seen that it was taken over.
    Raises ConsentError when the log's key is not here, when the record says that already, and when it would allow more
    in one thing and less in another.
    """
    ledger = read_ledger(folder)
    record = ledger.records.get(terms.subject)
    for other in ledger.log.events:
        if other.record == terms.id and other.subject != terms.subject:
            fact = f"is that of a record of '{other.subject}'"
            raise ConsentError(f"the id '{terms.id}'", fact, "Give this one another.")
    kind = kind_of(terms, record)
    draft = Draft(kind=kind, subject=terms.subject, record=terms.id, body=body(terms))
    taken = list(_taken_over(ledger, record)) if record and kind != "narrowed" and ledger.log.own else []
    return _append(folder, [*taken, draft])[-1]


def _taken_over(ledger: Ledger, record: Consent) -> Iterable[Draft]:
    """What others took away of a record, as the keeper's own events."""
    known = records(ledger.log.base, ledger.log.path)[record.subject]
    if known.withdrawn:
        return
    if record.withdrawn:
        note = {"note": f"as was written beside this log on {record.withdrawn}"}
        yield Draft(kind="withdrawn", subject=record.subject, record=record.id, body=note)
    elif terms_of(record) != terms_of(known):
        yield Draft(kind="narrowed", subject=record.subject, record=record.id, body=body(record))


def withdraw(folder: Path, subject: str, note: str = "") -> Event:
    """Writes that a subject withdrew. From then on nothing is allowed. Raises ConsentError when there is nothing to."""
    record = known(read_ledger(folder), subject)
    if record.withdrawn:
        raise ConsentError(f"subject '{subject}'", f"withdrew on {record.withdrawn} already", "It stays so.")
    draft = Draft(kind="withdrawn", subject=subject, record=record.id, body={"note": note} if note else {})
    return _append(folder, [draft])[-1]


def purged(folder: Path, subject: str, certificate: str, removed: int) -> Event:
    """Writes that what was derived from a subject is gone. certificate: sha256 of it. removed: how many files."""
    record = known(read_ledger(folder), subject)
    said = {"certificate": certificate, "removed": removed}
    return _append(folder, [Draft(kind="purged", subject=subject, record=record.id, body=said)])[-1]


def ask(folder: Path, study: str, job: str, uses: Sequence[Use], on: datetime.date | None = None) -> Ledger:
    """The ledger, once every use is covered on the day `on` (today by default) and written into the log.

    job: what does it, such as "train original clara+elsa". Raises ConsentError, and writes nothing, when one is not.
    """
    ledger = read_ledger(folder)

    def covered(held: Mapping[str, Consent]) -> None:
        now = dataclasses.replace(ledger, records=held)
        for use in uses:
            now.require(use.subject, use.purpose, use.family, on, use.counterpart)

    covered(ledger.records)
    drafts = list(_said(ledger, study, job, uses))
    # Asked once more while nobody else can write: no use is ever logged after its withdrawal.
    append(Path(folder), drafts, check=lambda events: covered(records(events, ledger.log.path)), read=read_any)
    return read_ledger(folder)


def note_expired(folder: Path, subjects: Iterable[str]) -> None:
    """Writes, once for each record, that its last day was over when it was asked."""
    ledger, today = read_ledger(folder), datetime.date.today()
    noted = {
        (event.record, str(event.body.get("until"))) for event in ledger.log.events if event.kind == "expired-noted"
    }
    drafts = [
        Draft(kind="expired-noted", subject=subject, record=record.id, body={"until": str(record.until)})
        for subject in dict.fromkeys(subjects)
        if (record := ledger.records.get(subject)) and record.status(today) == "expired"
        if (record.id, str(record.until)) not in noted
    ]
    if drafts:
        _append(folder, drafts)


def known(ledger: Ledger, subject: str) -> Consent:
    """The subject's record. Raises ConsentError when there is none."""
    record = ledger.records.get(subject)
    if record is None:
        names = nearest(subject, ledger.records) if ledger.records else "The log has no record yet."
        raise ConsentError(f"subject '{subject}'", f"there is no record of this subject in {ledger.log.path}", names)
    return record


def _said(ledger: Ledger, study: str, job: str, uses: Sequence[Use]) -> Iterable[Draft]:
    """One event a subject, with all that the job does with it."""
    for subject in dict.fromkeys(use.subject for use in uses):
        said: dict[str, Any] = {"study": study, "job": job}
        said["uses"] = [use.plain() for use in dict.fromkeys(uses) if use.subject == subject]
        yield Draft(kind="used", subject=subject, record=ledger.records[subject].id, body=said)


def _append(folder: Path, drafts: Sequence[Draft]) -> tuple[Event, ...]:
    path = Path(folder)
    return append(path, drafts, check=lambda events: records(events, path), read=read_any)
