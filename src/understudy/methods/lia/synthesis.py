"""How LIA draws: from a latent it draws a flow at every resolution, moves the source's features by it, and draws what
those do not show.

Legend of shapes: B batch, C channels, S side of a map, T half of it, M directions, D length of a latent; pictures are
RGB in [-1, 1].
"""

import itertools
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from understudy.methods.lia.architecture import COARSEST, Architecture
from understudy.methods.lia.layers import Activation, Convolved, Folded, Kept, Mixture, Modulated, whole
from understudy.methods.lia.lookup import looked_up
from understudy.methods.lia.lowpass import Upsample

TRUST = 3.0  # in the source to begin with, where nothing moves: 95 %, as its sigmoid has it


class Directions(Kept):
    """The directions of motion, MD, at right angles: the first factor of the QR decomposition of what is learned.

    LAPACK's choice of signs is part of the published weights.
    """

    def __init__(self, latent: int, directions: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(latent, directions))

    def fold(self) -> Folded:
        with whole(self.weight):
            return (torch.linalg.qr(self.weight.float() + 1e-8)[0].t(),)

    def forward(self, motion_BM: Tensor) -> Tensor:
        """How far latents are moved, BD."""
        return motion_BM @ self.folded()[0]


class Constant(nn.Module):
    """What drawing begins with."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.input = nn.Parameter(torch.randn(1, channels, COARSEST, COARSEST))


class Noise(nn.Module):
    """A weight that the published files hold; no noise is ever added."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1), requires_grad=False)


class Styled(nn.Module):
    """A modulated convolution, its bias and its activation."""

    def __init__(self, before: int, after: int, latent: int, *, up: bool = False) -> None:
        super().__init__()
        self.conv = Modulated(before, after, latent, up=up)
        self.noise = Noise()
        self.activate = Activation(after)

    def forward(self, x_BCSS: Tensor, latent_BD: Tensor) -> Tensor:
        (bias,) = self.activate.folded()
        return torch.as_tensor(self.activate(self.conv(x_BCSS, latent_BD, bias)))


class ToFlow(nn.Module):
    """What is drawn to where the source's features are looked up (x and y, the picture's edges at -1 and 1) and how
    much they are trusted."""

    def __init__(self, channels: int, latent: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))
        self.upsample = Upsample()
        self.conv = Mixture(channels, 3, latent)  # exact: a bfloat16 near 1 is a quarter of a pixel coarse

    def forward(self, x_BCSS: Tensor, latent_BD: Tensor, before_B3TT: Tensor | None) -> Tensor:
        """Shifts and trust before they are bounded, B3SS, float32. before: those of half the side."""
        with whole(x_BCSS):
            x: Tensor = self.conv(x_BCSS, latent_BD) + self.bias
            return x if before_B3TT is None else x + self.upsample(before_B3TT)


class ToRGB(nn.Module):
    """Warped features to what they add to the picture, in float32.

    It begins with a mixture of channels, which may be made before features are warped as well as after.
    """

    def __init__(self, channels: int, *, first: bool = False) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))
        self.conv = Convolved(channels, 3, 1)
        for layer in self.conv:
            cast(Kept, layer).exact = True
        if not first:
            self.upsample = Upsample()

    def mixed(self, feature_BCSS: Tensor) -> Tensor:
        """Features as three channels, B3SS."""
        with whole(feature_BCSS):
            return torch.as_tensor(self.conv[0](feature_BCSS.float()))

    def forward(self, mixed_B3SS: Tensor, before_B3TT: Tensor | None) -> Tensor:
        """The picture so far, B3SS. before: that of half the side."""
        with whole(mixed_B3SS):
            activation = cast(Activation, self.conv[1])
            (bias,) = activation.folded()
            x: Tensor = activation(mixed_B3SS + bias) + self.bias
            return x if before_B3TT is None else x + self.upsample(before_B3TT)


class Synthesis(nn.Module):
    """Latents and the source's features to pictures."""

    def __init__(self, shape: Architecture) -> None:
        super().__init__()
        latent, sides = shape.style_dim, shape.sides
        wide = [shape.channels(side) for side in (COARSEST, *sides)]
        self.direction = Directions(latent, shape.motion_dim)
        self.input = Constant(wide[0])
        self.conv1 = Styled(wide[0], wide[0], latent)
        self.to_rgb1 = ToRGB(wide[0], first=True).requires_grad_(False)  # not used: the published files hold it
        self.convs, self.to_rgbs, self.to_flows = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for before, after in itertools.pairwise(wide):
            self.convs.extend([Styled(before, after, latent, up=True), Styled(after, after, latent)])
            self.to_rgbs.append(ToRGB(after))
            self.to_flows.append(ToFlow(after, latent))
        for side in sides:
            self.register_buffer(f"grid_{side}", places(side), persistent=False)

    def still(self) -> None:
        """Lets no flow move anything, and each trust most of the source: the picture that a training may begin with."""
        with torch.no_grad():
            for each in self.to_flows:
                cast(ToFlow, each).conv.weight.zero_()
            cast(ToFlow, self.to_flows[0]).bias[:, 2] = TRUST  # what is finer adds to it

    def ready(self, features: Sequence[Tensor]) -> list[Tensor]:
        """A source's features as they are drawn with: the finest, of which only colours are made, as three channels."""
        return [*(feature.float() for feature in features[:-1]), cast(ToRGB, self.to_rgbs[-1]).mixed(features[-1])]

    def forward(self, latent_BD: Tensor, ready: Sequence[Tensor]) -> Tensor:
        """Pictures B3SS, float32, not bounded. ready: of one source for all, or of as many as there are latents."""
        weight, _ = self.conv1.conv.folded()
        x = self.input.input.to(weight.dtype).expand(len(latent_BD), -1, -1, -1)
        x = self.conv1(x.contiguous(memory_format=torch.channels_last), latent_BD)
        flow: Tensor | None = None
        picture: Tensor | None = None
        for level, feature in enumerate(ready):
            x = self.convs[2 * level + 1](self.convs[2 * level](x, latent_BD), latent_BD)
            flow = self.to_flows[level](x, latent_BD, flow)
            seen, mask = self.warped(feature, flow)
            if level + 1 < len(ready):
                x, seen = filled(x, seen, mask), cast(ToRGB, self.to_rgbs[level]).mixed(seen)
            picture = self.to_rgbs[level](seen, picture)
        assert picture is not None
        return picture

    def warped(self, feature_BCSS: Tensor, flow_B3SS: Tensor) -> tuple[Tensor, Tensor]:
        """Features moved by a flow and weighed by their trust B1SS, float32; zeros beyond the edges."""
        with whole(flow_B3SS):
            place_BSS2 = flow_B3SS[:, :2].tanh().permute(0, 2, 3, 1) + self.get_buffer(f"grid_{flow_B3SS.shape[-1]}")
            mask = flow_B3SS[:, 2:].sigmoid()
            return looked_up(feature_BCSS.float(), place_BSS2, mask), mask


def filled(x_BCSS: Tensor, warped_BCSS: Tensor, mask_B1SS: Tensor) -> Tensor:
    """Warped features, and what is drawn where they are not trusted."""
    return torch.addcmul(warped_BCSS.to(x_BCSS.dtype), x_BCSS, (1 - mask_B1SS).to(x_BCSS.dtype))


def places(side: int) -> Tensor:
    """Where a map's pixels look when nothing moves, (1, S, S, 2): from -1 to 1, as the published weights learned."""
    line = torch.linspace(-1, 1, side)
    return torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1)[None]
