"""Alignment: the similarity is the one that made the points, and crops of every coverage agree on where a face is."""

import itertools

import cv2
import numpy as np
import pytest

from understudy.faces.align import (
    COVERAGES,
    MEAN_51,
    align,
    apply,
    compose,
    crop,
    invert,
    narrow,
    square,
    umeyama,
)


def similarity(rng: np.random.Generator) -> np.ndarray:
    angle, scale = rng.uniform(-np.pi, np.pi), rng.uniform(0.1, 5)
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.column_stack([linear, rng.uniform(-100, 100, 2)])


def somewhere(rng: np.random.Generator, noise: float = 0.01) -> np.ndarray:
    """68 landmarks of a face somewhere in a frame."""
    inner = MEAN_51 + rng.normal(0, noise, MEAN_51.shape)
    place = np.array([[100, 12, 300], [-12, 100, 200.0]])
    return apply(place, np.concatenate([rng.uniform(0, 1, (17, 2)), inner]))


@pytest.mark.parametrize("seed", range(5))
def test_umeyama_recovers_the_similarity_that_made_the_points(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, points = similarity(rng), rng.normal(0, 10, (30, 2))
    assert np.allclose(umeyama(points, apply(truth, points)), truth)


@pytest.mark.parametrize("seed", range(5))
def test_umeyama_is_the_least_squares_similarity(seed: int) -> None:
    # Independent: in the plane a similarity is a complex a z + b, so least squares is a linear system.
    rng = np.random.default_rng(seed)
    source, target = rng.normal(0, 1, (12, 2)), rng.normal(0, 1, (12, 2))
    z, w = source @ [1, 1j], target @ [1, 1j]
    (a, b), *_ = np.linalg.lstsq(np.column_stack([z, np.ones(12)]), w, rcond=None)
    assert np.allclose(umeyama(source, target), [[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def test_umeyama_turns_a_mirrored_face_but_never_mirrors_it() -> None:
    mirrored = MEAN_51 * [-1, 1]
    assert np.linalg.det(umeyama(mirrored, MEAN_51)[:, :2]) > 0


def test_inverse_undoes_alignment() -> None:
    rng = np.random.default_rng(1)
    for coverage in COVERAGES:
        matrix = align(somewhere(rng), 192, coverage)
        points = rng.uniform(0, 500, (20, 2))
        assert np.allclose(apply(invert(matrix), apply(matrix, points)), points)
        assert np.allclose(compose(matrix, invert(matrix)), np.eye(2, 3))


@pytest.mark.parametrize("wide", COVERAGES)
@pytest.mark.parametrize("close", COVERAGES)
def test_narrowing_a_crop_is_aligning_at_the_narrower_coverage(wide: str, close: str) -> None:
    landmarks = somewhere(np.random.default_rng(2))
    through = compose(narrow(wide, 256, close, 64), align(landmarks, 256, wide))
    assert np.allclose(through, align(landmarks, 64, close))


@pytest.mark.parametrize("size", [64, 256])
def test_half_coverage_is_the_mean_face_from_edge_to_edge(size: int) -> None:
    # Pixel centres are at integers, so the picture begins half a pixel before the first centre.
    assert np.allclose(apply(square(size, "half"), [[0, 0], [1, 1]]), [[-0.5, -0.5], [size - 0.5, size - 0.5]])


def test_coverages_nest_and_head_looks_up() -> None:
    corners = [
        apply(invert(square(100, name)), [[-0.5, -0.5], [99.5, 99.5]]) for name in ("half", "face", "full", "head")
    ]
    for inner, outer in itertools.pairwise(corners):
        assert (outer[0] < inner[0]).all()
        assert (outer[1] >= inner[1]).all()
    assert corners[3].mean(axis=0)[1] < 0.5


def test_mean_face_is_symmetric_and_fills_the_unit_square() -> None:
    mirror = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 10, 11, 12, 13, 18, 17, 16, 15, 14]
    assert np.allclose(MEAN_51[mirror] * [-1, 1] + [1, 0], MEAN_51[:19], atol=1e-9)
    assert np.allclose([MEAN_51.min(axis=0), MEAN_51.max(axis=0)], [[0, 0], [1, 1]], atol=1e-3)


@pytest.mark.parametrize("scale", [0.15, 0.4, 1.0, 2.3])
def test_crop_shows_each_place_of_the_frame_where_the_matrix_says(scale: float) -> None:
    # A soft blob in the frame must come out centred where its centre is mapped to, at any magnification.
    centre, sigma, size = np.array([210.3, 150.8]), 6 / scale, 64
    rows, columns = np.mgrid[:300, :400]
    blob = 255 * np.exp(-((columns - centre[0]) ** 2 + (rows - centre[1]) ** 2) / (2 * sigma**2))
    frame = np.repeat(blob.astype(np.uint8)[..., None], 3, axis=2)
    matrix = np.array([[scale, 0, 30.2 - scale * centre[0]], [0, scale, 33.7 - scale * centre[1]]])
    seen = crop(frame, matrix, size)[..., 0].astype(float)
    y, x = np.mgrid[:size, :size]
    assert np.allclose([(x * seen).sum() / seen.sum(), (y * seen).sum() / seen.sum()], [30.2, 33.7], atol=0.1)


def test_crop_of_a_large_face_does_not_alias() -> None:
    # A one-pixel chessboard, shrunk four times, is grey; sampling it at points would give a pattern.
    board = np.indices((512, 512)).sum(axis=0) % 2 * 255
    frame = np.repeat(board.astype(np.uint8)[..., None], 3, axis=2)
    turned = cv2.getRotationMatrix2D((255.5, 255.5), 7, 0.25)
    turned[:, 2] -= 255.5 - 31.5
    inner = crop(frame, turned, 64)[8:-8, 8:-8]
    assert inner.std() < 20
    assert abs(inner.mean() - 127) < 3
