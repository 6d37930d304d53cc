"""Rule `train`: one training of a method on a group of subjects."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from understudy.faces.faceset import Faceset
from understudy.learning import Run, device
from understudy.methods import Footage, method
from understudy.people import ask, group, learning
from understudy.settings import build


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

    subjects, facesets, clips: in step, one entry a side of what the method trains on.
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
        code=code,
        settings=settings,
        subjects=tuple(subjects),
    )
    chosen.train(footage, build(chosen.Config, settings, f"methods.{method_name}"), run)
