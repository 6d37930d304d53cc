"""What a training begins with besides chance: an encoder that knows faces, and a decoder that both sides begin from.

They are pretrained on many subjects who are in no pair: all through one encoder, and one decoder that draws everybody.
What such a decoder learns is what faces share; what is a subject's own is then soon learned. The start that is shipped
is START.md's; a study's own comes from its pretraining.

Legend of shapes: B batch, C channels, H height, W width; crops are RGB in [0, 1].
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import Tensor, nn

from understudy.errors import ConfigError
from understudy.learning import Run
from understudy.learning.weights import describe, fill, read_tensors, require_same
from understudy.methods.original.network import Architecture, Decoder, Encoder, Original, begin

if TYPE_CHECKING:
    from understudy.methods.original.config import Config

SHIPPED: Final = Path(__file__).with_name("start.safetensors")
NETWORK: Final = "original, for everybody"  # as a start's description calls it
LOOKS: Final = ("coverage", "anchor", "tone", "backdrop")


class Everybody(nn.Module):
    """The shared encoder and one decoder for all subjects: what is pretrained."""

    def __init__(self, architecture: Architecture, count: int) -> None:
        super().__init__()
        self.architecture, self.count = architecture, count
        self.subjects: tuple[str, ...] = ()
        self.anchors: Tensor
        self.register_buffer("anchors", torch.eye(2, 3, dtype=torch.float64).repeat(count, 1, 1), persistent=False)
        self.encoder, self.decoder = Encoder(architecture), Decoder(architecture)
        begin(self)

    @property
    def decoders(self) -> tuple[Decoder, ...]:
        """One a subject, as a pair's network has them: here all are the same."""
        return (self.decoder,) * self.count

    def forward(self, crops_BCHW: Tensor, side: int) -> Tensor:
        """The faces of `crops`, drawn again (B, 3 or 4, O, O); of which subject they are does not matter."""
        drawn_BCHW: Tensor = self.decoder(self.encoder(crops_BCHW))
        return drawn_BCHW


def described(config: "Config") -> dict[str, Any]:
    """What tells one start from another: the network's shape, and how faces are shown to it."""
    looks = {name: getattr(config, name) for name in LOOKS}
    return {**config.architecture.plain(), "network": NETWORK, **looks}


def require_shipped(config: "Config") -> None:
    """Raises ConfigError, naming what differs, unless the start that is shipped is one for these settings."""
    there, here = dict(describe(SHIPPED)["architecture"]), described(config)
    differing = [key for key in sorted({*there, *here}) if there.get(key) != here.get(key)]
    if differing:
        # A network's description is silent on the variant that is published.
        named = ", ".join(f"{key} {there.get(key, 'original')}, not {here.get(key, 'original')}" for key in differing)
        raise ConfigError(
            "start: shipped",
            f"what is shipped was pretrained with {named}",
            "Set these alike, or pretrain in the study (start: trained), or start from nothing.",
        )


def start(network: Original, config: "Config", run: Run) -> Run:
    """Fills the encoder, and both decoders alike, as the settings say; returns the run with what it began from.

    Raises ConfigError when it is to start from a pretraining that there is none of, CheckpointError when the file is
    missing, damaged, or of another network or other looks.
    """
    if config.start == "nothing":
        return replace(run, pretrained=None, strangers=())
    file = SHIPPED if config.start == "shipped" else run.pretrained
    if file is None:
        fact = "nothing was pretrained for this training"
        raise ConfigError("start: trained", fact, "Give the study clips of the role pretrain, or write start: shipped.")
    tensors, description = read_tensors(file)
    require_same(file, description.get("architecture", {}), described(config))
    for name, part in (("encoder", network.encoder), *(("decoder", decoder) for decoder in network.decoders)):
        prefix = f"{name}."
        own = {key.removeprefix(prefix): value.float() for key, value in tensors.items() if key.startswith(prefix)}
        fill(file, part, own)
    return replace(run, pretrained=file, strangers=tuple(description["subjects"]))
