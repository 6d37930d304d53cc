"""vqvc's parts: what is drawn comes back, what is known of a voice is so, and pieces make the whole."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from understudy import media
from understudy.media.wav import write_wav
from understudy.methods.vqvc import bands, conversion, manner, vocoder
from understudy.methods.vqvc.network import Architecture, Converter, Quantiser
from understudy.methods.vqvc.vocoder import RATE

SMALL = Architecture(subjects=2, channels=16, encoder=2, decoder=4, levels=(8, 5), voice=4)


def voice(seconds: float, height: float = 120.0, seed: int = 0) -> NDArray[np.float32]:
    """A buzz whose height and formant wander, with a pause every second."""
    generator, at_N = np.random.default_rng(seed), np.arange(round(seconds * RATE)) / RATE
    phase_N = 2 * np.pi * np.cumsum(height * (1 + 0.1 * np.sin(2 * np.pi * 1.3 * at_N))) / RATE
    formant_N = 700 + 250 * np.sin(2 * np.pi * 2.1 * at_N)
    sound_N = np.zeros(len(at_N))
    for harmonic in range(1, 40):
        hertz = harmonic * height
        sound_N += np.exp(-(((hertz - formant_N) / 400) ** 2)) * np.sin(harmonic * phase_N) + 0.02 / harmonic
    sound_N += generator.normal(0, 0.01, len(at_N))
    return np.asarray(0.1 * sound_N * ((at_N % 1) < 0.85), np.float32)


# --- the envelope on bands


def test_a_smooth_spectrum_comes_back_from_its_bands() -> None:
    hertz_F = np.linspace(0, RATE / 2, 513)
    smooth_TF = np.stack([np.cos(2 * np.pi * 1127 * np.log1p(hertz_F / 700) / period) for period in (800, 1600)])
    back_TF = bands.widened(bands.narrowed(smooth_TF, RATE), RATE, 513)
    assert np.abs(back_TF - smooth_TF)[:, :-30].max() < 0.05


def test_warped_bands_lie_where_a_shorter_tract_has_them() -> None:
    hertz_F = np.linspace(0, RATE / 2, 513)

    def peak(at: float) -> NDArray[np.float32]:
        return bands.narrowed(np.exp(-(((hertz_F - at) / 300) ** 2))[None], RATE)[0]

    heard_N = torch.from_numpy(np.stack([peak(1500.0)] * 3))[:, :, None]
    found = bands.warped(heard_N, torch.tensor([1.0, 1.2, 0.8]), RATE)[:, :, 0].numpy()
    np.testing.assert_allclose(found[0], heard_N[0, :, 0], atol=1e-5)
    assert [int(each.argmax()) for each in found[1:]] == [int(peak(at).argmax()) for at in (1800.0, 1200.0)]


# --- speech as parameters


def test_speech_comes_back_from_its_parameters_as_long_and_as_loud() -> None:
    heard_N = voice(1.5)
    found = vocoder.analysed(heard_N, "dio")
    assert len(found.bands_TB) == len(found.aperiodicity_TA) == (len(found.contour_M) + 1) // 2
    said_N = vocoder.synthesised(*found, samples=len(heard_N))
    assert len(said_N) == len(heard_N)
    assert np.std(said_N) / np.std(heard_N) == pytest.approx(1.0, abs=0.12)
    again = vocoder.analysed(said_N, "dio")
    both = (found.contour_M > 0) & (again.contour_M > 0)
    assert both.mean() > 0.6
    assert np.median(np.abs(np.log(again.contour_M[both] / found.contour_M[both]))) < 0.01


def test_what_lies_between_two_frames_is_their_mean() -> None:
    np.testing.assert_allclose(
        vocoder.between(np.array([[0.0], [2.0], [4.0]]), 6)[:, 0], [0.0, 1.0, 2.0, 3.0, 4.0, 4.0]
    )


@pytest.mark.parametrize("sound_N", [np.zeros(3000), np.full(40, np.nan), np.zeros(0)], ids=["silence", "nan", "none"])
def test_what_says_nothing_has_parameters_that_are_numbers_and_no_voice(sound_N: NDArray[np.float64]) -> None:
    found = vocoder.analysed(sound_N, "harvest")
    assert all(np.isfinite(each).all() for each in found)
    assert not found.contour_M.any()


# --- how somebody speaks


def spoken(seed: int, frames: int = 400) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Bands and a contour with known sums: speech at level -4, pauses at -30."""
    generator = np.random.default_rng(seed)
    bands_TB = generator.normal(0, 0.5, (frames, bands.BANDS)) - 4 + np.linspace(2, -2, bands.BANDS)
    bands_TB[::4] -= 26
    contour_M = np.exp(generator.normal(np.log(150), 0.2, 2 * frames))
    contour_M[::3] = 0
    return bands_TB.astype(np.float32), contour_M


