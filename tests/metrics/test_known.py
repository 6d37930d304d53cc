"""Against what is exactly known: the fitted weights of a face's units, and a head's turn, recover those of labels."""

from pathlib import Path
from typing import Any

import metric_stage as stage
import numpy as np
import pytest
from numpy.typing import NDArray

from understudy.errors import MediaError
from understudy.faces import pose as head
from understudy.metrics import blendshapes

SIDE, FRAMES = 400, 60
T = np.arange(FRAMES)
WEIGHTS_TE = np.stack(
    [
        0.4 + 0.4 * np.sin(T / 2.3),
        0.3 + 0.3 * np.cos(T / 5),
        0.3 + 0.3 * np.sin(T / 3 + 1),
        (T % 20 < 3).astype(float),
    ],
    axis=1,
)
TURNS_T3 = np.stack([15 * np.sin(T / 9), 6 * np.cos(T / 11), 4 * np.sin(T / 7)], axis=1)
UNITS = [name for names in list(blendshapes.UNITS.values())[:4] for name in names]


def heads(weights_TE: NDArray[Any], turns_T3: NDArray[Any], *, longer: float = 0.0) -> list[NDArray[np.float64]]:
    """Landmarks of the base head with these weights, seen as `faces.pose` assumes; `longer`: another mouth and eyes."""
    neutral_683, units_E683 = blendshapes.base()
    neutral_683 = neutral_683.copy()
    neutral_683[48:68, 1] -= longer
    neutral_683[36:48, 0] *= 1 + longer
    clip = []
    for weights_E, turn_3 in zip(weights_TE, turns_T3, strict=True):
        points = neutral_683 + np.tensordot(weights_E, units_E683[: len(weights_E)], 1)
        places = points @ head.rotation(*turn_3).T * [1, -1, -1] + [0, 0, 12]
        clip.append(places[:, :2] / places[:, 2:] * head.FOCAL * SIDE + (SIDE - 1) / 2)
    return clip


def labelled(folder: Path, **arrays: Any) -> Path:
    columns = [WEIGHTS_TE[:, k] for k, names in enumerate(list(blendshapes.UNITS.values())[:4]) for _ in names]
    there: dict[str, Any] = {"pose_T3": TURNS_T3, "units_E": np.array(UNITS), "weights_TE": np.stack(columns, axis=1)}
    return stage.write_labels(folder / "labels.npz", FRAMES, **{**there, **arrays})


def moments(fake: list[Any], driver: list[Any]) -> list[stage.Moment]:
    frame = np.zeros((SIDE, SIDE, 3), np.uint8)
    pairs = zip(fake, driver, strict=True)
    return [stage.moment(a, b, index=index, fake_HWC=frame) for index, (a, b) in enumerate(pairs)]


def test_known_weights_are_recovered_from_landmarks_under_a_turning_head() -> None:
    found_TE = blendshapes.weights(np.stack(heads(WEIGHTS_TE, TURNS_T3)), SIDE, SIDE)
    known_TE = WEIGHTS_TE - WEIGHTS_TE.mean(axis=0)
    assert np.abs(found_TE - known_TE).mean() < 0.07  # the ridge and the seen turn cost some of each
    for found, known in zip(found_TE.T, known_TE.T, strict=True):
        assert np.corrcoef(found, known)[0, 1] > 0.9


def test_another_shape_of_face_is_no_other_expression(tmp_path: Path) -> None:
    driver, other = heads(WEIGHTS_TE, TURNS_T3), heads(WEIGHTS_TE, TURNS_T3, longer=0.05)
    rows = stage.run("blendshapes", moments(other, driver), labels=labelled(tmp_path))
    assert rows["blendshape error"].value < 0.03
    assert rows["blendshape correlation to labels"].value > 0.9


