"""`understudy consent withdraw` and `certificate`: what they show, ask, refuse, and wait for."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from withdrawal_tree import GONE, Tree, remains, write

from understudy.cli import main
from understudy.errors import ConsentError
from understudy.people import Use, ask, read_ledger
from understudy.withdrawal import metadata

CONSENTS = Path("films/consents")
COMMAND = ["consent", "withdraw", GONE, "--folder", "films/consents"]


def kinds() -> list[str]:
    return [event.kind for event in read_ledger(CONSENTS).log.events]


def test_a_dry_run_shows_the_list_and_changes_nothing(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    before, log = tree.everything(), (CONSENTS / "log.jsonl").read_bytes()
    assert main([*COMMAND, "--dry-run"]) == 0
    shown = capsys.readouterr().out
    for line in (
        f"data/films/facesets/{GONE}-test/  3 files",
        "results/films/1/  ",
        "scores.parquet",
        "names the person",
    ):
        assert line in shown
    assert "KiB" in shown
    assert tree.everything() == before
    assert (CONSENTS / "log.jsonl").read_bytes() == log


def test_yes_withdraws_removes_and_certifies(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*COMMAND, "--yes", "--note", "asked by letter"]) == 0
    shown = capsys.readouterr().out
    assert remains(tree.root, [GONE], tree.samples(GONE)) == []
    assert kinds()[-2:] == ["withdrawn", "purged"]
    assert read_ledger(CONSENTS).log.events[-2].body["note"] == "asked by letter"
    [certificate] = (CONSENTS / "certificates").glob("*.json")
    assert str(certificate) in shown
    assert "remains: " in shown
    assert main(["consent", "certificate", str(certificate)]) == 0
    assert "the signature holds" in capsys.readouterr().out


def test_once_all_is_gone_the_command_finds_nothing_and_certifies_nothing(
    tree: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    main([*COMMAND, "--yes"])
    events = kinds()
    assert main([*COMMAND, "--yes"]) == 0
    assert "nothing has come up since" in capsys.readouterr().out
    assert kinds() == events
    write(tree.base / f"clips/{GONE}-test.mp4", b"brought back")
    assert main([*COMMAND, "--yes"]) == 0
    assert kinds() == [*events, "purged"]


@pytest.mark.parametrize(("answer", "gone"), [("y", True), ("YES ", True), ("n", False), ("", False), (None, False)])
def test_the_question_is_answered_with_yes_or_nothing_is_done(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, answer: str | None, gone: bool
) -> None:
    def answered(_: str) -> str:
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("builtins.input", answered)
    before = tree.everything()
    assert main(COMMAND) == (0 if gone else 1)
    assert ("purged" in kinds()) is gone
    assert (tree.everything() == before) is not gone


def test_where_nobody_can_answer_nothing_is_done(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(COMMAND) == 2
    assert "--yes" in capsys.readouterr().err
    assert "withdrawn" not in kinds()


def test_an_unknown_subject_is_named_with_the_nearest(tree: Tree, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["consent", "withdraw", "zoe-q7", "--folder", "films/consents", "--yes"]) == 2
    assert f"Did you mean '{GONE}'" in capsys.readouterr().err


def test_somebody_of_whom_nothing_was_made_can_withdraw(make: Callable[..., Tree]) -> None:
    tree = make(("quinn", "anna", "bert"), [("anna", "bert")])
    for path in sorted(tree.root.rglob("*")):
        if path.is_file() and path.relative_to(tree.root).parts[0] in ("data", "results", ".snakemake"):
            path.unlink()
    assert main(["consent", "withdraw", "quinn", "--folder", "films/consents", "--yes"]) == 0
    assert read_ledger(CONSENTS).gone == ("quinn",)


def test_in_the_wrong_directory_nothing_is_said_to_be_gone(
    tree: Tree, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(CONSENTS, "films", "extract", [Use(subject=GONE, purpose="extract")])
    before, consents = tree.everything(), str(CONSENTS.resolve())
    monkeypatch.chdir(tmp_path_factory.mktemp("wrong"))
    command = ["consent", "withdraw", GONE, "--folder", consents, "--yes"]
    assert main(command) == 2
    assert not read_ledger(Path(consents)).gone
    assert read_ledger(Path(consents)).records[GONE].withdrawn  # that much is true at once
    assert main([*command, "--removed-before"]) == 0
    assert read_ledger(Path(consents)).gone == (GONE,)
    assert tree.everything() == before


# --- while Snakemake runs -----------------------------------------------------------------------------------------


@pytest.fixture
def run(tree: Tree) -> Iterator[subprocess.Popen[bytes]]:
    """Something called Snakemake, at work in the tree's directory."""
    write(tree.root / "bin/snakemake", "import time\ntime.sleep(60)\n")
    process = subprocess.Popen([sys.executable, "bin/snakemake", "--cores", "1"])
    write(tree.root / ".snakemake/locks/0.output.lock", f"data/films/clips/{GONE}-test.mp4\n")
    deadline = time.monotonic() + 10
    while process.pid not in metadata.runs(Path()).processes and time.monotonic() < deadline:
        time.sleep(0.05)
    yield process
    process.kill()
    process.wait()


