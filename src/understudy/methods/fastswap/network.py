"""The networks of Fast Face-swap (Korshunova et al. 2016, arXiv 1611.09577, section 2.1): one for each direction.

A network sees the driver's crop at several scales at once. The coarsest branch is followed by zero-padded 3x3
convolutions with ReLU, doubled by its nearest neighbours, put beside the next finer branch, and so on up to the full
size, where a 1x1 convolution draws the picture: about one million parameters for crops of 128 pixels.

Legend of shapes: B batch, C channels, S side of a crop; crops are RGB in [0, 1].
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.methods._faces.pair import sided
from understudy.methods.fastswap.light import Light

BRANCH, DEPTH = 32, 2  # published filters that a scale adds; convolutions of a scale, before and after it is joined
COARSEST = 8  # side of the smallest picture that a branch sees, in pixels

FeaturesOf = Literal["vgg19", "cast"]


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """What tells one network from another. width: share of the published filters. size: side of a crop in pixels, a
    power of two.

    features: what the losses looked with, VGG-19's network or the one that was pretrained on the cast; digest: the
    sha256 of its weights, in which networks are not told apart.
    """

    width: float
    size: int
    features: FeaturesOf
    digest: str = field(default="", compare=False)

    def plain(self) -> dict[str, Any]:
        """The description in a weights file."""
        return {"network": "fastswap", **asdict(self)}

    @property
    def filters(self) -> int:
        """The filters that a scale adds at this width, in whole multiples of 8 (bf16 kernels want them)."""
        return max(8, round(BRANCH * self.width / 8) * 8)

    @property
    def scales(self) -> int:
        """How many sizes of a crop the network sees."""
        return (self.size // COARSEST).bit_length()


class Block(nn.Sequential):
    """Zero-padded 3x3 convolutions, each with ReLU."""

    def __init__(self, before: int, after: int) -> None:
        layers: list[nn.Module] = []
        for number in range(DEPTH):
            layers += [nn.Conv2d(after if number else before, after, 3, padding=1), nn.ReLU(inplace=True)]
        super().__init__(*layers)


class Transformation(nn.Module):
    """Crops (B, 3, S, S) of anybody to crops of one subject, in [0, 1], float32."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        each, scales = architecture.filters, architecture.scales
        self.branches = nn.ModuleList(Block(3, each) for _ in range(scales))  # from the coarsest to the finest
        self.joins = nn.ModuleList(Block(each * number, each * number) for number in range(2, scales + 1))
        self.picture = nn.Conv2d(each * scales, 3, 1)

    def forward(self, crops_BCSS: Tensor) -> Tensor:
        seen = [crops_BCSS]
        for _ in self.joins:
            seen.append(functional.avg_pool2d(seen[-1], 2))
        x: Tensor = self.branches[0](seen.pop())
        for branch, join in zip(list(self.branches)[1:], self.joins, strict=True):
            doubled = functional.interpolate(x, scale_factor=2.0, mode="nearest")
            x = join(torch.cat([doubled, branch(seen.pop())], dim=1))
        return torch.sigmoid(self.picture(x).float())


class FastSwap(nn.Module):
    """A network for each side: number 0 draws anybody as subject 0, number 1 as subject 1.

    light: what tells lights apart, where it is learned beside them; None where it came with the cast's features.
    """

    subjects: tuple[str, ...]
    anchors: Tensor

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        sided(self)
        self.transformations = nn.ModuleList([Transformation(architecture), Transformation(architecture)])
        for module in self.transformations.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")  # He et al. 2015
                nn.init.zeros_(module.bias) if module.bias is not None else None
        self.light = Light() if architecture.features == "vgg19" else None

    def forward(self, crops_BCSS: Tensor, side: int) -> Tensor:
        """The faces of `crops` as subject `side` (B, 3, S, S)."""
        swapped_BCSS: Tensor = self.transformations[side](crops_BCSS)
        return swapped_BCSS
