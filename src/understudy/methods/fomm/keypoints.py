"""Key points: where they are, how the picture is bent about each, and how a driver's move a source's.

Siarohin et al. 2019, "First Order Motion Model for Image Animation". Coordinates as in `blocks`.

Legend of shapes: B batch, K key points, S side of a picture, H and W of a heat map; 22 = a 2x2 matrix.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from understudy.methods.fomm.blocks import Hourglass, Shrink, grid


class KeyPoints(NamedTuple):
    """value: places (B, K, 2). jacobian: what a small step in an abstract reference is there (B, K, 2, 2)."""

    value: Tensor
    jacobian: Tensor

    def detached(self) -> "KeyPoints":
        """The same numbers, through which nothing is learned."""
        return KeyPoints(self.value.detach(), self.jacobian.detach())

    def part(self, which: slice) -> "KeyPoints":
        """The key points of some of the pictures."""
        return KeyPoints(self.value[which], self.jacobian[which])


@dataclass(frozen=True, kw_only=True)
class Glass:
    """An hourglass that looks at a shrunk picture.

    width: channels of its output; they double at every halving, up to `most`. blocks: halvings. shrink: how many times
    the picture is smaller than the network's.
    """

    width: int
    most: int
    blocks: int
    shrink: int

    def __post_init__(self) -> None:
        if min(self.width, self.most, self.blocks, self.shrink) < 1:
            raise ValueError("width, most, blocks and shrink must be 1 or more")

    @property
    def multiple(self) -> int:
        """What a picture's side must be a multiple of."""
        return int(self.shrink * 2**self.blocks)


class Detector(nn.Module):
    """Finds key points and their jacobians in pictures of whatever moves, without ever being told what they are."""

    def __init__(self, num_kp: int, glass: Glass, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature
        self.predictor = Hourglass(3, glass.width, glass.most, glass.blocks)
        self.kp = nn.Conv2d(self.predictor.out, num_kp, 7)
        self.jacobian = nn.Conv2d(self.predictor.out, 4 * num_kp, 7)
        nn.init.zeros_(self.jacobian.weight)
        self.jacobian.bias = nn.Parameter(torch.eye(2).reshape(4).repeat(num_kp))
        if glass.shrink > 1:
            self.down = Shrink(3, glass.shrink)

    def shrunk(self, pictures_B3SS: Tensor) -> Tensor:
        """Pictures as the hourglass sees them."""
        return self.down(pictures_B3SS) if hasattr(self, "down") else pictures_B3SS

    def forward(self, pictures_B3SS: Tensor) -> KeyPoints:
        """Key points of pictures in [0, 1], float32."""
        features = self.predictor(self.shrunk(pictures_B3SS).to(self.kp.weight.dtype))
        return self.read(self.kp(features), self.jacobian(features))

    def read(self, logits_BKHW: Tensor, bends_B4KHW: Tensor) -> KeyPoints:
        """Key points of what the last layers say: a heat map each, and four maps that are read where it is hot."""
        count, points, height, width = logits_BKHW.shape
        heat_BKN = torch.softmax(logits_BKHW.float().reshape(count, points, -1) / self.temperature, dim=2)
        places_N2 = grid(height, width, logits_BKHW).reshape(-1, 2)
        value = torch.stack([(heat_BKN * places_N2[:, axis]).sum(2) for axis in (0, 1)], dim=-1)
        bends = bends_B4KHW.float().reshape(count, points, 4, -1)
        return KeyPoints(value, (heat_BKN[:, :, None] * bends).sum(-1).view(count, points, 2, 2))


def inverse(matrices_22: Tensor) -> Tensor:
    """The inverses of 2x2 matrices of any leading shape, in closed form: far cheaper than a solver's."""
    a, b, c, d = (matrices_22[..., row, column] for row in (0, 1) for column in (0, 1))
    adjugate = torch.stack([torch.stack([d, -b], -1), torch.stack([-c, a], -1)], -2)
    return adjugate / (a * d - b * c)[..., None, None]


def product(left_22: Tensor, right_22: Tensor) -> Tensor:
    """The products of 2x2 matrices, in float32 under autocast, too."""
    return (left_22[..., :, :, None] * right_22[..., None, :, :]).sum(-2)


def area(value_K2: Tensor) -> float:
    """The area of the convex hull of key points."""
    hull = cv2.convexHull(np.ascontiguousarray(value_K2.detach().cpu().numpy(), dtype=np.float32))
    return float(cv2.contourArea(hull))


def scale(source: KeyPoints, first: KeyPoints) -> float:
    """How much larger the source is than the driver: the root of the areas' ratio; 1 where a hull has no area."""
    areas = area(source.value[0]), area(first.value[0])
    return float(np.sqrt(areas[0] / areas[1])) if min(areas) > 0 else 1.0


def relative(source: KeyPoints, driving: KeyPoints, first: KeyPoints, times: float = 1.0) -> KeyPoints:
    """Where the source's key points go when they do what the driver's did since its first frame.

    source, first: of one picture each. times: how much larger than the driver's a motion is to be.
    """
    value = source.value + (driving.value - first.value) * times
    return KeyPoints(value, product(product(driving.jacobian, inverse(first.jacobian)), source.jacobian))
