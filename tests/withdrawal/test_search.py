"""The search finds what was made of a person, by every kind of trace, and nothing of anybody else."""

import base64
import gzip
import json
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml
from withdrawal_tree import GONE, PAIRS, Tree, array, noise, remains, write

from understudy import provenance
from understudy.files import sha256
from understudy.people import read_ledger, uses
from understudy.withdrawal import Found, read_person, search
from understudy.withdrawal.beyond import beyond

Make = Callable[..., Tree]


def found(tree: Tree, subject: str = GONE) -> dict[str, Found]:
    """What the search finds of a subject, by path."""
    person = read_person(read_ledger(tree.root / tree.study / "consents"), subject)
    return {str(each.path): each for each in search(Path(), person)}


def left(tree: Tree, subject: str = GONE) -> set[str]:
    return set(tree.everything()) - set(found(tree, subject))


def test_everything_that_holds_the_person_s_bytes_or_name_is_found(tree: Tree) -> None:
    holding = {
        str(path.relative_to(tree.root)) for path in remains(tree.root, [GONE], tree.samples(GONE)) if path.is_file()
    }
    assert len(holding) > 60
    assert holding - set(found(tree)) == set()


def test_what_is_of_others_alone_stays(tree: Tree) -> None:
    stays = left(tree)
    for clip in ("anna-train", "anna-test", "bert-train", "bert-test"):
        assert f"data/films/facesets/{clip}/crops.npy" in stays
        assert f"data/films/clips/{clip}.mp4" in stays
    for name in ("original/seed-1/anna+bert/weights.safetensors", "original/seed-1/anna+bert/previews/00000001.png"):
        assert f"data/films/runs/{name}" in stays
    assert "data/films/fakes/warp/seed-1/bert/anna-test.mp4" in stays
    assert "data/films/scores/original/seed-1/anna/bert-test.parquet" in stays
    assert ".snakemake/log/2026-11-20T110000.snakemake.log" in stays
    coded = base64.urlsafe_b64encode(b"data/films/clips/anna-train.mp4").decode()
    assert f".snakemake/metadata/{coded}" in stays


def test_weights_trained_with_others_go_with_all_beside_them(tree: Tree) -> None:
    gone = found(tree)
    folder = tree.base / f"runs/original/seed-1/anna+{GONE}"
    assert {path.name for path in folder.rglob("*") if path.is_file()} == {
        Path(path).name for path in gone if path.startswith(f"data/films/runs/original/seed-1/anna+{GONE}/")
    }


def test_a_version_that_held_the_person_goes_whole_and_one_that_did_not_stays(tree: Tree) -> None:
    for name in ("report.html", "hashes.json", "machine.json"):
        write(tree.root / "results/films/2" / name, json.dumps({"people": ["anna", "bert"]}))
    gone = found(tree)
    assert {path for path in tree.everything() if path.startswith("results/films/1/")} <= set(gone)
    assert not any(path.startswith("results/films/2/") for path in gone)


def test_what_is_gathered_from_everybody_goes(tree: Tree) -> None:
    gathered = ("scores/scores.parquet", "scores/scores.csv", "report/report.html", "checked.json", "log/report.log")
    assert {f"data/films/{name}" for name in gathered} <= set(found(tree))


def test_footage_is_not_derived_wherever_it_lies(tree: Tree) -> None:
    inside = tree.root / "data/footage" / f"{GONE}-more.mp4"
    write(inside, b"film")
    manifest = yaml.safe_load(Path("films/manifest.yaml").read_text())
    manifest["clips"].append(manifest["clips"][0] | {"id": f"{GONE}-more", "path": str(inside)})
    Path("films/manifest.yaml").write_text(yaml.safe_dump(manifest))
    write(tree.root / f"data/footage/{GONE}.not-listed.mp4", b"another film")
    assert not any("footage" in path for path in found(tree))
    person = read_person(read_ledger(Path("films/consents")), GONE)
    assert inside in {path.resolve() for path in person.footage}
    stays = {each["what"]: each["why"] for each in beyond(Path(), person, [])}
    assert "manifest names" in stays[str(inside)]
    assert "no study made it" in stays[f"data/footage/{GONE}.not-listed.mp4"]


