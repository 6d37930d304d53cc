"""`unchanged`: the driver's own voice. The floor that every voice conversion has to beat.

Legend of shapes: N samples.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from understudy.errors import MediaError
from understudy.methods import Footage, Needs

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from understudy.learning import Run

FAMILY: Final = "voice"
TRAINS_ON: Final = "nothing"
NEEDS: Final = Needs(source="speech", driver="speech")
YIELDS: Final = "sound"
RATE: Final = 44_100
# The sound is as it was, but for the audible label.
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
    """The driver's sound as it is: pieces samples_N at RATE, float32 in [-1, 1]; silence in place of what is no number.

    Raises MediaError when the driver has none.
    """
    import numpy as np
    import torch

    from understudy.media.read import blocks, has_sound

    if driver.speech is None or not has_sound(driver.speech):
        fact = "has no speech to be said"
        raise MediaError(driver.speech or driver.subject, fact, "Name a clip of theirs with sound.")
    for samples_N in blocks(driver.speech, RATE):
        yield torch.from_numpy(np.nan_to_num(samples_N, nan=0.0, posinf=0.0, neginf=0.0))


def _nothing() -> "nn.Module":
    from torch import nn

    return nn.Identity()
