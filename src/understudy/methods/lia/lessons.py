"""What LIA learns from a step: one frame of a clip moved to another, and how far what is drawn lies from it.

Legend of shapes: B batch, S side of a picture; pictures are RGB, in [0, 1] outside of the network, in [-1, 1] within.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from understudy.methods._animation.perceptual import Features, Perception
from understudy.methods._animation.samples import Pair
from understudy.methods.lia.network import LIA


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Weights of the losses; 0 leaves a loss out. Published: 1, 10, 1.

    l1: mean absolute difference, of pictures in [-1, 1]. perceptual: what pictures look like at several scales, through
    `features`. gan: whether the critic takes drawn for filmed (not saturating); without it no critic is learned.
    """

    l1: float
    perceptual: float
    features: Features
    gan: float

    def __post_init__(self) -> None:
        if min(self.l1, self.perceptual, self.gan) < 0:
            raise ValueError("l1, perceptual and gan must be 0 or more")
        if not self.l1 + self.perceptual > 0:
            raise ValueError("one of l1 and perceptual must be above 0: nothing else says what to draw")


def step(network: LIA, pair: Pair, settings: Loss, perception: Perception) -> dict[str, Tensor]:
    """One step's losses: "loss", which the generator is minimised for, its parts by name, and, where there is a critic,
    "critic", which that is minimised for."""
    source, driving = (side.mul(2).sub(1) for side in pair)
    drawn = network(source, driving)
    losses: dict[str, Tensor] = {}
    if settings.l1:
        losses["l1"] = settings.l1 * (drawn - driving).abs().mean()
    if settings.perceptual:
        losses["perceptual"] = settings.perceptual * perception(seen(drawn), pair.driving)
    theirs: dict[str, Tensor] = {}
    if network.critic is not None:
        lies, truths = network.critic(drawn), network.critic(driving)  # apart: it looks at how much a batch differs
        losses["gan"] = settings.gan * functional.softplus(-lies).mean()
        theirs["critic"] = functional.softplus(-truths).mean() + functional.softplus(lies).mean()
    return {"loss": torch.stack(list(losses.values())).sum(), **losses, **theirs}


def seen(drawn_B3SS: Tensor) -> Tensor:
    """Drawn pictures in [0, 1], what lies beyond cut off."""
    return drawn_B3SS.clamp(-1, 1).add(1).div(2)
