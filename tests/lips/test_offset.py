"""Offsets that were put in are found: at most one frame is left, by the lips' opening and by an expert."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from understudy import cast, lips, speech
from understudy.errors import MediaError
from understudy.lips.sampling import lower

from .talk import Array, points, talking, voice

FPS = 25.0
FRAME = 1 / FPS


@pytest.fixture(scope="module")
def said(
    filmed: Callable[[str, str], Array], tmp_path_factory: pytest.TempPathFactory
) -> list[tuple[Array, NDArray[np.float32]]]:
    """What actors' lips do, exactly, and what they say: short clips and long ones, in several voices."""
    if not cast.speech.available():
        pytest.skip("espeakng-loader is not installed: no speech here")
    folder, made = tmp_path_factory.mktemp("said"), []
    for actor, name in (("ada", "answer-1"), ("bruno", "answer-4"), ("clara", "reading-2"), ("elsa", "reading-3")):
        voice = cast.load_actor(actor).voice
        cast.speak(cast.load_performance(name), folder / f"{name}.wav", voice)
        made.append((lips.openings(filmed(actor, name)), speech.read(folder / f"{name}.wav")))
    return made


@pytest.mark.parametrize("frames", [-10, -5, -1, 0, 1, 5, 10])
def test_at_most_a_frame_is_left_on_the_cast(said: list[tuple[Array, NDArray[np.float32]]], frames: int) -> None:
    for opening, sound in said:
        moved = lips.shifted(sound, -frames * FRAME, 16000)  # sound that comes earlier: lips that are late
        found = lips.by_opening(opening, FPS, moved, 16000)
        assert found.by == "opening"
        assert found.known
        assert abs(found.seconds - frames * FRAME) <= FRAME
        mended = lips.shifted(moved, found.seconds, 16000)
        assert abs(lips.by_opening(opening, FPS, mended, 16000).seconds) < 0.5 * FRAME


@pytest.mark.parametrize("fps", [10.0, 24.0, 29.97, 60.0])
@pytest.mark.parametrize("rate", [8000, 44100])
def test_any_rate_will_do(fps: float, rate: int) -> None:
    for late in (-0.11, 0.0, 0.2):
        t = np.arange(round(4 * fps)) / fps
        opening = lips.openings(np.stack([points(0.25 * each) for each in talking(t - late, 3)]))
        sound = voice(4.0, 3)
        other = np.interp(np.arange(4 * rate) / rate, np.arange(len(sound)) / 16000, sound)
        assert lips.by_opening(opening, fps, other, rate).seconds == pytest.approx(late, abs=0.02)


def test_gaps_and_slow_moods_do_no_harm() -> None:
    t = np.arange(100) / FPS
    opening = talking(t - 0.12, 5) + 0.5 * np.sin(2 * np.pi * 0.3 * t)
    opening[[0, 1, 2, *range(30, 36), 99]] = np.nan
    assert lips.by_opening(opening, FPS, voice(4.0, 5), 16000).seconds == pytest.approx(0.12, abs=0.02)


@pytest.mark.parametrize(
    ("opening", "sound"),
    [
        (np.full(75, np.nan), voice(3.0, 1)),
        (np.full(75, 0.2), voice(3.0, 1)),
        (talking(np.arange(75) / FPS, 1), np.zeros(48000)),
        (talking(np.arange(20) / FPS, 1), voice(0.8, 1)),
    ],
    ids=["no face", "motionless", "silent", "short"],
)
def test_where_nothing_can_be_told_nothing_is_made_up(opening: Array, sound: Array) -> None:
    found = lips.by_opening(opening, FPS, sound, 16000)
    assert not found.known
    assert found.confidence == 0


def test_what_belongs_together_is_surer_than_what_does_not() -> None:
    sure, unsure = [], []
    for seed in range(8):
        opening = talking(np.arange(200) / FPS, seed)
        sure.append(lips.by_opening(opening, FPS, voice(8.0, seed), 16000).confidence)
        unsure.append(lips.by_opening(opening, FPS, voice(8.0, seed + 20), 16000).confidence)
    assert min(sure) > max(unsure)


