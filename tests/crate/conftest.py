"""A small study's contents: one synthetic pair, one filmed pair of whom one keeps weights and fakes to herself."""

import copy
import dataclasses
import datetime
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from understudy import crate, stats
from understudy.people import Clip, Manifest

MADE = datetime.datetime(2026, 11, 20, 12, 30, tzinfo=datetime.UTC)
HEAD = hashlib.sha256(b"head").hexdigest()
ROOT = Path(__file__).resolve().parent.parent.parent
METHODS = ("warp", "original")
RULES = ("render", "ingest", "train", "convert", "measure", "gather")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def clips(folder: Path) -> tuple[Clip, ...]:
    """Two actors, two people: a clip of each inside the manifest's folder, and one outside by an absolute path."""
    made = []
    for subject in ("ada", "bruno"):
        for role in ("train", "test"):
            made.append(
                Clip(
                    id=f"{subject}-{role}",
                    subject=subject,
                    path=f"cast:{subject}/{role}",
                    sha256=digest(f"{subject}{role}"),
                    role=role,  # type: ignore[arg-type]
                    licence="CC0 1.0",
                )
            )
    for subject, place in (("p1", str(folder / "clips/p1.mp4")), ("p2", "/private/footage/p2 take 1.mp4")):
        made.append(
            Clip(
                id=f"{subject}-test",
                subject=subject,
                path=place,
                sha256=digest(f"{subject} footage"),
                role="test",
                licence="by agreement",
            )
        )
    return tuple(made)


def scores() -> pd.DataFrame:
    """Two methods and a sanity row on six clips, with a clear winner in one metric and none in the other."""
    rng = np.random.default_rng(3)
    rows = []
    for number in range(6):
        for method, family, centre in (("warp", "swap", 0.6), ("original", "swap", 0.4), ("truth", "sanity", 0.1)):
            for metric, unit, better, spread in (
                ("identity distance to source", "", "lower", 0.01),
                ("flicker", "levels", "near 0", 0.5),
            ):
                value = (centre if metric != "flicker" else 0.0) + rng.normal(0, spread)
                rows.append(
                    {
                        **{"study": "small", "version": "1", "method": method, "family": family, "source": "ada"},
                        **{"driver": "bruno", "clip": f"bruno-{number}", "seed": 1, "metric": metric, "value": value},
                        **{"unit": unit, "n": 40, "better": better},
                    }
                )
    return stats.check(pd.DataFrame(rows))


def frames() -> pd.DataFrame:
    return pd.DataFrame(
        {"method": [m for m in METHODS for _ in range(240)], "clip": "bruno-0", "frame": [*range(240)] * 2}
    )


CARD: dict[str, Any] = {
    "state": "finished",
    "subjects": ["ada", "bruno"],
    "consents": ["ada-2026", "bruno-2026"],
    "seed": 1,
    "code": digest("code"),
    "settings": {"method": {"width": 0.125, "size": 64}, "learning": {"steps": 4000, "batch": 8, "rate": 0.0025}},
    "architecture": {"network": "original", "width": 0.125, "size": 64},
    "steps": 4000,
    "sittings": 1,
    "images": 64000,
    "seconds": {"wall": 553.67, "cpu": 289.66},
    "peak_memory": {"process_mib": 729.2},
    "device": "cpu",
    "threads": 1,
    "precision": "bf16",
    "machine": {"python": "3.11.7", "packages": {"torch": "2.13.0"}},
}


