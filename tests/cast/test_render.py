"""What a rendered clip promises: the same pixels everywhere, and labels, landmarks and motion that fit them."""

import dataclasses
import hashlib
import subprocess
import sys
from itertools import islice

import numpy as np
import pytest

from understudy.cast import LABELS, Actor, actors, load_actor, load_performance, performances, render, swapped
from understudy.cast.camera import pose
from understudy.cast.landmarks import LANDMARKS
from understudy.cast.performance import poses, spline
from understudy.cast.render import Frame

_FILM = """
import hashlib, sys
from itertools import islice
from understudy.cast import Actor, load_actor, load_performance, render
frames = islice(render(Actor(load_actor("ada")), load_performance("answer-1"), size=96), 2)
print(hashlib.sha256(b"".join(frame.rgb_HWC.tobytes() for frame in frames)).hexdigest())
"""


@pytest.fixture(scope="module")
def ada() -> Actor:
    return Actor(load_actor("ada"))


@pytest.fixture(scope="module")
def bruno() -> Actor:
    return Actor(load_actor("bruno"))


def film(actor: Actor, count: int, *, backend: str = "auto", size: int = 96, clip: str = "answer-1") -> list[Frame]:
    return list(islice(render(actor, load_performance(clip), size=size, backend=backend), count))


def test_numpy_and_numba_give_the_same_frames(ada: Actor) -> None:
    for compiled, plain in zip(film(ada, 2), film(ada, 2, backend="numpy"), strict=True):
        np.testing.assert_array_equal(compiled.rgb_HWC, plain.rgb_HWC)
        np.testing.assert_array_equal(compiled.labels_HW, plain.labels_HW)
        np.testing.assert_array_equal(compiled.face_HW, plain.face_HW)


def test_a_fresh_process_gives_the_same_pixels(ada: Actor) -> None:
    here = hashlib.sha256(b"".join(frame.rgb_HWC.tobytes() for frame in film(ada, 2))).hexdigest()
    done = subprocess.run([sys.executable, "-c", _FILM], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == here


def test_landmarks_lie_on_the_parts_they_name(ada: Actor) -> None:
    [frame] = film(ada, 1, size=256)
    assert frame.rgb_HWC.shape == (256, 256, 3)
    assert frame.points_V2[LANDMARKS].shape == (68, 2)
    columns, rows = np.rint(frame.landmarks_682).astype(int).T
    assert frame.face_HW[rows[27:68], columns[27:68]].mean() > 0.9
    right_eye, left_eye = frame.landmarks_682[36:42].mean(0), frame.landmarks_682[42:48].mean(0)
    seen = LABELS.index("eye")
    for eye in (right_eye, left_eye):
        x, y = np.rint(eye).astype(int)
        assert (frame.labels_HW[y - 4 : y + 5, x - 8 : x + 9] == seen).any()
    assert left_eye[0] > right_eye[0]
    assert (
        frame.landmarks_682[8, 1] > frame.landmarks_682[57, 1] > frame.landmarks_682[51, 1] > frame.landmarks_682[33, 1]
    )


def test_the_face_mask_covers_the_face_and_nothing_else(ada: Actor) -> None:
    [frame] = film(ada, 1, size=256)
    assert 0.05 < frame.face_HW.mean() < 0.3
    assert not frame.face_HW[frame.labels_HW == LABELS.index("background")].any()
    rows, columns = np.nonzero(frame.face_HW)
    low, high = frame.landmarks_682.min(0) - 12, frame.landmarks_682.max(0) + 12
    assert columns.min() > low[0]
    assert columns.max() < high[0]
    assert rows.max() < high[1]


@pytest.mark.parametrize("clip", performances())
def test_lips_open_with_the_jaw_in_every_performance(ada: Actor, clip: str) -> None:
    moves = poses(load_performance(clip), ada.identity.speaking)
    gap, jaw = [], []
    for move in moves[::2]:
        points = pose(ada, move).points_V3
        gap.append(np.linalg.norm(points[LANDMARKS[62]] - points[LANDMARKS[66]]))
        jaw.append(move.units.get("jawOpen", 0.0))
    assert np.corrcoef(gap, jaw)[0, 1] >= 0.8
    assert max(abs(move.yaw) for move in moves) <= 25.5


def test_positive_yaw_turns_the_nose_to_the_right_of_the_picture(ada: Actor) -> None:
    frames = film(ada, 75, size=32)
    nose = [frame.landmarks_682[30, 0] - frame.landmarks_682[[36, 45], 0].mean() for frame in frames]
    assert np.corrcoef(nose, [frame.yaw for frame in frames])[0, 1] > 0.95


def test_blinks_shut_the_eyes_on_the_mesh(ada: Actor) -> None:
    move = poses(load_performance("answer-1"), ada.identity.speaking)[0]
    opened = dataclasses.replace(move, units={})
    shut = dataclasses.replace(move, units={"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0})
    gaps = []
    for state in (opened, shut):
        points = pose(ada, state).points_V3[LANDMARKS]
        gaps.append(np.linalg.norm(points[37] - points[41]) + np.linalg.norm(points[44] - points[46]))
    assert gaps[1] < 0.5 * gaps[0]


def test_a_swap_of_an_actor_with_itself_changes_nothing_visible(ada: Actor) -> None:
    before, after = film(ada, 1)[0].rgb_HWC.astype(float), film(swapped(ada, ada), 1)[0].rgb_HWC.astype(float)
    assert np.abs(before - after).mean() < 0.5


def test_a_swap_has_the_sources_face_and_the_drivers_surroundings(ada: Actor, bruno: Actor) -> None:
    driver, source, swap = (film(actor, 1, size=192)[0] for actor in (ada, bruno, swapped(ada, bruno)))
    np.testing.assert_array_equal(driver.rgb_HWC[:40, :30], swap.rgb_HWC[:40, :30])
    inner = slice(27, 68)

    def outline(frame: Frame) -> np.ndarray:
        points = frame.landmarks_682[inner]
        return points - points.mean(0)

    to_source = np.abs(outline(swap) - outline(source)).mean()
    to_driver = np.abs(outline(swap) - outline(driver)).mean()
    assert to_source < 0.25 * to_driver


def test_curves_pass_through_their_keys() -> None:
    keys = (0.0, 1.0, -2.0, 0.5)
    np.testing.assert_allclose(spline(keys, np.arange(4.0)), keys)
    np.testing.assert_allclose(spline((1.0, 2.0, 3.0, 4.0), np.array([1.25, 1.5])), [2.25, 2.5])


def test_the_cast_is_large_enough() -> None:
    assert len(actors()) >= 8
    assert len([name for name in performances() if name.startswith("reading")]) >= 8
    assert len([name for name in performances() if name.startswith("answer")]) >= 6
