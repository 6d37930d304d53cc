"""The ledger: the consent records of a study, one YAML file a subject, asked before anything is done with a person."""

import dataclasses
import datetime
from collections.abc import Iterable, Mapping
from pathlib import Path

from understudy.errors import ConsentError
from understudy.people.consent import Consent, read_consent, refusal, require_known, use


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ledger:
    """The consent records in a folder, by subject."""

    folder: Path
    records: Mapping[str, Consent]

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
            remedy = f"Obtain consent and run `understudy consent new {subject}`, or take the subject out of the study."
            return ConsentError(f"subject '{subject}'", said, remedy)
        return refusal(record, purpose, family, on or datetime.date.today(), counterpart)

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


def read_ledger(folder: Path) -> Ledger:
    """The records in the folder's *.yaml and *.yml files. Raises ConsentError for a bad or doubled record."""
    folder = Path(folder)
    if not folder.is_dir():
        raise ConsentError(
            folder, "there is no such folder", "Make it, and write a record with `understudy consent new`."
        )
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml") and path.name[0] != ".")
    return Ledger(folder=folder, records=_by_subject(read_consent(path) for path in paths))


def _by_subject(records: Iterable[Consent]) -> dict[str, Consent]:
    """The records by subject; one subject has one record, and one id names one record."""
    found: dict[str, Consent] = {}
    for record in records:
        for other in found.values():
            if record.subject == other.subject or record.id == other.id:
                same = f"subject '{record.subject}'" if record.subject == other.subject else f"id '{record.id}'"
                fact = f"has the same {same} as {other.path}"
                raise ConsentError(record.path, fact, "Keep one record a subject, and one id a record.")
        found[record.subject] = record
    return found
