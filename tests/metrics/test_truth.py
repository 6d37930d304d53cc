"""PSNR, SSIM and L1 agree with scikit-image and closed forms, and see the face alone."""

import cv2
import metric_stage as stage
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from understudy.errors import MediaError
from understudy.metrics import metric, truth


def picture(seed: int = 0, height: int = 48, width: int = 56) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    return np.asarray(cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2), np.empty(0), 0, 255, cv2.NORM_MINMAX), np.uint8)


EVERYWHERE = np.ones((48, 56), bool)
MIDDLE = np.zeros((48, 56), bool)
MIDDLE[14:30, 20:41] = True


def disturbed(seed: int = 1) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).normal(0, 12, (48, 56, 3))
    return np.clip(picture() + noise, 0, 255).round().astype(np.uint8)


def test_ssim_is_that_of_scikit_image_with_the_window_of_wang() -> None:
    _, there = structural_similarity(
        picture(), disturbed(), channel_axis=2, data_range=255, full=True,
        gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
    )  # fmt: skip
    np.testing.assert_allclose(truth.ssim_map(picture(), disturbed()), there, atol=1e-10)
    assert truth.ssim(picture(), disturbed(), EVERYWHERE) == pytest.approx(there.mean(), abs=1e-10)
    assert truth.ssim(picture(), disturbed(), MIDDLE) == pytest.approx(there[MIDDLE].mean(), abs=1e-10)
    edge = np.zeros_like(MIDDLE)
    edge[:3, 50:] = True
    assert truth.ssim(picture(), disturbed(), edge) == pytest.approx(there[edge].mean(), abs=1e-10)


def test_psnr_is_that_of_scikit_image() -> None:
    there = peak_signal_noise_ratio(picture(), disturbed(), data_range=255)
    assert truth.psnr(picture(), disturbed(), EVERYWHERE) == pytest.approx(there, abs=1e-9)
    there = peak_signal_noise_ratio(picture()[MIDDLE], disturbed()[MIDDLE], data_range=255)
    assert truth.psnr(picture(), disturbed(), MIDDLE) == pytest.approx(there, abs=1e-9)


def test_a_constant_difference_has_its_closed_form_both_ways() -> None:
    dark = np.full((48, 56, 3), 100, np.uint8)
    bright = dark + np.uint8(51)
    c1 = (0.01 * 255) ** 2
    for a, b in ((dark, bright), (bright, dark)):
        assert truth.l1(a, b, MIDDLE) == pytest.approx(0.2)
        assert truth.psnr(a, b, MIDDLE) == pytest.approx(20 * np.log10(5))
        assert truth.ssim(a, b, MIDDLE) == pytest.approx((2 * 100 * 151 + c1) / (100**2 + 151**2 + c1), abs=1e-9)


def test_equal_pictures_are_as_good_as_can_be() -> None:
    assert truth.compare(picture(), picture(), MIDDLE) == (100.0, pytest.approx(1.0), 0.0)


def test_nothing_outside_the_face_matters() -> None:
    other = disturbed()
    spoilt = other.copy()
    reach = cv2.dilate(MIDDLE.astype(np.uint8), np.ones((11, 11), np.uint8)).astype(bool)
    spoilt[~reach] = 0  # beyond the reach of any window that stands on the face
    assert truth.compare(picture(), spoilt, MIDDLE) == truth.compare(picture(), other, MIDDLE)
    spoilt[~MIDDLE] = 0
    assert truth.l1(picture(), spoilt, MIDDLE) == truth.l1(picture(), other, MIDDLE)
    assert truth.psnr(picture(), spoilt, MIDDLE) == truth.psnr(picture(), other, MIDDLE)


def test_rows_are_means_over_the_frames_that_show_the_face() -> None:
    fakes = [disturbed(seed) for seed in (1, 2, 3)]
    masks = [MIDDLE, np.zeros_like(MIDDLE), MIDDLE]
    moments = [
        stage.moment(fake_HWC=fake, truth_HWC=picture(), reperformance_HWC=picture(5), mask_HW=mask)
        for fake, mask in zip(fakes, masks, strict=True)
    ]
    rows = stage.run("truth", moments, truth="t.mp4", reperformance="r.mp4", masks="m.npy")
    assert list(rows) == [f"{m} to {w}" for w in ("truth", "re-performance") for m in ("PSNR", "SSIM", "L1")]
    assert {row.n for row in rows.values()} == {2}
    for against, other in (("truth", picture()), ("re-performance", picture(5))):
        values = np.mean([truth.compare(fakes[k], other, MIDDLE) for k in (0, 2)], axis=0)
        assert [rows[f"{m} to {against}"].value for m in ("PSNR", "SSIM", "L1")] == pytest.approx(values.tolist())


def test_blur_and_shift_make_every_number_worse_step_by_step() -> None:
    blurred = [cv2.GaussianBlur(picture(), (0, 0), sigma) for sigma in (0.5, 1, 2, 4)]
    shifted = [np.roll(picture(), pixels, axis=1) for pixels in (1, 2, 4)]
    for ladder in (blurred, shifted):
        psnr, ssim, l1 = np.transpose([truth.compare(np.asarray(step), picture(), MIDDLE) for step in ladder])
        assert (np.diff(psnr) < 0).all()
        assert (np.diff(ssim) < 0).all()
        assert (np.diff(l1) > 0).all()


def test_without_a_truth_there_are_no_rows_and_without_masks_an_error() -> None:
    assert metric("truth").meter(stage.NOWHERE) is None
    with pytest.raises(MediaError, match="face masks"):
        stage.run("truth", [], truth="t.mp4")
