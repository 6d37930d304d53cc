"""Rules `train` and `pretrain`: one training of a method on a group of subjects."""

import contextlib
import datetime
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast

import torch

from understudy.errors import ConsentError
from understudy.faces.faceset import Faceset
from understudy.faces.paste import Paste
from understudy.learning import Run, device
from understudy.methods import Footage, Method, Pretrained, later, method
from understudy.people import Use, ask, group, learning, note_expired, read_ledger
from understudy.settings import build, plain
from understudy.speech import Segments

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
    keep: Sequence[float],
    pretrained: Sequence[str],
    strangers: Sequence[str],
    code: str,
    threads: int,
    consents: str,
    study: str,
    segments: Sequence[Sequence[str]] = (),
) -> None:
    """Trains in the folder `out`, from its last snapshot if there is one, until its settings are fulfilled.

    subjects, facesets, clips: in step, one entry a side of what the method trains on; so are segments, of speech, for
    one that learns a voice. pretrained: the weights to begin
    from, one or none, and strangers whom these were learned from: the training learns of them, too. Raises
    ConsentError before it begins, and Stopped at the next snapshot after a record expired or was withdrawn.
    """
    begin = Path(pretrained[0]) if pretrained else None
    chosen, config, run = _prepared(
        out, f"train {method_name}", method_name, settings, subjects, strangers, consents, study, threads
    )
    footage = _footage(subjects, facesets, clips, segments)
    chosen.train(footage, config, replace(run, seed=seed, code=code, keep=tuple(keep), pretrained=begin))


def pretrain_run(
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
    """Trains in the folder `out` what a method's trainings begin from; as `train_run` otherwise."""
    chosen, config, run = _prepared(
        out, f"pretrain {method_name}", method_name, settings, subjects, (), consents, study, threads
    )
    footage = _footage(subjects, facesets, clips)
    cast(Pretrained, chosen).pretrain(footage, config, replace(run, seed=seed, code=code))


def _prepared(
    out: Path,
    job: str,
    name: str,
    settings: dict[str, Any],
    subjects: Sequence[str],
    strangers: Sequence[str],
    consents: str,
    study: str,
    threads: int,
) -> tuple[Method, Any, Run]:
    """The method, its settings and the run, once everybody's consent was asked and the use is in the log."""
    torch.set_num_threads(threads)
    chosen = method(name)
    everybody = tuple(dict.fromkeys((*subjects, *strangers)))
    uses = learning(everybody, chosen.FAMILY)
    ledger = ask(Path(consents), study, f"{job} {'+'.join(sorted(everybody))}", uses)
    allowed = group(ledger, subjects=everybody, family=chosen.FAMILY)
    run = Run(
        folder=out,
        seed=0,
        device=device(),
        consents=allowed.consents,
        log_head=ledger.head,
        settings=settings,
        subjects=tuple(subjects),
        strangers=tuple(strangers),
        allowed=permission(Path(consents), uses),
    )
    return chosen, configured(chosen, settings, name), run


def configured(chosen: Method, settings: dict[str, Any], name: str) -> Any:
    """A method's Config for a training, which sees nothing of what only a conversion sees.

    In the place of that stands what is the same for every study: a bare paste, and the settings of a preset.
    """
    unseen = [field.name for field in fields(chosen.Config) if field.name in later(chosen)]
    preset = next(iter(getattr(chosen, "PRESETS", {}).values()), None)
    known = (plain(preset()) if preset else {}) | {"paste": plain(BARE)}
    return build(chosen.Config, settings | {key: known[key] for key in unseen}, f"methods.{name}")


BARE = Paste(mask="box", erode=0.0, blur=0.0, colour="none", seamless=False, interpolation="linear", sharpen=0.0)


def _footage(
    subjects: Sequence[str],
    facesets: Sequence[Sequence[str]],
    clips: Sequence[Sequence[str]],
    segments: Sequence[Sequence[str]] = (),
) -> list[Footage]:
    return [
        Footage(
            subject,
            tuple(Faceset.open(Path(path)) for path in packed),
            tuple(Path(path) for path in films),
            segments=tuple(Segments.open(Path(path)) for path in speech),
        )
        for subject, packed, films, speech in zip(
            subjects, facesets, clips, segments or [()] * len(subjects), strict=True
        )
    ]


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
