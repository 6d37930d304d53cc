"""The parts of `world`: mixtures, trajectories, pieces, pitch moved in the waveform, filters."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.methods.world import Config, mixture, usual
from understudy.methods.world.conversion import mean_power
from understudy.methods.world.differential import filtered, repitched
from understudy.speech import pitch

RATE = 22_050


def test_one_gaussian_converts_by_the_regression_that_it_is() -> None:
    """With one component and full covariance the expectation is ordinary least squares."""
    draw = np.random.default_rng(0)
    heard = mixture.features(draw.normal(size=(4000, 3)))
    said = heard @ draw.normal(size=(6, 6)) + draw.normal(size=(4000, 6))
    *_, (found, _) = mixture.fit(np.concatenate([heard, said], 1), 1, 2, full=True, seed=0)
    slope = np.linalg.lstsq(heard - heard.mean(0), said - said.mean(0), rcond=None)[0]
    expected = (heard[:50] - heard.mean(0)) @ slope + said.mean(0)
    made = mixture.converted(heard[:50], found, forwards=True)
    left = 1 / (said - (heard - heard.mean(0)) @ slope - said.mean(0)).var(0)
    smooth = mixture.trajectory(expected, np.tile(left, (50, 1)))
    assert np.corrcoef(made.ravel(), smooth.ravel())[0, 1] > 0.99


def test_expectation_and_maximisation_never_lose_likelihood_and_repeat_for_a_seed() -> None:
    draw = np.random.default_rng(1)
    two = np.concatenate([draw.normal(-3, 1, (300, 4)), draw.normal(3, 0.5, (500, 4))])
    runs = [[value for _, value in mixture.fit(two, 2, 8, full=True, seed=seed)] for seed in (3, 3)]
    assert runs[0] == runs[1]
    assert (np.diff(runs[0]) > -1e-3).all()
    *_, (found, _) = mixture.fit(two, 2, 8, full=True, seed=3)
    order = found.means_MJ[:, 0].argsort()
    np.testing.assert_allclose(found.weights_M[order], [3 / 8, 5 / 8], atol=0.01)
    np.testing.assert_allclose(found.means_MJ[order].mean(1), [-3, 3], atol=0.1)


@given(st.integers(1, 12), st.integers(0, 100))
def test_a_trajectory_is_the_least_squares_of_values_and_changes(frames: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    expected, precision = draw.normal(size=(frames, 4)), draw.uniform(0.5, 2, (frames, 4))
    found = mixture.trajectory(expected, precision)
    for d in range(2):
        basis = np.stack([mixture.features(row[:, None]).T.ravel() for row in np.eye(frames)], 1)
        weights = np.sqrt(np.concatenate([precision[:, d], precision[:, 2 + d]]))
        asked = np.concatenate([expected[:, d], expected[:, 2 + d]])
        direct = np.linalg.lstsq(weights[:, None] * basis, weights * asked, rcond=None)[0]
        np.testing.assert_allclose(found[:, d], direct, atol=1e-8)


def buzz(hertz: float, seconds: float = 1.0) -> np.ndarray:
    at = np.arange(round(seconds * RATE)) / RATE
    return 0.1 * sum(np.sin(2 * np.pi * hertz * k * at + 0.5 * k * k) / k for k in range(1, 20))


@pytest.mark.parametrize("ratio", [0.6, 0.9, 1.25, 1.7])
def test_a_waveform_gets_the_pitch_that_is_asked_for_and_keeps_its_level(ratio: float) -> None:
    said = buzz(150.0)
    contour = np.full(pitch.count(len(said), RATE), 150.0)
    made = repitched(said, RATE, contour, ratio * contour)
    found = pitch.f0(made, RATE, estimator="dio")[20:-20]
    assert np.median(found[found > 0]) == pytest.approx(150 * ratio, rel=0.01)
    assert len(made) == len(said)
    assert 10 * np.log10((made**2).mean() / (said**2).mean()) == pytest.approx(0, abs=1.5)


def test_what_is_unvoiced_is_not_moved() -> None:
    noise = np.random.default_rng(0).normal(size=RATE)
    contour = np.zeros(pitch.count(len(noise), RATE))
    np.testing.assert_allclose(repitched(noise, RATE, contour, contour), noise)


def test_a_filter_of_no_change_changes_nothing_and_a_level_is_a_level() -> None:
    said = buzz(120.0)
    ones = np.ones((pitch.count(len(said), RATE), 513))
    np.testing.assert_allclose(filtered(said, RATE, ones)[500:-500], said[500:-500], atol=1e-9)
    np.testing.assert_allclose(filtered(said, RATE, 4 * ones)[500:-500], 2 * said[500:-500], atol=1e-9)


def test_a_filter_has_the_power_that_is_asked_for() -> None:
    noise = np.random.default_rng(0).normal(size=8 * RATE)
    wanted = np.exp(1.5 * np.cos(np.linspace(0, 4 * np.pi, 513)))
    made = filtered(noise, RATE, np.tile(wanted, (pitch.count(len(noise), RATE), 1)))
    spectra = [
        np.abs(np.fft.rfft(x[: len(x) // 1024 * 1024].reshape(-1, 1024) * np.hanning(1024))) ** 2 for x in (made, noise)
    ]
    apart = 10 * np.log10(spectra[0].mean(0) / spectra[1].mean(0) / wanted)
    assert np.abs(apart[5:-5]).max() < 1.5


def test_the_mean_power_is_that_of_the_speech_and_not_of_the_pauses() -> None:
    said = np.concatenate([buzz(150.0, 2.0), np.zeros(5 * RATE)])
    assert mean_power([said]) == pytest.approx((buzz(150.0, 2.0) ** 2).mean(), rel=0.05)
    assert mean_power([np.zeros(RATE)]) == mean_power([]) == 0


@pytest.mark.parametrize(
    "wrong", [{"order": 3}, {"components": 0}, {"speech": 0.5}, {"variance": 1.5}, {"piece": 1.0}, {"iterations": 0}]
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        dataclasses.replace(usual(), **wrong)
    assert isinstance(usual(), Config)
