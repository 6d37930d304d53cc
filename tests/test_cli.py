"""The command: from an empty folder to a checked study without typing a hash, and errors in one line."""

import datetime
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from understudy import media, people
from understudy.cli import main
from understudy.people import log

from .speech.making import voice, wav

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def clips(tmp_path: Path) -> list[Path]:
    """Three small videos, different from each other, with spaces and letters in their names."""
    paths = [tmp_path / "Meine Clips" / f"Übung {number}.mp4" for number in range(3)]
    for number, path in enumerate(paths):
        frames = np.random.default_rng(number).integers(0, 255, (8, 96, 96, 3), np.uint8)
        media.write(path, iter(frames), fps=25, preset="ultrafast")
    return paths


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line of an error."""
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: ")
    assert "Traceback" not in shown.err
    return shown.err


def consent(folder: Path, *more: str) -> tuple[str, ...]:
    flags = ("--purposes", "extract,train,be-source,be-driver", "--families", "swap", "--counterparts", "same-person")
    return ("consent", "grant", "s1", "--folder", str(folder), *flags, *more)


def test_a_study_is_started_and_filled_without_typing_a_hash(
    tmp_path: Path, clips: list[Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "like.yaml").write_text("study: x\nseed: 1\npairs: []\n", encoding="utf-8")
    assert main(("init", "my study", "--like", "like.yaml")) == 0
    key = people.read_ledger(tmp_path / "my study/consents").log.own
    assert key is not None
    assert f"its key is {key.path}: keep a copy in a safe place" in capsys.readouterr().out
    assert yaml.safe_load((tmp_path / "my study/config.yaml").read_text(encoding="utf-8"))["study"] == "my-study"
    form = hashlib.sha256(b"I agree").hexdigest()
    until = ("--from", "2020-01-31", "--until", "2999-01-31")
    assert main(consent(tmp_path / "my study/consents", "--basis", "form", "--form-sha256", form, *until)) == 0
    pattern = str(tmp_path / "Meine Clips" / "*.mp4")
    flags = ("--subject", "s1", "--licence", "own", "--roles", "source:1/3,driver:1/3,test:1/3")
    assert main(("manifest", "add", "my study/manifest.yaml", pattern, *flags)) == 0
    assert "added 3 clips" in capsys.readouterr().out
    manifest = people.read_manifest(tmp_path / "my study/manifest.yaml")
    assert [(clip.id, clip.role) for clip in manifest.clips] == [
        ("s1-Ubung-0", "source"),
        ("s1-Ubung-1", "driver"),
        ("s1-Ubung-2", "test"),
    ]
    ledger = people.read_ledger(tmp_path / "my study/consents")
    assert ledger.records["s1"].basis == people.Form(kind="form", sha256=form)
    assert people.gate(ledger, manifest, [("s1", "s1")], ["swap"])
    assert main(("manifest", "check", "my study/manifest.yaml")) == 0
    assert "3 clips of 1 subjects, all as recorded" in capsys.readouterr().out
    assert main(("consent", "show", "--folder", "my study/consents")) == 0
    shown = capsys.readouterr().out
    assert "s1: in force; 2020-01-31 to 2999-01-31  (record s1-2020-01-31)" in shown
    assert "allows      extract, train (swap), be-source (swap), be-driver (swap)" in shown
    assert f"basis       signed form, sha256 {form}" in shown
    clips[0].write_bytes(clips[1].read_bytes())
    assert "not the file that was recorded" in fails(capsys, "manifest", "check", "my study/manifest.yaml")


def test_a_text_file_named_mp4_is_not_added(
    tmp_path: Path, clips: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "notes.mp4"
    bad.write_text("not a video\n", encoding="utf-8")
    manifest = tmp_path / "manifest.yaml"
    flags = ("--subject", "s1", "--role", "train", "--licence", "own")
    assert str(bad) in fails(capsys, "manifest", "add", str(manifest), str(clips[0]), str(bad), *flags)
    assert not manifest.exists()
    assert "no such file" in fails(capsys, "manifest", "add", str(manifest), str(tmp_path / "*.avi"), *flags)


def test_recordings_without_a_picture_are_added_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said, silent = tmp_path / "said.wav", tmp_path / "silent.wav"
    wav(said, voice(2.0))
    wav(silent, 0 * voice(2.0))
    manifest = tmp_path / "manifest.yaml"
    flags = ("--subject", "s1", "--role", "train", "--licence", "own")
    assert main(("manifest", "add", str(manifest), str(said), *flags)) == 0
    assert people.read_manifest(manifest).clip("s1-said").heard
    assert main(("manifest", "check", str(manifest))) == 0
    assert main(("probe", str(said))) == 0
    assert "only heard, 2.0 s" in capsys.readouterr().out
    assert "silence" in fails(capsys, "manifest", "add", str(manifest), str(silent), *flags)
    assert "silence" in fails(capsys, "probe", str(silent))


def test_synthetic_actors_are_added_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from understudy import cast

    manifest, actor, performances = tmp_path / "manifest.yaml", cast.actors()[0], cast.performances()[:2]
    flags = ("--actor", actor, "--performance", *performances, "--roles", "train:1/2,test:1/2")
    assert main(("manifest", "add-cast", str(manifest), *flags)) == 0
    capsys.readouterr()
    clips = people.read_manifest(manifest).clips
    assert [clip.performance for clip in clips] == [(actor, performance) for performance in performances]
    for clip in clips:
        people.check_file(clip, digest=cast.digest)
    assert main(("manifest", "check", str(manifest))) == 0
    assert main(("cast",)) == 0
    assert actor in capsys.readouterr().out
    assert "nobody" in fails(
        capsys, "manifest", "add-cast", str(manifest), "--actor", "nobody", "--performance", "x", "--role", "test"
    )


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--basis", "form", "--until", "2999-01-01"), ["--form-sha256", "sha256sum FORM"]),
        (("--basis", "form", "--form-sha256", "form.pdf", "--until", "2999-01-01"), ["64 hexadecimal digits"]),
        (("--basis", "form", "--form-sha256", "a" * 64), ["last day"]),
        (("--basis", "licence"), ["--licence-name"]),
        (("--basis", "synthetic", "--until", "2000-01-01"), ["lies before from"]),
        (("--basis", "synthetic", "--purposes", "extract,trian"), ["trian", "'train'"]),
        (("--basis", "synthetic", "--families", "swop"), ["swop", "'swap'"]),
        (("--basis", "synthetic", "--families", ""), ["--families", "family by family"]),
    ],
)
def test_a_record_that_cannot_be_is_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: tuple[str, ...], words: list[str]
) -> None:
    folder = tmp_path / "consents"
    log.open_log(folder)
    before = (folder / "log.jsonl").read_bytes()
    line = fails(capsys, *consent(folder, *flags))
    for word in words:
        assert word in line
    assert (folder / "log.jsonl").read_bytes() == before


def test_flags_become_purposes(tmp_path: Path) -> None:
    flags = ("--basis", "synthetic", "--purposes", "extract,be-source,study-stimulus", "--families", "swap,voice")
    log.open_log(tmp_path)
    assert main(consent(tmp_path, *flags, "--counterparts", "s2, s3")) == 0
    record = people.read_ledger(tmp_path).records["s1"]
    assert record.purposes.words() == ("extract", "study-stimulus", "be-source (swap, voice)")
    assert record.counterparts == ("s2", "s3")
    assert record.first == datetime.date.today()


def test_a_log_is_begun_changed_shown_and_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "there is none in this directory or below" in fails(capsys, "consent", "show")
    assert main(("consent", "init", "study/consents")) == 0
    folder, synthetic = tmp_path / "study/consents", ("--basis", "synthetic")
    assert main(consent(folder, *synthetic)) == 0
    assert "granted: record 's1-" in capsys.readouterr().out
    assert "says exactly that already" in fails(capsys, *consent(folder, *synthetic))
    more = ("--purposes", "extract,train,be-source:swap+voice,be-driver,publish")
    assert main(consent(folder, *synthetic, *more)) == 0
    assert "widened: record 's1-" in capsys.readouterr().out
    assert main(consent(folder, *synthetic, "--purposes", "extract")) == 0
    assert "narrowed: record 's1-" in capsys.readouterr().out
    mixed = ("--purposes", "study-stimulus")
    assert "Narrow it first, then widen it" in fails(capsys, *consent(folder, *synthetic, *mixed))
    people.withdraw(folder, "s1")
    assert main(("consent", "rekey", "study/consents")) == 0
    capsys.readouterr()
    assert main(("consent", "show", "--events")) == 0
    shown = capsys.readouterr().out
    for word in ("s1: withdrawn on ", "had allowed extract\n", "     4  narrowed       s1          extract; ", "key "):
        assert word in shown
    assert main(("consent", "show", "--on", "2020-01-01")) == 0
    assert "no records on 2020-01-01" in capsys.readouterr().out
    assert "no record of this subject" in fails(capsys, "consent", "show", "s2")
    assert main(("consent", "verify")) == 0
    assert "6 events of the keeper's, 0 that others added; all signed, in order" in capsys.readouterr().out
    (folder / "log.jsonl").write_bytes((folder / "log.jsonl").read_bytes().replace(b"synthetic", b"synthetik"))
    assert "log.jsonl, line 2: " in fails(capsys, "consent", "verify")


def test_what_others_wrote_does_not_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log.open_log(tmp_path)
    assert main(consent(tmp_path, "--basis", "synthetic", "--note", "\x1b[2Jall is well\r")) == 0
    people.ask(tmp_path, "s\x1b[1A", "job\x07", [people.Use(subject="s1", purpose="extract")])
    capsys.readouterr()
    assert main(("consent", "show", "--events", "--folder", str(tmp_path))) == 0
    assert set(capsys.readouterr().out) & {"\x1b", "\r", "\x07"} == set()


def test_records_are_written_for_others_and_read_from_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ours", "theirs"):
        log.open_log(tmp_path / name)
    assert main(consent(tmp_path / "ours", "--basis", "synthetic", "--note", "an actor")) == 0
    assert main(("consent", "export", "s1", "--folder", "ours", "--out", "s1.jsonld", "--controller", "A lab")) == 0
    told = capsys.readouterr()
    assert "wrote s1.jsonld" in told.out
    assert "add it with --jurisdiction, --language, --contact" in told.err
    assert main(("consent", "import", "s1.jsonld", "--folder", "theirs")) == 0
    ours, theirs = (people.read_ledger(tmp_path / name) for name in ("ours", "theirs"))
    assert ours.digest(["s1"]) == theirs.digest(["s1"])
    capsys.readouterr()
    assert main(("consent", "export", "s1", "--folder", "theirs")) == 0
    assert json.loads(capsys.readouterr().out)["dpv:hasDataSubject"]["dct:identifier"] == "s1"
    assert "says exactly that already" in fails(capsys, "consent", "import", "s1.jsonld", "--folder", "theirs")
    (tmp_path / "bad.jsonld").write_text("{", encoding="utf-8")
    assert "is no JSON" in fails(capsys, "consent", "import", "bad.jsonld", "--folder", "theirs")
    assert "cannot be read" in fails(capsys, "consent", "import", "none.jsonld", "--folder", "theirs")


def test_a_file_is_told_in_a_line(tmp_path: Path, clips: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("probe", str(clips[0]))) == 0
    shown = capsys.readouterr().out
    assert "96 x 96" in shown
    assert shown.count("\n") == 1
    fails(capsys, "probe", str(tmp_path / "none.mp4"))
    assert main(("inspect", str(clips[0]))) == 1
    assert "does not mean that it is a recording" in capsys.readouterr().out


def test_a_report_is_found_once_it_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("study: mine\nversion: '2'\n", encoding="utf-8")
    assert "holds no report yet" in fails(capsys, "report", "config.yaml")
    page = tmp_path / "results/mine/2/report.html"
    page.parent.mkdir(parents=True)
    page.touch()
    assert main(("report", "config.yaml")) == 0
    assert capsys.readouterr().out.strip() == str(page)


@pytest.mark.parametrize("words", [(), ("manifest",), ("manifest", "ad"), ("consent", "grant"), ("init", "--lik")])
def test_a_wrong_command_line_shows_how(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage: understudy" in capsys.readouterr().err
