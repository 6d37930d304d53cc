"""Weights as safetensors with their description in the header, never a pickle; other networks' are refused by name."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load as parse
from safetensors.torch import save as pack
from torch import nn

from understudy import files
from understudy.errors import CheckpointError

Description = dict[str, Any]


_NAMED = 5  # differences that a message names


def save_tensors(path: Path, tensors: Mapping[str, torch.Tensor], description: Mapping[str, Any]) -> None:
    """Writes tensors and a JSON description as one safetensors file, whole or not at all.

    Raises DiskError when the disk is full; what `path` held before is then still there.
    """
    flat = {name: tensor.detach().to("cpu").contiguous() for name, tensor in tensors.items()}
    needed = sum(tensor.numel() * tensor.element_size() for tensor in flat.values())
    files.require_room(path, needed + 2**16)
    with files.whole(path) as part:
        part.write_bytes(pack(flat, {"understudy": json.dumps(description, sort_keys=True)}))


def read_tensors(path: Path) -> tuple[dict[str, torch.Tensor], Description]:
    """What `save_tensors` wrote. Raises CheckpointError when the file is missing, damaged or somebody else's."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
        tensors = parse(Path(path).read_bytes())
        description: Description = json.loads(header["understudy"])
    except (OSError, KeyError, ValueError, safetensors.SafetensorError) as error:
        raise CheckpointError(
            path, f"cannot be read as weights ({error})", "Train again, or name the right run."
        ) from error
    return tensors, description


def save_weights(path: Path, network: nn.Module, description: Mapping[str, Any]) -> None:
    """Writes a network's weights. `description` must hold "architecture", whatever tells two networks apart."""
    save_tensors(path, network.state_dict(), description)


def describe(path: Path) -> Description:
    """The description alone, without reading the weights."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
        description: Description = json.loads(header["understudy"])
    except (OSError, KeyError, ValueError, safetensors.SafetensorError) as error:
        raise CheckpointError(
            path, f"cannot be read as weights ({error})", "Train again, or name the right run."
        ) from error
    return description


def load_weights(path: Path, network: nn.Module, architecture: Mapping[str, Any]) -> Description:
    """Fills `network` from `path` and returns the description. Raises CheckpointError for another architecture."""
    tensors, description = read_tensors(path)
    require_same(path, description.get("architecture", {}), architecture)
    fill(path, network, tensors)
    return description


def fill(path: Path, network: nn.Module, tensors: Mapping[str, torch.Tensor]) -> None:
    """Loads tensors into a network, or raises CheckpointError naming the first that does not fit."""
    own = network.state_dict()
    for name in sorted(own.keys() | tensors.keys()):
        if name not in tensors or name not in own or tensors[name].shape != own[name].shape:
            here = tuple(tensors[name].shape) if name in tensors else "absent"
            there = tuple(own[name].shape) if name in own else "absent"
            fact = f"'{name}' is {here} in the file and {there} in the network"
            raise CheckpointError(path, fact, "Use the settings that it was trained with, or train again.")
    network.load_state_dict(dict(tensors))


def require_same(path: Path, there: Mapping[str, Any], here: Mapping[str, Any]) -> None:
    """Raises CheckpointError naming the entries in which a file's settings and the ones asked for differ."""
    was, now = _leaves(there), _leaves(json.loads(json.dumps(here)))
    differing = [key for key in sorted({*was, *now}) if was.get(key, "absent") != now.get(key, "absent")]
    if differing:
        named = "; ".join(
            f"{key} is {was.get(key, 'absent')} there, {now.get(key, 'absent')} here" for key in differing[:_NAMED]
        )
        more = f"; and {len(differing) - _NAMED} more" if len(differing) > _NAMED else ""
        raise CheckpointError(
            path,
            f"belongs to another architecture or other settings ({named}{more})",
            "Use the settings that it was made with, or remove it and train again.",
        )


def _leaves(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested settings as one level, each under its whole path."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _leaves(value, f"{above}{key}.") if isinstance(value, Mapping) else {f"{above}{key}": value}
    return flat
