"""Settings of the `original` method. Whole ones by name stand in `presets`."""

from dataclasses import dataclass, field
from typing import Literal

from understudy.faces.align import CoverageName
from understudy.faces.paste import Paste
from understudy.learning import Learning
from understudy.methods._faces import Backdrop, Tone
from understudy.methods._faces.space import Anchor
from understudy.methods._faces.warps import Augmentation
from understudy.methods.original.losses import Loss
from understudy.methods.original.network import SHRINK, Architecture, Variant
from understudy.methods.original.start import require_shipped

Start = Literal["nothing", "shipped", "trained"]


@dataclass(frozen=True, kw_only=True)
class Config:
    """How a pair is learned and converted. Every field is written in the study's YAML, but for the last two.

    width: share of the published filters, 1 is the published network. size: side of the network's crops, a multiple
        of 16; 64 is published.
    coverage: what of the head they show where the anchor is "features"; else both subjects' faces are fitted into
        them whole. mask: whether a mask is learned and yielded.
    anchor: where a face lies in its crop. "features" fits each face to the mean face, as published: every subject is
        stretched to the same size, so that a swapped face takes the driver's. "eyes" moves each subject's crops, all
        alike, until their mean eyes lie where everybody's do: a swapped face keeps its own proportions. "camera" does
        so too, and keeps each subject's size as filmed, for clips that were filmed from the same distance.
    tone: "kept" shows the network colours as they are; "canonical" makes every face's skin grey, and gives the driver's
        to what is drawn: skin tone and exposure need not be learned.
    backdrop: "grey" hides from the network what lies outside the face.
    update: "summed" steps once for both subjects' losses; "apart" steps for each in turn.
    variant: of the network, by the names that deepfakes/faceswap gives them: see `network.Variant`.
    start: what a training begins with. "nothing" is chance; "shipped" the weights that come with the program (START.md
        says of whom); "trained" those of the study's own pretraining.
    """

    width: float
    size: int
    coverage: CoverageName
    mask: bool
    anchor: Anchor
    tone: Tone
    backdrop: Backdrop
    update: Literal["summed", "apart"]
    loss: Loss
    augmentation: Augmentation
    learning: Learning
    paste: Paste
    variant: Variant = field(default="original", metadata={"optional": True})
    start: Start = field(default="nothing", metadata={"optional": True})

    def __post_init__(self) -> None:
        if not 0 < self.width <= 4:
            raise ValueError("width must be above 0 and at most 4")
        if self.size < SHRINK or self.size % SHRINK:
            raise ValueError(f"size must be a multiple of {SHRINK}")
        if self.start == "shipped":
            require_shipped(self)

    @property
    def drawn(self) -> int:
        """Side of the crops that the network draws, in pixels."""
        return self.architecture.drawn

    @property
    def architecture(self) -> Architecture:
        """What of these settings shapes the network."""
        return Architecture(width=self.width, size=self.size, mask=self.mask, variant=self.variant)
