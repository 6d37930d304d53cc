"""What a report shows of trainings, of what was found in clips, and of what it cost: rows from what lies on disk."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from understudy import report
from understudy.config import Study
from understudy.faces.faceset import Faceset
from understudy.files import read_json
from understudy.people import Clip
from understudy.speech import Segments
from understudy.stages.telling import done_to
from understudy.stages.voicing import Voicing


def trainings(plan: Voicing) -> Iterator[report.RunView]:
    """Every training, from its card."""
    for name, seed, group in plan.trainings:
        folder = Path(plan.weights_of(name, seed, group)).parent
        run = run_view(folder, plan.sides(group), learned_from(plan.study, name))
        yield replace(
            run,
            timelapse=_there(folder / "timelapse.mp4"),
            preview=_there(folder / "preview.png"),
            sound=_there(folder / "preview.wav"),
        )


def learned_from(study: Study, name: str) -> str:
    """What an entry's batches are made of."""
    return "segments of speech" if study.family_of(name) == "voice" else "pictures"


def _there(path: Path) -> Path | None:
    """The file, if a training left it."""
    return path if path.is_file() else None


def run_view(folder: Path, subjects: tuple[str, ...], what: str) -> report.RunView:
    """A training on what is named, in numbers: the card and the losses in its folder <method>/seed-<seed>/<group>."""
    card, name = read_json(folder / "card.json"), folder.parent.parent.name
    return report.RunView(
        name=f"{name}/{folder.name}/seed {card['seed']}",
        method=name,
        subjects=subjects,
        seed=card["seed"],
        loss=folder / "loss.csv",
        facts=facts(card, what),
    )


def facts(card: Mapping[str, Any], what: str) -> dict[str, str]:
    """What a run's card says that a reader of the report asks first."""
    learning, seconds, rate = card["settings"]["learning"], card["seconds"], card["images_per_second"]
    return {
        "steps": f"{card['steps']} of {learning['batch']} {what} a subject",
        "time": f"{seconds['wall']:.0f} s ({seconds['cpu']:.0f} s of CPU)",
        "rate": f"{rate['wall']:.0f} {what} a second",
        "device": f"{card['device']}, {card['precision']}",
        "peak memory": f"{card['peak_memory']['process_mib']:.0f} MiB",
    }


def extraction(clip: Clip, plan: Voicing) -> report.ExtractionView:
    """What was found in a clip, and why the rest was dropped."""
    folder = Path(plan.faceset_pattern.format(clip=clip.id))
    table = Faceset.open(folder).table
    return report.ExtractionView(
        subject=clip.subject,
        clip=clip.id,
        frames=len(table),
        kept=int(table["kept"].sum()),
        dropped=dict(Counter(table.loc[~table["kept"], "reason"])),
        picture=folder / "picture.png",
        said=tuple(done_to(clip, plan)),
    )


def spoken(clip: Clip, plan: Voicing) -> report.SpeechView:
    """What was cut of a clip's speech, and why the rest was dropped."""
    folder = Path(plan.speech_pattern.format(clip=clip.id))
    segments = Segments.open(folder)
    kept = segments.table["kept"].astype(bool)
    return report.SpeechView(
        subject=clip.subject,
        clip=clip.id,
        segments=int(kept.sum()),
        seconds=float(segments.table.loc[kept, "seconds"].sum()),
        dropped=dict(Counter(segments.table.loc[~kept, "reason"])),
        picture=folder / "picture.png",
        said=segments.warnings,
    )


def costs(folder: Path) -> Iterator[report.CostRow]:
    """What each rule's jobs took together, from Snakemake's benchmark tables, in the order the rules run."""
    order = (
        "render", "truth", "ingest", "reference", "extract", "frame", "offset", "base", "speech", "adopt", "pretrain",
        "train", "curve", "convert", "measure", "sanity", "validity",
    )  # fmt: skip
    for stage in (stage for stage in order if (folder / stage).is_dir()):
        jobs = pd.concat([pd.read_csv(path, sep="\t") for path in sorted((folder / stage).rglob("*.tsv"))])
        yield report.CostRow(
            stage=stage,
            what=f"{len(jobs)} job{'s' if len(jobs) > 1 else ''}",
            seconds=float(jobs["s"].sum()),
            cpu_seconds=float(pd.to_numeric(jobs["cpu_time"], errors="coerce").sum()),
            memory=int(pd.to_numeric(jobs["max_rss"], errors="coerce").max() * 2**20),
            jobs=len(jobs),
        )
