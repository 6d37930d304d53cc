"""A source's picture moved by a driver's clip, streamed.

What does not depend on the driver's frame is computed once a clip: the source's key points, its features, and its
shrunk picture. Frames go in batches through the key points and the dense motion, whose weights are large and whose
pictures are small; on a processor they are painted one at a time, so that a picture's features stay in its cache.

Legend of shapes: B batch, S side of a picture, C channels; pictures are RGB.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from understudy.learning import uses_bf16
from understudy.methods.fomm.config import Config, Precision
from understudy.methods.fomm.folding import folded
from understudy.methods.fomm.keypoints import KeyPoints, relative, scale
from understudy.methods.fomm.network import FOMM

BATCH = 8  # frames that a processor takes through key points and dense motion together
_MOST = 64  # likewise of an accelerator; more gain nothing
# Floats that one frame's painting holds at once, in units of width * size**2: the widest layers, with room to spare.
_HELD = 8


@dataclass(frozen=True)
class Still:
    """A source's picture, ready to be moved. own: its key points. shrunk: as dense motion sees it (1, 3, H, W).
    features: what is painted of it (1, C, R, R)."""

    own: KeyPoints
    shrunk: Tensor
    features: Tensor


class Animator:
    """A trained network made ready to draw on its device. times: how much larger a relative motion is made."""

    def __init__(self, network: FOMM, config: Config) -> None:
        self.place = next(network.parameters()).device
        self.config, self.network = config, prepared(network, config.precision, self.place)
        self.batch = _batch(config, self.place)

    @torch.inference_mode()
    def still(self, picture_3SS: Tensor) -> Still:
        """A source's picture in [0, 1], made ready."""
        picture = self.shown(picture_3SS[None])
        generator = self.network.generator
        features = generator.encoded(picture)
        return Still(self.network.kp_detector(picture), generator.dense_motion_network.shrunk(picture), features)

    def shown(self, pictures_B3SS: Tensor) -> Tensor:
        """Pictures as the networks take them."""
        return pictures_B3SS.to(self.place).contiguous(memory_format=torch.channels_last)

    @torch.inference_mode()
    def moved(self, still: Still, driving_B3SS: Tensor, first: KeyPoints | None) -> Tensor:
        """The picture as it is in each driving frame (B, 3, S, S), in [0, 1]. first: the driver's key points that the
        picture is taken to look like; None moves it absolutely."""
        driving = self.network.kp_detector(self.shown(driving_B3SS))
        if first is not None:
            times = scale(still.own, first) if self.config.adapt_scale else 1.0
            driving = relative(still.own, driving, first, times)
        motion = self.network.generator.motion(still.shrunk, still.own, driving)
        step = 1 if self.place.type == "cpu" else len(driving_B3SS)
        parts = [motion.part(slice(at, at + step)) for at in range(0, len(driving_B3SS), step)]
        return torch.cat([self.network.generator.drawn(still.features, part) for part in parts])

    @torch.inference_mode()
    def keypoints(self, picture_3SS: Tensor) -> KeyPoints:
        """The key points of one picture."""
        found: KeyPoints = self.network.kp_detector(self.shown(picture_3SS[None]))
        return found


def prepared(network: FOMM, precision: Precision, place: torch.device) -> FOMM:
    """A folded copy whose generator convolves in the precision.

    Key points stay in float32: their heat maps are sharpened logits, and half precision would shake a point by pixels.
    """
    found = folded(network)
    for module in found.generator.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.to(_dtype(precision, place))
    return found.to(place, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return] # stubs lack it


def _dtype(precision: Precision, place: torch.device) -> torch.dtype:
    if precision == "fp16":
        return torch.float16
    return torch.bfloat16 if uses_bf16(precision, place) else torch.float32


def _batch(config: Config, place: torch.device) -> int:
    """How many frames are taken together: on an accelerator as many as half its free memory holds."""
    if place.type != "cuda":
        return BATCH
    free, _ = torch.cuda.mem_get_info(place)
    frame = 4 * _HELD * config.generator.width * config.size**2
    return max(1, min(_MOST, int(free / 2 / frame)))


def bytes_of(drawn_B3SS: Tensor) -> Tensor:
    """Drawn pictures as frames on the CPU (B, S, S, 4), uint8: RGB, and 255 throughout, for all of it is drawn."""
    rounded = drawn_B3SS.mul(255).round_().to(torch.uint8)
    count, _, height, width = rounded.shape
    everywhere = rounded.new_full((count, 1, height, width), 255)
    return torch.cat([rounded, everywhere], dim=1).permute(0, 2, 3, 1).contiguous().cpu()


def unpacked(stacks_BSS3: Iterator[Tensor], animator: Animator) -> Iterator[Tensor]:
    """Frames as they come from a file, uint8, as pictures in [0, 1] (B, 3, S, S) on the animator's device."""
    for stack in stacks_BSS3:
        yield stack.to(animator.place).permute(0, 3, 1, 2).float().div_(255)
