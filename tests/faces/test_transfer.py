"""Colour transfers give back known changes of colour, and bring distributions as near as they promise."""

import functools

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from understudy.faces import colour, transfer

Picture = NDArray[np.float32]
BY_COVARIANCE = [transfer.lct, transfer.mkl]
BY_DISTRIBUTION = [transfer.idt, transfer.sot]


def blobs(seed: int, side: int = 64) -> Picture:
    """A smooth picture, float RGB about .5, whose channels are no strangers to each other."""
    noise = np.random.default_rng(seed).normal(size=(side, side, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), side / 16)
    mixed = smooth @ np.float32([[1, 0.6, 0.4], [0, 0.8, 0.3], [0, 0, 0.5]])
    return np.asarray(0.5 + 0.09 * (mixed - mixed.mean((0, 1))) / mixed.std(), np.float32)


def disc(side: int = 64) -> Picture:
    """A soft disc, from 0 to 1."""
    y, x = np.mgrid[:side, :side] / side - (1 - 1 / side) / 2
    return np.clip(5 * (0.4 - np.hypot(x, y)), 0, 1).astype(np.float32)


def moments(picture: Picture, mask: Picture) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weighted mean and covariance, by numpy's own, in double precision."""
    pixels, weights = picture.reshape(-1, 3).astype(np.float64), mask.ravel().astype(np.float64)
    return np.average(pixels, axis=0, weights=weights), np.cov(pixels.T, aweights=weights, ddof=0)


def apart(one: Picture, other: Picture, mask: Picture) -> float:
    """The sliced Wasserstein distance of two pictures' colours: the mean over directions of how far ranks lie apart."""
    total, shares, weights = 0.0, np.linspace(0.01, 0.99, 197), mask.ravel()
    directions = np.random.default_rng(99).normal(size=(24, 3))
    for direction in directions / np.linalg.norm(directions, axis=1, keepdims=True):
        quantiles = []
        for picture in (one, other):
            values = picture.reshape(-1, 3) @ direction
            order = np.argsort(values)
            ranks = np.cumsum(weights[order])
            quantiles.append(np.interp(shares, ranks / ranks[-1], values[order]))
        total += float(np.abs(quantiles[0] - quantiles[1]).mean()) / len(directions)
    return total


@pytest.mark.parametrize("how", BY_COVARIANCE)
def test_mean_and_covariance_become_the_others(how: functools.partial[Picture]) -> None:
    crop, like, mask = blobs(0), blobs(1) @ np.float32([[0.8, 0.1, 0], [0, 1.1, 0.1], [0, 0, 0.9]]), disc()
    (mean, cov), (wanted, cov_wanted) = (moments(each, mask) for each in (how(crop, like, mask), like))
    np.testing.assert_allclose(mean, wanted, atol=1e-6)
    np.testing.assert_allclose(cov, cov_wanted, atol=1e-5)  # of about .01; what is left is the grain's share


@pytest.mark.parametrize("how", BY_COVARIANCE)
def test_a_known_affine_change_of_colour_is_taken_back(how: functools.partial[Picture]) -> None:
    """A triangular map is what lct finds, a symmetric one is what mkl finds, each exactly."""
    crop, mask = blobs(2), disc()
    lower = np.float32([[1.2, 0, 0], [0.3, 0.9, 0], [-0.1, 0.2, 1.1]])
    symmetric = np.float32([[1.2, 0.2, -0.1], [0.2, 0.9, 0.1], [-0.1, 0.1, 1.1]])
    like = crop @ (lower if how is transfer.lct else symmetric).T + np.float32([0.05, -0.1, 0.02])
    assert np.abs(how(crop, like, mask) - like)[mask > 0].max() < 2e-3


def test_mkl_moves_colours_less_than_lct() -> None:
    crop, like, mask = blobs(3), blobs(4), disc()
    costs = [np.average(((how(crop, like, mask) - crop) ** 2).sum(-1), weights=mask) for how in BY_COVARIANCE]
    assert costs[1] < costs[0]


@pytest.mark.parametrize("how", BY_DISTRIBUTION)
def test_distributions_come_nearer_step_by_step(how: functools.partial[Picture]) -> None:
    crop, mask = blobs(5), disc()
    like = np.asarray(0.2 + 0.7 * np.clip(blobs(6), 0, 1) ** 1.8, np.float32)
    left = [apart(how(crop, like, mask, steps=steps), like, mask) for steps in (1, 3, 10)]
    start = apart(crop, like, mask)
    assert left[0] < 0.5 * start
    assert left[0] >= left[1] * 0.98 >= left[2] * 0.96
    assert left[2] < 0.12 * start


@pytest.mark.parametrize("how", BY_DISTRIBUTION)
def test_two_crowds_of_colours_are_found_that_no_covariance_tells(how: functools.partial[Picture]) -> None:
    """A target whose values are two heaps, and nothing between them."""
    crop, mask = blobs(7), disc()
    like = np.where(blobs(8)[..., :1] > 0.5, np.float32([0.7, 0.6, 0.5]), np.float32([0.3, 0.25, 0.3]))
    like = np.asarray(like + 0.1 * (blobs(9) - 0.5), np.float32)
    assert apart(how(crop, like, mask), like, mask) < 0.6 * apart(transfer.mkl(crop, like, mask), like, mask)


