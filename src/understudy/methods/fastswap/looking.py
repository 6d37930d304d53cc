"""What the losses look through: VGG-19, or the features and the lights that were pretrained on the cast."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from torch import nn

from understudy import files
from understudy.errors import ConfigError
from understudy.learning import halved
from understudy.methods._opening import opened
from understudy.methods.fastswap.features import FeatureNetwork, vgg19
from understudy.methods.fastswap.light import Light
from understudy.methods.fastswap.pretraining import NAME, Learned, Lessons

if TYPE_CHECKING:
    from understudy.learning import Run
    from understudy.methods.fastswap.config import Config

N = TypeVar("N", bound=nn.Module)


@dataclass(frozen=True)
class Looking:
    """The feature network, for computing alone, and the sha256 of its weights.

    light: what tells lights apart, None where it is learned beside the swap.
    """

    features: FeatureNetwork
    light: Light | None
    digest: str


def looking(config: "Config", run: "Run") -> Looking:
    """Opens the weights that the settings name, or the pretrained ones, before any long work.

    Raises ConfigError when there are none or another file than was named, CheckpointError when they are no such
    network's.
    """
    if config.features.path is not None:
        network, digest = vgg19(config.features.path, config.features.sha256)
        return Looking(_still(network, config, run), None, digest)
    if run.pretrained is None:
        raise ConfigError(
            "method 'fastswap'",
            "looks at faces through a feature network, and has neither VGG-19's file nor pretrained weights",
            "Name VGG-19's file at features.path, or let the study pretrain it on actors that are in no pair.",
        )
    learned = opened(run.pretrained, NAME, lambda described: Learned(Lessons(**described)), run.device)
    wanted = Lessons(width=config.features.width, size=config.size, people=learned.architecture.people)
    if learned.architecture != wanted:
        fact = f"holds {learned.architecture}, and the settings ask for {wanted}"
        raise ConfigError(run.pretrained, fact, "Pretrain with these settings.")
    return Looking(_still(learned.features, config, run), _frozen(learned.light), files.sha256(run.pretrained))


def _still(network: FeatureNetwork, config: "Config", run: "Run") -> FeatureNetwork:
    """The network on its device, in the precision that it computes in, and never learning."""
    return _frozen(halved(network.to(run.device), config.learning.precision, run.device))


def _frozen(network: N) -> N:
    return network.eval().requires_grad_(False)
