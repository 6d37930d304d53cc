"""Studies of animations and lip-syncs: one family each, one training for everybody, merges of what it never saw."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from understudy import metrics
from understudy.config import read_study
from understudy.errors import ConfigError
from understudy.methods import later, method
from understudy.settings import plain

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(params=["animate", "lipsync"])
def family(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(ROOT)
    return str(request.param)


def written(family: str) -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load((ROOT / f"config/{family}.yaml").read_text(encoding="utf-8"))
    return value


def test_the_committed_studies_are_whole(family: str) -> None:
    study = read_study(ROOT / f"config/{family}.yaml")
    assert study.family == family
    assert read_study(plain(study)) == study
    assert all(metrics.suits(name, family) for name in study.metrics)


def test_one_training_serves_everybody(family: str) -> None:
    study = read_study(written(family))
    learned = [name for name in study.methods if study.learns(name)]
    assert learned
    for name in learned:
        assert {study.group(name, pair.source, pair.driver) for pair in study.pairs} == {"clara+dario+elsa+felix"}


def test_a_merge_changes_what_no_training_saw(family: str) -> None:
    study = read_study(written(family))
    for name, merge in study.merges.items():
        assert study.training_settings(name) == study.training_settings(merge.of)
        assert not set(later(study.module(name))) & set(study.training_settings(name))
        assert plain(study.settings(name)) == plain(study.settings(merge.of)) | merge.change
        assert plain(study.settings(name)) != plain(study.settings(merge.of))


def test_a_merge_of_what_a_training_learned_by_is_refused(family: str) -> None:
    value = written(family)
    learned = {"animate": "lia", "lipsync": "wav2lip"}[family]
    seen = {"animate": "size", "lipsync": "mirror"}[family]
    for change, fact in (({seen: 0.5}, "only a conversion sees"), ({}, "changes nothing")):
        with pytest.raises(ConfigError, match=fact):
            read_study(value | {"merges": {"other": {"of": learned, "change": change}}})
    paste = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))["methods"]["warp"]["paste"]
    with pytest.raises(ConfigError, match="pastes nothing"):
        read_study(value | {"merges": {"other": {"of": learned, "paste": paste}}})


def test_a_study_is_of_one_family(family: str) -> None:
    value = written(family)
    value["methods"]["copy"] = {}
    with pytest.raises(
        ConfigError, match=rf"'copy' makes fakes by swap, and '\w+' by {family}.*a study for each family"
    ):
        read_study(value)


def test_a_metric_that_says_nothing_of_the_family_is_refused(family: str) -> None:
    value = written(family)
    with pytest.raises(ConfigError, match=r"metrics\[0\]: 'mask' says nothing of fakes by"):
        read_study(value | {"metrics": ["mask", *value["metrics"]]})


def test_only_a_lip_sync_that_learns_brings_its_own_expert(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert read_study(written("lipsync")).own_networks == {"syncnet": "wav2lip"}
    assert read_study(written("animate")).own_networks == {}
    given = {"networks": {"syncnet": {"path": "expert.pth", "sha256": "0" * 64}}}
    assert read_study(written("lipsync") | given).own_networks == {}


def test_published_weights_take_the_place_of_a_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    value = written("animate") | {"replicates": 3}
    value["methods"]["lia"]["weights"] = {"name": "vox", "path": "vox.pt", "sha256": "0" * 64}
    study = read_study(value)
    assert not study.learns("lia")
    assert study.seeds("lia") == study.seeds("lia-absolute") == (1,)
    assert study.seeds("fomm") == (1, 2, 3)
    assert method("lia").TRAINS_ON == "group"
