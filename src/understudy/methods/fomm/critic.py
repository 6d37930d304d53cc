"""The critic: tells drawn pictures from filmed ones, patch by patch, at several sizes.

Legend of shapes: B batch, K key points, S side of a picture.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.methods.fomm.blocks import widths
from understudy.methods.fomm.motion import gaussians


@dataclass(frozen=True, kw_only=True)
class Critic:
    """A critic's shape. width, most, blocks: as of an hourglass. shrinks: the sizes that it judges, as times smaller
    than the network's. spectral: whether its weights are held to norm 1. keypoints: whether it is shown the driver's.
    """

    width: int
    most: int
    blocks: int
    shrinks: tuple[int, ...]
    spectral: bool
    keypoints: bool

    def __post_init__(self) -> None:
        if min(self.width, self.most, self.blocks, *self.shrinks) < 1 or not self.shrinks:
            raise ValueError("width, most, blocks and each of shrinks must be 1 or more")


class Judgement(NamedTuple):
    """features: of every block. map: near 1 where a patch is taken for filmed, near 0 where for drawn."""

    features: tuple[Tensor, ...]
    map: Tensor


class CriticBlock(nn.Module):
    """Convolution of 4x4 without padding, norm but for the first, leaky ReLU, halved but for the last."""

    def __init__(self, inside: int, outside: int, *, norm: bool, halve: bool, spectral: bool) -> None:
        super().__init__()
        self.conv = held(nn.Conv2d(inside, outside, 4), spectral)
        self.norm = nn.InstanceNorm2d(outside, affine=True) if norm else nn.Identity()
        self.halve = halve

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Three pixels smaller, then halved."""
        found = functional.leaky_relu(self.norm(self.conv(x_BCHW)), 0.2)
        return functional.avg_pool2d(found, 2) if self.halve else found


class PatchCritic(nn.Module):
    """The critic of one size."""

    def __init__(self, shape: Critic, num_kp: int) -> None:
        super().__init__()
        self.keypoints = shape.keypoints
        channels = [3 + num_kp * shape.keypoints]
        channels += [widths(shape.width, shape.most, power + 1) for power in range(shape.blocks)]
        self.down_blocks = nn.ModuleList(
            CriticBlock(*pair, norm=number > 0, halve=number < shape.blocks - 1, spectral=shape.spectral)
            for number, pair in enumerate(itertools.pairwise(channels))
        )
        self.conv = held(nn.Conv2d(channels[-1], 1, 1), shape.spectral)

    def forward(self, pictures_B3SS: Tensor, value_BK2: Tensor) -> Judgement:
        """What it thinks of pictures whose performance has these key points."""
        x_BCHW = pictures_B3SS
        if self.keypoints:
            x_BCHW = torch.cat([x_BCHW, gaussians(value_BK2, *x_BCHW.shape[2:])], dim=1)
        features = []
        for block in self.down_blocks:
            x_BCHW = block(x_BCHW)
            features.append(x_BCHW)
        return Judgement(tuple(features), self.conv(x_BCHW))


class MultiScaleCritic(nn.Module):
    """A critic for each size."""

    def __init__(self, shape: Critic, num_kp: int) -> None:
        super().__init__()
        self.discs = nn.ModuleDict({named(times): PatchCritic(shape, num_kp) for times in shape.shrinks})

    def forward(self, pictures: Mapping[int, Tensor], value_BK2: Tensor) -> list[Judgement]:
        """One judgement a size. pictures: by how many times they are shrunk."""
        by_name = {named(times): each for times, each in pictures.items()}
        return [critic(by_name[name], value_BK2) for name, critic in self.discs.items()]


def held(conv: nn.Conv2d, spectral: bool) -> nn.Module:
    """A convolution, its weights of spectral norm 1 where that is asked for: Miyato et al. 2018."""
    return nn.utils.spectral_norm(conv) if spectral else conv


def named(times: int) -> str:
    """The published name of the critic of pictures shrunk so many times: the scale, its point a dash."""
    return f"{1 / times:g}".replace(".", "-")
