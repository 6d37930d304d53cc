"""Settings of the `saehd` method. Whole ones by name stand in `presets`."""

from dataclasses import dataclass, field

from understudy.faces.align import CoverageName
from understudy.faces.paste import Paste
from understudy.learning import Learning
from understudy.methods._faces import Backdrop, Tone
from understudy.methods._faces.space import Anchor
from understudy.methods.saehd.architecture import Architecture, Dims
from understudy.methods.saehd.losses import Loss
from understudy.methods.saehd.warps import Augmentation


@dataclass(frozen=True, kw_only=True)
class Config:
    """How a pair is learned and converted. Every field is written in the study's YAML.

    layout: in YAML `architecture`: df or liae, with options, as in liae-ud: see `network.Architecture`.
    dims: widths of the network's parts. size: side of the network's crops, a multiple of 16, of 32 with d or t.
    coverage, anchor, tone, backdrop: how faces are shown, as in `original`: see there. Published: "full", the anchor
        "features", tone and backdrop "kept".
    """

    layout: str = field(metadata={"key": "architecture"})
    dims: Dims
    size: int
    coverage: CoverageName
    anchor: Anchor
    tone: Tone
    backdrop: Backdrop
    loss: Loss
    augmentation: Augmentation
    learning: Learning
    paste: Paste

    def __post_init__(self) -> None:
        _ = self.architecture  # refuses what no network can have

    @property
    def drawn(self) -> int:
        """Side of the crops that the network draws, in pixels."""
        return self.size

    @property
    def architecture(self) -> Architecture:
        """What of these settings shapes the network and its rivals."""
        rivals = self.loss.gan > 0
        return Architecture(
            layout=self.layout,
            size=self.size,
            dims=self.dims,
            gan_patch=self.loss.gan_patch if rivals else 0,
            gan_base=self.loss.gan_base if rivals else 0,
            true_face=self.loss.true_face > 0,
        )
