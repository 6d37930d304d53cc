"""The commands `understudy consent ...`: what people agreed to, written and read."""

import argparse
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

from understudy.cli import exchanging
from understudy.errors import ConsentError, nearest

_FOLDER = "the folder of the consent log (default: the only one below the working directory)"


def add(commands: Any, command: Callable[..., argparse.ArgumentParser]) -> None:
    """Adds the commands to `understudy consent`."""
    init = command(commands, "init", begin, "begin a consent log, with a key of its own outside of the repository")
    init.add_argument("folder", type=Path, help="such as mystudy/consents")
    rekey = command(commands, "rekey", hand_over, "hand the log over to a new key; the old one signs that")
    rekey.add_argument("folder", type=Path)
    _add_grant(command(commands, "grant", grant, "write what a subject agreed to, or a change of it, into the log"))
    seen = command(commands, "show", show, "show the record of a subject, or of everybody, today or at a date")
    seen.add_argument("subject", nargs="?")
    seen.add_argument("--folder", type=Path, help=_FOLDER)
    seen.add_argument("--on", type=date, help="as the log stood at the end of that day (UTC)")
    seen.add_argument("--events", action="store_true", help="the events themselves")
    checked = command(commands, "verify", check, "check every line of a log: hashes, signatures, order, what follows")
    checked.add_argument("folder", nargs="?", type=Path, help=_FOLDER)
    exchanging.add(commands, command, find, _FOLDER)


def _add_grant(grant: argparse.ArgumentParser) -> None:
    grant.add_argument("subject")
    grant.add_argument("--folder", type=Path, help=_FOLDER)
    grant.add_argument("--basis", required=True, choices=["form", "licence", "synthetic"])
    grant.add_argument(
        "--form-sha256", help="of the signed form, as `sha256sum FORM` prints it; the form itself never goes in"
    )
    grant.add_argument("--licence-name", help="such as 'CC BY 4.0'")
    grant.add_argument("--licence-url", help="where the licence or the data set can be read up")
    grant.add_argument(
        "--purposes",
        required=True,
        type=words,
        help="comma-separated: extract, train, be-source, be-driver, appear-in-report, study-stimulus, share-weights, "
        "publish; be-source:swap+animate names families for one purpose",
    )
    grant.add_argument(
        "--families",
        type=words,
        default=(),
        help="for train, be-source and be-driver where they name none; comma-separated: swap,animate,lipsync,voice",
    )
    grant.add_argument(
        "--counterparts",
        required=True,
        type=words,
        help="with whom: anyone (in the study), same-person, or subjects, comma-separated",
    )
    grant.add_argument("--from", dest="first", type=date, help="first day (default: as before, or today)")
    grant.add_argument("--until", type=date, help="last day; a form needs one")
    grant.add_argument("--note", default="")


def begin(given: argparse.Namespace) -> None:
    """Begins a log."""
    from understudy.people.log import open_log

    log = open_log(given.folder)
    print(f"wrote {log.path}")
    tell_key(given.folder)


def tell_key(folder: Path) -> None:
    """Says where the key of a log is."""
    from understudy.people.log import read_log

    key = read_log(folder).own
    if key is not None:
        print(f"its key is {key.path}: keep a copy in a safe place, for without it nothing can be granted in this log")


def hand_over(given: argparse.Namespace) -> None:
    """Changes the key of a log."""
    from understudy.people.log import change_key

    change_key(given.folder)
    print("handed over to a new key")
    tell_key(given.folder)


def grant(given: argparse.Namespace) -> None:
    """Writes a permission, or a change of one."""
    from understudy.people import grant, read_ledger

    folder = find(given.folder)
    record = read_ledger(folder).records.get(given.subject)
    old = record if record is not None and not record.withdrawn else None
    first = given.first or (old.first if old else datetime.date.today())
    parties = given.counterparts
    event = grant(
        folder,
        _terms(
            {
                "id": old.id if old else _new_id(given.subject, first, record),
                "subject": given.subject,
                "basis": _basis(given),
                "purposes": _purposes(given.purposes, given.families),
                "counterparts": parties[0] if parties in (("anyone",), ("same-person",)) else list(parties),
                "from": first,
                "until": given.until,
                "note": given.note,
            }
        ),
    )
    print(f"{event.kind}: record '{event.record}' of '{event.subject}', event {event.number} of {folder / 'log.jsonl'}")


