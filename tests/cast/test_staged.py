"""Performances put together of others: the exact truths of an animation and of a lip-sync."""

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy.cast import (
    Actor,
    Performance,
    actors,
    digest,
    load_actor,
    load_performance,
    mouths,
    render,
    speak,
    speech,
    staged,
    unit_weights,
)
from understudy.cast.pack import load_pack
from understudy.cast.performance import poses, shown
from understudy.cast.reach import MOVED, reach
from understudy.cast.visemes import UNITS
from understudy.errors import ConfigError
from understudy.settings import plain

SIZE = 128
P, Q = load_performance("answer-1"), load_performance("answer-2")


@pytest.fixture(scope="module")
def dario() -> Actor:
    return Actor(load_actor("dario"))


def film(actor: Actor, script: Performance, only: list[int], size: int = SIZE) -> list[np.ndarray]:
    return [frame.rgb_HWC for frame in render(actor, script, size=size, only=only)]


def test_a_performance_put_together_of_itself_is_itself(dario: Actor) -> None:
    itself, only = staged(scene=P, motion=P, speech=P), [0, 33, 74]
    assert itself.frames == P.frames
    assert poses(itself, dario.identity.speaking) == poses(P, dario.identity.speaking)
    for again, plainly in zip(film(dario, itself, only), film(dario, P, only), strict=True):
        np.testing.assert_array_equal(again, plainly)


def test_each_part_comes_from_where_it_is_taken(dario: Actor) -> None:
    style, third = dario.identity.speaking, load_performance("answer-3")
    mixed = poses(staged(scene=P, motion=Q, speech=third), style)
    moving, speaking = poses(Q, style), poses(third, style)
    heads = [
        [(at.yaw, at.pitch, at.roll, at.shift_3, at.units.get("eyeBlinkLeft")) for at in of] for of in (mixed, moving)
    ]
    assert heads[0] == heads[1]
    assert [at.units.get("jawOpen") for at in mixed] == [at.units.get("jawOpen") for at in speaking]
    units = {unit for at in mixed for unit in at.units}
    assert units <= {unit for at in [*moving, *speaking] for unit in at.units}


def test_a_longer_speech_plays_the_clip_again_and_goes_on_itself(dario: Actor) -> None:
    long = staged(scene=P, motion=P, speech=Q, frames=2 * P.frames + 5)
    style = dario.identity.speaking
    moved, base, said = poses(long, style), poses(P, style), poses(Q, style)
    assert len(moved) == 2 * P.frames + 5
    for at, shows in zip(moved, [*base, *base, *base[:5]], strict=True):
        assert (at.yaw, at.shift_3) == (shows.yaw, shows.shift_3)
        assert at.units.get("browInnerUp") == shows.units.get("browInnerUp")
    jaw = [at.units.get("jawOpen") for at in moved]
    assert jaw[: Q.frames] == [at.units.get("jawOpen") for at in said]
    assert jaw[P.frames : 2 * P.frames] != jaw[: P.frames]
    # The corners of a picture show the room alone, whose grain is that of the frame that is shown again.
    first, again = film(dario, long, [7, P.frames + 7])
    np.testing.assert_array_equal(first[:20, :20], again[:20, :20])
    assert [shown(long, number) for number in (0, 74, 75, 154)] == [0, 74, 0, 4]


@pytest.mark.parametrize("name", ["dario", "ada"])
def test_other_words_change_the_lower_face_and_shadows_alone(name: str) -> None:
    actor, only = Actor(load_actor(name)), [10, 30, 50, 70]
    dubbed = staged(scene=P, motion=P, speech=Q)
    regions = zip(mouths(actor, dubbed, size=SIZE, only=only), mouths(actor, P, size=SIZE, only=only), strict=True)
    pairs = zip(film(actor, dubbed, only), film(actor, P, only), regions, strict=True)
    for now, before, (is_HW, was_HW) in pairs:
        mouth_HW = is_HW | was_HW
        apart_HW = cv2.absdiff(now, before).max(axis=2)
        beyond = apart_HW[~mouth_HW]
        assert 0.03 < mouth_HW.mean() < 0.15
        assert apart_HW[mouth_HW].mean() > 10 * beyond.mean()
        assert beyond.mean() < 0.5
        assert (beyond > 8).mean() < 0.01
        assert not apart_HW[:30].any()  # the room and the hair; shadows fall further down
        assert not apart_HW[:60, :20].any()


