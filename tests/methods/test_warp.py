"""Warp recovers the geometry that it is given, chooses like brute force, and does not flicker between source frames."""

import dataclasses
import itertools
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray

from understudy.errors import FaceError
from understudy.faces import align
from understudy.faces.bend import bend, controls, spline
from understudy.faces.faceset import View
from understudy.faces.paste import Paste
from understudy.methods import Footage, warp

PASTE = Paste(mask="extended", erode=0.0, blur=0.0, colour="none", seamless=False, interpolation="cubic", sharpen=0.0)
CONFIG = warp.Config(
    coverage="full", size=96, pool=100, steadiness=0.3, fade=0, shape=0.0, light=0.0, stiffness=0.0, paste=PASTE
)


def landmarks(*, opened: float = 0.0, yaw: float = 0.0) -> NDArray[np.float64]:
    """68 landmarks of the mean face in its unit square: mouth opened, features slid sideways by a turn."""
    angles = np.linspace(np.pi, 0, 17)
    jaw = np.column_stack([0.5 + 0.62 * np.cos(angles), 0.35 + 0.85 * np.sin(angles)])
    points = np.vstack([jaw, align.MEAN_51])
    points[[55, 56, 57, 58, 59, 65, 66, 67], 1] += opened
    points[:, 0] += yaw / 300 * (1 - np.square(points[:, 0] - 0.5))
    return np.asarray(points)


def scene(side: int, seed: int = 0) -> NDArray[np.uint8]:
    noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(size=(side, side, 3)), (0, 0), side / 16)
    return np.clip(128 + 40 * noise / noise.std(), 0, 255).astype(np.uint8)


