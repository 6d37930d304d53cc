"""The critic that LIA learns against: StyleGAN2's (Karras et al. 2020), which tells filmed pictures from drawn ones.

Legend of shapes: B batch, C channels, S side of a map, G pictures that are judged together.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.methods.lia.architecture import COARSEST, Architecture
from understudy.methods.lia.layers import GAIN, SLOPE, Convolved, Linear

HALF = GAIN / 2  # 1 / sqrt(2): a sum of two keeps its spread
TOGETHER = 4  # pictures whose spread is looked at together


class Residual(nn.Module):
    """Two convolutions that halve the side, beside a straight way."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv1 = Convolved(before, before, 3)
        self.conv2 = Convolved(before, after, 3, down=True, gain=HALF)
        self.skip = Convolved(before, after, 1, down=True, active=False, gain=HALF)

    def forward(self, x_BCSS: Tensor) -> Tensor:
        found: Tensor = self.conv2(self.conv1(x_BCSS)) + self.skip(x_BCSS)
        return found


class Critic(nn.Module):
    """Pictures B3SS in [-1, 1] to how real they are, B1, float32: above 0 for filmed."""

    def __init__(self, shape: Architecture) -> None:
        super().__init__()
        wide = [shape.channels(side) for side in [COARSEST, *shape.sides][::-1]]
        last = wide[-1]
        self.convs = nn.Sequential(
            Convolved(3, wide[0], 1), *(Residual(before, after) for before, after in itertools.pairwise(wide))
        )
        self.final_conv = Convolved(last + 1, last, 3)
        self.final_linear = nn.ModuleList([Linear(last * COARSEST**2, last, gain=GAIN), Linear(last, 1)])

    def forward(self, pictures_B3SS: Tensor) -> Tensor:
        x_BCSS = self.convs(pictures_B3SS)
        judged = self.final_conv(torch.cat([x_BCSS, spread(x_BCSS)], dim=1))
        first, second = self.final_linear
        found: Tensor = second(functional.leaky_relu(first(judged.flatten(1)), SLOPE))
        return found.float()


def spread(x_BCSS: Tensor) -> Tensor:
    """How much pictures that are judged together differ, as one more channel B1SS: a generator that always draws the
    same is found out by it (Karras et al. 2018, section 3)."""
    count, channels, *sides = x_BCSS.shape
    together = min(count, TOGETHER)
    while count % together:
        together -= 1
    groups = x_BCSS.float().reshape(together, count // together, channels, *sides)
    deviation = (groups.var(dim=0, unbiased=False) + 1e-8).sqrt().mean(dim=(1, 2, 3))
    return deviation.repeat(together)[:, None, None, None].expand(-1, 1, *sides).to(x_BCSS.dtype)