def test_a_model_of_a_group_and_what_was_made_with_it_is_found_by_lineage(tree: Tree) -> None:
    """Nothing in their names says so: the training's card does, the fake's card cites the weights' hash, and
    Snakemake noted what the scores were made from."""
    tree.training("lia/seed-1/everybody", ["anna", "bert", GONE])
    weights = sha256(tree.base / "runs/lia/seed-1/everybody/weights.safetensors")
    fake = tree.base / "fakes/lia/seed-1/anna/bert-test.mp4"
    write(fake, b"fake by a model of all three")
    card = {"lineage": {"source": "anna", "driver": "bert", "clip": "bert-test", "inputs": {"weights": weights}}}
    write(fake.with_name("bert-test.mp4.json"), json.dumps(card))
    scores = tree.base / "scores/lia/seed-1/anna/bert-test.parquet"
    scores.parent.mkdir(parents=True)
    pd.DataFrame({"source": ["anna"], "driver": ["bert"], "value": [1.0]}).to_parquet(scores)
    tree.note("data/films/scores/lia/seed-1/anna/bert-test.parquet", ["data/films/fakes/lia/seed-1/anna/bert-test.mp4"])
    gone = found(tree)
    assert "data/films/runs/lia/seed-1/everybody/previews/00000001.png" in gone
    assert "data/films/fakes/lia/seed-1/anna/bert-test.mp4" in gone
    assert "data/films/scores/lia/seed-1/anna/bert-test.parquet" in gone
    assert "data/films/scores/original/seed-1/anna/bert-test.parquet" not in gone


@pytest.mark.parametrize("place", ["results/films/keep.mp4", "data/films/elsewhere/x.npy", "data/mine/copy.npy"])
def test_a_copy_is_found_under_any_name(tree: Tree, place: str) -> None:
    suffix = Path(place).suffix
    original = tree.base / (f"facesets/{GONE}-test/crops.npy" if suffix == ".npy" else f"clips/{GONE}-test.mp4")
    write(tree.root / place, original.read_bytes())
    assert "copy of" in found(tree)[place].why


def test_what_is_packed_is_found(tree: Tree) -> None:
    with zipfile.ZipFile(tree.root / "results/films.zip", "w") as archive:
        archive.writestr("inner/scores.csv", f"source,driver\nanna,{GONE}\n")
    with zipfile.ZipFile(tree.root / "results/others.zip", "w") as archive:
        archive.writestr("inner/scores.csv", "source,driver\nanna,bert\n")
    for name, who in (("films.tar.gz", GONE), ("others.tar.gz", "bert")):
        write(tree.root / "table.csv", f"source,driver\nanna,{who}\n")
        with tarfile.open(tree.root / f"results/{name}", "w:gz") as packed:
            packed.add(tree.root / "table.csv")
    write(tree.root / "results/films.csv.gz", gzip.compress(f"source,driver\nanna,{GONE}\n".encode()))
    array(tree.base / "embeddings/names.npy", np.array(["anna", GONE]))
    pd.DataFrame({"who": [["anna", GONE]], "n": [1]}).to_parquet(tree.base / "groups.parquet")
    write(tree.base / "state.pkl", pickle.dumps({"subject": GONE, "n": 3}))
    write(tree.base / "escaped.txt", rf"'\nof{GONE}\n' is another, '\n{GONE}\n' is not")
    write(tree.base / "long.txt", b"." * (1 << 26) + f" {GONE} ".encode())
    gone = found(tree)
    packed = {"results/films.zip", "results/films.tar.gz", "results/films.csv.gz"}
    inside = ("embeddings/names.npy", "groups.parquet", "state.pkl", "escaped.txt", "long.txt")
    assert packed | {f"data/films/{name}" for name in inside} <= set(gone)
    assert not {"results/others.zip", "results/others.tar.gz"} & set(gone)


