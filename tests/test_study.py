"""The whole workflow on a tiny study: it runs, labels, repeats, resumes, asks for consent, and is never overwritten."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from understudy import media, people, provenance
from understudy.files import sha256
from understudy.people import read_ledger

sys.path.append(str(Path(__file__).resolve().parent / "withdrawal"))
from withdrawal_tree import remains

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.study


STUDY = ["--cores", "2", "--configfile", "config/config.yaml", "config/tiny.yaml"]
COMMAND = [sys.executable, "-m", "snakemake", *STUDY]


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the project's own workflow in `folder` on the tiny study."""
    return subprocess.run([*COMMAND, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def house(folder: Path) -> Path:
    """A copy of the project's workflow, without anything that was made in it."""
    for name in ("workflow", "profiles", "scripts", "config", "envs", "src"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", folder)
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = house(tmp_path_factory.mktemp("study"))
    done = snakemake(folder)
    assert done.returncode == 0, done.stderr[-6000:]
    return folder


def version(folder: Path) -> Path:
    return folder / "results/tiny/1"


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
    assert {fake.parent.parent.name for fake in fakes} == {"copy", "warp", "original"}
    for fake in fakes:
        lineage = provenance.card(fake)["lineage"]
        assert lineage["method"] == fake.parent.parent.name
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
    run = next((folder / "data/tiny/runs/original").iterdir())
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


def understudy(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of the program in `folder`."""
    command = [sys.executable, "-c", "import sys; from understudy.cli import main; sys.exit(main())", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_every_use_of_a_person_is_in_the_log(finished: Path) -> None:
    ledger = read_ledger(finished / "config/cast/consents")
    used = [event for event in ledger.log.events if event.kind == "used"]
    jobs = {(event.subject, event.body["job"].split()[0]) for event in used}
    kinds = {"render", "truth", "reference", "extract", "train", "convert", "measure", "sanity"}
    assert jobs == {(subject, kind) for subject in ("dario", "felix") for kind in kinds}
    card = json.loads(next((finished / "data/tiny/runs").rglob("card.json")).read_text())
    assert card["log_head"] in {event.hash for event in ledger.log.events}


def test_the_crate_is_verified_and_a_changed_one_is_not(finished: Path, tmp_path: Path) -> None:
    crate = version(finished) / "crate"
    sound = understudy(finished, "verify", str(crate))
    assert sound.returncode == 0, sound.stdout + sound.stderr
    changed = tmp_path / "crate"
    shutil.copytree(crate, changed)
    scores = (changed / "scores.csv").read_text()
    (changed / "scores.csv").write_text(scores.replace("dario", "felix", 1))
    refused = understudy(finished, "verify", "--quick", str(changed))
    assert refused.returncode == 1
    assert "scores.csv" in refused.stdout


def test_a_study_run_again_from_its_crate_has_the_same_numbers_to_the_bit(finished: Path, tmp_path: Path) -> None:
    again = understudy(
        finished, "reproduce", str(version(finished) / "crate"), "--into", str(tmp_path / "again"), "--cores", "2"
    )
    assert again.returncode == 0, again.stdout[-3000:] + again.stderr[-3000:]
    verdicts = pd.read_csv(tmp_path / "again/verdicts.csv")
    assert len(verdicts) == len(pd.read_parquet(version(finished) / "scores.parquet"))
    assert set(verdicts["verdict"]) == {"identical"}


def test_a_withdrawal_leaves_nothing_of_the_person(finished: Path, tmp_path: Path) -> None:
    """Three people, one withdraws: no byte of theirs is left, and the study is made anew without them."""
    folder = tmp_path / "three"
    shutil.copytree(finished, folder)
    consents = folder / "config/cast/consents"
    added = understudy(
        folder,
        *("manifest", "add-cast", "config/tiny/manifest.yaml", "--actor", "clara"),
        *("--performance", "answer-1", "answer-2", "--roles", "train:1/2,test:1/2"),
    )
    assert added.returncode == 0, added.stderr
    tiny = folder / "config/tiny.yaml"
    settings = yaml.safe_load(tiny.read_text())
    settings["pairs"] = [{"source": "dario", "driver": "felix"}, {"source": "dario", "driver": "clara"}]
    settings["methods"]["original"]["learning"] |= {"steps": 20, "snapshot_every": 10}
    tiny.write_text(yaml.safe_dump(settings | {"version": "2"}))
    first = snakemake(folder)
    assert first.returncode == 0, first.stderr[-6000:]
    crops_NHWC = np.load(folder / "data/tiny/facesets/felix-answer-3/crops.npy")
    samples = [crop_HWC.tobytes()[:512] for crop_HWC in crops_NHWC[:3]]
    samples.append(np.load(folder / "data/tiny/references/felix.npy")[0].tobytes())
    assert remains(folder, ["felix"], samples)

    gone = understudy(folder, "consent", "withdraw", "felix", "--folder", str(consents), "--yes")
    assert gone.returncode == 0, gone.stdout + gone.stderr
    assert remains(folder, ["felix"], samples) == []
    again = snakemake(folder)
    assert again.returncode == 0, again.stderr[-6000:]
    assert remains(folder, ["felix"], samples) == []
    scores = pd.read_parquet(folder / "results/tiny/2/scores.parquet")
    assert set(scores["driver"]) == {"clara"}
    assert "withdr" in (folder / "results/tiny/2/report.html").read_text().lower()
    checked = understudy(folder, "verify", "--quick", "results/tiny/2/crate")
    assert checked.returncode == 0, checked.stdout[-4000:]
