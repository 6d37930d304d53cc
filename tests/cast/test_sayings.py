"""Sayings: enough of them, none twice, none that a performance says, and each known by its text and its speaker."""

import wave
from pathlib import Path

import numpy as np
import pytest

from understudy.cast import (
    actors,
    digest,
    is_saying,
    load_actor,
    load_performance,
    load_saying,
    performances,
    say,
    sayings,
    speech,
)
from understudy.errors import ConfigError
from understudy.people import read_ledger, read_manifest

CONFIG = Path(__file__).resolve().parents[2] / "config/cast"
# Phones of English as espeak-ng writes them, stress and length aside; all but the rarest.
SOUNDS = "p b t d k g f v T D s z S h m n N l r w j tS dZ i: I E a V 0 U u: @ 3: eI aI aU oU"
needs_speech = pytest.mark.skipif(not speech.available(), reason="the optional extra 'speech' is not installed")


def test_there_are_enough_and_no_clip_that_is_seen_says_one() -> None:
    said = [load_saying(name).text for name in sayings()]
    shown = [load_performance(name).speech.text for name in performances()]
    assert len(set(said)) == len(said) == 48
    assert not any(text in other or other in text for text in said for other in shown)
    assert not set(sayings()) & set(performances())
    assert all(is_saying(name) for name in sayings())
    assert not any(is_saying(name) for name in performances())
    with pytest.raises(ConfigError, match="said-07"):
        load_saying("sayd-07")


def test_a_digest_tells_sayings_and_speakers_apart() -> None:
    made = {digest(actor, name) for actor in actors()[:3] for name in sayings()[:4]}
    assert len(made) == 12
    assert digest("ada", "said-01") in made


@needs_speech
def test_the_sayings_have_the_sounds_of_english() -> None:
    heard = {
        phone.strip("',")
        for name in sayings()[:12]
        for phone in speech.utter(load_saying(name).text, voice="en-us", rate=160).phones
    }
    assert not set(SOUNDS.split()) - {phone.rstrip("#2-") for phone in heard} - heard


@needs_speech
@pytest.mark.parametrize("name", ["said-12", "said-30"])
def test_a_saying_is_said_at_the_speakers_own_pace_or_at_anothers(name: str, tmp_path: Path) -> None:
    clara, hugo, given = load_actor("clara").voice, load_actor("hugo").voice, load_saying(name)
    for like in (None, clara):
        path = say(given, tmp_path / "said.wav", hugo, like=like)
        with wave.open(str(path)) as file:
            sound_N, rate = np.frombuffer(file.readframes(file.getnframes()), "<i2"), file.getframerate()
        assert len(sound_N) * 25 % rate == 0
        assert 2.5 < len(sound_N) / rate < 5
        assert not sound_N[: round(0.14 * rate)].any()
        assert not sound_N[-round(0.2 * rate) :].any()
    with wave.open(str(say(given, tmp_path / "clara.wav", clara))) as file:
        assert file.getnframes() == len(sound_N)


def test_any_two_of_the_voices_study_say_half_of_their_sentences_both() -> None:
    manifest = read_manifest(CONFIG / "voices.yaml")
    said = {who: {clip.performance[1] for clip in manifest.of(who, "train")} for who in manifest.subjects}
    assert set(said) == {"clara", "dario", "elsa", "felix"}
    for who, mine in said.items():
        assert len(mine) == 24
        assert all(is_saying(name) for name in mine)
        assert [is_saying(clip.performance[1]) for clip in manifest.of(who, "test")] == [False]
        assert all(len(mine & other) == 12 for other in (said[name] for name in said if name != who))


def test_every_actor_agreed_to_voices() -> None:
    ledger = read_ledger(CONFIG / "consents")
    for who in actors():
        for purpose in ("train", "be-source", "be-driver"):
            assert ledger.refusal(who, purpose, family="voice", counterpart="clara") is None
