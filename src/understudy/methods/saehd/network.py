"""The networks of DeepFaceLab's SAEHD trainer: DF and LIAE, with their options u, t, d, c. From their description; the
code is our own.

DF: encoder, one inter for everybody, a decoder for each subject. LIAE: encoder, two inters (AB, which sees both
subjects, and B, which sees side 1 alone), one decoder; side 0 is drawn from [AB, AB], side 1 from [B, AB]. Upstream
swaps one way, side 1's faces into side 0. Here a training serves both: side 0's faces are drawn as side 1 from
[B(x), AB(x)], though B never learned from them.

Sizes, by which the description can be checked. Parameters: encoder, inters and every decoder, masks included (df: two
decoders). FLOPs: two for each multiplication and addition, of one face through one decoder, masks included; of LIAE
with both inters, as side 1 is drawn. At 128 px df has 57.5 M parameters and takes 55.5 GFLOP a face, df-ud 54.5 M and
15.2, liae-ud 82.4 M and 18.2; at 256 px they have 95.3, 82.8 and 145.3 M.

Legend of shapes: B batch, C channels, H height, W width, F numbers in a row; crops are RGB in [0, 1].
"""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.methods._faces.pair import sided
from understudy.methods.saehd.architecture import Architecture
from understudy.methods.saehd.critics import CodeCritic, PictureCritic

SLOPE, RESIDUAL_SLOPE = 0.1, 0.2
_FAINT = 0.1  # of the last layers' first weights


class Activation(nn.Module):
    """LeakyReLU of a slope, in place; or x cos x."""

    def __init__(self, architecture: Architecture, slope: float = SLOPE) -> None:
        super().__init__()
        self.slope, self.cosine = slope, architecture.has("c")

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.cos(x) if self.cosine else functional.leaky_relu(x, self.slope, inplace=True)


class Down(nn.Sequential):
    """Half the side: a 5x5 convolution of stride 2."""

    def __init__(self, architecture: Architecture, before: int, after: int) -> None:
        super().__init__(nn.Conv2d(before, after, 5, stride=2, padding=2), Activation(architecture))


class Up(nn.Sequential):
    """Twice the side: a 3x3 convolution to four times the channels, spread over four places."""

    def __init__(self, architecture: Architecture, before: int, after: int) -> None:
        super().__init__(nn.Conv2d(before, 4 * after, 3, padding=1), Activation(architecture), nn.PixelShuffle(2))


class Residual(nn.Module):
    """Two 3x3 convolutions whose outcome is added to what came in."""

    def __init__(self, architecture: Architecture, channels: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))
        self.between, self.after = (Activation(architecture, RESIDUAL_SLOPE) for _ in range(2))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        changed_BCHW: Tensor = self.after(x_BCHW + self.second(self.between(self.first(x_BCHW))))
        return changed_BCHW


class Encoder(nn.Sequential):
    """Crops (B, 3, S, S) to flat codes (B, F), of unit power with the option u."""

    def __init__(self, architecture: Architecture) -> None:
        wide = [architecture.dims.e * factor for factor in (1, 2, 4, 8)]
        blocks: list[nn.Module] = [
            Down(architecture, before, after) for before, after in itertools.pairwise([3, *wide])
        ]
        if architecture.has("t"):
            blocks.insert(1, Residual(architecture, wide[0]))
            blocks += [Down(architecture, wide[-1], wide[-1]), Residual(architecture, wide[-1])]
        super().__init__(*blocks, nn.Flatten(), *([PixelNorm()] if architecture.has("u") else []))


class PixelNorm(nn.Module):
    """Rows (B, F) divided by their root mean square: Karras et al. 2018, section 4.2, without places."""

    def forward(self, x_BF: Tensor) -> Tensor:
        x_BF = x_BF.float()
        return x_BF * torch.rsqrt(x_BF.square().mean(dim=1, keepdim=True) + 1e-6)


class Inter(nn.Sequential):
    """Flat codes (B, F) through a bottleneck to codes (B, after, R, R)."""

    def __init__(self, architecture: Architecture, after: int) -> None:
        side, narrow = architecture.least, architecture.dims.ae
        dense = [nn.Linear(architecture.flat, narrow), nn.Linear(narrow, after * side**2)]
        unflat = nn.Unflatten(1, (after, side, side))
        super().__init__(*dense, unflat, *([] if architecture.has("t") else [Up(architecture, after, after)]))


