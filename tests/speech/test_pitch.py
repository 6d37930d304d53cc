"""Pitch: contours that are known are found; what has none has none."""

import numpy as np
import pytest
from numpy.typing import NDArray

from understudy.cast import speech as cast_speech
from understudy.speech import pitch

RATE = 16_000


def sung(seconds: float, hertz: float, swing: float = 0.2) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A buzz of 15 harmonics whose pitch swings by so many octaves, and its pitch at every 5 ms."""
    at_N = np.arange(round(seconds * RATE)) / RATE
    hertz_N = hertz * 2 ** (swing * np.sin(2 * np.pi * 0.8 * at_N))
    phase_N = 2 * np.pi * np.cumsum(hertz_N) / RATE
    made_N = sum(np.sin(k * phase_N) / k for k in range(1, 16))
    frames = pitch.count(len(at_N), RATE)
    return 0.2 * made_N, hertz_N[np.minimum((np.arange(frames) * pitch.HOP * RATE).astype(int), len(at_N) - 1)]


@pytest.mark.parametrize("estimator", ["harvest", "dio"])
@pytest.mark.parametrize("hertz", [90.0, 210.0])
def test_a_swinging_pitch_is_found_within_a_tenth_of_a_semitone(hertz: float, estimator: pitch.Estimator) -> None:
    made_N, truth_T = sung(1.5, hertz)
    found_T = pitch.f0(made_N, RATE, estimator=estimator)
    inner = slice(20, -20)
    assert len(found_T) == len(truth_T)
    assert (found_T[inner] > 0).mean() > 0.97
    voiced = found_T[inner] > 0
    cents = 1200 * np.log2(found_T[inner][voiced] / truth_T[inner][voiced])
    assert np.median(np.abs(cents)) < 10


def test_blocks_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    made_N, _ = sung(3.0, 150.0)
    made_N[20_000:28_000] = 0
    whole_T = pitch.f0(made_N, RATE)
    monkeypatch.setattr(pitch, "_BLOCK", 1.0)
    pieces_T = pitch.f0(made_N, RATE)
    assert len(pieces_T) == len(whole_T)
    assert ((pieces_T > 0) == (whole_T > 0)).mean() > 0.98
    both = (pieces_T > 0) & (whole_T > 0)
    np.testing.assert_allclose(pieces_T[both], whole_T[both], rtol=0.01)


def test_noise_silence_and_nothing_have_no_pitch() -> None:
    noise = 0.1 * np.random.default_rng(0).normal(size=RATE)
    for sound in (noise, np.zeros(RATE), np.full(RATE, np.nan), np.zeros(0), np.ones(1)):
        found_T = pitch.f0(sound, RATE)
        assert len(found_T) == pitch.count(len(sound), RATE)
        assert (found_T == 0).all()


@pytest.mark.skipif(not cast_speech.available(), reason="the optional extra 'speech' is not installed")
def test_a_whisper_has_no_pitch_and_a_voice_has() -> None:
    text = "The birch canoe slid on the smooth planks."
    for voice, low, high in (("en-us+whisper", 0.0, 0.02), ("en-us+m3", 0.4, 0.95)):
        said = cast_speech.utter(text, voice=voice, rate=160, pitch=50)
        found_T = pitch.f0(said.sound_N / 32768, said.rate)
        assert low <= (found_T > 0).mean() <= high
        assert np.isfinite(found_T).all()


def test_numbers_that_are_none_spoil_nothing_around_them() -> None:
    made_N, truth_T = sung(1.0, 150.0, 0.0)
    made_N[8000] = np.nan
    found_T = pitch.f0(made_N, RATE)
    assert np.isfinite(found_T).all()
    assert np.median(found_T[found_T > 0]) == pytest.approx(truth_T[0], rel=0.005)


def test_runs_are_the_unbroken_stretches() -> None:
    flags = np.array([1, 1, 0, 0, 1, 0, 1, 1, 1], bool)
    np.testing.assert_array_equal(pitch.runs(flags), [[0, 2], [4, 5], [6, 9]])
    assert pitch.runs(np.zeros(4, bool)).shape == (0, 2)
