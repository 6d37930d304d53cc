"""What goes wrong in a training, and what it says and keeps: numbers that are none, memory that is not there."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tiny_training import SETTINGS, Rivals, step, train
from torch import Tensor, nn

from understudy.errors import Error


class Spoiled(torch.autograd.Function):
    """Hands its input on, and back a gradient that is no number."""

    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]  # stubs take any
        return gradient * math.nan


def at(number: int, change: Callable[[Tensor], Tensor], loss: str = "loss") -> Any:
    """A step that changes a loss the `number`-th time."""
    calls = iter(range(1, 1000))

    def changed(model: Any, x: Tensor) -> dict[str, Tensor]:
        found = step(model, x)
        return {**found, loss: change(found[loss])} if next(calls) == number else found

    return changed


def finite(path: Path) -> bool:
    return all(bool(torch.isfinite(tensor.float()).all()) for tensor in load_file(path).values())


@pytest.mark.parametrize("loss", ["loss", "critic", "away"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_names_the_step_and_what_to_try(tmp_path: Path, loss: str, value: float) -> None:
    with pytest.raises(Error, match=r"no longer a number at step 13 ") as caught:
        train(tmp_path, step=at(13, lambda found: found * value, loss))
    assert "last good snapshot is snapshot.safetensors" in caught.value.remedy
    assert "lower learning.rate (0.01)" in caught.value.remedy
    assert "learning.clip" in caught.value.remedy
    assert "precision" not in caught.value.remedy  # it is fp32 already
    assert finite(tmp_path / "snapshot.safetensors")
    assert not (tmp_path / "weights.safetensors").exists()
    train(tmp_path)  # from step 10


def test_in_bf16_more_precision_is_a_thing_to_try(tmp_path: Path) -> None:
    with pytest.raises(Error, match=r"No snapshot yet.*lower learning\.clip \(2\), or learn in fp32"):
        train(
            tmp_path,
            step=at(2, lambda found: found * math.nan),
            settings=replace(SETTINGS, precision="bf16", clip=2.0),
        )


@pytest.mark.parametrize("optimiser", ["adam", "adabelief", "rmsprop"])
def test_weights_that_are_no_numbers_never_replace_a_good_snapshot(tmp_path: Path, optimiser: str) -> None:
    """The gradients of the very step that a snapshot follows: no loss has shown it yet."""
    settings = replace(SETTINGS, optimiser=optimiser, beta1=0.5 if optimiser == "adabelief" else 0.0)
    with pytest.raises(Error, match=r"the weights are no longer numbers after step 15"):
        train(tmp_path, step=at(15, Spoiled.apply), settings=settings)
    assert finite(tmp_path / "snapshot.safetensors")
    train(tmp_path, settings=settings)  # from step 10


def test_neither_the_kept_nor_the_last_weights_are_ever_no_numbers(tmp_path: Path) -> None:
    with pytest.raises(Error, match="no longer numbers after step 12"):
        train(tmp_path, step=at(12, Spoiled.apply), keep=(0.5,))
    with pytest.raises(Error, match="no longer numbers after step 24"):
        train(tmp_path, step=at(14, Spoiled.apply, "loss"), keep=(0.5,))  # the 14th from step 10 on
    assert not list(tmp_path.glob("weights*"))
    assert finite(tmp_path / "snapshot.safetensors")


OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes."),
    RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
    MemoryError(),
]


@pytest.mark.parametrize("failure", OUT_OF_MEMORY, ids=lambda failure: str(failure)[:9])
def test_out_of_memory_says_which_setting_to_lower(tmp_path: Path, failure: Exception) -> None:
    calls = iter(range(1, 100))

    def greedy(model: Any, x: Tensor) -> dict[str, Tensor]:
        if next(calls) == 8:
            raise failure
        return step(model, x)

    with pytest.raises(
        Error, match=r"not enough memory to learn in batches of 4.*Lower learning\.batch.*width or size"
    ):
        train(tmp_path, step=greedy)
    train(tmp_path)  # from step 5


def test_memory_that_this_machine_really_lacks(tmp_path: Path) -> None:
    with pytest.raises(Error, match="not enough memory"):
        train(tmp_path, step=lambda model, x: {"loss": torch.empty(2**50).sum()})


def test_other_failures_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        train(tmp_path, model=nn.Linear(3, 1), step=lambda net, x: {"loss": net(x.flatten(1)).sum()})


def test_the_gradients_norm_is_clipped_for_each_part_by_itself(tmp_path: Path) -> None:
    """Seen from the moments of Adam's first step, (1 - beta1) x gradient: as one row they have the norm asked for."""
    clipped, free = {}, {}
    for found, clip in ((clipped, 1e-2), (free, 0.0)):
        model = Rivals()
        norms: dict[str, float] = {}
        seen = at(1, lambda x: x)

        def recorded(net: Any, x: Tensor, norms: dict[str, float] = norms, seen: Any = seen) -> dict[str, Tensor]:
            for name, part in {"loss": net.painter, "critic": net.critic}.items():
                rows = [each.grad.flatten() for each in part.parameters() if each.grad is not None]
                norms[name] = float(torch.cat(rows).norm()) if rows else 0.0
            return dict(seen(net, x))

        train(tmp_path / str(clip), model=model, step=recorded, settings=replace(SETTINGS, steps=2, clip=clip))
        found.update(norms)
    assert clipped == pytest.approx({"loss": 1e-2, "critic": 1e-2}, rel=1e-3)
    assert all(norm > 0.05 for norm in free.values())
