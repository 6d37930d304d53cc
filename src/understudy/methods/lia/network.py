"""LIA's generator (Wang et al. 2022, "Latent image animator"), with the names and shapes of its published weights.

The encoder looks at a picture and tells its latent and its motion: how far it goes along each of a few directions,
which are learned and at right angles. The source's latent is moved along them, and drawn from (`synthesis`).

Legend of shapes: B batch, C channels, S side of a map, M directions, D length of a latent; pictures are RGB in [-1, 1].
"""

import itertools
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.methods.lia.architecture import COARSEST, Architecture
from understudy.methods.lia.critic import Critic, Residual
from understudy.methods.lia.layers import Convolution, Convolved, Folded, Kept, Linear, whole
from understudy.methods.lia.synthesis import Synthesis

HIDDEN = 4  # layers between a latent and the one that tells its motion


class Appearance(nn.Module):
    """Pictures to latents, and to the features of every side."""

    def __init__(self, shape: Architecture) -> None:
        super().__init__()
        sides = [COARSEST, *shape.sides][::-1]
        wide = [shape.channels(side) for side in sides]
        self.convs = nn.ModuleList(
            [
                Convolved(3, wide[0], 1),
                *(Residual(before, after) for before, after in itertools.pairwise(wide)),
                Convolution(wide[-1], shape.style_dim, COARSEST),
            ]
        )

    def forward(self, pictures_B3SS: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The latents BD, and the features BCSS of the sides 8 ... size, coarse first."""
        x, found = pictures_B3SS, []
        for layer in self.convs:
            x = layer(x)
            found.append(x)
        return x.flatten(1), found[-3::-1]


class Motion(nn.Sequential, Kept):
    """Latents BD to motions BM: linear layers with nothing between them, which fold into one."""

    def __init__(self, latent: int, directions: int) -> None:
        super().__init__(*(Linear(latent, latent) for _ in range(HIDDEN)), Linear(latent, directions))

    def fold(self) -> Folded:
        last, *earlier = reversed([cast(Linear, layer) for layer in self])
        weight_MD, bias_M = last.fold()
        for layer in earlier:
            before_DD, before_D = layer.fold()
            bias_M = bias_M + weight_MD @ before_D
            weight_MD = weight_MD @ before_DD
        return weight_MD, bias_M

    def forward(self, latent_BD: Tensor) -> Tensor:
        if self.kept is None:  # while it learns, a few vectors cost less than the product of the layers
            for layer in self:
                latent_BD = layer(latent_BD)
            return latent_BD
        return functional.linear(latent_BD, *self.kept)


class Encoder(nn.Module):
    """What is seen in pictures."""

    def __init__(self, shape: Architecture) -> None:
        super().__init__()
        self.net_app = Appearance(shape)
        self.fc = Motion(shape.style_dim, shape.motion_dim)

    def forward(self, pictures_B3SS: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Latents BD and motions BM, float32, and features."""
        latent, features = self.net_app(pictures_B3SS)
        with whole(latent):
            latent = latent.float()
            return latent, self.fc(latent), features


class LIA(nn.Module):
    """The generator: a source's picture and a driver's to the source in the driver's motion; in training its critic."""

    def __init__(self, shape: Architecture) -> None:
        super().__init__()
        self.architecture = shape
        self.subjects: tuple[str, ...] = ()
        self.enc = Encoder(shape)
        self.dec = Synthesis(shape)
        self.critic = Critic(shape) if shape.critic else None

    def forward(self, source_B3SS: Tensor, driver_B3SS: Tensor, start_BM: Tensor | None = None) -> Tensor:
        """Pictures B3SS, float32, in [-1, 1] or a little beyond.

        start: the motion of the frame with which the driver's clip begins; the source then moves by how far the driver
        went from there. None lets the source take the driver's motion as it is.
        """
        count = len(source_B3SS)
        latent, motion_BM, features = self.enc(torch.cat([source_B3SS, driver_B3SS]))
        moved = self.moved(latent[:count], motion_BM[:count], motion_BM[count:], start_BM)
        return torch.as_tensor(self.dec(moved, self.dec.ready([feature[:count] for feature in features])))

    def moved(self, latent_BD: Tensor, own_BM: Tensor, motion_BM: Tensor, start_BM: Tensor | None) -> Tensor:
        """The latents BD of the source in a driver's motion. own: the source's motion."""
        if start_BM is not None:
            motion_BM = motion_BM - start_BM + own_BM
        return torch.as_tensor(latent_BD + self.dec.direction(motion_BM))

    def parts(self) -> dict[str, list[nn.Parameter]]:
        """What each loss of a training is minimised over."""
        own = {"loss": [*self.enc.parameters(), *self.dec.parameters()]}
        return own | {"critic": list(self.critic.parameters())} if self.critic is not None else own
