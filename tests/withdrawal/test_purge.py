"""The purge: nothing of the person is left, the rest is as it was, and a signed certificate says so."""

import datetime
import hashlib
import json
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from withdrawal_tree import GONE, Tree, remains, write

from understudy.errors import ConsentError, VersionError
from understudy.files import sha256
from understudy.people import keys, read_ledger, uses
from understudy.people.events import canonical
from understudy.people.log import Log
from understudy.stages.withdrawn import TakenBack, note, place, taken_back
from understudy.withdrawal import Certificate, check_certificate, purge, purging, read_person, search
from understudy.withdrawal.purging import unfinished

Make = Callable[..., Tree]
CONSENTS = Path("films/consents")


def withdraw(subject: str = GONE) -> Certificate:
    uses.withdraw(CONSENTS, subject)
    return finish(subject)


def finish(subject: str = GONE) -> Certificate:
    person = read_person(read_ledger(CONSENTS), subject)
    return purge(CONSENTS, person, search(Path(), person))


def log() -> Log:
    return read_ledger(CONSENTS).log


def test_nothing_of_the_person_is_left_and_the_rest_is_as_it_was(tree: Tree) -> None:
    before = tree.everything()
    assert remains(tree.root, [GONE], tree.samples(GONE))
    done = withdraw()
    assert remains(tree.root, [GONE], tree.samples(GONE)) == []
    removed = {each["path"] for each in done.said["removed"]}
    after = tree.everything()
    assert after.keys() == (before.keys() - removed) | {"results/films/1.withdrawn.json"}
    assert all(after[path] == before[path] for path in before.keys() - removed)
    for top in ("data", "results"):
        assert [path for path in (tree.root / top).rglob("*") if path.is_dir() and not any(path.iterdir())] == []
    assert not tree.version.exists()


def test_the_search_of_the_test_would_find_what_was_packed_or_coded(tree: Tree) -> None:
    """What the test above relies on: without a purge, every kind of hiding place holds something."""
    held = {str(path.relative_to(tree.root)) for path in remains(tree.root, [], tree.samples(GONE))}
    assert {"data/films/report/report.html", f"data/films/facesets/{GONE}-test/crops.npy"} <= held
    named = {str(path.relative_to(tree.root)) for path in remains(tree.root, [GONE])}
    assert "data/films/scores/scores.parquet" in named
    assert any(path.startswith(".snakemake/metadata/") for path in named)


def test_the_certificate_names_what_was_removed_and_what_stays(tree: Tree) -> None:
    before = tree.everything()
    done = withdraw()
    checked = check_certificate(done.path)
    assert (checked.keeper, checked.logged) == (True, True)
    assert checked.path.parent == CONSENTS / "certificates"
    for each in checked.said["removed"]:
        assert len(before[each["path"]]) == each["bytes"]
    crops = f"data/films/facesets/{GONE}-train/crops.npy"
    entry = next(each for each in checked.said["removed"] if each["path"] == crops)
    assert entry["sha256"] == hashlib.sha256(before[crops]).hexdigest()
    stays = {each["what"]: each["why"] for each in checked.said["remains"]}
    assert "footage" in stays[f"films/footage/{GONE}-train.mp4"]
    assert "manifest" in stays["films/manifest.yaml"]
    assert "given away" in stays["results/films/1"]
    assert {"copies elsewhere", "the consent log"} <= set(stays)
    assert all(Path(f"films/footage/{GONE}-{role}.mp4").exists() for role in ("train", "test"))


def test_the_log_is_only_added_to(tree: Tree) -> None:
    before = (CONSENTS / "log.jsonl").read_bytes()
    done = withdraw()
    assert (CONSENTS / "log.jsonl").read_bytes().startswith(before)
    last = log().events[-2:]
    assert [event.kind for event in last] == ["withdrawn", "purged"]
    assert last[1].body["certificate"] == done.sha256
    assert last[1].body["removed"] == len(done.said["removed"])
    assert read_ledger(CONSENTS).gone == (GONE,)
    assert done.said["head"] == last[0].hash


