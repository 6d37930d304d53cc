"""Masks hold what they should."""

import cv2
import numpy as np

from understudy.faces.align import align, apply
from understudy.faces.masks import extended, hull, raised


def face(size: int = 200) -> np.ndarray:
    """68 landmarks on an oval, with brows and eyes where they belong."""
    rng = np.random.default_rng(0)
    points = rng.uniform(0.4, 0.6, (68, 2))
    turn = np.linspace(0, np.pi, 17)
    points[:17] = np.column_stack([0.5 - 0.4 * np.cos(turn), 0.4 + 0.45 * np.sin(turn)])
    points[17:27] = np.column_stack([np.linspace(0.2, 0.8, 10), np.full(10, 0.3)])
    points[36:48] = np.column_stack([np.linspace(0.25, 0.75, 12), np.full(12, 0.4)])
    return points * size


def test_hull_has_every_landmark_and_the_area_of_the_polygon() -> None:
    points = face()
    mask = hull(points, 200)
    assert mask.dtype == np.float32
    assert mask.shape == (200, 200)
    assert (mask.min(), mask.max()) == (0, 1)
    inner = points[17:]
    assert (mask[np.rint(inner[:, 1]).astype(int), np.rint(inner[:, 0]).astype(int)] > 0.4).all()
    # The drawn ring runs through the pixel centres of its corners, so it adds about half its length to the area.
    ring = cv2.convexHull(points.astype(np.float32))
    expected = cv2.contourArea(ring) + 0.5 * cv2.arcLength(ring, closed=True)
    assert abs(mask.sum() - expected) < 0.02 * expected


def test_extended_holds_the_hull_and_reaches_above_the_brows() -> None:
    points = face()
    plain, more = hull(points, 200), extended(points, 200)
    assert (more >= plain - 0.05).all()  # but for the rounding of smooth edges
    assert np.flatnonzero(plain.max(axis=1))[0] - np.flatnonzero(more.max(axis=1))[0] >= 8
    assert np.allclose(raised(points)[17:27, 1], 0.3 * 200 - (0.4 - 0.3) * 200 / 2)
    assert np.array_equal(raised(points)[27:], points[27:])


def test_matrix_moves_the_mask_as_it_moves_the_points() -> None:
    points = face() + 40
    matrix = align(points, 128, "full")
    assert np.array_equal(hull(points, 128, matrix), hull(apply(matrix, points), 128))
