"""One pass over real files: the tables, the sanity cases, and what is refused."""

import dataclasses
import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import metric_stage as stage
import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from understudy import media, metrics
from understudy.errors import ConfigError, MediaError
from understudy.faces import alpha
from understudy.media.wav import write_wav

ROOT = Path(__file__).resolve().parents[2]
FPS, FRAMES, SIZE = 25, 24, 128
SEEN = [name for name in metrics.names() if metrics.suits(name, "swap")]
METRICS = [name for name in metrics.names() if name != "fid"]  # a third of a second a frame


def frame(t: int, *, tint: int = 0, late: int = 0) -> NDArray[np.uint8]:
    """A drawn face for `stage.Spots`: a square that drifts, whose blue tells the gape of the mouth."""
    image = np.full((SIZE, SIZE, 3), (40, 60, 30), np.uint8)
    x = 24 + t // 2
    gape = 80 + 40 * np.sin((t - late) / 1.7) + 30 * np.cos((t - late) ** 2 / 40)
    image[30:94, x : x + 64] = (230, 120 + tint, round(float(gape)))
    return image


def clip(path: Path, *, count: int = FRAMES, sound: Path | None = None, size: int = SIZE, **how: int) -> Path:
    pictures: Iterator[NDArray[np.uint8]] = (np.ascontiguousarray(frame(t, **how)[:size, :size]) for t in range(count))
    media.write(path, pictures, fps=FPS, sound=sound, crf=10)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    there = tmp_path_factory.mktemp("footage")
    t = np.arange(FRAMES * 16000 // FPS) / 16000
    loud = 0.05 + np.abs(np.sin(t * 9) * np.cos(t * t * 4))
    noise = np.random.default_rng(0).normal(size=len(t))
    write_wav(there / "sound.wav", (0.2 * loud * noise).astype(np.float32), 16000)
    clip(there / "driver.mp4", sound=there / "sound.wav")
    clip(there / "fake.mp4", sound=there / "sound.wav", tint=40)
    clip(there / "truth.mp4", sound=there / "sound.wav", tint=60)
    masks_THW = np.zeros((FRAMES, SIZE, SIZE), bool)
    masks_THW[:, 40:80, 50:80] = True
    np.save(there / "masks.npy", masks_THW)
    with alpha.Writer(there / "fake.alpha", height=SIZE, width=SIZE) as file:
        for mask_HW in masks_THW:
            file.write(np.roll(mask_HW, 2, axis=1))
    stage.write_labels(there / "driver.labels.npz", FRAMES)
    return there


@pytest.fixture
def case(folder: Path, random_networks: dict[str, Path]) -> metrics.Case:
    source, driver = 180 * np.eye(1, 128), 120 * np.eye(1, 128)
    return metrics.Case(
        fake=folder / "fake.mp4", driver=folder / "driver.mp4", truth=folder / "truth.mp4", masks=folder / "masks.npy",
        fps=FPS, source_references_N128=source, driver_references_N128=driver, source="ada",
        gallery={"ada": source, "bruno": driver}, labels=folder / "driver.labels.npz", region=folder / "fake.alpha",
        networks=random_networks,
    )  # fmt: skip


def value(rows: object, name: str) -> float:
    return float(rows.set_index("metric").at[name, "value"])


def test_all_metrics_give_both_tables(case: metrics.Case) -> None:
    rows, frames = metrics.measure(case, METRICS, sight=stage.SPOTS)
    assert list(rows.columns) == ["metric", "value", "unit", "n", "better"]
    assert rows["metric"].is_unique
    assert set(rows["better"]) <= {"higher", "lower", "near 0"}
    assert np.isfinite(rows["value"]).all()
    assert (rows["n"] >= FRAMES - 1).all()
    assert frames["frame"].tolist() == list(range(FRAMES))
    assert frames["time"].to_numpy() == pytest.approx(np.arange(FRAMES) / FPS)
    for name in ("SSIM to truth", "flicker", "pose error", "identity distance to source"):
        assert np.nanmean(frames[name]) == pytest.approx(value(rows, name))
    assert value(rows, "L1 to truth") == pytest.approx(20 / 255 / 3, abs=0.01)
    assert value(rows, "nearer to source") == 1.0  # 160 is nearer to 180 than to 120
    assert value(rows, "frames without a face") == 0


def test_only_what_is_chosen_is_measured_and_only_what_it_needs_is_read(case: metrics.Case) -> None:
    missing = dataclasses.replace(case, driver=Path("nowhere.mp4"), truth=Path("nowhere.mp4"))
    rows, frames = metrics.measure(missing, ["identity"], sight=stage.SPOTS, embed_every=5)
    assert len(rows) == 5
    assert set(rows["n"]) == {5}
    assert frames["nearer to source"].notna().sum() == 5


def test_real_footage_has_no_rows_of_the_truth(case: metrics.Case) -> None:
    real = dataclasses.replace(case, truth=None, masks=None)
    rows, frames = metrics.measure(real, ["truth", "detection"], sight=stage.SPOTS)
    assert rows["metric"].tolist() == ["frames without a face"]
    assert list(frames.columns) == ["frame", "time", "frames without a face"]
    rows, frames = metrics.measure(real, ["truth"], sight=stage.SPOTS)
    assert list(rows.columns) == ["metric", "value", "unit", "n", "better"]
    assert len(rows) == 0


def test_the_sanity_cases_have_the_answers_that_are_known(case: metrics.Case, tmp_path: Path) -> None:
    another = clip(tmp_path / "another.mp4", count=9, tint=60)
    there = {s.name: s for s in metrics.sanity(case, METRICS, tmp_path, another=another)}
    assert list(there) == ["driver", "re-encoded", "truth", "another clip of the source", "shuffled sound"]
    table = {name: metrics.measure(s.case, s.chosen, sight=stage.SPOTS)[0] for name, s in there.items()}
    driver, again, truth = table["driver"], table["re-encoded"], table["truth"]
    for name in ("landmark error", "pose error", "expression error", "flicker", "lip lag"):
        assert value(driver, name) == pytest.approx(0, abs=1e-9)
    assert value(driver, "sync offset") == pytest.approx(0, abs=1e-9)
    assert (value(truth, "L1 to truth"), value(truth, "PSNR to truth")) == (0, 100)
    assert value(truth, "SSIM to truth") == pytest.approx(1)
    assert value(driver, "SSIM to truth") <= value(again, "SSIM to truth") + 0.02 < 1.02
    assert 0 < abs(value(again, "flicker")) < 0.02
    assert value(driver, "nearer to source") == 0
    assert value(truth, "nearer to source") == 1
    assert set(table["another clip of the source"]["n"]) == {9}
    assert value(table["another clip of the source"], "nearer to source") == 1
    shuffled = table["shuffled sound"]
    assert shuffled["metric"].tolist() == ["lip lag", "lip correlation", "sync offset", "sound correlation"]
    assert value(shuffled, "sound correlation") < 0.7 < value(again, "sound correlation")


def test_cases_without_the_means_are_left_out(case: metrics.Case, tmp_path: Path) -> None:
    mute = clip(tmp_path / "mute.mp4", count=5)
    bare = dataclasses.replace(case, driver=mute, truth=None, masks=None)
    assert [s.name for s in metrics.sanity(bare, metrics.names(), tmp_path)] == ["driver", "re-encoded"]


@pytest.mark.parametrize(("count", "fact"), [(20, "has a frame 20 and later"), (30, "ends before")])
def test_videos_of_other_lengths_are_refused(case: metrics.Case, tmp_path: Path, count: int, fact: str) -> None:
    other = dataclasses.replace(case, driver=clip(tmp_path / "other.mp4", count=count))
    with pytest.raises(MediaError, match=fact) as caught:
        metrics.measure(other, ["flicker"], sight=stage.SPOTS)
    assert "other.mp4" in str(caught.value)


def test_videos_and_masks_of_other_sizes_are_refused(case: metrics.Case, tmp_path: Path) -> None:
    other = dataclasses.replace(case, driver=clip(tmp_path / "small.mp4", size=96))
    with pytest.raises(MediaError, match="128x128, not 96x96"):
        metrics.measure(other, ["flicker"], sight=stage.SPOTS)
    for masks in (np.zeros((FRAMES, 64, 64), bool), np.zeros((5, SIZE, SIZE), bool), np.zeros((FRAMES, SIZE, SIZE))):
        np.save(tmp_path / "masks.npy", masks)
        with pytest.raises(MediaError, match=r"masks\.npy"):
            metrics.measure(dataclasses.replace(case, masks=tmp_path / "masks.npy"), ["truth"], sight=stage.SPOTS)
    (tmp_path / "masks.npy").write_text("not an array")
    with pytest.raises(MediaError, match="cannot be read"):
        metrics.measure(dataclasses.replace(case, masks=tmp_path / "masks.npy"), ["truth"], sight=stage.SPOTS)


def test_a_misspelt_metric_is_told_its_nearest_name(case: metrics.Case) -> None:
    with pytest.raises(ConfigError, match="Did you mean 'identity'"):
        metrics.measure(case, ["identiy"])


@pytest.mark.parametrize("name", SEEN)
def test_no_metric_keeps_the_frames_that_have_passed(name: str, case: metrics.Case) -> None:
    meter = metrics.metric(name).meter(case)
    assert meter is not None
    passed = []
    for t in range(6):
        streams = {f"{which}_HWC": frame(t, tint=k) for k, which in enumerate(("fake", "driver", "truth"))}
        passed += [weakref.ref(image) for image in streams.values()]
        face, embed = stage.face(gape=0.02 * t), stage.SPOTS.embed
        mask_HW = np.eye(SIZE, dtype=bool)
        meter.step(stage.moment(face, face, mask_HW=mask_HW, region_HW=mask_HW, embed=embed, embeds=t < 2, **streams))
        streams.clear()
    gc.collect()
    assert [image for image in passed[:-3] if image() is not None] == []


@pytest.mark.parametrize("name", SEEN)
def test_every_module_of_the_folder_is_a_metric_and_says_what_it_gives(name: str, case: metrics.Case) -> None:
    module = metrics.metric(name)
    assert set(module.LOOKS_AT) <= {"fake", "driver", "truth", "reperformance", "masks", "region"}
    meter = module.meter(case)
    assert meter is not None
    assert meter.columns() is not None
    for row in meter.rows() if name != "sync" else []:
        assert row.n == 0
        assert np.isnan(row.value)
        assert f"`{row.metric}`" in (module.__doc__ or ""), f"{name} does not document {row.metric}"


def test_every_value_says_what_it_means(case: metrics.Case) -> None:
    whole = dataclasses.replace(case, reperformance=case.truth)
    rows, _ = metrics.measure(whole, metrics.names(), sight=stage.SPOTS, embed_every=12)
    assert set(rows["metric"]) <= set(metrics.MEANING)


def test_measuring_a_swap_does_not_load_torch() -> None:
    """It takes more than a second, and a study measures each of its fakes in a process of its own."""
    chosen = yaml.safe_load((ROOT / "config/swaps.yaml").read_text(encoding="utf-8"))["metrics"]
    program = (
        "import sys; from understudy import metrics; import understudy.stages.measure; "
        f"[metrics.metric(name) for name in {chosen}]; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
