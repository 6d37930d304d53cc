"""Parts that are minimised apart: each loss moves its own part alone, and resuming them is exact."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_training import CPU, SETTINGS, Rivals, batch, step, train
from torch import Tensor, nn

from understudy.errors import CheckpointError, Stopped
from understudy.learning import Run, Steps, learn


def state(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def moved(before: dict[str, Tensor], model: nn.Module) -> set[str]:
    """The submodules of which a weight is another now."""
    after = model.state_dict()
    return {name.split(".")[0] for name, value in before.items() if not torch.equal(value, after[name])}


def test_each_loss_moves_its_own_part_and_no_other(tmp_path: Path) -> None:
    for names in (("loss",), ("critic",), ("loss", "critic")):
        model = Rivals()
        before = state(model)

        def some(model: Any, x: Tensor, names: tuple[str, ...] = names) -> dict[str, Tensor]:
            return {name: value for name, value in step(model, x).items() if name in names}

        train(tmp_path / "-".join(names), step=some, model=model, settings=replace(SETTINGS, steps=3))
        assert moved(before, model) == {{"loss": "painter"}.get(name, name) for name in names}


def test_by_default_one_loss_moves_everything(tmp_path: Path) -> None:
    model = Rivals()
    before = state(model)
    train(tmp_path, model=model, rivals=False, settings=replace(SETTINGS, steps=3))
    assert moved(before, model) == {"painter", "critic", "bystander"}


def test_a_step_of_both_is_a_step_of_each_from_the_same_weights(tmp_path: Path) -> None:
    """Plain gradients by torch.autograd.grad, and rmsprop's first step: rate x sign of the gradient."""
    model = Rivals().eval()
    losses = step(model, torch.ones(4, 3, 8, 8))
    expected = {}
    for name, own in {"loss": model.painter, "critic": model.critic}.items():
        weights = dict(own.named_parameters())
        gradients = torch.autograd.grad(losses[name], list(weights.values()), retain_graph=True)
        submodule = "painter" if name == "loss" else name
        for (each, weight), gradient in zip(weights.items(), gradients, strict=True):
            expected[f"{submodule}.{each}"] = (weight - 1e-2 * gradient.sign()).detach()
    once = replace(SETTINGS, steps=1, warmup=0, schedule="constant", optimiser="rmsprop")
    train(tmp_path, model=model, settings=once, step=lambda net, x: step(net, torch.ones(4, 3, 8, 8)))
    for name, value in expected.items():
        torch.testing.assert_close(model.state_dict()[name], value, atol=1e-5, rtol=0)


def test_a_parameter_of_two_parts_and_a_step_without_a_part_are_faults_of_the_method(tmp_path: Path) -> None:
    model = Rivals()
    with pytest.raises(ValueError, match="belongs to two of the parts loss, critic"):
        train_parts(tmp_path, model, {"loss": model.parameters(), "critic": model.critic.parameters()})
    with pytest.raises(ValueError, match="none of which is one of"):
        train(tmp_path, step=lambda net, x: {"away": step(net, x)["away"]})


def train_parts(folder: Path, model: nn.Module, split: dict[str, Any]) -> None:
    run = Run(folder=folder, seed=3, device=CPU)
    learn(model, step, Steps(batch, 4, CPU), run, SETTINGS, architecture={}, parts=split)


CHOICES = {
    "adam": {"optimiser": "adam", "beta1": 0.9},
    "adam, some weights": {"optimiser": "adam", "beta1": 0.9, "rate_dropout": 0.3},
    "adabelief, some weights": {"optimiser": "adabelief", "beta1": 0.9, "rate_dropout": 0.3, "clip": 0.5},
    "adabelief": {"optimiser": "adabelief", "beta1": 0.9, "bias_correction": False},
    "rmsprop, some weights": {"optimiser": "rmsprop", "rate_dropout": 0.3, "flops": 4.4e6},
    "rmsprop": {"optimiser": "rmsprop", "clip": 1.0},
    "adabelief in bf16": {"optimiser": "adabelief", "beta1": 0.9, "rate_dropout": 0.3, "precision": "bf16"},
}


def alternating(model: Any, x: Tensor) -> dict[str, Tensor]:
    """The critic rests at every third step, told by the batch alone."""
    found = step(model, x)
    return found if float(x.flatten()[0]) > -0.4 else {name: found[name] for name in ("loss", "away")}


@pytest.mark.parametrize("choice", CHOICES)
def test_resumed_is_uninterrupted_whatever_the_optimiser(tmp_path: Path, choice: str) -> None:
    settings = replace(SETTINGS, **CHOICES[choice])
    calls = iter(range(1, 1000))

    def stopped(model: Any, x: Tensor) -> dict[str, Tensor]:
        if next(calls) == 11:
            os.kill(os.getpid(), signal.SIGTERM)
        return alternating(model, x)

    kept = (0.25, 0.5)
    train(tmp_path / "whole", settings=settings, step=alternating, keep=kept)
    with pytest.raises(Stopped, match="after step 11"):
        train(tmp_path / "two", settings=settings, step=stopped, keep=kept)
    train(tmp_path / "two", settings=settings, step=alternating, keep=kept)
    for name in ("weights.safetensors", "weights-0.25.safetensors", "weights-0.5.safetensors", "loss.csv"):
        assert (tmp_path / "two" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "two").glob("snapshot*")) == []


def test_a_snapshot_of_other_parts_is_refused(tmp_path: Path) -> None:
    def stopped(model: Any, x: Tensor) -> dict[str, Tensor]:
        os.kill(os.getpid(), signal.SIGTERM)
        return step(model, x)

    with pytest.raises(Stopped):
        train(tmp_path, step=stopped, rivals=False)
    with pytest.raises(CheckpointError, match="parts"):
        train(tmp_path)
