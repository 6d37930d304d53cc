"""Each claim of ETHICS.md's first section, held. A claim that is changed there must be changed here."""

import datetime
import inspect
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from understudy import cast, people, provenance
from understudy.config import read_study
from understudy.errors import ConsentError
from understudy.stages import convert, faces, ingest, measure, render, train
from understudy.stages.check import check_consents

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "config/config.yaml"


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The default study's folder, with consent records that a test may change."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def change(study: Path, subject: str, **changes: Any) -> None:
    record = study / "config/cast/consents" / f"{subject}.yaml"
    record.write_text(yaml.safe_dump(yaml.safe_load(record.read_text()) | changes))


def ask(study: Path) -> None:
    read = read_study(study / "config/config.yaml")
    check_consents(read, people.read_manifest(read.manifest), people.read_ledger(read.consents))


def test_nobodys_likeness_ships() -> None:
    manifest = people.read_manifest(ROOT / "config/cast/manifest.yaml")
    assert all(clip.synthetic for clip in manifest.clips)
    assert {clip.performance[0] for clip in manifest.clips} <= set(cast.actors())
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    pictures = [path for path in tracked if re.search(r"\.(png|jpe?g|gif|webp|npz|npy)$", path, re.I)]
    # the head model and pictures of the cast, nothing else
    assert all(path.startswith(("docs/", "src/understudy/cast/")) for path in pictures), pictures


def test_no_use_without_a_record(study: Path) -> None:
    ask(study)
    (study / "config/cast/consents/elsa.yaml").unlink()
    with pytest.raises(ConsentError, match=r"subject 'elsa'.*no record.*understudy consent new elsa"):
        ask(study)


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"withdrawn": datetime.date(2026, 11, 2)}, "withdrawn on 2026-11-02"),
        ({"until": datetime.date(2026, 11, 3)}, "expired on 2026-11-03"),
        ({"from": datetime.date(2999, 1, 1)}, "begins on 2999-01-01"),
        ({"counterparts": "same-person"}, "only the same person"),
        ({"counterparts": ["dario"]}, "only 'dario'"),
    ],
)
def test_a_record_that_does_not_cover_the_use_stops_the_study(study: Path, changes: dict[str, Any], fact: str) -> None:
    change(study, "elsa", **changes)
    with pytest.raises(ConsentError) as stopped:
        ask(study)
    message = str(stopped.value)
    assert fact in message
    assert "subject 'elsa'" in message
    assert "purpose '" in message
    assert "elsa.yaml" in message


@pytest.mark.parametrize("purpose", ["extract", "train", "source", "driver"])
def test_a_purpose_that_was_not_given_stops_the_study(study: Path, purpose: str) -> None:
    record = yaml.safe_load((study / "config/cast/consents/elsa.yaml").read_text())
    change(study, "elsa", purposes=record["purposes"] | {purpose: False if purpose == "extract" else []})
    with pytest.raises(ConsentError, match=f"purpose '{purpose}'.*does not allow that"):
        ask(study)


JOBS = {
    "render": (render.render_clip, {"subject": "elsa"}),
    "truth": (render.render_truth, {"source": "elsa", "driver": "clara"}),
    "ingest": (ingest.ingest_clip, {"subject": "elsa"}),
    "reference": (faces.reference_subject, {"subject": "elsa", "clips": []}),
    "extract": (faces.extract_clip, {"subject": "elsa"}),
    "train": (train.train_run, {"method_name": "original", "subjects": ["elsa", "clara"]}),
    "convert": (convert.convert_clip, {"method_name": "copy", "source": "elsa", "driver": "clara"}),
    "measure": (measure.measure_fake, {"names": {"source": "elsa", "driver": "clara", "family": "swap"}}),
    "sanity": (measure.measure_sanity, {"names": {"source": "elsa", "driver": "clara", "family": "swap"}}),
}


@pytest.mark.parametrize("job", JOBS)
def test_jobs_ask_again(study: Path, job: str) -> None:
    """A withdrawal after the study began stops the next job of that person, whichever it is, before it opens a file."""
    change(study, "elsa", withdrawn=datetime.date(2026, 11, 2))
    stage, given = JOBS[job]
    settings: dict[str, Any] = {name: Path("nowhere") for name in inspect.signature(stage).parameters}
    fixed = {"threads": 1, "seed": 1, "consents": "config/cast/consents", **given}
    settings |= {name: value for name, value in fixed.items() if name in settings}
    with pytest.raises(ConsentError, match="withdrawn"):
        stage(**settings)


def test_every_job_that_is_given_consents_asks_them() -> None:
    asked = {stage for stage, _ in JOBS.values()}
    stages = {
        function
        for module in (render, ingest, faces, train, convert, measure)
        for _, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and "consents" in inspect.signature(function).parameters
    }
    assert stages == asked


def test_pair_is_made_by_the_check() -> None:
    with pytest.raises(ConsentError, match="cannot be constructed"):
        people.Pair("elsa", "clara", "swap", ("x",))
    forged = object.__new__(people.Pair)
    with pytest.raises(ConsentError, match="not made by a check"):
        _ = forged.source


def test_label_cannot_be_turned_off() -> None:
    for name in inspect.signature(provenance.publish).parameters:
        assert not re.search(r"label|mark|visible|burn|sign", name), f"publish takes '{name}'"
    # who else writes video: rendered actors, the driver re-encoded for the sanity rows, and labelled training previews
    known = {
        "provenance/publishing.py",
        "stages/render.py",
        "metrics/_sanity.py",
        "learning/watch.py",
        "report/training.py",
    }
    package = ROOT / "src/understudy"
    writes = re.compile(r"\bmedia\.(write|Writer)\(")
    writers = {str(path.relative_to(package)) for path in package.rglob("*.py") if writes.search(path.read_text())}
    assert "provenance/publishing.py" in writers
    assert writers <= known


def test_not_shown_without_consent(study: Path) -> None:
    ledger = people.read_ledger(study / "config/cast/consents")
    assert people.may_show(ledger, ["elsa", "clara"]) == ("elsa", "clara")
    record = yaml.safe_load((study / "config/cast/consents/elsa.yaml").read_text())
    change(study, "elsa", purposes=record["purposes"] | {"show-in-report": False})
    ledger = people.read_ledger(study / "config/cast/consents")
    assert people.may_show(ledger, ["elsa", "clara"]) == ("clara",)


def test_the_package_opens_no_connection() -> None:
    """No module of the package imports what reaches a network."""
    reach = re.compile(r"^\s*(import|from)\s+(socket|urllib|http|requests|ftplib|smtplib|aiohttp|httpx)\b", re.M)
    assert [path for path in (ROOT / "src/understudy").rglob("*.py") if reach.search(path.read_text())] == []


def test_every_test_that_ethics_names_exists() -> None:
    for place, name in re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", (ROOT / "ETHICS.md").read_text()):
        assert (ROOT / place).exists(), place
        assert not name or f"def {name}(" in (ROOT / place).read_text(), name
