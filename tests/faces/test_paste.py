"""A paste changes the face and nothing else, puts it where it belongs, and leaves no edge."""

import dataclasses
import itertools
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from understudy.errors import ConfigError
from understudy.faces import align
from understudy.faces import paste as pasting
from understudy.faces.paste import Paste, paste
from understudy.settings import build, plain

PLAIN = Paste(mask="hull", erode=0.0, blur=0.06, colour="none", seamless=False, interpolation="cubic", sharpen=0.0)


def face(x: float, y: float, side: float, degrees: float = 0.0) -> NDArray[np.float64]:
    """68 landmarks: the mean face, and a jaw below it, `side` pixels wide, centred on (x, y), rotated."""
    angles = np.linspace(np.pi, 0, 17)
    jaw = np.column_stack([0.5 + 0.62 * np.cos(angles), 0.35 + 0.85 * np.sin(angles)])
    points = (np.vstack([jaw, align.MEAN_51]) - 0.5) * side
    turn = np.radians(degrees)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.asarray(points @ rotation.T + (x, y))


def scene(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """A smooth picture with detail of several sizes."""
    noise = np.random.default_rng(seed).normal(size=(height, width, 3))
    layers = sum(cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (2, 6, 20))
    return np.clip(128 + 60 * np.asarray(layers), 0, 255).astype(np.uint8)


def psnr(one: NDArray[Any], other: NDArray[Any]) -> float:
    return float(10 * np.log10(255**2 / np.mean((one.astype(float) - other.astype(float)) ** 2)))


LANDMARKS = face(310, 180, 120, 12)


CHANGES: list[dict[str, Any]] = [
    {"mask": "box"},
    {"mask": "hull", "seamless": True},
    {"mask": "extended", "colour": "sot"},
    {"colour": "idt", "seamless": True},
    {"colour": "lct", "erode": -0.1},
    {"colour": "mkl", "sharpen": 2.0, "sharpener": "box", "radius": 4.0},
    {"shutter": 1.0},
    {"shutter": 0.5, "sharpen": 1.0, "sharpener": "unsharp", "seamless": True},
    {"supersample": 3, "blur": 0.0},
    {"supersample": 2, "erode": 0.05, "shutter": 1.0},
    {"mask": "extended*learned", "supersample": 4, "erode": -0.05, "colour": "histogram"},
]


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_outside_the_mask_the_frame_stays_bit_for_bit(changes: dict[str, Any]) -> None:
    frame, crop = scene(360, 640), scene(64, 64, 9)
    settings = dataclasses.replace(PLAIN, **{"colour": "reinhard"} | changes)
    matrix, learned = align.align(LANDMARKS, 64, "full"), np.ones((64, 64), np.float32)
    out = paste(frame, crop, matrix, LANDMARKS, settings, learned, np.array([14.0, -9.0]))
    weights = pasting.mask(LANDMARKS, matrix, 64, settings, learned)
    scale = 2 * settings.supersample
    to_mask = align.compose(np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2]]), matrix)
    wide = np.ones((2 * scale + 1,) * 2) if settings.supersample > 1 else np.ones((3, 3))
    support = cv2.warpAffine(
        cv2.dilate((weights > 0).astype(np.uint8), wide), to_mask, (640, 360), flags=1 | cv2.WARP_INVERSE_MAP
    )
    changed = (out != frame).any(axis=-1)
    assert changed.any()
    assert not changed[support == 0].any()
    np.testing.assert_array_equal(frame, scene(360, 640))  # the frame given is not written to


@pytest.mark.parametrize("colour", ["none", "mean", "reinhard", "histogram", "lct", "mkl", "idt", "sot"])
def test_the_drivers_own_crop_leaves_the_frame_nearly_as_it_was(colour: Any) -> None:
    frame = scene(360, 640)
    size = 220
    matrix = align.align(LANDMARKS, size, "full")
    out = paste(frame, align.crop(frame, matrix, size), matrix, LANDMARKS, dataclasses.replace(PLAIN, colour=colour))
    x0, y0 = LANDMARKS.min(axis=0).astype(int)
    x1, y1 = LANDMARKS.max(axis=0).astype(int)
    assert psnr(out[y0:y1, x0:x1], frame[y0:y1, x0:x1]) > 40  # within the face alone


