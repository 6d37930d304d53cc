"""Pictures bent at random, and what key points should make of it: section 3.3 of the paper.

A bend is an affine map and a thin plate spline, the same for both coordinates, over a grid of control points; its
distances are sums of coordinates' distances, as in the published training.

Legend of shapes: B batch, N places, P control points a side, Q = P * P, S side of a picture.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from understudy.methods.fomm.blocks import grid, sampled
from understudy.methods.fomm.keypoints import KeyPoints, inverse, product

_TINY = 1e-6  # keeps the logarithm of no distance finite


@dataclass(frozen=True, kw_only=True)
class Bending:
    """How far pictures are bent. affine, spline: standard deviations. points: control points a side."""

    affine: float
    spline: float
    points: int

    def __post_init__(self) -> None:
        if self.affine < 0 or self.spline < 0 or self.points < 2:
            raise ValueError("affine and spline must be 0 or more, points 2 or more")


class Bend(NamedTuple):
    """One bend a picture. affine: (B, 2, 3). spline: how much each control point pulls (B, Q)."""

    affine: Tensor
    spline: Tensor


def drawn(generator: np.random.Generator, count: int, how: Bending) -> Bend:
    """Bends for `count` pictures."""
    affine = np.eye(2, 3) + how.affine * generator.standard_normal((count, 2, 3))
    spline = how.spline * generator.standard_normal((count, how.points**2))
    return Bend(torch.from_numpy(affine).float(), torch.from_numpy(spline).float())


def bent(places_BN2: Tensor, bend: Bend) -> Tensor:
    """Where a bend takes places (B, N, 2)."""
    apart = _apart(places_BN2, bend)
    far = apart.abs().sum(-1)
    pulled = (far.square() * torch.log(far + _TINY) * bend.spline[:, None]).sum(-1, keepdim=True)
    straight = (bend.affine[:, None, :, :2] * places_BN2[:, :, None]).sum(-1) + bend.affine[:, None, :, 2]
    return straight + pulled


def jacobian(places_BN2: Tensor, bend: Bend) -> Tensor:
    """What a bend does to small steps about places (B, N, 2, 2)."""
    apart = _apart(places_BN2, bend)
    far = apart.abs().sum(-1)
    slope = (2 * far * torch.log(far + _TINY) + far.square() / (far + _TINY)) * bend.spline[:, None]
    pulled = (slope[..., None] * apart.sign()).sum(2)
    return bend.affine[:, None, :, :2] + pulled[:, :, None]


def _apart(places_BN2: Tensor, bend: Bend) -> Tensor:
    """From every control point to every place (B, N, Q, 2)."""
    side = round(bend.spline.shape[1] ** 0.5)
    return places_BN2[:, :, None] - grid(side, side, places_BN2).reshape(1, 1, -1, 2)


def pictures(frames_B3SS: Tensor, bend: Bend, align_corners: bool) -> Tensor:
    """Pictures whose place p shows what was at the bent p (B, 3, S, S), mirrored at the edges."""
    height, width = frames_B3SS.shape[2:]
    places = grid(height, width, frames_B3SS).reshape(1, -1, 2).expand(len(frames_B3SS), -1, 2)
    return sampled(frames_B3SS, bent(places, bend).view(-1, height, width, 2), align_corners, padding="reflection")


def values_apart(driving: KeyPoints, shown: KeyPoints, bend: Bend) -> Tensor:
    """How far the key points of a bent picture, bent, are from those of the picture."""
    return (driving.value - bent(shown.value, bend)).abs().mean()


def jacobians_apart(driving: KeyPoints, shown: KeyPoints, bend: Bend) -> Tensor:
    """Likewise of the jacobians: their quotient's distance from no change."""
    carried = product(jacobian(shown.value, bend), shown.jacobian)
    return (torch.eye(2, device=carried.device) - product(inverse(driving.jacobian), carried)).abs().mean()
