"""Settings of the `fomm` method. Whole ones by name stand in `presets`."""

from dataclasses import dataclass, field
from typing import Literal

from understudy.checkpoints import Weights
from understudy.learning import Learning
from understudy.methods._animation.pictures import Choice, Initial
from understudy.methods._animation.samples import Variation
from understudy.methods.fomm.critic import Critic
from understudy.methods.fomm.keypoints import Glass
from understudy.methods.fomm.lessons import Loss
from understudy.methods.fomm.network import Architecture, Painter

MotionKind = Literal["relative", "absolute"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]
_OPTIONAL = {"optional": True}  # the YAML may leave it out


@dataclass(frozen=True, kw_only=True)
class Config:
    """How motion is learned from many people's clips, and how a picture is moved. Every field is written in the study's
    YAML, but for the last two.

    size: side of the pictures. num_kp: key points. temperature: of the softmax that makes heat maps of logits; small
        makes key points sharp.
    detector, dense, generator: shapes of the networks. critic: of the one that is learned where loss.gan is not 0.
    align_corners: how a grid reads -1 and 1. True as PyTorch did when the published weights were learned, and true to
        the grids that are sampled here; False as their program runs today.
    motion: "relative" adds to the source's key points what the driver's did since its initial frame, "absolute" puts
        the driver's in their place, its face's shape with them. adapt_scale: of relative motion, whether it grows with
        the source's key points over the driver's.
    initial: the driver's frame that the source's picture is taken to look like: the "first", or the one whose 68
        landmarks are "best" alike; of relative motion. picture: which of the source's frames is moved.
    weights: published ones to draw with in place of a training. precision: of drawing alone; "auto" takes bf16 where
        the machine computes in it.
    """

    size: int
    num_kp: int
    temperature: float
    detector: Glass
    dense: Glass
    generator: Painter
    critic: Critic
    align_corners: bool
    motion: MotionKind
    adapt_scale: bool
    initial: Initial
    picture: Choice
    loss: Loss
    augmentation: Variation
    learning: Learning
    weights: Weights | None = field(default=None, metadata=_OPTIONAL)
    precision: Precision = field(default="auto", metadata=_OPTIONAL)

    def __post_init__(self) -> None:
        _ = self.architecture  # refuses what does not fit together

    @property
    def architecture(self) -> Architecture:
        """What of these settings shapes the networks; without a critic where none is learned."""
        return Architecture(
            size=self.size,
            num_kp=self.num_kp,
            temperature=self.temperature,
            detector=self.detector,
            dense=self.dense,
            generator=self.generator,
            critic=self.critic if self.loss.gan and self.weights is None else None,
            align_corners=self.align_corners,
        )
