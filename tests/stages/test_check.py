"""A study that cannot run is refused when it is read, in one message, before any work."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
import yaml

from understudy import media
from understudy.errors import ConfigError, ConsentError, Error, ManifestError, MediaError, VersionError
from understudy.files import sha256, write_json
from understudy.people import PURPOSES, Ledger, read_ledger
from understudy.people.consent import BY_FAMILY
from understudy.stages import check
from understudy.stages.jobs import Jobs, plan_study

ROOT = Path(__file__).resolve().parents[2]
Grant = Callable[..., Ledger]
METRICS = ("speaker", "cepstrum", "melody", "words", "timing", "loudness")  # of voices


def film(path: Path, *, width: int = 128, height: int = 96, frames: int = 30, sound: str = "sine=440") -> Path:
    """A real video, of nothing in particular, made by a real ffmpeg; sound: a source of its, "" for none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sources = [f"testsrc=size={width}x{height}:rate=25", *([sound] if sound else [])]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error"]
    for source in sources:
        command += ["-f", "lavfi", "-i", source]
    subprocess.run([*command, "-t", f"{frames / 25}", "-y", str(path)], check=True)
    return path


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grant_all: Grant) -> dict[str, Any]:
    """A filmed study of two consenting people, and the default study's settings."""
    monkeypatch.chdir(tmp_path)
    settings: dict[str, Any] = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    clips = []
    for subject in ("anna", "bert"):
        for number, role in enumerate(("train", "test")):
            path = film(tmp_path / f"clips/{subject} {role} ü.mp4", frames=20 + 2 * number + (subject == "bert"))
            clips.append(
                {
                    "id": f"{subject}-{role}",
                    "subject": subject,
                    "path": str(path.relative_to(tmp_path)),
                    "sha256": sha256(path),
                    "role": role,
                    "licence": "by consent",
                }
            )
    grant_all(tmp_path / "consents", consent("anna"), consent("bert"))
    (tmp_path / "manifest.yaml").write_text(yaml.safe_dump({"clips": clips}, allow_unicode=True))
    pairs = [{"source": "anna", "driver": "bert", "both": True}]
    return settings | {"study": "films", "manifest": "manifest.yaml", "consents": "consents", "pairs": pairs}


def consent(subject: str, **changes: Any) -> dict[str, Any]:
    """A record that allows all that a study of swaps asks."""
    purposes = {purpose: ["swap", "voice"] if purpose in BY_FAMILY else True for purpose in PURPOSES}
    made = {"id": f"{subject}-1", "subject": subject, "basis": {"kind": "form", "sha256": "a" * 64}}
    return (
        made | {"purposes": purposes, "counterparts": "anyone", "from": "2020-01-01", "until": "2999-01-01"} | changes
    )


def clip(number: int) -> Path:
    return Path(yaml.safe_load(Path("manifest.yaml").read_text())["clips"][number]["path"])


def record_again(number: int) -> None:
    """Writes the changed file's hash into the manifest, as somebody does who means the change."""
    manifest = yaml.safe_load(Path("manifest.yaml").read_text())
    manifest["clips"][number]["sha256"] = sha256(Path(manifest["clips"][number]["path"]))
    Path("manifest.yaml").write_text(yaml.safe_dump(manifest, allow_unicode=True))


def test_a_good_study_is_planned_and_makes_nothing_but_its_notes(study: dict[str, Any]) -> None:
    plan = plan_study(study)
    assert len(plan.all_fakes) == 2 * 4
    assert not plan.all_truths
    assert [path.name for path in Path("data").rglob("*") if path.is_file()] == ["checked.json"]


