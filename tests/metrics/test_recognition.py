"""The recogniser is the published network, letters are read as they are meant, and error rates are edits over words."""

import dataclasses
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from understudy import metrics
from understudy.errors import CheckpointError, ConfigError
from understudy.media.wav import write_wav
from understudy.methods.sovits import environment
from understudy.metrics import _wav2vec, recognition
from understudy.metrics._pretrained import read
from understudy.metrics._wav2vec import RATE, SYMBOLS, Recogniser, spelt, transcribe

SMALL = {"wide": 48, "hidden": 64, "inner": 96, "layers": 2, "heads": 4}
THEIRS = """
import importlib.util, sys
found = importlib.util.find_spec  # torchaudio is not needed, and where CUDA's libraries are missing cannot be loaded
importlib.util.find_spec = lambda name, *more: None if name.startswith("torchaudio") else found(name, *more)
import torch
from safetensors.torch import save_file
from transformers import Wav2Vec2Config, Wav2Vec2ForCTC
torch.manual_seed(0)
sizes = dict(hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, conv_dim=[48] * 7)
network = Wav2Vec2ForCTC(Wav2Vec2Config(vocab_size=32, **sizes)).eval()
sound = torch.randn(1, 16000)
with torch.inference_mode():
    save_file({"sound": sound, "scores": network(sound).logits}, sys.argv[1])
save_file(network.state_dict(), sys.argv[2])
"""


def elsewhere() -> Path | None:
    """An interpreter that has an implementation by others: the environment of so-vits-svc-fork has it."""
    try:
        return environment.interpreter()
    except ConfigError:
        return None


