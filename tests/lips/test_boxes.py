"""The box that lip networks look at holds the face, does not pulse with the jaw, and bridges short gaps only."""

import numpy as np
import pytest

from understudy import lips

from .talk import points, talking

T = np.arange(75) / 25
STILL = np.stack([points(0.0)] * 75)
TALK = np.stack([points(0.25 * each) for each in talking(T, 1)])


def test_it_reaches_from_the_forehead_to_below_the_chin_and_from_cheek_to_cheek() -> None:
    box, face = lips.boxes(STILL, 25.0)[30], STILL[0]
    left, top, right, bottom = box
    assert left == pytest.approx(face[:, 0].min(), abs=0.01)
    assert right == pytest.approx(face[:, 0].max() + 1, abs=0.01)
    brows, chin = face[:, 1].min(), face[:, 1].max()
    tall = (chin - brows) * 1.15
    assert top == pytest.approx(chin - tall, abs=0.01)
    assert bottom == pytest.approx(chin + 1 + 10 / 96 * tall, abs=0.01)
    mouth = (face[48:, 1].mean() - top) / (bottom - top)
    assert 0.55 < mouth < 0.8  # in the half that the expert sees


def test_pads_are_pixels_of_a_face_of_96() -> None:
    bare, padded = (lips.boxes(STILL, 25.0, pads=pads)[0] for pads in ((0, 0, 0, 0), (3, 6, 12, -6)))
    unit = np.tile((bare[2:] - bare[:2] - 1) / 96, 2)
    np.testing.assert_allclose((padded - bare) / unit, [-12, -3, -6, 6], atol=1e-9)


def test_it_does_not_pulse_with_the_jaw() -> None:
    def wobble(**how: float) -> float:
        return float(np.abs(np.diff(lips.boxes(TALK, 25.0, **how)[10:-10, 3])).mean())

    assert wobble() < 0.25 * wobble(steady=0.0)
    assert (lips.boxes(TALK, 25.0)[:, 3] > TALK[:, :17, 1].max(axis=1)).all()  # and yet the open chin is inside


def test_it_follows_the_head() -> None:
    sway = np.stack([6 * np.sin(2 * np.pi * 0.7 * T), 3 * np.cos(2 * np.pi * 0.5 * T)], 1)
    moved = lips.boxes(STILL + sway[:, None], 25.0) - lips.boxes(STILL, 25.0)
    np.testing.assert_allclose(moved, np.tile(sway, 2), atol=0.35)


def test_short_gaps_are_bridged_and_long_ones_are_not() -> None:
    holes = TALK.copy()
    holes[[0, 1, *range(20, 30), 74]] = np.nan
    got, whole = lips.boxes(holes, 25.0), lips.boxes(TALK, 25.0)
    np.testing.assert_allclose(got[20:30], whole[20:30], atol=2.5)
    np.testing.assert_array_equal(got[0], got[2])
    holes[30:50] = np.nan
    torn = lips.boxes(holes, 25.0)
    assert np.isnan(torn[20:50]).all()
    assert np.isfinite(torn[50:]).all()
    assert np.isfinite(lips.boxes(holes, 25.0, gap=2.0)).all()
    assert np.isnan(lips.boxes(np.full_like(TALK, np.nan), 25.0)).all()


def test_nothing_is_averaged_across_a_cut() -> None:
    cut = np.concatenate([STILL[:30], STILL[30:] + 40])
    cuts = np.arange(75) == 30
    boxes = lips.boxes(cut, 25.0, cuts_T=cuts)
    np.testing.assert_allclose(boxes[29], boxes[0], atol=1e-6)
    np.testing.assert_allclose(boxes[30], boxes[0] + 40, atol=1e-6)


def test_a_face_is_the_box_in_bgr_and_boxes_are_cut_at_the_frame() -> None:
    frame = np.zeros((60, 80, 3), np.uint8)
    frame[..., 0], frame[..., 1] = np.arange(80)[None] * 3, np.arange(60)[:, None] * 4
    seen = lips.face(frame, np.array([10.2, 20.4, 57.8, 44.3]), 48)
    assert seen.shape == (48, 48, 3)
    np.testing.assert_allclose(seen[24, :, 2], np.arange(10, 58) * 3, atol=2)
    np.testing.assert_allclose(seen[:, 24, 1], (np.arange(48) / 2 + 19.75) * 4, atol=3)
    assert (seen[..., 0] == 0).all()
    assert lips.within(np.array([-9.0, -3.0, 500.0, 30.6]), 80, 60) == (0, 0, 80, 31)
    assert lips.within(np.array([90.0, 70.0, 95.0, 75.0]), 80, 60) == (79, 59, 80, 60)