def test_the_lower_face_holds_the_lips_and_neither_eyes_nor_hair(dario: Actor) -> None:
    only = [10, 50]
    frames = list(render(dario, P, size=SIZE, only=only))
    for frame, mouth_HW in zip(frames, mouths(dario, P, size=SIZE, only=only), strict=True):
        columns, rows = np.rint(frame.landmarks_682).astype(int).T
        assert mouth_HW[rows[48:68], columns[48:68]].all()
        assert not mouth_HW[rows[[*range(17, 28), *range(36, 48)]], columns[[*range(17, 28), *range(36, 48)]]].any()


def test_speech_reaches_what_its_face_units_move_and_no_further() -> None:
    pack = load_pack()
    far = reach() > MOVED
    assert 500 < far.sum() < len(far) / 2
    for unit in UNITS:
        moved = np.linalg.norm(pack.units_EV3[pack.units.index(unit)], axis=1)
        assert not (moved[~far] > MOVED).any()
    still = [unit for unit in pack.units if unit.startswith(("brow", "eyeBlink", "eyeLook"))]
    brows = np.max([np.linalg.norm(pack.units_EV3[pack.units.index(unit)], axis=1) for unit in still], axis=0)
    assert not (far & (brows > 0.05)).any()


def test_the_weights_of_a_dub_are_those_of_the_words_in_the_speakers_own_style(dario: Actor) -> None:
    style = dario.identity.speaking
    units, weights_TE = unit_weights(staged(scene=P, motion=P, speech=Q), style)
    spoken, said_TE = unit_weights(Q, style)
    np.testing.assert_array_equal(weights_TE[:, units.index("jawOpen")], said_TE[:, spoken.index("jawOpen")])


def test_a_clip_at_another_rate_keeps_its_own_and_the_words_stay_in_time(dario: Actor) -> None:
    fast = dataclasses.replace(P, fps=50, frames=150)
    dubbed = staged(scene=fast, motion=fast, speech=Q)
    assert (dubbed.fps, dubbed.frames) == (50, 150)
    style = dario.identity.speaking
    jaw = [[at.units.get("jawOpen", 0.0) for at in poses(script, style)] for script in (dubbed, Q)]
    assert jaw[0][::2] == pytest.approx(jaw[1], abs=1e-12)


def test_digests_tell_compositions_apart_and_leave_plain_ones_as_they_are() -> None:
    name = actors()[0]
    parts = [(P, P, P), (P, P, Q), (P, Q, Q), (Q, P, P)]
    made = {digest(name, staged(scene=a, motion=b, speech=c)) for a, b, c in parts}
    assert len(made | {digest(name, "answer-1")}) == 5
    assert digest(name, P) == digest(name, "answer-1")
    longer = staged(scene=P, motion=P, speech=P, frames=80)
    assert digest(name, longer) != digest(name, staged(scene=P, motion=P, speech=P))
    json.dumps(plain(longer))


def test_a_clip_without_frames_is_refused() -> None:
    with pytest.raises(ConfigError, match="0 frames"):
        staged(scene=P, motion=P, speech=Q, frames=0)


@pytest.mark.skipif(not speech.available(), reason="the optional extra 'speech' is not installed")
def test_a_dub_sounds_like_the_driver(tmp_path: Path) -> None:
    voice = load_actor("clara").voice
    said = speak(Q, tmp_path / "q.wav", voice).read_bytes()
    assert speak(staged(scene=P, motion=P, speech=Q, frames=Q.frames), tmp_path / "dub.wav", voice).read_bytes() == said
    short = speak(staged(scene=P, motion=P, speech=Q, frames=50), tmp_path / "short.wav", voice).read_bytes()
    assert short[44:] == said[44 : len(short)]
