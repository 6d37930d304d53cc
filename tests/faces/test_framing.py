"""Framing: one square for a clip, that holds the face in every frame; and whoever asks is told what was done."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy import files, media
from understudy.errors import FaceError
from understudy.faces import framing
from understudy.faces.align import apply
from understudy.faces.extract import extract
from understudy.faces.faceset import COLUMNS, Faceset
from understudy.faces.framing import Framing, Square, frame_clip, framed, place, read_matrix, resized
from understudy.faces.survey import Extraction

from .conftest import Filmed

PLAIN = Framing(size=64, smallest=20)


def boxed(boxes: np.ndarray, wide: int, high: int, faces: int = 1) -> Faceset:
    """A faceset whose face lies in these boxes (T4), NaN where there is none."""
    table = pd.DataFrame({name: np.zeros(len(boxes)) for name in COLUMNS})
    table[["x0", "y0", "x1", "y1"]] = boxes
    table["faces"], table["found"] = faces, np.isfinite(boxes[:, 0])
    card = {"width": wide, "height": high, "fps": 25.0, "size": 8, "coverage": "full"}
    nothing = np.zeros((0, 8, 8, 3), np.uint8)
    return Faceset(Path("nowhere"), card, table, nothing, np.zeros((len(boxes), 68, 2), np.float32))


def dotted(path: Path, places: np.ndarray, wide: int, high: int, sound: Path | None = None) -> Path:
    """A clip on grey with a white dot at a place (x, y) in each frame, and a black one that stays at (40, 50)."""
    rows, columns = np.mgrid[:high, :wide]

    def frames():
        for x, y in places:
            light = 128 + 127 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 18)
            light -= 127 * np.exp(-((columns - 40) ** 2 + (rows - 50) ** 2) / 18)
            yield np.repeat(np.clip(light, 0, 255).astype(np.uint8)[..., None], 3, axis=2)

    media.write(path, frames(), fps=Fraction(25), sound=sound, crf=4, preset="ultrafast")
    return path


def found(frame: np.ndarray, sign: int) -> np.ndarray:
    """Where the white (1) or black (-1) dot lies, (x, y)."""
    light = np.maximum(sign * (frame[..., 0].astype(float) - 128) - 40, 0)
    rows, columns = np.mgrid[: light.shape[0], : light.shape[1]]
    return np.array([(light * columns).sum(), (light * rows).sum()]) / light.sum()


def around(places: np.ndarray, half: float) -> np.ndarray:
    """Boxes (T4) whose middle lies at the places."""
    return np.concatenate([places - half, places + half], axis=1)


@pytest.mark.parametrize(("wide", "high", "half"), [(160, 120, 20), (160, 120, 50), (90, 140, 60)])
def test_the_matrix_says_where_every_point_came_to_lie(wide: int, high: int, half: float, tmp_path: Path) -> None:
    """Enlarged, cut at the frame's side, and reaching beyond it."""
    places = np.stack([np.linspace(55, 75, 12), np.linspace(70, 80, 12)], axis=1)
    clip = dotted(tmp_path / "clip.mp4", places, wide, high)
    card = frame_clip(clip, boxed(around(places, half), wide, high), tmp_path / "out.mp4", tmp_path / "c.json", PLAIN)
    matrix = read_matrix(tmp_path / "c.json")
    frames = list(media.frames(tmp_path / "out.mp4"))
    assert len(frames) == 12
    for frame, place_2 in zip(frames, places, strict=True):
        assert frame.shape == (64, 64, 3)
        assert np.abs(found(frame, 1) - apply(matrix, place_2)).max() < 0.3
    still = apply(matrix, np.array([40, 50]))
    if (still > 4).all():  # what does not move in the clip does not move in the square
        assert max(np.abs(found(frame, -1) - still).max() for frame in frames) < 0.3
    assert card == files.read_json(tmp_path / "c.json")


def test_the_face_fills_what_the_card_says(tmp_path: Path) -> None:
    places = np.repeat([[80.0, 60.0]], 6, axis=0)
    clip = dotted(tmp_path / "clip.mp4", places, 160, 120)
    card = frame_clip(clip, boxed(around(places, 20), 160, 120), tmp_path / "o.mp4", tmp_path / "c.json", PLAIN)
    assert card["fills"] == {"before": pytest.approx(40 / 120, abs=1e-3), "after": 0.5}
    assert card["square"] == {"x": 40, "y": 14, "side": 80}  # the forehead counts: a little more room above
    assert list(card["padded"]) == [0, 0, 0, 0]
    words = "filled 33% of the height of 160 x 120 pixels. The square of 80 pixels about it, from (40, 14) on, was cut"
    assert words in card["said"]
    assert card["said"].endswith("reduced to 64 x 64; there it fills 50%.")
    json.dumps(card)


