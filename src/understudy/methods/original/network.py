"""The network of the "original" face swap: one encoder for everybody, one decoder for each subject.

Everything the two faces share (pose, expression, light) has to pass the encoder; what a decoder adds is its subject.
Shown the driver's face, the source's decoder draws the source in the driver's pose.
From the description of the 2018 model: convolutions 5x5 of stride 2 with 128, 256, 512 and 1024 filters, a dense layer
of 1024 and one of 4x4x1024, then blocks of a 3x3 convolution and a pixel shuffle up to the size that came in.

Legend of shapes: B batch, C channels, H height, W width; crops are RGB in [0, 1].
"""

import itertools
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

FILTERS = (128, 256, 512, 1024)
SLOPE = 0.1
SHRINK = 2 ** len(FILTERS)


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """What tells one network from another. width: share of the published filters. size: side of a crop in pixels,
    a multiple of 16 (published: 64). mask: whether each decoder draws a mask as a fourth channel."""

    width: float
    size: int
    mask: bool

    def plain(self) -> dict[str, Any]:
        """The description in a weights file."""
        return {"network": "original", **asdict(self)}

    def filters(self, published: float) -> int:
        """The filters of a layer at this width, in whole multiples of 8 (bf16 kernels want them)."""
        return max(8, round(published * self.width / 8) * 8)


class Up(nn.Module):
    """Twice the side: a 3x3 convolution to 4 n channels, LeakyReLU, and the pixel shuffle that spreads them."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(before, 4 * after, 3, padding=1)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        # The activation works in place on what only the convolution's backward pass would not need.
        return functional.pixel_shuffle(functional.leaky_relu(self.convolution(x_BCHW), SLOPE, inplace=True), 2)


class Encoder(nn.Module):
    """Crops (B, 3, S, S) to codes (B, 512 w, S / 8, S / 8), through a bottleneck of 1024 w numbers."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        filters = [3, *map(architecture.filters, FILTERS)]
        self.side, self.deep = architecture.size // SHRINK, filters[-1]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 5, stride=2, padding=2) for before, after in itertools.pairwise(filters)
        )
        flat = self.deep * self.side**2
        self.narrow, self.wide = nn.Linear(flat, self.deep), nn.Linear(self.deep, flat)
        self.up = Up(self.deep, filters[-2])

    def forward(self, crops_BCHW: Tensor) -> Tensor:
        x = crops_BCHW
        for convolution in self.convolutions:
            x = functional.leaky_relu(convolution(x), SLOPE, inplace=True)
        x = self.wide(self.narrow(x.flatten(1))).view(-1, self.deep, self.side, self.side)
        codes_BCHW: Tensor = self.up(x.contiguous(memory_format=torch.channels_last))
        return codes_BCHW


class Branch(nn.Sequential):
    """Codes to a picture of `channels`, before the sigmoid: three doublings and a 5x5 convolution.

    share: of the filters between the two.
    """

    def __init__(self, architecture: Architecture, channels: int, share: float = 1.0) -> None:
        sides = [architecture.filters(512), *(architecture.filters(number * share) for number in (256, 128, 64))]
        doublings = [Up(before, after) for before, after in itertools.pairwise(sides)]
        super().__init__(*doublings, nn.Conv2d(sides[-1], channels, 5, padding=2))


class Decoder(nn.Module):
    """Codes to crops (B, 3, S, S), or (B, 4, S, S) with a mask from a branch of its own; in [0, 1], float32."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.picture = Branch(architecture, 3)
        # An outline is far less than a picture: a quarter of the published branch's filters, a tenth of its cost.
        self.mask = Branch(architecture, 1, share=0.25) if architecture.mask else None

    def forward(self, codes_BCHW: Tensor) -> Tensor:
        logits = self.picture(codes_BCHW)
        if self.mask is not None:
            logits = torch.cat([logits, self.mask(codes_BCHW)], dim=1)
        return torch.sigmoid(logits.float())


class Original(nn.Module):
    """The shared encoder and the two decoders; side 0 and side 1 are the two subjects of a training, in its order."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.subjects: tuple[str, ...] = ()
        # Where each subject's faces lie in the network's crops (23, within the mean face's square): see space.anchor.
        self.anchors: Tensor
        self.register_buffer("anchors", torch.eye(2, 3, dtype=torch.float64).repeat(2, 1, 1))
        self.encoder = Encoder(architecture)
        self.decoders = nn.ModuleList([Decoder(architecture), Decoder(architecture)])
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_uniform_(module.weight)  # He et al. 2015
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, crops_BCHW: Tensor, side: int) -> Tensor:
        """The faces of `crops` as subject `side` (B, 3 or 4, S, S)."""
        swapped_BCHW: Tensor = self.decoders[side](self.encoder(crops_BCHW))
        return swapped_BCHW
