"""The whole workflow on a tiny study: it runs, labels, repeats, resumes, asks for consent, and is never overwritten."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml

from understudy import media, people, provenance
from understudy.files import sha256
from understudy.people import read_ledger
from understudy.people.events import joined

from .house import COMMAND, house, snakemake, version

pytestmark = pytest.mark.study(minutes=3)


def test_a_finished_version_is_complete_and_its_hashes_hold(finished: Path) -> None:
    receipt = json.loads((version(finished) / "hashes.json").read_text())
    for name, digest in receipt["files"].items():
        assert sha256(version(finished) / name) == digest, name
    names = set(receipt["files"])
    assert {
        "report.html",
        "scores.parquet",
        "scores.csv",
        "frames.parquet",
        "study.yaml",
        "manifest.yaml",
        "machine.json",
    } <= names
    assert any(name.startswith("runs/original/") and name.endswith("card.json") for name in names)
    kept = {name for name in names if not name.startswith("crate/")}
    assert not any(name.endswith((".npy", ".safetensors")) for name in kept), "footage and weights stay outside"


def test_every_fake_is_labelled_and_says_whom_it_shows(finished: Path) -> None:
    fakes = sorted((version(finished) / "fakes").rglob("*.mp4"))
    made = {(fake.parents[2].name, fake.parents[1].name) for fake in fakes}
    learned = {(name, f"seed-{seed}") for name in ("original", "original-mkl", "world") for seed in (1, 2)}
    assert made == {("copy", "seed-1"), ("warp", "seed-1"), *learned}
    for fake in fakes:
        lineage = provenance.card(fake)["lineage"]
        assert lineage["method"] == fake.parents[2].name
        assert f"seed-{lineage['seed']}" == fake.parents[1].name
        assert lineage["source"] == fake.parent.name
        assert len(lineage["consents"]) == 2


def test_a_fake_keeps_the_driver_s_length_and_sound(finished: Path) -> None:
    for fake in (version(finished) / "fakes").rglob("*.mp4"):
        driver = media.probe(finished / f"data/tiny/clips/{fake.stem}.mp4")
        made = media.probe(fake)
        assert (made.frames, made.fps, made.width, made.height) == (
            driver.frames,
            driver.fps,
            driver.width,
            driver.height,
        )
        assert (made.sound is None) == (driver.sound is None)


def test_the_scores_hold_every_method_beside_its_sanity_rows(finished: Path) -> None:
    scores = pd.read_parquet(version(finished) / "scores.parquet")
    assert {"copy", "warp", "original"} <= set(scores["method"])
    sanity = set(scores.loc[scores["family"] == "sanity", "method"])
    assert {"truth", "driver", "re-encoded"} <= sanity
    assert (scores.loc[scores["value"].notna(), "n"] > 0).all()


def test_running_again_has_nothing_to_do(finished: Path) -> None:
    again = snakemake(finished)
    assert again.returncode == 0
    assert "Nothing to be done" in again.stderr + again.stdout


def test_a_finished_version_is_never_overwritten(finished: Path) -> None:
    before = (version(finished) / "hashes.json").read_bytes()
    refused = snakemake(finished, "--config", "seed=99")
    assert refused.returncode != 0
    assert "version" in refused.stderr
    assert "never overwritten" in refused.stderr
    assert (version(finished) / "hashes.json").read_bytes() == before


def test_the_report_of_snakemake_carries_the_page(finished: Path) -> None:
    made = snakemake(finished, "--report", "report.zip")
    assert made.returncode == 0, made.stderr[-3000:]
    import zipfile

    names = zipfile.ZipFile(finished / "report.zip").namelist()
    assert any(name.endswith("report.html") and "data" in name for name in names), names


def test_a_withdrawn_consent_stops_the_study_before_any_work(finished: Path, tmp_path: Path) -> None:
    folder = house(tmp_path / "withdrawn")
    settings = yaml.safe_load((folder / "config/config.yaml").read_text())
    people.withdraw(folder / settings["consents"], "dario")
    stopped = snakemake(folder)
    assert stopped.returncode != 0
    assert "withdrawn" in stopped.stderr
    assert "dario" in stopped.stderr
    assert not (folder / "data").exists() or not list((folder / "data").rglob("*.mp4"))


def test_a_killed_training_resumes_to_the_same_weights(finished: Path, tmp_path: Path) -> None:
    """kill -9 in the middle of a training: running again ends with the weights of the uninterrupted, to the bit."""
    folder = tmp_path / "killed"
    shutil.copytree(finished, folder)
    shutil.rmtree(folder / "results")
    run = next((folder / "data/tiny/runs/original/seed-1").iterdir())
    wanted = sha256(run / "weights.safetensors")
    shutil.rmtree(run)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    study = subprocess.Popen(COMMAND, cwd=folder, start_new_session=True, **quiet)
    deadline = time.monotonic() + 120
    while not list(run.glob("snapshot*")) and time.monotonic() < deadline and study.poll() is None:
        time.sleep(0.02)
    os.killpg(study.pid, signal.SIGKILL)
    study.wait()
    snakemake(folder, "--unlock")
    again = snakemake(folder)
    assert again.returncode == 0, again.stderr[-6000:]
    assert sha256(run / "weights.safetensors") == wanted


def test_every_use_of_a_person_is_in_the_log(finished: Path) -> None:
    ledger = read_ledger(finished / "config/cast/consents")
    used = [event for event in ledger.log.events if event.kind == "used"]
    jobs = {(event.subject, event.body["job"].split()[0]) for event in used}
    kinds = {"render", "truth", "reference", "extract", "speech", "train", "curve", "convert", "measure", "sanity"}
    assert jobs == {(subject, kind) for subject in ("dario", "felix") for kind in (*kinds, "validity")}
    card = json.loads(next((finished / "data/tiny/runs").rglob("card.json")).read_text())
    assert card["log_head"] in {joined(ledger.log.anchor, event.hash) for event in ledger.log.continued}
