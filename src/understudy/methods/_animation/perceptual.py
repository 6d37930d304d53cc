"""The loss that looks at pictures at several scales, as FOMM (Siarohin et al. 2019, section 3.3) and LIA have it: both
pictures are shrunk by halves, and at each scale the features that VGG-19 sees in five of its layers are compared.

Where VGG-19's weights are not given, a narrow network of its layers that learned in this pipeline looks instead; where
there is none, the pictures themselves are compared: colours, edges and structure. `Perception.told` says which it was.

Legend of shapes: B batch, S side of the pictures; pictures are RGB in [0, 1].
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from understudy import files
from understudy.errors import ConfigError
from understudy.learning import halved
from understudy.methods._animation import teaching
from understudy.methods._vgg import FeatureNetwork, vgg19

if TYPE_CHECKING:
    from understudy.learning import Run
    from understudy.learning.settings import Precision

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
SEEN, COMPARED = 32, 16  # pixels: sides of the smallest pictures through which a network looks, and that are compared
_WINDOW = 7  # side of the windows in which structure is compared; `_summed` knows it
_C1, _C2 = 0.01**2, 0.03**2  # constants of SSIM for values in [0, 1]


@dataclass(frozen=True, kw_only=True)
class Features:
    """Through what the perceptual loss looks.

    path, sha256: VGG-19's weights, a file of your own, and its digest (null takes the file as it is). scales: the whole
    picture and its halvings; FOMM and LIA have 4. Scales too small to be looked at are left out. Without a path a
    network of VGG-19's layers, `width` of its filters wide, is pretrained in `steps` steps; in none, no network looks.
    """

    path: Path | None
    sha256: str | None
    scales: int
    width: float = field(default=0.25, metadata={"optional": True})
    steps: int = field(default=0, metadata={"optional": True})

    def __post_init__(self) -> None:
        if self.path is None and self.sha256 is not None:
            raise ValueError("sha256 is of a file, and path names none")
        if not 0 < self.width <= 1 or self.steps < 0:
            raise ValueError("width must be above 0 and at most 1, and steps 0 or more")
        if not 1 <= self.scales <= 8:
            raise ValueError("scales must be 1 to 8")


class Perception:
    """The loss: (drawn B3SS, aim B3SS) -> a scalar, 0 for equal pictures, summed over scales and layers unweighted.

    network: what looks, kept as it is; None compares the pictures themselves. told: what this is, in words.
    """

    def __init__(self, network: FeatureNetwork | None, scales: int, told: str) -> None:
        self.network, self.scales, self.told = network, scales, told

    def __call__(self, drawn_B3SS: Tensor, aim_B3SS: Tensor) -> Tensor:
        least = COMPARED if self.network is None else SEEN
        differ = compared if self.network is None else self._looked
        # Half precision would drown small differences of large sums.
        with torch.autocast(drawn_B3SS.device.type, enabled=False):
            both = list(pyramid(torch.cat([drawn_B3SS.float(), aim_B3SS.float()]), self.scales, least))
            return torch.stack([differ(*pictures.chunk(2)) for pictures in both]).sum()

    def _looked(self, drawn: Tensor, aim: Tensor) -> Tensor:
        """The mean absolute differences of what the layers see, summed. What is aimed at is not learned from."""
        assert self.network is not None
        names = [name for name in LAYERS if name in self.network.places]
        halved = self.network.get_buffer("mean").dtype == torch.bfloat16
        with torch.autocast(drawn.device.type, torch.bfloat16, enabled=halved):
            own = self.network(drawn, names)
            with torch.no_grad():
                wanted = self.network(aim, names)
        return torch.stack([(own[name].float() - wanted[name].float()).abs().mean() for name in names]).sum()


def perception(settings: Features, run: "Run", precision: "Precision" = "auto") -> Perception:
    """The loss on the run's device. Raises ConfigError when the weights' file is missing or another, or nothing was
    pretrained where the settings want it; CheckpointError when a file holds another network."""
    scales = settings.scales
    if settings.path is None and not teaching.pretrains(settings):
        return Perception(None, scales, f"no network: colours, edges and structure at up to {scales} scales")
    if settings.path is not None:
        network, digest = vgg19(settings.path, settings.sha256, LAYERS[-1])
        told = f"VGG-19 (sha256 {digest}) at up to {scales} scales"
    elif run.pretrained is not None:
        network = teaching.opened(run.pretrained, settings.width)
        told = f"features learned in this study (sha256 {files.sha256(run.pretrained)}) at up to {scales} scales"
    else:
        remedy = "Name VGG-19's file at features.path, let the study pretrain them, or set features.steps: 0."
        raise ConfigError("features", "are to be pretrained, and nothing was", remedy)
    still = halved(network.to(run.device), precision, run.device).eval().requires_grad_(False)
    return Perception(still, scales, told)


def pyramid(pictures_B3SS: Tensor, scales: int, least: int) -> Iterator[Tensor]:
    """The pictures, then halved again and again, down to sides of `least` pixels; the whole in any case."""
    for scale in range(scales):
        if scale == 0 or min(pictures_B3SS.shape[-2:]) // 2**scale >= least:
            yield smaller(pictures_B3SS, 2**scale)


def smaller(pictures_BCSS: Tensor, factor: int) -> Tensor:
    """Every `factor`-th pixel after a Gaussian blur of (factor - 1) / 2 pixels; beyond the edge all is black, as FOMM
    has it."""
    if factor == 1:
        return pictures_BCSS
    sigma, channels = (factor - 1) / 2, pictures_BCSS.shape[1]
    reach = round(4 * sigma)
    line = torch.arange(-reach, reach + 1, device=pictures_BCSS.device, dtype=torch.float32)
    bell = torch.exp(-(line**2) / (2 * sigma**2))
    bell = (bell / bell.sum()).to(pictures_BCSS.dtype).expand(channels, 1, 1, -1)
    across = functional.conv2d(pictures_BCSS, bell, stride=(1, factor), padding=(0, reach), groups=channels)
    return functional.conv2d(across, bell.transpose(2, 3), stride=(factor, 1), padding=(reach, 0), groups=channels)


def compared(drawn_B3SS: Tensor, aim_B3SS: Tensor) -> Tensor:
    """The mean absolute differences of colours and of steps between neighbours, and what lacks of equal structure."""
    steps = [(drawn_B3SS.diff(dim=axis) - aim_B3SS.diff(dim=axis)).abs().mean() for axis in (2, 3)]
    lacking = (1 - ssim(drawn_B3SS, aim_B3SS).mean()) / 2
    return (drawn_B3SS - aim_B3SS).abs().mean() + torch.stack(steps).sum() + lacking


def ssim(a_BCSS: Tensor, b_BCSS: Tensor) -> Tensor:
    """Structural similarity of every whole window of 7 x 7 pixels (Wang et al. 2004, equation 13), in [-1, 1]."""

    def window(values: Tensor) -> Tensor:
        return _summed(_summed(values, 2), 3) / _WINDOW**2

    mean_a, mean_b = window(a_BCSS), window(b_BCSS)
    variances = window(a_BCSS**2) - mean_a**2 + window(b_BCSS**2) - mean_b**2
    covariance = window(a_BCSS * b_BCSS) - mean_a * mean_b
    likeness = (2 * mean_a * mean_b + _C1) * (2 * covariance + _C2)
    return likeness / ((mean_a**2 + mean_b**2 + _C1) * (variances + _C2))


def _summed(values: Tensor, axis: int) -> Tensor:
    """The sums of every seven neighbours along an axis: of three pairs and one.

    Four sums of whole pictures, forth and back: on a CPU a fifth of what average pooling takes, and no less exact.
    """
    count = values.shape[axis] - _WINDOW + 1
    pairs = values.narrow(axis, 0, count + 4) + values.narrow(axis, 1, count + 4)
    return sum((pairs.narrow(axis, at, count) for at in (0, 2, 4)), values.narrow(axis, 6, count))
