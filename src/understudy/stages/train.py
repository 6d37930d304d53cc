"""Rule `train`: one training of a method on a group of subjects."""

import contextlib
import datetime
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from understudy.errors import ConsentError
from understudy.faces.faceset import Faceset
from understudy.learning import Run, device
from understudy.methods import Footage, method
from understudy.people import Use, ask, group, learning, note_expired, read_ledger
from understudy.settings import build

_FILES = ("log.jsonl", "continued.jsonl", "proof.json")  # of which a folder of consents has one or two


def train_run(
    *,
    out: Path,
    method_name: str,
    settings: dict[str, Any],
    subjects: Sequence[str],
    facesets: Sequence[Sequence[str]],
    clips: Sequence[Sequence[str]],
    seed: int,
    code: str,
    threads: int,
    consents: str,
    study: str,
) -> None:
    """Trains in the folder `out`, from its last snapshot if there is one, until its settings are fulfilled.

    subjects, facesets, clips: in step, one entry a side of what the method trains on. Raises ConsentError before it
    begins, and Stopped at the next snapshot after a record expired or was withdrawn.
    """
    torch.set_num_threads(threads)
    chosen = method(method_name)
    job = f"train {method_name} {'+'.join(sorted(set(subjects)))}"
    ledger = ask(Path(consents), study, job, learning(subjects, chosen.FAMILY))
    allowed = group(ledger, subjects=tuple(subjects), family=chosen.FAMILY)
    footage = [
        Footage(subject, tuple(Faceset.open(Path(path)) for path in packed), tuple(Path(path) for path in films))
        for subject, packed, films in zip(subjects, facesets, clips, strict=True)
    ]
    run = Run(
        folder=out,
        seed=seed,
        device=device(),
        consents=allowed.consents,
        log_head=ledger.head,
        code=code,
        settings=settings,
        subjects=tuple(subjects),
        allowed=permission(Path(consents), learning(subjects, chosen.FAMILY)),
    )
    chosen.train(footage, build(chosen.Config, settings, f"methods.{method_name}"), run)


def permission(consents: Path, uses: Sequence[Use]) -> Callable[[], str | None]:
    """A question that can be asked often: why the uses are not covered now, None while they are.

    The log is read again only when its files or the day changed. One that cannot be read any more covers nothing.
    """
    asked: dict[tuple[object, ...], str | None] = {}

    def refused() -> str | None:
        state = _state(consents)
        if state not in asked:
            asked.clear()
            asked[state] = _refusal(consents, uses)
        return asked[state]

    return refused


def _refusal(consents: Path, uses: Sequence[Use]) -> str | None:
    try:
        ledger = read_ledger(consents)
        for use in uses:
            ledger.require(use.subject, use.purpose, use.family, today(), use.counterpart)
    except ConsentError as error:
        with contextlib.suppress(ConsentError):  # of a log that is damaged: that is what is told
            note_expired(consents, [use.subject for use in uses])
        return str(error)
    return None


def _state(consents: Path) -> tuple[object, ...]:
    """What changes when the log or the day does."""
    return (today(), *(_facts(consents / name) for name in _FILES))


def _facts(path: Path) -> tuple[int, ...] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_size, facts.st_mtime_ns, facts.st_ino


def today() -> datetime.date:
    """The day it is, of which records are asked."""
    return datetime.date.today()
