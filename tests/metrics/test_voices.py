"""What is heard of a voice, against closed forms and plain implementations."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from understudy.metrics import loudness, melody, words
from understudy.metrics._case import Row
from understudy.metrics._sound import RATE, Sound, heard
from understudy.metrics._spoilt import Voice, flattened
from understudy.metrics.cepstrum import compare as distortion
from understudy.speech.cepstrum import distortion as along

T = np.arange(400) * 0.005


def by_name(rows: list[Row]) -> dict[str, Row]:
    return {row.metric: row for row in rows}


def vowels(seconds: float, f0: float, seed: int) -> NDArray[np.float32]:
    """A buzz through two resonances that move from vowel to vowel at random, with pauses."""
    rng, piece = np.random.default_rng(seed), round(0.2 * RATE)
    x = np.mod(np.cumsum(np.full(round(seconds * RATE), f0)) / RATE, 1) - 0.5
    for low, high in ((300, 800), (900, 2500)):
        for first in range(0, len(x), piece):
            r, place = 0.97, rng.uniform(low, high)
            a = [1, -2 * r * np.cos(2 * np.pi * place / RATE), r * r]
            x[first : first + piece] = lfilter([sum(a)], a, x[first : first + piece])
    return np.asarray(0.3 * x / np.abs(x).max(), np.float32)


def test_a_known_vibrato_is_the_error_and_another_height_is_none() -> None:
    """A vibrato of 100 cents either way has the root mean square of a sine, and a sixth above changes nothing."""
    driver_T = 150 * 2 ** (0.2 * np.sin(2 * np.pi * T))
    vibrato = 2 ** (100 / 1200 * np.sin(2 * np.pi * 5 * T))
    rows = by_name(melody.compare(driver_T * vibrato * 2 ** (900 / 1200), driver_T))
    assert rows["F0 error"].value == pytest.approx(100 / np.sqrt(2), rel=1e-6)
    assert rows["F0 error"].n == 400
    # Uncorrelated sines: the correlation is that of the sum with one of its parts.
    assert rows["F0 correlation"].value == pytest.approx(240 / np.hypot(240, 100), rel=1e-6)
    assert rows["voicing error"].value == 0


def test_a_voice_that_rises_where_the_driver_falls_is_anticorrelated() -> None:
    driver_T = 150 * 2 ** (0.2 * np.sin(2 * np.pi * T))
    assert by_name(melody.compare(200**2 / driver_T, driver_T))["F0 correlation"].value == pytest.approx(-1)


def test_voicing_errors_are_counted_and_unsure_pitch_is_voiced_but_not_compared() -> None:
    driver_T = np.full(400, 120.0) * 2 ** (0.1 * T)
    fake_T = driver_T.copy()
    fake_T[:100] = 0
    fake_T[100:150] = np.nan
    fake_T[150:160] *= 1.0
    driver_T[380:] = 0
    rows = by_name(melody.compare(fake_T, driver_T))
    assert rows["voicing error"].value == pytest.approx(120 / 400)
    assert rows["F0 error"].n == 400 - 150 - 20
    assert rows["F0 error"].value == pytest.approx(0, abs=1e-9)


def test_a_monotone_or_unvoiced_fake_has_no_correlation() -> None:
    driver_T = 150 * 2 ** (0.2 * np.sin(2 * np.pi * T))
    flat = by_name(melody.compare(np.full(400, 130.0), driver_T))
    assert np.isnan(flat["F0 correlation"].value)
    assert flat["F0 error"].value == pytest.approx(240 / np.sqrt(2), rel=1e-6)
    none = by_name(melody.compare(np.zeros(400), driver_T))
    assert np.isnan(none["F0 error"].value)
    assert (none["F0 error"].n, none["voicing error"].value) == (0, 1)


def test_flattening_takes_the_share_of_the_movement_away() -> None:
    f0_T = 150 * 2 ** (0.2 * np.sin(2 * np.pi * T))
    f0_T[:50] = 0
    for share in (0.0, 0.25, 1.0):
        found_T = flattened(f0_T, share)
        assert (found_T[:50] == 0).all()
        assert np.std(np.log2(found_T[50:])) == pytest.approx((1 - share) * np.std(np.log2(f0_T[50:])), abs=1e-9)


def test_the_distortion_of_a_known_offset_and_of_a_sound_from_itself() -> None:
    """An offset of .1 in four coefficients; loudness, the 0th, does not count."""
    mcep_TD = np.random.default_rng(0).normal(size=(50, 25))
    offset_D = np.zeros(25)
    offset_D[[0, 1, 5, 9, 24]] = [7.0, 0.1, 0.1, 0.1, 0.1]
    path_P2 = np.stack([np.arange(50)] * 2, axis=1)
    assert along(mcep_TD, mcep_TD + offset_D, path_P2) == pytest.approx(10 / np.log(10) * np.sqrt(2) * 0.2)
    sound = Sound(vowels(1.0, 120, 0))
    assert distortion(sound, sound)[0] == 0


def plain(a_TD: NDArray[np.floating], b_UD: NDArray[np.floating]) -> float:
    """Kubichek's distortion after dynamic time warping, written down step by step, no band."""
    apart_TU = np.linalg.norm(a_TD[:, None, 1:] - b_UD[None, :, 1:], axis=2)
    total = np.full((len(a_TD) + 1, len(b_UD) + 1), np.inf)
    total[0, 0] = 0
    count = np.zeros(total.shape)
    for t in range(len(a_TD)):
        for u in range(len(b_UD)):
            from_ = min(((t, u), (t, u + 1), (t + 1, u)), key=lambda at: total[at])
            total[t + 1, u + 1], count[t + 1, u + 1] = total[from_] + apart_TU[t, u], count[from_] + 1
    return float(10 / np.log(10) * np.sqrt(2) * total[-1, -1] / count[-1, -1])


