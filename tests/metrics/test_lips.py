"""Lips: known displacements are found, whatever else of the face moved; and timing is told by the opening alone."""

from pathlib import Path

import metric_stage as stage
import numpy as np
import pytest
from numpy.typing import NDArray

from understudy.metrics import Row
from understudy.metrics.landmarks import eye_distance

MOUTH = np.arange(48, 68)


def run(fakes: list, truths: list) -> dict[str, Row]:
    at = [stage.moment(fake, truth=true, truth_HWC=stage.GREY) for fake, true in zip(fakes, truths, strict=True)]
    return stage.run("lips", at, truth=Path("truth.mp4"), family="lipsync")


def mouthed(by: NDArray[np.floating] | list[float], **how: float) -> NDArray[np.floating]:
    """A face whose mouth is set off by pixels."""
    points = stage.face(**how)
    points[MOUTH] += by
    return points


def test_lips_set_off_are_off_by_that_many_eye_distances() -> None:
    found = run([mouthed([3, 4])], [stage.face()])
    assert found["lip landmark error"].value == pytest.approx(5 / eye_distance(stage.face()))
    assert found["mouth shape error"].value == pytest.approx(0, abs=1e-12)


def test_a_wider_mouth_is_of_another_shape_wherever_it_is() -> None:
    away = stage.face()[MOUTH] - stage.face()[MOUTH].mean(axis=0)
    expected = 0.2 * np.linalg.norm(away, axis=1).mean() / eye_distance(stage.face())
    for by in ([0, 0], [0, 3]):
        found = run([mouthed(0.2 * away + by)], [stage.face()])
        assert found["mouth shape error"].value == pytest.approx(expected)
    assert found["lip landmark error"].value > expected


@pytest.mark.parametrize(("degrees", "scale", "by"), [(0, 1, (9, -4)), (20, 1, (0, 0)), (-15, 1.4, (5, 3))])
def test_a_face_that_sits_otherwise_in_the_picture_is_not_blamed_on_its_lips(
    degrees: float, scale: float, by: tuple[float, float]
) -> None:
    cos, sin = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    turn = np.array([[cos, -sin], [sin, cos]])
    moved = stage.face(gape=0.1) @ turn.T + by
    found = run([moved], [stage.face(gape=0.1)])
    assert found["lip landmark error"].value == pytest.approx(0, abs=1e-9)
    again = run([mouthed([3, 4], gape=0.1) @ turn.T + by], [stage.face(gape=0.1)])
    assert again["lip landmark error"].value == pytest.approx(5 / eye_distance(stage.face()))


def test_brows_and_jaw_do_not_count() -> None:
    other = stage.face()
    other[:27] += 7
    assert run([other], [stage.face()])["lip landmark error"].value == pytest.approx(0, abs=1e-12)


def test_the_opening_correlates_with_itself_however_wide_it_is() -> None:
    gapes = 0.1 + 0.08 * np.sin(np.arange(40) / 2.3)
    true = [stage.face(gape=gape) for gape in gapes]
    for fake, expected in (
        ([stage.face(gape=0.5 * gape) for gape in gapes], 1.0),
        ([stage.face(gape=0.3 - gape) for gape in gapes], -1.0),
    ):
        assert run(fake, true)["lip opening correlation"].value == pytest.approx(expected)
    late = run([true[max(number - 2, 0)] for number in range(40)], true)
    assert late["lip opening correlation"].value < 0.8
    assert late["lip landmark error"].value > 0


def test_what_cannot_be_told_is_nan() -> None:
    gapes = 0.1 + 0.08 * np.sin(np.arange(12) / 2.3)
    true = [stage.face(gape=gape) for gape in gapes]
    few = run([*true[:9], None, None, None], true)
    assert np.isnan(few["lip opening correlation"].value)
    assert {row.n for row in few.values()} == {9}
    still = run([stage.face()] * 12, true)
    assert np.isnan(still["lip opening correlation"].value)
    assert still["lip landmark error"].value > 0
