"""Reconstruction: whole frames that differ by what is known, and landmarks and embeddings at known distances."""

from pathlib import Path

import metric_stage as stage
import numpy as np
import pytest
from numpy.typing import NDArray

from understudy import metrics
from understudy.metrics import truth
from understudy.metrics.reconstruction import compare

RNG = np.random.default_rng(0)
NOISE = RNG.integers(40, 200, (48, 64, 3)).astype(np.uint8)
TRUE = {"truth": Path("truth.mp4"), "family": "animate"}


def embed(frame_HWC: NDArray[np.uint8], points_682: NDArray[np.floating]) -> NDArray[np.floating]:
    """An embedding of length 10 that the frame's first pixel turns."""
    angle = frame_HWC[0, 0, 0] / 255
    return 10 * (np.eye(2, 128)[0] * np.cos(angle) + np.eye(2, 128)[1] * np.sin(angle))


@pytest.mark.parametrize("step", [1, 10, 55])
def test_a_frame_that_is_brighter_by_a_step_is_off_by_that_step(step: int) -> None:
    l1, mse, psnr, _ = compare(NOISE + np.uint8(step), NOISE)
    assert l1 == pytest.approx(step / 255)
    assert mse == pytest.approx((step / 255) ** 2)
    assert psnr == pytest.approx(20 * np.log10(255 / step))


def test_the_truth_itself_is_without_error() -> None:
    assert compare(NOISE, NOISE) == (0, 0, 100, pytest.approx(1))


def test_noise_has_the_error_of_its_spread() -> None:
    flat = np.full((200, 200, 3), 128, np.uint8)
    noisy = np.clip(np.rint(flat + RNG.normal(0, 12, flat.shape)), 0, 255).astype(np.uint8)
    l1, mse, _, _ = compare(noisy, flat)
    assert l1 * 255 == pytest.approx(12 * np.sqrt(2 / np.pi), rel=0.02)
    assert mse * 255**2 == pytest.approx(12**2 + 1 / 12, rel=0.02)


def test_the_whole_frame_counts_as_a_mask_of_all_of_it_does() -> None:
    other = np.clip(NOISE + RNG.integers(-30, 30, NOISE.shape), 0, 255).astype(np.uint8)
    l1, _, psnr, ssim = compare(other, NOISE)
    psnr_, ssim_, l1_ = truth.compare(other, NOISE, np.ones(NOISE.shape[:2], bool))
    assert (l1, psnr, ssim) == pytest.approx((l1_, psnr_, ssim_))


def test_landmarks_five_pixels_off_are_ten_at_256_in_a_frame_of_128() -> None:
    frame = np.full((96, 128, 3), 90, np.uint8)
    at = [
        stage.moment(stage.face() + np.array([3, 4]), truth=stage.face(), fake_HWC=frame, truth_HWC=frame, embed=embed)
        for _ in range(3)
    ]
    found = stage.run("reconstruction", at, **TRUE)
    assert found["AKD"].value == pytest.approx(10)
    assert found["AED"].value == 0
    assert found["missing keypoint rate"].value == 0


def test_faces_are_as_far_apart_as_their_embeddings() -> None:
    fake, true = np.full((32, 32, 3), 200, np.uint8), np.full((32, 32, 3), 100, np.uint8)
    face = stage.face((16, 16), 12)
    at = [
        stage.moment(face, truth=face, fake_HWC=fake, truth_HWC=true, embed=embed, embeds=number % 2 == 0)
        for number in range(4)
    ]
    found = stage.run("reconstruction", at, **TRUE)
    assert found["AED"].value == pytest.approx(20 * np.sin(100 / 255 / 2))
    assert (found["AED"].n, found["AKD"].n, found["L1 of the frame"].n) == (2, 4, 4)


def test_a_face_counts_as_missing_only_where_the_truth_has_one() -> None:
    face, there = stage.face(), {"truth_HWC": stage.GREY, "embed": embed}
    pairs = [(None, face), (face, face), (face, None), (None, None), (face, face)]
    found = stage.run("reconstruction", [stage.moment(fake, truth=true, **there) for fake, true in pairs], **TRUE)
    assert found["missing keypoint rate"].value == pytest.approx(1 / 3)
    assert [found[name].n for name in ("missing keypoint rate", "AKD", "SSIM of the frame")] == [3, 2, 5]


def test_without_a_truth_there_is_nothing_to_measure() -> None:
    assert metrics.metric("reconstruction").meter(stage.NOWHERE) is None
    assert metrics.metric("lips").meter(stage.NOWHERE) is None
