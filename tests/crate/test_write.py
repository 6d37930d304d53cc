"""What leaves the machine: never footage, never what somebody kept, all of it hashed and sealed."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from understudy import crate
from understudy.errors import CrateError
from understudy.files import read_json, sha256
from understudy.people import Clip, Manifest, read_manifest

Without = Callable[..., crate.Contents]


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_hashes_name_every_file_and_hold(written: Path) -> None:
    table = read_json(written / "hashes.json")
    assert set(table["files"]) == names(written) - {"hashes.json", "seal.json"}
    for name, digest in table["files"].items():
        assert sha256(written / name) == digest, name


def test_weights_and_faces_leave_only_with_everybody_s_leave(written: Path) -> None:
    there = names(written)
    assert [name for name in there if name.endswith(".safetensors")] == [
        "runs/original/seed-1/ada+bruno/weights.safetensors"
    ]
    assert not any(name.endswith(("preview.png", "timelapse.mp4")) for name in there), "they show footage, unlabelled"
    assert {"runs/original/seed-1/p1+p2/card.json", "runs/original/seed-1/p1+p2/loss.csv"} <= there
    assert {"fakes/original/seed-1/ada/bruno-test.mp4", "fakes/original/seed-1/ada/bruno-test.mp4.json"} <= there
    assert not any("p2-test" in name for name in there)


def test_what_stays_is_known_by_its_hash(written: Path, contents: crate.Contents) -> None:
    outputs = read_json(written / "hashes.json")["outputs"]
    kept = next(run for run in contents.runs if not run.shareable)
    assert outputs["runs/original/seed-1/p1+p2/weights.safetensors"] == sha256(kept.folder / "weights.safetensors")
    assert outputs["fakes/original/seed-1/p1/p2-test.mp4"] == sha256(contents.fakes[1].path)
    assert outputs["scores.parquet"] == sha256(written / "scores.parquet")
    assert read_json(written / "hashes.json")["inputs"] == {c.id: c.sha256 for c in contents.manifest.clips}


def test_the_manifest_names_footage_without_a_place(written: Path) -> None:
    manifest = read_manifest(written / "config/manifest.yaml")
    paths = {clip.id: clip.path for clip in manifest.clips}
    assert paths["p1-test"] == str(written / "config/clips/p1.mp4")
    assert paths["p2-test"] == str(written / "config/p2 take 1.mp4")
    assert paths["ada-test"] == "cast:ada/test"


def test_no_file_tells_where_on_this_machine_anything_lay(written: Path, contents: crate.Contents) -> None:
    places = [str(Path.cwd()), str(contents.manifest.path.parent), "/private/footage", "/home/somebody", "/somewhere"]
    for name in names(written):
        data = (written / name).read_bytes()
        for place in places:
            assert place.encode() not in data, (name, place)
    settings = yaml.safe_load((written / "config/study.yaml").read_text())
    assert settings["methods"]["original"] == {"weights": "w.pth", "rate": 0.0025}
    assert (settings["manifest"], settings["consents"]) == ("config/manifest.yaml", "consent")


@pytest.mark.parametrize(
    "shown",
    [
        '<video src="data:video/mp4;base64,AAAA">',
        "<audio src='DATA: audio/wav;base64,AAAA'>",
        '{"m0": "media/0123456789abcdef0123.mp4"}',
    ],
)
def test_a_page_with_recordings_does_not_leave(without: Without, tmp_path: Path, shown: str) -> None:
    page = tmp_path / "report.html"
    page.write_text(f"<html><body>{shown}</body></html>")
    with pytest.raises(CrateError, match=r"report\.html"):
        crate.write(tmp_path / "crate", without(report={"report.html": page}))


def test_stills_leave_only_where_a_fake_may(contents: crate.Contents, without: Without, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text('<html><body><img src="data:image/jpeg;base64,AAAA"></body></html>')
    crate.write(tmp_path / "first", without(report={"report.html": page}))
    with pytest.raises(CrateError, match="nobody agreed"):
        crate.write(tmp_path / "second", without(report={"report.html": page}, fakes=contents.fakes[1:]))


def test_footage_under_any_name_stops_the_crate(tmp_path: Path, contents: crate.Contents, without: Without) -> None:
    disguised = tmp_path / "loss.csv"
    disguised.write_text("this is footage")
    clip = dataclasses.replace(contents.manifest.clips[-1], sha256=sha256(disguised))
    manifest = Manifest(path=contents.manifest.path, clips=(*contents.manifest.clips[:-1], clip))
    with pytest.raises(CrateError, match="footage of clip 'p2-test'"):
        crate.write(tmp_path / "crate", without(manifest=manifest, report={"numbers.csv": disguised}))
    assert list(tmp_path.iterdir()) == [disguised], "nothing half-made is left"


@pytest.mark.parametrize("place", ["../out.html", "/out.html", "a/../../b.json", "C:/x.json", "a\\b.json"])
def test_no_name_reaches_out(tmp_path: Path, contents: crate.Contents, without: Without, place: str) -> None:
    with pytest.raises(CrateError):
        crate.write(tmp_path / "crate", without(report={place: contents.report["report.html"]}))
    assert not any(tmp_path.iterdir())


def test_a_finished_crate_stays(written: Path, without: Without, tmp_path: Path) -> None:
    shutil.copytree(written, tmp_path / "crate")
    before = (tmp_path / "crate/seal.json").read_bytes()
    crate.write(tmp_path / "crate", without(methods="Something else.\n"))
    assert (tmp_path / "crate/seal.json").read_bytes() == before


def test_nothing_of_somebody_else_s_is_overwritten(contents: crate.Contents, tmp_path: Path) -> None:
    (tmp_path / "crate").mkdir()
    (tmp_path / "crate/notes.txt").write_text("mine")
    with pytest.raises(CrateError, match="in the way"):
        crate.write(tmp_path / "crate", contents)
    assert names(tmp_path) == {"crate/notes.txt"}


def test_the_same_contents_give_the_same_bytes(written: Path, contents: crate.Contents, tmp_path: Path) -> None:
    again = crate.write(tmp_path / "crate", contents)
    assert read_json(again / "hashes.json") == read_json(written / "hashes.json")
    assert (again / "seal.json").read_bytes() == (written / "seal.json").read_bytes(), "Ed25519 is deterministic"


def test_only_the_time_differs_between_two_closings(
    written: Path, contents: crate.Contents, without: Without, tmp_path: Path
) -> None:
    later = crate.write(tmp_path / "crate", without(made=contents.made.replace(hour=23)))
    first, second = (read_json(place / "hashes.json")["files"] for place in (written, later))
    assert {name for name in first if first[name] != second[name]} == {"ro-crate-metadata.json"}


def test_who_is_not_in_the_manifest_is_nowhere(without: Without, contents: crate.Contents, tmp_path: Path) -> None:
    """What is said of people comes from the plan alone: with p1 and p2 out of it, no file knows them."""
    stays = lambda clip: clip.subject not in ("p1", "p2")  # noqa: E731
    left: tuple[Clip, ...] = tuple(filter(stays, contents.manifest.clips))
    place = crate.write(
        tmp_path / "crate",
        without(
            manifest=Manifest(path=contents.manifest.path, clips=left),
            runs=contents.runs[:1],
            fakes=contents.fakes[:1],
            jobs=contents.jobs[:2],
        ),
    )
    for name in names(place):
        text = (place / name).read_bytes()
        assert b"p1+p2" not in text, name
        assert b"p2-test" not in text, name


def test_the_graph_is_small(written: Path, contents: crate.Contents) -> None:
    graph = json.loads((written / "ro-crate-metadata.json").read_text())["@graph"]
    kinds = [entity["@type"] for entity in graph]
    assert kinds.count("CreateAction") == len(contents.jobs) + 1
    assert kinds.count("ControlAction") == len(contents.jobs)
    assert kinds.count("HowToStep") == len({job.rule for job in contents.jobs})
