"""The study: what its YAML says is what is run, and a mistake in it is named before anything runs."""

import copy
import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest
import yaml

from understudy import methods
from understudy.config import Budget, Direction, Network, Study, read_study, reading, require_networks
from understudy.config import study as study_module
from understudy.errors import ConfigError, ManifestError
from understudy.faces.survey import Extraction
from understudy.learning import Learning
from understudy.methods import method
from understudy.people import PURPOSES, Ledger, Use, ask, grant, read_ledger, read_manifest, withdraw
from understudy.people.consent import BY_FAMILY, read_terms
from understudy.settings import plain

ROOT = Path(__file__).resolve().parent.parent


@dataclasses.dataclass(frozen=True, kw_only=True)
class Loop:
    steps: int
    rate: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    recipe: Literal["2018", "present"]
    learning: Loop
    threads: int = 1


PASTE = {
    "mask": "hull", "erode": 0.0, "blur": 0.1, "colour": "mkl", "seamless": False, "interpolation": "cubic",
    "sharpen": 0.0,
}  # fmt: skip
LEARNING = SimpleNamespace(Config=Settings, TRAINS_ON="pair", FAMILY="swap")


@pytest.fixture(autouse=True)
def _methods(monkeypatch: pytest.MonkeyPatch) -> None:
    """A method that learns, beside the true `copy`, so that the tests hold whatever methods there are."""
    offer(
        monkeypatch, lambda: ["copy", "original", "warp"], lambda name: LEARNING if name == "original" else method(name)
    )


def offer(monkeypatch: pytest.MonkeyPatch, names: Callable[[], list[str]], found: Callable[[str], Any]) -> None:
    """Lets a study find these methods."""
    monkeypatch.setattr(reading, "names", names)
    for module in (reading, study_module):
        monkeypatch.setattr(module, "method", found)


def clip(subject: str, role: str) -> dict[str, str]:
    number = f"{subject}-{role}".encode().hex().ljust(64, "0")[:64]
    values = {"id": f"{subject}-{role}", "subject": subject, "path": f"cast:{subject}/{role}", "sha256": number}
    return values | {"role": role, "licence": "CC0 1.0"}


def record(subject: str, **changes: Any) -> dict[str, Any]:
    purposes = {purpose: ["swap"] if purpose in BY_FAMILY else True for purpose in PURPOSES}
    made = {"id": f"{subject}-1", "subject": subject, "basis": {"kind": "synthetic"}, "purposes": purposes}
    return made | {"counterparts": "anyone", "from": "2020-01-01", "until": None} | changes


@pytest.fixture
def written(tmp_path: Path, grant_all: Callable[..., Ledger]) -> dict[str, Any]:
    """A good study: ada and ben may play each other, cleo plays herself only, dan has no clip to learn from."""
    roles = {"ada": ("train", "test"), "ben": ("train", "test"), "cleo": ("source", "driver", "test"), "dan": ("test",)}
    clips = [clip(subject, role) for subject, has in roles.items() for role in has]
    (tmp_path / "manifest.yaml").write_text(yaml.safe_dump({"clips": clips}), encoding="utf-8")
    grant_all(tmp_path / "consents", *map(record, roles))
    return {
        "study": "default",
        "version": "1.0-a",
        "about": "Which method, and by how much?",
        "seed": 7,
        "manifest": str(tmp_path / "manifest.yaml"),
        "consents": str(tmp_path / "consents"),
        "media": {"fps": 25, "height": None, "crf": 12},
        "cast": {"size": 256},
        "extract": plain(Extraction()),
        "pairs": [{"source": "ada", "driver": "ben", "both": True}],
        "methods": {
            "copy": {},
            "original": {"recipe": "present", "learning": {"steps": 100, "rate": "1e-3"}, "threads": 2},
        },
        "publish": {"crf": 18, "preset": "medium", "certificate": None, "key": None, "watermark_key": None},
        "metrics": ["identity", "truth"],
    }


