"""`dub`: the source's clip unchanged under the new speech. The floor that every lip-sync has to beat.

Legend of shapes: B frames of a batch, HWC a picture of height, width and RGB with a fourth channel.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from understudy.errors import MediaError
from understudy.methods import Footage, Needs
from understudy.methods._nothing import crop_space, load, train

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = [
    "DIGITAL_SOURCE_TYPE", "FAMILY", "LATER", "NEEDS", "TRAINS_ON", "YIELDS",
    "Config", "convert", "crop_space", "load", "train",
]  # fmt: skip

FAMILY: Final = "lipsync"
TRAINS_ON: Final = "nothing"
NEEDS: Final = Needs(source="faces", driver="speech")
YIELDS: Final = "frames"
LATER: Final = ("length",)
# The picture is as it was, but for the visible label; the sound is another.
DIGITAL_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced"

_BATCH = 16


@dataclass(frozen=True, kw_only=True)
class Config:
    """length: how long the fake is. speech: as the speech; a clip that is shorter begins again. video: as the clip."""

    length: Literal["speech", "video"]


def convert(model: "nn.Module", source: Footage, driver: Footage, config: Config) -> "Iterator[Tensor]":
    """The source's frames as they are: batches frames_BHWC, uint8, RGB and 0, for nothing is replaced.

    Raises MediaError when the speech is missing, too short or silent.
    """
    import numpy as np
    import torch

    from understudy import media

    clip = source.clips[0]
    count = _frames(clip, driver, config)
    stream = islice(chain.from_iterable(media.frames(clip) for _ in repeat(None)), count)
    while held := list(islice(stream, _BATCH)):
        frames_BHWC = np.stack(held)
        unchanged = np.zeros_like(frames_BHWC[..., :1])
        yield torch.from_numpy(np.concatenate([frames_BHWC, unchanged], axis=3))


def _frames(clip: Path, driver: Footage, config: Config) -> int:
    """How many frames the fake has: as many as the speech lasts, or as the clip."""
    from understudy import media, speech

    if driver.speech is None:
        raise MediaError(driver.subject, "has no speech to be said", "Name a clip of theirs with sound.")
    probe = media.probe(clip)
    said = speech.frames(driver.speech, probe.fps)
    return probe.frames if config.length == "video" else said
