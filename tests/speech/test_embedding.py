"""The voice's embedding agrees with the published encoder's, and tells the cast's voices apart.

`dvectors.npz` holds what Resemblyzer 0.1.4 itself (with librosa 0.11) makes of `sounds`, after its own raising of
quiet ones to -30 dBFS and without its trimming.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.signal import lfilter, resample_poly

from understudy.cast.speech import utter
from understudy.errors import CheckpointError, SpeechError
from understudy.speech import embedding

RATE = 16_000
REFERENCE = Path(__file__).with_name("dvectors.npz")
TEXTS = ("The quick brown fox jumps over the lazy dog.", "She sells sea shells by the shore.")


def buzz(seconds: float, f0: float, formants: list[tuple[int, int]], loud: float) -> NDArray[np.float32]:
    """A saw whose pitch glides, through resonances (Hz, width), swelling three times a second."""
    t = np.arange(round(seconds * RATE)) / RATE
    x = np.mod(np.cumsum(f0 * (1 + 0.2 * np.sin(2 * np.pi * 0.7 * t))) / RATE, 1) - 0.5
    for place, width in formants:
        r = np.exp(-np.pi * width / RATE)
        a = [1, -2 * r * np.cos(2 * np.pi * place / RATE), r * r]
        x = lfilter([sum(a)], a, x)
    x *= (1 + np.sin(2 * np.pi * 3 * t)) / 2
    return np.asarray(loud * x / np.abs(x).max(), np.float32)


def sounds() -> list[NDArray[np.float32]]:
    """A low voice, a high and quiet one, and noise that is shorter than an utterance."""
    noise = np.random.default_rng(0).normal(size=round(0.9 * RATE)) * 0.1
    return [
        buzz(4.0, 110, [(500, 80), (1500, 120), (2500, 200)], 0.5),
        buzz(2.3, 220, [(700, 90), (1200, 120), (2800, 200)], 0.02),
        noise.astype(np.float32),
    ]


@pytest.fixture(scope="module")
def said() -> dict[str, list[NDArray[np.float64]]]:
    """Two sentences of two voices."""
    return {
        voice: [resample_poly(utter(text, voice=voice, rate=160, pitch=50).sound_N / 32768, 320, 441) for text in TEXTS]
        for voice in ("en-us+f3", "en-us+m3")
    }


def test_it_agrees_with_the_published_encoder() -> None:
    reference_S256 = np.load(REFERENCE)["dvectors_S256"]
    for samples_N, expected_256 in zip(sounds(), reference_S256, strict=True):
        assert embedding.similarity(embedding.embed(samples_N, trim=False), expected_256) > 0.9999


def test_embeddings_have_length_one_and_no_negative_numbers() -> None:
    found_256 = embedding.embed(sounds()[0])
    assert found_256.shape == (embedding.SIZE,)
    assert np.linalg.norm(found_256) == pytest.approx(1, abs=1e-5)
    assert (found_256 >= 0).all()


def test_a_voice_is_nearer_to_itself_than_to_another(said: dict[str, list[NDArray[np.float64]]]) -> None:
    first, second = ([embedding.embed(each) for each in one] for one in said.values())
    same = [embedding.similarity(*first), embedding.similarity(*second)]
    other = [embedding.similarity(a, b) for a in first for b in second]
    assert min(same) > 0.8
    assert max(other) < 0.7


def test_silence_between_words_changes_little_and_is_left_out(said: dict[str, list[NDArray[np.float64]]]) -> None:
    samples_N = said["en-us+f3"][0]
    padded_N = np.concatenate([samples_N, np.zeros(3 * RATE), samples_N])
    kept = len(embedding.trimmed(padded_N)) / RATE
    assert kept == pytest.approx(2 * len(samples_N) / RATE, abs=0.5)
    assert embedding.similarity(embedding.embed(padded_N), embedding.embed(samples_N)) > 0.97


def test_how_loud_a_quiet_recording_is_does_not_matter() -> None:
    samples_N = sounds()[1]
    assert embedding.similarity(embedding.embed(samples_N), embedding.embed(samples_N / 8)) > 0.999999


def test_two_voices_in_one_recording_are_seen_in_its_utterances(said: dict[str, list[NDArray[np.float64]]]) -> None:
    one, two = said.values()
    voices_P256 = embedding.utterances(np.concatenate([one[0], two[0]]))
    assert embedding.similarity(voices_P256[0], voices_P256[-1]) < 0.75
    alone_P256 = embedding.utterances(np.concatenate(one))
    assert embedding.similarity(alone_P256[0], alone_P256[-1]) > 0.75


@pytest.mark.parametrize("samples_N", [np.zeros(0), np.zeros(RATE), np.full(RATE, np.nan)])
def test_what_holds_no_voice_is_refused(samples_N: NDArray[np.float64]) -> None:
    with pytest.raises(SpeechError):
        embedding.embed(samples_N)


def test_the_shortest_sounds_have_an_embedding() -> None:
    for count in (1, 100, 479, 481, 4000):
        assert np.isfinite(embedding.embed(sounds()[2][:count])).all()


def test_other_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedding.encoder.cache_clear()
    torch.save({"model_state": {}}, tmp_path / "pretrained.pt")
    monkeypatch.setattr(embedding, "weights", lambda: tmp_path / "pretrained.pt")
    with pytest.raises(CheckpointError, match="sha256"):
        embedding.encoder()
    monkeypatch.setattr(embedding, "weights", lambda: tmp_path / "nowhere.pt")
    with pytest.raises(CheckpointError, match="is not there"):
        embedding.encoder()


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CheckpointError, match=r"Install Resemblyzer 0\.1\.4"):
        embedding.weights()
