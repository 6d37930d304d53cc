"""Retrieval tells the nearest of the gallery, whatever the embedding is."""

import metric_stage as stage
import numpy as np
import pytest

from understudy.errors import FaceError

FACE = stage.face()
# Four subjects at the corners of a square; their references lie about the corner, so that only the means are there.
CORNERS = {"ada": (0, 0), "bruno": (1, 0), "clara": (0, 1), "dario": (1, 1)}
GALLERY = {
    name: np.array([(x + step, y - step, *[0.0] * 126) for step in (-0.2, 0.2)]) for name, (x, y) in CORNERS.items()
}


def seen_at(*places: tuple[float, float]) -> list[stage.Moment]:
    """Moments whose faces are embedded at these places of the plane."""
    return [stage.moment(FACE, FACE, embed=lambda frame, face, at=at: np.array([*at, *[0.0] * 126])) for at in places]


def test_a_frame_is_retrieved_when_the_source_is_the_nearest_of_all() -> None:
    moments = seen_at((0.1, 0.9), (0.4, 0.9), (0.6, 0.9), (0.1, 0.4))
    rows = stage.run("retrieval", moments, gallery=GALLERY, source="clara")
    assert rows["identity retrieval"].value == 0.5
    assert rows["identity retrieval"].n == 4
    margins = [
        np.hypot(0.9, 0.1) - np.hypot(0.1, 0.1),
        np.hypot(0.6, 0.1) - np.hypot(0.4, 0.1),
        np.hypot(0.4, 0.1) - np.hypot(0.6, 0.1),
        np.hypot(0.1, 0.4) - np.hypot(0.1, 0.6),
    ]
    assert rows["retrieval margin"].value == pytest.approx(np.mean(margins))


def test_faces_from_anywhere_are_retrieved_by_chance() -> None:
    rng = np.random.default_rng(1)
    there = {
        name: 9 * row[None] / np.linalg.norm(row) for name, row in zip(GALLERY, rng.normal(size=(4, 128)), strict=True)
    }
    shares = {}
    for name in there:
        drawn = np.random.default_rng(2).normal(size=(2000, 128))
        moments = [stage.moment(FACE, FACE, embed=lambda frame, face, at=at: at) for at in drawn]
        shares[name] = stage.run("retrieval", moments, gallery=there, source=name)["identity retrieval"].value
    assert sum(shares.values()) == pytest.approx(1)  # everybody is taken for exactly one
    assert all(0.2 < share < 0.3 for share in shares.values())


def test_without_a_gallery_there_are_no_rows_and_without_the_source_in_it_an_error() -> None:
    assert stage.metrics.metric("retrieval").meter(stage.NOWHERE) is None
    with pytest.raises(FaceError, match="must hold the source 'elsa'"):
        stage.run("retrieval", [], gallery=GALLERY, source="elsa")
    with pytest.raises(FaceError, match="somebody else"):
        stage.run("retrieval", [], gallery={"ada": GALLERY["ada"]}, source="ada")


def test_frames_without_a_face_are_left_out() -> None:
    moments = [*seen_at((0, 0.9)), stage.moment(None, FACE), stage.moment(FACE, FACE, embeds=False)]
    assert stage.run("retrieval", moments, gallery=GALLERY, source="clara")["identity retrieval"].n == 1
