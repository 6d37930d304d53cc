"""A source's picture moved by a driver's clip, streamed.

The source is looked at once a clip: its latent, its motion, its features. Weights are folded once. Frames come in
batches so small that a map stays in a processor's cache, or as large as an accelerator holds.

Legend of shapes: B batch, S side of a picture, M directions, D length of a latent; pictures are RGB.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from understudy.learning import uses_bf16
from understudy.methods.lia.config import Config, Precision
from understudy.methods.lia.layers import kept
from understudy.methods.lia.network import LIA

_CACHED = 2**24  # bytes of the largest map of a batch on a processor; beyond, memory is asked of the system each time
_MOST = 64  # frames in a batch of an accelerator; more gain nothing
_HELD = 16  # maps of the largest side that one frame's drawing holds at once, with room to spare


@dataclass(frozen=True)
class Still:
    """A source's picture, ready to be moved: its latent 1D, its own motion 1M, its features as they are drawn with."""

    latent: Tensor
    own: Tensor
    ready: list[Tensor]


class Animator:
    """A trained network made ready to draw on its device. batch: how many frames to take together."""

    def __init__(self, network: LIA, config: Config) -> None:
        self.place = next(network.parameters()).device
        self.kind = _kind(config.precision, self.place)
        self.whole, self.network = network, kept(network, self.kind)
        self.batch = _batch(network, self.kind, self.place)

    @torch.inference_mode()
    def still(self, picture_3SS: Tensor) -> Still:
        """A source's picture in [0, 1], made ready; in float32, for it is looked at once for all frames."""
        latent, own, features = self.whole.enc(_signed(picture_3SS[None].to(self.place) * 255))
        return Still(latent, own, self.network.dec.ready(features))

    @torch.inference_mode()
    def motion(self, bytes_BSS3: Tensor) -> Tensor:
        """How far frames (uint8) go along each direction, BM."""
        pictures = _signed(bytes_BSS3.to(self.place).permute(0, 3, 1, 2)).to(self.kind)
        found: Tensor = self.network.enc(pictures)[1]
        return found

    @torch.inference_mode()
    def moved(self, still: Still, bytes_BSS3: Tensor, start_1M: Tensor | None) -> Tensor:
        """The picture as it is in each driving frame, B3SS, about [-1, 1]. start: the motion that the picture is taken
        to be in; None moves it absolutely."""
        motion_BM = self.motion(bytes_BSS3)
        drawn: Tensor = self.network.dec(self.network.moved(still.latent, still.own, motion_BM, start_1M), still.ready)
        return drawn


def _signed(values_B3SS: Tensor) -> Tensor:
    """Values of 0 to 255 as the network takes them, -1 to 1."""
    return values_B3SS.float().div(127.5).sub(1).contiguous(memory_format=torch.channels_last)


def _kind(precision: Precision, place: torch.device) -> torch.dtype:
    if precision == "fp16":
        return torch.float16
    return torch.bfloat16 if uses_bf16(precision, place) else torch.float32


def _batch(network: LIA, kind: torch.dtype, place: torch.device) -> int:
    """How many frames are taken together."""
    shape = network.architecture
    largest = max(shape.channels(side) * side**2 for side in shape.sides) * kind.itemsize
    if place.type != "cuda":
        return max(1, min(_MOST, _CACHED // largest))
    free, _ = torch.cuda.mem_get_info(place)
    return int(max(1, min(_MOST, free // 2 // (_HELD * largest))))


def bytes_of(drawn_B3SS: Tensor) -> Tensor:
    """Drawn pictures as frames on the CPU (B, S, S, 4), uint8: RGB, and 255 throughout, for all of it is drawn.

    -1 to 1 become 0 to 255, rounded, what lies beyond cut off.
    """
    values_B3SS = drawn_B3SS.mul(127.5).add_(128).clamp_(0, 255).to(torch.uint8)
    everywhere = values_B3SS.new_full((len(values_B3SS), 1, *values_B3SS.shape[2:]), 255)
    return torch.cat([values_B3SS, everywhere], dim=1).permute(0, 2, 3, 1).contiguous().cpu()


def extent(drawn: Iterable[Tensor]) -> tuple[float, float]:
    """The least and the greatest value of a clip, within -1 to 1."""
    bounds = [torch.stack(pictures.clamp(-1, 1).aminmax()) for pictures in drawn]
    together = torch.stack(bounds)
    return float(together[:, 0].min()), float(together[:, 1].max())


def stretched(drawn: Iterable[Tensor], least: float, greatest: float) -> Iterator[Tensor]:
    """Pictures whose least and greatest value become -1 and 1; a clip of one value alone stays as it is."""
    span = greatest - least
    for pictures in drawn:
        yield pictures.clamp(-1, 1).sub(least).div(span).mul(2).sub(1) if span else pictures
