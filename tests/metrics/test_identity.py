"""Identity rows are plain geometry of embeddings; frames without a face are counted, never guessed."""

import metric_stage as stage
import numpy as np
import pytest

from understudy.errors import FaceError

FACE = stage.face()
E = np.eye(128)


def seen(embedding: np.ndarray, **given: object) -> object:
    return stage.moment(FACE, embed=lambda frame_HWC, landmarks_682: embedding, **given)


def rows(*embeddings: np.ndarray, **case: object) -> dict[str, object]:
    basis = {"source_references_N128": E[:1], "driver_references_N128": E[1:2]}
    return stage.run("identity", [seen(e) for e in embeddings], **{**basis, **case})


def test_distances_and_cosines_have_their_closed_forms() -> None:
    at = rows(E[0], E[1], (E[0] + E[1]) / 2)
    half = np.sqrt(0.5)
    assert at["identity distance to source"].value == pytest.approx((0 + np.sqrt(2) + half) / 3)
    assert at["identity distance to driver"].value == pytest.approx((np.sqrt(2) + 0 + half) / 3)
    assert at["identity similarity to source"].value == pytest.approx((1 + 0 + half) / 3)
    assert at["identity similarity to driver"].value == pytest.approx((0 + 1 + half) / 3)
    assert at["nearer to source"].value == pytest.approx(1 / 3)
    assert {row.n for row in at.values()} == {3}


def test_the_reference_is_the_mean_of_the_references() -> None:
    at = rows(E[0], source_references_N128=np.stack([E[0] + E[5], E[0] - E[5]]))
    assert at["identity distance to source"].value == pytest.approx(0)


def test_the_wrong_person_moves_every_row_the_wrong_way() -> None:
    ladder = [rows((1 - w) * E[0] + w * E[1]) for w in (0.0, 0.3, 0.6, 1.0)]
    for name, row in ladder[0].items():
        values = [at[name].value for at in ladder]
        worse = values == sorted(values, reverse=row.better == "higher")
        assert worse, name
        assert values[0] != values[-1], name


def test_frames_not_embedded_and_frames_without_a_face_are_left_out() -> None:
    moments = [seen(E[0]), seen(E[1], embeds=False), stage.moment(None)]
    at = stage.run("identity", moments, source_references_N128=E[:1], driver_references_N128=E[1:2])
    assert {row.n for row in at.values()} == {1}
    assert at["nearer to source"].value == 1
    missing = stage.run("detection", [stage.moment(FACE), stage.moment(None), stage.moment(FACE), stage.moment(FACE)])
    assert missing["frames without a face"].value == 0.25
    assert missing["frames without a face"].n == 4


@pytest.mark.parametrize("references", [np.zeros((0, 128)), np.zeros(128), np.full((2, 128), np.nan)])
def test_no_references_is_an_error_that_names_the_side(references: np.ndarray) -> None:
    with pytest.raises(FaceError, match="references of the source"):
        rows(E[0], source_references_N128=references)


def test_of_several_faces_the_one_at_the_drivers_place_is_measured() -> None:
    left, right, large = stage.face((30, 64), 30), stage.face((100, 64), 30), stage.face((64, 64), 90)
    place = np.array([90.0, 50, 110, 80])
    assert stage.moment([left, right, large]).fake_landmarks_682 is large
    assert stage.moment([left, right, large], box_4=place).fake_landmarks_682 is right
    assert stage.moment([left, right, large], left).fake_landmarks_682 is left
    assert stage.moment(None, [left, right], box_4=place).driver_landmarks_682 is right
    assert stage.moment(None, [left, large], box_4=np.full(4, np.nan)).driver_landmarks_682 is large
