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

if TYPE_CHECKING:
    from understudy.methods._faces.drawing import Face
    from understudy.methods.fastswap.config import Config
    from understudy.methods.fastswap.features import FeatureNetwork

BATCH = 16
COVERED = 0.5  # share of a position within the face from which on its patch is the subject's


@dataclass(frozen=True)
class Gallery:
    """What the style's layers see in each photo (N, C, H, W), and whether it shows the face there (N, H, W)."""

    seen: Mapping[str, Tensor]
    shown: Mapping[str, Tensor]

    def of(self, layer: str, numbers_BK: Tensor) -> tuple[Tensor, Tensor]:
        """The chosen photos: (B, K, C, H, W) and (B, K, H, W)."""
        return self.seen[layer][numbers_BK], self.shown[layer][numbers_BK]


@torch.no_grad()
def gallery(
    photos: Sequence["Face"], network: "FeatureNetwork", layers: Sequence[str], config: "Config", place: torch.device
) -> Gallery:
    """Looks at every photo once: what a step then compares with is only picked."""
    seen: dict[str, list[Tensor]] = {layer: [] for layer in layers}
    shown: dict[str, list[Tensor]] = {layer: [] for layer in layers}
    for start in range(0, len(photos), BATCH):
        crops, masks, _ = presented(photos[start : start + BATCH], config, place)
        with autocast(config.learning.precision, place):
            found = network(crops, layers)
        for layer, maps in found.items():
            seen[layer].append(maps)
            shown[layer].append(covering(masks, maps)[:, 0] >= COVERED)
    return Gallery({k: torch.cat(v) for k, v in seen.items()}, {k: torch.cat(v) for k, v in shown.items()})


def covering(masks_B1SS: Tensor, maps_BCHW: Tensor) -> Tensor:
    """The share of each of a layer's positions that lies within masks (B, 1, H, W)."""
    return functional.adaptive_avg_pool2d(masks_B1SS, (maps_BCHW.shape[-2], maps_BCHW.shape[-1]))
