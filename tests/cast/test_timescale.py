"""Sound stretched in time: things come when they are wanted, tones stay as high and as loud as they were."""

import numpy as np
import pytest

from understudy.cast.timescale import knots, stretched

RATE = 22050


def tone(hertz: float, seconds: float) -> np.ndarray:
    return 8000 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)


@pytest.mark.parametrize("hertz", [80.0, 130.0, 220.0])
@pytest.mark.parametrize("factor", [0.9, 0.95, 1.07, 1.2])
def test_a_tone_lasts_as_long_as_is_wanted_and_stays_as_it_was(hertz: float, factor: float) -> None:
    sound_N = stretched(tone(hertz, 1.0), RATE, (0.5, 1.0), (0.5 * factor, factor))
    assert len(sound_N) == pytest.approx(factor * RATE, abs=1)
    inner_N = sound_N[RATE // 20 : -RATE // 20]
    spectrum = np.abs(np.fft.rfft(inner_N * np.hanning(len(inner_N)), 8 * RATE))
    assert spectrum.argmax() / 8 == pytest.approx(hertz, rel=0.01)
    assert np.sqrt((inner_N**2).mean()) == pytest.approx(8000 / np.sqrt(2), rel=0.03)
    assert np.abs(sound_N).max() < 8000 * 1.03


def test_clicks_come_when_they_are_wanted() -> None:
    at, wanted = np.array([0.2, 0.5, 0.71, 0.9]), np.array([0.23, 0.48, 0.75, 0.9])
    sound_N = np.random.default_rng(1).normal(0, 5, RATE)
    for moment in at:
        sound_N[round(moment * RATE) + np.arange(100)] += 9000 * np.exp(-np.arange(100) / 20)
    made_N = stretched(sound_N, RATE, tuple(at), tuple(wanted))
    for moment in wanted:
        near = made_N[round((moment - 0.03) * RATE) : round((moment + 0.03) * RATE)]
        assert np.abs(near).argmax() / RATE - 0.03 == pytest.approx(0, abs=0.008)
    assert (np.abs(made_N) > 4000).sum() == pytest.approx((np.abs(sound_N) > 4000).sum(), abs=20)


def test_times_that_agree_change_nothing() -> None:
    sound_N = np.random.default_rng(2).normal(0, 3000, RATE)
    np.testing.assert_allclose(stretched(sound_N, RATE, (0.1, 0.4, 0.8), (0.1, 0.4, 0.8)), sound_N, atol=1e-6)


def test_what_follows_the_last_time_is_as_long_as_it_was() -> None:
    made_N = stretched(tone(150, 1.0), RATE, (0.4,), (0.5,))
    assert len(made_N) == pytest.approx(1.1 * RATE, abs=1)


def test_moments_too_near_to_each_other_are_taken_together() -> None:
    own_K, new_K = knots((0.0, 0.1, 0.11, 0.2, 0.2), (0.0, 0.12, 0.12, 0.21, 0.24))
    np.testing.assert_allclose(own_K, [0.0, 0.1, 0.2])
    np.testing.assert_allclose(new_K, [0.0, 0.12, 0.21])
