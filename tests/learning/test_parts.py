"""Schedules, draws, samplers, weights, precision: each against what it is defined to be."""

import math
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn

from understudy import settings as typed
from understudy.errors import CheckpointError, ConfigError
from understudy.learning import Draws, Learning, Steps, load_weights, save_weights, uses_bf16
from understudy.learning.sampling import moved_to
from understudy.learning.weights import describe

PLAIN = {
    "steps": 100,
    "batch": 2,
    "rate": 1e-3,
    "beta1": 0.9,
    "beta2": 0.999,
    "epsilon": 1e-8,
    "warmup": 10,
    "schedule": "cosine",
    "precision": "auto",
    "threads": 1,
    "preview_every": 0,
    "snapshot_every": 0,
}
LEARNING = typed.build(Learning, PLAIN)


def test_rate_rises_straight_and_falls_as_a_cosine():
    assert LEARNING.rate_at(0) == pytest.approx(1e-4, rel=1e-3)
    assert LEARNING.rate_at(4) == pytest.approx(5e-4, rel=1e-2)
    assert LEARNING.rate_at(50) == pytest.approx(5e-4)
    assert LEARNING.rate_at(99) == pytest.approx(1e-3 * math.sin(math.pi / 200) ** 2)
    constant = replace(LEARNING, schedule="constant", warmup=0)
    assert {constant.rate_at(step) for step in (0, 50, 99)} == {1e-3}


@pytest.mark.parametrize(
    ("key", "value"),
    [("steps", 0), ("batch", 0), ("rate", 0.0), ("rate", math.inf), ("beta2", 1.0), ("snapshot_every", -1)],
)
def test_senseless_settings_are_refused(key, value):
    with pytest.raises(ConfigError, match=key):
        typed.build(Learning, {**PLAIN, key: value})


def test_draws_depend_on_seed_stream_and_step_alone():
    first = Draws(1).at(7).random(5)
    np.testing.assert_array_equal(first, Draws(1).at(7).random(5))
    others = [Draws(2).at(7), Draws(1, stream=1).at(7), Draws(1).at(8)]
    assert len({first.tobytes(), *(generator.random(5).tobytes() for generator in others)}) == 4
    steps = np.concatenate([Draws(1).at(step).random(50) for step in range(200)])
    assert abs(np.corrcoef(steps[:-50], steps[50:])[0, 1]) < 0.05


def test_batches_made_ahead_are_those_made_in_turn():
    ahead = Steps(lambda step: step * step, 1, torch.device("meta"))
    assert [next(ahead) for _ in range(6)] == [0, 1, 4, 9, 16, 25]
    assert ahead.state_dict() == {"step": 6}
    ahead.load_state_dict({"step": 3})
    assert next(ahead) == 9


def test_moving_keeps_the_structure():
    class Two(NamedTuple):
        a: torch.Tensor
        b: int

    moved = moved_to({"x": [Two(torch.zeros(2), 3)], "y": (torch.ones(1),)}, torch.device("meta"))
    assert isinstance(moved["x"][0], Two)
    assert moved["x"][0].a.device.type == moved["y"][0].device.type == "meta"
    assert moved["x"][0].b == 3


def test_bf16_follows_the_wish_and_the_machine():
    cpu = torch.device("cpu")
    assert uses_bf16("bf16", cpu)
    assert not uses_bf16("fp32", cpu)
    flags = torch.cpu.get_capabilities()
    assert uses_bf16("auto", cpu) == bool(flags.get("avx512_bf16") or flags.get("amx_bf16"))
    assert not uses_bf16("auto", torch.device("meta"))


def test_weights_come_back_with_their_description(tmp_path: Path):
    network, other = nn.Linear(3, 2), nn.Linear(3, 2)
    save_weights(tmp_path / "w.safetensors", network, {"architecture": {"inputs": 3}, "subjects": ["ada", "élodie"]})
    assert load_weights(tmp_path / "w.safetensors", other, {"inputs": 3})["subjects"] == ["ada", "élodie"]
    torch.testing.assert_close(network.weight, other.weight, rtol=0, atol=0)
    assert describe(tmp_path / "w.safetensors")["architecture"] == {"inputs": 3}


def test_weights_of_another_architecture_are_refused_by_name(tmp_path: Path):
    save_weights(tmp_path / "w.safetensors", nn.Linear(3, 2), {"architecture": {"inputs": 3}})
    with pytest.raises(CheckpointError, match="inputs is 3 there, 4 here"):
        load_weights(tmp_path / "w.safetensors", nn.Linear(4, 2), {"inputs": 4})
    with pytest.raises(CheckpointError, match=r"'weight' is \(2, 3\) in the file and \(2, 4\)"):
        load_weights(tmp_path / "w.safetensors", nn.Linear(4, 2), {"inputs": 3})


@pytest.mark.parametrize("content", [None, b"", b"\x08\0\0\0\0\0\0\0{}      ", b"junk" * 100])
def test_what_is_no_weights_file_is_refused(tmp_path: Path, content):
    path = tmp_path / "w.safetensors"
    if content is not None:
        path.write_bytes(content)
    for reader in (describe, lambda place: load_weights(place, nn.Linear(3, 2), {})):
        with pytest.raises(CheckpointError, match="cannot be read"):
            reader(path)


def test_a_snapshot_gives_the_moments_their_parameters_layout(tmp_path: Path) -> None:
    """Fused Adam pairs a parameter with its moments byte by byte: both must lie alike, channels-last too."""
    from understudy.learning import snapshot

    class Sampler:
        def state_dict(self) -> dict[str, int]:
            return {}

        def load_state_dict(self, state: dict[str, int]) -> None:
            pass

    def made() -> tuple[torch.nn.Module, torch.optim.Adam]:
        torch.manual_seed(1)
        network = torch.nn.Conv2d(3, 5, 3).to(memory_format=torch.channels_last)
        return network, torch.optim.Adam(network.parameters(), fused=True)

    def step(network: torch.nn.Module, optimiser: torch.optim.Adam, number: int) -> None:
        optimiser.zero_grad()
        picture = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(number))
        network(picture.to(memory_format=torch.channels_last)).square().mean().backward()
        optimiser.step()

    network, optimiser = made()
    step(network, optimiser, 1)
    snapshot.save(tmp_path / "s.safetensors", network, {"loss": optimiser}, Sampler(), snapshot.Progress(step=1), {})
    step(network, optimiser, 2)
    again, resumed = made()
    snapshot.load(tmp_path / "s.safetensors", again, {"loss": resumed}, Sampler(), {})
    step(again, resumed, 2)
    assert all(torch.equal(one, other) for one, other in zip(network.parameters(), again.parameters(), strict=True))
