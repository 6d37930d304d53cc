"""The ledger: the consent records that follow from a study's log, asked before anything is done with a person.

A folder of consents holds a log (people.log) or, where a reviewer runs a study again, the proof that came in its crate.
"""

import dataclasses
import datetime
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from understudy.errors import ConsentError
from understudy.people.consent import Consent, refusal, require_known, use
from understudy.people.events import canonical
from understudy.people.log import Log
from understudy.people.proof import read_any
from understudy.people.records import body, records


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ledger:
    """The consent records that a log holds, by subject. on: the day they are of; None for now."""

    log: Log
    records: Mapping[str, Consent]
    on: datetime.date | None = None

    @property
    def folder(self) -> Path:
        """Where the log lies."""
        return self.log.folder

    @property
    def head(self) -> str:
        """The hash of the log's last event."""
        return self.log.head

    @property
    def gone(self) -> tuple[str, ...]:
        """Those who withdrew and from whom everything derived was removed: a study goes on as if without them."""
        return tuple(subject for subject, record in self.records.items() if record.purged)

    def digest(self, subjects: Iterable[str]) -> str:
        """sha256 of what the records of `subjects` say now; whatever else the log holds does not count."""
        said = [
            [body(self.records[name]), str(self.records[name].withdrawn)]
            for name in sorted(set(subjects))
            if name in self.records
        ]
        return hashlib.sha256(canonical(said)).hexdigest()

    def record(self, subject: str) -> Consent | None:
        """The subject's record, if there is one."""
        return self.records.get(subject)

    def refusal(
        self,
        subject: str,
        purpose: str,
        family: str | None = None,
        on: datetime.date | None = None,
        counterpart: str | None = None,
    ) -> ConsentError | None:
        """Why a use is not covered on the day `on` (today by default), or None when it is."""
        require_known(purpose, family)
        record = self.records.get(subject)
        if record is None:
            said = f"{use(purpose, family)} is not covered: there is no record of this subject in '{self.folder}'"
            remedy = (
                f"Obtain consent and run `understudy consent grant {subject}`, or take the subject out of the study."
            )
            return ConsentError(f"subject '{subject}'", said, remedy)
        return refusal(record, purpose, family, on or self.on or datetime.date.today(), counterpart)

    def require(
        self,
        subject: str,
        purpose: str,
        family: str | None = None,
        on: datetime.date | None = None,
        counterpart: str | None = None,
    ) -> Consent:
        """The record that covers a use on the day `on` (today by default).

        purpose: one of PURPOSES. family: one of FAMILIES, for train, source and driver. counterpart: the subject that
        this one is mixed with, if any. Raises ConsentError, which names subject, purpose, record and remedy.
        """
        refused = self.refusal(subject, purpose, family, on, counterpart)
        if refused is not None:
            raise refused
        return self.records[subject]


def read_ledger(folder: Path, on: datetime.date | None = None) -> Ledger:
    """The records of a folder's log as they stand, or as they stood at the end of the day `on` (UTC).

    Raises ConsentError for a folder without a log, and for a log of which anything is wrong.
    """
    folder = Path(folder)
    if not folder.is_dir():
        remedy = f"Make it with `understudy consent init {folder}`."
        raise ConsentError(folder, "there is no such folder", remedy)
    log = read_any(folder)
    return Ledger(log=log, records=records(log.events, log.path, on), on=on)
