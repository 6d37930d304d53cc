"""A small finished study of two synthetic actors, closed into a crate by the program's own means, and its damaging."""

import datetime
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from understudy import crate, metrics, provenance, stats
from understudy.config import read_study
from understudy.crate.contents import HASHES, SEAL
from understudy.crate.seal import seal
from understudy.faces import alpha
from understudy.faces.faceset import COLUMNS
from understudy.files import sha256, write_json
from understudy.job import machine
from understudy.methods import method
from understudy.people import Ledger, Use, ask, grant, learning, mixing, read_manifest
from understudy.people.consent import read_terms
from understudy.people.keys import own_key
from understudy.people.log import open_log
from understudy.stages import gather
from understudy.stages.curve import CURVES
from understudy.stages.gather import COSTS
from understudy.stages.jobs import Jobs
from understudy.stages.measure import VALIDITY
from understudy.stages.packing import contents

ROOT = Path(__file__).resolve().parent.parent.parent
FRAMES, FPS, SIZE = 12, 25, 128
CENTRES = {
    "identity distance to source": {"copy": 0.6, "warp": 0.5, "original": 0.4, "driver": 0.6, "truth": 0.2},
    "SSIM to truth": {"copy": 0.4, "warp": 0.45, "original": 0.5, "driver": 0.4, "truth": 1.0},
    "landmark error": {"copy": 0.01, "warp": 0.02, "original": 0.05, "driver": 0.0, "truth": 0.08},
}
BETTER = {"SSIM to truth": "higher", "sync offset": "near 0"}


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """The working directory, meanwhile."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def settings() -> dict[str, Any]:
    """The tiny study's swaps, as Snakemake merges its files, each training once."""
    whole, tiny = (yaml.safe_load((ROOT / "config" / name).read_text()) for name in ("config.yaml", "tiny.yaml"))

    def merge(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
        nested = {k: merge(one[k], v) for k, v in other.items() if isinstance(v, dict) and isinstance(one.get(k), dict)}
        return one | other | nested

    once = {"replicates": 1, "curve": [], "validity": 0, "merges": {}}  # whole studies with these: tests/test_study.py
    study = merge(whole, tiny) | {"study": "small", "manifest": "manifest.yaml", "consents": "consents"} | once
    study["methods"].pop("world")
    return study | {"metrics": [name for name in study["metrics"] if metrics.suits(name, "swap")]}


def record(subject: str, **purposes: Any) -> dict[str, Any]:
    """A synthetic actor's record, which allows everything but what is said otherwise."""
    by_family = {key: ["swap"] for key in ("train", "be-source", "be-driver")}
    plainly = dict.fromkeys(("extract", "appear-in-report", "study-stimulus", "share-weights", "publish"), True)
    said = {"id": f"{subject}-2020", "subject": subject, "basis": {"kind": "synthetic"}, "counterparts": "anyone"}
    return said | {
        "purposes": by_family | plainly | purposes,
        "from": datetime.date(2020, 1, 1),
        "until": None,
        "note": "",
    }


def lay_out(folder: Path, filmed: bool = False, **purposes: Any) -> Jobs:
    """Everything that a finished study has under `folder`, in small; its scores are made up and follow from frames.

    filmed: with a third person, of whom there is footage (two files of bytes).
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "config/tiny/manifest.yaml", folder / "manifest.yaml")
    (folder / "consents").mkdir()
    open_log(folder / "consents")
    licence = {"basis": {"kind": "licence", "name": "CC BY 4.0", "url": "https://example.org"}}
    people = [record("dario"), record("felix", **purposes), *([record("gina") | licence] if filmed else [])]
    for said in people:
        grant(folder / "consents", read_terms(said, "a test's record: "))
    chosen = settings()
    if filmed:
        _film(folder)
        chosen["pairs"].append({"source": "dario", "driver": "gina", "both": False})
    with inside(folder):
        study, manifest = read_study(chosen), read_manifest(Path("manifest.yaml"))
        ledger = _log(study, manifest)
        plan = Jobs(study, manifest, ledger, "ab" * 32)
        for clip in manifest.clips:
            _faceset(Path(plan.faceset_pattern.format(clip=clip.id)))
        for group in sorted({plan.study.group("original", source, clip.subject) for source, clip in plan.conversions}):
            _training(plan, group)
        for name in study.methods:
            for source, clip in plan.conversions:
                _fake(plan, name, source, clip)
        _tables(plan)
    return plan


def _film(folder: Path) -> None:
    """Adds a filmed person's two clips to the manifest, and the files."""
    value = yaml.safe_load((folder / "manifest.yaml").read_text())
    (folder / "clips").mkdir()
    for role in ("train", "test"):
        path = folder / f"clips/gina-{role}.mp4"
        path.write_bytes(f"footage to {role}".encode())
        clip = {"id": f"gina-{role}", "subject": "gina", "path": f"clips/{path.name}", "sha256": sha256(path)}
        value["clips"].append(clip | {"role": role, "licence": "CC BY 4.0"})
    (folder / "manifest.yaml").write_text(yaml.safe_dump(value))


def _log(study: Any, manifest: Any) -> Ledger:
    """Writes every use that the study needs."""
    folder = Path("consents")
    for subject in manifest.subjects:
        ask(folder, study.study, f"extract {subject}", [Use(subject=subject, purpose="extract")])
    for pair in study.pairs:
        people = sorted((pair.source, pair.driver))
        ask(folder, study.study, f"train original {'+'.join(people)}", learning(people, "swap"))
        ledger = ask(folder, study.study, f"convert {pair.source}", mixing(pair.source, pair.driver, "swap"))
    return ledger


def _faceset(folder: Path) -> None:
    folder.mkdir(parents=True)
    columns = {name: np.zeros(FRAMES, kind if kind != "str" else object) for name, kind in COLUMNS.items()}
    table = pd.DataFrame(columns).assign(frame=range(FRAMES), kept=True, found=True, reason="")
    table.to_parquet(folder / "track.parquet", index=False)
    np.save(folder / "crops.npy", np.zeros((FRAMES, 8, 8, 3), np.uint8))
    np.save(folder / "landmarks.npy", np.zeros((FRAMES, 68, 2), np.float32))
    write_json(folder / "card.json", {"version": 1, "fps": str(FPS), "size": 8})


def _training(plan: Jobs, group: str) -> None:
    folder = Path(plan.weights_of("original", plan.study.seed, group)).parent
    people = group.split("+")
    folder.mkdir(parents=True)
    chosen = plan.study.training_settings("original")
    card = {
        **{"state": "finished", "subjects": people, "consents": [f"{name}-2020" for name in people]},
        **{
            "log_head": plan.ledger.head,
            "seed": plan.study.seed,
            "code": "cd" * 32,
            "architecture": {"network": "original", "size": 32},
        },
        **{"settings": {"method": chosen, "learning": chosen["learning"]}, "steps": chosen["learning"]["steps"]},
        **{"sittings": 1, "images": 960, "seconds": {"wall": 12.5, "cpu": 12.25}, "device": "cpu", "threads": 1},
        **{"images_per_second": {"wall": 76.8, "cpu": 78.4}, "peak_memory": {"process_mib": 512.5}},
        **{"precision": "fp32", "machine": machine(), "pretrained": None, "parameters": 1000, "flops_per_step": 1e6},
        "budget": {"share": 1.0},
    }
    write_json(folder / "card.json", card)
    (folder / "weights.safetensors").write_bytes(f"weights of {' and '.join(people)}".encode())
    (folder / "loss.csv").write_text("step,rate,loss\n10,0.001,0.9\n60,0.001,0.5\n120,0.0,0.25\n")


def _fake(plan: Jobs, name: str, source: str, clip: Any) -> None:
    names = {"method": name, "seed": plan.study.seed, "source": source, "clip": clip.id}
    path = Path(plan.fake_pattern.format(**names))
    path.parent.mkdir(parents=True, exist_ok=True)
    inputs = {"driver clip": clip.sha256}
    trained, group = method(name).TRAINS_ON != "nothing", plan.study.group(name, source, clip.subject)
    if trained:
        inputs["weights"] = sha256(Path(plan.weights_of(name, plan.study.seed, group)))
    lineage = provenance.Lineage(
        **{"study": plan.study.study, "version": plan.study.version, "method": name, "family": "swap"},
        **{"source": source, "driver": clip.subject, "clip": clip.id, "seed": plan.study.seed, "inputs": inputs},
        run=f"{name}/{group}/seed {plan.study.seed}" if trained else None,
        consents=tuple(f"{person}-2020" for person in sorted((source, clip.subject))),
        log_head=plan.ledger.head,
        digital_source_type=method(name).DIGITAL_SOURCE_TYPE,
    )
    rng = np.random.default_rng(len(name))
    still_HWC = np.kron(rng.integers(60, 200, (8, 8, 3)), np.ones((SIZE // 8, SIZE // 8, 1))).astype(np.uint8)
    film = SimpleNamespace(fps=Fraction(FPS), width=SIZE, height=SIZE)
    provenance.publish(
        path, [still_HWC] * FRAMES, probe=film, sound=None, lineage=lineage, faces=None, preset="veryfast"
    )
    with alpha.Writer(Path(plan.region_pattern.format(**names)), height=SIZE, width=SIZE) as replaced:
        for _ in range(FRAMES):
            replaced.write(None)
    took = {"frames": FRAMES, "wall_seconds": 1.0, "cpu_seconds": 1.0}
    write_json(Path(plan.timing_pattern.format(**names)), took)


def _tables(plan: Jobs) -> None:
    rng = np.random.default_rng(1)
    rows, frames = [], []
    for source, clip in plan.conversions:
        place = {"source": source, "driver": clip.subject, "clip": clip.id, "seed": plan.study.seed}
        names = {"study": plan.study.study, "version": plan.study.version, **place}
        for name in (*plan.study.methods, "driver", "truth"):
            family = "swap" if name in plan.study.methods else "sanity"
            values = {metric: centre[name] + rng.normal(0, 0.01, FRAMES) for metric, centre in CENTRES.items()}
            said = {metric: float(column.mean()) for metric, column in values.items()} | {"sync offset": rng.normal()}
            for metric, value in said.items():
                better, n = BETTER.get(metric, "lower"), FRAMES
                said_of = {"method": name, "family": family, "metric": metric, "value": value, "unit": "u"}
                rows.append(names | said_of | {"n": n, "better": better})
            if family != "sanity":
                frames.append(pd.DataFrame({"frame": range(FRAMES), **values}).assign(method=name, **place))
    folder = Path(plan.root) / "scores"
    table = pd.DataFrame(rows)
    stats.write(table, folder / "scores.parquet")
    stats.write(table, folder / "scores.csv")
    pd.concat(frames, ignore_index=True).to_parquet(folder / "frames.parquet", index=False)
    costs = [
        {**each, "study": plan.study.study, "version": plan.study.version} for each in gather.costs(plan.gather_job)
    ]
    for name, held, columns in (("curves", [], CURVES), ("validity", [], VALIDITY), ("costs", costs, COSTS)):
        pd.DataFrame(held, columns=list(columns)).to_parquet(folder / f"{name}.parquet", index=False)


def close(folder: Path, plan: Jobs, out: Path) -> Path:
    """The study's crate."""
    with inside(folder):
        scratch = folder / "scratch"
        scratch.mkdir(exist_ok=True)
        return crate.write(out, contents(plan, scratch))


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A crate of which nothing is wrong; a test that changes it takes a copy."""
    folder = tmp_path_factory.mktemp("small")
    return close(folder, lay_out(folder), tmp_path_factory.mktemp("made") / "crate")


@pytest.fixture(scope="session")
def reserved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The crate of a study of whom one shares neither fakes nor weights."""
    folder = tmp_path_factory.mktemp("small")
    plan = lay_out(folder, **{"publish": False, "share-weights": False})
    return close(folder, plan, tmp_path_factory.mktemp("made") / "crate")


@pytest.fixture(scope="session")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The crate of a study with a filmed person in one of its three pairs, and the folder of the footage."""
    folder = tmp_path_factory.mktemp("small")
    plan = lay_out(folder, filmed=True)
    return close(folder, plan, tmp_path_factory.mktemp("made") / "crate"), folder / "clips"


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Path:
    """A copy of the sound crate."""
    return Path(shutil.copytree(sound, tmp_path / "crate"))


def reseal(folder: Path) -> None:
    """Hashes and seals a crate anew: what somebody does who changes a crate and can sign with a key of their own."""
    table = json.loads((folder / HASHES).read_text())
    table["files"] = {
        path.relative_to(folder).as_posix(): sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in (HASHES, SEAL)
    }
    table["outputs"] = {path: table["files"].get(path, digest) for path, digest in table["outputs"].items()}
    write_json(folder / HASHES, table)
    old = json.loads((folder / SEAL).read_text())
    write_json(folder / SEAL, asdict(seal(sha256(folder / HASHES), old["head"], old["time"], own_key())))


@pytest.fixture(name="reseal", scope="session")
def _reseal() -> Callable[[Path], None]:
    """The function above, for the tests of this folder."""
    return reseal
