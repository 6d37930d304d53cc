"""Settings of the `lia` method. Whole ones by name stand in `presets`."""

from dataclasses import dataclass, field
from typing import Literal

from understudy.checkpoints import Weights
from understudy.learning import Learning
from understudy.methods._animation.pictures import Choice, Initial
from understudy.methods._animation.samples import Variation
from understudy.methods.lia.architecture import Architecture
from understudy.methods.lia.lessons import Loss

MotionKind = Literal["relative", "absolute"]
Levels = Literal["fixed", "stretched"]
Beginning = Literal["published", "still"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]
_OPTIONAL = {"optional": True}  # the YAML may leave it out


@dataclass(frozen=True, kw_only=True)
class Config:
    """How motion is learned from many people's clips, and how a picture is moved. Every field is written in the study's
    YAML, but for the last two.

    size: side of the pictures, a power of two. style_dim: numbers in a latent. motion_dim: directions of motion.
    channel_max: the most channels of a map; null for as many as published.
    motion: "relative" moves the source by how far the driver went since its initial frame, as the authors' demo does
        with faces; "absolute" gives it the driver's motion as it is, as in training.
    initial: the driver's frame that the source's picture is taken to look like: the "first", or the one whose 68
        landmarks are "best" alike; of relative motion. picture: which of the source's frames is moved.
    levels: "fixed" draws -1 to 1 as 0 to 255 in every frame, as the authors evaluate. "stretched" does what their demo
        does: a clip's least and greatest value become 0 and 255, so that a frame's contrast hangs on what else is in
        its clip; every frame is drawn twice for it.
    begins: what a training begins with: "published", flows at random; or "still", flows that move nothing and trust
        most of the source, so that what is drawn is sharp before it moves.
    weights: published ones to draw with in place of a training. precision: of drawing alone; "auto" takes bf16 where
        the machine computes in it.
    """

    size: int
    style_dim: int
    motion_dim: int
    channel_max: int | None
    motion: MotionKind
    initial: Initial
    picture: Choice
    levels: Levels
    begins: Beginning
    loss: Loss
    augmentation: Variation
    learning: Learning
    weights: Weights | None = field(default=None, metadata=_OPTIONAL)
    precision: Precision = field(default="auto", metadata=_OPTIONAL)

    def __post_init__(self) -> None:
        _ = self.architecture  # refuses what no network can have

    @property
    def architecture(self) -> Architecture:
        """What of these settings shapes the networks; without a critic where none is learned."""
        return Architecture(
            size=self.size,
            style_dim=self.style_dim,
            motion_dim=self.motion_dim,
            channel_max=self.channel_max,
            critic=self.loss.gan > 0 and self.weights is None,
        )