def build(folder: Path) -> crate.Contents:
    """The contents, their files below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    stats.write(scores(), folder / "scores.parquet")
    stats.write(scores(), folder / "scores.csv")
    frames().to_parquet(folder / "frames.parquet", index=False)
    (folder / "report.html").write_text(
        "<html><body><svg></svg><video src='fakes/original/seed-1/ada/bruno-test.mp4'></video>"
    )
    runs = []
    for method, group, shareable in (("original", "ada+bruno", True), ("original", "p1+p2", False)):
        run = folder / "runs" / method / "seed-1" / group
        run.mkdir(parents=True)
        for name in ("weights.safetensors", "preview.png", "timelapse.mp4"):
            (run / name).write_bytes(f"{name} of {group}".encode())
        (run / "card.json").write_text(json.dumps(CARD | {"subjects": group.split("+")}))
        (run / "loss.csv").write_text("step,rate,loss\n1,0.1,0.9\n")
        runs.append(crate.Training(method=method, seed=1, group=group, folder=run, shareable=shareable))
    fakes = []
    for source, clip, showable in (("ada", "bruno-test", True), ("p1", "p2-test", False)):
        place = f"fakes/original/seed-1/{source}/{clip}.mp4"
        path = folder / place
        path.parent.mkdir(parents=True)
        path.write_bytes(f"fake of {source}".encode())
        path.with_name(path.name + ".json").write_text(json.dumps({"sha256": digest(f"fake of {source}")}))
        fakes.append(crate.Fake(path=path, place=place, showable=showable))
    return crate.Contents(
        study="small",
        version="1",
        about="Is it small?",
        digest=digest("study"),
        made=MADE,
        settings={
            **{"study": "small", "version": "1", "manifest": "/somewhere/manifest.yaml", "consents": "../consents"},
            **{"methods": {"original": {"weights": "/home/somebody/w.pth", "rate": 2.5e-3}}},
        },
        manifest=Manifest(path=folder / "manifest.yaml", clips=clips(folder)),
        proof={"head": HEAD},
        head=HEAD,
        report={"report.html": folder / "report.html"},
        workflow={"Snakefile": ROOT / "Snakefile"}
        | {f"scripts/{rule}.py": ROOT / f"scripts/{rule}.py" for rule in RULES},
        lock=ROOT / "envs/lock.txt",
        machine={"python": "3.11.7"},
        software={"python": "3.11.7", "snakemake": "9.27.1", "torch": "2.13.0", "ffmpeg": "7.1"},
        tables={name: folder / name for name in ("scores.parquet", "scores.csv", "frames.parquet")},
        runs=tuple(runs),
        fakes=tuple(fakes),
        cards={"data.md": "# The data\n"},
        methods="Two methods were compared.\n",
        jobs=(
            crate.Job(
                rule="render",
                name="render bruno-test",
                inputs=("bruno-test",),
                outputs=("clips/bruno-test.mp4",),
                end=MADE - datetime.timedelta(hours=2),
                seconds=12.5,
            ),
            crate.Job(
                rule="train",
                name="train original ada+bruno",
                inputs=("clips/ada-train.mp4",),
                outputs=tuple(
                    f"runs/original/seed-1/ada+bruno/{name}" for name in ("weights.safetensors", "card.json")
                ),
                end=MADE - datetime.timedelta(hours=1),
                seconds=600.0,
            ),
            crate.Job(
                rule="convert",
                name="convert original p1 on p2-test",
                inputs=("clips/p2-test.mp4", "runs/original/seed-1/p1+p2/weights.safetensors"),
                outputs=("fakes/original/seed-1/p1/p2-test.mp4",),
                end=None,
                seconds=None,
            ),
            crate.Job(rule="gather", name="gather", inputs=(), outputs=("scores.parquet",), end=None, seconds=None),
        ),
    )


@pytest.fixture(scope="session")
def contents(tmp_path_factory: pytest.TempPathFactory) -> crate.Contents:
    return build(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="session")
def written(contents: crate.Contents, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished crate; a test that changes it takes a copy."""
    return crate.write(tmp_path_factory.mktemp("made") / "crate", contents)


@pytest.fixture
def without(contents: crate.Contents) -> Any:
    """The contents with some of them replaced."""
    return lambda **changes: dataclasses.replace(contents, **changes)


@pytest.fixture
def long_scores() -> pd.DataFrame:
    return scores()


@pytest.fixture
def frame_values() -> pd.DataFrame:
    return frames()


@pytest.fixture
def card() -> dict[str, Any]:
    """A run card, as a training leaves it."""
    return copy.deepcopy(CARD)
