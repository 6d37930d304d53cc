"""The certificate of a withdrawal: what was removed, what could not be, signed with a key of the log.

<consents>/certificates/<subject>-<date>.json
"""

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy.errors import ConsentError
from understudy.files import read_json, write_json
from understudy.people import keys
from understudy.people.events import canonical
from understudy.people.ledger import read_ledger
from understudy.people.log import Log
from understudy.withdrawal.searching import Found

FORMAT = "understudy withdrawal certificate 1"
_FIELDS = {
    *("format", "subject", "records", "withdrawn", "at", "head", "removed", "versions", "remains"),
    *("key", "signer", "signature"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Certificate:
    """A signed certificate.

    said: all of it, as the file holds it. path: where it is. keeper: whether the log's keeper signed, not only a
    machine that continued it; None when there is no log beside it. logged: whether the log says `purged` with this very
    file.
    """

    path: Path
    said: Mapping[str, Any]
    keeper: bool | None = None
    logged: bool | None = None

    @property
    def sha256(self) -> str:
        """Of the file, as the log names it."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


def folder(consents: Path) -> Path:
    """Where the certificates of a log are."""
    return consents / "certificates"


def removed(found: Sequence[Found]) -> list[dict[str, Any]]:
    """What was removed, as a certificate lists it."""
    return [{"path": str(f.path), "bytes": f.bytes, "sha256": f.sha256, "why": f.why} for f in found]


def write_certificate(log: Log, said: Mapping[str, Any]) -> Certificate:
    """Signs what is said and writes it beside the log; one that the log names already is never written over."""
    key = log.own
    signer = "keeper" if key is not None else "continuation"
    key = key or keys.own_key()
    bare = {**said, "format": FORMAT, "head": log.head, "key": key.public, "signer": signer}
    values = {**bare, "signature": key.sign(canonical(bare))}
    path = _place(log, str(said["subject"]), str(said["at"])[:10])
    write_json(path, values)
    return Certificate(path=path, said=values)


def _place(log: Log, subject: str, day: str) -> Path:
    logged = {event.body.get("certificate") for event in log.events if event.kind == "purged"}
    number = 1
    while True:
        name = f"{subject}-{day}" + (f"-{number}" if number > 1 else "")
        path = folder(log.folder) / f"{name}.json"
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() not in logged:
            return path
        number += 1


def check_certificate(path: Path) -> Certificate:
    """The certificate in a file, once its signature holds, and what the log beside it says of it.

    Raises ConsentError for a file that is none, a signature that does not hold, and a key that the log does not know.
    """
    path = Path(path)
    said = _read(path)
    bare = {name: value for name, value in said.items() if name != "signature"}
    if not keys.verify(str(said["key"]), canonical(bare), str(said["signature"])):
        raise ConsentError(path, "its signature does not hold: it was changed, or is forged", _REMEDY)
    home = path.resolve().parent.parent
    try:
        log = read_ledger(home).log
    except ConsentError:
        if (home / "log.jsonl").exists():
            raise
        return Certificate(path=path, said=said)
    keepers = {str(e.body["public"]) for e in log.base if e.kind in ("opened", "key-changed")}
    known = keepers | {str(e.body["public"]) for e in log.events if e.kind == "continued"}
    if said["key"] not in known:
        raise ConsentError(path, f"is signed with a key that the log {log.path} does not know", _REMEDY)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    logged = any(event.kind == "purged" and event.body.get("certificate") == digest for event in log.events)
    return Certificate(path=path, said=said, keeper=said["key"] in keepers, logged=logged)


_REMEDY = "Ask whoever keeps the log for the certificate as it was signed."


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ConsentError(path, "there is no such file", "Certificates lie beside the log, in certificates/.")
    try:
        said = read_json(path)
        canonical(said)
    except (ValueError, RecursionError) as error:
        raise ConsentError(path, "is no certificate of a withdrawal: it is no JSON", _REMEDY) from error
    if not isinstance(said, dict) or set(said) != _FIELDS or said["format"] != FORMAT:
        raise ConsentError(path, "is no certificate of a withdrawal", _REMEDY)
    return said
