"""Each family is measured by what fits it: which metrics, which sanity rows, what is damaged, what lips are held to."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import metric_stage as stage
import numpy as np
import pytest
from numpy.typing import NDArray

from understudy import media, metrics
from understudy.errors import ConfigError, MediaError
from understudy.media.wav import write_wav
from understudy.metrics._validity import degraded

FPS, FRAMES, SIZE, RATE = 25, 40, 128, 16000
SWAP_ONLY = {"flicker", "landmarks", "mask"}


def gape(t: NDArray[np.floating] | float, *, words: int) -> NDArray[np.floating]:
    """How far a mouth is open at t (seconds) when it says these words, in (0, 1)."""
    rng = np.random.default_rng(words)
    at, wide = np.cumsum(rng.uniform(0.15, 0.35, 20)) - 1, rng.uniform(0.04, 0.09, 20)
    return 0.1 + 0.8 * np.exp(-0.5 * ((np.atleast_1d(t)[:, None] - at) / wide) ** 2).max(axis=1)


def clip(
    path: Path, *, words: int, late: float = 0.0, tint: int = 0, heard: int | None = None, count: int = FRAMES
) -> Path:
    """A drawn face for `stage.Spots` that says these words, with their sound (or that of others)."""
    t = np.arange(count * RATE // FPS) / RATE
    noise = np.random.default_rng(0).normal(size=len(t)) * 10 ** (2.5 * (gape(t, words=heard or words) - 1))
    write_wav(path.with_suffix(".wav"), (0.2 * noise).astype(np.float32), RATE)

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for number in range(count):
            image = np.full((SIZE, SIZE, 3), (40, 60, 30), np.uint8)
            x = 24 + number // 2
            opened = gape(number / FPS - late, words=words)[0]
            image[30:94, x : x + 64] = (230, 120 + tint, round(60 + 150 * opened))
            yield image

    media.write(path, pictures(), fps=FPS, sound=path.with_suffix(".wav"), crf=8)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lip-sync: the source's clip says 1, the driver 2; truth and fake are the clip with the driver's words."""
    there = tmp_path_factory.mktemp("families")
    clip(there / "base.mp4", words=1, heard=2)
    clip(there / "driver.mp4", words=2, tint=60)
    clip(there / "truth.mp4", words=2)
    clip(there / "late.mp4", words=2, late=0.08)
    masks_THW = np.zeros((FRAMES, SIZE, SIZE), bool)
    masks_THW[:, 64:92, 50:80] = True
    np.save(there / "masks.npy", masks_THW)
    return there


@pytest.fixture
def dub(folder: Path, random_networks: dict[str, Path]) -> metrics.Case:
    source, driver = 180 * np.eye(1, 128), 120 * np.eye(1, 128)
    return metrics.Case(
        family="lipsync", fake=folder / "truth.mp4", driver=folder / "base.mp4", speech=folder / "driver.mp4",
        truth=folder / "truth.mp4", masks=folder / "masks.npy", fps=FPS, source_references_N128=source,
        driver_references_N128=driver, source="ada", gallery={"ada": source, "bruno": driver},
        networks={name: path for name, path in random_networks.items() if name == "syncnet"},
    )  # fmt: skip


@pytest.fixture
def animation(dub: metrics.Case, folder: Path) -> metrics.Case:
    return dataclasses.replace(dub, family="animate", driver=folder / "driver.mp4", speech=None)


def table(case: metrics.Case, chosen: list[str]) -> dict[str, float]:
    rows, _ = metrics.measure(case, chosen, sight=stage.SPOTS)
    return dict(zip(rows["metric"], rows["value"], strict=True))


