"""The photos of a subject as the style loss sees them: what the layers see in each, and where its face is.

Legend of shapes: N photos, B batch, K photos of a face, C channels, H height, W width of a layer, S side of a crop.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from understudy.learning import autocast
from understudy.methods._faces.drawing import presented
from understudy.methods.fastswap.losses import Photos

if TYPE_CHECKING:
    from understudy.methods._faces.drawing import Face
    from understudy.methods.fastswap.config import Config
    from understudy.methods.fastswap.features import FeatureNetwork

BATCH = 16
COVERED = 0.5  # share of a position within the face from which on its patch is the subject's


@dataclass(frozen=True)
class Gallery:
    """What the style's layers see in each photo: its maps (N, C, H, W), where it shows the face (N, H, W), and the sums
    of the maps' squares over the channels (N, H, W)."""

    layers: Mapping[str, Photos]

    def of(self, layer: str, numbers_BK: Tensor) -> Photos:
        """The chosen photos of a batch."""
        return Photos(*(held[numbers_BK] for held in self.layers[layer]))


@torch.no_grad()
def gallery(
    photos: Sequence["Face"], network: "FeatureNetwork", layers: Sequence[str], config: "Config", place: torch.device
) -> Gallery:
    """Looks at every photo once: what a step then compares with is only picked."""
    held: dict[str, list[tuple[Tensor, Tensor, Tensor]]] = {layer: [] for layer in layers}
    for start in range(0, len(photos), BATCH):
        crops, masks, _ = presented(photos[start : start + BATCH], config, place)
        with autocast(config.learning.precision, place):
            found = network(crops, layers)
        for layer, maps in found.items():
            held[layer].append((maps, covering(masks, maps)[:, 0] >= COVERED, maps.float().square().sum(dim=1)))
    return Gallery({layer: Photos(*map(torch.cat, zip(*parts, strict=True))) for layer, parts in held.items()})


def covering(masks_B1SS: Tensor, maps_BCHW: Tensor) -> Tensor:
    """The share of each of a layer's positions that lies within masks (B, 1, H, W)."""
    return functional.adaptive_avg_pool2d(masks_B1SS, (maps_BCHW.shape[-2], maps_BCHW.shape[-1]))
