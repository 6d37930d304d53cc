"""Reading what anybody may have made: nothing damaged passes, nothing reaches out, everything is named."""

import io
import json
import os
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from understudy import crate
from understudy.crate import read as reading
from understudy.crate import store
from understudy.crate.seal import seal
from understudy.errors import CrateError
from understudy.files import read_json, sha256, write_json
from understudy.people.keys import own_key


@pytest.fixture
def copy(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "crate"))


def zipped(folder: Path, to: Path, top: str = "") -> Path:
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as out:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                out.write(path, top + path.relative_to(folder).as_posix())
    return to


def resealed(folder: Path) -> None:
    """What a forger with a key of their own would do after a change: hash and seal everything again."""
    table = read_json(folder / "hashes.json")
    table["files"] = {
        path.relative_to(folder).as_posix(): sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("hashes.json", "seal.json")
    }
    write_json(folder / "hashes.json", table)
    (folder / "seal.json").write_text(seal(sha256(folder / "hashes.json"), "0" * 64, "2026", own_key()).text())


def test_what_was_written_is_read(written: Path, contents: crate.Contents) -> None:
    opened = crate.open_crate(written)
    assert opened.text("methods.md") == contents.methods
    assert opened.json("consent/proof.json") == contents.proof
    pd.testing.assert_frame_equal(opened.table("scores.parquet"), pd.read_parquet(contents.tables["scores.parquet"]))
    assert len(opened.table("scores.csv")) == len(opened.table("scores.parquet"))
    assert opened.inputs["p2-test"] == contents.manifest.clip("p2-test").sha256
    assert (opened.seal.head, opened.seal.public) == (contents.head, own_key().public)
    assert opened.damage == {}


@pytest.mark.parametrize("top", ["", "some study/"])
def test_a_zip_is_read_as_its_folder_is(written: Path, tmp_path: Path, top: str) -> None:
    opened = crate.open_crate(zipped(written, tmp_path / "crate.zip", top))
    assert opened.files == crate.open_crate(written).files
    assert opened.text("methods.md") == (written / "methods.md").read_text()
    out = opened.unpack(tmp_path / "out")
    assert crate.open_crate(out).files == opened.files


def test_the_version_s_folder_leads_to_its_crate(written: Path) -> None:
    assert crate.open_crate(written.parent).place == written


def test_every_changed_byte_is_found_and_named(copy: Path) -> None:
    """In each file in turn: one bit turned, and opening names that file."""
    for path in sorted(copy.rglob("*")):
        if not path.is_file():
            continue
        before = path.read_bytes()
        path.write_bytes(before[:-3] + bytes([before[-3] ^ 1]) + before[-2:])
        with pytest.raises(CrateError) as caught:
            crate.open_crate(copy)
        name = path.relative_to(copy).as_posix()
        assert name in caught.value.thing or name == "hashes.json", name
        path.write_bytes(before)
    crate.open_crate(copy)


def test_all_damage_is_told_to_who_asks(copy: Path) -> None:
    (copy / "scores.csv").write_text("tampered")
    (copy / "methods.md").unlink()
    (copy / "extra.txt").write_text("more")
    with pytest.raises(CrateError, match="2 more files"):
        crate.open_crate(copy)
    opened = crate.open_crate(copy, damaged=True)
    assert set(opened.damage) == {"scores.csv", "methods.md", "extra.txt"}
    for name in opened.damage:
        with pytest.raises(CrateError, match=name):
            opened.text(name)
    out = opened.unpack(copy.parent / "out")
    assert not (out / "scores.csv").exists()
    assert not (out / "extra.txt").exists()


def test_a_file_that_changes_while_it_is_open_is_not_given_out(copy: Path, tmp_path: Path) -> None:
    opened = crate.open_crate(copy)
    (copy / "methods.md").write_text("other")
    with pytest.raises(CrateError, match="changed"):
        opened.text("methods.md")
    with pytest.raises(CrateError, match="changed"):
        opened.copy("methods.md", tmp_path / "out.md")
    assert not (tmp_path / "out.md").exists()