@pytest.mark.parametrize("how", BY_DISTRIBUTION)
def test_no_grain_comes_of_it(how: functools.partial[Picture]) -> None:
    """A little noise on a smooth face is not turned into more, beyond the rise in contrast that is asked for."""
    crop, mask = blobs(10, 128), disc(128)
    noise = np.random.default_rng(11).normal(size=crop.shape).astype(np.float32) * np.float32(2 / 255)
    like = np.asarray(0.5 + 1.3 * (blobs(12, 128) - 0.5), np.float32)
    fine = how(crop + noise, like, mask)
    grain = (fine - cv2.GaussianBlur(fine, (0, 0), 2))[mask > 0.9].std()
    asked = (noise - cv2.GaussianBlur(noise, (0, 0), 2))[mask > 0.9].std()
    assert grain < 2 * asked


@pytest.mark.parametrize("how", ["lct", "mkl", "idt", "sot"])
def test_a_shift_is_taken_back_whole(how: colour.Colour) -> None:
    like = blobs(13)
    crop = like + np.float32([0.12, -0.06, 0.03])
    back = colour.match(*(np.rint(each * 255).astype(np.uint8) for each in (crop, like)), disc(), how)
    assert np.abs(back - like * 255)[disc() > 0.5].max() < 2


@pytest.mark.parametrize("how", ["lct", "mkl", "idt", "sot"])
@pytest.mark.parametrize("side", [32, 100, 160])
def test_a_picture_matched_to_itself_stays_at_any_size(how: colour.Colour, side: int) -> None:
    crop = np.rint(blobs(14, side) * 255).astype(np.uint8)
    np.testing.assert_array_equal(colour.match(crop, crop, disc(side), how), crop)


@pytest.mark.parametrize("how", ["lct", "mkl", "idt", "sot"])
def test_what_lies_outside_the_mask_does_not_count(how: colour.Colour) -> None:
    crop, like = (np.rint(each * 255).astype(np.uint8) for each in (blobs(15), blobs(16)))
    mask_HW = disc()
    other, another = like.copy(), crop.copy()
    other[mask_HW == 0] = 255
    another[mask_HW == 0] = 0
    same = colour.match(crop, like, mask_HW, how)
    np.testing.assert_array_equal(same, colour.match(crop, other, mask_HW, how))
    changed = colour.match(another, like, mask_HW, how)
    assert np.abs(changed.astype(int) - same)[mask_HW > 0.1].max() <= 1


@pytest.mark.parametrize("how", ["lct", "mkl", "idt", "sot"])
def test_flat_faces_thin_distributions_and_small_masks_are_survived(how: colour.Colour) -> None:
    """A covariance of rank 0, 1 or 3; a mask of nothing, a spot, or everything: colours stay finite and near."""
    crop = np.rint(blobs(17) * 255).astype(np.uint8)
    flat, grey = np.full_like(crop, 90), np.repeat(crop[..., :1], 3, axis=-1)
    spot = np.zeros((64, 64), np.float32)
    spot[30, 31] = 1e-4
    np.testing.assert_array_equal(colour.match(crop, flat, np.zeros_like(spot), how), crop)
    for one in (crop, flat, grey):
        for other in (crop, flat, grey, 255 - crop):
            for mask in (disc(), spot, np.ones_like(spot)):
                out = colour.match(one, other, mask, how).astype(float)
                means = [np.average(each.reshape(-1, 3), axis=0, weights=mask.ravel()) for each in (out, other)]
                assert np.abs(means[0] - means[1]).max() < 12  # a flat face is moved to the others' median


@pytest.mark.parametrize("how", ["lct", "mkl", "idt", "sot"])
def test_like_frames_get_like_colours(how: colour.Colour) -> None:
    """Noise of one level, new in each frame, moves the colours of a still face by no more than itself."""
    rng = np.random.default_rng(18)
    crop, like = blobs(19, 128), blobs(20, 128) * np.float32([1.05, 0.95, 0.9])
    frames = []
    for _ in range(4):
        noisy = np.rint(np.clip(like * 255 + rng.normal(size=like.shape), 0, 255)).astype(np.uint8)
        frames.append(colour.match(np.rint(crop * 255).astype(np.uint8), noisy, disc(128), how).astype(float))
    inside = disc(128) > 0.5
    assert np.std(frames, axis=0)[inside].mean() < 0.5


def test_the_same_call_gives_the_same_bytes() -> None:
    crop, like, mask = blobs(21), blobs(22), disc()
    for how in (*BY_COVARIANCE, *BY_DISTRIBUTION):
        np.testing.assert_array_equal(how(crop, like, mask), how(crop, like, mask))