def test_results_say_that_they_lost_rows_and_not_whose(tree: Tree) -> None:
    receipt = sha256(tree.version / "hashes.json")
    table = pd.read_parquet(tree.version / "scores.parquet")
    rows = int(((table["source"] == GONE) | (table["driver"] == GONE)).sum())
    done = withdraw()
    assert not tree.version.exists()
    assert GONE not in place(tree.version).read_text()
    [entry] = taken_back(tree.version)
    assert (entry.pairs, entry.rows, entry.receipt, entry.certificate) == (2, rows, receipt, done.sha256)
    assert entry.day == read_ledger(CONSENTS).records[GONE].withdrawn


def test_a_second_withdrawal_is_said_beside_the_first(tree: Tree) -> None:
    withdraw()
    tree.pairs = [("anna", "bert"), ("bert", "anna")]
    tree.gathered()
    tree.finished()
    withdraw("bert")
    assert [entry.pairs for entry in taken_back(tree.version)] == [2, 2]
    assert remains(tree.root, ["bert", GONE], [*tree.samples("bert"), *tree.samples(GONE)]) == []


def test_what_was_not_withdrawn_is_not_purged(tree: Tree) -> None:
    before = tree.everything()
    with pytest.raises(ConsentError, match="did not withdraw"):
        finish()
    assert tree.everything() == before


