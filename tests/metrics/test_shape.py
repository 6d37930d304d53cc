"""Landmark, pose and expression errors recover known shifts, turns and movements."""

import metric_stage as stage
import numpy as np
import pytest

from understudy.faces import pose as head
from understudy.metrics import expression

FACE = stage.face()
EYES = float(np.linalg.norm(FACE[36] - FACE[45]))
BIG = np.zeros((400, 600, 3), np.uint8)


def similar(points: np.ndarray, degrees: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    a = np.radians(degrees)
    return points @ (scale * np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])).T + shift


def turned(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """The 68 landmarks of the pose model (others at its origin), seen by its own camera."""
    points = np.zeros((68, 3))
    points[head.POINTS] = head.MODEL
    places = points @ head.rotation(yaw, pitch, roll).T * [1, -1, -1] + [0, 0, 12]
    return places[:, :2] / places[:, 2:] * head.FOCAL * 600 + [299.5, 199.5]


def test_a_known_shift_is_the_landmark_error() -> None:
    row = stage.run("landmarks", [stage.moment(FACE + np.array([3.0, 4.0]), FACE), stage.moment(FACE, FACE)])[
        "landmark error"
    ]
    assert row.value == pytest.approx(5 / EYES / 2)
    assert (row.n, row.unit, row.better) == (2, "inter-ocular distances", "lower")


def test_the_landmark_error_does_not_depend_on_the_size_of_the_picture() -> None:
    small = stage.run("landmarks", [stage.moment(FACE + 1, FACE)])["landmark error"].value
    large = stage.run("landmarks", [stage.moment(3 * (FACE + 1), 3 * FACE)])["landmark error"].value
    assert large == pytest.approx(small)


@pytest.mark.parametrize("name", ["landmarks", "pose", "expression"])
def test_frames_without_a_face_in_either_are_left_out_and_n_says_so(name: str) -> None:
    moments = [stage.moment(FACE, FACE), stage.moment(None, FACE), stage.moment(FACE, None)]
    assert {row.n for row in stage.run(name, moments).values()} == {1}
    rows = stage.run(name, moments[1:])
    assert {row.n for row in rows.values()} == {0}
    assert all(np.isnan(row.value) for row in rows.values())


def test_known_turns_are_the_pose_errors() -> None:
    turns = [((20, 5, -3), (12, 5, -3)), ((0, -8, 10), (0, -2, 2))]
    rows = stage.run("pose", [stage.moment(turned(*a), turned(*b), fake_HWC=BIG) for a, b in turns])
    # Half of the difference between the two frames' turns remains on each side of their median.
    motion = np.linalg.norm([8 - 0, 0 + 6, 0 - 8]) / 2
    expected = {
        "yaw error": 4,
        "pitch error": 3,
        "roll error": 4,
        "pose error": (8 + 10) / 2,
        "pose motion error": motion,
    }
    assert {name: row.value for name, row in rows.items()} == pytest.approx(expected, abs=0.01)
    assert {row.unit for row in rows.values()} == {"degrees"}


def test_a_turn_that_is_always_off_is_a_pose_error_but_no_motion_error() -> None:
    yaws = [0, 5, 10, 5]
    rows = stage.run("pose", [stage.moment(turned(y + 6, -7, 1), turned(y, 0, 1), fake_HWC=BIG) for y in yaws])
    assert rows["pose error"].value == pytest.approx(np.hypot(6, 7), abs=0.02)
    assert rows["pose motion error"].value == pytest.approx(0, abs=0.02)


def test_a_roll_past_the_half_circle_counts_the_short_way() -> None:
    rows = stage.run("pose", [stage.moment(turned(0, 0, 178), turned(0, 0, -178), fake_HWC=BIG)])
    assert rows["roll error"].value == pytest.approx(4, abs=0.01)


def test_expression_is_the_same_under_every_similarity() -> None:
    moved = similar(FACE, 25, 1.7, (40, -12))
    rows = stage.run("expression", [stage.moment(moved, FACE), stage.moment(FACE, moved)])
    assert [row.value for row in rows.values()] == pytest.approx([0, 0], abs=1e-9)


def test_a_known_movement_of_the_brows_is_the_expression_error() -> None:
    raised = FACE.copy()
    raised[17:27, 1] -= 0.1 * EYES
    rows = stage.run("expression", [stage.moment(raised, FACE), stage.moment(FACE, FACE)])
    across = expression.features(FACE)
    unit = np.linalg.norm(across[36 - 26] - across[45 - 26])  # the eye corners in the common frame
    assert unit == pytest.approx(1, abs=1e-6)
    assert rows["expression error"].value == pytest.approx(0.1 * 10 / 42 / 2, rel=1e-6)


def test_another_face_shape_is_an_expression_error_but_no_motion_error() -> None:
    gapes = [0.0, 0.1, 0.2, 0.1, 0.0]
    heavier = np.zeros((68, 2))
    heavier[17:27] = [0, 4]
    moments = [stage.moment(stage.face(gape=g) + heavier, stage.face(gape=g)) for g in gapes]
    rows = stage.run("expression", moments)
    assert rows["expression error"].value > 0.01
    assert rows["expression motion error"].value == pytest.approx(0, abs=1e-6)
    still = [stage.moment(stage.face(), stage.face(gape=g)) for g in gapes]
    assert stage.run("expression", still)["expression motion error"].value > 0.005


@pytest.mark.parametrize("name", ["landmarks", "pose", "expression"])
def test_shaken_landmarks_are_worse_the_more_they_shake(name: str) -> None:
    rng = np.random.default_rng(0)
    noise = [rng.normal(size=(68, 2)) for _ in range(8)]
    ladders = [stage.run(name, [stage.moment(FACE + s * n, FACE) for n in noise]) for s in (0.0, 0.5, 1.5)]
    for row in ladders[0]:
        values = [rows[row].value for rows in ladders]
        assert values[0] == pytest.approx(0, abs=1e-9)
        assert values == sorted(values), row
        assert values[2] > 1.5 * values[1], row
