"""What the networks are made of: convolutions with norm, hourglasses, shrinking without aliasing, sampling by a grid.

Names of submodules are those under which the published weights are kept. Coordinates run from -1 to 1, x before y, and
-1 and 1 are the centres of the outermost pixels.

Legend of shapes: B batch, C channels, H and W height and width, K key points.
"""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional


def widths(width: int, most: int, power: int) -> int:
    """Channels after `power` halvings: doubled at each, `most` at the utmost."""
    return int(min(most, width * 2**power))


class SameBlock(nn.Module):
    """Convolution, norm, ReLU; the picture keeps its size. size: of the kernel, odd."""

    def __init__(self, inside: int, outside: int, size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inside, outside, size, padding=size // 2)
        self.norm = nn.BatchNorm2d(outside)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """(B, outside, H, W)."""
        return functional.relu(self.norm(self.conv(x_BCHW)))


class DownBlock(SameBlock):
    """Convolution, norm, ReLU, then the mean of every 2x2 pixels."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__(inside, outside, 3)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """(B, outside, H // 2, W // 2)."""
        return functional.avg_pool2d(super().forward(x_BCHW), 2)


class UpBlock(SameBlock):
    """Every pixel four times, then convolution, norm, ReLU."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__(inside, outside, 3)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """(B, outside, 2 H, 2 W)."""
        return super().forward(functional.interpolate(x_BCHW, scale_factor=2.0))


class ResBlock(nn.Module):
    """Norm, ReLU, convolution, twice, added to what came in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(channels)
        self.norm2 = nn.BatchNorm2d(channels)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """The shape of what comes in."""
        inner = self.conv1(functional.relu(self.norm1(x_BCHW)))
        out: Tensor = x_BCHW + self.conv2(functional.relu(self.norm2(inner)))
        return out


class Encoder(nn.Module):
    """The way down of an hourglass."""

    def __init__(self, inside: int, width: int, most: int, blocks: int) -> None:
        super().__init__()
        channels = [inside] + [widths(width, most, power + 1) for power in range(blocks)]
        self.down_blocks = nn.ModuleList(DownBlock(*pair) for pair in itertools.pairwise(channels))

    def forward(self, x_BCHW: Tensor) -> list[Tensor]:
        """What comes in, and what every block makes of the one before."""
        found = [x_BCHW]
        for block in self.down_blocks:
            found.append(block(found[-1]))
        return found


class Decoder(nn.Module):
    """The way up of an hourglass: each block is given what its size was on the way down, too."""

    def __init__(self, width: int, most: int, blocks: int) -> None:
        super().__init__()
        self.up_blocks = nn.ModuleList()
        for power in reversed(range(blocks)):
            inside = widths(width, most, power + 1)
            both = inside if power == blocks - 1 else 2 * inside
            self.up_blocks.append(UpBlock(both, widths(width, most, power)))

    def forward(self, found: list[Tensor]) -> Tensor:
        """(B, width + channels of the picture, H, W)."""
        x_BCHW = found[-1]
        for block, beside in zip(self.up_blocks, reversed(found[:-1]), strict=True):
            x_BCHW = torch.cat([block(x_BCHW), beside], dim=1)
        return x_BCHW


class Hourglass(nn.Module):
    """A U-net: `blocks` halvings and back. out: channels of its output, the picture's own among them."""

    def __init__(self, inside: int, width: int, most: int, blocks: int) -> None:
        super().__init__()
        self.encoder = Encoder(inside, width, most, blocks)
        self.decoder = Decoder(width, most, blocks)
        self.out = width + inside

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """(B, out, H, W). Height and width must be multiples of 2**blocks."""
        found: Tensor = self.decoder(self.encoder(x_BCHW))
        return found


class Shrink(nn.Module):
    """A picture by 1/times its size, without aliasing: a Gaussian of deviation (times - 1) / 2, then every times-th
    pixel."""

    weight: Tensor

    def __init__(self, channels: int, times: int) -> None:
        super().__init__()
        self.times, self.channels = times, channels
        deviation = (times - 1) / 2
        reach = round(deviation * 4)
        x_N = torch.arange(2 * reach + 1, dtype=torch.float32) - reach
        bell_N = torch.exp(-(x_N**2) / (2 * deviation**2)) if times > 1 else torch.ones(1)
        kernel = bell_N[:, None] * bell_N[None, :]
        self.register_buffer("weight", (kernel / kernel.sum()).repeat(channels, 1, 1, 1))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """(B, C, H / times, W / times). Beyond the edge there is black."""
        if self.times == 1:
            return x_BCHW
        weight = self.weight.to(x_BCHW.dtype)
        return functional.conv2d(x_BCHW, weight, stride=self.times, padding=weight.shape[-1] // 2, groups=self.channels)


def grid(height: int, width: int, like: Tensor) -> Tensor:
    """The coordinates of every pixel's centre (H, W, 2), on the device of `like`, float32."""
    x_W = torch.arange(width, dtype=torch.float32, device=like.device) * (2 / (width - 1)) - 1
    y_H = torch.arange(height, dtype=torch.float32, device=like.device) * (2 / (height - 1)) - 1
    return torch.stack([x_W.expand(height, width), y_H[:, None].expand(height, width)], dim=-1)


def sampled(x_BCHW: Tensor, grid_BHW2: Tensor, align_corners: bool, padding: str = "zeros") -> Tensor:
    """What lies at the grid's places, bilinear, in float32 (B, C, H', W'). One picture may serve many grids.

    align_corners: True reads -1 and 1 as the centres of the outermost pixels, as PyTorch did when the published weights
    were learned; False as the picture's edge, as it does by default since 1.3.
    """
    x_BCHW, grid_BHW2 = x_BCHW.float(), grid_BHW2.float()
    count, height, width, _ = grid_BHW2.shape
    if len(x_BCHW) == count:
        return functional.grid_sample(x_BCHW, grid_BHW2, padding_mode=padding, align_corners=align_corners)
    tall_1 = grid_BHW2.reshape(1, count * height, width, 2)
    found_1 = functional.grid_sample(x_BCHW, tall_1, padding_mode=padding, align_corners=align_corners)
    return found_1.view(-1, count, height, width).transpose(0, 1)