def show(given: argparse.Namespace) -> None:
    """Shows records."""
    from understudy.cli.telling import line, told
    from understudy.people import read_ledger
    from understudy.people.uses import known

    ledger = read_ledger(find(given.folder), given.on)
    chosen = [known(ledger, given.subject)] if given.subject else list(ledger.records.values())
    for record in chosen:
        print(told(record, given.on or datetime.date.today()))
    if not chosen:
        print(f"no records{f' on {given.on}' if given.on else ' yet'}")
    if given.events:
        for event in ledger.log.events:
            if given.subject in (None, event.subject) and (given.on is None or event.time.date() <= given.on):
                print(line(event, added=event not in ledger.log.base))
    print(f"head {ledger.head}")


def check(given: argparse.Namespace) -> None:
    """Checks a log."""
    from understudy.people import keys, read_ledger

    ledger = read_ledger(find(given.folder))
    log = ledger.log
    others = len(log.events) - len(log.base)
    shown = "shown of the keeper's" if log.sealed else "of the keeper's"
    print(f"{log.path}: {len(log.base)} events {shown}, {others} that others added; all signed, in order, and possible")
    print(f"  {len(ledger.records)} records; keeper's key {keys.key_id(log.keeper)}; head {log.head}")


def find(folder: Path | None) -> Path:
    """The folder that was named, or the only one with a log below the working directory. Raises ConsentError."""
    if folder is not None:
        return folder
    places = [
        path.parent for pattern in ("", "*/", "*/*/", "*/*/*/") for path in sorted(Path().glob(f"{pattern}log.jsonl"))
    ]
    if len(places) == 1:
        return places[0]
    fact = f"there are several: {', '.join(map(str, places))}" if places else "there is none in this directory or below"
    raise ConsentError("the consent log", fact, "Name its folder with --folder; a study's YAML names it as `consents`.")


def _terms(values: dict[str, Any]) -> Any:
    from understudy.people.consent import read_terms
    from understudy.settings import plain

    return read_terms(plain(values), f"the record of '{values['subject']}': ")


def _new_id(subject: str, first: datetime.date, before: Any) -> str:
    """The name of a subject's new record, which is not that of a withdrawn one."""
    name = f"{subject}-{first.isoformat()}"
    return f"{name}-again" if before is not None and before.id == name else name


def _basis(given: argparse.Namespace) -> dict[str, str]:
    """The basis that the flags name."""
    if given.basis == "synthetic":
        return {"kind": "synthetic"}
    if given.basis == "form":
        if given.form_sha256 is None:
            remedy = "Add --form-sha256 with what `sha256sum FORM` prints; the form stays with you."
            raise ConsentError("--basis form", "the form's hash is not given", remedy)
        return {"kind": "form", "sha256": given.form_sha256.lower()}
    if not given.licence_name or not given.licence_url:
        raise ConsentError("--basis licence", "the licence is not named", "Add --licence-name NAME --licence-url URL.")
    return {"kind": "licence", "name": given.licence_name, "url": given.licence_url}


def _purposes(wanted: tuple[str, ...], families: tuple[str, ...]) -> dict[str, Any]:
    """The purposes that the flags name; those that go by family hold for the families named with them, or for all."""
    from understudy.people import FAMILIES, PURPOSES
    from understudy.people.consent import BY_FAMILY

    values: dict[str, Any] = {name: [] if name in BY_FAMILY else False for name in PURPOSES}
    for word in wanted:
        name, _, own = word.partition(":")
        if name not in PURPOSES:
            raise ConsentError(f"--purposes {word}", "there is no such purpose", nearest(name, PURPOSES))
        chosen = own.split("+") if own else families
        for family in chosen:
            if family not in FAMILIES:
                raise ConsentError(f"family '{family}'", "there is no such family", nearest(family, FAMILIES))
        if name in BY_FAMILY and not chosen:
            fact = "train, be-source and be-driver are given family by family"
            raise ConsentError("--families", fact, f"Name some of: {', '.join(FAMILIES)}.")
        values[name] = list(chosen) if name in BY_FAMILY else True
    return values


def words(text: str) -> tuple[str, ...]:
    """A comma-separated list."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def date(text: str) -> datetime.date:
    """A day such as 2026-01-31."""
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no date such as 2026-01-31") from None
