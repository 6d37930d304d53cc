"""The rivals of the networks: critics of codes (true face) and of pictures (a U-Net that judges patches and pixels).

A critic learns to tell, by binary cross entropy; the networks learn to be taken for the other.

Legend of shapes: B batch, C channels, H height, W width, R side of a code.
"""

import itertools
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE, CODE_SLOPE = 0.2, 0.1
WIDEST = 8  # times the first layer's channels
_DEEPEST = 7


class CodeCritic(nn.Module):
    """Codes (B, C, R, R) to whether they are side 1's: 1 + R / 8 convolutions of stride 2, and a last one of 1x1.

    The first is 4x4, the others 3x3; they have as many channels as the bottleneck, then twice and four times as many.
    """

    def __init__(self, channels: int, side: int, base: int) -> None:
        super().__init__()
        count = 1 + side // 8
        wide = [channels, *(base * min(2**number, WIDEST) for number in range(count))]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 3 if number else 4, stride=2, padding=1)
            for number, (before, after) in enumerate(itertools.pairwise(wide))
        )
        self.judgement = nn.Conv2d(wide[-1], 1, 1)

    def forward(self, code_BCRR: Tensor) -> Tensor:
        for convolution in self.convolutions:
            code_BCRR = functional.leaky_relu(convolution(code_BCRR), CODE_SLOPE)
        judged: Tensor = self.judgement(code_BCRR)
        return judged.float()


class PictureCritic(nn.Module):
    """Pictures (B, 3, H, W) to whether they are real, twice: of patches, coarsely, and of every pixel.

    Down by 3x3 convolutions whose strides are chosen so that a coarse judgement sees just about `patch` pixels a side,
    and up again, each level beside what came down there (Schoenfeld et al. 2020, "A U-Net based discriminator").
    """

    def __init__(self, patch: int, base: int) -> None:
        super().__init__()
        self.strides = strides(patch)
        wide = [base * min(2**number, WIDEST) for number in range(len(self.strides) + 1)]
        self.entry = nn.Conv2d(3, base, 1)
        self.downs = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=stride, padding=1)
            for (before, after), stride in zip(itertools.pairwise(wide), self.strides, strict=True)
        )
        self.coarse = nn.Conv2d(wide[-1], 1, 1)
        levels = list(reversed(wide))
        self.ups = nn.ModuleList(
            nn.Conv2d(before + after, after, 3, padding=1) for before, after in itertools.pairwise(levels)
        )
        self.fine = nn.Conv2d(base, 1, 1)

    def forward(self, picture_B3HW: Tensor) -> tuple[Tensor, Tensor]:
        x = functional.leaky_relu(self.entry(picture_B3HW), SLOPE)
        beside = []
        for down in self.downs:
            beside.append(x)
            x = functional.leaky_relu(down(x), SLOPE)
        coarse = self.coarse(x)
        for up in self.ups:
            same = beside.pop()
            x = functional.interpolate(x, size=same.shape[-2:], mode="nearest")
            x = functional.leaky_relu(up(torch.cat([x, same], dim=1)), SLOPE)
        return coarse.float(), self.fine(x).float()


def sees(layers: Iterable[int]) -> int:
    """Pixels a side that a place sees through 3x3 convolutions of these strides."""
    seen, jump = 1, 1
    for stride in layers:
        seen, jump = seen + 2 * jump, jump * stride
    return seen


def strides(patch: int) -> tuple[int, ...]:
    """Strides through which a place sees most nearly `patch` pixels; of equals, the fewest layers that shrink most."""
    every = itertools.chain.from_iterable(itertools.product((2, 1), repeat=count) for count in range(1, _DEEPEST))
    return min(every, key=lambda layers: abs(sees(layers) - patch))


def taken_for(judgements: Tensor | Iterable[Tensor], real: bool) -> Tensor:
    """The binary cross entropy of judgements (logits) against one answer, each output's mean, summed."""
    each = [judgements] if isinstance(judgements, Tensor) else list(judgements)
    answers = [torch.full_like(logits, float(real)) for logits in each]
    losses = [
        functional.binary_cross_entropy_with_logits(logits, answer)
        for logits, answer in zip(each, answers, strict=True)
    ]
    return torch.stack(losses).sum()