def test_another_s_seal_is_seen_as_another_s(copy: Path, written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sealing again hides no change from whoever knows the key: the seal names the forger's."""
    monkeypatch.setenv("UNDERSTUDY_HOME", str(copy.parent / "forger"))
    (copy / "methods.md").write_text("Everything is significant.\n")
    resealed(copy)
    assert crate.open_crate(copy).seal.public != crate.open_crate(written).seal.public


@pytest.mark.parametrize("key", ["hashes", "head", "time", "public", "key", "signature"])
def test_no_part_of_the_seal_can_be_changed(copy: Path, key: str) -> None:
    value = read_json(copy / "seal.json")
    value[key] = ("0" if value[key][0] != "0" else "1") + value[key][1:]
    write_json(copy / "seal.json", value)
    assert set(crate.open_crate(copy, damaged=True).damage) == {"seal.json"}
    with pytest.raises(CrateError, match=r"seal\.json"):
        crate.open_crate(copy)


@pytest.mark.parametrize(
    "id",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "file:///etc/passwd",
        "C:/Windows/x",
        "a/%2e%2e/%2e%2e/x",
        "..%5cx",
        "\\\\server\\share",
        "%00",
        "a//b",
        "",
    ],
)
def test_no_id_of_the_graph_reaches_out(copy: Path, id: str) -> None:
    graph = read_json(copy / "ro-crate-metadata.json")
    graph["@graph"].append({"@id": "#x", "@type": "Thing", "about": [{"@id": id}]})
    write_json(copy / "ro-crate-metadata.json", graph)
    resealed(copy)
    with pytest.raises(CrateError):
        crate.open_crate(copy, damaged=True)


def test_an_id_of_what_is_not_there_is_damage(copy: Path) -> None:
    graph = read_json(copy / "ro-crate-metadata.json")
    graph["@graph"].append({"@id": "lost.csv", "@type": "File"})
    write_json(copy / "ro-crate-metadata.json", graph)
    resealed(copy)
    with pytest.raises(CrateError, match=r"lost\.csv"):
        crate.open_crate(copy)


@pytest.mark.parametrize(
    "path", ["../x", "/x", "C:x", "a\\..\\x", "a/./b", "~/x", "x\x00", "a/../b", "b/", "METHODS.md"]
)
def test_no_path_of_the_hashes_reaches_out(copy: Path, path: str) -> None:
    table = read_json(copy / "hashes.json")
    table["files"][path] = "0" * 64
    write_json(copy / "hashes.json", table)
    (copy / "seal.json").write_text(seal(sha256(copy / "hashes.json"), "", "", own_key()).text())
    with pytest.raises(CrateError, match=r"hashes\.json"):
        crate.open_crate(copy, damaged=True)