def test_metrics_suit_the_families_that_they_name_and_all_with_a_face_where_they_name_none() -> None:
    suited = {family: {name for name in metrics.names() if metrics.suits(name, family)} for family in
              ("swap", "animate", "lipsync")}  # fmt: skip
    assert suited["swap"] >= SWAP_ONLY
    assert not SWAP_ONLY & (suited["animate"] | suited["lipsync"])
    assert suited["swap"] & suited["animate"] & suited["lipsync"] >= {
        "detection", "identity", "retrieval", "pose", "sync", "truth", "lpips", "fid",
    }  # fmt: skip
    assert {"reconstruction", "lips", "lipsync"} <= suited["animate"] & suited["lipsync"] - suited["swap"]
    assert "seam" in suited["lipsync"] - suited["animate"]
    assert {"expression", "blendshapes"} <= suited["animate"] - suited["lipsync"]
    heard = {name for name in metrics.names() if metrics.suits(name, "voice")}
    assert heard == {"cepstrum", "loudness", "melody", "naturalness", "recognition", "speaker", "timing", "words"}
    assert not heard & set().union(*suited.values())
    with pytest.raises(ConfigError, match="Did you mean 'lips'"):
        metrics.suits("lisp", "lipsync")


def test_what_does_not_suit_the_family_is_not_measured(dub: metrics.Case) -> None:
    assert not {"landmark error", "mask overlap"} & set(table(dub, ["landmarks", "detection", "mask"]))
    assert "landmark error" in table(dataclasses.replace(dub, family="swap"), ["landmarks"])


def test_the_exact_fake_of_a_lip_sync_is_without_error_and_its_clip_is_not(dub: metrics.Case, folder: Path) -> None:
    chosen = ["lips", "reconstruction", "sync", "truth"]
    exact, unchanged = (
        table(dataclasses.replace(dub, fake=folder / name), chosen) for name in ("truth.mp4", "base.mp4")
    )
    assert exact["lip landmark error"] == exact["AKD"] == exact["L1 of the frame"] == exact["AED"] == 0
    assert exact["lip opening correlation"] == pytest.approx(1)
    assert exact["lip lag"] == exact["sync offset"] == pytest.approx(0, abs=1e-9)
    assert exact["missing keypoint rate"] == 0
    assert unchanged["lip landmark error"] > 0.01
    assert unchanged["lip opening correlation"] < 0.6
    assert unchanged["lip correlation"] < 0.8


def test_a_lip_sync_is_held_to_the_lips_of_the_truth_and_not_of_the_clip_that_it_changes(
    dub: metrics.Case, folder: Path
) -> None:
    late = table(dataclasses.replace(dub, fake=folder / "late.mp4", driver=Path("nowhere.mp4")), ["sync"])
    assert late["lip lag"] == pytest.approx(80, abs=10)
    assert late["sync offset"] == pytest.approx(80, abs=10)
    assert late["sound correlation"] > 0.9


@pytest.mark.parametrize("late", [0.0, 0.08, -0.12])
def test_without_a_truth_a_lip_sync_is_held_to_the_loudness_of_its_words(
    late: float, dub: metrics.Case, tmp_path: Path
) -> None:
    fake = clip(tmp_path / "fake.mp4", words=2, late=late, count=100)
    filmed = dataclasses.replace(dub, fake=fake, driver=Path("nowhere.mp4"), truth=None, masks=None)
    rows, _ = metrics.measure(filmed, ["sync"], sight=stage.SPOTS)
    found = rows.set_index("metric")
    assert list(found.index) == ["lip lag to loudness", "loudness confidence"]
    assert found.at["lip lag to loudness", "value"] == pytest.approx(1000 * late, abs=40)
    assert found.at["loudness confidence", "value"] > 0.3
    assert (found["n"] == 100).all()
    assert set(found.index) <= set(metrics.MEANING)
    write_wav(tmp_path / "silence.wav", np.zeros(4 * RATE, np.float32), RATE)
    silent = table(dataclasses.replace(filmed, sound=tmp_path / "silence.wav"), ["sync"])
    assert np.isnan(silent["lip lag to loudness"])


def test_an_animation_is_held_to_the_lips_of_its_driver(animation: metrics.Case, folder: Path) -> None:
    late = table(dataclasses.replace(animation, fake=folder / "late.mp4", truth=None, masks=None), ["sync"])
    assert late["sync offset"] == pytest.approx(80, abs=10)


