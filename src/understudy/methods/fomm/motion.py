"""Dense motion: from what a few key points do to where every pixel comes from, and what of it is hidden.

Legend of shapes: B batch, K key points, L = K + 1 with the background first, H and W of the shrunk picture.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from understudy.methods.fomm.blocks import Hourglass, Shrink, grid, sampled
from understudy.methods.fomm.keypoints import Glass, KeyPoints, inverse, product

VARIANCE = 0.01  # of the Gaussian that stands for a key point


class Motion(NamedTuple):
    """Where a drawn picture's pixels come from.

    mask: which key point each pixel follows (B, L, H, W), sums to 1. sparse: the source as each key point alone would
    move it (B, L, 3, H, W). deformation: the place in the source of each pixel (B, H, W, 2). occlusion: how much of
    what is found there can be seen (B, 1, H, W), in [0, 1].
    """

    mask: Tensor
    sparse: Tensor
    deformation: Tensor
    occlusion: Tensor

    def part(self, which: slice) -> "Motion":
        """The motions of some of the pictures."""
        return Motion(*(each[which] for each in self))


def gaussians(value_BK2: Tensor, height: int, width: int) -> Tensor:
    """A bell about each key point (B, K, H, W), 1 at its top."""
    apart = grid(height, width, value_BK2) - value_BK2[:, :, None, None]
    return torch.exp(-0.5 * apart.square().sum(-1) / VARIANCE)


def affine(source: KeyPoints, driving: KeyPoints, height: int, width: int) -> Tensor:
    """Where in the source each place of the driver is, by each key point's affine map (B, L, H, W, 2): equation 4."""
    places = grid(height, width, driving.value)
    turn = product(source.jacobian, inverse(driving.jacobian))[:, :, None, None]
    apart = places - driving.value[:, :, None, None]
    moved = turn[..., 0] * apart[..., :1] + turn[..., 1] * apart[..., 1:] + source.value[:, :, None, None]
    return torch.cat([places.expand(len(moved), 1, height, width, 2), moved], dim=1)


class DenseMotion(nn.Module):
    """Weighs the key points' maps against one another, pixel by pixel."""

    def __init__(self, num_kp: int, glass: Glass, align_corners: bool) -> None:
        super().__init__()
        self.align_corners = align_corners
        self.hourglass = Hourglass((num_kp + 1) * 4, glass.width, glass.most, glass.blocks)
        self.mask = nn.Conv2d(self.hourglass.out, num_kp + 1, 7, padding=3)
        self.occlusion = nn.Conv2d(self.hourglass.out, 1, 7, padding=3)
        if glass.shrink > 1:
            self.down = Shrink(3, glass.shrink)

    def shrunk(self, source_B3SS: Tensor) -> Tensor:
        """A picture as this network sees it: the same for a whole clip."""
        return self.down(source_B3SS) if hasattr(self, "down") else source_B3SS

    def forward(self, shrunk_B3HW: Tensor, source: KeyPoints, driving: KeyPoints) -> Motion:
        """The motion of a shrunk source picture. Of one source, many motions may be asked for at once."""
        height, width = shrunk_B3HW.shape[2:]
        places = affine(source, driving, height, width)
        count, maps = places.shape[:2]
        if len(shrunk_B3HW) == count:
            shrunk_B3HW = shrunk_B3HW.repeat_interleave(maps, 0)
        sparse = sampled(shrunk_B3HW, places.reshape(count * maps, height, width, 2), self.align_corners)
        sparse = sparse.reshape(count, maps, 3, height, width)
        heat = gaussians(driving.value, height, width) - gaussians(source.value, height, width)
        heat = torch.cat([torch.zeros_like(heat[:, :1]), heat], dim=1)
        seen = torch.cat([heat[:, :, None], sparse], dim=2).reshape(count, -1, height, width)
        features = self.hourglass(seen.to(self.mask.weight.dtype))
        mask = torch.softmax(self.mask(features).float(), dim=1)
        occlusion = torch.sigmoid(self.occlusion(features).float())
        return Motion(mask, sparse, (places * mask[..., None]).sum(1), occlusion)
