"""Budgets in steps, seconds and operations; what is kept on the way; what the card says of both."""

import hashlib
import math
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from tiny_training import CPU, SETTINGS, Rivals, batch, step, train
from torch import Tensor, nn

from understudy import files
from understudy.errors import CheckpointError, ConfigError, Stopped
from understudy.learning import Run, Steps, kept, learn, load_weights
from understudy.learning.weights import describe, read_tensors

# One pass of a batch of 4 pictures of 8 x 8 through each layer: twice its multiplications.
PAINT = 2 * 4 * 64 * (9 * 3 * 4 + 4 * 3)
CRITICISE = 2 * 4 * (4 * 16 * 3 * 4 + 16)
FIRST_PAINT, FIRST_CRITICISE = 2 * 4 * 64 * 9 * 3 * 4, 2 * 4 * 4 * 16 * 3 * 4  # of their first layers


def card(folder: Path) -> Any:
    return files.read_json(folder / "card.json")


def test_operations_are_those_counted_by_hand(tmp_path: Path) -> None:
    """Forward once; backward as much for the weights, and as much for the inputs of all layers that need it."""
    train(tmp_path / "rivals", settings=replace(SETTINGS, steps=2))
    forward = PAINT + 2 * CRITICISE
    # The painter's loss goes back through the critic of its pictures, whole, and not to the critic's weights.
    painter = CRITICISE + 2 * PAINT - FIRST_PAINT
    # The critic's goes back through both of its passes, and not into the pictures.
    critic = 2 * (2 * CRITICISE - FIRST_CRITICISE)
    told = card(tmp_path / "rivals")
    assert told["flops_per_step"] == forward + painter + critic
    assert told["budget"]["spent"]["flops"] == 2 * (forward + painter + critic)
    assert told["parameters"] == (4 * 27 + 4) + (12 + 3) + (4 * 48 + 4) + (16 + 1) + (6 + 2)
    model = nn.Sequential(nn.Linear(192, 10), nn.Linear(10, 1))
    train(tmp_path / "one", model=model, step=lambda net, x: {"loss": net(x.flatten(1)).square().mean()})
    first, second = 2 * 4 * 192 * 10, 2 * 4 * 10
    assert card(tmp_path / "one")["flops_per_step"] == 2 * first + 3 * second


@pytest.mark.parametrize(
    ("layer", "forward"),
    [
        (nn.Conv2d(8, 16, 3, padding=1, groups=4), 2 * 2 * 100 * 16 * 2 * 9),
        (nn.Conv2d(8, 16, 3, stride=2, padding=1, dilation=1), 2 * 2 * 25 * 16 * 8 * 9),
        (nn.ConvTranspose2d(8, 16, 4, stride=2, padding=1), 2 * 2 * 100 * 16 * 8 * 16),
    ],
)
def test_a_convolution_takes_thrice_its_forward_pass(tmp_path: Path, layer: nn.Module, forward: int) -> None:
    """And twice where its input needs no gradient."""

    def through(net: Any, x: Tensor, *, inner: bool) -> dict[str, Tensor]:
        return {"loss": layer(torch.ones(2, 8, 10, 10, requires_grad=inner)).square().mean()}

    for inner, passes in ((True, 3), (False, 2)):
        once = replace(SETTINGS, steps=1)
        train(tmp_path / str(inner), model=layer, step=lambda net, x, i=inner: through(net, x, inner=i), settings=once)
        assert card(tmp_path / str(inner))["flops_per_step"] == passes * forward


def test_steps_of_another_kind_are_counted_by_themselves(tmp_path: Path) -> None:
    """The critic rests in every other step: the sum is what either kind takes, as often as there were such steps."""
    calls = iter(range(100))

    def alternating(model: Any, x: Tensor) -> dict[str, Tensor]:
        found = step(model, x)
        return found if next(calls) % 2 else {"loss": found["loss"]}

    both, alone = tmp_path / "both", tmp_path / "alone"
    train(tmp_path, step=alternating, settings=replace(SETTINGS, steps=9))
    train(both, settings=replace(SETTINGS, steps=1))
    train(alone, settings=replace(SETTINGS, steps=1), step=lambda net, x: {"loss": step(net, x)["loss"]})
    expected = 5 * card(alone)["flops_per_step"] + 4 * card(both)["flops_per_step"]
    assert card(tmp_path)["budget"]["spent"]["flops"] == expected


