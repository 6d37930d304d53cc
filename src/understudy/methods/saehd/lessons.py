"""What a step of SAEHD learns from, and its losses.

Legend of shapes: B batch, S side of the network's crops, R side of a code; crops are RGB in [0, 1].
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from understudy.learning import Draws
from understudy.methods._faces import warps as shared_warps
from understudy.methods._faces.pair import shown
from understudy.methods._faces.pool import Pool
from understudy.methods._faces.samples import Batch, Faces, Pairs
from understudy.methods.saehd.config import Config
from understudy.methods.saehd.critics import taken_for
from understudy.methods.saehd.losses import Loss, backdrop, reconstruction, softened, style
from understudy.methods.saehd.network import SAEHD
from understudy.methods.saehd.recolour import recoloured
from understudy.methods.saehd.warps import plan

# Everything but the plan's geometry is left as it is in the shared sampler.
_STILL = shared_warps.Augmentation(
    rotation=0, zoom=0, shift=0, flip=0, warp=0, follow=False, lightness=0, tint=0, clahe=0, shade=0
)


_COLOURS = 1  # the stream of the draws of colours, beside that of the faces


class _Parts(NamedTuple):
    """Weights from which the mask of eyes and mouth can be told: 2 there, at most 1 elsewhere."""

    outside: float = 0.0
    eyes: float = 2.0
    mouth: float = 2.0


class Lesson(NamedTuple):
    """Both sides' faces, and whether their inputs are warped."""

    sides: Batch
    warped: bool


class Lessons:
    """The lesson of any step, a function of the seed and the step alone. images: pictures in one."""

    def __init__(self, pools: Sequence[Pool], config: Config, seed: int) -> None:
        self.config = config
        how, batch = config.augmentation, config.learning.batch
        self.pairs = {
            warped: Pairs(
                pools,
                batch,
                config.size,
                _STILL,
                _Parts(),
                seed=seed,
                apart=False,
                planned=partial(plan, size=config.size, how=how, warped=warped),
            )
            for warped in (False, True)
        }
        self.images = self.pairs[True].images
        self.draws = Draws(seed, _COLOURS)

    def at(self, step: int) -> Lesson:
        """The lesson of a step."""
        warped = self.config.augmentation.warps(step, self.config.learning.steps)
        sides, share = self.pairs[warped].at(step), self.config.augmentation.recolour
        return Lesson(recoloured(sides, self.draws.at(step), share) if share else sides, warped)


def step(network: SAEHD, lesson: Lesson, config: Config) -> dict[str, Tensor]:
    """One step's losses: "loss", which the networks are minimised for, its parts by name and side, and, where there
    are critics, "critic", which those are minimised for.

    Of LIAE without a warp, the inter that sees both subjects is frozen.
    """
    if network.architecture.liae:
        network.inters[0].requires_grad_(lesson.warped)
    faces, settings = [each for _, each in lesson.sides], config.loss
    looks = [shown(each, config) for each in faces]
    inputs, aims = [each for each, _ in looks], [each for _, each in looks]
    flat = network.encoded(torch.cat(inputs).contiguous(memory_format=torch.channels_last))
    shared = network.shared(flat)
    halves = list(zip(flat.chunk(2), shared.chunk(2), strict=True))
    drawn = network.both([network.code(*half, side) for side, half in enumerate(halves)])
    found: dict[str, Tensor] = {}
    for side, (picture, aim, face) in enumerate(zip(drawn, aims, faces, strict=True)):
        parts = reconstruction(picture, aim, face.inside, (face.weights - 1).clamp(min=0), settings)
        found |= {f"{name}_{side}": value for name, value in parts.items()}
    if settings.styled:
        swaps = [network.drawn(network.code(*half, 1 - side), 1 - side) for side, half in enumerate(halves)]
        for side, (swap, aim, face) in enumerate(zip(swaps, aims, faces, strict=True)):
            found |= {f"{name}_{side}": value for name, value in style(swap[:, :3], aim, face.inside, settings).items()}
    critic = _judged(network, drawn, aims, faces, settings, found)
    critic += _told_apart(network, shared.chunk(2), settings, found)
    losses = {"loss": torch.stack(list(found.values())).sum(), **found}
    return {**losses, "critic": torch.stack(critic).sum()} if critic else losses


def _judged(
    network: SAEHD,
    drawn: Sequence[Tensor],
    aims: Sequence[Tensor],
    faces: Sequence[Faces],
    settings: Loss,
    found: dict[str, Tensor],
) -> list[Tensor]:
    """Adds to `found` how well the picture critics see through what is drawn; their own losses."""
    theirs = []
    for side, critic in enumerate(network.picture_critics):
        inside = faces[side].inside
        mask = softened(inside) if settings.masked else torch.ones_like(inside)
        picture, true = drawn[side][:, :3] * mask, aims[side] * mask
        found[f"gan_{side}"] = settings.gan * taken_for(critic(picture), real=True)
        if settings.masked:
            found[f"backdrop_{side}"] = backdrop(drawn[side][:, :3], aims[side], inside)
        judgements = taken_for(critic(true), real=True), taken_for(critic(picture.detach()), real=False)
        theirs.append((judgements[0] + judgements[1]) / 2)
    return theirs


def _told_apart(network: SAEHD, halves: Sequence[Tensor], settings: Loss, found: dict[str, Tensor]) -> list[Tensor]:
    """Adds to `found` how well the code critic tells the subjects apart; its own loss."""
    theirs = []
    for critic in network.code_critics:
        lies = [taken_for(critic(half), real=side == 0) for side, half in enumerate(halves)]
        found["true_face"] = settings.true_face * (lies[0] + lies[1]) / 2
        truths = [taken_for(critic(half.detach()), real=side == 1) for side, half in enumerate(halves)]
        theirs.append((truths[0] + truths[1]) / 2)
    return theirs
