"""The low pass between two resolutions, as StyleGAN2 has it (Karras et al. 2020, after Zhang 2019).

Legend of shapes: B batch, C channels, H height, W width.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


def fir(gain: float = 1.0) -> Tensor:
    """The low pass between two resolutions, 4x4: the outer product of 1, 3, 3, 1, which sums to the gain."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    square = taps[:, None] * taps
    return square / square.sum() * gain


class Blur(nn.Module):
    """The low pass alone, with zeros of so many pixels on every side, at every pixel or at every second one."""

    def __init__(self, padding: int, stride: int = 1, gain: float = 1.0) -> None:
        super().__init__()
        self.padding, self.stride = padding, stride
        self.register_buffer("kernel", fir(gain))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        each = self.get_buffer("kernel").to(x_BCHW.dtype).expand(x_BCHW.shape[1], 1, -1, -1)
        if not torch.is_grad_enabled():
            return functional.conv2d(x_BCHW, each, stride=self.stride, padding=self.padding, groups=len(each))
        # backward through a stride costs more than the whole convolution without one
        whole = functional.conv2d(x_BCHW, each, padding=self.padding, groups=len(each))
        return whole[:, :, :: self.stride, :: self.stride]


class Upsample(nn.Module):
    """A map of few channels at twice the side: between its pixels by the low pass, zeros around it.

    That is linear interpolation, with a ring of zeros put around the map first: its own kernel is not looked at.
    """

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernel", fir(4.0))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        ringed = functional.interpolate(
            functional.pad(x_BCHW, (1, 1, 1, 1)), scale_factor=2, mode="bilinear", align_corners=False
        )
        return ringed[:, :, 2:-2, 2:-2]
