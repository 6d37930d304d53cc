"""LPIPS: how far the fake's face is from the exact swap's for a network that was fitted to people's judgements.

Learned Perceptual Image Patch Similarity, version 0.1 on AlexNet (Zhang et al. 2018, section 3.2 and equation 1): the
feature maps of the five convolutions, each place scaled to unit length over the channels, are subtracted and squared,
weighted by one number a channel, averaged over places, and summed over the layers. Both faces are cut out at the square
about the truth's face mask and brought to 128 x 128 pixels, so that frames of any size can be compared with each other;
published numbers of whole pictures cannot be compared with these.

The weights are given by path and sha256 in the study: `lpips`, torchvision's AlexNet state dict, and `lpips-linear`,
the five 1x1 layers of the authors' weights/v0.1/alex.pth. Without them, or without a truth, there are no rows.

Row: `LPIPS to truth`, LPIPS, lower is better; n = frames compared (every k-th, as the setting embed_every says).
"""

import functools
from pathlib import Path

import torch
from torch import nn

from understudy.metrics._alexnet import WIDTHS, AlexNet
from understudy.metrics._case import Case, Damage, Meter, Quantity, Stream, Tally
from understudy.metrics._crops import cut, square, tensor
from understudy.metrics._moment import Moment
from understudy.metrics._pretrained import fill
from understudy.metrics.truth import EVERY, has_masks

LOOKS_AT: tuple[Stream, ...] = ("fake", "truth", "masks")
NETWORKS = ("lpips", "lpips-linear")
DISTANCE = Quantity("LPIPS to truth", "LPIPS", "lower")
SEES: dict[str, tuple[Damage, ...]] = {DISTANCE.name: EVERY}
SIZE = 128
# What the authors' ScalingLayer takes off and divides by: ImageNet's means and deviations for pictures in [-1, 1].
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)


class Linear(nn.Module):
    """The weights of the channels, with the authors' names lin0.model.1.weight to lin4.model.1.weight."""

    def __init__(self) -> None:
        super().__init__()
        for number, width in enumerate(WIDTHS):
            layer = nn.Module()
            layer.model = nn.Sequential(nn.Dropout(), nn.Conv2d(width, 1, 1, bias=False))
            self.add_module(f"lin{number}", layer)

    def weights(self) -> list[torch.Tensor]:
        """The weights of each layer's channels, (1, C, 1, 1)."""
        return list(self.state_dict().values())


class Perception(nn.Module):
    """The whole distance."""

    def __init__(self) -> None:
        super().__init__()
        self.network, self.linear = AlexNet(), Linear()

    def forward(self, a_N3HW: torch.Tensor, b_N3HW: torch.Tensor) -> torch.Tensor:
        """The distance of each pair of pictures, (N,); colours in [-1, 1]."""
        shift, scale = (torch.tensor(values).view(1, 3, 1, 1) for values in (_SHIFT, _SCALE))
        maps = self.network((torch.cat([a_N3HW, b_N3HW]) - shift) / scale)
        total = torch.zeros(len(a_N3HW))
        for features, weights in zip(maps, self.linear.weights(), strict=True):
            a, b = _unit(features).chunk(2)
            total = total + ((a - b) ** 2 * weights).sum(dim=1).mean(dim=(1, 2))
        return total


class _Lpips(Tally):
    def __init__(self, perception: Perception) -> None:
        super().__init__(DISTANCE)
        self.perception = perception

    def step(self, moment: Moment) -> None:
        truth_HWC, mask_HW = moment.truth_HWC, moment.mask_HW
        if truth_HWC is None or mask_HW is None or not mask_HW.any() or not moment.embeds:
            return self.add()
        box = square(mask_HW)
        pair = (tensor(cut(frame_HWC, box, SIZE)) for frame_HWC in (moment.fake_HWC, truth_HWC))
        with torch.inference_mode():
            return self.add(float(self.perception(*pair)))


def meter(case: Case) -> Meter | None:
    """Compares with the truth; None without one or without weights. Raises CheckpointError for other weights."""
    if case.truth is None or any(name not in case.networks for name in NETWORKS) or not has_masks(case):
        return None
    return _Lpips(perception(*(case.networks[name] for name in NETWORKS)))


@functools.lru_cache(maxsize=1)
def perception(network: Path, linear: Path) -> Perception:
    """The distance with the weights of two files."""
    made = Perception()
    fill(network, made.network, surplus=("classifier.",))
    fill(linear, made.linear)
    return made


def _unit(features_NChw: torch.Tensor) -> torch.Tensor:
    """Every place scaled to unit length over the channels."""
    length: torch.Tensor = features_NChw.square().sum(dim=1, keepdim=True).sqrt()
    return features_NChw / (length + 1e-10)
