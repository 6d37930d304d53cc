"""The study's cards and its methods paragraph, from the plan and what lies on disk."""

import datetime
import inspect
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pandas as pd

from understudy import crate, media
from understudy.faces.faceset import Faceset
from understudy.files import read_json, sha256
from understudy.job import machine
from understudy.people import Clip
from understudy.stages.plan import Plan


def study_cards(plan: Plan, scores: pd.DataFrame) -> tuple[crate.Card, ...]:
    """A card for each training, then the one of the clips."""
    cards = [_model_card(plan, *training, scores) for training in plan.trainings]
    frames = {clip.id: _frames(plan, clip) for clip in plan.manifest.clips}
    data = crate.data_card(
        study=plan.study.study,
        version=plan.study.version,
        about=plan.study.about,
        clips=plan.manifest.clips,
        records=plan.ledger.records,
        frames=frames,
        head=plan.ledger.head,
        withdrawals=_withdrawals(plan),
    )
    return (*cards, data)


def study_methods(plan: Plan, scores: pd.DataFrame, frames: pd.DataFrame) -> str:
    """The paragraph for a paper."""
    learned = plan.learning
    runs = [
        (training[0], read_json(Path(plan.weights_of(*training)).parent / "card.json")) for training in plan.trainings
    ]
    return crate.methods_text(
        crate.Facts(
            study=plan.study.study,
            version=plan.study.version,
            methods={name: module.FAMILY for name, module in plan.methods.items()},
            learned=learned,
            pairs=[(pair.source, pair.driver) for pair in plan.study.pairs],
            clips=plan.manifest.clips,
            cards={name: [card for method, card in runs if method == name] for name in learned},
            scores=scores,
            frames=frames,
            software=software(),
            head=plan.ledger.head,
            withdrawals=_withdrawals(plan),
        )
    )


def about(module: object) -> str:
    """A method in the words of its module's first paragraph."""
    return (inspect.getdoc(module) or "").split("\n\n")[0].replace("\n", " ")


def folder(plan: Plan, name: str, seed: int, group: str) -> Path:
    """The folder of a training."""
    return Path(plan.weights_of(name, seed, group)).parent


def granted(plan: Plan, purpose: str, *subjects: str) -> bool:
    """Whether every one of `subjects` allows a purpose today."""
    return all(plan.ledger.refusal(subject, purpose) is None for subject in subjects)


def software() -> dict[str, str]:
    """What a reader of a paper asks for: name -> version."""
    facts: dict[str, Any] = machine()
    packages = facts["packages"]
    named = ("understudy", "snakemake", "torch", "numpy", "opencv-python-headless", "dlib-bin")
    versions = {name: packages[name] for name in named if name in packages}
    return {"python": facts["python"], **versions, "ffmpeg": imageio_ffmpeg.get_ffmpeg_version()}


def _model_card(plan: Plan, name: str, seed: int, group: str, scores: pd.DataFrame) -> crate.Card:
    subjects, weights = plan.sides(group), Path(plan.weights_of(name, seed, group))
    return crate.model_card(
        study=f"{plan.study.study}, version {plan.study.version}",
        method=name,
        group=group,
        seed=seed,
        about=about(plan.methods[name]),
        card=read_json(weights.parent / "card.json"),
        records=[plan.ledger.records[subject] for subject in dict.fromkeys(subjects)],
        voice=name in plan.voices,
        learnt=plan.learnt_by(name, group),
        scores=scores,
        shareable=granted(plan, "share-weights", *subjects),
        weights=sha256(weights),
    )


def _withdrawals(plan: Plan) -> list[tuple[datetime.date, int]]:
    return [(each.day, each.pairs) for each in plan.withdrawals]


def _frames(plan: Plan, clip: Clip) -> int:
    if clip not in plan.seen:
        return media.probe(Path(plan.clip_pattern.format(clip=clip.id))).frames
    return len(Faceset.open(plan.faceset_pattern.format(clip=clip.id)).table)
