"""`unchanged`: the driver's own voice. The floor that every voice conversion has to beat.

Legend of shapes: N samples.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from understudy.errors import MediaError
from understudy.methods import Footage, Needs
from understudy.methods._nothing import crop_space, load, train

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = [
    "DIGITAL_SOURCE_TYPE", "FAMILY", "NEEDS", "RATE", "TRAINS_ON", "YIELDS",
    "Config", "convert", "crop_space", "load", "train",
]  # fmt: skip

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
