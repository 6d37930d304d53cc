"""Flicker is what changes in the fake and not in the driver, whatever the driver does."""

import cv2
import metric_stage as stage
import numpy as np
from numpy.typing import NDArray

FACE = stage.face((64.0, 60.0), 56.0)


def texture(seed: int = 0, dx: float = 0.0, spread: float = 60.0) -> NDArray[np.uint8]:
    """A smooth random picture around grey, moved right by dx pixels."""
    noise = np.random.default_rng(seed).normal(size=(128, 160, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    moved = cv2.warpAffine(smooth, np.array([[1, 0, dx - 16], [0, 1, 0]]), (128, 128), flags=cv2.INTER_CUBIC)
    return np.asarray(np.clip(128 + moved / smooth.std() * spread / 2, 20, 235).round(), np.uint8)


def flicker(fakes: list[NDArray[np.uint8]], drivers: list[NDArray[np.uint8]]) -> tuple[float, int]:
    pairs = zip(fakes, drivers, strict=True)
    row = stage.run("flicker", [stage.moment(FACE, FACE, fake_HWC=a, driver_HWC=b) for a, b in pairs])["flicker"]
    return row.value, row.n


MOVING = [texture(0, 1.3 * t) for t in range(5)]


def test_the_driver_unchanged_does_not_flicker() -> None:
    assert flicker(MOVING, MOVING) == (0.0, 4)


def test_an_alternation_by_plus_and_minus_d_flickers_by_2d() -> None:
    still = [texture(0)] * 5
    for drivers, near in (
        (still, 1e-6),
        (MOVING, 0.1),
    ):  # a moving driver has some error of its own, which hides a little
        fakes = [(frame.astype(int) + 6 * (-1) ** t).astype(np.uint8) for t, frame in enumerate(drivers)]
        value, _ = flicker(fakes, drivers)
        np.testing.assert_allclose(value, 12 / 255, rtol=near)


def test_a_constant_change_of_colour_does_not_flicker() -> None:
    value, _ = flicker([frame + np.uint8(15) for frame in MOVING], MOVING)
    assert abs(value) < 1e-7


def test_a_texture_that_moves_with_the_driver_flickers_less_than_one_that_stays() -> None:
    along, _ = flicker([texture(7, 1.3 * t) for t in range(5)], MOVING)
    stays, _ = flicker([texture(7)] * 5, MOVING)
    assert along < 0.35 * stays


def test_stronger_noise_flickers_more_and_a_frozen_face_less_than_footage() -> None:
    rng = np.random.default_rng(3)
    values = [
        flicker([np.clip(f + rng.normal(0, s, f.shape), 0, 255).astype(np.uint8) for f in MOVING], MOVING)[0]
        for s in (1, 3, 9)
    ]
    assert 0 < values[0] < values[1] < values[2]
    # Two independent frames of noise: their difference is normal with sqrt(2) sigma, less what the warp interpolates.
    assert 0.7 < values[2] * 255 / (9 * np.sqrt(2) * np.sqrt(2 / np.pi)) < 1.05
    grainy = [np.clip(f + rng.normal(0, 3, f.shape), 0, 255).astype(np.uint8) for f in MOVING]
    assert flicker([np.full_like(f, 128) for f in MOVING], grainy)[0] < -1 / 255


def test_only_the_face_counts_and_frames_without_one_do_not() -> None:
    spoilt = [frame.copy() for frame in MOVING]
    for t, frame in enumerate(spoilt):
        frame[:20] = 255 * (t % 2)
        frame[:, 110:] = 255 * (t % 2)
    assert flicker(spoilt, MOVING) == (0.0, 4)
    faces = [FACE, None, FACE, FACE, FACE]
    moments = [stage.moment(f, f, fake_HWC=a, driver_HWC=a) for f, a in zip(faces, MOVING, strict=True)]
    assert stage.run("flicker", moments)["flicker"].n == 3


def test_a_face_at_the_edge_of_the_frame_is_measured() -> None:
    for middle in ((4.0, 60.0), (126.0, 124.0)):
        face = stage.face(middle, 56.0)
        moments = [
            stage.moment(face, face, fake_HWC=a, driver_HWC=b) for a, b in zip(MOVING[::-1], MOVING, strict=True)
        ]
        assert stage.run("flicker", moments)["flicker"].value > 0
