"""What a report says of weights that others published, and of the sound of a driver."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from understudy.config import read_study, require_weights
from understudy.errors import ConfigError
from understudy.people import read_manifest
from understudy.stages.telling import _moved, notes

ROOT = Path(__file__).resolve().parents[2]


def told_of(study: Any, *, filmed: bool = False) -> list[str]:
    """The notes of a study, on its actors or on as many people who were filmed."""
    manifest = read_manifest(study.manifest)
    clips = tuple(replace(clip, path=f"{clip.id}.mp4") for clip in manifest.clips) if filmed else manifest.clips
    return list(notes(study, replace(manifest, clips=clips)))


def study(family: str, **changes: dict[str, Any]) -> Any:
    """A committed study whose entries have some settings changed."""
    value = yaml.safe_load((ROOT / f"config/{family}.yaml").read_text(encoding="utf-8"))
    for name, change in changes.items():
        fitting = {"width": 1.0} if change.get("weights") else {"hears": "anew"} if change.get("expert_weights") else {}
        value["methods"][name] |= change | (fitting if name == "wav2lip" else {})
    return read_study(value)


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize(
    ("family", "name", "key", "weights", "facts"),
    [
        ("animate", "lia", "weights", "vox", ("lia draws with", "VoxCeleb", "did not consent", "CC BY-NC 4.0")),
        ("animate", "fomm", "weights", "vox-cpk", ("fomm draws with", "VoxCeleb", "did not consent")),
        ("lipsync", "wav2lip", "weights", "wav2lip", ("wav2lip draws with", "LRS2", "did not consent")),
        ("lipsync", "wav2lip", "expert_weights", "lipsync_expert", ("wav2lip learned by", "LRS2", "did not consent")),
    ],
)
def test_a_report_says_whose_published_weights_were_used(
    family: str, name: str, key: str, weights: str, facts: tuple[str, ...]
) -> None:
    before = " ".join(told_of(study(family)))
    told = " ".join(told_of(study(family, **{name: {key: {"name": weights, "path": "x", "sha256": "0" * 64}}})))
    assert all(fact in told for fact in facts)
    assert "did not consent" not in before


@pytest.mark.parametrize(("family", "exact"), [("lipsync", "exact lip-sync"), ("voice", "exact conversion")])
def test_of_people_who_were_filmed_nothing_exact_is_told(family: str, exact: str) -> None:
    assert exact in " ".join(told_of(study(family)))
    assert exact not in " ".join(told_of(study(family), filmed=True))


def test_how_a_made_voice_begins_is_told() -> None:
    assert "two tones over its sound" in " ".join(told_of(study("voice")))
    assert "tones" not in " ".join(told_of(study("lipsync")))
    spoken = study("voice")
    spoken = replace(spoken, publish=replace(spoken.publish, notice="This voice is made."))
    assert 'two tones and the words "This voice is made."' in " ".join(told_of(spoken))


@pytest.mark.parametrize("key", ["weights", "expert_weights"])
def test_published_weights_have_to_be_there_before_anything_runs(key: str, tmp_path: Path) -> None:
    there = tmp_path / "w.pth"
    named = {"name": "wav2lip", "path": str(there), "sha256": "0" * 64}
    asked = study("lipsync", wav2lip={key: named})
    with pytest.raises(ConfigError, match=r"methods.wav2lip: there is no file .*w.pth"):
        require_weights(asked.methods)
    there.touch()
    require_weights(asked.methods)


def test_all_lip_syncs_of_a_study_last_as_long() -> None:
    with pytest.raises(ConfigError, match="'wav2lip' lasts as long as the video, and 'dub' as the speech"):
        study("lipsync", wav2lip={"length": "video"})


def test_sound_is_said_to_be_moved_only_when_it_was() -> None:
    told = {"seconds": 0.12, "delay": 0.12, "left": 0.004, "confidence": 0.4, "by": "opening"}
    assert "120 ms behind the sound" in _moved(told)
    assert "leaves 4 ms" in _moved(told)
    assert "to be mended" in _moved(told | {"delay": 0.0})
    assert "cannot be told" in _moved(told | {"seconds": None})
