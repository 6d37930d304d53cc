"""Reading the weights that a user gives into networks of our own: tensors alone, never code, only those that fit."""

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from understudy.errors import CheckpointError


def read(path: Path, under: str | None = None) -> Mapping[str, torch.Tensor]:
    """The tensors of a state dict saved by torch, or of a safetensors file. Raises CheckpointError when it cannot be
    read or holds other things. under: the entry of a file that holds them beside what its trainer needed.

    Nothing in the file is run (weights_only).
    """
    remedy = "Give the file that the network's authors publish."
    try:
        plain = path.suffix == ".safetensors"
        there = load_file(path) if plain else torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError, SafetensorError) as error:
        raise CheckpointError(path, f"cannot be read as weights ({type(error).__name__})", remedy) from error
    if under is not None and isinstance(there, Mapping):
        there = there.get(under)
    if not isinstance(there, Mapping) or not all(isinstance(tensor, torch.Tensor) for tensor in there.values()):
        raise CheckpointError(path, "does not hold tensors by their names", remedy)
    return there


def fill(
    path: Path,
    network: nn.Module,
    *,
    surplus: Sequence[str] = (),
    renamed: Mapping[str, str] = MappingProxyType({}),
    under: str | None = None,
) -> None:
    """Loads the file into the network. surplus: beginnings of names that the file may hold for parts left out here.
    renamed: names that a file may have -> the network's. under: see `read`.

    Raises CheckpointError naming the first tensor, in the network's order and then the file's, that does not fit.
    """
    there = {renamed.get(name, name): tensor for name, tensor in read(path, under).items()}
    own = network.state_dict()
    counters = {name for name in {*own, *there} if name.endswith("num_batches_tracked")}  # they steer training only
    needed = [name for name in own if name not in counters]
    extra = [name for name in there if name not in own and name not in counters and not name.startswith(tuple(surplus))]
    for name in [*needed, *extra]:
        here = tuple(there[name].shape) if name in there else "absent"
        wanted = tuple(own[name].shape) if name in own else "absent"
        if here != wanted:
            fact = f"'{name}' is {here} in the file and {wanted} in the network"
            raise CheckpointError(path, fact, "Give the weights of the architecture that the metric names.")
    network.load_state_dict({name: there[name] for name in needed}, strict=False)
    network.eval().requires_grad_(False)