def test_a_budget_of_operations_ends_with_the_step_that_spends_it(tmp_path: Path) -> None:
    train(tmp_path / "one", settings=replace(SETTINGS, steps=1))
    each = card(tmp_path / "one")["flops_per_step"]
    train(tmp_path / "some", settings=replace(SETTINGS, steps=10**9, flops=each * 6.5), keep=(0.5,))
    told = card(tmp_path / "some")
    assert (told["steps"], told["budget"]["asked"]["flops"]) == (7, each * 6.5)
    assert told["budget"]["share"] == pytest.approx(7 / 6.5)
    # The schedule follows the budget: the rate of each step is of the share that was spent before it.
    table = pd.read_csv(tmp_path / "some/loss.csv")
    assert list(table["step"]) == list(range(1, 8))
    warm = [min(1, (number + 1) / 3) * 1e-2 * (0.5 + 0.5 * math.cos(math.pi * number / 6.5)) for number in range(7)]
    assert list(table["rate"]) == pytest.approx(warm)
    header = describe(tmp_path / "some" / kept(0.5))
    assert (header["steps"], header["share"]) == (4, pytest.approx(4 / 6.5))


def test_the_steps_end_a_training_that_has_budget_left(tmp_path: Path) -> None:
    train(tmp_path, settings=replace(SETTINGS, steps=4, seconds=1e6, flops=1e15))
    assert card(tmp_path)["steps"] == 4


