"""What comes after a study: a reviewer verifies it and runs it again, and somebody in it withdraws."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from .house import snakemake, understudy, version

sys.path.append(str(Path(__file__).resolve().parent / "withdrawal"))
from withdrawal_tree import remains

pytestmark = pytest.mark.study(minutes=18)


def test_the_crate_is_verified_and_a_changed_one_is_not(finished: Path, tmp_path: Path) -> None:
    crate = version(finished) / "crate"
    sound = understudy(finished, "verify", "--cores", "2", str(crate))
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
    settings |= {"replicates": 1, "validity": 0, "merges": {}}
    tiny.write_text(yaml.safe_dump(settings | {"version": "2"}))
    first = snakemake(folder)
    assert first.returncode == 0, first.stderr[-6000:]
    crops_NHWC = np.load(folder / "data/tiny/facesets/felix-answer-3/crops.npy")
    samples = [crop_HWC.tobytes()[:512] for crop_HWC in crops_NHWC[:3]]
    samples.append(np.load(folder / "data/tiny/references/felix.npy")[0].tobytes())
    for sample in samples:  # the search would see each of them
        assert remains(folder, [], [sample])

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
