"""Loudness is that of ITU-R BS.1770-4: its stated sine, its coefficients, its gates."""

from pathlib import Path

import numpy as np
import pytest
import scipy.signal

from understudy.speech.loudness import SILENT, integrated_loudness, weighting

from .making import tone


@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100, 48_000, 96_000])
def test_the_standard_says_what_a_sine_at_full_scale_is(rate: int) -> None:
    assert integrated_loudness(tone(997, 5, rate, 1.0), rate) == pytest.approx(-3.01, abs=0.05)


def test_the_filters_at_48_khz_are_those_of_the_standards_tables() -> None:
    shelf = [1.53512485958697, -2.69169618940638, 1.19839281085285, 1, -1.69065929318241, 0.73248077421585]
    high_pass = [1, -2, 1, 1, -1.99004745483398, 0.99007225036621]
    np.testing.assert_allclose(weighting(48_000), [shelf, high_pass], atol=1e-8)


@pytest.mark.parametrize("decibels", [-40.0, -23.0, -6.0])
def test_loudness_follows_level_decibel_by_decibel(decibels: float) -> None:
    sine = tone(997, 3, 48_000, 10 ** (decibels / 20))
    assert integrated_loudness(sine, 48_000) == pytest.approx(decibels - 3.01, abs=0.02)


def test_silence_and_quiet_do_not_count() -> None:
    """EBU Tech 3341, case 3: 60 s at -23 dBFS between twice 10 s at -36 are as loud as they alone; mono: 3 dB less."""
    rate = 16_000
    quiet, speech = tone(1000, 10, rate, 10 ** (-36 / 20)), tone(1000, 60, rate, 10 ** (-23 / 20))
    found = integrated_loudness(np.concatenate([quiet, speech, quiet]), rate)
    assert found == pytest.approx(-23 - 3.01, abs=0.1)
    padded = np.concatenate([np.zeros(20 * rate), speech, np.zeros(20 * rate)])
    assert integrated_loudness(padded, rate) == pytest.approx(integrated_loudness(speech, rate), abs=0.05)


def test_nothing_has_no_loudness() -> None:
    assert integrated_loudness(np.zeros(48_000), 48_000) == SILENT
    assert integrated_loudness(np.zeros(0), 48_000) == SILENT


def test_a_memory_map_is_measured_in_parts_that_do_not_show(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).normal(size=35 * 8000).astype(np.float32) * 0.1
    samples.tofile(tmp_path / "x")
    mapped = np.memmap(tmp_path / "x", np.float32, "r")
    weighted = scipy.signal.sosfilt(weighting(8000), samples.astype(float))
    blocks = np.lib.stride_tricks.sliding_window_view((weighted.reshape(-1, 800) ** 2).mean(1), 4).mean(1)
    assert integrated_loudness(mapped, 8000) == pytest.approx(-0.691 + 10 * np.log10(blocks.mean()), abs=1e-6)