def test_a_face_that_moves_is_held_in_every_frame_and_one_that_is_still_has_room_too() -> None:
    moving = np.stack([np.linspace(120, 200, 50), np.full(50, 150)], axis=1)
    still = np.repeat([[160.0, 150.0]], 50, axis=0)
    clip_sides = {}
    for name, places in (("moving", moving), ("still", still)):
        faceset = boxed(around(places, 30), 400, 300)
        high = framing.height(faceset)
        assert high == 60
        span = framing.span(faceset, high, PLAIN)
        square = place(span, max(1.2 * float(max(span[2:] - span[:2])), high / PLAIN.closest), 400, 300)
        clip_sides[name] = square.side
        assert square.x <= places[:, 0].min() - 30
        assert square.x + square.side >= places[:, 0].max() + 30
    assert clip_sides["still"] == 120
    assert clip_sides["moving"] == pytest.approx(1.2 * 140, abs=2)


@given(
    st.integers(30, 300), st.integers(30, 300), st.floats(-40, 250), st.floats(-40, 250),
    st.floats(10, 250), st.floats(10, 250), st.floats(1, 2),
)  # fmt: skip
def test_the_square_holds_the_face_and_stays_inside_the_frame_where_it_can(
    wide: int, high: int, x: float, y: float, across: float, down: float, room: float
) -> None:
    span = np.array([x, y, x + across, y + down])
    inside = x >= 0 and y >= 0 and x + across <= wide and y + down <= high
    need = max(across, down)
    square = place(span, room * need, wide, high)
    assert square.side >= min(need, room * need) - 1
    if inside:
        assert square.x <= x + 1
        assert square.y <= y + 1
        assert square.x + square.side >= x + across - 1
        assert square.y + square.side >= y + down - 1
    if square.side <= min(wide, high):
        assert square.pads(wide, high) == (0, 0, 0, 0)
    else:
        assert square.side <= max(need, min(wide, high)) + 2


def test_beyond_the_frame_its_edge_goes_on() -> None:
    frame = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    seen = framed(frame, Square(x=-6, y=-4, side=40), 40)
    assert np.array_equal(seen[4:24, 6:36], frame)
    assert (seen[4:24, :6] == frame[:, :1]).all()
    assert (seen[:4, 6:36] == frame[0]).all()
    assert (seen[24:, 6:36] == frame[-1]).all()
    assert (seen[:4, :6] == frame[0, 0]).all()


def test_a_picture_of_the_right_size_is_not_touched_and_others_are_averaged_or_interpolated() -> None:
    frame = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    assert resized(frame, 64) is frame
    mean = frame.reshape(32, 2, 32, 2, 3).mean(axis=(1, 3))
    assert np.abs(resized(frame, 32) - mean).max() <= 0.51
    assert resized(frame, 100).shape == (100, 100, 3)


def test_a_square_clip_that_the_face_fills_stays_whole(tmp_path: Path) -> None:
    places = np.repeat([[32.0, 36.0]], 5, axis=0)
    clip = dotted(tmp_path / "clip.mp4", places, 64, 64)
    faceset = boxed(around(places, 14), 64, 64)
    card = frame_clip(clip, faceset, tmp_path / "o.mp4", tmp_path / "c.json", PLAIN)
    assert (tmp_path / "o.mp4").read_bytes() == clip.read_bytes()
    assert np.array_equal(read_matrix(tmp_path / "c.json"), np.eye(2, 3))
    assert (
        card["said"]
        == "The face, brows to chin, filled 44% of the height of 64 x 64 pixels, so the whole frame was kept."
    )
    larger = frame_clip(clip, faceset, tmp_path / "o.mp4", tmp_path / "c.json", replace(PLAIN, size=128))
    assert next(media.frames(tmp_path / "o.mp4")).shape == (128, 128, 3)
    assert "whole frame was kept, and enlarged to 128 x 128. Enlarged 2.0 times, it looks soft" in larger["said"]
    assert np.allclose(apply(read_matrix(tmp_path / "c.json"), np.array([[-0.5, 63.5]])), [[-0.5, 127.5]])
    closer = frame_clip(clip, faceset, tmp_path / "o.mp4", tmp_path / "c.json", replace(PLAIN, fill=0.48))
    assert closer["fills"]["after"] == pytest.approx(0.5, abs=0.01)


