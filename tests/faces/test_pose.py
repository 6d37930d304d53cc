"""Pose: the angles come back from points that were turned by them."""

import numpy as np
import pytest

from understudy.faces.pose import FOCAL, MODEL, POINTS, angles, pose, rotation


def project(
    yaw: float, pitch: float, roll: float, *, width: int = 640, height: int = 480, away: float = 9
) -> np.ndarray:
    points = MODEL @ rotation(yaw, pitch, roll).T + [0.2, -0.1, 0]
    focal = FOCAL * max(width, height)
    depth = away - points[:, 2]
    landmarks = np.zeros((68, 2))
    landmarks[POINTS, 0] = (width - 1) / 2 + focal * points[:, 0] / depth
    landmarks[POINTS, 1] = (height - 1) / 2 - focal * points[:, 1] / depth
    return landmarks


@pytest.mark.parametrize("truth", [(0, 0, 0), (25, 0, 0), (-40, 10, 5), (15, -20, 30), (55, 15, -20), (0, 25, -45)])
def test_pose_of_projected_points_is_the_pose_that_they_were_given(truth: tuple[float, float, float]) -> None:
    assert np.allclose(pose(project(*truth), 640, 480), truth, atol=0.2)


def test_pose_survives_a_pixel_of_noise() -> None:
    rng = np.random.default_rng(0)
    truth = (20, -10, 8)
    found = [pose(project(*truth) + rng.normal(0, 1, (68, 2)), 640, 480) for _ in range(50)]
    assert np.abs(np.mean(found, axis=0) - truth).max() < 1
    assert np.std(found, axis=0).max() < 2.5


@pytest.mark.parametrize("seed", range(4))
def test_angles_and_rotation_are_inverse(seed: int) -> None:
    truth = np.random.default_rng(seed).uniform([-170, -85, -170], [170, 85, 170])
    matrix = rotation(*truth)
    assert np.allclose(matrix @ matrix.T, np.eye(3))
    assert np.linalg.det(matrix) > 0
    assert np.allclose(angles(matrix), truth)


def test_signs() -> None:
    forward, up = np.array([0, 0, 1.0]), np.array([0, 1.0, 0])
    assert (rotation(30, 0, 0) @ forward)[0] > 0  # yaw turns the face to the right of the picture
    assert (rotation(0, 30, 0) @ forward)[1] < 0  # pitch looks down
    assert (rotation(0, 0, 30) @ up)[0] < 0  # roll tilts counter-clockwise in the picture
