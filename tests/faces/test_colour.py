"""Colour matching reaches exactly what it promises, inside the mask, and forgets what lies outside."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from understudy.faces import colour


def blobs(seed: int, low: float, high: float, side: int = 64) -> NDArray[np.float32]:
    """A smooth picture, float RGB, whose channels run about from `low` to `high`."""
    noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(size=(side, side, 3)).astype(np.float32), (0, 0), 4)
    return ((noise - noise.min()) / (noise.max() - noise.min()) * (high - low) + low).astype(np.float32)


def disc(side: int = 64) -> NDArray[np.float32]:
    """A soft disc, from 0 to 1."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return np.clip(20 - np.hypot(x, y), 0, 4).astype(np.float32) / 4


def moments(picture: NDArray[np.float32], mask: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weighted mean and standard deviation, by numpy's own average, in double precision."""
    pixels, weights = picture.reshape(-1, 3).astype(np.float64), mask.ravel().astype(np.float64)
    centre = np.average(pixels, axis=0, weights=weights)
    return centre, np.sqrt(np.average((pixels - centre) ** 2, axis=0, weights=weights))


def bytes_of(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(picture * 255).astype(np.uint8)


def test_mean_matches_the_weighted_means_exactly_and_shifts_alone() -> None:
    crop, like, mask = blobs(0, 0.2, 0.5), blobs(1, 0.4, 0.9), disc()
    matched = colour.mean(crop, like, mask)
    np.testing.assert_allclose(moments(matched, mask)[0], moments(like, mask)[0], atol=1e-6)
    shift = matched - crop
    np.testing.assert_allclose(shift, np.broadcast_to(shift[0, 0], shift.shape), atol=1e-6)


def test_reinhard_matches_mean_and_deviation_in_lab() -> None:
    crop, like, mask = blobs(2, 0.3, 0.6), blobs(3, 0.35, 0.65), disc()
    matched = colour.reinhard(crop, like, mask)
    lab = [moments(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB), mask) for picture in (matched, like)]
    np.testing.assert_allclose(lab[0][0], lab[1][0], atol=0.1)  # of 100: what the conversion and back leaves
    np.testing.assert_allclose(lab[0][1], lab[1][1], atol=0.1)


def test_histogram_matches_the_central_quantiles() -> None:
    crop, like, mask = bytes_of(blobs(4, 0.1, 0.5, 256)), bytes_of(blobs(5, 0.4, 0.95, 256) ** 2), np.ones((256, 256))
    matched = colour.histogram(crop, like, mask.astype(np.float32))
    shares = np.linspace(0.02, 0.98, 25)
    for channel in range(3):
        got, wanted = (np.quantile(picture[..., channel], shares) for picture in (matched, like))
        np.testing.assert_allclose(got, wanted, atol=2.5)  # levels of 255


def test_a_histogram_is_a_rising_curve_a_channel() -> None:
    crop, like, mask = bytes_of(blobs(6, 0.1, 0.9)), bytes_of(blobs(7, 0.3, 0.7)), disc()
    matched = colour.histogram(crop, like, mask)
    for channel in range(3):
        old, new = crop[..., channel].ravel(), matched[..., channel].ravel().astype(int)
        order = np.argsort(old, kind="stable")
        assert (np.diff(new[order]) >= 0).all()


@pytest.mark.parametrize("how", ["none", "mean", "reinhard", "histogram"])
def test_a_picture_matched_to_itself_stays(how: colour.Colour) -> None:
    crop = bytes_of(blobs(8, 0.1, 0.9))
    matched = colour.match(crop, crop, disc(), how)
    assert np.abs(matched.astype(int) - crop).max() <= 1


@pytest.mark.parametrize("how", ["mean", "reinhard", "histogram"])
def test_what_lies_outside_the_mask_does_not_count(how: colour.Colour) -> None:
    crop, like, mask = bytes_of(blobs(9, 0.2, 0.6)), bytes_of(blobs(10, 0.3, 0.8)), disc()
    other = like.copy()
    other[mask == 0] = 255
    np.testing.assert_array_equal(colour.match(crop, like, mask, how), colour.match(crop, other, mask, how))


@pytest.mark.parametrize("how", ["mean", "reinhard", "histogram"])
def test_a_known_cast_is_taken_out(how: colour.Colour) -> None:
    """The same picture under another light, and back: what a mean shift, or a gain, or any curve can undo."""
    like = blobs(11, 0.3, 0.7)
    crop = like + np.float32([0.1, -0.05, 0.02])
    matched = colour.match(bytes_of(crop), bytes_of(like), disc(), how).astype(int)
    inside = disc() > 0.5
    assert np.abs(matched - bytes_of(like))[inside].mean() < (1 if how == "mean" else 4)


@pytest.mark.parametrize("how", ["mean", "reinhard", "histogram"])
def test_an_empty_mask_and_a_flat_face_are_survived(how: colour.Colour) -> None:
    crop, like = bytes_of(blobs(12, 0.2, 0.6)), np.full((64, 64, 3), 90, np.uint8)
    np.testing.assert_array_equal(colour.match(crop, like, np.zeros((64, 64), np.float32), how), crop)
    flat = colour.match(like, crop, disc(), how)
    wanted = moments(crop.astype(np.float32), disc())[0]
    assert np.abs(flat[32, 32] - wanted).max() < 12


def test_relight_gives_a_known_shading_back_and_keeps_the_texture() -> None:
    """A face lit evenly takes on the slope of light of the other, and its own fine pattern stays."""
    x = np.linspace(-1, 1, 128, dtype=np.float32)[None, :, None]
    pattern = np.where(np.indices((128, 128)).sum(axis=0) % 2, 8, -8)[..., None]
    crop = (120 + pattern + np.zeros((128, 128, 3))).astype(np.uint8)
    like = np.repeat(np.broadcast_to(120 * (1 + 0.3 * x), (128, 128, 1)), 3, axis=-1).astype(np.uint8)
    lit = colour.relight(crop, like, disc(128) * 0 + 1, 1.0).astype(float)
    middle = slice(32, 96)
    assert np.abs(lit.mean(axis=(0, 2))[middle] - like.mean(axis=(0, 2))[middle]).max() < 4
    assert np.abs(np.diff(lit[64, middle, 0])).mean() == pytest.approx(16, rel=0.2)
    assert colour.relight(crop, like, disc(128), 0.0) is crop


def test_relight_to_the_same_light_and_beyond_the_mask() -> None:
    crop = bytes_of(blobs(13, 0.2, 0.8))
    assert np.abs(colour.relight(crop, crop, disc(), 1.0).astype(int) - crop).max() <= 1
    other = crop.copy()
    other[cv2.dilate(disc(), np.ones((3, 3))) == 0] = 255
    np.testing.assert_array_equal(colour.relight(crop, crop, disc(), 1.0), colour.relight(crop, other, disc(), 1.0))
