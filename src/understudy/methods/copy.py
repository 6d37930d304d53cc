"""`copy`: the driver unchanged. The floor that every method has to beat, published and measured like any other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from understudy.methods import Footage, Needs

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from understudy.learning import Run

FAMILY: Final = "swap"
TRAINS_ON: Final = "nothing"
NEEDS: Final = Needs(source="faces", driver="faces")
YIELDS: Final = "nothing"
# The clip is as it was, but for the visible label.
DIGITAL_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"


@dataclass(frozen=True, kw_only=True)
class Config:
    """Nothing to set."""


def crop_space(config: Config) -> tuple[str, int]:
    """The space of crops that are never made: the faceset's usual one, so that callers need not ask."""
    return "face", 256


def train(footage: Sequence[Footage], config: Config, run: "Run") -> "nn.Module":
    """Learns nothing."""
    return _nothing()


def load(path: Path, device: "torch.device") -> "nn.Module":
    """Loads nothing."""
    return _nothing()


def convert(model: "nn.Module", source: Footage, driver: Footage, config: Config) -> "Iterator[Tensor]":
    """Yields nothing: the driver's frames stay."""
    return iter(())


def _nothing() -> "nn.Module":
    from torch import nn

    return nn.Identity()
