"""The parts of the method interface that have nothing to do: crops of sound, learning without a network."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.methods import Footage

if TYPE_CHECKING:
    import torch
    from torch import nn

    from understudy.learning import Run

__all__ = ["crop_space", "load", "train"]


def crop_space(config: object) -> tuple[str, int]:
    """The space of crops that are never made: the faceset's usual one, so that callers need not ask."""
    return "face", 256


def train(footage: Sequence[Footage], config: object, run: "Run") -> "nn.Module":
    """Learns nothing."""
    return _identity()


def load(path: Path, device: "torch.device") -> "nn.Module":
    """Loads nothing."""
    return _identity()


def _identity() -> "nn.Module":
    from torch import nn

    return nn.Identity()
