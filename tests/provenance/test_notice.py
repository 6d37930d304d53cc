"""The notice is heard at the start of a sound whatever is done to it, beneath it nothing moves, and nothing else is
taken for it."""

import importlib.util
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from understudy import media
from understudy.cast import speech
from understudy.errors import ConfigError, MediaError
from understudy.provenance import chime, containers, notice

TEXT = "This voice is synthetic."
says = pytest.mark.skipif(not speech.available(), reason="the optional extra 'speech' is not installed")


def voice(seconds: float, rate: int, level: float = 0.2, seed: int = 0) -> np.ndarray:
    """Noise that comes and goes like speech, from the first sample on."""
    time_N = np.arange(round(seconds * rate)) / rate
    noise_N = np.random.default_rng(seed).standard_normal(len(time_N)) * (0.2 + np.cos(8 * time_N) ** 2)
    return np.clip(level * noise_N, -1, 1).astype(np.float32)


def best(samples_N: np.ndarray, rate: int) -> float:
    return max((each.fit for each in chime.fits(samples_N, rate)), default=0.0)


def decibels(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-20))


def tone(hertz: float, seconds: float, rate: int = 48_000) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


SOUNDS = {
    "voice": lambda rate: voice(2.5, rate),
    "whisper": lambda rate: voice(2.5, rate, 0.001),
    "shouting": lambda rate: voice(2.5, rate, 2.0),
    "square wave at full scale": lambda rate: np.sign(np.sin(np.arange(rate * 2) * 0.1) + 0.1).astype(np.float32),
    "silence": lambda rate: np.zeros(2 * rate, np.float32),
    "tones of the chime": lambda rate: (0.5 * tone(905.8, 2, rate) + 0.5 * tone(1357.1, 2, rate)).astype(np.float32),
}


@pytest.mark.parametrize("kind", SOUNDS)
@pytest.mark.parametrize("rate", [4000, 11_127, 16_000, 44_100, 96_000])
def test_it_is_found_at_the_start_of_any_sound_and_nothing_clips(kind, rate):
    sound_N = SOUNDS[kind](rate)
    said_N = notice.laid(sound_N, rate)
    found = chime.find(said_N, rate)
    assert found is not None
    assert found.start == pytest.approx(0, abs=0.003)
    assert found.fit > 0.9
    assert np.abs(said_N).max() <= max(1.0, float(np.abs(sound_N).max()))


