"""The tracker finds faces wherever and however they are held, carries them, and lets them go when they are gone."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from understudy.faces import models
from understudy.faces.align import apply
from understudy.faces.track import Face, Tracker, Tracking

from .conftest import Filmed, Frames, beside

# The test clips leap from frame to frame as no clip of 25 frames a second does, so faces look less like before.
LEAPING = Tracking(likeness=0.4)


def run(frames: Any, settings: Tracking = LEAPING) -> list[list[Face]]:
    tracker = Tracker(settings, 25.0)
    return [tracker.step(frame) for frame in frames]


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Mean distance of landmarks 17-67 as a share of the eyes' distance."""
    eyes = np.linalg.norm(other[36] - other[45])
    return float(np.linalg.norm(one[17:] - other[17:], axis=1).mean() / eyes)


def test_finds_the_face_in_every_frame_where_the_mesh_is(someone: Filmed) -> None:
    found = run(someone.frames)
    assert [len(faces) for faces in found] == [1] * len(found)
    assert len({faces[0].track for faces in found}) == 1
    gaps = [apart(faces[0].landmarks_682, truth) for faces, truth in zip(found, someone.landmarks, strict=True)]
    assert np.median(gaps) < 0.08
    assert max(gaps) < 0.12


def test_landmarks_are_steadier_than_the_detectors_box_makes_them(someone: Filmed) -> None:
    # Against the mesh, after each landmark's own mean difference (a matter of definition) is taken away.
    tracked = np.array([faces[0].landmarks_682 for faces in run(someone.frames)])
    detect = models.detector("hog")
    plain = np.array([models.landmarks(frame, detect(frame, -0.5)[0][0]) for frame in someone.frames])

    def unrest(points: np.ndarray) -> float:
        error = (points - someone.landmarks)[:, 17:]
        return float((error - error.mean(axis=0)).std())

    assert unrest(tracked) < 0.97 * unrest(plain)


@pytest.fixture
def blinded(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], bool]], None]:
    """Makes every detector blind while a condition holds."""
    real = models.detector

    def blind(while_: Callable[[], bool]) -> None:
        def detector(kind: models.Detector = "hog") -> Any:
            return lambda picture, threshold: [] if while_() else real(kind)(picture, threshold)

        monkeypatch.setattr(models, "detector", detector)

    return blind


def test_carries_the_face_through_frames_in_which_the_detector_is_blind(someone: Filmed, blinded: Any) -> None:
    seen = run(someone.frames)
    frame = -1
    blinded(lambda: 8 <= frame < 26)
    tracker, carried = Tracker(LEAPING, 25.0), []
    for frame in range(len(someone.frames)):
        carried.append(tracker.step(someone.frames[frame]))
    assert all(len(faces) == 1 for faces in carried)
    assert [np.isnan(faces[0].score) for faces in carried] == [8 <= index < 26 for index in range(len(carried))]
    assert all(faces[0].tracked for faces in carried[8:26])
    gaps = [apart(a[0].landmarks_682, b[0].landmarks_682) for a, b in zip(carried, seen, strict=True)]
    assert max(gaps) < 0.05


def test_patience_ends(someone: Filmed, blinded: Any) -> None:
    frame = -1
    blinded(lambda: frame >= 4)
    tracker, counts = Tracker(Tracking(likeness=0.0, patience=0.4), 25.0), []
    for frame in range(30):  # noqa: B007 - `blinded` reads it
        counts.append(len(tracker.step(someone.frames[3])))
    assert counts[:14] == [1] * 14
    assert not any(counts[16:])


def tilt(frame: Frames, degrees: float) -> tuple[Frames, np.ndarray]:
    """A frame turned about its middle, on a canvas that holds it all."""
    matrix = cv2.getRotationMatrix2D((127.5, 127.5), degrees, 1.0)
    matrix[:, 2] += 60
    return cv2.warpAffine(frame, matrix, (376, 376), borderValue=(90, 100, 110)), matrix


def test_carries_a_head_that_tilts_further_than_the_detector_sees(someone: Filmed) -> None:
    angles = [min(60.0, 5.0 * index) for index in range(24)]
    turned = [tilt(someone.frames[0], angle) for angle in angles]
    alone = [bool(models.detector("hog")(frame, 0.0)) for frame, _ in turned]
    assert np.mean(alone) < 0.6
    found = run([frame for frame, _ in turned])
    assert all(len(faces) == 1 for faces in found)
    upright = found[0][0].landmarks_682 - 60
    for faces, (_, matrix) in zip(found, turned, strict=True):
        assert apart(faces[0].landmarks_682, apply(matrix, upright)) < 0.06


@pytest.mark.parametrize("degrees", [-70, 70])
def test_finds_a_head_that_is_tilted_from_the_start(someone: Filmed, degrees: float) -> None:
    frame, _ = tilt(someone.frames[0], degrees)
    assert not models.detector("hog")(frame, Tracking().threshold)
    assert len(Tracker().step(frame)) == 1


def test_lets_go_of_a_face_that_is_gone_and_finds_it_again(someone: Filmed, nobody: Frames) -> None:
    away = [nobody] * 4
    shifted = [np.roll(frame, 60, axis=1) for frame in someone.frames[:4]]
    found = run([*someone.frames[:4], *away, *shifted])
    assert [len(faces) for faces in found] == [1] * 4 + [0] * 4 + [1] * 4


def test_a_cut_to_somebody_else_begins_another_track(someone: Filmed, other: Filmed) -> None:
    found = run([*someone.frames[:5], *other.frames[:5]], Tracking())
    tracks = [faces[0].track for faces in found if faces]
    assert all(track not in tracks[:5] for track in tracks[5:])


def test_two_faces_are_two_tracks(someone: Filmed, other: Filmed) -> None:
    found = run([beside(someone.frames[index], other.frames[index % 8]) for index in range(8)])
    assert all(len(faces) == 2 for faces in found)
    sides = {(face.track, face.box[0] > 256) for faces in found for face in faces}
    assert len(sides) == 2


def test_small_faces_are_found_by_enlarging_the_frame(someone: Filmed) -> None:
    small = [cv2.resize(frame, (96, 96), interpolation=cv2.INTER_AREA) for frame in someone.frames[:4]]
    assert not models.detector("hog")(small[0], 0.0)
    assert all(len(faces) == 1 for faces in run(small))
    assert not any(run(small[:1], Tracking(upsample=0)))


def test_mmod_finds_the_same_face(someone: Filmed) -> None:
    frame = someone.frames[:1]
    by_hog, by_mmod = run(frame)[0], run(frame, Tracking(detector="mmod", tilts=()))[0]
    assert apart(by_mmod[0].landmarks_682, by_hog[0].landmarks_682) < 0.03