def test_shifted_sound_keeps_its_length_and_what_is_in_it() -> None:
    sound = np.arange(1, 101, dtype=np.float32)
    np.testing.assert_array_equal(lips.shifted(sound, 0.3, 100)[30:], sound[:70])
    np.testing.assert_array_equal(lips.shifted(sound, -0.3, 100)[:70], sound[30:])
    assert (lips.shifted(sound, 0.3, 100)[:30] == 0).all()
    assert (lips.shifted(sound, 2.0, 100) == 0).all()
    assert lips.shifted(sound, -2.0, 100).shape == (100,)


class Reader(lips.SyncNet):
    """An expert that is never wrong: it reads the second that is written into the faces and into the mel frames."""

    def __init__(self) -> None:
        super().__init__(0.02)

    def see(self, faces_N154896: torch.Tensor) -> torch.Tensor:
        return _place(faces_N154896[:, 0, 0, 0] * 255 / 60)

    def hear(self, mels_N18016: torch.Tensor) -> torch.Tensor:
        return _place(mels_N18016[:, 0, 0, 0])


def _place(seconds: torch.Tensor) -> torch.Tensor:
    """Directions that part as seconds do, over two of them."""
    angle = 0.8 * seconds
    return torch.stack([angle.cos(), angle.sin()], 1)


@pytest.mark.parametrize("fps", [10.0, 20.0, 25.0, 30.0, 50.0])
@pytest.mark.parametrize("late", [-0.4, -0.08, 0.0, 0.2])
def test_the_protocol_finds_the_offset_at_every_rate(fps: float, late: float) -> None:
    t = np.arange(round(3 * fps)) / fps
    faces = np.broadcast_to(np.rint(60 * (t - late + 0.4)).astype(np.uint8)[:, None, None, None], (len(t), 96, 96, 3))
    mel = np.broadcast_to(np.arange(241) / 80 + 0.4, (80, 241)).astype(np.float32)
    found = lips.by_expert(Reader(), np.ascontiguousarray(faces), mel, fps)
    assert found.by == "expert"
    assert found.seconds == pytest.approx(late, abs=0.5 * FRAME)
    assert found.distance == pytest.approx(0, abs=0.03)
    assert found.confidence > 0.1


def test_its_figures_are_those_of_the_published_protocol() -> None:
    """At 25 frames a second: mean distances over what overlaps, written out window by window."""
    torch.manual_seed(0)
    expert = lips.SyncNet(0.05).eval()
    rng = np.random.default_rng(0)
    faces = rng.integers(0, 255, (60, 96, 96, 3), np.uint8)
    mel = rng.uniform(-4, 4, (80, 193)).astype(np.float32)
    with torch.inference_mode():
        stacked = np.stack([faces[i : i + 5] for i in range(56)])
        seen = expert.see(torch.from_numpy(lower(stacked)))
        heard = expert.hear(torch.from_numpy(speech.windows(mel, FPS)[:-1])[:, None])
    assert len(heard) == 56
    apart = torch.cdist(seen, heard).numpy()
    means = [apart.diagonal(lag).mean() for lag in range(-15, 16)]
    found = lips.by_expert(expert, faces, mel, FPS)
    assert found.distance == pytest.approx(min(means), abs=1e-5)
    assert found.confidence == pytest.approx(np.median(means) - min(means), abs=1e-5)


def test_too_little_is_not_judged_and_rates_without_windows_are_refused() -> None:
    faces, mel = np.zeros((20, 96, 96, 3), np.uint8), np.zeros((80, 65), np.float32)
    assert not lips.by_expert(Reader(), faces, mel, FPS).known
    with pytest.raises(MediaError):
        lips.by_expert(Reader(), faces, mel, 70.0)


def test_the_expert_is_asked_where_there_is_one(tmp_path: Path) -> None:
    opening, sound = talking(np.arange(75) / FPS, 1), voice(3.0, 1)
    faces = np.zeros((75, 96, 96, 3), np.uint8)
    assert lips.offset(opening, FPS, sound).by == "opening"
    assert lips.offset(opening, FPS, sound, expert=lips.SyncNet(0.05).eval(), faces_TSSC=faces).by == "expert"