def test_sound_and_rate_go_along(tmp_path: Path) -> None:
    rate = 16_000
    tone = (0.4 * np.sin(2 * np.pi * 330 * np.arange(rate) / rate) * 32767).astype(np.int16)
    with av.open(str(tmp_path / "tone.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=rate, layout="mono")
        sound = av.AudioFrame.from_ndarray(tone[None], format="s16", layout="mono")
        sound.sample_rate = rate
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    places = np.repeat([[80.0, 60.0]], 20, axis=0)
    clip = dotted(tmp_path / "clip.mp4", places, 160, 120, tmp_path / "tone.wav")
    frame_clip(clip, boxed(around(places, 20), 160, 120), tmp_path / "o.mp4", tmp_path / "c.json", PLAIN)
    probe = media.probe(tmp_path / "o.mp4")
    assert (probe.width, probe.height, probe.frames, probe.fps) == (64, 64, 20, Fraction(25))
    before, after = media.sound(clip)[0], media.sound(tmp_path / "o.mp4")[0]
    count = min(len(before), len(after)) - 2000
    assert abs(len(before) - len(after)) < 2100  # a block of AAC
    assert np.corrcoef(before[2000:count], after[2000:count])[0, 1] > 0.99


def test_what_cannot_be_framed_is_refused_with_the_reason(tmp_path: Path) -> None:
    places = np.repeat([[80.0, 60.0]], 6, axis=0)
    clip = dotted(tmp_path / "clip.mp4", places, 160, 120)
    out, card = tmp_path / "o.mp4", tmp_path / "c.json"
    with pytest.raises(FaceError, match=r"clip\.mp4: no face was found"):
        frame_clip(clip, boxed(np.full((6, 4), np.nan), 160, 120), out, card, PLAIN)
    with pytest.raises(FaceError, match=r"16 pixels high from brows to chin, and 20 are the fewest"):
        frame_clip(clip, boxed(around(places, 8), 160, 120), out, card, PLAIN)
    with pytest.raises(FaceError, match="160 x 120 with 6 frames, and the faceset is of another clip"):
        frame_clip(clip, boxed(around(places[:5], 20), 160, 120), out, card, PLAIN)
    assert not out.exists()
    assert not card.exists()


def test_other_faces_a_face_at_the_edge_and_gaps_are_said_and_borne(tmp_path: Path) -> None:
    places = np.repeat([[80.0, 60.0]], 8, axis=0)
    clip = dotted(tmp_path / "clip.mp4", places, 160, 120)
    boxes = around(places, 55)
    boxes[3:5] = np.nan
    card = frame_clip(clip, boxed(boxes, 160, 120, faces=2), tmp_path / "o.mp4", tmp_path / "c.json", PLAIN)
    assert "Other faces were seen in 8 of 8 frames: the subject's was followed." in card["said"]
    assert "The square reaches beyond the frame (top, bottom), where the frame's edge is repeated." in card["said"]
    assert card["square"]["side"] == 144  # 110 and the forehead, and no margin where there is no room
    left, top, right, bottom = card["padded"]
    assert (left, right) == (0, 0)
    assert top + bottom == 24


@pytest.mark.parametrize(
    "wrong", [{"size": 63}, {"fill": 0.6}, {"closest": 1.2}, {"margin": -0.1}, {"smallest": 0}, {"smoothing": -1.0}]
)
def test_settings_out_of_range_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match="must be"):
        Framing(**wrong)


def test_an_actor_is_framed_where_the_landmarks_are_known(someone: Filmed, tmp_path: Path) -> None:
    """In a wide frame beside a wall: the truth's landmarks, carried by the card's matrix, lie inside the square."""
    wall = np.full((256, 220, 3), 90, np.uint8)
    clip = tmp_path / "wide.mp4"
    media.write(
        clip, (np.concatenate([wall, frame], axis=1) for frame in someone.frames[:12]), fps=Fraction(25), crf=10
    )
    faceset = extract(clip, tmp_path / "set", Extraction(size=64))
    card = frame_clip(clip, faceset, tmp_path / "o.mp4", tmp_path / "c.json", Framing(size=128))
    points = apply(np.array(card["matrix_23"]), someone.landmarks[:12] + np.array([220, 0]))
    assert points.min() > 0
    assert points.max() < 127
    tall = np.median(np.ptp(points[..., 1], axis=1)) / 128
    assert tall == pytest.approx(card["fills"]["after"], abs=0.05)
    assert 0.45 < tall < 0.6


@pytest.mark.parametrize("speaker", ["s1", "s4"])
def test_real_clips_are_framed_as_people_on_voxceleb_are(speaker: str, shared: Path, tmp_path: Path) -> None:
    recorded = sorted((shared / "data/grid" / speaker).glob("*.mpg"))[0]
    clip = tmp_path / "clip.mp4"
    media.segment(recorded, clip, start=0.0, seconds=1.0)
    faceset = extract(clip, tmp_path / "set", Extraction(size=64))
    card = frame_clip(clip, faceset, tmp_path / "o.mp4", tmp_path / "c.json", Framing())
    assert list(card["padded"]) == [0, 0, 0, 0]
    assert card["fills"]["after"] == pytest.approx(0.5, abs=0.02)
    again = extract(tmp_path / "o.mp4", tmp_path / "again", Extraction(size=64))
    assert again.table["found"].mean() >= 0.96
    moved = apply(np.array(card["matrix_23"]), faceset.track_T682)
    assert np.linalg.norm(moved - again.track_T682, axis=2).mean() < 3  # pixels of 256