def test_a_manner_is_that_of_what_was_said_and_not_of_the_pauses() -> None:
    tally, whole = manner.Tally(), [spoken(seed) for seed in range(3)]
    for each in whole:
        tally.add(*each)
    found = tally.manner()
    bands_TB, contour_M = (np.concatenate(parts) for parts in zip(*whole, strict=True))
    said = bands_TB.mean(axis=1) > -10
    log_f0 = np.log(contour_M[contour_M > 0])
    level_T = bands_TB[said].mean(axis=1)
    np.testing.assert_allclose(found.pitch, (log_f0.mean(), log_f0.std()), rtol=1e-5)
    np.testing.assert_allclose(found.level, (level_T.mean(), level_T.std()), rtol=1e-3)
    np.testing.assert_allclose(found.shape_B, (bands_TB[said] - level_T[:, None]).mean(axis=0), atol=1e-4)
    assert -20 < found.floor < -15


def test_a_moved_contour_has_the_other_manners_mean_and_spread() -> None:
    _, contour_M = spoken(1)
    tally = manner.Tally()
    tally.add(*spoken(1))
    there = tally.manner()
    here = manner.Manner(pitch=(np.log(210), 0.1), level=(0.0, 1.0), shape_B=there.shape_B, floor=-18.0)
    moved_M = manner.moved(contour_M, there, here)
    np.testing.assert_array_equal(moved_M > 0, contour_M > 0)
    log_f0 = np.log(moved_M[moved_M > 0])
    assert log_f0.mean() == pytest.approx(np.log(210), abs=1e-3)
    assert log_f0.std() == pytest.approx(0.1, rel=1e-2)
    assert np.corrcoef(log_f0, np.log(contour_M[contour_M > 0]))[0, 1] > 0.999


def test_whispers_are_moved_to_whispers_and_told_of_as_such() -> None:
    bands_TB, _ = spoken(1)
    tally = manner.Tally()
    tally.add(bands_TB, np.zeros(800))
    whispering = tally.manner()
    assert whispering.pitch == (0.0, 0.0)
    told_KT = manner.told(bands_TB, np.zeros(800), whispering)
    assert np.isfinite(told_KT).all()
    assert not told_KT[[0, 2]].any()
    assert not manner.moved(np.full(10, 100.0), whispering, whispering).any()
    assert np.isfinite(manner.Tally().manner().shape_B).all()


# --- the network


def test_the_quantiser_has_as_many_values_as_levels_and_lets_gradients_through() -> None:
    quantiser = Quantiser((8, 5))
    raw = torch.linspace(-6, 6, 400)[None, None].repeat(1, 2, 1).requires_grad_()
    codes = quantiser(raw)
    assert [len(codes[0, each].unique()) for each in (0, 1)] == [8, 5]
    assert codes.min() == -1
    assert codes.max() == 1
    np.testing.assert_allclose(codes[0, 1].unique().detach(), [-1, -0.5, 0, 0.5, 1], atol=1e-6)
    codes.sum().backward()
    assert raw.grad is not None
    assert raw.grad[0, :, 200].min() > 0.9


def test_a_frame_depends_on_no_more_than_the_reach() -> None:
    torch.manual_seed(0)
    network = Converter(SMALL).eval()
    shape, told, reach = torch.randn(1, 80, 200), torch.randn(1, 3, 200), SMALL.reach
    changed_shape, changed_told = shape.clone(), told.clone()
    changed_shape[..., :60], changed_told[..., :60] = 0, 0
    who = torch.tensor([1])
    with torch.inference_mode():
        one, two = network(shape, told, who)[0], network(changed_shape, changed_told, who)[0]
    assert torch.equal(one[..., 60 + reach :], two[..., 60 + reach :])
    assert not torch.equal(one[..., 60:64], two[..., 60:64])
    assert reach * vocoder.HOP < conversion.MARGIN


@pytest.mark.parametrize("length", [300, 441 * 500 + 1, 441 * 1203 + 99])
def test_a_file_is_cut_between_codes(length: int, tmp_path: Path) -> None:
    sound_N = np.random.default_rng(length).normal(0, 0.1, length).astype(np.float32)
    write_wav(tmp_path / "long.wav", sound_N, RATE)
    read_N, _ = media.sound(tmp_path / "long.wav")
    found = list(conversion.cut(tmp_path / "long.wav"))
    assert all(each.first % conversion.GRAIN == 0 for each in found)
    assert all((each.last - each.first) % conversion.GRAIN == 0 for each in found[:-1])
    np.testing.assert_allclose(np.concatenate([p.samples_N[p.first : p.last] for p in found]), read_N, atol=1e-6)
