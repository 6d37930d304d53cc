"""Studies that make voices: alone, beside one family of pictures, and combined with it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from understudy import metrics
from understudy.config import read_study
from understudy.errors import ConfigError, ConsentError
from understudy.people import PURPOSES
from understudy.people.consent import BY_FAMILY
from understudy.settings import plain
from understudy.stages.jobs import Jobs, plan_study

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    # to plan `sovits`, an interpreter must be there: what is in it is asked when it trains
    monkeypatch.setenv("UNDERSTUDY_VOICE_PYTHON", sys.executable)


def written(name: str = "voice") -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load((ROOT / f"config/{name}.yaml").read_text(encoding="utf-8"))
    return value


@pytest.fixture
def plan() -> Jobs:
    return plan_study(written() | {"study": "voices"})


@pytest.mark.parametrize("name", ["voice", "voice_full"])
def test_the_committed_studies_are_whole(name: str) -> None:
    study = read_study(ROOT / f"config/{name}.yaml")
    assert "voice" in study.families
    assert read_study(plain(study)) == study
    assert all(any(metrics.suits(each, family) for family in study.families) for each in study.metrics)


def test_the_default_study_makes_voices_beside_faces() -> None:
    study = read_study(ROOT / "config/config.yaml")
    assert study.families == ("swap", "voice")
    assert study.family_of("world") == "voice"
    assert [study.heard(name) for name in ("original", "world")] == [None, "world"]


def test_voices_may_stand_beside_one_family_of_pictures_alone() -> None:
    value = written("config")
    value["methods"]["still"] = {"picture": "frontal", "size": 256}
    with pytest.raises(ConfigError, match="'still' makes fakes by animate, and 'copy' by swap"):
        read_study(value)


@pytest.mark.parametrize(
    ("combined", "fact"),
    [
        ({"both": {"face": "original", "voice": "original"}}, "'original' makes fakes by swap.*makes a voice"),
        ({"both": {"face": "world", "voice": "world"}}, "'world' makes fakes by voice.*makes a face"),
        ({"both": {"face": "original", "voice": "wrld"}}, "there is no entry 'wrld'.*world"),
        ({"world": {"face": "original", "voice": "world"}}, "is an entry already"),
    ],
)
def test_what_is_combined_is_a_face_and_a_voice(combined: dict[str, Any], fact: str) -> None:
    with pytest.raises(ConfigError, match=fact):
        read_study(written("config") | {"combined": combined})


def test_a_combined_fake_is_made_by_both_trainings() -> None:
    value = written("config") | {"study": "mixed", "combined": {"both": {"face": "original", "voice": "world"}}}
    study = read_study(value)
    assert (study.shown("both"), study.heard("both"), study.family_of("both")) == ("original", "world", "swap")
    plan = plan_study(value)
    assert "both" in plan.pictures
    assert "both" in plan.audible
    assert "both" not in {name for name, _, _ in plan.trainings}, "nothing is learned for it"
    job = plan.convert_job("both", "1", "clara", "elsa-answer-2")
    assert job["trained"] == "original"
    assert job["voice"]["weights"] == ["data/mixed/runs/world/seed-1/clara+elsa/weights.safetensors"]
    assert plan.convert_job("original", "1", "clara", "elsa-answer-2")["voice"] is None


def test_a_record_without_voice_stops_the_study_before_any_work(
    tmp_path: Path, grant_all: Callable[..., object]
) -> None:
    """Who lends a face lends no voice."""
    records = []
    for who in ("clara", "dario", "elsa", "felix"):
        lent = ["swap"] if who == "elsa" else ["swap", "voice"]
        allowed = {purpose: lent if purpose in BY_FAMILY else True for purpose in PURPOSES}
        record = {"id": f"{who}-1", "subject": who, "basis": {"kind": "synthetic"}, "purposes": allowed}
        records.append(record | {"counterparts": "anyone", "from": "2020-01-01", "until": None})
    grant_all(tmp_path, *records)
    with pytest.raises(ConsentError, match=r"'elsa': purpose 'be-source' of family 'voice' is not covered") as refused:
        plan_study(written() | {"study": "voices", "consents": str(tmp_path)})
    assert "Nothing was run" in str(refused.value)
    assert "'clara'" not in str(refused.value)


def test_what_is_only_heard_is_no_clip_of_a_face(plan: Jobs) -> None:
    heard = [clip for clip in plan.manifest.clips if clip.heard]
    assert heard
    learnt = {clip.id for side in plan.listened(next(iter(plan.trainings))[2]) for clip in side}
    assert learnt & {clip.id for clip in heard}
    assert not set(plan.seen) & set(heard)


def test_the_words_that_are_converted_are_never_learned(plan: Jobs) -> None:
    said = {clip.performance[1] for _, clip in plan.spoken}
    learnt = {clip.performance[1] for clip in plan.learnt_voices}
    assert said
    assert learnt
    assert not said & learnt


@pytest.mark.parametrize(
    ("trained_on", "groups"),
    [("world", {"clara+elsa", "dario+felix"}), ("vqvc", {"clara+dario+elsa+felix"})],
)
def test_a_training_is_shared_by_whom_it_serves(trained_on: str, groups: set[str]) -> None:
    value = written() | {"pairs": [{"source": "clara", "driver": "elsa", "both": True}]}
    value["pairs"].append({"source": "dario", "driver": "felix", "both": True})
    study = read_study(value)
    assert {study.group(trained_on, pair.source, pair.driver) for pair in study.pairs} == groups
