"""A voice under a driver's own picture, and under another's face, through the whole workflow."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from understudy import media, provenance
from understudy.files import read_json
from understudy.provenance import notice

from .house import ROOT, house

pytestmark = pytest.mark.study(minutes=6)


def shrunk() -> dict[str, Any]:
    """The committed study of voices with two people, few words, a face that costs nothing, and a few steps."""
    study: dict[str, Any] = yaml.safe_load((ROOT / "config/voice.yaml").read_text(encoding="utf-8"))
    study |= {"study": "voice", "manifest": "manifest.yaml", "cast": {"size": 128}, "embed_every": 25, "validity": 0}
    study |= {"pairs": [{"source": "dario", "driver": "felix"}]}
    study["extract"]["size"] = 128
    study["methods"] = {name: study["methods"][name] for name in ("unchanged", "world", "vqvc")} | {"copy": {}}
    study["methods"]["vqvc"]["learning"] |= {"steps": 4, "warmup": 1, "preview_every": 0, "snapshot_every": 2}
    study["combined"] = {"face-and-voice": {"face": "copy", "voice": "world"}}
    study["merges"] = {}
    study["metrics"] = ["detection", "identity", "sync", "speaker", "cepstrum", "melody", "loudness", "timing"]
    return study


def test_words_are_said_in_another_voice(tmp_path: Path) -> None:
    study = shrunk()
    voices = yaml.safe_load((ROOT / "config/cast/voices.yaml").read_text(encoding="utf-8"))["clips"]
    said = [[c for c in voices if c["subject"] == who and "said-" in c["id"]][:6] for who in ("dario", "felix")]
    seen = yaml.safe_load((ROOT / "config/tiny/manifest.yaml").read_text(encoding="utf-8"))["clips"]
    (tmp_path / "manifest.yaml").write_text(yaml.safe_dump({"clips": seen + said[0] + said[1]}))
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "study.yaml"]
    done = subprocess.run(command, cwd=house(tmp_path), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-6000:]
    version = tmp_path / "results/voice/1"

    clip = tmp_path / "data/voice/clips/felix-answer-4.mp4"
    driver = media.probe(clip)
    assert driver.sound is not None
    fakes = {fake.parts[-4]: fake for fake in version.glob("fakes/*/seed-1/dario/felix-answer-4.mp4")}
    assert set(fakes) == {"unchanged", "world", "vqvc", "copy", "face-and-voice"}
    for name, fake in fakes.items():
        made = media.probe(fake)
        assert made.sound is not None
        assert (made.frames, made.width) == (driver.frames, driver.width)
        assert abs(made.sound.seconds - driver.sound.seconds) < 0.05
        # whatever is said in a made voice begins with the notice, and what keeps the driver's own does not
        assert notice.found(*media.sound(fake)) == (name != "copy"), name
        lineage = provenance.card(fake)["lineage"]
        assert (lineage["family"], lineage.get("voice")) == {
            "copy": ("swap", None), "face-and-voice": ("swap", "world"),
        }.get(name, ("voice", None))  # fmt: skip
    # a made voice that is not published would be an unmarked fake: what lies about is what people said
    assert {path.relative_to(tmp_path / "data/voice").parts[0] for path in (tmp_path / "data").rglob("*.wav")} == {
        "speech"
    }

    scores = pd.read_parquet(version / "scores.parquet")
    heard = scores[scores["metric"] == "speaker similarity to source"].set_index("method")["value"]
    assert heard["truth"] > heard["world"] > heard["driver"]
    both = scores[scores["method"] == "face-and-voice"]
    assert set(both["family"]) == {"swap", "voice"}, "it is seen and heard"
    assert heard["face-and-voice"] == pytest.approx(heard["world"], abs=0.02)
    page = (version / "report.html").read_text(encoding="utf-8")
    assert "begins with two tones" in page
    assert "Speech found" in page
    card = read_json(tmp_path / "data/voice/runs/world/seed-1/dario+felix/card.json")
    assert card["subjects"] == ["dario", "felix"]
    from understudy.cli import main

    assert main(("verify", str(version / "crate"), "--quick")) == 0
