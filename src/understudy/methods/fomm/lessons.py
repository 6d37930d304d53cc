"""What a step of the First Order Motion Model learns from, and its losses.

Legend of shapes: B batch, S side of a picture; pictures are RGB in [0, 1].
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from understudy.learning import Draws
from understudy.methods._animation.perceptual import Features, Perception, smaller
from understudy.methods._animation.pool import Pool
from understudy.methods._animation.samples import Pair, Pairs, Variation
from understudy.methods.fomm import equivariance
from understudy.methods.fomm.critic import Judgement
from understudy.methods.fomm.equivariance import Bend, Bending
from understudy.methods.fomm.keypoints import KeyPoints
from understudy.methods.fomm.network import FOMM

_BENDS = 1  # the stream of the draws of bends, beside that of the pairs


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Weights of the losses; 0 leaves a loss out.

    perceptual: what pictures look like at several scales, through `features`. gan: whether the critic takes drawn for
    filmed (least squares); without it no critic is learned. matching: what the critic sees in both. equivariance_value,
    equivariance_jacobian: whether key points and jacobians follow when a picture is bent, as `bending` says.
    """

    perceptual: float
    features: Features
    gan: float
    matching: float
    equivariance_value: float
    equivariance_jacobian: float
    bending: Bending

    def __post_init__(self) -> None:
        for name in ("perceptual", "gan", "matching", "equivariance_value", "equivariance_jacobian"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be 0 or more")
        if not self.perceptual:
            raise ValueError("perceptual must be above 0: nothing else says what to draw")


class Lesson(NamedTuple):
    """Two frames of each clip, and how the driving ones are bent."""

    pair: Pair
    bend: Bend


class Lessons:
    """The lesson of any step, a function of the seed and the step alone. images: pictures that are drawn in one."""

    def __init__(self, pool: Pool, batch: int, how: Variation, bending: Bending, seed: int) -> None:
        self.pairs, self.bending, self.draws = Pairs(pool, batch, how, seed), bending, Draws(seed, _BENDS)
        self.images = self.pairs.images

    def at(self, step: int) -> Lesson:
        """The lesson of a step."""
        return Lesson(self.pairs.at(step), equivariance.drawn(self.draws.at(step), self.images, self.bending))


def step(network: FOMM, lesson: Lesson, settings: Loss, perception: Perception) -> dict[str, Tensor]:
    """One step's losses: "loss", which generator and key points are minimised for, its parts by name, and, where there
    is a critic, "critic", which that is minimised for.

    Source, driving and bent frames go through the key-point detector together: their norms are those of all three.
    """
    source, driving = lesson.pair
    bent = equivariance.pictures(driving, lesson.bend, network.architecture.align_corners)
    together = torch.cat([source, driving, bent]).contiguous(memory_format=torch.channels_last)
    found = network.kp_detector(together)
    own, aimed, shown = (found.part(slice(at, at + len(source))) for at in range(0, len(together), len(source)))
    drawn = network.generator(source, own, aimed)
    losses = {
        "perceptual": settings.perceptual * perception(drawn, driving),
        "equivariance_value": settings.equivariance_value * equivariance.values_apart(aimed, shown, lesson.bend),
        "equivariance_jacobian": settings.equivariance_jacobian
        * equivariance.jacobians_apart(aimed, shown, lesson.bend),
    }
    critic = _judged(network, drawn, driving, aimed.detached(), settings, losses) if network.discriminator else {}
    return {"loss": torch.stack(list(losses.values())).sum(), **losses, **critic}


def _judged(
    network: FOMM, drawn_B3SS: Tensor, driving_B3SS: Tensor, shown: KeyPoints, settings: Loss, losses: dict[str, Tensor]
) -> Mapping[str, Tensor]:
    """Adds to `losses` how well the critic sees through what is drawn; its own loss."""
    assert network.discriminator is not None
    assert network.architecture.critic is not None
    shrinks = network.architecture.critic.shrinks
    true, lies = (
        network.discriminator({times: smaller(picture.float(), times) for times in shrinks}, shown.value)
        for picture in (driving_B3SS, drawn_B3SS)
    )
    losses["gan"] = settings.gan * _total([(1 - lie.map.float()).square().mean() for lie in lies])
    losses["matching"] = settings.matching * _alike(true, lies)
    theirs = [
        (1 - truth.map.float()).square().mean() + lie.map.float().square().mean()
        for truth, lie in zip(true, lies, strict=True)
    ]
    return {"critic": _total(theirs)}


def _alike(true: Sequence[Judgement], lies: Sequence[Judgement]) -> Tensor:
    """How different the critic's features are, summed over sizes and blocks."""
    return _total(
        [
            (theirs.detach().float() - ours.float()).abs().mean()
            for truth, lie in zip(true, lies, strict=True)
            for theirs, ours in zip(truth.features, lie.features, strict=True)
        ]
    )


def _total(values: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(values)).sum()