@pytest.mark.parametrize("rate", [8000, 44_100])
@pytest.mark.parametrize("channels", [None, 1, 2])
def test_length_and_sync_stay_to_the_sample(rate, channels):
    """What comes after the notice is bit for bit the sound; beneath it the same wave, only lower."""
    each_N = [voice(3, rate, 0.05, seed) for seed in range(channels or 1)]
    sound = each_N[0] if channels is None else np.stack(each_N, 1)
    before = sound.copy()
    said = notice.laid(sound, rate)
    np.testing.assert_array_equal(sound, before)
    assert (said.shape, said.dtype) == (sound.shape, np.float32)
    end = round(notice.seconds() * rate)
    np.testing.assert_array_equal(said[end:], sound[end:])
    assert (said[: end // 2] != sound[: end // 2]).any()
    chime_L = chime.chime(round(chime.SECONDS * rate), rate)
    first = said[: len(chime_L)] if channels is None else said[: len(chime_L), 0]
    level = np.vdot(first, chime_L) / len(chime_L)
    under_N = first - level * chime_L
    was_N = sound[: len(chime_L)] if channels is None else sound[: len(chime_L), 0]
    assert np.corrcoef(under_N, was_N)[0, 1] > 0.98
    assert decibels(under_N) - decibels(was_N) == pytest.approx(-15, abs=1)


def test_it_is_as_loud_as_the_voice_within_bounds_and_stands_out_of_it():
    for level, due in ((0.0001, -30.0), (0.08, None), (3.0, -20.0)):
        sound_N = voice(3, 16_000, level)
        said_N = notice.laid(sound_N, 16_000)[: round(chime.SECONDS * 16_000)]
        windows = [decibels(sound_N[start : start + 800]) for start in range(0, 48_000, 800)]
        expected = due if due is not None else float(np.percentile(windows, 95))
        assert decibels(said_N) == pytest.approx(expected, abs=0.5), level


@pytest.mark.parametrize(("codec", "bits"), [("aac", 32), ("aac", 96), ("libmp3lame", 64), ("libopus", 24)])
def test_it_is_found_after_coding(tmp_path, codec, bits):
    said_N = notice.laid(voice(3, 44_100), 44_100)
    containers.write_wav(tmp_path / "said.wav", said_N[:, None], 44_100)
    coded = encoded(tmp_path / "said.wav", "-c:a", codec, "-b:a", f"{bits}k")
    assert notice.found(*media.sound(coded))


@pytest.mark.parametrize(
    "change",
    [
        "volume=-30dB",
        "aresample=8000",
        "lowpass=f=2000",
        "highpass=f=500",
        "volume=-1",
        "acompressor=threshold=0.03:ratio=9",
        "volume=12dB,alimiter=limit=0.5",
        "adelay=1300",
        "aecho=0.8:0.7:40:0.3",
        "atempo=1.003",
    ],
)
def test_it_outlives_what_is_done_to_sounds(tmp_path, change):
    containers.write_wav(tmp_path / "said.wav", notice.laid(voice(3, 44_100), 44_100)[:, None], 44_100)
    assert notice.found(*media.sound(encoded(tmp_path / "said.wav", "-af", change, "-c:a", "aac", "-b:a", "96k")))


def encoded(path: Path, *options: str) -> Path:
    out = path.with_suffix(".mka")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", "-i", str(path), *options, str(out)]
    subprocess.run(command, check=True)
    return out


def test_in_a_longer_film_it_is_found_where_it_is():
    """Over the border of what is searched at a time, too."""
    for start in (7.0, 29.9, 61.3):
        sound_N = voice(70, 16_000, 0.05)
        first = round(start * 16_000)
        sound_N[first:] = notice.laid(sound_N[first:], 16_000)
        assert chime.find(sound_N, 16_000).start == pytest.approx(start, abs=0.003)


@says
def test_speech_is_not_taken_for_it():
    text = "She sells sea shells on the sea shore; the bells that she sells ring high and low, I am sure, fifty times."
    for name in ("en-us+m6", "en-us+f1", "en-gb-scotland+m2", "sv", "de+f5", "cmn"):
        for pitch in (30, 80):
            said = speech.utter(text, voice=name, rate=160, pitch=pitch)
            assert best(said.sound_N / np.float32(32768), said.rate) < 0.35, (name, pitch)


def test_noise_tones_and_silence_are_not_taken_for_it():
    random = np.random.default_rng(5)
    assert best(0.1 * random.standard_normal(60 * 48_000), 48_000) < 0.2
    assert best(np.zeros(48_000, np.float32), 48_000) == 0.0
    assert best(1e-6 * tone(905.8, 1), 48_000) < 0.1
    low, high = tone(905.8, 3), tone(1357.1, 3)
    for held in (low, high, low + high, np.concatenate([high, low]), tone(880, 3), tone(1318.5, 3)):
        assert not notice.found(held, 48_000)
    assert not notice.found(np.concatenate([tone(880, 0.175), tone(1318.5, 0.175), np.zeros(9000)]), 48_000)


def test_melodies_are_not_taken_for_it():
    """Random notes of instruments with five harmonics in 440 Hz tuning, as long as the chime's are, and chords."""
    random = np.random.default_rng(2)
    for voices in (1, 3):
        parts = [[note(int(key)) for key in random.integers(-5, 25, 170)] for _ in range(voices)]
        music_N = sum(np.concatenate(part) for part in parts)
        assert best(music_N / np.abs(music_N).max(), 48_000) < 0.3


def note(key: int) -> np.ndarray:
    time_N = np.arange(round(0.175 * 48_000)) / 48_000
    harmonics = sum(np.sin(2 * np.pi * 440 * 2 ** (key / 12) * turn * time_N) / turn for turn in range(1, 6))
    return np.asarray(harmonics * np.minimum(1, time_N / 0.01) * np.exp(-3 * time_N))


@pytest.mark.parametrize("seconds", [0.36, 0.35, 0.2, 0.1, 0.03, 0.005])
def test_a_short_sound_has_a_shorter_chime(seconds):
    """Both of its tones are there, as far as a sound of that length has tones."""
    sound_N = voice(seconds, 48_000)
    said_N = notice.laid(sound_N, 48_000)
    assert len(said_N) == len(sound_N)
    assert notice.found(said_N, 48_000)
    assert not notice.found(sound_N, 48_000)
    assert np.abs(said_N).max() <= 1


def test_even_one_sample_is_no_longer_the_voice_alone():
    assert notice.laid(np.full(1, 0.5, np.float32), 48_000)[0] == pytest.approx(0.5 * 10 ** (-15 / 20), abs=0.1)


def test_what_cannot_carry_it_is_refused():
    with pytest.raises(MediaError, match=r"2000 samples a second cannot carry the audible notice.* 4000 Hz"):
        notice.laid(voice(2, 2000), 2000)
    with pytest.raises(MediaError, match="empty"):
        notice.laid(np.zeros((0, 1), np.float32), 48_000)


@says
@pytest.mark.parametrize("rate", [8000, 44_100])
def test_a_text_is_said_after_the_chime_and_as_loud(rate):
    sound_N = voice(6, rate)
    said_N, bare_N = (notice.laid(sound_N, rate, text) for text in (TEXT, None))
    end, after = (round(notice.seconds(text) * rate) for text in (TEXT, None))
    assert end > after + rate / 2
    chimed = round(chime.SECONDS * rate)
    np.testing.assert_array_equal(said_N[:chimed], bare_N[:chimed])
    np.testing.assert_array_equal(said_N[end:], sound_N[end:])
    spoken_N = said_N[after + rate // 10 : end - rate // 5]
    assert decibels(spoken_N) == pytest.approx(decibels(said_N[:chimed]), abs=3)
    assert np.abs(said_N).max() <= 1
    again = speech.utter(TEXT, voice="en-us", rate=150, pitch=50)
    assert end / rate - after / rate == pytest.approx(len(again.sound_N) / again.rate + 0.15, abs=0.4)


@says
def test_a_text_that_does_not_fit_is_cut_and_ends_softly():
    sound_N = np.zeros(48_000, np.float32)
    said_N = notice.laid(sound_N, 48_000, TEXT)
    np.testing.assert_array_equal(said_N[:40_000], notice.laid(np.zeros(480_000, np.float32), 48_000, TEXT)[:40_000])
    assert np.abs(said_N[-1]) < 1e-4
    assert np.abs(said_N[-9600:]).max() > 0.01


@says
@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("...", "no words"),
        ("synthetic " * 40, "takes .* s to say.*at most 10 s"),
    ],
)
def test_a_text_that_says_nothing_or_too_much_is_refused(text, match):
    with pytest.raises(ConfigError, match=match):
        notice.require(text)


@says
def test_a_text_that_can_be_said_and_none_are_fine():
    notice.require(TEXT)
    notice.require(None)


def test_without_the_extra_a_text_is_refused_with_what_to_install_and_the_chime_stays(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"optional extra 'speech'.*pip install 'understudy\[speech\]'"):
        notice.require("A text that nobody has said before.")
    notice.require(None)
    assert notice.found(notice.laid(voice(1, 16_000), 16_000), 16_000)
