"""Sharpening adds the detail that it names, as much as it is told, and nothing else."""

import itertools

import cv2
import numpy as np
import pytest

from understudy.faces.sharpen import Sharpener, sharpened

KINDS: list[Sharpener] = ["gaussian", "box", "unsharp"]


def wave(period: float, contrast: float = 60.0) -> np.ndarray:
    """Stripes of one frequency about grey."""
    x = np.arange(256)
    line = 128 + contrast * np.sin(2 * np.pi * x / period)
    return np.repeat(np.broadcast_to(np.rint(line).astype(np.uint8), (40, 256))[..., None], 3, axis=-1).copy()


def contrast(picture: np.ndarray) -> float:
    return float(picture[10:30, 32:-32].astype(float).std())


@pytest.mark.parametrize("how", KINDS)
def test_none_is_none_and_flat_stays_flat(how: Sharpener) -> None:
    picture, flat = wave(9), np.full((32, 32, 3), 77, np.uint8)
    assert sharpened(picture, how, 0.0, 2.0) is picture
    np.testing.assert_array_equal(sharpened(flat, how, 2.0, 2.0), flat)


@pytest.mark.parametrize("amount", [0.3, 0.8])
@pytest.mark.parametrize("radius", [1.0, 1.7, 3.0])
@pytest.mark.parametrize("period", [8.0, 16.0])
def test_a_wave_gains_what_the_filter_s_response_says(amount: float, radius: float, period: float) -> None:
    """Gain = 1 + amount (1 - H(f)): of a Gaussian exp(-2 (pi f s)^2); of a mean over w its Dirichlet kernel."""
    f = 1 / period
    gaussian = np.exp(-2 * (np.pi * f * radius) ** 2)
    taps = np.arange(-np.ceil(radius), np.ceil(radius) + 1)
    weights = np.where(np.abs(taps) == np.ceil(radius), radius - np.ceil(radius) + 1, 1)
    box = (weights * np.cos(2 * np.pi * f * taps)).sum() / weights.sum()
    picture = wave(period)
    for how, response in (("gaussian", gaussian), ("box", box)):
        gain = contrast(sharpened(picture, how, amount, radius)) / contrast(picture)
        assert gain == pytest.approx(1 + amount * (1 - response), rel=0.02)


@pytest.mark.parametrize("how", KINDS)
def test_more_is_more(how: Sharpener) -> None:
    picture = wave(10, 30)
    contrasts = [contrast(sharpened(picture, how, amount, 1.5)) for amount in (0.0, 0.2, 0.5, 1.0, 2.0)]
    assert all(after > before for before, after in itertools.pairwise(contrasts))


def test_unsharp_leaves_grain_and_sharpens_features() -> None:
    grain = np.clip(128 + 1.2 * np.random.default_rng(0).normal(size=(64, 256, 3)), 0, 255).astype(np.uint8)
    assert contrast(sharpened(grain, "gaussian", 2.0, 1.5)) > 1.8 * contrast(grain)
    assert contrast(sharpened(grain, "unsharp", 2.0, 1.5)) < 1.15 * contrast(grain)
    assert contrast(sharpened(wave(8), "unsharp", 1.0, 1.5)) > 1.4 * contrast(wave(8))


@pytest.mark.parametrize("how", KINDS)
def test_a_face_that_grows_is_not_sharpened_in_jumps(how: Sharpener) -> None:
    picture = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 255, (80, 80, 3)).astype(np.uint8), (0, 0), 1.5)
    series = [sharpened(picture, how, 1.0, radius).astype(float) for radius in np.arange(1.5, 2.6, 0.05)]
    steps = [np.abs(after - before).mean() for before, after in itertools.pairwise(series)]
    assert max(steps) < 4 * np.median(steps) + 0.2
