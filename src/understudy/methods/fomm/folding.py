"""The same networks, made for drawing alone: fewer and cheaper operations, equal numbers but for rounding.

A norm after a convolution goes into its weights and bias. Copying every pixel four times and convolving 3x3 is one
transposed convolution of 4x4, with 4 products for every 9. The last 7x7, of three colours, becomes one of 8x8 that
draws four pixels at once: processors compute 16 channels in the time of three.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from understudy.methods.fomm.blocks import DownBlock, ResBlock, SameBlock, UpBlock
from understudy.methods.fomm.network import FOMM

# What to add left, right, above and below a kernel to move it to a corner of one that is a pixel larger.
_CORNERS = [(right, 1 - right, down, 1 - down) for down in (0, 1) for right in (0, 1)]


class FoldedResidual(nn.Module):
    """A residual block whose second norm is in its first convolution."""

    def __init__(self, block: ResBlock) -> None:
        super().__init__()
        self.norm = block.norm1
        self.conv1, self.conv2 = fuse_conv_bn_eval(block.conv1, block.norm2), block.conv2

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """The shape of what comes in."""
        inner = functional.relu_(self.conv1(functional.relu_(self.norm(x_BCHW))))
        out: Tensor = self.conv2(inner).add_(x_BCHW)
        return out


class Quartered(nn.Conv2d):
    """A convolution of odd size k that keeps a picture's size, as one of k + 1 in steps of two that draws four pixels
    at once. Height and width must be even."""

    def __init__(self, conv: nn.Conv2d) -> None:
        size = conv.kernel_size[0] + 1
        channels, place = (conv.in_channels, 4 * conv.out_channels), conv.weight.device
        super().__init__(*channels, size, stride=2, padding=conv.padding[0], device=place)
        placed = [functional.pad(conv.weight, corner) for corner in _CORNERS]
        with torch.no_grad():
            self.weight.copy_(torch.stack(placed, dim=1).flatten(0, 1))
            assert self.bias is not None
            assert conv.bias is not None
            self.bias.copy_(conv.bias.repeat_interleave(4))

    def reset_parameters(self) -> None:
        """Draws nothing: the weights are another's."""

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """(B, out, H, W)."""
        return functional.pixel_shuffle(super().forward(x_BCHW), 2)


class Doubling(nn.ConvTranspose2d):
    """A transposed convolution that is given its weights."""

    def reset_parameters(self) -> None:
        """Draws nothing: the weights are another's."""


def doubled(conv: nn.Conv2d) -> Doubling:
    """Every pixel four times and a 3x3 convolution of that, as one transposed convolution.

    Copying pixels is a transposed convolution with a 2x2 of ones; two convolutions are one with both kernels convolved.
    """
    channels, place = (conv.in_channels, conv.out_channels), conv.weight.device
    found = Doubling(*channels, 4, stride=2, padding=1, device=place)
    flipped = conv.weight.detach().flip(2, 3).transpose(0, 1)
    corners = [functional.pad(flipped, corner) for corner in _CORNERS]
    with torch.no_grad():
        found.weight.copy_(torch.stack(corners).sum(0))
        assert found.bias is not None
        assert conv.bias is not None
        found.bias.copy_(conv.bias)
    return found


def folded(network: FOMM) -> FOMM:
    """A copy for drawing, without the critic; the network itself is left as it is, and should be in eval mode."""
    critic, network.discriminator = network.discriminator, None
    try:
        found = copy.deepcopy(network).eval().requires_grad_(False)
    finally:
        network.discriminator = critic
    _fold(found)
    found.generator.final = Quartered(found.generator.final)
    return found.requires_grad_(False)


def _fold(module: nn.Module) -> None:
    """Replaces every block below `module` by what draws the same."""
    for name, child in module.named_children():
        if isinstance(child, ResBlock):
            setattr(module, name, FoldedResidual(child))
        elif isinstance(child, SameBlock):
            setattr(module, name, _plain(child))
        else:
            _fold(child)


def _plain(block: SameBlock) -> nn.Sequential:
    """A block without its norm."""
    conv = fuse_conv_bn_eval(block.conv, block.norm)
    if isinstance(block, UpBlock):
        return nn.Sequential(doubled(conv), nn.ReLU(inplace=True))
    layers: list[nn.Module] = [conv, nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.AvgPool2d(2)) if isinstance(block, DownBlock) else nn.Sequential(*layers)
