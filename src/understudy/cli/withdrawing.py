"""The commands `understudy consent withdraw` and `certificate`: what was made of a person is found, shown, removed."""

import argparse
import contextlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.cli.consenting import find
from understudy.errors import ConsentError

if TYPE_CHECKING:
    from understudy.people import Consent
    from understudy.withdrawal import Found, Person

_LONG = 24 * 3600
_EVERY = 10.0  # seconds between two lines that say that it waits


def add(commands: Any, command: Callable[..., argparse.ArgumentParser]) -> None:
    """Adds the commands to `understudy consent`."""
    out = command(commands, "withdraw", withdraw, "withdraw a subject, and remove everything that was made of them")
    out.add_argument("subject")
    out.add_argument("--folder", type=Path, help="of the consent log (default: the only one below this directory)")
    out.add_argument("--note", default="", help="goes into the log")
    out.add_argument("--yes", action="store_true", help="do not ask")
    out.add_argument("--dry-run", action="store_true", help="show what would be removed, and change nothing")
    out.add_argument(
        "--wait",
        type=float,
        default=_LONG,
        metavar="SECONDS",
        help="how long to wait for a run of Snakemake to end before anything is removed; 0 waits not at all "
        "(default: a day). The withdrawal itself is logged at once",
    )
    out.add_argument(
        "--removed-before",
        action="store_true",
        help="what the log says was made of them was removed already, with the folders of its studies",
    )
    seen = command(commands, "certificate", certificate, "check the certificate of a withdrawal, and say what it says")
    seen.add_argument("file", type=Path)


def withdraw(given: argparse.Namespace) -> int:
    """Withdraws a subject. Returns 0 when all is done, 1 when the user said no."""
    from understudy.people import read_ledger, uses
    from understudy.withdrawal import purge
    from understudy.withdrawal.purging import unfinished

    folder = find(given.folder)
    record = uses.known(read_ledger(folder), given.subject)
    person, found = _look(folder, given.subject)
    _show(record, found)
    if given.dry_run:
        return 0
    if record.purged and not found and not unfinished(folder, given.subject):
        print("nothing has come up since")
        return 0
    if not given.yes and not _agreed(given.subject):
        print("nothing was done")
        return 1
    if not record.withdrawn:
        event = uses.withdraw(folder, given.subject, given.note)
        print(f"withdrawn: event {event.number} of {folder}; from now on every job refuses")
    if _wait(given.subject, given.wait) or not record.withdrawn:
        person, found = _look(folder, given.subject)  # what was made until now
    if not (found or unfinished(folder, given.subject) or given.removed_before):
        _require_here(folder, given.subject)
    done = purge(folder, person, found, tell=_tell)
    _tell("")
    print(f"removed {len(done.said['removed'])} files; the certificate is {done.path}")
    for line in _remaining(done.said["remains"]):
        print(f"  remains: {line}")
    return 0


def certificate(given: argparse.Namespace) -> None:
    """Checks a certificate."""
    from understudy.people import keys
    from understudy.withdrawal import check_certificate

    checked = check_certificate(given.file)
    said = checked.said
    print(f"{given.file}: the signature holds (key {keys.key_id(said['key'])})")
    whose = {True: "the log's keeper", False: "a machine that continued the log", None: "a key; no log lies beside it"}
    print(f"  signed by {whose[checked.keeper]}")
    if checked.logged is not None:
        print(f"  the log {'names' if checked.logged else 'does not name'} this certificate")
    print(
        f"  '{said['subject']}' withdrew on {said['withdrawn']}; removed {len(said['removed'])} files by {said['at']}"
    )
    for line in _remaining(said["remains"]):
        print(f"  remains: {line}")


def _look(folder: Path, subject: str) -> "tuple[Person, list[Found]]":
    from understudy.people import read_ledger
    from understudy.withdrawal import read_person, search

    person = read_person(read_ledger(folder), subject)
    found = search(Path(), person, _tell)
    _tell("")
    return person, found


