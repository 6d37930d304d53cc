"""The network of the "original" face swap: one encoder for everybody, one decoder for each subject.

Everything the two faces share (pose, expression, light) has to pass the encoder; what a decoder adds is its subject.
Shown the driver's face, the source's decoder draws the source in the driver's pose.
From the description of the 2018 model: convolutions 5x5 of stride 2 with 128, 256, 512 and 1024 filters, a dense layer
of 1024 and one of 4x4x1024, then blocks of a 3x3 convolution and a pixel shuffle up to the size that came in. The
variants are those that users of deepfakes/faceswap know: see `Variant`.

Legend of shapes: B batch, C channels, H height, W width, S side of the crops that go in, O of those that come out;
crops are RGB in [0, 1].
"""

import itertools
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.methods._faces.pair import sided

FILTERS = (128, 256, 512, 1024)
SLOPE, SHARP_SLOPE = 0.1, 0.2
SHRINK = 2 ** len(FILTERS)

Variant = Literal["original", "lowmem", "dfaker"]
"""original: as published. lowmem: without the convolution of 1024 filters, and 512 numbers in the bottleneck. dfaker:
the decoder draws at twice the size that goes in, with a residual block after each doubling but the last."""


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """What tells one network from another. width: share of the published filters. size: side of a crop in pixels,
    a multiple of 16 (published: 64). mask: whether each decoder draws a mask as a fourth channel."""

    width: float
    size: int
    mask: bool
    variant: Variant = "original"

    def plain(self) -> dict[str, Any]:
        """The description in a weights file. The published network's is silent on variants: it is older than they."""
        described = {"network": "original", "width": self.width, "size": self.size, "mask": self.mask}
        return described if self.variant == "original" else {**described, "variant": self.variant}

    @property
    def drawn(self) -> int:
        """Side of the crops that are drawn, in pixels."""
        return 2 * self.size if self.variant == "dfaker" else self.size

    def filters(self, published: float) -> int:
        """The filters of a layer at this width, in whole multiples of 8 (bf16 kernels want them)."""
        return max(8, round(published * self.width / 8) * 8)


class Up(nn.Module):
    """Twice the side: a 3x3 convolution to 4 n channels, LeakyReLU, and the pixel shuffle that spreads them."""

    def __init__(self, before: int, after: int, slope: float = SLOPE) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(before, 4 * after, 3, padding=1)
        self.slope = slope

    def forward(self, x_BCHW: Tensor) -> Tensor:
        # The activation works in place on what only the convolution's backward pass would not need.
        return functional.pixel_shuffle(functional.leaky_relu(self.convolution(x_BCHW), self.slope, inplace=True), 2)


class Residual(nn.Module):
    """Two 3x3 convolutions that add to what comes in; they begin near nothing (N(0, .02), as dfaker's)."""

    def __init__(self, filters: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(filters, filters, 3, padding=1) for _ in range(2))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        inner = functional.leaky_relu(self.first(x_BCHW), SHARP_SLOPE, inplace=True)
        return functional.leaky_relu(x_BCHW + self.second(inner), SHARP_SLOPE)


class Encoder(nn.Module):
    """Crops (B, 3, S, S) to codes (B, 512 w, S / 8, S / 8), through a bottleneck of 1024 w numbers (lowmem: 512 w)."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        seen = FILTERS[:-1] if architecture.variant == "lowmem" else FILTERS
        filters = [3, *map(architecture.filters, seen)]
        self.side, self.deep = architecture.size // SHRINK, architecture.filters(FILTERS[-1])
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 5, stride=2, padding=2) for before, after in itertools.pairwise(filters)
        )
        flat = filters[-1] * (architecture.size // 2 ** len(seen)) ** 2
        self.narrow = nn.Linear(flat, filters[-1])
        self.wide = nn.Linear(filters[-1], self.deep * self.side**2)
        self.up = Up(self.deep, architecture.filters(FILTERS[-2]))

    def forward(self, crops_BCHW: Tensor) -> Tensor:
        x = crops_BCHW
        for convolution in self.convolutions:
            x = functional.leaky_relu(convolution(x), SLOPE, inplace=True)
        x = self.wide(self.narrow(x.flatten(1))).view(-1, self.deep, self.side, self.side)
        codes_BCHW: Tensor = self.up(x.contiguous(memory_format=torch.channels_last))
        return codes_BCHW


class Branch(nn.Sequential):
    """Codes to a picture of `channels`, before the sigmoid: three doublings (dfaker: four) and a 5x5 convolution.

    share: of the filters between the two. residual: whether a residual block follows each doubling but the last.
    """

    def __init__(
        self, architecture: Architecture, channels: int, *, share: float = 1.0, residual: bool = False
    ) -> None:
        published = (512, 256, 128, 64) if architecture.variant == "dfaker" else (256, 128, 64)
        sides = [architecture.filters(512), *(architecture.filters(number * share) for number in published)]
        *doublings, last = itertools.pairwise(sides)
        layers: list[nn.Module] = []
        for before, after in doublings:
            layers += [Up(before, after, SHARP_SLOPE), Residual(after)] if residual else [Up(before, after)]
        super().__init__(*layers, Up(*last), nn.Conv2d(sides[-1], channels, 5, padding=2))


class Decoder(nn.Module):
    """Codes to crops (B, 3, O, O), or (B, 4, O, O) with a mask from a branch of its own; in [0, 1], float32."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.picture = Branch(architecture, 3, residual=architecture.variant == "dfaker")
        # An outline is far less than a picture: a quarter of the published branch's filters, a tenth of its cost.
        self.mask = Branch(architecture, 1, share=0.25) if architecture.mask else None

    def forward(self, codes_BCHW: Tensor) -> Tensor:
        logits = self.picture(codes_BCHW)
        if self.mask is not None:
            logits = torch.cat([logits, self.mask(codes_BCHW)], dim=1)
        return torch.sigmoid(logits.float())


class Original(nn.Module):
    """The shared encoder and the two decoders; side 0 and side 1 are the two subjects of a training, in its order."""

    subjects: tuple[str, ...]
    anchors: Tensor

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        sided(self)
        self.encoder = Encoder(architecture)
        self.decoders = nn.ModuleList([Decoder(architecture), Decoder(architecture)])
        begin(self)

    def forward(self, crops_BCHW: Tensor, side: int) -> Tensor:
        """The faces of `crops` as subject `side` (B, 3 or 4, O, O)."""
        swapped_BCHW: Tensor = self.decoders[side](self.encoder(crops_BCHW))
        return swapped_BCHW


def begin(network: nn.Module) -> None:
    """Draws the weights that a network begins with."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_uniform_(module.weight)  # He et al. 2015
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    for module in network.modules():
        if isinstance(module, Residual):
            nn.init.normal_(module.first.weight, std=0.02)
            nn.init.normal_(module.second.weight, std=0.02)