def test_links_are_refused(copy: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text((copy / "methods.md").read_text())
    (copy / "methods.md").unlink()
    (copy / "methods.md").symlink_to(secret)
    with pytest.raises(CrateError, match="link"):
        crate.open_crate(copy, damaged=True)


def test_a_linked_folder_is_refused(copy: Path, tmp_path: Path) -> None:
    shutil.move(copy / "cards", tmp_path / "cards")
    (copy / "cards").symlink_to(tmp_path / "cards")
    with pytest.raises(CrateError, match="link"):
        crate.open_crate(copy, damaged=True)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_refused_and_not_waited_for(copy: Path) -> None:
    os.mkfifo(copy / "pipe")
    with pytest.raises(CrateError, match="neither a file"):
        crate.open_crate(copy, damaged=True)


Entry = Callable[[zipfile.ZipFile], None]


def link(out: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    out.writestr(info, "/etc/passwd")


def bomb(out: zipfile.ZipFile) -> None:
    out.writestr("zeros", bytes(64 * 2**20), zipfile.ZIP_DEFLATED)


def twice(out: zipfile.ZipFile) -> None:
    out.writestr("methods.md", "other")


@pytest.mark.parametrize(
    ("entry", "fact"),
    [
        (lambda out: out.writestr("../x", ""), "climbs"),
        (lambda out: out.writestr("/x", ""), "absolute"),
        (lambda out: out.writestr("C:/x", ""), "drive"),
        (lambda out: out.writestr("a\\b", ""), "backslash"),
        (lambda out: out.writestr("../folder/", ""), "climbs"),
        (lambda out: out.writestr("Methods.MD", ""), "one file on some systems"),
        (lambda out: out.writestr("methods.md/x", ""), "a file itself"),
        (link, "link"),
        (bomb, "bomb"),
        pytest.param(twice, "twice", marks=pytest.mark.filterwarnings("ignore:Duplicate name")),
    ],
)
def test_a_zip_that_would_do_harm_is_refused(written: Path, tmp_path: Path, entry: Entry, fact: str) -> None:
    place = zipped(written, tmp_path / "crate.zip")
    with zipfile.ZipFile(place, "a") as out:
        entry(out)
    with pytest.raises(CrateError, match=fact):
        crate.open_crate(place, damaged=True)


def test_a_zip_that_lies_about_a_size_is_caught(written: Path, tmp_path: Path) -> None:
    """The directory says a file is short; what is stored is long: no more than was said is unpacked."""
    place = zipped(written, tmp_path / "crate.zip")
    data = bytearray(place.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    place.write_bytes(data)
    with pytest.raises(CrateError):
        crate.open_crate(place)


def test_too_much_is_not_unpacked(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = zipped(written, tmp_path / "crate.zip")
    monkeypatch.setattr(store, "MOST_FILES", 10)
    with pytest.raises(CrateError, match="more than 10"):
        crate.open_crate(place)
    monkeypatch.undo()
    monkeypatch.setattr(store, "MOST_BYTES", 1000)
    with pytest.raises(CrateError, match="holds more than"):
        crate.open_crate(place)
    monkeypatch.undo()
    monkeypatch.setattr(reading, "MOST_TEXT", 100)
    with pytest.raises(CrateError, match="too large"):
        crate.open_crate(place)


def test_a_json_with_a_doubled_key_is_refused(copy: Path) -> None:
    text = (copy / "hashes.json").read_text()
    (copy / "hashes.json").write_text(text.replace('"inputs": {', '"inputs": {"x": "y"}, "inputs": {', 1))
    with pytest.raises(CrateError, match="twice"):
        crate.open_crate(copy)


def test_what_is_no_crate_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no zip")
    for place in (tmp_path / "gone", tmp_path / "notes.txt", tmp_path):
        with pytest.raises(CrateError):
            crate.open_crate(place)


def test_a_table_that_is_none_is_refused(copy: Path) -> None:
    for name in ("scores.parquet", "scores.csv"):
        (copy / name).write_bytes(b"\xff\x00PAR1" * 9)
    resealed(copy)
    opened = crate.open_crate(copy)
    for name in ("scores.parquet", "scores.csv"):
        with pytest.raises(CrateError, match="table"):
            opened.table(name)


def test_deep_json_is_no_crash(copy: Path) -> None:
    (copy / "ro-crate-metadata.json").write_text('{"@graph": ' + "[" * 200_000 + "]" * 200_000 + "}")
    resealed(copy)
    with pytest.raises(CrateError):
        crate.open_crate(copy)


def test_an_encrypted_zip_says_so(written: Path, tmp_path: Path) -> None:
    place = zipped(written, tmp_path / "crate.zip")
    data = bytearray(place.read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    place.write_bytes(data)
    with pytest.raises(CrateError, match="encrypted"):
        crate.open_crate(place)


def test_the_message_is_one_that_helps(copy: Path) -> None:
    (copy / "scores.csv").unlink()
    with pytest.raises(CrateError) as caught:
        crate.open_crate(copy)
    assert str(copy) in caught.value.thing
    assert "scores.csv" in caught.value.thing
    assert json.dumps(caught.value.remedy)
    assert io.StringIO(str(caught.value)).readline().count("scores.csv") == 1