@pytest.mark.parametrize("name", ["x.mp4", "x.png", "x.wav"])
def test_a_fake_under_any_name_says_itself_whom_it_shows(tree: Tree, name: str) -> None:
    """By its tags or its credential: nothing beside it, no study around it."""
    for subject, folder in ((GONE, "data/mine"), ("bert", "data/yours")):
        path = tree.root / folder / name
        path.parent.mkdir(parents=True)
        publish(path, subject)
        path.with_name(f"{name}.json").unlink()
    gone = found(tree)
    assert f"data/mine/{name}" in gone
    assert f"data/yours/{name}" not in gone


def publish(path: Path, subject: str) -> None:
    """A fake as the program publishes it."""
    lineage = provenance.Lineage(
        study="films", version="1", method="warp", family="animate", source=subject, driver="anna", clip="anna-test",
        seed=1, run=None, consents=(f"{subject}-1", "anna-1"), log_head="0" * 64, inputs={"driver clip": "0" * 64},
        digital_source_type="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
    )  # fmt: skip
    picture = np.full((192, 256, 3), 120, np.uint8)
    if path.suffix == ".png":
        provenance.publish_picture(path, picture, lineage=lineage, faces=None)
    elif path.suffix == ".wav":
        provenance.publish_sound(path, np.zeros((48000, 1), np.float32), 48000, lineage=lineage)
    else:
        film = SimpleNamespace(fps=Fraction(25), width=256, height=192)
        provenance.publish(path, [picture] * 5, probe=film, sound=None, lineage=lineage, faces=None)


def test_half_written_files_are_found(tree: Tree) -> None:
    parts = [
        f"data/films/fakes/warp/seed-1/anna/.{GONE}-test.0123abcd.part.mp4",
        f"data/films/facesets/.{GONE}-test.0123abcd.part/crops.npy",
        "results/films/.1.abc.part/manifest.yaml",
    ]
    for part in parts:
        write(tree.root / part, f"clips: [{{id: {GONE}-test, subject: {GONE}}}]")
    assert set(parts) <= set(found(tree))


def test_notes_of_snakemake_are_found_by_their_coded_names_and_by_what_they_say(tree: Tree) -> None:
    deep = "data/films/" + "/".join(["deep" * 10] * 6) + f"/{GONE}.txt"
    tree.note(deep, [], kind="incomplete")
    tree.note("data/films/neutral.txt", [], likeness=GONE)
    tree.note("data/films/other.txt", [], likeness="anna")
    names = {base64.urlsafe_b64encode(f"data/films/{n}.txt".encode()).decode() for n in ("neutral", "other")}
    gone = [path for path in found(tree) if path.startswith(".snakemake/")]
    assert any("incomplete/@" in path for path in gone)
    assert sum(path.endswith(tuple(names)) for path in gone) == 1
    assert ".snakemake/scripts/tmpabc.extract.py" in gone
    assert ".snakemake/log/2026-11-20T100000.snakemake.log" in gone


def test_a_clip_that_left_the_manifest_is_known_from_the_log(tree: Tree) -> None:
    job = "convert warp anna on take-9"
    uses.ask(Path("films/consents"), "films", job, uses.mixing("anna", GONE, "swap"))
    uses.ask(Path("films/consents"), "films", "extract take-8", [uses.Use(subject=GONE, purpose="extract")])
    for clip in ("take-8", "take-9", "take-7"):
        write(tree.base / f"clips/{clip}.mp4", clip.encode())
    gone = found(tree)
    assert {"data/films/clips/take-8.mp4", "data/films/clips/take-9.mp4"} <= set(gone)
    assert "data/films/clips/take-7.mp4" not in gone