def test_seamless_puts_the_drivers_own_crop_back_without_a_shift() -> None:
    frame = scene(360, 640)
    matrix = align.align(LANDMARKS, 220, "full")
    out = paste(frame, align.crop(frame, matrix, 220), matrix, LANDMARKS, dataclasses.replace(PLAIN, seamless=True))
    assert psnr(out, frame) > 40


@pytest.mark.parametrize("size", [64, 256])
def test_a_crop_lands_where_its_matrix_says(size: int) -> None:
    """A blob at a known place of the crop is found, after a known similarity, at the place that the inverse gives."""
    matrix = align.align(LANDMARKS, size, "face")
    spot = np.array([0.55 * size, 0.48 * size])
    y, x = np.mgrid[:size, :size]
    blob = 255 * np.exp(-((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / (2 * (size / 20) ** 2))
    crop = np.repeat(np.rint(blob).astype(np.uint8)[..., None], 3, axis=-1)
    out = paste(np.zeros((360, 640, 3), np.uint8), crop, matrix, LANDMARKS, PLAIN)[..., 0].astype(float)
    rows, columns = np.mgrid[:360, :640]
    found = np.array([(out * columns).sum(), (out * rows).sum()]) / out.sum()
    np.testing.assert_allclose(found, align.apply(align.invert(matrix), spot), atol=0.1)


def test_a_large_crop_on_a_small_face_does_not_alias() -> None:
    checks = (np.indices((256, 256)).sum(axis=0) % 2 * 255).astype(np.uint8)
    landmarks = face(160, 120, 30)
    out = paste(
        np.full((240, 320, 3), 128, np.uint8),
        np.repeat(checks[..., None], 3, axis=-1),
        align.align(landmarks, 256, "full"),
        landmarks,
        PLAIN,
    )
    assert np.abs(out.astype(int) - 128).max() <= 6


@pytest.mark.parametrize("mask", ["box", "hull", "extended", "learned", "extended*learned"])
def test_masks_lie_between_0_and_1_and_end_before_the_crop_does(mask: pasting.Mask) -> None:
    learned = np.full((64, 64), 0.8, np.float32)
    settings = dataclasses.replace(PLAIN, mask=mask)
    weights = pasting.mask(LANDMARKS, align.align(LANDMARKS, 64, "half"), 64, settings, learned)
    assert weights.min() >= 0
    assert weights.max() <= 1
    assert weights.max() > 0.7
    border = np.concatenate([weights[0], weights[-1], weights[:, 0], weights[:, -1]])
    assert border.max() == 0


@pytest.mark.parametrize("erode", [0.02, 0.05, 0.2])
def test_an_eroded_mask_lies_inside_the_mask(erode: float) -> None:
    matrix = align.align(LANDMARKS, 128, "full")
    whole = pasting.mask(LANDMARKS, matrix, 128, PLAIN)
    eroded = pasting.mask(LANDMARKS, matrix, 128, dataclasses.replace(PLAIN, erode=erode))
    assert (eroded <= whole + 1e-6).all()
    assert eroded.sum() < whole.sum()


def test_erosion_takes_a_disc_off_and_blur_keeps_the_sum() -> None:
    y, x = np.mgrid[:128, :128] - 63.5
    disc = (np.hypot(x, y) <= 40).astype(np.float32)
    assert pasting.soften(disc, 10 / 128, 0).sum() == pytest.approx(np.pi * 30**2, rel=0.03)
    soft = pasting.soften(disc, 0, 0.1)
    assert soft.sum() == pytest.approx(disc.sum(), rel=1e-5)
    assert (soft[np.hypot(x, y) > 40 + 0.05 * 128 + 3] == 0).all()
    assert soft[63, 63] == pytest.approx(1)


def test_a_masks_edge_moves_smoothly_with_the_face() -> None:
    """Moved by a tenth of a pixel at a time, the paste changes by little each time: the mask does not flicker."""
    crop = np.full((64, 64, 3), 255, np.uint8)
    settings = dataclasses.replace(PLAIN, mask="extended", blur=0.06)
    still = align.align(LANDMARKS, 64, "full")
    steps = [LANDMARKS + np.array([0.1 * step, 0.0]) for step in range(12)]
    frames = [paste(np.zeros((360, 640, 3), np.uint8), crop, still, points, settings).astype(int) for points in steps]
    changes = [np.abs(after - before).max() for before, after in itertools.pairwise(frames)]
    assert max(changes) < 12  # of 255; a mask of whole pixels jumps by 128 and more


def test_products_multiply_and_a_missing_learned_mask_is_named() -> None:
    matrix = align.align(LANDMARKS, 64, "full")
    learned = np.full((64, 64), 0.5, np.float32)
    hull = pasting.mask(LANDMARKS, matrix, 64, PLAIN)
    both = pasting.mask(LANDMARKS, matrix, 64, dataclasses.replace(PLAIN, mask="hull*learned"), learned)
    np.testing.assert_allclose(both, hull / 2, atol=1e-6)
    with pytest.raises(ConfigError, match=r"paste\.mask.*learned"):
        paste(scene(360, 640), scene(64, 64), matrix, LANDMARKS, dataclasses.replace(PLAIN, mask="learned"))


@pytest.mark.parametrize("seamless", [False, True])
@pytest.mark.parametrize("at", [(5, 5), (635, 180), (320, 355), (-300, -300), (320, 180)])
def test_a_face_at_or_beyond_the_frames_border_is_survived(at: tuple[int, int], seamless: bool) -> None:
    frame = scene(360, 640)
    landmarks = face(*at, side=110)
    settings = dataclasses.replace(PLAIN, mask="extended", seamless=seamless, colour="reinhard")
    out = paste(frame, scene(64, 64, 1), align.align(landmarks, 64, "full"), landmarks, settings)
    assert out.shape == frame.shape
    assert out.dtype == np.uint8
    assert (out == frame).all() == (at[0] < 0)


def test_colours_of_beyond_the_frame_do_not_count() -> None:
    """Half of the face lies outside: its black would darken the paste if it were matched."""
    frame = np.full((360, 640, 3), 200, np.uint8)
    landmarks = face(0, 180, 120)
    settings = dataclasses.replace(PLAIN, colour="mean")
    out = paste(frame, np.full((64, 64, 3), 40, np.uint8), align.align(landmarks, 64, "full"), landmarks, settings)
    assert np.abs(out.astype(int) - 200).max() <= 1


def test_seamless_takes_the_frames_colour_along_the_edge() -> None:
    frame = np.full((360, 640, 3), 180, np.uint8)
    matrix = align.align(LANDMARKS, 64, "full")
    out = paste(frame, np.full((64, 64, 3), 60, np.uint8), matrix, LANDMARKS, dataclasses.replace(PLAIN, seamless=True))
    assert np.abs(out.astype(int) - 180).max() <= 3


def test_sharpening_raises_contrast_and_none_changes_nothing() -> None:
    frame, crop = scene(360, 640), scene(64, 64, 3)
    matrix = align.align(LANDMARKS, 64, "full")
    plain, sharp = (
        paste(frame, crop, matrix, LANDMARKS, dataclasses.replace(PLAIN, sharpen=amount))[140:220, 270:350].astype(
            float
        )
        for amount in (0.0, 1.0)
    )
    assert np.abs(np.diff(sharp, axis=1)).mean() > 1.1 * np.abs(np.diff(plain, axis=1)).mean()
    assert sharp.mean() == pytest.approx(plain.mean(), abs=1)


def test_what_a_method_yields_becomes_pictures_and_masks() -> None:
    crops = np.random.default_rng(0).random((3, 4, 8, 8)).astype(np.float32) * 1.2 - 0.1
    pictures, learned = pasting.pictures(crops)
    assert pictures.dtype == np.uint8
    np.testing.assert_array_equal(pictures[1, 2, 3], np.rint(np.clip(crops[1, :3, 2, 3], 0, 1) * 255))
    assert learned is not None
    np.testing.assert_array_equal(learned, np.clip(crops[:, 3], 0, 1))
    assert pasting.pictures(crops[:, :3])[1] is None


@pytest.mark.parametrize("matrix_angle", [0, 17])
def test_a_super_sampled_edge_is_nearer_to_the_true_coverage(matrix_angle: float) -> None:
    """A white crop on black, a hard edge: each pixel's value is the share of it that the hull covers."""
    landmarks, finer = face(160, 120, 90, matrix_angle), 16
    ring = cv2.convexHull(landmarks.astype(np.float32))[:, 0].astype(np.float64)
    fine = np.zeros((240 * finer, 320 * finer), np.uint8)
    cv2.fillConvexPoly(fine, np.rint(((ring + 0.5) * finer - 0.5) * 16).astype(np.int32), 255, shift=4)
    truth = cv2.resize(fine, (320, 240), interpolation=cv2.INTER_AREA).astype(float)
    matrix, crop = align.align(landmarks, 64, "head"), np.full((64, 64, 3), 255, np.uint8)
    errors = []
    for supersample in (1, 2, 4, 8):
        settings = dataclasses.replace(PLAIN, blur=0.0, supersample=supersample)
        out = paste(np.zeros((240, 320, 3), np.uint8), crop, matrix, landmarks, settings)[..., 0]
        errors.append(np.abs(out - truth).sum() / 255 / cv2.arcLength(ring.astype(np.float32), closed=True))
    assert all(after < 0.75 * before for before, after in itertools.pairwise(errors))
    assert errors[2] < 0.25 * errors[0]
    assert errors[3] < 0.2  # pixels of area for each pixel of the edge; cv2 draws polygons half a pixel too large


@pytest.mark.parametrize("erode", [-0.1, 0.0, 0.1])
@pytest.mark.parametrize("blur", [0.0, 0.1])
def test_super_sampling_keeps_the_masks_shape(erode: float, blur: float) -> None:
    """The finer mask is the same one: as large, and soft over the same width."""
    matrix = align.align(LANDMARKS, 64, "head")
    areas = []
    for supersample in (1, 2, 4):
        settings = dataclasses.replace(PLAIN, erode=erode, blur=blur, supersample=supersample)
        areas.append(pasting.alpha((360, 640), 64, matrix, LANDMARKS, settings).sum())
    np.testing.assert_allclose(areas, areas[-1], rtol=0.05)


def test_a_mask_grows_and_shrinks_by_the_same_setting() -> None:
    matrix = align.align(LANDMARKS, 128, "head")
    areas = []
    for erode in (-0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2):
        weights = pasting.mask(LANDMARKS, matrix, 128, dataclasses.replace(PLAIN, erode=erode))
        areas.append(weights.sum())
    assert all(after < before for before, after in itertools.pairwise(areas))


def test_the_pasted_face_is_blurred_along_the_drivers_way_and_the_frame_is_not() -> None:
    """Stripes across the way lose their contrast where the streak is one period long; stripes along it do not."""
    frame, x = scene(360, 640), np.arange(256)
    landmarks = face(310, 180, 160)
    matrix = align.align(landmarks, 256, "full")
    period = 8.0 * np.sqrt(abs(np.linalg.det(matrix[:, :2])))  # 8 pixels of the frame
    line = np.rint(128 + 100 * np.sin(2 * np.pi * x / period)).astype(np.uint8)
    upright = np.repeat(np.broadcast_to(line, (256, 256))[..., None], 3, axis=-1).copy()
    inner = (slice(160, 200), slice(290, 330))
    contrast = {}
    for name, crop in (("across", upright), ("along", upright.transpose(1, 0, 2).copy())):
        for shutter in (0.0, 0.25, 0.5):
            settings = dataclasses.replace(PLAIN, shutter=shutter)
            out = paste(frame, crop, matrix, landmarks, settings, motion_2=np.array([16.0, 0.0]))
            contrast[name, shutter] = float(out[inner][..., 0].std())
    assert contrast["across", 0.25] == pytest.approx(contrast["across", 0.0] * 2 / np.pi, rel=0.05)  # sinc of a half
    assert contrast["across", 0.5] < 0.05 * contrast["across", 0.0]
    assert contrast["along", 0.5] > 0.97 * contrast["along", 0.0]


def test_the_shutters_own_share_is_the_one_that_fits_a_filmed_streak() -> None:
    """The driver was filmed while moving, half of each frame's time; its sharp face blurred by half fits the best."""
    wide, step = scene(360, 700, 5), np.array([18.0, 0.0])
    opened = np.linspace(-4.5, 4.5, 37)  # where the shutter saw the driver: 9 of the 18 pixels
    views = [
        cv2.warpAffine(wide, np.array([[1.0, 0, x - 30], [0, 1.0, 0]]), (640, 360), flags=cv2.INTER_CUBIC)
        for x in opened
    ]
    filmed, sharp = np.rint(np.mean(views, axis=0)).astype(np.uint8), wide[:, 30:670].copy()
    landmarks = face(310, 180, 160)
    matrix = align.align(landmarks, 320, "full")
    crop, inner = align.crop(sharp, matrix, 320), (slice(120, 240), slice(250, 370))
    fits = {}
    for shutter in (0.0, 0.25, 0.4, 0.5, 0.6, 0.75, 1.0):
        settings = dataclasses.replace(PLAIN, shutter=shutter)
        fits[shutter] = psnr(paste(filmed, crop, matrix, landmarks, settings, None, step)[inner], filmed[inner])
    assert max(fits, key=lambda shutter: fits[shutter]) == 0.5
    assert fits[0.5] > fits[0.0] + 10


def test_a_shutter_that_knows_no_movement_is_named() -> None:
    settings, matrix = dataclasses.replace(PLAIN, shutter=0.5), align.align(LANDMARKS, 64, "full")
    with pytest.raises(ConfigError, match=r"paste\.shutter.*not known"):
        paste(scene(360, 640), scene(64, 64), matrix, LANDMARKS, settings)
    still = paste(scene(360, 640), scene(64, 64), matrix, LANDMARKS, settings, motion_2=np.zeros(2))
    np.testing.assert_array_equal(still, paste(scene(360, 640), scene(64, 64), matrix, LANDMARKS, PLAIN))


def test_a_face_that_leaps_across_the_frame_is_survived() -> None:
    settings, matrix = dataclasses.replace(PLAIN, shutter=1.0), align.align(LANDMARKS, 64, "full")
    out = paste(scene(360, 640), scene(64, 64), matrix, LANDMARKS, settings, motion_2=np.array([4e4, -1e4]))
    assert out.shape == (360, 640, 3)


@pytest.mark.parametrize("supersample", [1, 3])
def test_the_blend_says_which_pixels_are_the_fakes(supersample: int) -> None:
    """Black to white: what a pixel of the frame has become is its weight."""
    frame, crop = np.zeros((360, 640, 3), np.uint8), np.full((64, 64, 3), 255, np.uint8)
    settings = dataclasses.replace(PLAIN, supersample=supersample)
    matrix = align.align(LANDMARKS, 64, "full")
    blend = pasting.blend(frame, crop, matrix, LANDMARKS, settings)
    weights = pasting.alpha(frame.shape, 64, matrix, LANDMARKS, settings)
    np.testing.assert_allclose(blend.frame_HWC[..., 0] / 255, weights, atol=1 / 255)
    np.testing.assert_array_equal(blend.fake_HW(), weights > 0.5)
    assert blend.fake_HW().sum() == pytest.approx(weights.sum(), rel=0.02)
    x0, y0, x1, y1 = blend.box or (0, 0, 0, 0)
    weights[y0:y1, x0:x1] = 0
    assert not weights.any()
    away = pasting.blend(frame, crop, align.align(LANDMARKS - 2000, 64, "full"), LANDMARKS - 2000, settings)
    assert away.box is None
    assert not away.fake_HW().any()
    assert away.fake_HW().shape == (360, 640)


def test_a_study_written_before_these_settings_stays_valid_and_pastes_the_same() -> None:
    old = {"mask": "hull", "erode": 0.0, "blur": 0.06, "colour": "none", "seamless": False, "interpolation": "cubic"}
    assert build(Paste, old | {"sharpen": 0.0}, "paste", complete=True) == PLAIN
    assert build(Paste, plain(PLAIN), "paste", complete=True) == PLAIN
    with pytest.raises(ConfigError, match="sharpener"):
        build(Paste, old | {"sharpen": 0.0, "sharpenr": "box"}, "paste")


@pytest.mark.parametrize(
    ("field", "value"),
    [("erode", -0.6), ("blur", 0.9), ("sharpen", 5.0), ("radius", 0.0), ("shutter", 1.5), ("supersample", 0)],
)
def test_settings_out_of_range_are_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        dataclasses.replace(PLAIN, **{field: value})