def in_crop(points_682: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    return align.apply(align.square(size, "full"), points_682)


def faceset(shapes: list[NDArray[np.float64]], poses: list[float], pictures: list[NDArray[np.uint8]]) -> Any:
    """A stand-in for a faceset whose frames are its crops."""
    size = pictures[0].shape[0]
    matrices = np.repeat(np.eye(2, 3)[None], len(shapes), axis=0)

    def view(coverage: str, wanted: int) -> View:
        change = align.narrow("full", size, coverage, wanted)
        return View(
            np.array(pictures), np.array([align.compose(change, m) for m in matrices]), change, coverage, wanted
        )

    return SimpleNamespace(
        view=view,
        landmarks_N682=np.array([in_crop(shape, size) for shape in shapes], np.float32),
        kept=pd.DataFrame({"yaw": poses, "pitch": [0.0] * len(poses)}),
        matrices_N23=matrices,
    )


def footage(subject: str, *sets: Any) -> Footage:
    return Footage(subject, sets, ())


@pytest.mark.parametrize("stiffness", [0.0, 1e-3])
def test_landmarks_that_stay_leave_the_picture_as_it_was(stiffness: float) -> None:
    picture, points = scene(128), in_crop(landmarks(), 128)
    assert np.abs(bend(picture, points, points, stiffness).astype(int) - picture).max() <= 1


@pytest.mark.parametrize("stiffness", [0.0, 1e-2])
def test_an_affine_move_of_the_landmarks_is_the_affine_warp_of_the_picture(stiffness: float) -> None:
    picture, points = scene(128), in_crop(landmarks(), 128)
    moved_23 = np.array([[1.06, 0.08, -7.0], [-0.05, 0.95, 6.0]])
    bent = bend(picture, points, align.apply(moved_23, points), stiffness)
    true = cv2.warpAffine(picture, moved_23, (128, 128), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    assert np.abs(bent.astype(int) - true)[8:-8, 8:-8].max() <= 2


def test_the_spline_passes_through_its_points_and_agrees_with_scipy() -> None:
    from scipy.interpolate import RBFInterpolator

    random = np.random.default_rng(0)
    at, values, asked = random.random((30, 2)), random.random((30, 2)), random.random((50, 2))
    np.testing.assert_allclose(spline(at, values, at, 0.0), values, atol=1e-5)
    other = RBFInterpolator(at, values, kernel="thin_plate_spline", degree=1)
    np.testing.assert_allclose(spline(at, values, asked, 0.0), other(asked), atol=1e-5)


def test_bending_carries_each_landmark_to_its_place() -> None:
    """A dot on a landmark of the picture is found on the same landmark of the result."""
    size = 192
    here, there = in_crop(landmarks(), size), in_crop(landmarks(opened=0.12, yaw=8), size)
    for number in (8, 30, 36, 48, 57):
        y, x = np.mgrid[:size, :size]
        dot = 255 * np.exp(-((x - here[number, 0]) ** 2 + (y - here[number, 1]) ** 2) / 8)
        bent = bend(np.repeat(dot[..., None], 3, axis=-1).astype(np.uint8), here, there, 0.0)[..., 0].astype(float)
        found = np.unravel_index(bent.argmax(), bent.shape)[::-1]
        assert np.hypot(*(found - there[number])) < 1.6, number


def test_nothing_folds_when_the_mouth_opens_and_the_head_turns() -> None:
    """The map keeps its orientation everywhere in the face: no picture lies upon itself, no triangle tears."""
    here, there = in_crop(landmarks(), 256), in_crop(landmarks(opened=0.06, yaw=10), 256)
    to, back = controls(here, there, 256)
    y, x = np.mgrid[16:240:2, 16:240:2]
    field = spline(to / 256, back / 256, np.column_stack([x.ravel(), y.ravel()]) / 256, 1e-4).reshape(*x.shape, 2) * 128
    (down_x, down_y), (right_x, right_y) = (
        (np.gradient(field[..., 0], axis=axis), np.gradient(field[..., 1], axis=axis)) for axis in (0, 1)
    )
    assert (right_x * down_y - right_y * down_x).min() > 0


def test_closed_eyes_whose_landmarks_coincide_are_survived() -> None:
    here = landmarks()
    there = here.copy()
    there[[41, 40]] = there[[37, 38]]
    bent = bend(scene(96), in_crop(here, 96), in_crop(there, 96), 1e-4)
    assert bent.std() > 10


@pytest.mark.parametrize("steadiness", [0.0, 0.4, 3.0])
def test_the_path_is_the_cheapest_of_all(steadiness: float) -> None:
    random = np.random.default_rng(1)
    pool, target, clips = random.random((5, 3)), random.random((5, 3)), np.array([0, 0, 1, 1, 1])

    def cost(path: tuple[int, ...]) -> float:
        misfit = sum(np.linalg.norm(pool[m] - target[t]) for t, m in enumerate(path))
        pairs = itertools.pairwise(path)
        change = sum(np.linalg.norm(pool[a] - pool[b]) + 0.05 * (clips[a] != clips[b]) for a, b in pairs)
        return float(misfit + steadiness * change)

    best = min(itertools.product(range(5), repeat=5), key=cost)
    assert tuple(warp.choose(pool, target, clips, steadiness)) == best


def test_the_source_frame_of_the_same_expression_and_pose_is_chosen() -> None:
    """The source shows every expression once, on another face; each frame of the driver finds its own."""
    shown = [(opened, yaw) for opened in (0.0, 0.06, 0.12) for yaw in (-20.0, 0.0, 20.0)]
    wide = np.array([1.05, 0.97])
    source = faceset([landmarks(opened=o, yaw=y) * wide for o, y in shown], [y for _, y in shown], [scene(96)] * 9)
    driver = faceset([landmarks(opened=o, yaw=y) for o, y in shown], [y for _, y in shown], [scene(96)] * 9)
    pool, target = warp.gather((source,), CONFIG), warp.gather((driver,), CONFIG, every=True)
    chosen = warp.choose(*warp.features(pool, target), pool.members_M2[:, 0], 0.0)
    np.testing.assert_array_equal(chosen, np.arange(9))


def test_convert_gives_the_source_back_when_driver_and_source_are_one() -> None:
    shapes = [landmarks(opened=0.01 * number) for number in range(20)]
    pictures = [scene(96, seed=number) for number in range(20)]
    clip = faceset(shapes, [0.0] * 20, pictures)
    batches = list(warp.convert(torch.nn.Identity(), footage("a", clip), footage("a", clip), CONFIG))
    assert [len(batch) for batch in batches] == [16, 4]
    assert all(batch.dtype == torch.float32 for batch in batches)
    crops = torch.cat(batches).permute(0, 2, 3, 1).numpy() * 255
    assert np.abs(crops - np.array(pictures)).max() <= 2


def test_the_face_is_lit_like_the_drivers() -> None:
    """One face, filmed by the driver in half the light: at light 1 the crop is as dark, at 0 as the source is."""
    bright, dark = scene(96), (scene(96) * 0.5).astype(np.uint8)
    source, driver = (footage(name, faceset([landmarks()], [0.0], [p])) for name, p in (("s", bright), ("d", dark)))
    middles = []
    for light in (0.0, 1.0):
        config = dataclasses.replace(CONFIG, light=light)
        crops = torch.cat(list(warp.convert(torch.nn.Identity(), source, driver, config)))
        middles.append(float(crops[0, :, 40:56, 40:56].mean() * 255))
    assert middles[0] == pytest.approx(bright[40:56, 40:56].mean(), abs=2)
    assert middles[1] == pytest.approx(dark[40:56, 40:56].mean(), rel=0.08)


def test_convert_of_several_clips_yields_a_crop_for_every_kept_frame_in_order() -> None:
    source = faceset([landmarks()], [0.0], [scene(96)])
    first, second = (faceset([landmarks()] * count, [0.0] * count, [scene(96)] * count) for count in (3, 18))
    batches = list(warp.convert(torch.nn.Identity(), footage("s", source), footage("d", first, second), CONFIG))
    assert sum(len(batch) for batch in batches) == 21


def test_a_source_or_driver_without_faces() -> None:
    some, none = faceset([landmarks()], [0.0], [scene(96)]), faceset([landmarks()], [0.0], [scene(96)])
    none.landmarks_N682 = none.landmarks_N682[:0]
    none.kept = none.kept.iloc[:0]
    none.view = lambda coverage, size: View(
        np.zeros((0, 96, 96, 3), np.uint8), np.zeros((0, 2, 3)), np.eye(2, 3), coverage, size
    )
    with pytest.raises(FaceError, match="nobody"):
        list(warp.convert(torch.nn.Identity(), footage("nobody", none), footage("d", some), CONFIG))
    assert list(warp.convert(torch.nn.Identity(), footage("s", some), footage("d", none), CONFIG)) == []


def test_a_change_of_source_frame_is_faded_and_shares_sum_to_one() -> None:
    chosen = np.array([0, 0, 0, 7, 7, 7])
    assert warp.faded(chosen, 0, 0) == {0: 1.0}
    shares = [warp.faded(chosen, time, 2).get(7, 0.0) for time in range(6)]
    np.testing.assert_allclose(shares, [0, 1 / 9 / (1 - 0 / 9), 1 / 3, 2 / 3, 8 / 9, 1], atol=0.02)
    assert all(sum(warp.faded(chosen, time, 2).values()) == pytest.approx(1) for time in range(6))


def test_shape_1_keeps_the_sources_own_face_and_the_drivers_jaw() -> None:
    """A driver in the middle of its range wears the source's proportions; at shape 0 it keeps its own."""
    other = landmarks() + np.where(np.arange(68)[:, None] >= 27, [0.0, 0.03], 0.0)
    source, driver = (warp.gather((faceset([s], [0.0], [scene(96)]),), CONFIG) for s in (other, landmarks()))
    np.testing.assert_allclose(warp.placed(source, driver, 0.0), driver.points_M682)
    worn = warp.placed(source, driver, 1.0)[0]
    np.testing.assert_allclose(worn[17:], source.points_M682[0, 17:], atol=1e-4)
    np.testing.assert_allclose(worn[:17], driver.points_M682[0, :17])


def test_a_large_pool_is_thinned_evenly() -> None:
    clips = [faceset([landmarks()] * 50, [0.0] * 50, [scene(96)] * 50) for _ in range(2)]
    pool = warp.gather(clips, dataclasses.replace(CONFIG, pool=11))
    assert len(pool.points_M682) == 11
    assert {0, 1} == set(pool.members_M2[:, 0])


@pytest.mark.parametrize(
    ("field", "value"), [("shape", 1.5), ("light", -0.1), ("pool", 0), ("fade", -1), ("stiffness", -0.1)]
)
def test_settings_out_of_range_are_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        dataclasses.replace(CONFIG, **{field: value})
