"""Marks in pictures: what a marked picture keeps, and where the mark is found again."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from understudy.errors import Error
from understudy.watermark import PUBLIC, Picture, detect_pictures
from understudy.watermark.found import chance
from understudy.watermark.residue import Residue
from understudy.watermark.search import fits
from understudy.watermark.tile import SIDE, tile, waves

PAYLOAD = 0xCAFEBABE
OTHER_KEY = bytes(range(32))
Scene = Callable[..., NDArray[np.uint8]]


def marked(frames_THWC: NDArray[np.uint8], payload: int = PAYLOAD) -> NDArray[np.uint8]:
    height, width = frames_THWC.shape[1:3]
    picture = Picture(width, height, payload, PUBLIC)
    return np.array([picture.mark(frame) for frame in frames_THWC])


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    error = np.mean((one.astype(np.float64) - other) ** 2)
    return float(10 * np.log10(255**2 / error)) if error else np.inf


def board(size: int) -> NDArray[np.uint8]:
    return np.repeat((np.indices((256, 256)).sum(0) // size % 2 * 255).astype(np.uint8)[..., None], 3, 2)


FRAMES = {
    "black": np.zeros((256, 256, 3), np.uint8),
    "white": np.full((256, 256, 3), 255, np.uint8),
    "grey": np.full((256, 256, 3), 128, np.uint8),
    "red": np.tile(np.array([255, 0, 0], np.uint8), (256, 256, 1)),
    "noise": np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8),
    "fine board": board(1),
    "coarse board": board(8),
    "odd size": np.random.default_rng(1).integers(0, 256, (131, 77, 3), np.uint8),
    "smallest": np.random.default_rng(2).integers(90, 110, (64, 64, 3), np.uint8),
}


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("payload", [0, PAYLOAD, 2**32 - 1])
def test_no_frame_whatsoever_falls_below_40_dB(name: str, payload: int) -> None:
    frame = FRAMES[name]
    assert psnr(frame, marked(frame[None], payload)[0]) >= 40


def test_marking_is_the_same_for_the_same_frame_and_leaves_the_frame_alone(scene: Scene) -> None:
    one, two = scene(frames=2)
    before, picture = one.copy(), Picture(256, 256, PAYLOAD, PUBLIC)
    first = picture.mark(one)
    picture.mark(two)
    assert np.array_equal(picture.mark(one), first)
    assert np.array_equal(Picture(256, 256, PAYLOAD, PUBLIC).mark(one), first)
    assert np.array_equal(one, before)
    assert not np.array_equal(Picture(256, 256, PAYLOAD + 1, PUBLIC).mark(one), first)


def test_calm_places_change_less_than_restless_ones() -> None:
    frame = np.full((256, 256, 3), 128, np.uint8)
    frame[:, 128:] = np.random.default_rng(0).integers(60, 196, (256, 128, 1), np.uint8)
    change = np.abs(marked(frame[None])[0].astype(int) - frame)
    assert change[:, :110].mean() < 0.5
    assert change[:, :110].max() <= 2
    assert change[:, 146:].mean() > 4 * change[:, :110].mean()


def test_a_lone_edge_hides_nothing_beside_it() -> None:
    frame = np.full((256, 256, 3), 40, np.uint8)
    frame[:, 128:] = 200
    change = np.abs(marked(frame[None])[0].astype(int) - frame)
    assert max(change[:, :119].max(), change[:, 137:].max()) <= 2


def test_one_still_picture_is_enough(scene: Scene) -> None:
    found = detect_pictures(iter(marked(scene(frames=1))), PUBLIC)
    assert found
    assert found.payload == PAYLOAD
    assert found.confidence > 1 - 1e-6
    assert found.detail["frames"] == 1
    assert abs(found.detail["scale_across"] - 1) < 0.01


@pytest.mark.parametrize("name", ["black", "white", "grey", "red"])
def test_even_a_picture_of_nothing_carries_it(name: str) -> None:
    found = detect_pictures([marked(FRAMES[name][None])[0]], PUBLIC)
    assert found
    assert found.payload == PAYLOAD


def test_it_outlives_crf_28_after_the_published_encoding(scene: Scene, film: Scene) -> None:
    published = film(marked(scene()), "-c:v", "libx264", "-crf", "18")
    found = detect_pictures(film(published, "-c:v", "libx264", "-crf", "28"), PUBLIC)
    assert found
    assert found.payload == PAYLOAD


@pytest.mark.parametrize(
    ("filters", "scale"),
    [
        ("scale=iw*3/4:-2", 0.75),
        ("crop=204:204:26:26", 1.0),
        ("crop=230:256:0:0,scale=iw*3/4:-2", 0.75),
        ("scale=342:342", 342 / 256),
        ("hflip", 1.0),
    ],
)
def test_scaling_cropping_and_mirroring_are_seen_through(scene: Scene, film: Scene, filters: str, scale: float) -> None:
    published = film(marked(scene()), "-c:v", "libx264", "-crf", "18")
    found = detect_pictures(film(published, "-c:v", "libx264", "-crf", "23", filters=filters), PUBLIC)
    assert found
    assert found.payload == PAYLOAD
    assert abs(found.detail["scale_across"] / scale - 1) < 0.02
    assert found.detail["mirrored"] == float(filters == "hflip")


def test_it_outlives_webm(scene: Scene, film: Scene) -> None:
    published = film(marked(scene()), "-c:v", "libx264", "-crf", "18")
    fast = ("-deadline", "realtime", "-cpu-used", "8")
    found = detect_pictures(
        film(published, "-c:v", "libvpx-vp9", "-b:v", "0", "-crf", "33", *fast, ending="webm"), PUBLIC
    )
    assert found
    assert found.payload == PAYLOAD


def test_it_outlives_jpeg(scene: Scene) -> None:
    data = cv2.imencode(".jpg", marked(scene(frames=1))[0], [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
    found = detect_pictures([np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)], PUBLIC)
    assert found
    assert found.payload == PAYLOAD


def test_another_key_finds_nothing_and_an_unmarked_clip_holds_nothing(scene: Scene) -> None:
    assert detect_pictures(marked(scene(frames=9)), OTHER_KEY) is None
    assert detect_pictures(scene(frames=9), PUBLIC) is None


@pytest.mark.parametrize("name", FRAMES)
def test_unmarked_pictures_of_every_kind_hold_nothing(name: str) -> None:
    assert detect_pictures([FRAMES[name]], PUBLIC) is None


def test_no_more_frames_are_read_than_it_takes(scene: Scene) -> None:
    frames, read = marked(scene(frames=3)), 0

    def counted() -> Iterator[NDArray[np.uint8]]:
        nonlocal read
        for frame in frames:
            read += 1
            yield frame

    assert detect_pictures(counted(), PUBLIC)
    assert read == 1


def test_a_clip_whose_first_frames_are_bare_is_found_by_those_that_follow(scene: Scene) -> None:
    frames = scene(frames=20)
    frames[4:] = marked(frames[4:])
    found = detect_pictures(frames, PUBLIC)
    assert found
    assert found.payload == PAYLOAD
    assert found.detail["frames"] > 4


def test_no_frames_hold_nothing_and_two_sizes_are_an_error(scene: Scene) -> None:
    assert detect_pictures([], PUBLIC) is None
    with pytest.raises(Error, match="64x256"):
        detect_pictures([scene(frames=1)[0], scene(frames=1)[0][:, :64]], PUBLIC)


def test_a_picture_is_64_px_at_least_and_a_key_32_bytes() -> None:
    with pytest.raises(Error, match="63x64"):
        Picture(63, 64, PAYLOAD, PUBLIC)
    with pytest.raises(Error, match="32"):
        Picture(64, 64, PAYLOAD, b"short")
    with pytest.raises(Error, match="uint8"):
        Picture(64, 64, PAYLOAD, PUBLIC).mark(np.zeros((64, 65, 3), np.uint8))


def test_a_smooth_picture_smaller_than_a_tile_still_carries_it() -> None:
    frame = cv2.resize(np.random.default_rng(0).integers(0, 255, (3, 3, 3), np.uint8), (96, 96))
    found = detect_pictures([marked(frame[None])[0]], PUBLIC)
    assert found
    assert found.payload == PAYLOAD


def test_payloads_share_the_sync_waves_and_nothing_else() -> None:
    lines = [np.fft.fft2(tile(PUBLIC, each)) for each in (PAYLOAD, PAYLOAD ^ 0xFFFF)]
    sought = waves(PUBLIC)
    one, other = (line[sought.waves_K2[:, 0], sought.waves_K2[:, 1]] for line in lines)
    same = np.isclose(one, other, atol=1e-2 * np.abs(one).mean())
    assert same[sought.bits_K < 0].all()
    assert 0.2 < same[sought.bits_K >= 0].mean() < 0.8


def test_unmarked_pictures_fit_as_chance_says_they_do(scene: Scene) -> None:
    # The bound on false alarms needs a score whose tails are no heavier than exp(-z^2 / 2): over keys and places.
    scores = []
    for seed in range(12):
        residue = Residue()
        residue.add(scene(frames=1, seed=seed)[0])
        scores.append(fits(residue.spectrum(), waves(bytes([seed]) * 32)).reshape(-1))
    pooled = np.concatenate(scores)
    assert abs(pooled.std() - 1) < 0.02
    for level in (1.0, 2.0, 3.0, 4.0):
        assert (pooled > level).mean() <= 1.2 * np.exp(-(level**2) / 2)
    assert pooled.size == 12 * SIDE**2


def test_the_bound_on_chance_counts_places_and_payloads() -> None:
    assert chance(0.0, 1) == 1
    assert chance(-20.0, 1) == 1
    assert chance(12.0, 1000) == pytest.approx(1000 * 2**32 * np.exp(-72.0))
