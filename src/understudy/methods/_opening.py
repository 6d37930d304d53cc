"""A trained network, or one whose published weights were adopted, found again in its file."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from understudy.errors import CheckpointError, ConfigError
from understudy.learning import load_weights
from understudy.learning.weights import describe

N = TypeVar("N", bound=nn.Module)


def opened(path: Path, name: str, build: Callable[[Mapping[str, Any]], N], device: torch.device) -> N:
    """The network that a run of the method `name` left in the folder or weights file `path`, ready to draw.

    build: the untrained network of a described architecture (its entry "network" taken out), with `architecture`, whose
    `plain()` describes it, and `subjects`: whom it learned, nobody for published weights. Raises CheckpointError when
    the file is missing, damaged, or another method's.
    """
    path = Path(path)
    file = path / "weights.safetensors" if path.is_dir() else path
    described = describe(file)
    architecture = dict(described.get("architecture", {}))
    if architecture.pop("network", None) != name:
        raise CheckpointError(file, "holds the weights of another method", f"Name a run of the method '{name}'.")
    try:
        network: Any = build(architecture)
    except (TypeError, ValueError, ConfigError) as error:
        raise CheckpointError(file, f"describes a network of another version ({error})", "Train again.") from error
    load_weights(file, network, network.architecture.plain())
    network.subjects = tuple(described.get("subjects", ()))
    found: N = network.to(device, memory_format=torch.channels_last).eval()
    return found
