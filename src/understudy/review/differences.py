"""In what the reviewer's program, machine and library versions differ from those of a crate."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.crate.contents import MACHINE, WORKFLOW
from understudy.errors import Error
from understudy.files import sha256
from understudy.job import fingerprint, machine
from understudy.review.evidence import Evidence


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that is not as it was. then: in the crate; now: here."""

    what: str
    then: str
    now: str

    def __str__(self) -> str:
        return f"{self.what}: {self.then} then, {self.now} now"


def differences(evidence: Evidence, checkout: Path) -> list[Difference]:
    """All of them: the program's first, then the libraries', then the machine's."""
    then, now = evidence.json(MACHINE), machine()
    libraries = then.pop("packages", {}), now.pop("packages")
    return [*_program(evidence, checkout), *_between(*libraries), *_between(then, now)]


def _program(evidence: Evidence, checkout: Path) -> Iterator[Difference]:
    """The files of the workflow by their hashes, and the code of each training by the fingerprint on its card."""
    for path in evidence.under(WORKFLOW):
        here = checkout / Path(path).relative_to(WORKFLOW)
        digest = sha256(here) if here.is_file() else "absent"
        if digest != evidence.crate.files[path]:
            yield Difference(what=path, then=evidence.crate.files[path][:12], now=digest[:12])
    for path in evidence.under("runs"):
        if path.endswith("/card.json"):
            told = str(evidence.json(path)["code"])
            found = _code(checkout, evidence.study.module_name(Path(path).parts[1]))
            if found != told:
                yield Difference(what=f"code of {Path(path).parent}", then=told[:12], now=found[:12])


def _code(checkout: Path, method: str) -> str:
    """The fingerprint of a method's training as it is here."""
    try:
        return fingerprint(checkout / "scripts/train.py", f"understudy.methods.{method}")
    except Error:
        return "absent"


def _between(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    for name in dict.fromkeys([*then, *now]):
        if then.get(name) != now.get(name):
            yield Difference(what=name, then=str(then.get(name)), now=str(now.get(name)))
