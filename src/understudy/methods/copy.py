"""`copy`: the driver unchanged. The floor that every method has to beat, published and measured like any other."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from understudy.methods import Footage, Needs
from understudy.methods._nothing import crop_space, load, train

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = [
    "DIGITAL_SOURCE_TYPE", "FAMILY", "NEEDS", "TRAINS_ON", "YIELDS",
    "Config", "convert", "crop_space", "load", "train",
]  # fmt: skip

FAMILY: Final = "swap"
TRAINS_ON: Final = "nothing"
NEEDS: Final = Needs(source="faces", driver="faces")
YIELDS: Final = "nothing"
# The clip is as it was, but for the visible label.
DIGITAL_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"


@dataclass(frozen=True, kw_only=True)
class Config:
    """Nothing to set."""


def convert(model: "nn.Module", source: Footage, driver: Footage, config: Config) -> "Iterator[Tensor]":
    """Yields nothing: the driver's frames stay."""
    return iter(())
