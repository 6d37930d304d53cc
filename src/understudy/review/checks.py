"""What a review finds: checks that passed, that failed and name what is wrong, and those that cannot be made here."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from understudy.errors import Error

State = Literal["passed", "failed", "not possible"]
SIGNS = {"passed": "ok  ", "failed": "FAIL", "not possible": "n/a "}
MOST_SHOWN = 12  # findings of one check that the list shows; JSON holds them all


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong. file: in the crate; line: of it, from 1, if any. item: the number, row or event.

    fact: what it is. due: what it should be, if that is known.
    """

    file: str
    fact: str
    line: int | None = None
    item: str = ""
    due: str = ""

    def __str__(self) -> str:
        place = self.file + (f", line {self.line}" if self.line else "") + (f", {self.item}" if self.item else "")
        return f"{place}: {self.fact}" + (f"; it should be {self.due}" if self.due else "")


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check. note: what was looked at, or why it could not be."""

    name: str
    state: State
    note: str = ""
    findings: tuple[Finding, ...] = ()

    def plain(self) -> dict[str, Any]:
        """The check as JSON can hold it."""
        return asdict(self) | {"findings": [asdict(finding) for finding in self.findings]}


class Impossible(Exception):  # noqa: N818 - no error: what a crate need not hold is not there
    """A check lacks what it needs; the text says what, and why it is not in the crate."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one check found, and in words what it looked at."""

    note: str
    findings: Iterable[Finding] = ()


def make(name: str, look: Callable[[], Outcome], file: str, scratch: Path) -> Check:
    """Makes a check. file: what is named when it breaks off. scratch: the folder of copies, which messages leave out.

    A crate is anybody's file, and what reads it (tables, YAML, media) fails in ways that no list of errors holds: so
    whatever breaks a check off fails it.
    """
    try:
        outcome = look()
        found = tuple(outcome.findings)
    except Impossible as reason:
        return Check(name=name, state="not possible", note=str(reason))
    except Error as error:
        return Check(name=name, state="failed", findings=(Finding(file=file, fact=_bare(str(error), scratch)),))
    except Exception as error:
        fact = f"cannot be checked ({type(error).__name__}: {_bare(str(error), scratch)})"
        return Check(name=name, state="failed", findings=(Finding(file=file, fact=fact),))
    return Check(name=name, state="failed" if found else "passed", note=outcome.note, findings=found)


def _bare(text: str, scratch: Path) -> str:
    """A message without the place of the copies, and not too long."""
    bare = text.replace(f"{scratch}/", "")
    return bare if len(bare) < 400 else f"{bare[:400]}..."


def lines(checks: Sequence[Check]) -> Iterator[str]:
    """The checks as a list to read, with a summary at its end."""
    for check in checks:
        yield f"{SIGNS[check.state]}  {check.name}" + (f": {check.note}" if check.note else "")
        for finding in check.findings[:MOST_SHOWN]:
            yield f"        {finding}"
        if len(check.findings) > MOST_SHOWN:
            yield f"        and {len(check.findings) - MOST_SHOWN} more (--json lists them)"
    yield summary(checks)


def summary(checks: Sequence[Check]) -> str:
    """How many checks passed, failed and were not possible."""
    counts = {state: sum(check.state == state for check in checks) for state in SIGNS}
    told = f"{counts['passed']} passed, {counts['failed']} failed, {counts['not possible']} not possible"
    return f"{len(checks)} checks: {told}"
