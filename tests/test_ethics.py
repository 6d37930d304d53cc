"""Each claim of ETHICS.md's first section, held. A claim that is changed there must be changed here."""

import datetime
import inspect
import itertools
import re
import shutil
import subprocess
import types
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from understudy import cast, media, people, provenance
from understudy.config import read_study
from understudy.errors import ConsentError
from understudy.people.consent import read_terms
from understudy.people.records import body
from understudy.settings import read_yaml
from understudy.stages import convert, curve, faces, framing, hearing, ingest, measure, render, train
from understudy.stages.check import check_consents
from understudy.watermark.key import payload

from .conftest import regrant

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "config/config.yaml"


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The default study's folder, with consent records that a test may change."""
    shutil.copytree(ROOT / "config", tmp_path / "config", ignore=shutil.ignore_patterns("continued.jsonl", ".lock"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def change(study: Path, subject: str, **changes: Any) -> None:
    regrant(study / "config/cast/consents", **{subject: changes})


def ask(study: Path) -> None:
    read = read_study(study / "config/config.yaml")
    check_consents(read, people.read_manifest(read.manifest), people.read_ledger(read.consents))


def test_nobodys_likeness_ships() -> None:
    manifest = people.read_manifest(ROOT / "config/cast/manifest.yaml")
    assert all(clip.synthetic for clip in manifest.clips)
    assert {clip.performance[0] for clip in manifest.clips} <= set(cast.actors())
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    pictures = [path for path in tracked if re.search(r"\.(png|jpe?g|gif|webp|npz|npy)$", path, re.I)]
    # the head model and pictures of the cast, what networks with made-up weights make of plane waves, and how noises
    # and synthesisers' voices are embedded; nothing else
    waves = {"tests/methods/fomm_tiny.npz", "tests/methods/lia/reference.npz", "tests/lips/syncnet.npz"}
    waves |= {"tests/speech/dvectors.npz"}
    others = [path for path in pictures if not path.startswith(("docs/", "src/understudy/cast/"))]
    assert set(others) <= waves, others


def test_no_use_without_a_record(study: Path) -> None:
    ask(study)
    regrant(study / "config/cast/consents", elsa=None)
    with pytest.raises(ConsentError, match=r"subject 'elsa'.*no record.*understudy consent grant elsa"):
        ask(study)


def test_a_pretraining_is_asked_for(study: Path) -> None:
    settings = read_yaml(CONFIG)
    settings["manifest"] = "config/cast/swaps-manifest.yaml"
    settings["methods"]["original"]["start"] = "trained"

    def asked() -> None:
        read = read_study(settings)
        check_consents(read, people.read_manifest(read.manifest), people.read_ledger(read.consents))

    asked()
    regrant(study / "config/cast/consents", greta={"counterparts": ["ada"]})
    with pytest.raises(ConsentError, match="subject 'greta'"):
        asked()
    settings["methods"]["original"]["start"] = "nothing"
    asked()


@pytest.mark.parametrize("edit", ["changed", "missing", "doubled", "reordered", "cut off"])
def test_an_edited_log_stops_the_study(study: Path, edit: str) -> None:
    regrant(study / "config/cast/consents", elsa={"purposes": {"extract": False}})
    log = study / "config/cast/consents/log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    line = next(number for number, line in enumerate(lines) if b"elsa" in line)
    edited = {
        "changed": [one.replace(b'"extract":false', b'"extract":true') for one in lines],
        "missing": [*lines[:line], *lines[line + 1 :]],
        "doubled": [*lines[:line], lines[line], *lines[line:]],
        "reordered": [*lines[:line], lines[line + 1], lines[line], *lines[line + 2 :]],
        "cut off": lines[:-1],
    }
    log.write_bytes(b"".join(edited[edit]))
    with pytest.raises(ConsentError, match=f"line {line + 1 + (edit == 'doubled')}|its end was cut off"):
        ask(study)


def test_only_the_keeper_allows(study: Path) -> None:
    """The key of the shipped log is on no machine: everybody can take away from it, and nobody can add to it."""
    folder = study / "config/cast/consents"
    before = people.read_ledger(folder).records
    said = body(before["elsa"])
    for kind, terms in (
        ("granted", dict(said, id="zoe-1", subject="zoe")),
        ("widened", {**said, "from": "2020-01-01"}),
    ):
        with pytest.raises(ConsentError, match=f"'{kind}' is signed with the key .* not on this machine"):
            people.grant(folder, read_terms(terms, ""))
    assert people.read_ledger(folder).records == before
    people.withdraw(folder, "elsa")
    with pytest.raises(ConsentError, match="'granted' is signed with the key"):
        people.grant(folder, read_terms(dict(body(before["elsa"]), id="elsa-again"), ""))
    assert people.read_ledger(folder).records["elsa"].withdrawn


def test_every_use_is_logged(study: Path) -> None:
    folder = study / "config/cast/consents"
    before = people.read_ledger(folder)
    people.ask(folder, "s", "convert", people.mixing("elsa", "clara", "swap"))
    after = people.read_ledger(folder)
    used = [(event.subject, event.body["uses"]) for event in after.log.events if event.kind == "used"]
    assert used == [
        ("elsa", [{"purpose": "be-source", "family": "swap", "with": "clara"}]),
        ("clara", [{"purpose": "be-driver", "family": "swap", "with": "elsa"}]),
    ]
    assert after.head != before.head
    people.withdraw(folder, "clara")
    with pytest.raises(ConsentError, match="withdrawn"):
        people.ask(folder, "s", "convert", people.mixing("elsa", "clara", "swap"))
    assert sum(event.kind == "used" for event in people.read_ledger(folder).log.events) == 2


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
    assert "log.jsonl" in message


@pytest.mark.parametrize("purpose", ["extract", "train", "be-source", "be-driver"])
def test_a_purpose_that_was_not_given_stops_the_study(study: Path, purpose: str) -> None:
    change(study, "elsa", purposes={purpose: False if purpose == "extract" else []})
    with pytest.raises(ConsentError, match=f"purpose '{purpose}'.*does not allow that"):
        ask(study)


NAMES = {"method": "copy", "source": "elsa", "driver": "clara", "family": "swap", "clip": "clara-test"}
JOBS: dict[str, tuple[Callable[..., None], dict[str, Any]]] = {
    "render": (render.render_clip, {"subject": "elsa"}),
    "truth": (render.render_truth, {"source": "elsa", "driver": "clara"}),
    "exact animation": (render.render_animated, {"source": "elsa", "driver": "clara"}),
    "exact lip-sync": (render.render_dubbed, {"source": "elsa", "driver": "clara"}),
    "say": (render.render_saying, {"subject": "elsa"}),
    "exact voice": (render.render_voiced, {"source": "elsa", "driver": "clara"}),
    "frame": (framing.frame, {"subject": "elsa"}),
    "base": (hearing.base, {"source": "elsa", "driver": "clara"}),
    "offset": (hearing.offset, {"subject": "elsa"}),
    "ingest": (ingest.ingest_clip, {"subject": "elsa"}),
    "reference": (faces.reference_subject, {"subject": "elsa", "clips": []}),
    "extract": (faces.extract_clip, {"subject": "elsa"}),
    "train": (train.train_run, {"method_name": "original", "subjects": ["elsa", "clara"], "strangers": []}),
    "begun from her": (train.train_run, {"method_name": "original", "subjects": ["dario"], "strangers": ["elsa"]}),
    "pretrain": (train.pretrain_run, {"method_name": "original", "subjects": ["elsa", "clara"]}),
    "convert": (convert.convert_clip, {"method_name": "copy", "source": "elsa", "driver": "clara"}),
    "measure": (measure.measure_fake, {"names": NAMES}),
    "sanity": (measure.measure_sanity, {"names": NAMES}),
    "validity": (measure.measure_validity, {"names": NAMES}),
    "curve": (curve.measure_curve, {"method_name": "copy", "settings": {}, "conversions": [{"names": NAMES}]}),
}


@pytest.mark.parametrize("job", JOBS)
def test_jobs_ask_again(study: Path, job: str) -> None:
    """A withdrawal after the study began stops the next job of that person, whichever it is, before it opens a file."""
    people.withdraw(study / "config/cast/consents", "elsa")  # as anybody can, without the key of the log
    stage, given = JOBS[job]
    settings: dict[str, Any] = {name: Path("nowhere") for name in inspect.signature(stage).parameters}
    fixed = {"threads": 1, "seed": 1, "study": "s", "consents": "config/cast/consents", **given}
    settings |= {name: value for name, value in fixed.items() if name in settings}
    settings |= {"pretrained": []} if "pretrained" in settings else {}
    with pytest.raises(ConsentError, match="withdrawn"):
        stage(**settings)


def test_every_job_that_is_given_consents_asks_them() -> None:
    asked = {stage for stage, _ in JOBS.values()}
    stages = {
        function
        for module in (render, framing, hearing, ingest, faces, train, convert, curve, measure)
        for _, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and "consents" in inspect.signature(function).parameters
        and not function.__name__.startswith("_")
    }
    # a training asks at each of its snapshots, too: tests/stages/ holds that
    assert stages - {train.permission} == asked


def test_pair_is_made_by_the_check() -> None:
    with pytest.raises(ConsentError, match="cannot be constructed"):
        people.Pair("elsa", "clara", "swap", ("x",))
    forged = object.__new__(people.Pair)
    with pytest.raises(ConsentError, match="not made by a check"):
        _ = forged.source


def test_label_cannot_be_turned_off() -> None:
    for writer in (provenance.publish, provenance.publish_picture, provenance.publish_sound):
        for name in inspect.signature(writer).parameters:
            assert not re.search(r"label|mark|visible|burn|sign", name), f"{writer.__name__} takes '{name}'"
    # who else writes video: rendered actors, clips that were cropped or play again in silence, the driver encoded again
    # for the sanity rows, truths damaged for the metrics, and labelled training previews
    known = {
        "provenance/publishing.py",
        "faces/framing.py",
        "stages/hearing.py",
        "stages/filming.py",
        "stages/render.py",
        "metrics/_sanity.py",
        "metrics/_validity.py",
        "learning/watch.py",
        "report/training.py",
    }
    package = ROOT / "src/understudy"
    writes = re.compile(r"\bmedia\.(write|Writer)\(")
    writers = {str(path.relative_to(package)) for path in package.rglob("*.py") if writes.search(path.read_text())}
    assert "provenance/publishing.py" in writers
    assert writers <= known


def test_a_fake_carries_credential_watermark_and_label(tmp_path: Path) -> None:
    """What a published fake says of itself, and what of it is left once it was encoded anew without its tags."""
    actor, script = cast.Actor(cast.load_actor("ada")), cast.load_performance("answer-1")
    frames = [frame.rgb_HWC for frame in itertools.islice(cast.render(actor, script, size=192), 40)]
    lineage = provenance.Lineage(
        study="s",
        version="1",
        method="m",
        family="swap",
        source="ada",
        driver="ada",
        clip="c",
        seed=1,
        run=None,
        consents=("ada-1",),
        log_head="0" * 64,
        inputs={"driver clip": "1" * 64},
        digital_source_type="http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia",
    )
    fake, again = tmp_path / "fake.mp4", tmp_path / "again.mp4"
    film = types.SimpleNamespace(fps=Fraction(25), width=192, height=192)
    provenance.publish(fake, frames, probe=film, sound=None, lineage=lineage, faces=None)
    seen = provenance.inspect(fake)
    assert seen.credential is not None
    assert seen.credential.state == "Valid"
    media.write(again, media.frames(fake), fps=25, crf=26)
    left = provenance.inspect(again, studies=["s/1"], place=tmp_path)
    assert left.credential is None
    for sight in (seen, left):
        assert sight.label is not None
        assert [mark.payload for mark in sight.marks] == [payload("s", "1")]


def test_not_shown_without_consent(study: Path) -> None:
    ledger = people.read_ledger(study / "config/cast/consents")
    assert people.may_show(ledger, ["elsa", "clara"]) == ("elsa", "clara")
    change(study, "elsa", purposes={"appear-in-report": False})
    ledger = people.read_ledger(study / "config/cast/consents")
    assert people.may_show(ledger, ["elsa", "clara"]) == ("clara",)


def test_the_package_opens_no_connection() -> None:
    """No module of the package imports what reaches a network."""
    reach = re.compile(
        r"^\s*(import|from)\s+(socket|urllib(?!\.parse)|http|requests|ftplib|smtplib|aiohttp|httpx)\b", re.M
    )
    assert [path for path in (ROOT / "src/understudy").rglob("*.py") if reach.search(path.read_text())] == []


def test_every_test_that_ethics_names_exists() -> None:
    for place, name in re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", (ROOT / "ETHICS.md").read_text()):
        assert (ROOT / place).exists(), place
        assert not name or f"def {name}(" in (ROOT / place).read_text(), name
