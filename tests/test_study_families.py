"""Animations and lip-syncs through the whole workflow, on two actors and a few steps of training."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
import yaml

from understudy import media, provenance
from understudy.files import read_json, sha256
from understudy.methods.fomm import PRESETS
from understudy.methods.fomm.network import FOMM

from .house import ROOT, house

pytestmark = pytest.mark.study(minutes=8)


def shrunk(family: str) -> dict[str, Any]:
    """The committed study of a family with two people, short clips, and trainings of four steps."""
    study: dict[str, Any] = yaml.safe_load((ROOT / f"config/{family}.yaml").read_text(encoding="utf-8"))
    study |= {"study": family, "manifest": "manifest.yaml", "cast": {"size": 128}, "curve": []}
    study |= {"embed_every": 25, "validity": 0, "pairs": [{"source": "dario", "driver": "felix"}]}
    study["extract"]["size"] = 128
    study["framing"] |= {"size": 128, "smallest": 30}
    for settings in study["methods"].values():
        for each in (settings, settings.get("expert", {})):
            if "learning" in each:
                each["learning"] |= {"steps": 4, "warmup": 1, "preview_every": 0, "snapshot_every": 2}
    return study


def run(folder: Path, study: dict[str, Any]) -> Path:
    """The finished version of a study that is run in the folder."""
    clips = yaml.safe_load((ROOT / "config/tiny/manifest.yaml").read_text(encoding="utf-8"))["clips"]
    spoken = yaml.safe_load((ROOT / "config/cast/speaking.yaml").read_text(encoding="utf-8"))["clips"]
    needed = [clip for clip in spoken if clip["id"] == "ada-reading-1"] if study["study"] == "lipsync" else []
    (folder / "manifest.yaml").write_text(yaml.safe_dump({"clips": clips + needed}))
    (folder / "study.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "study.yaml"]
    done = subprocess.run(command, cwd=house(folder), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-6000:]
    return folder / f"results/{study['study']}/1"


def mean(scores: pd.DataFrame, metric: str, method: str) -> float:
    return float(scores[(scores["metric"] == metric) & (scores["method"] == method)]["value"].mean())


def test_pictures_are_moved(tmp_path: Path) -> None:
    study = shrunk("animate")
    study["pairs"].append({"source": "felix", "driver": "felix"})
    study["metrics"] = ["detection", "identity", "reconstruction", "lips"]
    study["methods"]["still"]["size"] = 128
    study["methods"]["fomm"]["learning"]["batch"] = study["methods"]["lia"]["learning"]["batch"] = 2
    study["merges"].pop("lia-absolute")
    network = FOMM(PRESETS["fomm-tiny"]().architecture)
    parts = {"generator": network.generator.state_dict(), "kp_detector": network.kp_detector.state_dict()}
    torch.save(parts, tmp_path / "own.pth")
    weights = {"name": "own", "path": "own.pth", "sha256": sha256(tmp_path / "own.pth")}
    study["methods"]["given"] = study["methods"]["fomm"] | {"weights": weights}
    study["modules"] = {"given": "fomm"}
    version = run(tmp_path, study)

    for fake in version.glob("fakes/*/seed-1/*/felix-answer-4.mp4"):
        driver, made = media.probe(tmp_path / "data/animate/framed/felix-answer-4.mp4"), media.probe(fake)
        assert (made.frames, made.width, made.height, made.sound is None) == (driver.frames, 128, 128, False)
        assert provenance.card(fake)["label"]["text"] == "SYNTHETIC"
    scores = pd.read_parquet(version / "scores.parquet")
    assert {"still", "fomm", "fomm-absolute", "lia", "given"} <= set(scores["method"])
    # who is moved by themself is held against their own clip: the picture held still is not it, the clip is
    own = scores[scores["source"] == scores["driver"]]
    assert mean(own, "L1 of the frame", "truth") == 0 < mean(own, "L1 of the frame", "still")
    assert mean(own, "L1 of the frame", "re-encoded truth") < 0.3 * mean(own, "L1 of the frame", "still")
    card = read_json(tmp_path / "data/animate/adopted/given/card.json")
    assert (card["sha256"], card["consented"]) == (weights["sha256"], False)
    assert "neither people nor terms" in (version / "report.html").read_text(encoding="utf-8")
    _verified(version)


def test_a_clip_says_other_words(tmp_path: Path) -> None:
    study = shrunk("lipsync")
    study["metrics"] = ["detection", "identity", "truth", "reconstruction", "lips", "lipsync", "sync"]
    settings = study["methods"]["wav2lip"]
    settings["loss"] |= {"sync": 0.003, "sync_from": 2}
    version = run(tmp_path, study)

    scores = pd.read_parquet(version / "scores.parquet")
    assert {"dub", "wav2lip", "wav2lip-shuffled"} <= set(scores["method"])
    assert not media.probe(tmp_path / "data/lipsync/bases/dario/felix-answer-4.mp4").sound, "a dub would be a fake"
    sound = media.probe(tmp_path / "data/lipsync/clips/felix-answer-4.mp4").sound
    for fake in version.glob("fakes/*/seed-1/dario/felix-answer-4.mp4"):
        made = media.probe(fake)
        assert made.sound is not None
        assert sound is not None
        assert abs(made.sound.seconds - sound.seconds) < 1 / made.fps
        assert set(provenance.card(fake)["lineage"]["inputs"]) >= {"driver clip", "source clip"}
    # the same network under other sounds draws other lips, without another training
    assert len(list((tmp_path / "data/lipsync/runs").iterdir())) == 1
    truth, dub = (mean(scores, "lip opening correlation", name) for name in ("truth", "dub"))
    assert truth == pytest.approx(1)
    assert dub < 0.9
    assert "LSE-D by own expert" in set(scores["metric"])
    assert "learned from the same expert" in (version / "report.html").read_text(encoding="utf-8")
    _verified(version)


def _verified(version: Path) -> None:
    """Somebody else finds every number of the report in its tables."""
    from understudy.cli import main

    assert main(("verify", str(version / "crate"), "--quick")) == 0
