"""Reproducing: what is written before anything runs, what each outcome is called, and what is never touched.

The study itself is run again in tests/test_study.py; here stands a function in its place.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from understudy import stats
from understudy.cli import main
from understudy.people import check_file, read_ledger, read_manifest
from understudy.review import ReproductionError, outcome, reproduce, workspace
from understudy.review import reproduce as module
from understudy.review.workspace import Workspace

Run = Callable[[Workspace, int, int], Path]
quiet = lambda line: None  # noqa: E731 - nothing is told


def again(crate: Path, change: Callable[[pd.DataFrame, int], pd.DataFrame] = lambda table, seed: table) -> Run:
    """What stands for a run: the crate's own table, changed by the seed."""

    def run(place: Workspace, seed: int, cores: int) -> Path:
        table = stats.read(crate / "scores.parquet").assign(seed=seed)
        out = place.table(seed)
        out.parent.mkdir(parents=True, exist_ok=True)
        stats.write(change(table, seed), out)
        return out

    return run


def moved(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Values of the learned method move with the seed, by less than a hundredth."""
    learned = table["method"] == "original"
    return table.assign(value=table["value"].where(~learned, table["value"] + 0.001 * (seed % 5 - 2)))


def test_the_same_numbers_are_identical(sound: Path, tmp_path: Path) -> None:
    done = reproduce(sound, into=tmp_path / "r", run=again(sound), tell=quiet)
    assert set(done.verdicts["verdict"]) == {"identical"}
    assert done.count.well
    assert len(pd.read_csv(tmp_path / "r/verdicts.csv")) == len(stats.read(sound / "scores.csv"))


def test_a_changed_and_a_missing_number_are_named(sound: Path, tmp_path: Path) -> None:
    def change(table: pd.DataFrame, seed: int) -> pd.DataFrame:
        return table.assign(value=table["value"].where(table.index != 3, 0.5)).drop(index=5)

    done = reproduce(sound, into=tmp_path / "r", run=again(sound, change), tell=quiet)
    told = stats.read(sound / "scores.parquet")
    lines = list(outcome(done))
    assert lines[-1] == f"{len(told)} numbers: {len(told) - 2} identical, 1 different, 1 missing"
    assert any(line.startswith("different: ") and str(told.loc[3, "metric"]) in line for line in lines)
    assert any(line.startswith("missing: ") and str(told.loc[5, "metric"]) in line for line in lines)
    assert not done.count.well


def test_replicates_give_bands(sound: Path, tmp_path: Path) -> None:
    seeds: list[int] = []

    def change(table: pd.DataFrame, seed: int) -> pd.DataFrame:
        seeds.append(seed)
        return moved(table, seed)

    done = reproduce(sound, into=tmp_path / "r", seeds=(2, 3, 4), run=again(sound, change), tell=quiet)
    assert seeds == [1, 2, 3, 4]
    verdicts = done.verdicts.groupby("method")["verdict"].unique().map(set).to_dict()
    assert verdicts["original"] == {"within its band"}
    assert all(found == {"identical"} for name, found in verdicts.items() if name != "original")
    written = pd.read_csv(tmp_path / "r/bands.csv")
    assert len(written) == len(done.verdicts)
    assert (written["n"] == 3).all()


def test_replicates_of_an_earlier_call_still_count(sound: Path, tmp_path: Path) -> None:
    reproduce(sound, into=tmp_path / "r", seeds=(2, 3, 4), run=again(sound, moved), tell=quiet)
    done = reproduce(sound, into=tmp_path / "r", run=again(sound, moved), tell=quiet)
    assert "within its band" in set(done.verdicts["verdict"])


def test_the_folder_holds_what_the_study_needs_and_nothing_of_another_place(sound: Path, tmp_path: Path) -> None:
    into = tmp_path / "r"
    reproduce(sound, into=into, run=again(sound), tell=quiet)
    settings = yaml.safe_load((into / "study.yaml").read_text())
    assert (settings["study"], settings["manifest"], settings["consents"]) == ("small", "manifest.yaml", "consents")
    ledger = read_ledger(into / "consents")
    assert ledger.refusal("dario", "be-source", "swap", counterpart="felix") is None
    from understudy import cast

    for clip in read_manifest(into / "manifest.yaml").clips:
        check_file(clip, digest=cast.digest)


def test_footage_that_is_not_here_is_named_before_anything_runs(filmed: tuple[Path, Path], tmp_path: Path) -> None:
    crate, _ = filmed
    told: list[str] = []

    def run(place: Workspace, seed: int, cores: int) -> Path:
        told.append("RUN")
        return again(crate, lambda table, seed: table[table["driver"] != "gina"])(place, seed, cores)

    done = reproduce(crate, into=tmp_path / "r", run=run, tell=told.append)
    before = "\n".join(told[: told.index("RUN")])
    assert "not here: clip gina-train" in before
    assert "cannot be run again: dario → gina" in before
    assert set(done.verdicts.groupby("driver")["verdict"].first()) == {"identical", "not run again"}
    assert done.count.well
    assert "gina" not in (tmp_path / "r/manifest.yaml").read_text()


def test_footage_is_found_by_what_it_is_not_by_its_name(filmed: tuple[Path, Path], tmp_path: Path) -> None:
    crate, footage = filmed
    for number, path in enumerate(sorted(footage.iterdir())):
        target = tmp_path / f"mine/{number}/some name.bin"
        target.parent.mkdir(parents=True)
        shutil.copy(path, target)
    (tmp_path / "mine/gina-train.mp4").write_bytes(b"not that footage")
    done = reproduce(crate, into=tmp_path / "r", data=tmp_path / "mine", run=again(crate), tell=quiet)
    assert done.workspace.lacking == done.workspace.left_out == ()
    assert set(done.verdicts["verdict"]) == {"identical"}
    for clip in read_manifest(tmp_path / "r/manifest.yaml").clips:
        if not clip.synthetic:
            check_file(clip)


def never(place: Workspace, seed: int, cores: int) -> Path:
    raise AssertionError("nothing may be run")


def test_a_crate_that_does_not_hold_is_not_run(copy: Path, tmp_path: Path) -> None:
    (copy / "scores.csv").write_text("nothing")
    with pytest.raises(ReproductionError, match="files and hashes"):
        reproduce(copy, into=tmp_path / "r", run=never, tell=quiet)
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("name", ["data", "data/small", "results/small/1"])
def test_the_user_s_own_studies_are_never_a_place_for_it(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ReproductionError, match="your own studies"):
        reproduce(sound, into=Path(name), run=never, tell=quiet)
    assert not list(tmp_path.iterdir())


def test_a_folder_of_something_else_is_left_alone(sound: Path, reserved: Path, tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r/mine.txt").write_text("mine")
    with pytest.raises(ReproductionError, match="not empty"):
        reproduce(sound, into=tmp_path / "r", run=never, tell=quiet)
    reproduce(reserved, into=tmp_path / "other", run=again(reserved), tell=quiet)
    with pytest.raises(ReproductionError, match="another crate"):
        reproduce(sound, into=tmp_path / "other", run=never, tell=quiet)


@pytest.mark.parametrize("seeds", [(2,), (2, 3), (2, 2, 3), (1, 2, 3), (-1, 2, 3)])
def test_seeds_that_make_no_band_are_refused(sound: Path, tmp_path: Path, seeds: tuple[int, ...]) -> None:
    with pytest.raises(ReproductionError, match="seeds"):
        reproduce(sound, into=tmp_path / "r", seeds=seeds, run=never, tell=quiet)


def test_two_at_once_do_not_share_a_folder(sound: Path, tmp_path: Path) -> None:
    with workspace.held(tmp_path / "r"), pytest.raises(ReproductionError, match="another process"):
        reproduce(sound, into=tmp_path / "r", run=never, tell=quiet)


@pytest.mark.parametrize(("changed", "status"), [(False, 0), (True, 1)])
def test_the_exit_status_says_it(
    sound: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    changed: bool,
    status: int,
) -> None:
    run = again(sound, lambda table, seed: table.assign(value=table["value"] + 1) if changed else table)
    monkeypatch.setattr(module, "__defaults__", None, raising=False)
    monkeypatch.setitem(module.__kwdefaults__, "run", run)
    assert main(["reproduce", str(sound), "--into", str(tmp_path / "r")]) == status
    assert ("different" in capsys.readouterr().out) == changed


def test_what_cannot_be_run_ends_with_2(copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(copy / "consent")
    assert main(["reproduce", str(copy), "--into", str(tmp_path / "r")]) == 2
    assert main(["verify", str(tmp_path / "nowhere")]) == 2
    assert "error:" in capsys.readouterr().err


def test_verify_says_its_outcome_by_its_status(sound: Path, copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import json

    assert main(["verify", "--quick", str(sound)]) == 0
    assert " 0 failed" in capsys.readouterr().out
    (copy / "methods.md").write_text("All was well.")
    assert main(["verify", str(copy), "--quick", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    wrong = [check for check in said["checks"] if check["state"] == "failed"]
    assert {finding["file"] for check in wrong for finding in check["findings"]} == {"methods.md"}
