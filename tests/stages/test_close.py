"""What a crate tells of a run is what Snakemake would run, and what is closed is what may be handed on."""

import datetime
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from understudy.config import read_study
from understudy.people import read_ledger, read_manifest
from understudy.settings import read_yaml
from understudy.stages.history import history, named
from understudy.stages.jobs import Jobs
from understudy.stages.packing import _below, _home

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Jobs:
    """The plan of the tiny study, in a folder in which nothing was run."""
    for name in ("config", "Snakefile", "workflow", "scripts", "envs", "profiles", "src"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    merged = read_yaml(Path("config/config.yaml"))
    for key, value in read_yaml(Path("config/tiny.yaml")).items():
        merged[key] = merged[key] | value if isinstance(value, dict) and key != "methods" else value
    merged["methods"] = read_yaml(Path("config/config.yaml"))["methods"]
    study = read_study(merged)
    return Jobs(study, read_manifest(study.manifest), read_ledger(study.consents), "d" * 64)


def test_the_history_has_the_jobs_that_snakemake_plans(tiny: Jobs) -> None:
    """Counted by Snakemake itself; the report, the closing and the target that gathers them come after the crate."""
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--forceall", "--quiet", "rules", "--cores", "1"]
    planned = subprocess.run(
        [*command, "--configfile", "config/config.yaml", "config/tiny.yaml"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )
    assert planned.returncode == 0, planned.stderr[-3000:]
    rows = re.findall(r"^(\w+)\s+(\d+)$", planned.stdout + planned.stderr, re.M)
    counts = {rule: int(number) for rule, number in rows if rule not in ("all", "close", "report", "total")}
    assert counts == Counter(job.rule for job in history(tiny))


def test_what_a_job_reads_was_made_by_one_before_or_is_a_clip(tiny: Jobs) -> None:
    known = {clip.id for clip in tiny.manifest.clips}
    for job in sorted(history(tiny), key=lambda job: job.rule in ("curve", "measure", "sanity", "validity", "gather")):
        assert set(job.inputs) <= known, job.name
        known |= set(job.outputs)
    assert {"scores.parquet", "scores.csv", "frames.parquet"} <= known


def test_no_job_was_run_twice_or_made_what_another_did(tiny: Jobs) -> None:
    jobs = history(tiny)
    made = [path for job in jobs for path in job.outputs]
    assert len({job.name for job in jobs}) == len(jobs)
    assert len(set(made)) == len(made)


def test_times_are_those_of_snakemake_s_tables(tiny: Jobs, tmp_path: Path) -> None:
    table = tmp_path / "data/tiny/cost/reference/dario.tsv"
    table.parent.mkdir(parents=True)
    table.write_text("s\th:m:s\n1.0\t0:00:01\n12.5\t0:00:12\n")
    os.utime(table, (1_700_000_000, 1_700_000_000))
    jobs = {job.name: job for job in history(tiny)}
    assert jobs["reference dario"].seconds == 12.5
    assert jobs["reference dario"].end == datetime.datetime.fromtimestamp(1_700_000_000, datetime.UTC)
    assert (jobs["reference felix"].seconds, jobs["reference felix"].end) == (None, None)


def test_a_file_is_named_as_in_the_finished_version(tiny: Jobs) -> None:
    assert named(tiny, "data/tiny/scores/scores.parquet") == "scores.parquet"
    assert named(tiny, "data/tiny/scores/warp/dario/x.parquet") == "scores/warp/dario/x.parquet"
    assert named(tiny, "data/tiny/fakes/warp/dario/x.mp4") == "fakes/warp/dario/x.mp4"


def test_the_workflow_that_goes_along_is_whole(tiny: Jobs) -> None:
    """Every rule's script and every file that the Snakefile includes; nothing hidden or compiled."""
    files = {name for pattern in ("Snakefile", "workflow/**/*", "scripts/*.py") for name in _below(_home(), pattern)}
    assert "Snakefile" in files
    for rules in re.findall(r'include: "(.+)"', (ROOT / "Snakefile").read_text()):
        assert rules in files
        for script in re.findall(r'"\.\./\.\./(scripts/\w+\.py)"', (ROOT / rules).read_text()):
            assert script in files
    assert not any("__pycache__" in name or "/." in name for name in files)