def spin(seconds: float) -> None:
    """Uses the processor for so long."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def slow(model: Any, x: Tensor) -> dict[str, Tensor]:
    """A step of a twentieth of a second and more."""
    spin(0.05)
    return step(model, x)


def test_a_budget_of_seconds_ends_within_a_step(tmp_path: Path) -> None:
    before = time.process_time()
    train(tmp_path, step=slow, settings=replace(SETTINGS, steps=10**9, seconds=1.0), keep=(0.25, 0.5))
    taken, told = time.process_time() - before, card(tmp_path)
    spent, steps = told["budget"]["spent"]["seconds"], told["steps"]
    assert 1 <= spent < taken  # what was spent besides, on files, is not of the budget
    assert told["budget"]["share"] == pytest.approx(spent, abs=1e-3)
    assert steps <= 20
    # The rate falls to nothing at the end of the budget: before the last step there was still some left.
    table = pd.read_csv(tmp_path / "loss.csv")
    assert list(table["step"]) == list(range(1, steps + 1))
    assert table["rate"].iloc[-1] > 0
    for share in (0.25, 0.5):
        header = describe(tmp_path / kept(share))
        assert share <= header["share"] < 1
        assert header["share"] - share <= spent - 0.05 * (steps - 1)  # by less than the longest step
        assert header["steps"] < steps
    assert describe(tmp_path / kept(1))["steps"] == steps


def test_previews_and_snapshots_cost_nothing_of_the_budget(tmp_path: Path) -> None:
    def preview(model: Any) -> Any:
        spin(0.1)
        return np.zeros((16, 16, 3), np.uint8)

    train(tmp_path, preview=preview, settings=replace(SETTINGS, steps=6, seconds=1e6, preview_every=1))
    told = card(tmp_path)
    assert told["seconds"]["cpu"] > 0.7
    assert told["budget"]["spent"]["seconds"] < told["seconds"]["cpu"] - 0.65


def test_the_seconds_of_all_sittings_count(tmp_path: Path) -> None:
    calls = iter(range(1, 1000))

    def stopped(model: Any, x: Tensor) -> dict[str, Tensor]:
        if next(calls) == 6:
            os.kill(os.getpid(), signal.SIGTERM)
        return slow(model, x)

    settings = replace(SETTINGS, steps=10**9, seconds=1.0)
    with pytest.raises(Stopped):
        train(tmp_path, step=stopped, settings=settings)
    first = card(tmp_path)
    assert first["state"] == "stopped"
    assert first["budget"]["spent"]["seconds"] >= 0.3
    train(tmp_path, step=slow, settings=settings)
    assert card(tmp_path)["steps"] <= 20
    assert card(tmp_path)["budget"]["spent"]["seconds"] >= 1


@pytest.mark.parametrize(
    ("budget", "fact"),
    [
        ({"seconds": 0.01}, r"learning\.seconds: the budget is 0\.01 s, and one step of batch 4 took 0\.\d+ s"),
        ({"flops": 1e4}, r"learning\.flops: the budget is 1e\+04 FLOPs, and one step of batch 4 took \d\.\d+e\+05"),
    ],
)
def test_a_budget_too_short_for_one_step_says_how_long_a_step_takes(
    tmp_path: Path, budget: dict[str, float], fact: str
) -> None:
    calls = []

    def counted(model: Any, x: Tensor) -> dict[str, Tensor]:
        calls.append(1)
        return slow(model, x)

    with pytest.raises(ConfigError, match=f"{fact}.*Give .* or more.*learning.batch"):
        train(tmp_path, step=counted, settings=replace(SETTINGS, **budget))
    assert len(calls) == 1
    assert not list(tmp_path.glob("*.safetensors"))


def test_operations_that_cannot_be_counted_are_no_budget(tmp_path: Path) -> None:
    model = nn.PReLU()
    with pytest.raises(ConfigError, match=r"no operations that can be counted.*in steps or seconds"):
        train(tmp_path, model=model, step=lambda net, x: {"loss": net(x).mean()}, settings=replace(SETTINGS, flops=1e9))


def test_what_is_kept_is_what_a_training_of_a_constant_rate_had_then(tmp_path: Path) -> None:
    settings = replace(SETTINGS, schedule="constant", steps=16)
    train(tmp_path / "whole", settings=settings, keep=(0.125, 0.5, 1.0))
    names = ["weights-0.125.safetensors", "weights-0.5.safetensors", "weights.safetensors"]
    assert sorted(path.name for path in (tmp_path / "whole").glob("*.safetensors")) == names
    assert [kept(share) for share in (0.125, 0.5, 1)] == names
    for share, steps in ((0.125, 2), (0.5, 8), (1, 16)):
        train(tmp_path / f"{steps}", settings=replace(settings, steps=steps))
        there, header = read_tensors(tmp_path / "whole" / kept(share))
        expected = read_tensors(tmp_path / f"{steps}" / "weights.safetensors")[0]
        assert all(torch.equal(there[name], expected[name]) for name in expected)
        assert (header["steps"], header["share"], header["subjects"], header["seed"]) == (steps, share, ["ada"], 3)
        load_weights(tmp_path / "whole" / kept(share), Rivals(), {"width": 4})


def stopping(at: int) -> Any:
    calls = iter(range(1, 1000))

    def stopped(model: Any, x: Tensor) -> dict[str, Tensor]:
        if next(calls) == at:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(model, x)

    return stopped


def test_what_to_keep_may_change_but_not_for_what_has_passed(tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        train(tmp_path, step=stopping(12), keep=(0.25,))
    with pytest.raises(CheckpointError, match=r"is at 50% of the budget, and the weights at 0\.125.*were not kept"):
        train(tmp_path, keep=(0.125, 0.25))
    train(tmp_path, keep=(0.75,))
    assert sorted(path.name for path in tmp_path.glob("*.safetensors")) == [kept(0.75), kept(1)]


def test_what_is_kept_survives_whoever_takes_away_the_outputs_of_a_stopped_training(tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        train(tmp_path, step=stopping(12), keep=(0.25,))
    assert not (tmp_path / kept(0.25)).exists()  # it comes with the weights, when the training is done
    train(tmp_path, keep=(0.25,))
    assert describe(tmp_path / kept(0.25))["steps"] == 6


def test_shares_to_keep_are_shares() -> None:
    for share in (0.0, -0.5, 1.5):
        with pytest.raises(ValueError, match="keep"):
            Run(folder=Path(), seed=1, device=CPU, keep=(share,))


def test_a_snapshot_of_another_start_is_refused(tmp_path: Path) -> None:
    def begun(start: bytes) -> None:
        (tmp_path / "start.safetensors").write_bytes(start)
        run = Run(folder=tmp_path / "run", seed=3, device=CPU, pretrained=tmp_path / "start.safetensors")
        learn(Rivals(), stopping(3), Steps(batch, 4, CPU), run, SETTINGS, architecture={})

    with pytest.raises(Stopped):
        begun(b"one")
    with pytest.raises(CheckpointError, match="pretrained"):
        begun(b"other")
    assert card(tmp_path / "run")["pretrained"]["weights"] == hashlib.sha256(b"one").hexdigest()