@pytest.mark.parametrize("after", [0, 1, 40])
def test_a_purge_that_is_killed_is_finished_by_the_next(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    before = tree.everything()
    unlink, calls = purging._unlink, iter(range(1000))

    def killed(path: Path) -> None:
        if next(calls) == after:
            raise KeyboardInterrupt
        unlink(path)

    monkeypatch.setattr(purging, "_unlink", killed)
    with pytest.raises(KeyboardInterrupt):
        withdraw()
    assert unfinished(CONSENTS, GONE)
    assert not read_ledger(CONSENTS).gone
    monkeypatch.setattr(purging, "_unlink", unlink)
    done = finish()
    assert remains(tree.root, [GONE], tree.samples(GONE)) == []
    gone = before.keys() - tree.everything().keys()
    assert {each["path"] for each in done.said["removed"]} == gone
    assert len(taken_back(tree.version)) == 1
    assert not unfinished(CONSENTS, GONE)
    assert check_certificate(done.path).logged


@pytest.mark.parametrize("step", ["say_so", "purged"])
def test_a_purge_that_is_killed_after_the_last_file_still_certifies_all(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = tree.everything()
    kept = getattr(purging, step)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(purging, step, killed)
    with pytest.raises(KeyboardInterrupt):
        withdraw()
    monkeypatch.setattr(purging, step, kept)
    done = finish()
    assert {each["path"] for each in done.said["removed"]} == before.keys() - tree.everything().keys()
    assert [entry.pairs for entry in taken_back(tree.version)] == [2]
    assert len(list((CONSENTS / "certificates").glob("*.json"))) == 1


def test_what_comes_up_later_is_found_and_certified_apart(tree: Tree) -> None:
    first = withdraw()
    write(tree.base / f"clips/{GONE}-train.mp4", b"brought back from a backup")
    second = finish()
    assert second.path != first.path
    assert [each["path"] for each in second.said["removed"]] == [f"data/films/clips/{GONE}-train.mp4"]
    assert check_certificate(first.path).logged
    assert check_certificate(second.path).logged


def test_what_cannot_be_removed_is_named_and_the_log_does_not_say_purged(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = purging._unlink

    def stuck(path: Path) -> None:
        if path.name == "crops.npy":
            raise PermissionError(13, "Permission denied")
        unlink(path)

    monkeypatch.setattr(purging, "_unlink", stuck)
    with pytest.raises(ConsentError, match=rf"facesets/{GONE}-test/crops.npy \(Permission denied\).*goes on"):
        withdraw()
    assert not read_ledger(CONSENTS).gone
    monkeypatch.setattr(purging, "_unlink", unlink)
    assert check_certificate(finish().path).logged
    assert remains(tree.root, [GONE], tree.samples(GONE)) == []


def test_without_the_keeper_s_key_this_machine_s_own_signs(tree: Tree) -> None:
    keeper = keys.load_key(keys.key_id(log().keeper))
    assert keeper is not None
    keeper.path.rename(keeper.path.with_suffix(".away"))
    try:
        done = withdraw()
        checked = check_certificate(done.path)
        assert (checked.keeper, checked.logged, checked.said["signer"]) == (False, True, "continuation")
        assert (CONSENTS / "continued.jsonl").exists()
        assert read_ledger(CONSENTS).gone == (GONE,)
    finally:
        keeper.path.with_suffix(".away").rename(keeper.path)


# --- the certificate ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["removed", "withdrawn", "subject", "head", "signature", "key"])
def test_a_certificate_that_was_changed_is_refused(tree: Tree, change: str) -> None:
    path = withdraw().path
    said = json.loads(path.read_text())
    text = said[change]
    said[change] = text[:-1] if change == "removed" else ("0" if text[0] != "0" else "1") + text[1:]
    path.write_text(json.dumps(said))
    with pytest.raises(ConsentError, match="signature does not hold"):
        check_certificate(path)


def test_a_certificate_with_any_byte_changed_is_refused_or_says_the_same(tree: Tree) -> None:
    path = withdraw().path
    whole, draw = path.read_bytes(), random.Random(7)
    refused = 0
    for _ in range(200):
        damaged = bytearray(whole)
        at = draw.randrange(len(damaged))
        damaged[at] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        try:
            checked = check_certificate(path)
        except ConsentError:
            refused += 1
        else:
            assert checked.said == json.loads(whole)  # a space became another one
            assert checked.logged is False
    assert refused > 100


def test_a_certificate_of_somebody_else_s_key_is_refused_beside_the_log(tree: Tree) -> None:
    path = withdraw().path
    said = {name: value for name, value in json.loads(path.read_text()).items() if name != "signature"}
    forged = keys.make_key()
    said |= {"key": forged.public, "removed": []}
    path.write_text(json.dumps(said | {"signature": forged.sign(canonical(said))}))
    with pytest.raises(ConsentError, match="does not know"):
        check_certificate(path)


def test_a_certificate_away_from_its_log_is_checked_by_its_signature_alone(
    tree: Tree, tmp_path_factory: pytest.TempPathFactory
) -> None:
    away = tmp_path_factory.mktemp("sent") / "certificate.json"
    away.write_bytes(withdraw().path.read_bytes())
    checked = check_certificate(away)
    assert (checked.keeper, checked.logged) == (None, None)


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", '{"format": 1}', "\x00", "[" * 5000])
def test_what_is_no_certificate_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(ConsentError, match="is no certificate"):
        check_certificate(path)
    with pytest.raises(ConsentError, match="no such file"):
        check_certificate(tmp_path / "y.json")


# --- git ----------------------------------------------------------------------------------------------------------


def test_what_git_keeps_is_named(tree: Tree) -> None:
    def git(*words: str) -> None:
        settings = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", *settings, *words], check=True, capture_output=True)

    git("init")
    Path("old notes ü.txt").write_text(f"{GONE} will be filmed on Monday\n")
    Path("other.txt").write_text(f"{GONE}s and x{GONE} are other words\n")
    git("add", "films/manifest.yaml", "old notes ü.txt", "other.txt")
    git("commit", "-m", "begin")
    git("rm", "-q", "old notes ü.txt")
    git("commit", "-m", "tidy")
    stays = {each["what"]: each["why"] for each in withdraw().said["remains"]}
    assert "history" in stays["old notes ü.txt"]
    assert "manifest" in stays["films/manifest.yaml"] or "git" in stays["films/manifest.yaml"]
    assert "other.txt" not in stays


# --- what is said beside a version --------------------------------------------------------------------------------


def test_a_note_of_the_same_receipt_takes_the_other_s_place(tmp_path: Path) -> None:
    entry = TakenBack(day=datetime.date(2026, 11, 20), pairs=1, rows=9, receipt="a", certificate="b")
    note(tmp_path / "1", entry)
    note(tmp_path / "1", entry)
    assert taken_back(tmp_path / "1") == (entry,)
    assert taken_back(tmp_path / "2") == ()
    place(tmp_path / "1").write_text('[{"day": "never"}]')
    with pytest.raises(VersionError, match="does not say"):
        taken_back(tmp_path / "1")


def test_the_settings_of_the_tree_are_those_of_a_study(tree: Tree) -> None:
    assert yaml.safe_load(Path("films/study.yaml").read_text())["consents"] == str(CONSENTS)