def test_the_sanity_rows_of_an_animation(animation: metrics.Case, folder: Path, tmp_path: Path) -> None:
    there = {s.name: s for s in metrics.sanity(animation, metrics.names(), tmp_path, another=folder / "base.mp4")}
    assert list(there) == ["driver", "re-encoded truth", "truth", "another clip of the source", "shuffled sound"]
    assert there["driver"].case.fake == folder / "driver.mp4"
    assert set(there["shuffled sound"].chosen) == {"sync", "lipsync"}
    again = table(there["re-encoded truth"].case, ["reconstruction"])
    assert 0 < again["L1 of the frame"] < 0.02
    shuffled = table(there["shuffled sound"].case, ["sync"])
    assert shuffled["sound correlation"] < 0.7
    filmed = dataclasses.replace(animation, truth=None, masks=None)
    assert [s.name for s in metrics.sanity(filmed, ["sync"], tmp_path)] == ["driver", "re-encoded", "shuffled sound"]


def test_the_sanity_rows_of_a_lip_sync(dub: metrics.Case, folder: Path, tmp_path: Path) -> None:
    there = {s.name: s for s in metrics.sanity(dub, metrics.names(), tmp_path)}
    assert list(there) == ["re-encoded truth", "truth", "the words' own clip", "shuffled sound"]
    own = there["the words' own clip"]
    assert (own.case.fake, own.chosen) == (folder / "driver.mp4", ("lipsync",))
    shuffled = table(there["shuffled sound"].case, ["sync", "lips"])
    assert shuffled["sound correlation"] < 0.7
    assert shuffled["lip landmark error"] == 0
    filmed = dataclasses.replace(dub, truth=None, masks=None, speech=folder / "driver.wav")
    names = [s.name for s in metrics.sanity(filmed, metrics.names(), tmp_path)]
    assert names == ["re-encoded", "shuffled sound"]


def test_who_is_animated_by_their_own_clip_needs_no_masks(
    animation: metrics.Case, folder: Path, tmp_path: Path
) -> None:
    own = dataclasses.replace(animation, truth=folder / "driver.mp4", masks=None)
    assert "L1 to truth" not in table(own, ["truth", "reconstruction"])
    with pytest.raises(MediaError, match="face masks"):
        table(dataclasses.replace(own, family="swap"), ["truth"])
    values = {}
    for rung in degraded(own, tmp_path, crf=8):
        if rung.ladder in ("", "blur"):
            values[rung.rung] = table(rung.case, ["reconstruction"])["L1 of the frame"]
    assert sorted(values.values()) == [values[rung] for rung in range(4)]


def test_the_same_person_has_no_rows_of_a_driver_to_be_told_from(animation: metrics.Case) -> None:
    same = dataclasses.replace(animation, driver_references_N128=animation.source_references_N128)
    assert set(table(same, ["identity"])) == {"identity distance to source", "identity similarity to source"}
    assert len(table(animation, ["identity"])) == 5


def test_a_damaged_lip_sync_keeps_the_words_that_it_says(dub: metrics.Case, tmp_path: Path) -> None:
    seen = {}
    for rung in degraded(dataclasses.replace(dub, driver=Path("nowhere.mp4")), tmp_path, crf=8):
        if rung.ladder in ("", "delay"):
            seen[rung.rung] = table(rung.case, ["sync", "truth"])
    assert seen[0]["sound correlation"] > 0.95
    assert min(seen[rung]["L1 to truth"] for rung in (1, 2, 3)) > 10 * seen[0]["L1 to truth"]


def test_labels_of_the_clip_that_lends_its_words_are_not_taken_for_the_heads_that_are_seen(
    dub: metrics.Case, tmp_path: Path
) -> None:
    labels = stage.write_labels(tmp_path / "driver.npz", 7)
    assert "pose error to labels" not in table(dataclasses.replace(dub, labels=labels), ["pose"])
