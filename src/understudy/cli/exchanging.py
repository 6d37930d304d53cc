"""The commands `understudy consent export` and `import`: records as ISO/IEC TS 27560 consent records in JSON-LD."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from understudy.errors import ConsentError

Find = Callable[[Path | None], Path]


def add(commands: Any, command: Callable[..., argparse.ArgumentParser], find: Find, folder: str) -> None:
    """Adds the commands to `understudy consent`. find: the folder of the log. folder: what its flag is for."""

    def export(given: argparse.Namespace) -> None:
        _export(given, find(given.folder))

    def bring_in(given: argparse.Namespace) -> None:
        _import(given, find(given.folder))

    out = command(commands, "export", export, "write a record as an ISO/IEC TS 27560 consent record (DPV, JSON-LD)")
    out.add_argument("subject")
    out.add_argument("--folder", type=Path, help=folder)
    out.add_argument("--out", type=Path, help="the file (default: standard output)")
    out.add_argument("--controller", default="", help="who answers for the use of the person's data: a name")
    out.add_argument("--jurisdiction", default="", help="such as loc:DE")
    out.add_argument("--language", default="", help="of the signed form, such as de")
    out.add_argument("--contact", default="", help="where a withdrawal is said: an address")
    into = command(commands, "import", bring_in, "grant what a consent record says that somebody else wrote (JSON-LD)")
    into.add_argument("file", type=Path)
    into.add_argument("--folder", type=Path, help=folder)


def _export(given: argparse.Namespace, folder: Path) -> None:
    """Writes a record for others."""
    from understudy.files import write_json
    from understudy.people import read_ledger
    from understudy.people.dpv import Details, to_dpv
    from understudy.people.uses import known

    ledger = read_ledger(folder)
    details = Details(**{name: getattr(given, name) for name in ("controller", "jurisdiction", "language", "contact")})
    values = to_dpv(ledger, known(ledger, given.subject), details)
    if given.out is None:
        print(json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False))
    else:
        write_json(given.out, values)
        print(f"wrote {given.out}")
    if details.missing:
        flags = ", ".join(f"--{name}" for name in details.missing)
        print(f"note: the log does not know all that a full record says; add it with {flags}", file=sys.stderr)


def _import(given: argparse.Namespace, folder: Path) -> None:
    """Grants what a record says."""
    from understudy.people import grant
    from understudy.people.from_dpv import from_dpv

    try:
        values = json.loads(given.file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConsentError(given.file, f"cannot be read ({error.strerror})", "Check its name.") from error
    except (ValueError, RecursionError) as error:
        raise ConsentError(given.file, "is no JSON", "Give a consent record as JSON-LD.") from error
    event = grant(folder, from_dpv(values, str(given.file)))
    print(f"{event.kind}: record '{event.record}' of '{event.subject}', event {event.number} of {folder / 'log.jsonl'}")
