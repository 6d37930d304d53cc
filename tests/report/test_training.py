"""What a training shows is labelled as what it is, and its loss chart tells the table's numbers."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from understudy import media
from understudy.errors import MediaError
from understudy.media.wav import write_wav
from understudy.provenance import label_picture, notice
from understudy.report import Page, RunView, write
from understudy.report.charts import CURVE_BOTTOM, CURVE_HEIGHT, CURVE_TOP, curves
from understudy.report.shelf import Shelf
from understudy.report.training import MOST_PICTURED, pictured, training

Make = Callable[..., Page]


@pytest.fixture
def run(tmp_path: Path) -> RunView:
    grey_HWC = np.full((128, 192, 3), (90, 120, 160), np.uint8)
    media.write(tmp_path / "timelapse.mp4", [grey_HWC] * 6, fps=5)
    cv2.imwrite(str(tmp_path / "preview.png"), np.ascontiguousarray(grey_HWC[:, :, ::-1]))
    view = RunView(name="original a+b", method="original", subjects=("ada", "ben"), seed=1)
    return replace(view, timelapse=tmp_path / "timelapse.mp4", preview=tmp_path / "preview.png")


def test_previews_and_timelapses_are_labelled(run: RunView, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    shelf = Shelf(0)
    shown = training(run, shelf, scratch)
    uris = shelf.uris(tmp_path / "out")
    grey_HWC = np.full((128, 192, 3), (90, 120, 160), np.uint8)
    expected_HWC = label_picture(grey_HWC)
    preview_HWC = cv2.imread(str(tmp_path / "out" / uris[shown.preview or ""]))
    assert preview_HWC is not None
    assert np.array_equal(preview_HWC[:, :, ::-1], expected_HWC)
    filmed_HWC = label_picture(grey_HWC, np.array([[0.0, 64, 192, 128]]))  # at the top, clear of the controls
    film = list(media.frames(tmp_path / "out" / uris[shown.timelapse or ""]))
    assert len(film) == 6
    changed_HW = (filmed_HWC != grey_HWC).any(axis=2)
    assert not changed_HW[64:].any()
    for frame_HWC in film:
        assert np.abs(frame_HWC.astype(int) - filmed_HWC)[changed_HW].mean() < 12


def test_they_are_left_out_when_somebody_in_them_is_not_shown(make_page: Make, run: RunView, tmp_path: Path) -> None:
    for b_shown, found in ((True, 1), (False, 0)):
        page = make_page(b_shown=b_shown, runs=(run,))
        text = write(tmp_path / str(b_shown), page).read_text(encoding="utf-8")
        assert text.count("data:image/png;base64,") == found
        assert text.count('class="timelapse"') == found


@pytest.mark.parametrize("marked", [True, False])
def test_what_a_voice_said_last_begins_with_the_notice(
    make_page: Make, run: RunView, tmp_path: Path, marked: bool
) -> None:
    said = np.random.default_rng(0).normal(0, 0.05, 48_000).astype(np.float32)
    write_wav(tmp_path / "preview.wav", notice.laid(said, 24_000) if marked else said, 24_000)
    heard = replace(run, timelapse=None, preview=None, sound=tmp_path / "preview.wav")
    (tmp_path / "scratch").mkdir()
    shelf = Shelf(0)
    shown = training(heard, shelf, tmp_path / "scratch")
    uris = shelf.uris(tmp_path / "out")
    samples_N, rate = media.sound(tmp_path / "out" / uris[shown.sound or ""])
    assert notice.found(samples_N, rate)
    assert abs(len(samples_N) / rate - 2) < 0.01
    text = write(tmp_path / "page", make_page(runs=(heard,))).read_text(encoding="utf-8")
    assert text.count("<audio") == text.count("data:audio/") == 1


def test_of_many_trainings_each_is_pictured_once(run: RunView) -> None:
    """Another seed of the same training adds numbers, not another film of the same faces."""
    groups = [("ada", b) for b in ("ben", "cleo", "dan", "eva", "finn")]
    runs = [replace(run, name=f"{g} {seed}", subjects=g, seed=seed) for g in groups for seed in (3, 1, 2)]
    assert len(runs) > MOST_PICTURED
    shown = pictured(runs)
    assert [r.name for r in shown] == [r.name for r in runs]
    assert [(r.subjects, r.seed) for r in shown if r.timelapse and r.preview] == [(g, 1) for g in groups]
    assert pictured(runs[:MOST_PICTURED]) == runs[:MOST_PICTURED]


def test_a_preview_that_is_no_picture_is_named(run: RunView, tmp_path: Path) -> None:
    wrong = tmp_path / "preview.png"
    wrong.write_text("no picture")
    (tmp_path / "scratch").mkdir()
    with pytest.raises(MediaError, match=r"preview\.png: is not a picture"):
        training(replace(run, timelapse=None), Shelf(), tmp_path / "scratch")


def test_a_loss_that_falls_evenly_in_its_logarithm_is_a_straight_line(tmp_path: Path) -> None:
    path = tmp_path / "loss.csv"
    pd.DataFrame({"step": range(101), "loss": np.geomspace(1, 0.01, 101), "rate": 0.1}).to_csv(path, index=False)
    drawn = curves(path)
    assert drawn is not None
    assert [line.name for line in drawn.raw] == ["loss"]
    points = np.array([[float(v) for v in p.split(",")] for p in drawn.raw[0].points.split()])
    assert np.abs(np.diff(points[:, 1], 2)).max() < 0.21  # printed to a tenth
    assert points[0, 1] == CURVE_TOP
    assert points[-1, 1] == CURVE_HEIGHT - CURVE_BOTTOM
    assert (drawn.first, drawn.last) == ("1.000", "0.01000")


def test_a_loss_table_without_a_positive_loss_has_no_chart(tmp_path: Path) -> None:
    path = tmp_path / "loss.csv"
    pd.DataFrame({"step": [0, 1], "loss": [0.0, float("nan")]}).to_csv(path, index=False)
    assert curves(path) is None
