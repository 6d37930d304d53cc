"""Predicted naturalness is NISQA-TTS's: its bands and its network give the numbers that the authors' code gave."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from understudy import metrics
from understudy.errors import CheckpointError
from understudy.media.wav import write_wav
from understudy.metrics import _nisqa, naturalness
from understudy.metrics._nisqa import Naturalness, decibels, score

RATE = 16_000


def siren() -> np.ndarray:
    """A second of a tone that climbs and swells."""
    at_N = np.arange(RATE) / RATE
    tone_N = 0.3 * np.sin(2 * np.pi * (150 + 400 * at_N) * at_N) * (1 + np.sin(2 * np.pi * 3 * at_N))
    return np.asarray(tone_N, np.float32)


def repeatable() -> Naturalness:
    """Weights that any implementation can make again."""
    network = Naturalness().eval()
    state = network.state_dict()
    for at, name in enumerate(sorted(name for name in state if state[name].is_floating_point())):
        wave = torch.sin(torch.arange(state[name].numel(), dtype=torch.float64) * 0.7 + at).view(state[name].shape)
        state[name] = (1 + 0.5 * wave if name.endswith("running_var") else 0.2 * wave).float()
    network.load_state_dict(state)
    return network


def test_bands_are_those_of_the_authors_code() -> None:
    """Its `get_librosa_melspec` (librosa 0.11, commit of December 2024), with the settings that nisqa_tts.tar holds."""
    found = decibels(siren())
    assert found.shape == (48, 101)
    exact = [12.035385131835938, 16.504854202270508, -28.25381851196289, -56.43022537231445, -37.32295227050781]
    np.testing.assert_allclose(found[[0, 2, 5, 20, 47], [0, 10, 50, 77, 100]], exact, atol=2e-3)
    assert found.mean() == pytest.approx(-50.60203170776367, abs=1e-3)
    assert np.ptp(found) == pytest.approx(80, abs=1e-4), "nothing is further below the loudest"


def test_the_score_is_that_of_the_authors_network_with_the_same_weights() -> None:
    found, windows = score(repeatable(), siren())
    assert windows == 87
    assert found == pytest.approx(-0.06262460350990295, abs=2e-5)
    assert sum(each.numel() for each in Naturalness().state_dict().values()) == 304_539


def test_a_long_sound_is_looked_at_in_pieces_without_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    network = repeatable()
    whole, _ = score(network, siren())
    monkeypatch.setattr(_nisqa, "_AT_ONCE", 10)
    assert score(network, siren())[0] == pytest.approx(whole, abs=1e-5)


def test_the_authors_file_is_read_and_another_is_refused(tmp_path: Path) -> None:
    network = repeatable()
    torch.save({"args": {"model": "NISQA", "lr": 1e-3}, "model_state_dict": network.state_dict()}, tmp_path / "own.tar")
    loaded = _nisqa.naturalness.__wrapped__(tmp_path / "own.tar")
    assert all(torch.equal(value, network.state_dict()[name]) for name, value in loaded.state_dict().items())
    torch.save({"args": {}}, tmp_path / "empty.tar")
    with pytest.raises(CheckpointError, match="does not hold tensors by their names"):
        _nisqa.naturalness.__wrapped__(tmp_path / "empty.tar")
    torch.save({"model_state_dict": {"cnn.model.conv1.weight": torch.zeros(3)}}, tmp_path / "other.tar")
    with pytest.raises(CheckpointError, match=r"conv1\.weight' is \(3,\) in the file"):
        _nisqa.naturalness.__wrapped__(tmp_path / "other.tar")


def test_a_fake_is_listened_to_after_its_notice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silence_N = np.zeros(RATE, np.float32)
    write_wav(tmp_path / "fake.wav", np.concatenate([0.5 * siren()[::-1], siren()]), RATE)
    write_wav(tmp_path / "silent.wav", silence_N, RATE)
    monkeypatch.setattr(naturalness, "naturalness", lambda path: repeatable())
    nobody = np.zeros((0, 128))
    case = metrics.Case(
        family="voice", fake=tmp_path / "fake.wav", driver=tmp_path / "fake.wav", fps=25.0, heard_from=1.0,
        source_references_N128=nobody, driver_references_N128=nobody, networks={"nisqa-tts": tmp_path / "weights"},
    )  # fmt: skip
    meter = naturalness.meter(case)
    assert meter is not None
    (row,) = meter.rows()
    assert (row.n, row.unit, row.better) == (87, "MOS", "higher")
    assert row.value == pytest.approx(score(repeatable(), siren())[0], abs=1e-2)  # a recording has 16 bits
    silent = naturalness.meter(dataclasses.replace(case, fake=tmp_path / "silent.wav", heard_from=0.0))
    assert silent is not None
    assert np.isnan(silent.rows()[0].value)
    assert naturalness.meter(dataclasses.replace(case, networks={})) is None
    assert np.isnan(score(repeatable(), siren()[: RATE // 10])[0])
