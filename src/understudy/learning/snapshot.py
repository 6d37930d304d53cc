"""Snapshots: all that a training has become, in one file, so that to resume is to go on as if nothing had happened."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from understudy.errors import CheckpointError
from understudy.learning import weights

Losses = dict[str, float]


@dataclass
class Progress:
    """How far a training has come.

    step: steps done. table: a row of mean losses a record. pending: losses of the steps since the last record.
    wall, cpu: seconds spent so far, over all sittings. seconds: of the budget. kinds: the names of the losses that a
    kind of step minimised -> how many such steps there were, and the floating-point operations of one.
    """

    step: int = 0
    table: list[Losses] = field(default_factory=list)
    pending: list[Losses] = field(default_factory=list)
    wall: float = 0.0
    cpu: float = 0.0
    sittings: int = 0
    seconds: float = 0.0
    kinds: dict[str, list[int]] = field(default_factory=dict)


Optimisers = Mapping[str, torch.optim.Optimizer]  # one a part of the network, by the name of its loss


def save(
    path: Path, network: nn.Module, optimisers: Optimisers, sampler: Any, progress: Progress, settings: Any
) -> None:
    """Writes weights, optimisers, sampler, random states and progress, whole or not at all."""
    tensors = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    described: dict[str, Any] = {}
    for part, optimiser in optimisers.items():
        state = optimiser.state_dict()
        numbers: dict[str, dict[str, Any]] = {}
        for index, entries in state["state"].items():
            for name, value in entries.items():
                if isinstance(value, torch.Tensor):
                    tensors[f"optimiser.{part}.{index}.{name}"] = value
                else:
                    numbers.setdefault(str(index), {})[name] = value
        described[part] = {"groups": state["param_groups"], "numbers": numbers}
    tensors["random.torch"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    description = {
        "settings": settings,
        "optimisers": described,
        "sampler": sampler.state_dict(),
        "progress": vars(progress),
        "numpy": _numpy_state(),
        "python": random.getstate(),
    }
    weights.save_tensors(path, tensors, description)


def load(path: Path, network: nn.Module, optimisers: Optimisers, sampler: Any, settings: Any) -> Progress:
    """Puts everything back as `save` found it. Raises CheckpointError, naming what differs, for another training's."""
    tensors, description = weights.read_tensors(path)
    try:
        weights.require_same(path, description["settings"], settings)
        weights.fill(path, network, _under("network.", tensors))
        for part, optimiser in optimisers.items():
            _fill(optimiser, description["optimisers"][part], _under(f"optimiser.{part}.", tensors))
        sampler.load_state_dict(description["sampler"])
        torch.set_rng_state(tensors["random.torch"])
        if torch.cuda.is_available() and "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"])
        _set_numpy_state(description["numpy"])
        version, inner, gauss = description["python"]
        random.setstate((version, tuple(inner), gauss))
        return Progress(**description["progress"])
    except (KeyError, ValueError, TypeError) as error:
        raise CheckpointError(
            path, f"is not a snapshot of this program ({error})", "Remove it to begin anew."
        ) from error


def _fill(optimiser: torch.optim.Optimizer, described: dict[str, Any], tensors: dict[str, torch.Tensor]) -> None:
    """Puts an optimiser's state back."""
    states: dict[int, dict[str, Any]] = {int(key): dict(value) for key, value in described["numbers"].items()}
    for name, tensor in tensors.items():
        index, entry = name.split(".", 1)
        states.setdefault(int(index), {})[entry] = tensor
    optimiser.load_state_dict({"state": states, "param_groups": described["groups"]})
    _lay_out(optimiser)


def _lay_out(optimiser: torch.optim.Optimizer) -> None:
    """Gives every moment the memory layout of its parameter.

    The file holds them row by row. PyTorch's fused Adam goes through parameter and moments byte after byte, and would
    pair the wrong ones where the parameter lies channels-last.
    """
    for parameter, entries in optimiser.state.items():
        for name, value in entries.items():
            if isinstance(value, torch.Tensor) and value.shape == parameter.shape:
                entries[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)


def _under(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _numpy_state() -> list[Any]:
    """numpy's global state: nothing here draws from it, but a method's own code may."""
    name, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)  # noqa: NPY002 - the state, not a draw
    return [name, np.asarray(keys).tolist(), position, has_gauss, gauss]


def _set_numpy_state(state: list[Any]) -> None:
    name, keys, position, has_gauss, gauss = state
    np.random.set_state((name, np.asarray(keys, np.uint32), position, has_gauss, gauss))  # noqa: NPY002 - the state