def test_the_distortion_is_that_of_a_plain_implementation() -> None:
    """The distance along the path is the distortion but for its scale, so the plain sum must come out the same."""
    first, second = Sound(vowels(0.8, 120, 0)), Sound(vowels(0.7, 180, 1))
    found, pairs = distortion(first, second)
    assert found == pytest.approx(plain(first.cepstrum[first.heard], second.cepstrum[second.heard]), rel=1e-9)
    assert pairs >= 140


def test_other_sounds_are_further_than_the_same_of_another_height() -> None:
    one_N, higher_N, other_N = vowels(2.0, 120, 0), vowels(2.0, 150, 0), vowels(2.0, 120, 1)
    assert words.compare(one_N, one_N)[0] < 0.01
    assert words.compare(higher_N, one_N)[0] < 0.75 * words.compare(other_N, one_N)[0]


def test_how_loud_it_is_said_and_through_what_does_not_change_the_content() -> None:
    one_N = vowels(2.0, 120, 0)
    filtered_N = np.asarray(lfilter([1, -0.5], [1], 0.1 * one_N), np.float32)
    assert words.compare(filtered_N, one_N)[0] < 0.3 * words.compare(vowels(2.0, 120, 1), one_N)[0]


def test_chance_is_the_mean_distance_of_all_pairs() -> None:
    rng = np.random.default_rng(0)
    a_TD, b_UD = rng.normal(size=(1100, 5)), rng.normal(size=(40, 5))
    expected = np.linalg.norm(a_TD[:, None] - b_UD[None], axis=2).mean()
    assert words.chance(a_TD, b_UD) == pytest.approx(expected)


@pytest.mark.parametrize("decibels", [10, 20, 30])
def test_the_signal_to_noise_ratio_is_that_of_the_mixture(decibels: float) -> None:
    """Words that last half of the time: the voice's power counts where it is heard, the noise's everywhere."""
    rng = np.random.default_rng(0)
    on_N = (np.arange(4 * RATE) // (RATE // 4) % 2).astype(float)
    noise_N = rng.normal(size=4 * RATE) * 10 ** (-decibels / 20)
    found, frames = loudness.signal_to_noise(0.1 * (on_N * rng.normal(size=4 * RATE) + noise_N))
    assert found == pytest.approx(decibels, abs=1)
    assert frames == 400


def test_silence_before_and_after_is_not_taken_for_little_noise() -> None:
    samples_N = 0.1 * np.random.default_rng(0).normal(size=2 * RATE) * np.repeat([1.0, 0.1, 1.0, 0.1], RATE // 2)
    padded_N = np.concatenate([np.zeros(RATE), samples_N, np.zeros(RATE)])
    assert loudness.signal_to_noise(padded_N) == pytest.approx(loudness.signal_to_noise(samples_N))
    assert np.isnan(loudness.signal_to_noise(np.zeros(RATE))[0])


def test_clipping_is_three_in_a_row_at_full_scale() -> None:
    samples_N = np.zeros(100, np.float32)
    samples_N[[3, 4, 10, 11, 12, 20, 21, 22, 23]] = [1, 1, 1, 1, 1, -1, -1, -1, -1]
    assert loudness.clipped(samples_N) == pytest.approx(7 / 100)
    samples_N[30:33] = [1, -1, 1]
    assert loudness.clipped(samples_N) == pytest.approx(7 / 100)


def test_what_is_heard_is_less_than_30_db_below_the_loud() -> None:
    level_N = np.repeat([1.0, 10 ** (-25 / 20), 10 ** (-35 / 20), 0.0], RATE // 2)
    tone_N = level_N * np.sin(2 * np.pi * 200 * np.arange(len(level_N)) / RATE)
    there_T = heard(tone_N, 0.005)
    assert [bool(there_T[at : at + 80].all()) for at in (10, 110)] == [True, True]
    assert [bool(there_T[at : at + 80].any()) for at in (210, 310)] == [False, False]


def test_damage_has_the_amount_that_it_says() -> None:
    samples_N, other_N = vowels(2.0, 120, 0), vowels(2.0, 200, 1)
    voice = Voice(samples_N, RATE, 25.0, other_N, seed=0)
    power = float(np.mean(samples_N**2))
    for decibels in (30, 10):
        noise_N = voice.spoilt("noise", decibels) - samples_N
        assert 10 * np.log10(power / float(np.mean(noise_N**2))) == pytest.approx(decibels, abs=0.2)
    late_N = voice.spoilt("delay", 2)
    assert (late_N[:1280] == 0).all()
    assert np.array_equal(late_N[1280:], samples_N[:-1280])
    swapped_N = voice.spoilt("wrong speaker", 1 / 4)
    assert np.array_equal(swapped_N[:24000], samples_N[:24000])
    assert np.array_equal(swapped_N[24000:], other_N[24000:])
    shuffled_N = voice.spoilt("other words", 1.0)
    assert np.array_equal(np.sort(shuffled_N), np.sort(samples_N))
    assert not np.array_equal(shuffled_N, samples_N)
    window = np.hanning(len(samples_N))
    muffled, clear = (np.abs(np.fft.rfft(window * x)) ** 2 for x in (voice.spoilt("muffling", 1000), samples_N))
    assert muffled[:1000].sum() / clear[:1000].sum() > 0.8
    assert muffled[8000:].sum() / clear[8000:].sum() < 1e-3
    raised_N = voice.spoilt("pitch shift", 12)
    f0_T = Sound(raised_N).pitch
    assert np.median(f0_T[f0_T > 0]) == pytest.approx(240, rel=0.02)
