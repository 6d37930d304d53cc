"""Speech is read as it is, its mel frames are those of an independent implementation, and windows lie where they do."""

import json
import runpy
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from understudy import media, speech
from understudy.errors import MediaError


def tone(hertz: float, rate: int, seconds: float = 1.0) -> NDArray[np.floating]:
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


def talk(seconds: float = 2.0, seed: int = 0) -> NDArray[np.float32]:
    """A gliding stack of harmonics in syllables, and breath."""
    rng, t = np.random.default_rng(seed), np.arange(round(seconds * 16000)) / 16000
    phase = 2 * np.pi * np.cumsum(120 + 40 * np.sin(4 * t)) / 16000
    voice = sum(np.cos(k * phase + rng.uniform(0, 6)) / k for k in range(1, 25))
    return (0.2 * voice * np.clip(np.sin(19 * t), 0, 1) + 0.002 * rng.normal(size=len(t))).astype(np.float32)


@pytest.fixture
def wav(tmp_path: Path) -> Callable[..., Path]:
    def make(*channels: NDArray[np.floating], rate: int, name: str = "speech.wav") -> Path:
        with wave.open(str(tmp_path / name), "wb") as file:
            file.setnchannels(len(channels))
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes((np.stack(channels, 1) * 32767).round().astype("<i2").tobytes())
        return tmp_path / name

    return make


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_tone_keeps_its_pitch_length_and_loudness(wav: Callable[..., Path], rate: int, channels: int) -> None:
    heard = speech.read(wav(*[tone(1000, rate)] * channels, rate=rate))
    assert heard.dtype == np.float32
    assert len(heard) == pytest.approx(16000, abs=16)
    inner = slice(800, 15200)
    np.testing.assert_allclose(heard[inner], tone(1000, 16000)[inner], atol=2e-3)


@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize("hertz", [9500, 12000, 15000])
def test_what_16_khz_cannot_hold_does_not_fold_back(wav: Callable[..., Path], rate: int, hertz: float) -> None:
    heard = speech.read(wav(tone(hertz, rate) + tone(500, rate), rate=rate))
    _, power = scipy.signal.periodogram(heard[800:-800], 16000, "hann")
    folded = round((16000 - hertz) * (len(heard) - 1600) / 16000)
    assert power[max(folded - 20, 0) : folded + 20].max() < 1e-5 * power.max()  # 50 dB down


def test_the_sound_of_a_clip_begins_with_its_picture(tmp_path: Path, wav: Callable[..., Path]) -> None:
    said = np.concatenate([np.zeros(4800), talk(1.0)])
    frames = (np.zeros((64, 64, 3), np.uint8) for _ in range(32))
    media.write(tmp_path / "clip.mp4", frames, fps=25, sound=wav(said, rate=16000), metadata={}, crf=20)
    heard = speech.read(tmp_path / "clip.mp4")
    first = int(np.argmax(np.abs(heard) > 0.02))
    assert first == pytest.approx(int(np.argmax(np.abs(said) > 0.02)), abs=32)  # 2 ms


@pytest.mark.parametrize(
    ("samples", "fact"),
    [(talk(0.1), "0.10 s long"), (np.zeros(16000), "silence"), (np.full(16000, 5e-4), "silence")],
    ids=["short", "silent", "hum"],
)
def test_what_no_lips_can_say_is_refused_with_its_fact(
    wav: Callable[..., Path], samples: NDArray[np.floating], fact: str
) -> None:
    path = wav(samples, rate=16000)
    with pytest.raises(MediaError, match=fact) as refused:
        speech.read(path)
    assert refused.value.thing == str(path)
    assert refused.value.remedy


def test_a_clip_without_sound_is_refused(tmp_path: Path) -> None:
    frames = (np.zeros((64, 64, 3), np.uint8) for _ in range(5))
    media.write(tmp_path / "mute.mp4", frames, fps=25, metadata={}, crf=20)
    with pytest.raises(MediaError, match="no sound"):
        speech.read(tmp_path / "mute.mp4")


def other_mel(samples_N: NDArray[np.floating]) -> NDArray[np.floating]:
    """The same frames by SciPy's short-time transform and by filters written as interpolation."""
    emphasised = scipy.signal.lfilter([1, -0.97], [1], samples_N.astype(float))
    _, _, spectra = scipy.signal.stft(
        np.pad(emphasised, 400, mode="reflect"), nperseg=800, noverlap=600, boundary=None, padded=False
    )
    magnitude = np.abs(spectra) * scipy.signal.get_window("hann", 800).sum()
    low, high = 55 * 3 / 200, 15 + np.log(7600 / 1000) * 27 / np.log(6.4)
    mels = np.linspace(low, high, 82)
    corners = np.where(mels < 15, mels * 200 / 3, 1000 * 6.4 ** ((mels - 15) / 27))
    bins = np.linspace(0, 8000, 401)
    basis = [
        np.interp(bins, corners[k : k + 3], [0, 2 / (corners[k + 2] - corners[k]), 0], left=0, right=0)
        for k in range(80)
    ]
    decibels = 20 * np.log10(np.maximum(np.stack(basis) @ magnitude, 1e-5)) - 20
    return np.clip((decibels + 100) / 12.5 - 4, -4, 4)