class Decoder(nn.Module):
    """Codes to crops with their masks (B, 4, S, S), in [0, 1], float32."""

    def __init__(self, architecture: Architecture, before: int) -> None:
        super().__init__()
        rises = (8, 8, 4, 2) if architecture.has("t") else (8, 4, 2)
        self.spread = architecture.has("d")
        wide = [before, *(architecture.dims.d * rise for rise in rises)]
        blocks = [
            nn.Sequential(Up(architecture, one, two), Residual(architecture, two))
            for one, two in itertools.pairwise(wide)
        ]
        self.picture = nn.Sequential(*blocks)
        # With depth to space four heads draw the four pixels of each place, of which the first sees that place alone.
        self.heads = nn.ModuleList(
            nn.Conv2d(wide[-1], 3, kernel, padding=kernel // 2) for kernel in ((1, 3, 3, 3) if self.spread else (1,))
        )
        narrow = [before, *(architecture.dims.d_mask * rise for rise in (*rises, *([1] if self.spread else [])))]
        doublings = [Up(architecture, one, two) for one, two in itertools.pairwise(narrow)]
        self.mask = nn.Sequential(*doublings, nn.Conv2d(narrow[-1], 1, 1))

    def forward(self, codes_BCHW: Tensor) -> Tensor:
        features = self.picture(codes_BCHW)
        heads = [head(features) for head in self.heads]
        picture = spread(heads) if self.spread else heads[0]
        return torch.sigmoid(torch.cat([picture, self.mask(codes_BCHW)], dim=1).float())


def spread(parts_BCHW: list[Tensor]) -> Tensor:
    """Four pictures as one of twice their side: the upper left, upper right, lower left and lower right pixel of each
    2x2 square."""
    batch, channels, height, width = parts_BCHW[0].shape
    squares = torch.stack(parts_BCHW, dim=2).reshape(batch, channels * 4, height, width)
    return functional.pixel_shuffle(squares, 2)


class SAEHD(nn.Module):
    """Encoder, inters, decoders, and the critics that a training asks for; side 0 and side 1 are its two subjects."""

    subjects: tuple[str, ...]
    anchors: Tensor

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        sided(self)
        self.encoder = Encoder(architecture)
        after = architecture.dims.ae * (2 if architecture.liae else 1)
        self.inters = nn.ModuleList(Inter(architecture, after) for _ in range(2 if architecture.liae else 1))
        before = after * (2 if architecture.liae else 1)
        self.decoders = nn.ModuleList(Decoder(architecture, before) for _ in range(1 if architecture.liae else 2))
        self.picture_critics = nn.ModuleList(
            PictureCritic(architecture.gan_patch, architecture.gan_base)
            for _ in range(2 if architecture.gan_patch else 0)
        )
        self.code_critics = nn.ModuleList(
            CodeCritic(after, architecture.coded, architecture.dims.ae) for _ in range(int(architecture.true_face))
        )
        self.apply(_begin)

    def parts(self) -> dict[str, list[nn.Parameter]] | None:
        """The losses that parts of the network are minimised for; None where all of it is for one."""
        critics = [*self.picture_critics.parameters(), *self.code_critics.parameters()]
        theirs = {id(parameter) for parameter in critics}
        own = [parameter for parameter in self.parameters() if id(parameter) not in theirs]
        return {"loss": own, "critic": critics} if critics else None

    def encoded(self, crops_B3SS: Tensor) -> Tensor:
        """What the encoder makes of crops: flat codes (B, F).

        It sees them about grey: what all crops have in common would otherwise drown what tells them apart, and the
        decoders learn for long to draw a mean face alone.
        """
        flat_BF: Tensor = self.encoder(2 * crops_B3SS - 1)
        return flat_BF

    def shared(self, flat_BF: Tensor) -> Tensor:
        """The code of the inter that sees both subjects (LIAE: AB), (B, C, R, R)."""
        code_BCRR: Tensor = self.inters[0](flat_BF)
        return code_BCRR

    def code(self, flat_BF: Tensor, shared_BCRR: Tensor, side: int) -> Tensor:
        """The code that subject `side` is drawn from. shared: of the same faces."""
        if not self.architecture.liae:
            return shared_BCRR
        return torch.cat([self.inters[1](flat_BF) if side else shared_BCRR, shared_BCRR], dim=1)

    def drawn(self, code_BCRR: Tensor, side: int) -> Tensor:
        """Codes as pictures of subject `side`, with their masks (B, 4, S, S)."""
        decoder = self.decoders[0 if self.architecture.liae else side]
        picture_B4SS: Tensor = decoder(code_BCRR.contiguous(memory_format=torch.channels_last))
        return picture_B4SS

    def both(self, codes: Sequence[Tensor]) -> list[Tensor]:
        """The codes of side 0 and of side 1 as pictures of their own subjects; LIAE draws them in one go."""
        if not self.architecture.liae:
            return [self.drawn(code_BCRR, side) for side, code_BCRR in enumerate(codes)]
        return list(self.drawn(torch.cat(list(codes)), 0).chunk(len(codes)))

    def forward(self, crops_B3SS: Tensor, side: int) -> Tensor:
        """The faces of `crops` as subject `side`, with their masks (B, 4, S, S)."""
        flat_BF = self.encoded(crops_B3SS)
        return self.drawn(self.code(flat_BF, self.shared(flat_BF), side), side)


def _begin(module: nn.Module) -> None:
    """Weights as He et al. 2015 have them, nothing in the biases; residual blocks begin as nothing, and pictures as
    almost grey. Grown by every block instead, a decoder's first pictures would be saturated, and slow to learn from."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.kaiming_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    if isinstance(module, Residual):  # after what it holds: apply goes from the leaves up
        nn.init.zeros_(module.second.weight)
    if isinstance(module, Decoder):
        with torch.no_grad():
            for head in (*module.heads, module.mask[-1]):
                head.weight.mul_(_FAINT)
