"""The networks of the First Order Motion Model, in our own code, with the published names and shapes.

Siarohin et al. 2019, "First Order Motion Model for Image Animation", sections 3.1 and 3.2, and its supplement.

Legend of shapes: B batch, S side of a picture, R = S / 2**downs side of its features, K key points.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.methods.fomm.blocks import DownBlock, ResBlock, SameBlock, UpBlock, sampled, widths
from understudy.methods.fomm.critic import Critic, MultiScaleCritic
from understudy.methods.fomm.keypoints import Detector, Glass, KeyPoints
from understudy.methods.fomm.motion import DenseMotion, Motion
from understudy.settings import plain


@dataclass(frozen=True, kw_only=True)
class Painter:
    """The shape of what draws. width: channels at full size; they double at each of `downs` halvings, up to `most`.
    blocks: residual blocks between."""

    width: int
    most: int
    downs: int
    blocks: int

    def __post_init__(self) -> None:
        if min(self.width, self.most, self.downs) < 1 or self.blocks < 0:
            raise ValueError("width, most and downs must be 1 or more, blocks 0 or more")


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """What shapes the networks. size: side of a picture. critic: None where none is learned."""

    size: int
    num_kp: int
    temperature: float
    detector: Glass
    dense: Glass
    generator: Painter
    critic: Critic | None
    align_corners: bool

    def __post_init__(self) -> None:
        multiples = {"detector": self.detector.multiple, "dense": self.dense.multiple}
        multiples["generator"] = 2**self.generator.downs
        for name, multiple in multiples.items():
            if self.size < multiple or self.size % multiple:
                raise ValueError(f"size must be a multiple of {multiple}, which {name} halves or shrinks it by")
        if self.size // self.detector.shrink < 8:
            raise ValueError("size must leave the key-point detector 8 pixels at least")
        if self.num_kp < 1 or not self.temperature > 0:
            raise ValueError("num_kp must be 1 or more, and temperature above 0")

    def plain(self) -> dict[str, Any]:
        """As plain values, with the name of the network."""
        described: dict[str, Any] = plain(self)
        return {"network": "fomm", **described}


class Generator(nn.Module):
    """Draws the source as the driver's key points move it."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        shape = architecture.generator
        channels = [widths(shape.width, shape.most, power) for power in range(shape.downs + 1)]
        self.align_corners = architecture.align_corners
        self.dense_motion_network = DenseMotion(architecture.num_kp, architecture.dense, self.align_corners)
        self.first = SameBlock(3, channels[0], 7)
        self.down_blocks = nn.ModuleList(DownBlock(*pair) for pair in itertools.pairwise(channels))
        upward = channels[::-1]
        self.up_blocks = nn.ModuleList(UpBlock(*pair) for pair in itertools.pairwise(upward))
        self.bottleneck = nn.Sequential()
        for number in range(shape.blocks):
            self.bottleneck.add_module(f"r{number}", ResBlock(channels[-1]))
        self.final = nn.Conv2d(shape.width, 3, 7, padding=3)

    def forward(self, pictures_B3SS: Tensor, source: KeyPoints, driving: KeyPoints) -> Tensor:
        """Pictures as the driver moves them (B, 3, S, S), in [0, 1], float32."""
        motion = self.motion(self.dense_motion_network.shrunk(pictures_B3SS), source, driving)
        return self.drawn(self.encoded(pictures_B3SS), motion)

    def motion(self, shrunk_B3HW: Tensor, source: KeyPoints, driving: KeyPoints) -> Motion:
        """Where every pixel comes from."""
        found: Motion = self.dense_motion_network(shrunk_B3HW, source, driving)
        return found

    def encoded(self, pictures_B3SS: Tensor) -> Tensor:
        """The features of pictures (B, C, R, R), which do not depend on any motion."""
        x_BCHW: Tensor = self.first(pictures_B3SS.to(self.final.weight.dtype))
        for block in self.down_blocks:
            x_BCHW = block(x_BCHW)
        return x_BCHW

    def drawn(self, features_BCRR: Tensor, motion: Motion) -> Tensor:
        """Features moved, hidden where nothing is known of them, and painted (B, 3, S, S)."""
        moved = self.moved(features_BCRR, motion)
        occlusion = motion.occlusion
        if occlusion.shape[2:] != moved.shape[2:]:
            occlusion = functional.interpolate(occlusion, size=moved.shape[2:], mode="bilinear", align_corners=False)
        x_BCHW = self.bottleneck((moved * occlusion).to(self.final.weight.dtype))
        for block in self.up_blocks:
            x_BCHW = block(x_BCHW)
        return torch.sigmoid(self.final(x_BCHW).float())

    def moved(self, x_BCHW: Tensor, motion: Motion) -> Tensor:
        """Pictures or features as the motion moves them, of their own size, float32."""
        places = motion.deformation
        if places.shape[1:3] != x_BCHW.shape[2:]:
            coarse = places.permute(0, 3, 1, 2)
            fine = functional.interpolate(coarse, size=x_BCHW.shape[2:], mode="bilinear", align_corners=False)
            places = fine.permute(0, 2, 3, 1)
        return sampled(x_BCHW, places, self.align_corners)


class FOMM(nn.Module):
    """All three networks. subjects: whom they were learned from."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.subjects: tuple[str, ...] = ()
        self.generator = Generator(architecture)
        self.kp_detector = Detector(architecture.num_kp, architecture.detector, architecture.temperature)
        self.discriminator = MultiScaleCritic(architecture.critic, architecture.num_kp) if architecture.critic else None

    def forward(self, source_B3SS: Tensor, driving_B3SS: Tensor) -> Tensor:
        """Source pictures moved to where the driving ones are (B, 3, S, S)."""
        drawn: Tensor = self.generator(source_B3SS, self.kp_detector(source_B3SS), self.kp_detector(driving_B3SS))
        return drawn

    def parts(self) -> dict[str, Iterable[nn.Parameter]]:
        """What is minimised apart: the generator and the key points, and their critic."""
        ours = [*self.generator.parameters(), *self.kp_detector.parameters()]
        return {"loss": ours} | ({"critic": self.discriminator.parameters()} if self.discriminator else {})
