"""Mel-cepstra: closed forms of envelopes, their inverse, and of the distance between them."""

import numpy as np
import pytest

from understudy.speech import alignment, cepstrum

RATE = 22_050
BINS = 513


def poles(hertz: list[float], widths: list[float]) -> np.ndarray:
    """The power of resonances at every bin."""
    z = np.exp(-1j * np.linspace(0, np.pi, BINS))
    power = np.ones(BINS)
    for f, w in zip(hertz, widths, strict=True):
        radius = np.exp(-np.pi * w / RATE)
        power /= np.abs(1 - 2 * radius * np.cos(2 * np.pi * f / RATE) * z + radius**2 * z**2) ** 2
    return power


@pytest.mark.parametrize(("rate", "alpha"), [(16_000, 0.41), (22_050, 0.455), (44_100, 0.544), (48_000, 0.554)])
def test_the_warping_is_that_of_speech_toolkits(rate: int, alpha: float) -> None:
    assert cepstrum.warping(rate) == pytest.approx(alpha, abs=0.002)


def test_a_flat_envelope_has_its_level_alone() -> None:
    mcep = cepstrum.encode(np.full((1, BINS), 0.25), RATE)[0]
    assert mcep[0] == pytest.approx(np.log(0.5))
    np.testing.assert_allclose(mcep[1:], 0, atol=1e-12)


def test_cepstra_of_cosines_on_the_warped_axis_are_those_cosines() -> None:
    """What `decode` draws of few coefficients, `encode` finds again: the two warp by opposite ways."""
    mcep_TD = np.random.default_rng(0).normal(size=(4, 25)) * 0.9 ** np.arange(25)
    power_TF = cepstrum.decode(mcep_TD, RATE)
    assert power_TF.shape == (4, cepstrum.fft_size(RATE) // 2 + 1)
    np.testing.assert_allclose(cepstrum.encode(power_TF, RATE), mcep_TD, atol=1e-6)


def test_encode_is_the_projection_on_warped_cosines() -> None:
    """By the integral that defines the coefficients: of the log spectrum over the warped axis."""
    power = poles([600, 1500, 2600], [200, 250, 300])
    alpha, omega = cepstrum.warping(RATE), np.linspace(0, np.pi, 20_001)
    back = omega - 2 * np.arctan2(alpha * np.sin(omega), 1 + alpha * np.cos(omega))  # the all-pass of -alpha
    logs = np.interp(back, np.linspace(0, np.pi, BINS), np.log(power))
    direct = [np.trapezoid(logs * np.cos(d * omega), omega) / np.pi / (2 if d == 0 else 1) for d in range(25)]
    np.testing.assert_allclose(cepstrum.encode(power[None], RATE)[0], direct, atol=2e-3)


def test_distortion_is_the_closed_form_and_leaves_loudness_out() -> None:
    a, path = np.zeros((3, 25)), np.repeat(np.arange(3)[:, None], 2, 1)
    b = a.copy()
    b[:, 0] = 5
    assert cepstrum.distortion(a, b, path) == 0
    b[:, 4] = 0.3
    assert cepstrum.distortion(a, b, path) == pytest.approx(10 / np.log(10) * np.sqrt(2) * 0.3)
    with pytest.raises(ValueError, match="held against"):
        cepstrum.distortion(a, b[:, :10], path)


def test_distortion_is_the_rms_distance_of_the_log_spectra_it_stands_for() -> None:
    """By Parseval: over the warped axis, in dB, of the spectra without their level."""
    mcep_TD = 0.2 * np.random.default_rng(1).normal(size=(2, 25))
    omega = (np.arange(4096) + 0.5) * np.pi / 4096
    decibels = 20 / np.log(10) * mcep_TD[:, 1:] @ np.cos(np.arange(1, 25)[:, None] * omega)
    rms = np.sqrt(((decibels[0] - decibels[1]) ** 2).mean())
    assert cepstrum.distortion(mcep_TD[:1], mcep_TD[1:], np.zeros((1, 2), int)) == pytest.approx(rms, rel=1e-6)


def test_the_envelope_of_a_buzz_is_its_resonances_and_not_its_harmonics() -> None:
    draw = np.zeros(RATE)
    draw[:: RATE // 150] = 1
    power = poles([700, 1600], [120, 160])
    response = np.fft.irfft(np.sqrt(power) * np.exp(-1j * _least_phase(power)), 1024)
    said = np.convolve(draw, response)[:RATE]
    frames = RATE // 110
    found = cepstrum.envelope(said, RATE, np.full(frames, RATE / (RATE // 150)))[60:-60]
    apart = 10 * np.log10(found / power)
    apart = (apart - apart.mean(1, keepdims=True))[:, 10:400]
    assert np.sqrt((apart**2).mean()) < 2


def _least_phase(power: np.ndarray) -> np.ndarray:
    """The phase lag of the minimum-phase response with this power."""
    cepstra = np.fft.irfft(np.log(power) / 2)
    cepstra[1:512] *= 2
    cepstra[513:] = 0
    return -np.imag(np.fft.rfft(cepstra))


@pytest.mark.parametrize("sound", [np.zeros(5000), np.full(5000, np.nan), np.zeros(0), np.ones(3)])
def test_sound_without_a_voice_has_finite_cepstra(sound: np.ndarray) -> None:
    mcep_TD = cepstrum.mel_cepstrum(sound, RATE)
    assert mcep_TD.shape[1] == 25
    assert np.isfinite(mcep_TD).all()
    assert len(alignment.align(mcep_TD, mcep_TD)) == len(mcep_TD)