def _require_here(folder: Path, subject: str) -> None:
    """Raises ConsentError where the log tells of studies with the subject of which nothing is in this directory."""
    from understudy.people import read_ledger

    events = [event for event in read_ledger(folder).log.events if event.kind == "used" and event.subject == subject]
    studies = sorted({str(event.body.get("study")) for event in events})
    missing = [name for name in studies if not any((Path(top) / name).exists() for top in ("data", "results"))]
    if missing:
        fact = f"the log says that '{subject}' was used in {', '.join(missing)}, and nothing of that is here"
        remedy = "Run this where data/ and results/ of the study are. If they were removed, add --removed-before."
        raise ConsentError("the purge", fact, remedy)


def _show(record: "Consent", found: "Sequence[Found]") -> None:
    """The list: folders of which all goes in one line, with their sizes and why."""
    size = sum(each.bytes for each in found)
    state = f"withdrew on {record.withdrawn}" if record.withdrawn else f"record '{record.id}'"
    print(f"made of '{record.subject}' ({state}): {len(found)} files, {_size(size)}")
    for line in _lines(found):
        print(f"  {line}")


def _lines(found: "Sequence[Found]") -> Iterator[str]:
    """One line a file, or a folder whose files are found as a whole."""
    from understudy.withdrawal.places import unit_of

    groups: dict[str, list[Found]] = {}
    for each in found:
        unit = unit_of(each.path) or (each.path.parent if each.path.parts[0] == ".snakemake" else None)
        groups.setdefault(f"{unit}/" if unit else str(each.path), []).append(each)
    for name, files in groups.items():
        why = Counter(each.why for each in files if not each.why.startswith("part of")).most_common(1)
        many = f"{len(files)} files, " if name.endswith("/") else ""
        yield f"{name}  {many}{_size(sum(each.bytes for each in files))}  {why[0][0] if why else 'whole'}"


def _agreed(subject: str) -> bool:
    """Asks whether to go on. Raises ConsentError where nobody can answer."""
    if not sys.stdin.isatty():
        raise ConsentError("the question", "nobody is there to answer it", "Add --yes, or --dry-run to look only.")
    with contextlib.suppress(EOFError):
        answer = input(f"Withdraw '{subject}' for good, and remove all of this? [y/N] ")
        return answer.strip().lower() in ("y", "yes")
    return False


def _wait(subject: str, seconds: float) -> bool:
    """Waits until no run of Snakemake goes on here; returns whether it waited. Raises ConsentError at the end of it."""
    from understudy.withdrawal.metadata import runs

    start = time.monotonic()
    told = -_EVERY
    while (state := runs(Path())).alive:
        waited = time.monotonic() - start
        if waited >= seconds:
            raise ConsentError("the purge", _busy(state.processes), _remedy(subject, bool(state.processes)))
        if waited - told >= _EVERY:
            told = waited
            _tell(f"waiting for Snakemake to end before anything is removed: {waited:.0f} s ({_busy(state.processes)})")
        time.sleep(min(1.0, seconds - waited))
    if state.locks:
        print("Snakemake's locks are those of a run that died: no process of it works here")
    return told >= 0


def _busy(processes: tuple[int, ...]) -> str:
    if processes:
        return f"Snakemake runs here (process {', '.join(map(str, processes))})"
    return "Snakemake's locks are there, and whether their run goes on cannot be told from here"


def _remedy(subject: str, alive: bool) -> str:
    again = f"run `understudy consent withdraw {subject}` again: the withdrawal is logged, and every job refuses"
    if alive:
        return f"Stop the run, or let it end, and {again}."
    return f"If no machine runs it any more, unlock with `snakemake --unlock`, and {again}."


def _remaining(remains: Sequence[dict[str, str]]) -> Iterator[str]:
    """What remains, the many files of one reason in one line."""
    by_reason: dict[str, list[str]] = {}
    for each in remains:
        by_reason.setdefault(each["why"], []).append(each["what"])
    for why, what in by_reason.items():
        more = f" and {len(what) - 3} more" if len(what) > 3 else ""
        yield f"{', '.join(what[:3])}{more}: {why}"


def _tell(line: str) -> None:
    """Progress, for whoever waits: one line that is written over on a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{line}\x1b[K")
        sys.stderr.flush()
    elif line.startswith("waiting"):
        print(line, file=sys.stderr, flush=True)


def _size(size: int) -> str:
    """Bytes in words."""
    amount = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
