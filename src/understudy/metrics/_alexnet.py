"""AlexNet as LPIPS reads it: the five convolutions of Krizhevsky 2014 (arXiv 1404.5997), with torchvision's names.

Shapes: N pictures, C channels, h, w places of a feature map.
"""

import torch
from torch import nn

WIDTHS = (64, 192, 384, 256, 256)
_TAPS = (1, 4, 7, 9, 11)  # after each rectifier


class AlexNet(nn.Module):
    """The convolutions alone: what classifies is not needed."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third, fourth, fifth = WIDTHS
        self.features = nn.Sequential(
            nn.Conv2d(3, first, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(first, second, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(second, third, 3, padding=1), nn.ReLU(),
            nn.Conv2d(third, fourth, 3, padding=1), nn.ReLU(),
            nn.Conv2d(fourth, fifth, 3, padding=1), nn.ReLU(),
        )  # fmt: skip

    def forward(self, pictures_N3HW: torch.Tensor) -> list[torch.Tensor]:
        """The five rectified feature maps, each (N, C, h, w); the smallest picture that has all five is 31 px."""
        maps, x = [], pictures_N3HW
        for number, layer in enumerate(self.features):
            x = layer(x)
            if number in _TAPS:
                maps.append(x)
        return maps