def test_what_a_job_was_told_of_the_person_made_is_found_under_any_name(tree: Tree) -> None:
    """A clip that is in no manifest and no log any more: Snakemake noted of whom it is."""
    write(tree.base / "clips/take-7.mp4", b"film")
    write(tree.base / "clips/take-6.mp4", b"another film")
    tree.note("data/films/clips/take-7.mp4", [], subject=GONE)
    tree.note("data/films/clips/take-6.mp4", [], subject="anna", method_name=GONE)
    for clip in ("take-6", "take-7"):
        write(tree.base / f"cost/render/{clip}.tsv", "s\n1.0\n")
    gone = found(tree)
    assert {"data/films/clips/take-7.mp4", "data/films/cost/render/take-7.tsv"} <= set(gone)
    assert not any("take-6" in path for path in gone)


def test_of_somebody_who_was_never_used_nothing_is_found(make: Make) -> None:
    tree = make(("anna", "bert"), [("anna", "bert")])
    ledger = read_ledger(tree.root / "films/consents")
    person = read_person(ledger, "quinn")
    assert search(Path(), person) == []
    assert ".snakemake/scripts/tmpabc.extract.py" in tree.everything()


# --- short and awkward names --------------------------------------------------------------------------------------


def test_what_was_begun_from_somebody_is_found_by_its_card(tree: Tree) -> None:
    """Weights that were pretrained on the person, and a training of others that began from them."""
    start = tree.base / "pretrained/original"
    write(start / "weights.safetensors", b"learned from strangers")
    write(start / "card.json", json.dumps({"subjects": [GONE, "carla"], "state": "finished"}))
    tree.training("original/seed-22/anna+bert", ["anna", "bert"])
    run = tree.base / "runs/original/seed-22/anna+bert"
    card = {"subjects": ["anna", "bert"], "pretrained": {"weights": "0" * 64, "subjects": [GONE, "carla"]}}
    write(run / "card.json", json.dumps(card))
    fake = tree.base / "fakes/original/seed-22/anna/bert-test.mp4"
    write(fake, b"fake that began from strangers")
    inputs = {"weights": sha256(run / "weights.safetensors")}
    lineage = {"source": "anna", "driver": "bert", "clip": "bert-test", "inputs": inputs}
    write(fake.with_name("bert-test.mp4.json"), json.dumps({"lineage": lineage}))
    gone = found(tree)
    assert "data/films/pretrained/original/weights.safetensors" in gone
    assert "data/films/runs/original/seed-22/anna+bert/weights.safetensors" in gone
    assert "data/films/fakes/original/seed-22/anna/bert-test.mp4" in gone
    assert "data/films/runs/original/seed-1/anna+bert/weights.safetensors" not in gone


def test_a_short_id_takes_nothing_of_those_whose_ids_begin_with_it(make: Make) -> None:
    tree = make(("s1", "s10", "s1x"), [("s1", "s10"), ("s10", "s1x")])
    array(tree.base / "references/s1-like.npy", np.frombuffer(b" s1 " * 32, np.uint8))  # the bytes of it, by chance
    write(tree.base / "clips/s10-more.mp4", b"\0\0 s1 \0" * 99)
    gone = found(tree, "s1")
    assert "data/films/references/s1.npy" in gone
    assert "data/films/fakes/warp/seed-1/s1/s10-test.mp4" in gone
    for path in ("references/s10.npy", "references/s1x.npy", "clips/s10-more.mp4", "references/s1-like.npy"):
        assert f"data/films/{path}" not in gone
    assert not any("runs/original/seed-1/s10+s1x" in path for path in gone if path.startswith("data/"))