@pytest.mark.parametrize("samples", [3200, 3399, 3400, 16000, 31999])
def test_mel_frames_are_those_of_another_implementation(samples: int) -> None:
    said = talk(2.0)[:samples]
    mine = speech.mel(said)
    assert mine.dtype == np.float32
    assert mine.shape == (80, 1 + samples // 200)
    np.testing.assert_allclose(mine, other_mel(said), atol=1e-4)


def test_mel_frames_are_the_authors(shared: Path) -> None:
    golden = np.load(shared / "golden/wav2lip.npz")
    tensors = json.loads((shared / "golden/wav2lip.json").read_text())["tensors"]
    wave_of = runpy.run_path(str(shared / "golden/fill_rule.py"))["wave"]
    made = speech.mel(wave_of("w2l|set-A|wave", 32123) / 32768)
    for name, mine in (("mel_reflect", made), ("mel_basis", speech.filters()[::4])):
        apart = np.abs(mine - golden[f"out_{name}"])
        assert apart.max() <= tensors[name]["tol_max"], name
        assert apart.mean() <= tensors[name]["tol_mean"], name
    for fps in (25.0, 30.0, 24.0, 29.97):
        np.testing.assert_array_equal(speech.starts(made.shape[1], fps), golden[f"out_chunk_starts_fps{fps}"])


def test_louder_speech_is_a_constant_more_and_silence_is_the_least() -> None:
    said = talk()
    soft, loud = speech.mel(0.1 * said), speech.mel(said)
    inside = (soft > -3.9) & (loud < 3.9)
    np.testing.assert_allclose((loud - soft)[inside], 20 * 8 / 100, atol=1e-3)  # 20 dB of 100 on 8
    assert (speech.mel(np.zeros(1000)) == -4).all()


def test_a_tone_is_loudest_in_the_band_that_holds_it() -> None:
    centres = (speech.filters() * np.linspace(0, 8000, 401)).sum(1) / speech.filters().sum(1)
    for hertz in (200.0, 1000.0, 3000.0, 7000.0):
        middle = speech.mel(tone(hertz, 16000))[:, 40]
        assert abs(int(middle.argmax()) - int(np.abs(centres - hertz).argmin())) <= 1


@given(st.integers(16, 3000), st.floats(10, 60))
def test_windows_start_with_their_picture_until_the_last(frames: int, fps: float) -> None:
    at = speech.starts(frames, fps)
    whole, last = at[:-1], at[-1]
    assert last == frames - 16
    np.testing.assert_array_equal(whole, [int(i * (80 / fps)) for i in range(len(whole))])
    assert (whole <= last).all()
    assert int(len(whole) * (80 / fps)) > last


def test_windows_are_cut_where_they_start_and_go_on_with_the_last() -> None:
    mel = np.random.default_rng(0).normal(size=(80, 100)).astype(np.float32)
    cut = speech.windows(mel, 25.0, count=40)
    assert cut.shape == (40, 80, 16)
    np.testing.assert_array_equal(cut[7], mel[:, 22:38])
    np.testing.assert_array_equal(cut[30:], np.repeat(mel[None, :, -16:], 10, 0))
    np.testing.assert_array_equal(speech.windows(mel, 25.0), cut[: len(speech.starts(100, 25.0))])
    np.testing.assert_array_equal(speech.windows(mel, 25.0, count=3), cut[:3])


@pytest.mark.parametrize(("fps", "frames"), [(9.9, 100), (61.0, 100), (25.0, 15)])
def test_rates_and_lengths_that_have_no_windows_are_refused(fps: float, frames: int) -> None:
    with pytest.raises(MediaError):
        speech.windows(np.zeros((80, frames), np.float32), fps)


@given(st.integers(2, 100_000), st.integers(0, 5))
def test_shuffled_speech_is_the_same_samples_and_none_stays(count: int, seed: int) -> None:
    said = np.arange(count, dtype=np.float32)
    mixed = speech.shuffled(said, seed)
    np.testing.assert_array_equal(np.sort(mixed), said)
    np.testing.assert_array_equal(mixed, speech.shuffled(said, seed))
    assert np.abs(mixed - said).min() >= min(count // 2, 0.4 * 16000 * 2 / 3 - 1)


def test_another_seed_shuffles_otherwise() -> None:
    said = talk(4.0)
    assert not np.array_equal(speech.shuffled(said, 0), speech.shuffled(said, 1))
