"""`still`: the source's picture held still. The floor that every animation has to beat.

Of the same person it is what FOMM's tables lack: how far one gets without any motion.

Legend of shapes: B frames of a batch, HWC a picture of height, width and RGB with a fourth channel.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from understudy.methods import Footage, Needs
from understudy.methods._animation.pictures import Choice
from understudy.methods._nothing import load, train

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = [
    "DIGITAL_SOURCE_TYPE", "FAMILY", "LATER", "NEEDS", "TRAINS_ON", "YIELDS",
    "Config", "convert", "crop_space", "load", "train",
]  # fmt: skip

FAMILY: Final = "animate"
TRAINS_ON: Final = "nothing"
NEEDS: Final = Needs(source="faces", driver="faces")
YIELDS: Final = "frames"
LATER: Final = ("picture",)
# A filmed picture as it was, shown for longer.
DIGITAL_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"

_BATCH = 32


@dataclass(frozen=True, kw_only=True)
class Config:
    """picture: which of the source's frames is shown, see `_animation.pictures.chosen`. size: side of the frames in
    pixels; that of the study's framing keeps the picture as it is."""

    picture: Choice
    size: int

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError("size must be 1 or more")


def crop_space(config: Config) -> tuple[str, int]:
    """The size of the frames; a coverage they have not."""
    return "full", config.size


def convert(model: "nn.Module", source: Footage, driver: Footage, config: Config) -> "Iterator[Tensor]":
    """The source's picture, once for each frame of the driver's clip: batches frames_BHWC, uint8, RGB and 255.

    Raises FaceError when the picture that is asked for shows no face.
    """
    import torch

    from understudy import media
    from understudy.methods._animation.pictures import picture

    still_3HW = picture(source, driver, config.picture, config.size).mul(255).round().byte()
    shown_HWC = torch.cat([still_3HW, torch.full_like(still_3HW[:1], 255)]).permute(1, 2, 0)
    left = media.probe(driver.clips[0]).frames
    while left:
        count = min(left, _BATCH)
        yield shown_HWC.repeat(count, 1, 1, 1)
        left -= count
