"""The removal of what was made of a person who withdrew, its certificate, and the event that says so in the log.

Before anything is removed, what will be is written beside the log; so a run that is killed on the way is finished by
the next, whose certificate names all of it.
"""

import contextlib
import datetime
import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from understudy.errors import ConsentError
from understudy.files import read_json, write_json
from understudy.people.consent import Consent
from understudy.people.events import stamp
from understudy.people.ledger import read_ledger
from understudy.people.uses import known, purged
from understudy.withdrawal import places
from understudy.withdrawal.beyond import beyond
from understudy.withdrawal.certificate import Certificate, folder, removed, write_certificate
from understudy.withdrawal.metadata import FOLDER, SOFTWARE
from understudy.withdrawal.person import Person
from understudy.withdrawal.searching import Found, digest
from understudy.withdrawal.versions import lost, say_so

Tell = Callable[[str], None]


def purge(
    consents: Path, person: Person, found: Sequence[Found], root: Path = Path(), tell: Tell = lambda _: None
) -> Certificate:
    """Removes what was found of a person who withdrew, and certifies it; goes on where an earlier purge was killed.

    Raises ConsentError for a person who did not withdraw, and when a file cannot be removed: what was is then noted,
    and the next purge goes on.
    """
    ledger = read_ledger(consents)
    record = known(ledger, person.subject)
    if not record.withdrawn:
        raise ConsentError(f"subject '{person.subject}'", "did not withdraw", "Withdraw first: that is logged.")
    journal = _begun(consents, person.subject, found, lost(root, person.subject, found))
    paths = _listed(root, journal)
    remains = beyond(root, person, [PurePath(each["path"]) for each in journal["removed"]])
    _remove(root, paths, person, tell)
    said = {
        "subject": person.subject,
        "records": list(person.records),
        "withdrawn": str(record.withdrawn),
        "at": stamp(datetime.datetime.now(datetime.UTC)),
        "removed": journal["removed"],
        "versions": journal["versions"],
        "remains": remains,
    }
    certificate = write_certificate(ledger.log, said)
    return _finish(consents, root, record, certificate, journal)


def _finish(
    consents: Path, root: Path, record: Consent, certificate: Certificate, journal: Mapping[str, Any]
) -> Certificate:
    """Says in results/ what was taken back, then in the log that all is done."""
    assert record.withdrawn is not None
    say_so(root, journal["versions"], record.withdrawn, certificate.sha256)
    purged(consents, record.subject, certificate.sha256, len(journal["removed"]))
    _journal(consents, record.subject).unlink(missing_ok=True)
    return certificate


def unfinished(consents: Path, subject: str) -> bool:
    """Whether a purge of the subject began here and was not finished."""
    return _journal(consents, subject).exists()


def _journal(consents: Path, subject: str) -> Path:
    return folder(consents) / f".{subject}.unfinished.json"


def _begun(
    consents: Path, subject: str, found: Sequence[Found], versions: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Writes down all that is to be removed, with what an unfinished purge had; returns it."""
    path = _journal(consents, subject)
    before = read_json(path) if path.exists() else {"removed": [], "versions": []}
    entries = {(each["path"], each["sha256"]): each for each in [*before["removed"], *removed(found)]}
    taken = {(each["path"], each["receipt"]): each for each in [*before["versions"], *versions]}
    journal = {"removed": list(entries.values()), "versions": list(taken.values())}
    write_json(path, journal)
    return journal


def _listed(root: Path, journal: Mapping[str, Any]) -> list[PurePath]:
    """What is to be removed and is still there; what an earlier purge had noted, if it is still the same."""
    there = [each for each in journal["removed"] if os.path.lexists(root / each["path"])]
    return sorted({PurePath(each["path"]) for each in there if digest(root / each["path"]) == each["sha256"]})


def _remove(root: Path, paths: Sequence[PurePath], person: Person, tell: Tell) -> None:
    """Removes files, then the folders that they leave empty or that bear the person's name."""
    failed: list[str] = []
    for number, path in enumerate(paths):
        if number % 200 == 0:
            tell(f"removed {number} of {len(paths)} files")
        try:
            _unlink(root / path)
        except FileNotFoundError:
            continue
        except OSError as error:
            failed.append(f"{path} ({error.strerror})")
    if failed:
        named = ", ".join(failed[:5]) + (f" and {len(failed) - 5} more" if len(failed) > 5 else "")
        remedy = "Give yourself the right to remove them and run the same command again: it goes on."
        raise ConsentError("the purge", f"cannot remove {named}", remedy)
    _prune(root, {parent for path in paths for parent in path.parents}, person)


def _unlink(place: Path) -> None:
    """Removes a file; Snakemake write-protects folders of some outputs, and their owner may lift that."""
    try:
        place.unlink()
    except PermissionError:
        place.parent.chmod(place.parent.stat().st_mode | stat.S_IWUSR)
        place.unlink()


def _prune(root: Path, touched: set[PurePath], person: Person) -> None:
    """Removes the empty folders that held what was removed, those that bear the person's name, and coded ones."""
    for top in places.ROOTS:
        for here, _, _ in os.walk(root / top, topdown=False):
            folder = PurePath(Path(here).relative_to(root))
            if len(folder.parts) < 2 or (top == FOLDER and (folder.parts[1] in SOFTWARE or len(folder.parts) == 2)):
                continue
            study = places.study_of(folder / "x")
            bears = study not in person.elsewhere and person.pattern(study).search(places.filled(folder / "x"))
            if folder in touched or bears or top == FOLDER:
                with contextlib.suppress(OSError):  # not empty: it stays
                    (root / folder).rmdir()
