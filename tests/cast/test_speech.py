"""Speech: the same bytes each time, in a process of its own, in time with the stored phones."""

import wave
from pathlib import Path

import numpy as np
import pytest

from understudy.cast import load_performance, performances, speak, speech
from understudy.cast.identity import Speaking
from understudy.cast.visemes import HZ, UNITS, VISEMES, mouth, spoken, visemes
from understudy.errors import SpeechError

needs_speech = pytest.mark.skipif(not speech.available(), reason="the optional extra 'speech' is not installed")


@needs_speech
def test_two_runs_give_identical_bytes_of_the_clips_length(tmp_path: Path) -> None:
    performance = load_performance("answer-1")
    first, second = (speak(performance, tmp_path / name).read_bytes() for name in ("a.wav", "b.wav"))
    assert first == second
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(performance.frames / performance.fps)
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        assert np.abs(sound).max() > 3000
        assert not sound[: int(0.9 * performance.speech.start * file.getframerate())].any()


@needs_speech
@pytest.mark.parametrize("name", performances())
def test_stored_phones_are_those_that_are_heard(name: str) -> None:
    stored = load_performance(name).speech
    said = speech.utter(stored.text, voice=stored.voice, rate=stored.rate, pitch=stored.pitch)
    assert said.phones == stored.phones
    np.testing.assert_allclose(said.times, stored.times, atol=6e-4)


@needs_speech
def test_the_performances_have_different_voices() -> None:
    voices = [load_performance(name).speech.voice for name in performances()]
    assert len(set(voices)) == len(voices)


def test_without_the_extra_the_error_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "available", lambda: False)
    with pytest.raises(SpeechError, match=r"understudy\[speech\]"):
        speak(load_performance("answer-1"), tmp_path / "no.wav")
    assert not list(tmp_path.iterdir())


@needs_speech
def test_an_unknown_voice_is_named() -> None:
    with pytest.raises(SpeechError, match="en-xx"):
        speech.utter("Hello.", voice="en-xx+m3", rate=160, pitch=50)


@pytest.mark.parametrize(
    ("phone", "expected"),
    [
        ("m", ("PP",)), ("'aI", ("aa", "ih")), ("tS", ("CH",)), ("_:", ("sil",)), ("'i:", ("ih",)), ("u:", ("ou",)),
        ("T", ("TH",)), ("v", ("FF",)), ("", ("sil",)), ("a#", ("aa",)),
    ],
)  # fmt: skip
def test_phones_have_their_visemes(phone: str, expected: tuple[str, ...]) -> None:
    assert visemes(phone) == expected


def test_lips_meet_in_a_bilabial_and_open_in_a_vowel() -> None:
    track = mouth(("A:", "m", "A:"), (0.0, 0.3, 0.4, 0.7), 0.8)
    jaw = track[:, UNITS.index("jawOpen")]
    press = track[:, UNITS.index("mouthPressLeft")]
    assert jaw[int(0.15 * HZ)] > 0.9 * VISEMES["aa"]["jawOpen"]
    assert jaw[int(0.35 * HZ)] < 0.1
    assert press.argmax() == pytest.approx(0.35 * HZ, abs=2)


def test_a_style_of_speaking_scales_its_own_units_only() -> None:
    row = np.full(len(UNITS), 0.4)
    usual = spoken(row, Speaking(jaw=1, spread=1, rounding=1))
    wide = spoken(row, Speaking(jaw=1.5, spread=1, rounding=1))
    assert {unit for unit in UNITS if usual[unit] != wide[unit]} == {"jawOpen"}
    assert wide["jawOpen"] == pytest.approx(0.6)
