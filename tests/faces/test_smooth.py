"""Smoothing leaves plain motion alone, takes noise away, and never lags."""

import numpy as np
import pytest

from understudy.faces.smooth import kernel, smooth, stretches

FPS = 25.0


@pytest.mark.parametrize("power", [0, 1, 2])
@pytest.mark.parametrize("count", [3, 4, 8, 60])
def test_constant_linear_and_parabolic_motion_pass_unchanged(power: int, count: int) -> None:
    # Up to the ends: a clip begins and stops in mid-motion.
    signal = (np.arange(count)[:, None] / FPS) ** power * [3.0, -7.0] + 5
    assert np.allclose(smooth(signal, FPS, 0.06), signal)


def test_smoothing_reversed_time_is_reversed_smoothing() -> None:
    signal = np.random.default_rng(0).normal(size=(50, 3))
    assert np.allclose(smooth(signal[::-1], FPS, 0.05)[::-1], smooth(signal, FPS, 0.05))


def test_phase_is_zero_and_slow_waves_keep_their_height() -> None:
    t = np.arange(200) / FPS
    for hertz in (0.5, 1, 2, 4):  # speech moves lips some four times a second
        wave = np.sin(2 * np.pi * hertz * t + 0.7)
        out = smooth(wave[:, None], FPS, 0.03)[20:-20, 0]
        turn = np.exp(-2j * np.pi * hertz * t[20:-20])
        ratio = (out * turn).sum() / (wave[20:-20] * turn).sum()
        assert abs(np.angle(ratio)) < 1e-3
        assert abs(ratio) > 0.93


def test_noise_falls_as_the_kernel_says() -> None:
    noise = np.random.default_rng(1).normal(size=(4000, 1))
    weights = kernel(3, 3, 1.0)
    expected = np.sqrt((weights**2).sum())
    assert expected < 0.75
    assert abs(smooth(noise, FPS, 1 / FPS)[10:-10].std() - expected) < 0.03


def test_a_blink_keeps_its_depth() -> None:
    # 150 ms wide, closing faster than it opens; a moving average as calm as this takes a third of it.
    t = np.arange(50) / FPS - 1.01
    blink = np.where(t < 0, np.exp(-0.5 * (t / 0.05) ** 2), np.exp(-0.5 * (t / 0.09) ** 2))
    assert smooth(blink[:, None], FPS, 0.03).max() > 0.93 * blink.max()


def test_gaps_stay_gaps_and_part_what_is_on_their_sides() -> None:
    signal = np.random.default_rng(2).normal(size=(40, 2))
    signal[17:20] = np.nan
    out = smooth(signal, FPS, 0.05)
    assert np.isnan(out[17:20]).all()
    assert np.allclose(out[:17], smooth(signal[:17], FPS, 0.05))
    assert np.allclose(out[20:], smooth(signal[20:], FPS, 0.05))


def test_a_cut_parts_as_well() -> None:
    signal = np.concatenate([np.zeros((20, 1)), np.ones((20, 1))])
    starts = np.zeros(40, bool)
    starts[20] = True
    assert np.allclose(smooth(signal, FPS, 0.08, starts), signal)
    assert stretches(np.ones(40, bool), starts) == [(0, 20), (20, 40)]


def test_seconds_mean_seconds() -> None:
    # The same motion filmed at twice the rate is smoothed alike.
    def motion(t: np.ndarray) -> np.ndarray:
        return np.sin(2 * np.pi * 3 * t)[:, None]

    slow, fast = np.arange(100) / 50, np.arange(200) / 100
    once, twice = smooth(motion(slow), 50, 0.08), smooth(motion(fast), 100, 0.08)[::2]
    assert np.allclose(once[12:-12], twice[12:-12], atol=0.01)