def changed(written: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """The study with one value put in at a path of keys."""
    made = copy.deepcopy(written)
    place: Any = made
    *keys, last = path.split(".")
    for key in keys:
        place = place[key]
    place[last] = value
    return made


def test_a_study_is_typed_and_goes_back_to_what_was_written(written: dict[str, Any]) -> None:
    study = read_study(written)
    assert study.methods["original"] == Settings(recipe="present", learning=Loop(steps=100, rate=1e-3), threads=2)
    assert study.pairs == (Direction(source="ada", driver="ben"), Direction(source="ben", driver="ada"))
    assert read_study(plain(study)) == study
    assert yaml.safe_load(yaml.safe_dump(plain(study))) == plain(study)
    assert list(study.methods) == ["copy", "original"]


def test_a_file_and_its_mapping_are_the_same_study(written: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "mein Studium ü.yaml"
    path.write_text(yaml.safe_dump(written), encoding="utf-8")
    assert read_study(path) == read_study(written)
    path.write_text(yaml.safe_dump(changed(written, "methods.original.learning.stpes", 3)), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_study(path)
    for word in (f"{path}: methods.original.learning.stpes", "unknown key", "'steps'"):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("sede", 1, ["sede", "unknown key", "'seed'"]),
        ("seed", "seven", ["seed", "text 'seven'", "a whole number"]),
        ("seed", -1, ["seed must not be below 0"]),
        ("version", 1.0, ["version", "number 1.0", "quotes: '1.0'"]),
        ("version", "1/2", ["version '1/2'", "small letters"]),
        ("study", "My study", ["study 'My study'", "small letters"]),
        ("media.fsp", 25, ["media.fsp", "unknown key", "'fps'"]),
        ("media.crf", 99, ["media", "crf must be from 0", "99"]),
        ("media.height", 101, ["media", "height must be even"]),
        ("cast.size", 13, ["cast", "size must be even"]),
        ("publish.preset", "medum", ["publish", "'medum'", "'medium'"]),
        ("extract.detector", "hgo", ["extract.detector", "'hgo'", "'hog'"]),
        ("extract.size", True, ["extract.size", "truth value true"]),
        ("methods.orignal", {}, ["methods.orignal", "no such method", "'original'"]),
        ("methods.original.recipe", "presnet", ["methods.original.recipe", "'presnet'", "'present'"]),
        ("methods.original.recipe", 2018, ["methods.original.recipe", "number 2018", "quotes: '2018'"]),
        ("methods.original.learning.rate", "fast", ["methods.original.learning.rate", "'fast'", "a number"]),
        ("methods.original.learning", 3, ["methods.original.learning", "steps, rate"]),
        ("methods.original", None, ["methods.original", "empty"]),
        ("methods", {}, ["methods is empty"]),
        ("methods", ["copy"], ["methods", "a list", "a mapping"]),
        ("pairs", [], ["pairs is empty"]),
        ("pairs", [{"source": "ada"}], ["pairs[0].driver", "missing"]),
        ("pairs", [{"source": "ada", "driver": "bne"}], ["pairs", "'bne' has no clip", "'ben'"]),
        ("pairs", [{"source": "ada", "driver": "dan"}], ["driver 'dan'", "train or driver", "manifest add"]),
        ("pairs", [{"source": "dan", "driver": "ada"}], ["source 'dan'", "train or source"]),
        ("pairs", [{"source": "ada", "driver": "ada"}], ["source 'ada'", "no clip of role source"]),
        ("metrics", ["identity", "trooth"], ["metrics[1]", "'trooth'", "'truth'"]),
        ("replicates", 0, ["replicates must not be below 1"]),
        ("budget", {"kind": "hours", "amount": 1}, ["budget.kind", "'hours'", "seconds"]),
        ("budget", {"kind": "seconds", "amount": 0}, ["budget", "amount must be above 0"]),
        ("budget", {"kind": "steps", "amount": 1.5}, ["budget", "1.5 is not whole"]),
        ("curve", [0.5, 0.25], ["curve holds shares", "rising"]),
        ("curve", [0.5, 1.0], ["curve holds shares"]),
        ("networks", {"lpips": {"path": "alex.pth", "sha256": "12"}}, ["networks.lpips", "64 hexadecimal digits"]),
        ("modules", {"lowmem": "original"}, ["modules.lowmem", "no such entry of `methods`"]),
        ("modules", {"original": "orignal"}, ["modules.original", "no method 'orignal'", "'original'"]),
        ("merges", {"soft": {"of": "orignal", "paste": PASTE}}, ["merges.soft.of", "'orignal'", "'original'"]),
        ("merges", {"copy": {"of": "original", "paste": PASTE}}, ["merges.copy", "an entry of `methods` already"]),
        ("merges", {"soft": {"of": "original", "paste": PASTE}}, ["merges.soft.of", "'original' pastes nothing"]),
        ("merges", {"soft": {"of": "warp", "paste": {"colour": "mkl"}}}, ["merges.soft.paste.mask", "missing"]),
    ],
)
def test_a_mistake_is_named_with_its_path_and_the_nearest_name(
    written: dict[str, Any], path: str, value: object, words: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_study(changed(written, path, value))
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("path", ["seed", "about", "media.height", "extract.every", "methods.original.threads"])
def test_nothing_is_guessed(written: dict[str, Any], path: str) -> None:
    made = copy.deepcopy(written)
    place: Any = made
    *keys, last = path.split(".")
    for key in keys:
        place = place[key]
    del place[last]
    with pytest.raises(ConfigError, match=f"{path}: missing"):
        read_study(made)


def test_one_person_on_both_sides_has_clips_set_apart(written: dict[str, Any]) -> None:
    study = read_study(changed(written, "pairs", [{"source": "cleo", "driver": "cleo", "both": True}]))
    assert study.pairs == (Direction(source="cleo", driver="cleo"),)


def test_a_driver_whom_nothing_learns_from_needs_test_clips_only(written: dict[str, Any]) -> None:
    made = changed(changed(written, "methods", {"copy": {}}), "pairs", [{"source": "ada", "driver": "dan"}])
    assert read_study(made).pairs[0].driver == "dan"
    with pytest.raises(ConfigError, match="source 'dan'"):
        read_study(changed(made, "pairs", [{"source": "dan", "driver": "ada"}]))


def test_a_missing_manifest_stops_it(written: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no such file"):
        read_study(changed(written, "manifest", str(tmp_path / "none.yaml")))


def test_the_digest_answers_for_settings_manifest_and_consents(
    written: dict[str, Any], tmp_path: Path, grant_all: Callable[..., Ledger]
) -> None:
    people = ("ada", "ben", "cleo", "dan")

    def digest(study: Study) -> str:
        return study.digest(read_manifest(study.manifest), read_ledger(study.consents))

    first = digest(read_study(written))
    assert digest(read_study(plain(read_study(written)))) == first
    seen = {first}
    for path, value in (("seed", 8), ("methods.original.learning.steps", 101), ("about", "Something else.")):
        seen.add(digest(read_study(changed(written, path, value))))
    grant_all(tmp_path / "consents", record("ada", until="2999-01-01"), *map(record, people[1:]))
    seen.add(digest(read_study(written)))
    grant_all(tmp_path / "consents", record("ada", withdrawn="2026-01-01"), *map(record, people[1:]))
    seen.add(digest(read_study(written)))
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("dan-test", "dan-again"), encoding="utf-8")
    seen.add(digest(read_study(written)))
    assert len(seen) == 7


def test_the_digest_does_not_change_with_what_the_log_tells_of_others_or_of_uses(
    written: dict[str, Any], tmp_path: Path, grant_all: Callable[..., Ledger]
) -> None:
    """Else a study would be another one as soon as it ran, and whenever somebody outside of it agreed to something."""
    study = read_study(written)
    first = study.digest(read_manifest(study.manifest), read_ledger(study.consents))
    ask(tmp_path / "consents", "default", "reference", [Use(subject="ada", purpose="extract")])
    grant(tmp_path / "consents", read_terms(record("eva"), ""))
    withdraw(tmp_path / "consents", "eva")
    assert study.digest(read_manifest(study.manifest), read_ledger(study.consents)) == first


def laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Two mappings merged as Snakemake merges config files: mappings key by key, all else replaced."""
    deep = {
        key: laid_over(below[key], value) for key, value in above.items() if isinstance(value, dict) and key in below
    }
    return below | above | deep


@pytest.mark.parametrize(("name", "over"), [("config.yaml", None), ("config.yaml", "tiny.yaml"), ("swaps.yaml", None)])
def test_the_studies_that_come_along_are_whole(name: str, over: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    values = yaml.safe_load((ROOT / "config" / name).read_text(encoding="utf-8"))
    if over is not None:
        values = laid_over(values, yaml.safe_load((ROOT / "config" / over).read_text(encoding="utf-8")))
    offer(monkeypatch, methods.names, methods.method)
    monkeypatch.chdir(ROOT)
    study = read_study(values)
    assert read_study(plain(study)) == study


@pytest.fixture
def default(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The default study's settings, with the true methods."""
    offer(monkeypatch, methods.names, methods.method)
    monkeypatch.chdir(ROOT)
    value: dict[str, Any] = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    return value


def test_a_merge_draws_with_another_s_training_and_a_training_sees_no_paste(default: dict[str, Any]) -> None:
    study = read_study(default | {"merges": {"mkl": {"of": "original", "paste": PASTE}}, "replicates": 3})
    assert study.entries == ("copy", "warp", "original", "world", "mkl")
    assert study.trained("mkl") == "original"
    assert study.module("mkl") is method("original")
    assert study.settings("mkl").paste.colour == "mkl"
    assert dataclasses.replace(study.settings("mkl"), paste=study.settings("original").paste) == study.settings(
        "original"
    )
    assert study.training_settings("mkl") == study.training_settings("original")
    assert "paste" not in study.training_settings("original")
    assert study.seeds("mkl") == (1, 2, 3)
    assert study.seeds("warp") == (1,)
    assert read_study(plain(study)) == study


def test_an_entry_may_go_by_another_name_than_its_module(default: dict[str, Any]) -> None:
    default["methods"]["lowmem"] = default["methods"]["original"]
    with pytest.raises(ConfigError, match=r"methods.lowmem: there is no such method.*modules: {lowmem: original}"):
        read_study(default)
    study = read_study(default | {"modules": {"lowmem": "original"}})
    assert study.module("lowmem") is method("original")


@pytest.mark.parametrize(
    ("kind", "amount", "spent"),
    [("steps", 50, (50, None, None)), ("seconds", 2.5, (10**8, 2.5, None)), ("flops", 1e9, (10**8, None, 1e9))],
)
def test_a_budget_takes_the_place_of_every_method_s_own(
    default: dict[str, Any], kind: Any, amount: float, spent: tuple[object, ...]
) -> None:
    study = read_study(default | {"budget": {"kind": kind, "amount": amount}})
    learning: Learning = study.settings("original").learning
    assert (learning.steps, learning.seconds, learning.flops) == spent
    assert study.budget == Budget(kind=kind, amount=amount)
    assert study.training_settings("original")["learning"]["steps"] == spent[0]
    assert study.methods["original"].learning.steps == 4000, "the study's own record stays as it was written"


def test_weights_for_a_metric_are_those_that_the_study_names(tmp_path: Path) -> None:
    path = tmp_path / "alex.pth"
    with pytest.raises(ConfigError, match=r"networks.lpips: there is no file .*alex.pth"):
        require_networks({"lpips": Network(path=path, sha256="0" * 64)})
    path.write_bytes(b"weights")
    with pytest.raises(ConfigError, match=r"has the sha256 [0-9a-f]{64}, and the study names 0{64}"):
        require_networks({"lpips": Network(path=path, sha256="0" * 64)})
    require_networks({"lpips": Network(path=path, sha256=hashlib.sha256(b"weights").hexdigest())})


def test_a_pretraining_learns_from_people_who_are_in_no_pair(default: dict[str, Any], tmp_path: Path) -> None:
    default["methods"]["original"]["start"] = "trained"
    with pytest.raises(ConfigError, match=r"'original' is to be pretrained, and no clip .* has the role pretrain"):
        read_study(default)
    study = read_study(default | {"manifest": "config/cast/swaps-manifest.yaml"})
    assert study.settings("original").start == "trained"
    clips = yaml.safe_load((ROOT / "config/cast/manifest.yaml").read_text(encoding="utf-8"))
    next(clip for clip in clips["clips"] if clip["subject"] == "elsa")["role"] = "pretrain"
    (tmp_path / "manifest.yaml").write_text(yaml.safe_dump(clips), encoding="utf-8")
    with pytest.raises(ConfigError, match="'elsa' is in a pair, and has clips of role pretrain"):
        read_study(default | {"manifest": str(tmp_path / "manifest.yaml")})
