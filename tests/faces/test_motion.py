"""Motion blur has the length and direction that it was asked for, and movement is what the landmarks did."""

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from understudy.faces import motion

STREAKS = [(6.0, 0.0), (0.0, 9.5), (4.2, -7.3), (-12.6, 3.1), (1.3, 0.4), (30.0, 40.0)]


def spread(picture_HW: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centre (x, y) and covariance of a picture's light."""
    y, x = np.indices(picture_HW.shape)
    points = np.stack([x.ravel(), y.ravel()])
    weights = picture_HW.ravel() / picture_HW.sum()
    centre = points @ weights
    return centre, (points - centre[:, None]) * weights @ (points - centre[:, None]).T


@pytest.mark.parametrize("streak", STREAKS)
def test_the_kernel_is_a_line_of_the_length_asked_for(streak: tuple[float, float]) -> None:
    """A uniform line from -s/2 to s/2 has the covariance s s' / 12, and no shift."""
    kernel = motion.kernel(np.array(streak)).astype(np.float64)
    centre, cov = spread(kernel)
    np.testing.assert_allclose(centre, (len(kernel) // 2,) * 2, atol=1e-5)
    np.testing.assert_allclose(cov, np.outer(streak, streak) / 12, atol=0.02)
    assert kernel.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("length", [5.0, 9.0, 14.5])
def test_an_edge_becomes_a_ramp_as_long_as_the_streak(length: float) -> None:
    edge = np.zeros((20, 64, 3), np.uint8)
    edge[:, 32:] = 240
    ramp = motion.blurred(edge, np.array([length, 0.0]))[10, :, 0].astype(float)
    assert (np.diff(ramp) >= -1).all()
    slope = np.diff(ramp) / 240
    np.testing.assert_allclose(slope[np.abs(np.arange(63) - 31) < length / 2 - 1.5], 1 / length, atol=0.01)
    across = motion.blurred(edge, np.array([0.0, length]))
    np.testing.assert_array_equal(across, edge)  # along the edge, there is nothing to see of it


def test_the_spectrum_of_blurred_noise_is_dark_where_a_line_leaves_it_dark() -> None:
    """The first zero of sinc(f L) lies at f = 1 / L, across the streak only."""
    noise = np.random.default_rng(0).integers(0, 255, (256, 256, 3)).astype(np.uint8)
    length = 8.0
    spectrum = np.abs(np.fft.fft2(motion.blurred(noise, np.array([length, 0.0]))[..., 0].astype(float))) ** 2
    across, down = spectrum[1:, 1:128].mean(axis=0), spectrum[1:128, 1:].mean(axis=1)
    assert abs(int(np.argmin(across[16:48])) + 17 - 256 / length) <= 2
    assert across[31] < 0.02 * across[:4].mean()
    assert down[64:].mean() > 0.8 * down[:64].mean()


def test_a_still_face_stays_and_longer_streaks_blur_more() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    assert motion.blurred(noise, np.zeros(2)) is noise
    assert motion.reach(np.array([0.05, 0.05])) == 0
    spreads = [motion.blurred(noise, np.array([length, length])).std() for length in (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)]
    assert all(before > after for before, after in itertools.pairwise(spreads))


def test_movement_is_the_way_of_the_features_and_not_of_the_mouth() -> None:
    rng = np.random.default_rng(2)
    shape, way = rng.uniform(0, 100, (68, 2)), np.array([3.0, -1.5])
    times = np.arange(6.0)
    landmarks = shape + times[:, None, None] * way
    landmarks[:, 48:] += rng.normal(size=(6, 20, 2)) * 9
    np.testing.assert_allclose(motion.movement(landmarks, np.arange(6)), np.tile(way, (6, 1)), atol=1e-9)
    accelerated = shape + (times**2)[:, None, None] * way
    wanted = np.array([1.0, 2, 4, 6, 8, 9])[:, None] * way  # central differences, one-sided at both ends
    np.testing.assert_allclose(motion.movement(accelerated, np.arange(6)), wanted, atol=1e-9)


def test_frames_without_a_face_lend_no_movement() -> None:
    places = np.array([0.0, 2, 50, 90, 91, 95])
    landmarks = np.zeros((6, 68, 2)) + places[:, None, None] * np.array([1.0, 0])
    found = motion.movement(landmarks, np.array([3, 4, 8, 20, 21, 22]))
    np.testing.assert_allclose(found[:, 0], [2, 2, 0, 1, 2.5, 4])
    assert motion.movement(landmarks[:1], np.array([7])).shape == (1, 2)
    assert motion.movement(landmarks[:0], np.zeros(0, np.int64)).shape == (0, 2)


def test_a_streak_s_kernel_turns_with_it() -> None:
    for degrees in (0, 30, 45, 90, 160):
        turn = math.radians(degrees)
        _, cov = spread(motion.kernel(10 * np.array([math.cos(turn), math.sin(turn)])).astype(np.float64))
        values, vectors = np.linalg.eigh(cov)
        assert abs(vectors[:, 1] @ [math.cos(turn), math.sin(turn)]) > 0.9999
        assert values[0] < 0.03
