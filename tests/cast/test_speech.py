"""Speech: the same bytes each time, in a process of its own, in time with the stored phones."""

import dataclasses
import wave
from pathlib import Path

import numpy as np
import pytest

from understudy.cast import actors, load_actor, load_performance, performances, speak, speech
from understudy.cast.identity import Speaking
from understudy.cast.visemes import HZ, UNITS, VISEMES, mouth, spoken, visemes
from understudy.errors import SpeechError

DARIO = load_actor("dario").voice
needs_speech = pytest.mark.skipif(not speech.available(), reason="the optional extra 'speech' is not installed")


@needs_speech
def test_two_runs_give_identical_bytes_of_the_clips_length(tmp_path: Path) -> None:
    performance = load_performance("answer-1")
    first, second = (speak(performance, tmp_path / name, DARIO).read_bytes() for name in ("a.wav", "b.wav"))
    assert first == second
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(performance.frames / performance.fps)
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        assert np.abs(sound).max() > 3000
        assert not sound[: int(0.9 * performance.speech.start * file.getframerate())].any()


@needs_speech
@pytest.mark.parametrize("name", performances())
def test_the_stored_phones_are_what_everybody_says(name: str) -> None:
    stored, actor = load_performance(name).speech, actors()[performances().index(name) % len(actors())]
    voice = load_actor(actor).voice
    said = speech.utter(stored.text, voice=f"{stored.accent}+{voice.variant}", rate=stored.rate, pitch=voice.pitch)
    assert said.phones == stored.phones
    assert said.times[-2] == pytest.approx(stored.times[-2], rel=0.06)


@needs_speech
def test_two_actors_say_a_line_at_the_same_moments_each_as_high_as_before(tmp_path: Path) -> None:
    """Held against their loudness over time, and against an utterance that was not stretched."""
    script, loudness = load_performance("reading-2"), []
    for name in ("dario", "clara", "hugo", "iris"):
        voice, at = load_actor(name).voice, script.speech
        own = speech.utter(at.text, voice=f"{at.accent}+{voice.variant}", rate=at.rate, pitch=voice.pitch)
        sound_N, rate = heard(speak(script, tmp_path / f"{name}.wav", voice))
        assert abs(own.times[-2] - at.times[-2]) > 0.02  # it has something to stretch
        assert len(sound_N) == round(script.frames / script.fps * rate)
        assert 10 * np.log10((sound_N**2).sum() / (own.sound_N.astype(float) ** 2).sum()) == pytest.approx(0, abs=1)
        assert np.abs(sound_N).max() < 32767
        assert pitch(sound_N, rate) == pytest.approx(pitch(own.sound_N.astype(float), rate), rel=0.02)
        loudness.append(levels(sound_N, rate))
    for other in loudness[1:]:
        lag, alike = latest(loudness[0], other)
        assert abs(lag) <= 0.010
        assert alike > 0.85


def heard(path: Path) -> tuple[np.ndarray, int]:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float), file.getframerate()


def pitch(sound_N: np.ndarray, rate: int) -> float:
    """The median F0 of what is voiced (Hz), by autocorrelation."""
    width, found = round(0.04 * rate), []
    low, high = rate // 300, rate // 60
    for start in range(0, len(sound_N) - width - high, width // 2):
        part, near = sound_N[start : start + width], sound_N[start + low : start + width + high]
        energy = np.convolve(near**2, np.ones(width), "valid") * (part @ part)
        alike = np.correlate(near, part, "valid") / np.sqrt(energy + 1)
        if np.std(part) > 1000 and alike.max() > 0.85:
            # The first of the peaks that are nearly as high as the highest: the others are multiples of the period.
            peaks = (alike[1:-1] > alike[:-2]) & (alike[1:-1] >= alike[2:]) & (alike[1:-1] > 0.95 * alike.max())
            if peaks.any():
                found.append(rate / (low + 1 + int(peaks.argmax())))
    assert len(found) > 30
    return float(np.median(found))


def levels(sound_N: np.ndarray, rate: int) -> np.ndarray:
    """The log level, a thousand times a second."""
    smooth = np.convolve(sound_N**2, np.hanning(round(0.02 * rate)), "same")
    return np.log(1000 + smooth[:: rate // 1000])


def latest(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """By how many seconds b comes before a, where they are most alike, and their correlation there."""
    a, b, most = a - a.mean(), b - b.mean(), 60
    alike = [(np.roll(b, shift) @ a) / np.linalg.norm(a) / np.linalg.norm(b) for shift in range(-most, most + 1)]
    return (int(np.argmax(alike)) - most) / 1000, max(alike)


@needs_speech
def test_who_the_performance_was_timed_by_is_not_stretched(tmp_path: Path) -> None:
    given = load_performance("answer-1")
    own = speech.utter(given.speech.text, voice="en-us+m7", rate=173, pitch=34)
    timed = dataclasses.replace(given, speech=dataclasses.replace(given.speech, start=0.0, times=own.times))
    sound_N, _ = heard(speak(timed, tmp_path / "own.wav", load_actor("dario").voice))
    most = min(len(sound_N), len(own.sound_N))
    np.testing.assert_allclose(sound_N[:most], own.sound_N[:most], atol=1)


def test_everybody_has_a_voice_of_their_own() -> None:
    cast = {name: load_actor(name) for name in actors()}
    assert len({actor.voice.variant for actor in cast.values()}) == len(cast)
    for actor in cast.values():
        assert actor.voice.variant[0] == ("m" if actor.sex > 0.5 else "f")


@needs_speech
def test_phones_that_a_performance_does_not_have_are_refused(tmp_path: Path) -> None:
    given = load_performance("answer-1")
    other = dataclasses.replace(given, speech=dataclasses.replace(given.speech, text="No."))
    with pytest.raises(SpeechError, match="other sounds"):
        speak(other, tmp_path / "no.wav", load_actor("ada").voice)


def test_without_the_extra_the_error_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "available", lambda: False)
    with pytest.raises(SpeechError, match=r"understudy\[speech\]"):
        speak(load_performance("answer-1"), tmp_path / "no.wav", DARIO)
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