@pytest.mark.skipif(elsewhere() is None, reason="there is no other implementation here: run `make voice`")
def test_the_network_is_that_of_transformers_under_either_way_of_naming(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, theirs = tmp_path / "known.safetensors", tmp_path / "theirs.safetensors"
    subprocess.run([str(elsewhere()), "-c", THEIRS, known, theirs], check=True, capture_output=True)
    monkeypatch.setattr(_wav2vec, "Recogniser", lambda: Recogniser(**SMALL))
    network, exact = _wav2vec.recogniser.__wrapped__(theirs), read(known)
    with torch.inference_mode():
        torch.testing.assert_close(network(exact["sound"]), exact["scores"], atol=1e-5, rtol=1e-5)
    older = tmp_path / "older.safetensors"
    save_file(network.state_dict(), older)
    assert any(name.endswith("weight_g") for name in read(older))
    again = _wav2vec.recogniser.__wrapped__(older)
    assert all(torch.equal(value, network.state_dict()[name]) for name, value in again.state_dict().items())


def test_the_published_size_is_the_default() -> None:
    with torch.device("meta"):
        network = Recogniser()
    assert sum(each.numel() for each in network.parameters()) == 94_395_552
    assert len(SYMBOLS) == 32
    assert len(set(SYMBOLS)) == 32 - 3


def test_another_networks_weights_are_refused(tmp_path: Path) -> None:
    save_file(Recogniser(**SMALL).state_dict(), tmp_path / "small.safetensors")
    with pytest.raises(CheckpointError, match=r"conv_layers\.0\.conv\.weight' is \(48, 1, 10\) in the file"):
        _wav2vec.recogniser.__wrapped__(tmp_path / "small.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"\xff" * 40)
    with pytest.raises(CheckpointError, match="cannot be read as weights"):
        read(tmp_path / "broken.safetensors")


def symbols(text: str) -> np.ndarray:
    """A frame a sign: `_` the blank, else what is written."""
    return np.array([0 if sign == "_" else SYMBOLS.index(sign) for sign in text])


def test_runs_are_one_letter_and_blanks_part_them() -> None:
    assert spelt(symbols("__HH_EE_L_LL_O_")) == "HELLO"
    assert spelt(symbols("  A_ _ CC AATT__  ")) == "A C AT"
    assert spelt(symbols("____")) == ""
    assert spelt(np.array([1, 2, 3])) == "", "marks of sentences are not said"


@cache
def edits(heard: str, said: str) -> int:
    """Levenshtein's distance, straight from its definition."""
    if not heard or not said:
        return len(heard) + len(said)
    same = edits(heard[1:], said[1:]) + (heard[0] != said[0])
    return min(same, edits(heard[1:], said) + 1, edits(heard, said[1:]) + 1)


def test_error_rates_are_the_fewest_edits_over_what_was_said() -> None:
    said = ["THE", "CAT", "SAT", "ON", "THE", "MAT"]
    assert recognition.error_rate(said, said) == (0, 6)
    assert recognition.error_rate(["THE", "CAT", "SAT", "ON", "MAT"], said) == (1 / 6, 6)
    assert recognition.error_rate(["A", "CAT", "SAT", "UP", "ON", "THE", "HAT"], said) == (3 / 6, 6)
    assert recognition.error_rate([], said) == (1, 6)
    assert recognition.error_rate([*said, *said, "NO"], said)[0] == pytest.approx(7 / 6)
    assert np.isnan(recognition.error_rate(said, [])[0])
    generator = np.random.default_rng(0)
    for _ in range(40):
        one, other = ("".join(generator.choice(list("ABC "), generator.integers(1, 9))) for _ in range(2))
        assert recognition.error_rate(one, other) == (edits(one, other) / len(other), len(other))


def test_long_sounds_are_heard_in_parts_that_leave_nothing_out() -> None:
    generator = np.random.default_rng(0)
    sound_N = generator.standard_normal(47 * RATE).astype(np.float32)
    for quiet in (17.0, 33.0):
        sound_N[round(quiet * RATE) : round((quiet + 0.1) * RATE)] *= 1e-3
    parts = _wav2vec._parts(sound_N)
    np.testing.assert_array_equal(np.concatenate(parts), sound_N)
    assert [len(part) / RATE for part in parts[:2]] == pytest.approx([17.05, 16.0], abs=0.05), "in the silences"
    assert all(len(part) <= _wav2vec.LONGEST * RATE for part in parts)
    assert len(_wav2vec._parts(sound_N[: RATE // 4])) == 1


class Ears(torch.nn.Module):
    """Hears a letter in each tenth of a second, by how loud it is."""

    def forward(self, sound_1N: torch.Tensor) -> torch.Tensor:
        loud = sound_1N[0].unfold(0, RATE // 10, RATE // 10).abs().mean(dim=1)
        return torch.nn.functional.one_hot((5 + (loud * 20).round().long()).clamp(max=31), 32).float()[None]


def test_the_same_sound_says_the_same_words_whatever_its_level(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    envelope_N = np.repeat(generator.uniform(0.2, 1, 20), RATE // 10)
    for name, samples_N in {
        "driver": envelope_N, "louder": 2 * envelope_N, "other": envelope_N[::-1], "silent": 0 * envelope_N,
    }.items():  # fmt: skip
        carrier_N = np.sin(np.arange(len(samples_N)) * 2 * np.pi * 220 / RATE) * 0.3
        write_wav(tmp_path / f"{name}.wav", (samples_N * carrier_N).astype(np.float32), RATE)
    nobody = np.zeros((0, 128))
    case = metrics.Case(
        family="voice", fake=tmp_path / "driver.wav", driver=tmp_path / "driver.wav", fps=25.0,
        source_references_N128=nobody, driver_references_N128=nobody, networks={"wav2vec2": tmp_path / "weights"},
    )  # fmt: skip
    monkeypatch.setattr(recognition, "recogniser", lambda path: Ears())

    def rates(fake: str) -> list[float]:
        meter = recognition.meter(dataclasses.replace(case, fake=tmp_path / f"{fake}.wav"))
        assert meter is not None
        return [row.value for row in meter.rows()]

    assert len(transcribe(Ears(), np.asarray(envelope_N, np.float32))) > 5  # type: ignore[arg-type] # stands in
    assert rates("driver") == [0, 0]
    assert rates("louder") == [0, 0]
    assert min(rates("other")) > 0.3
    assert np.isnan(rates("silent")).all()
    assert recognition.meter(dataclasses.replace(case, networks={})) is None