def test_told_not_to_wait_the_withdrawal_is_logged_and_the_purge_is_named(
    tree: Tree, run: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree.everything()
    assert main([*COMMAND, "--yes", "--wait", "0"]) == 2
    told = capsys.readouterr().err
    assert f"process {run.pid}" in told
    assert f"`understudy consent withdraw {GONE}` again" in told
    assert kinds()[-1] == "withdrawn"
    assert tree.everything() == before
    with pytest.raises(ConsentError, match="was withdrawn"):  # every next job
        ask(CONSENTS, "films", "extract", [Use(subject=GONE, purpose="extract")])


def test_the_purge_waits_for_the_run_and_takes_what_it_still_made(
    tree: Tree, run: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    logged: list[str] = []

    def last_job() -> None:
        logged.append(kinds()[-1])
        write(tree.base / f"clips/{GONE}-train.late.mp4", b"made by the run's last job")
        run.kill()
        run.wait()

    timer = threading.Timer(3, last_job)
    timer.start()
    assert main([*COMMAND, "--yes"]) == 0
    timer.join()
    assert logged == ["withdrawn"]
    assert "waiting for Snakemake to end" in capsys.readouterr().err
    assert remains(tree.root, [GONE], tree.samples(GONE)) == []
    assert kinds()[-1] == "purged"


def test_locks_of_a_run_that_died_stop_nothing_and_go(
    tree: Tree, run: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    run.kill()
    run.wait()
    assert main([*COMMAND, "--yes", "--wait", "0"]) == 0
    assert "a run that died" in capsys.readouterr().out
    assert remains(tree.root, [GONE]) == []


def test_where_it_cannot_be_told_the_lock_counts_and_its_remedy_is_named(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tree.root / ".snakemake/locks/0.output.lock", "data/x\n")
    monkeypatch.setattr(metadata, "_shared", lambda place, psutil: True)
    assert main([*COMMAND, "--yes", "--wait", "0"]) == 2
    assert "snakemake --unlock" in capsys.readouterr().err
    assert kinds()[-1] == "withdrawn"
    (tree.root / ".snakemake/locks/0.output.lock").unlink()
    assert main([*COMMAND, "--yes", "--wait", "0"]) == 0


def test_a_run_in_another_directory_does_not_count(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write(elsewhere / "snakemake", "import time\ntime.sleep(60)\n")
    process = subprocess.Popen([sys.executable, "snakemake"], cwd=elsewhere)
    try:
        time.sleep(0.5)
        assert not metadata.runs(Path()).alive
    finally:
        process.kill()
        process.wait()


SNAKEFILE = """
rule all:
    input: "data/films/clips/slow.txt"
rule slow:
    output: "data/films/clips/slow.txt"
    params: job={"study": "films", "subject": "SUBJECT"}
    shell: "touch started; sleep 60; touch {output}"
"""


@pytest.mark.parametrize("end", ["killed", "alive"])
def test_the_real_snakemake_is_seen_and_its_leavings_are_purged(tree: Tree, end: str) -> None:
    write(tree.root / "Snakefile", SNAKEFILE.replace("SUBJECT", GONE))
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--quiet", "all"]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while not Path("started").exists() and time.monotonic() < deadline:
            time.sleep(0.2)
        state = metadata.runs(Path())
        assert process.pid in state.processes
        assert state.locks
        if end == "alive":
            assert main([*COMMAND, "--yes", "--wait", "0"]) == 2
            return
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert main([*COMMAND, "--yes", "--wait", "0"]) == 0
        assert remains(tree.root, [GONE], tree.samples(GONE)) == []
        assert [record.output for record in metadata.records(Path())]
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_the_name_that_snakemake_gives_a_record_is_read_back(tree: Tree) -> None:
    from snakemake.persistence.file import FilePersistence  # its own code writes the name

    output = "data/films/" + "a long part/" * 40 + "end.txt"
    place = FilePersistence._record_path(SimpleNamespace(_fetch_max_len=lambda _: 255), ".snakemake/metadata", output)
    write(Path(place), "{}")
    assert output in [record.output for record in metadata.records(Path())]
