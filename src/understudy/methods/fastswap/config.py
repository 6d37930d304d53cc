"""Settings of the `fastswap` method, and whole settings by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from understudy.faces.align import CoverageName
from understudy.faces.paste import Paste
from understudy.learning import Learning
from understudy.methods._faces import Backdrop, Tone
from understudy.methods._faces.space import Anchor
from understudy.methods._faces.warps import Augmentation
from understudy.methods.fastswap.features import Features
from understudy.methods.fastswap.losses import Loss
from understudy.methods.fastswap.network import COARSEST, Architecture


@dataclass(frozen=True, kw_only=True)
class Config:
    """How a pair is learned and converted. Every field is written in the study's YAML.

    width: share of the published filters, 1 is the published network. size: side of the network's crops, a power of
        two; 128 is published.
    coverage, anchor, tone, backdrop: how faces are shown, see `original`. The paper aligns all faces alike: "features".
    gallery: most photos of a subject among which those nearest to a face are looked for, evenly spread over its clips.
    features: through what the losses look.
    """

    width: float
    size: int
    coverage: CoverageName
    anchor: Anchor
    tone: Tone
    backdrop: Backdrop
    gallery: int
    features: Features
    loss: Loss
    augmentation: Augmentation
    learning: Learning
    paste: Paste

    def __post_init__(self) -> None:
        if not 0 < self.width <= 4:
            raise ValueError("width must be above 0 and at most 4")
        if self.size < 4 * COARSEST or self.size & (self.size - 1):
            raise ValueError(f"size must be a power of two, at least {4 * COARSEST}")
        if self.gallery < 1:
            raise ValueError("gallery must be 1 or more")

    @property
    def drawn(self) -> int:
        """Side of the crops that the network draws, in pixels."""
        return self.size

    @property
    def architecture(self) -> Architecture:
        """What of these settings shapes the network."""
        return Architecture(width=self.width, size=self.size, features="vgg19" if self.features.path else "cast")


def published() -> Config:
    """The network of the paper at 128 pixels. VGG-19's file is yours to name; until then the cast's features stand in.

    The shares are for losses that are means, and our own.
    """
    return Config(
        width=1.0,
        size=128,
        coverage="face",
        anchor="features",
        tone="kept",
        backdrop="kept",
        gallery=256,
        features=Features(path=None, sha256=None, width=1.0, steps=4000),
        loss=Loss(
            content=1.0,
            style=2.0,
            light=0.1,
            variation=0.3,
            photos=16,
            patch=1,
            reach=0,
            outside=0.0,
            content_layers=("relu4_2",),
            style_layers=("relu3_1", "relu4_1"),
        ),
        augmentation=Augmentation(
            rotation=0.0,
            zoom=0.0,
            shift=0.0,
            flip=0.0,
            warp=0.0,
            follow=False,
            lightness=0.0,
            tint=0.0,
            clahe=0.0,
            shade=0.0,
        ),
        learning=Learning(
            steps=10_000,
            batch=16,
            rate=1e-3,
            beta1=0.9,
            beta2=0.999,
            epsilon=1e-8,
            warmup=0,
            schedule="cosine",
            precision="auto",
            threads=0,
            preview_every=500,
            snapshot_every=250,
        ),
        paste=Paste(
            mask="extended",
            erode=0.02,
            blur=0.05,
            colour="none",
            seamless=True,
            interpolation="cubic",
            sharpen=0.0,
        ),
    )


def small() -> Config:
    """A quarter of the filters at 64 pixels, for one or two minutes of a CPU's core.

    At half the published size a level higher in the feature network is as fine, in shares of the face, as the published
    layers are: those are compared.
    """
    whole = published()
    return replace(
        whole,
        width=0.25,
        size=64,
        coverage="full",
        tone="canonical",
        features=replace(whole.features, width=0.25, steps=1000),
        loss=replace(
            whole.loss, content=0.5, style=4.0, content_layers=("relu3_2",), style_layers=("relu2_1", "relu3_1")
        ),
        learning=replace(
            whole.learning, steps=1000, batch=4, rate=4e-3, warmup=20, threads=1, preview_every=100, snapshot_every=200
        ),
        paste=replace(whole.paste, seamless=False, blur=0.1),
    )


PRESETS: Mapping[str, Callable[[], Config]] = MappingProxyType({"fastswap": published, "fastswap-small": small})
