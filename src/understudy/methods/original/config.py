"""Settings of the `original` method, and the published recipes as whole settings."""

from dataclasses import dataclass, replace
from typing import Literal

from understudy.faces.align import CoverageName
from understudy.faces.paste import Paste
from understudy.learning import Learning
from understudy.methods._faces import Backdrop, Tone
from understudy.methods._faces.space import Anchor
from understudy.methods._faces.warps import Augmentation
from understudy.methods.original.losses import Loss
from understudy.methods.original.network import SHRINK, Architecture


@dataclass(frozen=True, kw_only=True)
class Config:
    """How a pair is learned and converted. Every field is written in the study's YAML.

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

    def __post_init__(self) -> None:
        if not 0 < self.width <= 4:
            raise ValueError("width must be above 0 and at most 4")
        if self.size < SHRINK or self.size % SHRINK:
            raise ValueError(f"size must be a multiple of {SHRINK}")

    @property
    def drawn(self) -> int:
        """Side of the crops that the network draws, in pixels."""
        return self.size

    @property
    def architecture(self) -> Architecture:
        """What of these settings shapes the network."""
        return Architecture(width=self.width, size=self.size, mask=self.mask)


def recipe_2018() -> Config:
    """The recipe of 2018: mean absolute error, each side updated in turn, half a face, a rectangle within the hull."""
    return Config(
        width=1.0,
        size=64,
        coverage="half",
        mask=False,
        anchor="features",
        tone="kept",
        backdrop="kept",
        update="apart",
        loss=Loss(mae=1.0, mse=0.0, ssim=0.0, mask=0.0, outside=1.0, eyes=1.0, mouth=1.0),
        augmentation=Augmentation(
            rotation=10.0,
            zoom=0.05,
            shift=0.05,
            flip=0.4,
            warp=5 / 160,  # pixels of a grid that spans 160
            follow=True,
            lightness=0.0,
            tint=0.0,
            clahe=0.0,
            shade=0.0,
        ),
        learning=Learning(
            steps=200_000,
            batch=64,
            rate=5e-5,
            beta1=0.5,
            beta2=0.999,
            epsilon=1e-7,
            warmup=0,
            schedule="constant",
            precision="auto",
            threads=0,
            preview_every=1000,
            snapshot_every=250,
        ),
        paste=Paste(
            mask="hull",
            erode=0.0,
            blur=2 / 64,
            colour="none",
            seamless=False,
            interpolation="linear",
            sharpen=0.0,
        ),
    )


def recipe_present() -> Config:
    """The recipe of today: SSIM and squared error within the face, eyes and mouth above all, colours varied."""
    then = recipe_2018()
    return replace(
        then,
        coverage="face",
        update="summed",
        loss=Loss(mae=0.0, mse=1.0, ssim=1.0, mask=0.0, outside=0.0, eyes=3.0, mouth=2.0),
        augmentation=replace(
            then.augmentation, flip=0.5, warp=5 / 256, follow=False, lightness=0.3, tint=0.08, clahe=0.5
        ),
        learning=replace(then.learning, batch=16, beta1=0.9),
        paste=replace(then.paste, mask="extended", blur=0.1, colour="reinhard", interpolation="cubic"),
    )
