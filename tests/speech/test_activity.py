"""Speech is found where it is, whatever it lies in; what stands still is not speech; its pitch is its own."""

import numpy as np
import pytest

from understudy.speech.activity import activity, decibels
from understudy.speech.voicing import voicing

from .making import Samples, loud, noise, tone, voice

SCRIPT = [(2.0, 3.0), (5.0, 4.0), (10.5, 2.5), (15.0, 4.0)]  # starts and lengths, s


def said(hiss: float | None, level: float = -25.0) -> tuple[Samples, np.ndarray]:
    """Twenty seconds of a script in noise, and which frames hold speech."""
    out, truth = np.zeros(20 * 16_000), np.zeros(2000, bool)
    for index, (start, seconds) in enumerate(SCRIPT):
        out[round(start * 16_000) :][: round(seconds * 16_000)] += voice(seconds, seed=index, level=level)
        truth[round(start * 100) : round((start + seconds) * 100)] = True
    return (out if hiss is None else out + noise(20, hiss)), truth


@pytest.mark.parametrize(("level", "hiss"), [(-25, None), (-25, -80), (-25, -60), (-25, -45), (-38, None), (-38, -60)])
def test_speech_is_found_where_it_is(level: float, hiss: float | None) -> None:
    samples, truth = said(hiss, level)
    found = activity(samples).speech_T
    assert found[truth].mean() > 0.93
    assert found[~truth].mean() < 0.08


def test_a_hum_is_noise_and_speech_over_it_is_not() -> None:
    samples, truth = said(-70.0)
    found = activity(samples + tone(100, 20, peak=0.02) + tone(300, 20, peak=0.005)).speech_T
    assert found[truth].mean() > 0.9
    assert found[~truth].mean() < 0.1


@pytest.mark.parametrize(
    "still", [noise(12, -30), tone(440, 12), tone(440, 12) + tone(554, 12) * 0.5, np.zeros(160_000)]
)
def test_what_stands_still_is_not_speech(still: Samples) -> None:
    assert activity(still).speech_T.mean() < 0.05


def test_the_noise_is_measured_under_the_speech() -> None:
    samples, _ = said(-50.0)
    assert np.median(decibels(activity(samples).noise_T)) == pytest.approx(-50, abs=4)  # its bands end at 3.9 kHz


def test_nothing_is_no_frames() -> None:
    assert len(activity(np.zeros(0)).speech_T) == 0
    assert len(voicing(np.zeros(0))) == 0


@pytest.mark.parametrize("f0", [75.0, 110.0, 220.0, 330.0])
def test_the_pitch_of_a_pulse_train_is_its_rate(f0: float) -> None:
    phase = np.cumsum(f0 * np.exp(0.1 * np.sin(np.arange(48_000) / 5000))) / 16_000
    pulses = loud(np.diff(np.floor(phase), prepend=0.0) + noise(3, -60), -25)
    found = voicing(pulses)
    truth = f0 * np.exp(0.1 * np.sin(160 * np.arange(len(found)) / 5000))
    inner = slice(5, -5)
    assert np.isfinite(found[inner]).mean() > 0.98
    cents = 1200 * np.log2(found[inner] / truth[inner])
    assert np.nanpercentile(np.abs(cents), 95) < 40


def test_noise_has_no_pitch() -> None:
    assert np.isfinite(voicing(noise(5, -20))).mean() < 0.02