def test_clips_that_passed_are_not_read_again_until_they_change(
    study: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_study(study)
    seen: list[str] = []
    monkeypatch.setattr(check, "check_file", lambda clip, **_: seen.append(clip.id))
    plan_study(study)
    assert seen == []
    film(clip(2), frames=40)
    plan_study(study)
    assert seen == ["bert-train"]


def test_a_changed_file_is_refused_by_its_hash(study: dict[str, Any]) -> None:
    film(clip(1), frames=50)
    with pytest.raises(ManifestError, match=r"anna-test.*not the file that was recorded"):
        plan_study(study)


def test_a_lost_file_is_named(study: dict[str, Any]) -> None:
    clip(3).unlink()
    with pytest.raises(ManifestError, match=r"bert test ü.mp4"):
        plan_study(study)


@pytest.mark.parametrize(("sound", "fact"), [("", "has no sound"), ("anullsrc", "silence")])
def test_a_film_without_words_is_refused_where_voices_are_made(study: dict[str, Any], sound: str, fact: str) -> None:
    film(clip(3), sound=sound)
    record_again(3)
    with pytest.raises(MediaError, match=fact):
        plan_study(study)
    voiceless = {name: how for name, how in study["methods"].items() if name != "world"}
    metrics = [name for name in study["metrics"] if name not in METRICS]
    kept = study | {"methods": voiceless, "metrics": metrics, "combined": {}, "merges": {}}
    assert plan_study(kept).all_fakes, "faces need no words"


@pytest.mark.parametrize("fault", ["text", "truncated", "1x1", "8000x8000", "3 frames"])
def test_what_is_no_usable_video_is_refused(study: dict[str, Any], fault: str) -> None:
    path = clip(0)
    if fault == "text":
        path.write_text("this is not a video\n" * 50)
    elif fault == "truncated":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif fault == "1x1":
        single = path.with_suffix(".mkv")
        command = [
            imageio_ffmpeg.get_ffmpeg_exe(),
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "color=size=1x1:rate=25",
            "-t",
            "1",
        ]
        subprocess.run([*command, "-c:v", "ffv1", "-y", str(single)], check=True)
        shutil.move(single, path)
    else:
        size, frames = (8000, 6) if fault == "8000x8000" else (128, 3)
        film(path, width=size, height=size, frames=frames)
    record_again(0)
    with pytest.raises(MediaError) as refused:
        plan_study(study)
    assert "anna train ü.mp4" in str(refused.value)
    assert not list(Path("data").rglob("*.mp4"))


def test_consent_is_asked_before_the_files_are_read(study: dict[str, Any], grant_all: Grant) -> None:
    clip(0).write_text("not a video")
    grant_all(Path("consents"), consent("anna"), consent("bert", counterparts="same-person"))
    with pytest.raises(ConsentError, match=r"bert.*same person"):
        plan_study(study)


def test_who_learns_with_others_alone_may_not_be_of_a_group(study: dict[str, Any], grant_all: Grant) -> None:
    """Each is moved by themself, and one model learns from both: that is found before anything of theirs is read."""
    animated = yaml.safe_load((ROOT / "config/animate.yaml").read_text())
    kept = {key: study[key] for key in ("study", "manifest", "consents")}
    pairs = [{"source": name, "driver": name} for name in ("anna", "bert")]
    purposes = {purpose: ["animate"] if purpose in BY_FAMILY else True for purpose in PURPOSES}
    alone = {"purposes": purposes, "counterparts": "same-person"}
    grant_all(Path("consents"), consent("anna", **alone), consent("bert", **alone))
    with pytest.raises(ConsentError, match=r"'train' of family 'animate'.*only the same person"):
        plan_study(animated | kept | {"pairs": pairs})
    for pair in pairs:
        assert len(plan_study(animated | kept | {"pairs": [pair]}).trainings) == 2


def test_footage_of_someone_outside_every_pair_needs_consent_to_be_extracted(
    study: dict[str, Any], grant_all: Grant
) -> None:
    grant_all(Path("consents"), consent("anna"))
    with pytest.raises(ConsentError, match="bert"):
        plan_study(study | {"pairs": [{"source": "anna", "driver": "anna"}]} | _sides())


def _sides() -> dict[str, Any]:
    """Anna on both sides, her clips set apart."""
    manifest = yaml.safe_load(Path("manifest.yaml").read_text())
    extra = film(Path("clips/anna more.mp4"), frames=33)
    manifest["clips"][0]["role"] = "source"
    manifest["clips"].append(
        manifest["clips"][0] | {"id": "anna-driver", "path": str(extra), "sha256": sha256(extra), "role": "driver"}
    )
    Path("manifest.yaml").write_text(yaml.safe_dump(manifest, allow_unicode=True))
    return {}


def test_one_person_on_both_sides_is_learnt_from_clips_set_apart(study: dict[str, Any]) -> None:
    plan = plan_study(study | {"pairs": [{"source": "anna", "driver": "anna"}]} | _sides())
    job = plan.train_job("original", "1", "anna+anna")
    assert job["facesets"] == [["data/films/facesets/anna-train"], ["data/films/facesets/anna-driver"]]
    assert plan.source_facesets("anna", "anna-test") == ["data/films/facesets/anna-train"]


def test_nobody_is_looked_for_among_others_where_there_are_none(study: dict[str, Any]) -> None:
    """Known before anything runs, for somebody who studies one person; without that metric they may."""
    alone = study | {"pairs": [{"source": "anna", "driver": "anna"}]} | _sides()
    manifest = yaml.safe_load(Path("manifest.yaml").read_text())
    manifest["clips"] = [clip for clip in manifest["clips"] if clip["subject"] == "anna"]
    Path("manifest.yaml").write_text(yaml.safe_dump(manifest, allow_unicode=True))
    with pytest.raises(ConfigError, match=r"metrics\[\d\].*'retrieval' looks for .* anna is alone .*Take it out"):
        plan_study(alone)
    plan_study(alone | {"metrics": [name for name in study["metrics"] if name != "retrieval"]})


def test_a_finished_version_is_defended(study: dict[str, Any]) -> None:
    plan = plan_study(study)
    write_json(Path(plan.receipt), {"study": plan.digest, "files": {}})
    plan_study(study)
    with pytest.raises(VersionError, match=r"version.*never overwritten"):
        plan_study(study | {"seed": 7})
    plan_study(study | {"seed": 7, "version": "2"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sed": 1}, "sed.*Did you mean 'seed'"),
        ({"seed": "one"}, "seed.*whole number"),
        ({"methods": {"orignal": {}}}, "orignal.*Did you mean 'original'"),
        ({"metrics": ["trut"]}, "trut.*Did you mean 'truth'"),
        ({"pairs": [{"source": "ana", "driver": "bert"}]}, "ana.*Did you mean 'anna'"),
    ],
)
def test_a_slip_in_the_yaml_is_named(study: dict[str, Any], change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plan_study(study | change)


def test_a_doubled_key_is_refused_though_snakemake_would_take_the_last(study: dict[str, Any], tmp_path: Path) -> None:
    doubled = tmp_path / "twice.yaml"
    doubled.write_text("seed: 1\nseed: 2\n")
    with pytest.raises(ConfigError, match="seed"):
        plan_study(study, [str(doubled)])


def test_every_error_names_thing_fact_and_remedy(study: dict[str, Any]) -> None:
    with pytest.raises(Error) as refused:
        plan_study(study | {"sed": 1})
    assert refused.value.thing
    assert refused.value.fact
    assert refused.value.remedy


def test_jobs_hold_plain_values_alone(study: dict[str, Any]) -> None:
    """Snakemake ignores typed objects when it asks whether a job's settings changed."""

    def plain(value: Any) -> bool:
        if isinstance(value, dict):
            return all(isinstance(key, str) and plain(each) for key, each in value.items())
        if isinstance(value, list):
            return all(map(plain, value))
        return value is None or isinstance(value, str | int | float | bool)

    plan: Jobs = plan_study(study)
    jobs = [
        plan.ingest_job("anna-train"), plan.reference_job("anna"), plan.extract_job("anna-train"),
        plan.train_job("original", "1", "anna+bert"), plan.convert_job("warp", "1", "anna", "bert-test"),
        plan.measure_job("warp", "1", "anna", "bert-test"), plan.sanity_job("anna", "bert-test"), plan.report_job,
        plan.close_job,
    ]  # fmt: skip
    assert all(map(plain, jobs))


def test_the_shipped_manifests_are_of_the_shipped_cast(monkeypatch: pytest.MonkeyPatch) -> None:
    from understudy import cast, people

    monkeypatch.chdir(ROOT)
    for name in ("config/cast/manifest.yaml", "config/tiny/manifest.yaml"):
        for each in people.read_manifest(Path(name)).clips:
            people.check_file(each, digest=cast.digest)


def test_frames_of_a_film_are_what_the_test_thinks(tmp_path: Path) -> None:
    first = next(iter(media.frames(film(tmp_path / "x.mp4"))))
    assert first.shape == (96, 128, 3)
    assert first.dtype == np.uint8


def test_consent_is_asked_before_anybody_is_told_which_clips_are_missing(
    study: dict[str, Any], grant_all: Grant
) -> None:
    manifest = yaml.safe_load(Path("manifest.yaml").read_text())
    manifest["clips"] = [clip for clip in manifest["clips"] if clip["id"] != "bert-test"]
    Path("manifest.yaml").write_text(yaml.safe_dump(manifest, allow_unicode=True))
    grant_all(Path("consents"), consent("anna", counterparts="same-person"), consent("bert"))
    with pytest.raises(ConsentError, match="anna"):
        plan_study(study)
    grant_all(Path("consents"), consent("anna"), consent("bert"))
    with pytest.raises(ConfigError, match="no clip of role test"):
        plan_study(study)


def test_a_record_whose_last_day_is_over_stops_the_study_and_that_is_noted_once(
    study: dict[str, Any], grant_all: Grant
) -> None:
    over = consent("bert", until="2026-01-31")
    before = grant_all(Path("consents"), consent("anna"), over)
    for _ in range(2):
        with pytest.raises(ConsentError, match=r"bert.*expired on 2026-01-31"):
            plan_study(study)
    log = read_ledger(Path("consents")).log
    new = log.events[len(before.log.events) :]
    assert [(event.kind, event.subject, event.body["until"]) for event in new] == [
        ("expired-noted", "bert", "2026-01-31")
    ]


def test_a_damaged_log_stops_the_study(study: dict[str, Any]) -> None:
    log = Path("consents/log.jsonl")
    log.write_bytes(log.read_bytes().replace(b"2999-01-01", b"2999-01-02"))
    with pytest.raises(ConsentError, match=r"log\.jsonl, line 2.*changed or forged"):
        plan_study(study)
