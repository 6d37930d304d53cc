"""Mask overlap and seam recover what was drawn: shares of rectangles, steps of lightness and colour along a circle."""

from pathlib import Path

import cv2
import metric_stage as stage
import numpy as np
import pytest
from numpy.typing import NDArray

from understudy import media, metrics
from understudy.errors import MediaError
from understudy.faces import alpha
from understudy.metrics import _validity, seam

SIDE = 128
Y, X = np.mgrid[0:SIDE, 0:SIDE].astype(float)
DISC = np.hypot(X - 60, Y - 66) < 36
MASKS = {"truth": Path("truth.mp4"), "masks": Path("masks.npy")}


def skin(light: float = 60.0) -> NDArray[np.uint8]:
    """A plain picture of lightness `light` with soft shading."""
    lab_HWC = np.stack([light + 6 * np.sin(X / 25), 18 + 3 * np.cos(Y / 20), 20 + 0 * X], axis=2).astype(np.float32)
    return np.asarray(np.rint(cv2.cvtColor(lab_HWC, cv2.COLOR_LAB2RGB) * 255), np.uint8)


def pasted(by: tuple[float, float, float], *, feather: float = 0.0) -> NDArray[np.uint8]:
    """The skin, its disc moved in CIELAB, the border as soft as `feather` pixels."""
    share = cv2.GaussianBlur(DISC.astype(float), (0, 0), feather) if feather else DISC.astype(float)
    lab_HWC = seam.lab(skin()) + share[..., None].astype(np.float32) * np.asarray(by, np.float32)
    return np.asarray(np.rint(np.clip(cv2.cvtColor(lab_HWC, cv2.COLOR_LAB2RGB), 0, 1) * 255), np.uint8)


def rows(fake_HWC: NDArray[np.uint8], region_HW: NDArray[np.bool_] = DISC) -> dict[str, metrics.Row]:
    at = stage.moment(fake_HWC=fake_HWC, driver_HWC=skin(), region_HW=region_HW)
    return stage.run("seam", [at], region=Path("fake.alpha"))


def test_what_changes_nothing_has_no_seam_whatever_the_driver_looks_like() -> None:
    for name, row in rows(skin()).items():
        assert row.value == 0, name


def test_a_known_colour_step_is_the_seam_colour() -> None:
    for by in ((0, 6, 8), (10, 0, 0), (-6, 3, -6)):
        found = rows(pasted(by))["seam colour"].value
        assert found == pytest.approx(np.linalg.norm(by), rel=0.25), by


def test_opposite_steps_on_opposite_sides_do_not_cancel() -> None:
    lab_HWC = seam.lab(skin())
    lab_HWC[..., 0] += np.where(DISC, np.where(X < 60, 8.0, -8.0), 0.0).astype(np.float32)
    both = np.asarray(np.rint(np.clip(cv2.cvtColor(lab_HWC, cv2.COLOR_LAB2RGB), 0, 1) * 255), np.uint8)
    assert rows(both)["seam colour"].value > 5


def test_a_step_is_a_seam_whether_of_lightness_or_of_colour_and_a_feather_softens_it() -> None:
    for towards in ((1, 0, 0), (0, 0.6, 0.8), (-0.6, 0, 0.8)):
        steps = [tuple(step * share for share in towards) for step in (0, 2, 4, 8)]
        energies = [rows(pasted(step))["seam energy"].value for step in steps]
        assert (np.diff(energies) > 0).all()
        assert energies[-1] == pytest.approx(8 / 2, rel=0.25)  # central differences see half of a step on either side
    soft = [rows(pasted((8, 0, 0), feather=f))["seam energy"].value for f in (0, 1, 3)]
    assert (np.diff(soft) < 0).all()


def test_a_border_softer_than_the_driver_is_below_zero() -> None:
    rng = np.random.default_rng(0)
    grain = np.clip(skin() + rng.normal(0, 8, (SIDE, SIDE, 1)), 0, 255).astype(np.uint8)
    smooth = cv2.GaussianBlur(grain, (0, 0), 2)
    at = stage.moment(fake_HWC=np.asarray(smooth), driver_HWC=grain, region_HW=DISC)
    assert stage.run("seam", [at], region=Path("fake.alpha"))["seam energy"].value < -0.5


def test_without_a_region_the_hull_of_the_truths_mask_is_the_border() -> None:
    bearded = DISC & ~((Y > 80) & (np.sin(X * 3) * np.sin(Y * 2) > 0))
    cast = pasted((8, 0, 0))
    at = stage.moment(fake_HWC=cast, driver_HWC=skin(), mask_HW=bearded)
    found = stage.run("seam", [at], **MASKS)["seam energy"].value
    assert found == pytest.approx(rows(cast)["seam energy"].value, rel=0.2)
    assert metrics.metric("seam").meter(stage.NOWHERE) is None


def test_frames_with_no_border_have_no_seam() -> None:
    for region_HW in (np.zeros_like(DISC), np.ones_like(DISC)):
        assert {row.n for row in rows(skin(), region_HW).values()} == {0}


def test_the_overlap_of_rectangles_is_their_share() -> None:
    mask_HW, region_HW = np.zeros((40, 40), bool), np.zeros((40, 40), bool)
    mask_HW[10:20, 10:30], region_HW[10:20, 20:40] = True, True
    moments = [
        stage.moment(mask_HW=mask_HW, region_HW=region_HW),
        stage.moment(mask_HW=mask_HW, region_HW=mask_HW),
        stage.moment(mask_HW=mask_HW, region_HW=~mask_HW),
        stage.moment(mask_HW=np.zeros_like(mask_HW), region_HW=np.zeros_like(mask_HW)),
    ]
    row = stage.run("mask", moments, region=Path("fake.alpha"), **MASKS)["mask overlap"]
    assert (row.value, row.n) == (pytest.approx((1 / 3 + 1 + 0 + 1) / 4), 4)
    assert metrics.metric("mask").meter(stage.NOWHERE) is None


@pytest.mark.parametrize(
    ("count", "size", "fact"), [(3, 32, "has nothing for frame 3"), (6, 32, "more frames"), (5, 16, "shape")]
)
def test_a_region_of_another_clip_is_refused(tmp_path: Path, count: int, size: int, fact: str) -> None:
    media.write(tmp_path / "fake.mp4", (np.full((32, 32, 3), 9, np.uint8) for _ in range(5)), fps=25)
    np.save(tmp_path / "masks.npy", np.ones((5, 32, 32), bool))
    with alpha.Writer(tmp_path / "fake.alpha", height=size, width=size) as file:
        for _ in range(count):
            file.write(np.ones((size, size), bool))
    case = metrics.Case(
        fake=tmp_path / "fake.mp4", driver=tmp_path / "fake.mp4", truth=tmp_path / "fake.mp4", fps=25,
        masks=tmp_path / "masks.npy", region=tmp_path / "fake.alpha",
        source_references_N128=np.eye(1, 128), driver_references_N128=np.eye(1, 128),
    )  # fmt: skip
    with pytest.raises(MediaError, match=fact):
        metrics.measure(case, ["mask"])


def test_a_cast_of_known_size_is_what_the_ladder_paints() -> None:
    moved = seam.lab(_validity.tinted(skin(), (0.0, 8 / 2**0.5, 8 / 2**0.5))) - seam.lab(skin())
    assert np.linalg.norm(moved, axis=2).mean() == pytest.approx(8, abs=0.3)