@pytest.mark.parametrize("name", ["warp", "original", "data", "films", "clips", "scores", "mp4", "base64"])
def test_a_subject_called_as_the_workflow_s_own_words_loses_only_what_is_theirs(make: Make, name: str) -> None:
    tree = make((name, "anna", "bert"), [(name, "anna"), ("anna", "bert")])
    gone = found(tree, name)
    assert f"data/films/references/{name}.npy" in gone
    assert f"data/films/clips/{name}-train.mp4" in gone
    for path in (
        "fakes/warp/seed-1/anna/bert-test.mp4",
        "runs/original/seed-1/anna+bert/loss.csv",
        "clips/anna-train.mp4",
    ):
        assert f"data/films/{path}" not in gone


def test_the_same_id_in_another_log_is_somebody_else(make: Make) -> None:
    ours = make()
    theirs = make(study="others")
    gone = found(ours)
    assert gone
    assert not any("others" in path.split("/")[1] for path in gone)
    person = read_person(read_ledger(Path("films/consents")), GONE)
    assert all(path.is_relative_to("films") for path in (*person.footage, *person.manifests))
    assert set(found(theirs)).isdisjoint(path for path in gone if path.startswith(("data", "results")))


def test_a_clip_s_name_that_is_somebody_else_s_in_another_study_stays_there(make: Make) -> None:
    make(("take", "anna", "bert"), [("take", "anna")])
    other = make(("cara", "anna", "bert"), [("cara", "anna")], study="others")
    manifest = yaml.safe_load(Path("others/manifest.yaml").read_text())
    manifest["clips"][0]["id"] = "take-train"
    Path("others/manifest.yaml").write_text(yaml.safe_dump(manifest))
    study = yaml.safe_load(Path("others/study.yaml").read_text()) | {"consents": "films/consents"}
    Path("others/study.yaml").write_text(yaml.safe_dump(study))
    for path in (tree_path for tree_path in Path(".snakemake/metadata").rglob("*") if tree_path.is_file()):
        path.write_text(path.read_text().replace("others/consents", "films/consents"))
    write(other.base / "clips/take-train.mp4", b"of cara")
    person = read_person(read_ledger(Path("films/consents")), "take")
    gone = {str(each.path) for each in search(Path(), person)}
    assert "data/films/clips/take-train.mp4" in gone
    assert "data/others/clips/take-train.mp4" not in gone


def test_a_link_goes_and_what_it_points_to_stays(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "film.mp4"
    outside.write_bytes(b"a film elsewhere")
    link = tree.base / f"clips/{GONE}-linked.mp4"
    uses.ask(Path("films/consents"), "films", f"ingest {GONE}-linked", [uses.Use(subject=GONE, purpose="extract")])
    link.symlink_to(outside)
    assert str(link.relative_to(tree.root)) in found(tree)


def test_a_study_s_folder_may_be_a_link_to_another_disk(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> None:
    disk = tmp_path_factory.mktemp("disk") / "films"
    before = set(found(tree))
    tree.base.rename(disk)
    tree.base.symlink_to(disk)
    assert set(found(tree)) == before


def test_damaged_files_stop_no_search(tree: Tree) -> None:
    for name in ("a.json", "b.parquet", "c.safetensors", "d.npy", "e.npz", "f.zip", "g.png", "h.mp4", "i.html"):
        write(tree.base / "odd" / name, b"\x89PNG\xff\xfe{[" + noise(name).tobytes()[:64])
        write(tree.base / "empty" / name, b"")
    write(tree.base / f"odd/cut-{GONE}.json", f'{{"subject": "{GONE}"'.encode())
    write(tree.base / "odd/cut.json", f'{{"subject": "{GONE}"'.encode())
    write(tree.root / "films/broken.yaml", "clips: [{id: [")
    gone = found(tree)
    assert "data/films/odd/cut.json" in gone
    assert not any("empty" in path for path in gone)


def test_pairs_of_the_fixture_are_as_the_tests_think() -> None:
    assert sum(GONE in pair for pair in PAIRS) == 2