def test_a_late_and_a_still_face_are_worse(tmp_path: Path) -> None:
    driver, path = heads(WEIGHTS_TE, TURNS_T3), labelled(tmp_path)
    clips = {late: heads(np.roll(WEIGHTS_TE, late, axis=0), TURNS_T3) for late in (0, 1, 2, 4)}
    tables = [stage.run("blendshapes", moments(fake, driver), labels=path) for fake in clips.values()]
    for name, sign in (
        ("blendshape error", 1), ("blendshape error to labels", 1), ("blendshape correlation to labels", -1),
    ):  # fmt: skip
        assert (np.diff([sign * rows[name].value for rows in tables]) > 0).all(), name
    assert tables[0]["blendshape error"].value == 0
    still = stage.run("blendshapes", moments(heads(0 * WEIGHTS_TE, TURNS_T3), driver), labels=path)
    # A face at rest is off by how far each weight lies from its mean.
    away = np.abs(WEIGHTS_TE - WEIGHTS_TE.mean(axis=0)).mean()
    assert still["blendshape error to labels"].value == pytest.approx(away, rel=0.15)


def test_labels_without_weights_give_no_rows_of_them_and_too_few_frames_no_value(tmp_path: Path) -> None:
    bare = tmp_path / "bare.npz"
    np.savez(bare, pose_T3=TURNS_T3)
    clip = heads(WEIGHTS_TE, TURNS_T3)
    assert list(stage.run("blendshapes", moments(clip, clip), labels=bare)) == ["blendshape error"]
    few = labelled(tmp_path, pose_T3=TURNS_T3[:9], weights_TE=np.ones((9, len(UNITS))))
    short = stage.run("blendshapes", moments(clip[:9], clip[:9]), labels=few)
    assert {row.n for row in short.values()} == {9}
    assert all(np.isnan(row.value) for row in short.values())


def test_the_turn_to_the_labels_is_known_and_a_constant_bias_is_no_motion(tmp_path: Path) -> None:
    def turned(turns_T3: NDArray[Any]) -> list[NDArray[np.float64]]:
        points = np.zeros((68, 3))
        points[head.POINTS] = head.MODEL
        places = [points @ head.rotation(*turn).T * [1, -1, -1] + [0, 0, 12] for turn in turns_T3]
        return [p[:, :2] / p[:, 2:] * head.FOCAL * SIDE + (SIDE - 1) / 2 for p in places]

    driver = turned(TURNS_T3)
    off = stage.run("pose", moments(turned(TURNS_T3 + np.array([3, 4, 0])), driver), labels=labelled(tmp_path))
    assert off["pose error to labels"].value == pytest.approx(5, abs=0.05)
    assert off["pose motion error to labels"].value == pytest.approx(0, abs=0.05)
    # The driver's own face is not asked for: what is known needs no estimate.
    blind = stage.run("pose", moments(turned(TURNS_T3), [None] * FRAMES), labels=labelled(tmp_path))
    assert (blind["pose error to labels"].n, blind["pose error"].n) == (FRAMES, 0)


@pytest.mark.parametrize("name", ["pose", "blendshapes"])
@pytest.mark.parametrize("count", [FRAMES // 2, FRAMES + 1])
def test_labels_of_another_frame_rate_are_refused(name: str, count: int, tmp_path: Path) -> None:
    clip = heads(WEIGHTS_TE, TURNS_T3)
    other = stage.write_labels(tmp_path / "other.npz", count)
    with pytest.raises(MediaError, match=f"labels of {count} frames, and fake.mp4 has {FRAMES}"):
        stage.run(name, moments(clip, clip), labels=other)


def test_what_is_no_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="do not belong together"):
        stage.run("pose", [], labels=labelled(tmp_path, pose_T3=TURNS_T3[:5]))
    (tmp_path / "labels.npz").write_bytes(b"not an archive")
    for name in ("pose", "blendshapes"):
        with pytest.raises(MediaError, match="cannot be read as labels"):
            stage.run(name, [], labels=tmp_path / "labels.npz")
    with pytest.raises(MediaError, match="cannot be read as labels"):
        stage.run("pose", [], labels=tmp_path / "nowhere.npz")
