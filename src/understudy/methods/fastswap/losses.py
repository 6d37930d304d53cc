"""The losses of Fast Face-swap (Korshunova et al. 2016, section 2.2): content, style, light and total variation.

All are means, so that their shares do not depend on sizes; those of the paper, for sums over colours up to 255, are
other numbers.

Legend of shapes: B batch, K photos of the subject, C channels, H height, W width of a layer; weights are >= 0.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from understudy.methods.fastswap.features import LAYERS

LEAST = 1e-6


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Shares of the losses, and what of a crop they look at.

    content: of the difference to the driver's features. style: of the distance to the nearest patches of the subject's
        photos. light: of the difference in light. variation: of the total variation.
    photos: of the subject, nearest in landmarks, among which each patch finds its nearest (published: 16).
    patch: side of a patch in a layer's positions, odd. reach: how many positions away from its own a patch may be
        found; 0 compares like with like, as published, for faces are aligned.
    outside: weight of what lies outside the driver's face; inside it is 1.
    content_layers, style_layers: of the feature network; published: relu4_2, and relu3_1 and relu4_1.
    """

    content: float
    style: float
    light: float
    variation: float
    photos: int
    patch: int
    reach: int
    outside: float
    content_layers: tuple[str, ...]
    style_layers: tuple[str, ...]

    # What `_faces` asks of a loss: no feature of the face counts more than another.
    @property
    def eyes(self) -> float:
        return 1.0

    @property
    def mouth(self) -> float:
        return 1.0

    def __post_init__(self) -> None:
        if min(self.content, self.style, self.light, self.variation, self.outside) < 0:
            raise ValueError("shares and weights must be 0 or more")
        if self.photos < 1 or self.patch < 1 or self.patch % 2 == 0 or self.reach < 0:
            raise ValueError("photos must be 1 or more, patch odd and positive, reach 0 or more")
        for name in ("content_layers", "style_layers"):
            if not getattr(self, name) or not set(getattr(self, name)) <= set(LAYERS):
                raise ValueError(f"{name} must be among {', '.join(LAYERS)}")


class Photos(NamedTuple):
    """What a layer sees in each face's photos (B, K, C, H, W), where they show the subject's face (B, K, H, W), so that
    a patch there is one to match, and the sums of its squares over the channels (B, K, H, W), float32."""

    maps: Tensor
    shown: Tensor
    squares: Tensor


def content(drawn_BCHW: Tensor, driver_BCHW: Tensor, weights_B1HW: Tensor) -> Tensor:
    """The squared difference of features, as a share of the driver's own mean square: 0 for the driver's face."""
    difference = (drawn_BCHW.float() - driver_BCHW.float()).square().mean(dim=1, keepdim=True)
    own = driver_BCHW.float().square().mean().clamp_min(LEAST)
    return (difference * weights_B1HW).sum() / (weights_B1HW.sum().clamp_min(LEAST) * own)


def style(drawn_BCHW: Tensor, photos: Photos, weights_B1HW: Tensor, loss: Loss) -> Tensor:
    """The cosine distance of each patch to the nearest among the photos' patches, 0 to 2: 0 for one of the photos.

    Where no photo shows the subject's face, nothing is asked.
    """
    found_BHW, any_BHW = nearest(drawn_BCHW, photos, loss.patch, loss.reach)
    weights = weights_B1HW[:, 0] * any_BHW
    return ((1 - found_BHW) * weights).sum() / weights.sum().clamp_min(LEAST)


def nearest(drawn_BCHW: Tensor, photos: Photos, patch: int, reach: int) -> tuple[Tensor, Tensor]:
    """The cosine similarity of each patch to the most similar of the photos (B, H, W), and whether there is any.

    Patches are never unfolded: products of positions, summed over a window, are the products of patches.
    """
    height, width = drawn_BCHW.shape[-2:]
    own_BHW = _window(drawn_BCHW.float().square().sum(dim=1), patch)
    best, some = own_BHW.new_full(own_BHW.shape, -1.0), torch.zeros_like(own_BHW, dtype=torch.bool)
    maps, shown, norms = (functional.pad(each, (reach,) * 4) for each in photos)
    norms_BKHW = _window(norms, patch)
    for down in range(2 * reach + 1):
        for right in range(2 * reach + 1):
            rows, columns = slice(down, down + height), slice(right, right + width)
            theirs = maps[..., rows, columns]
            products_BKHW = _window(torch.einsum("bchw,bkchw->bkhw", drawn_BCHW, theirs).float(), patch)
            scale = own_BHW[:, None] * norms_BKHW[..., rows, columns]
            cosine = products_BKHW * (scale + LEAST).rsqrt()
            there = shown[..., rows, columns]
            best = torch.maximum(best, cosine.masked_fill(~there, -1.0).amax(dim=1))
            some = some | there.any(dim=1)
    return best, some


def _window(values_NHW: Tensor, patch: int) -> Tensor:
    """Sums over windows around each position; beyond the edge there is nothing."""
    return functional.avg_pool2d(values_NHW, patch, 1, patch // 2, divisor_override=1) if patch > 1 else values_NHW


def light(drawn_BF: Tensor, driver_BF: Tensor) -> Tensor:
    """The squared difference of the lights' features: 0 under the driver's light."""
    return (drawn_BF - driver_BF).square().mean()


def variation(drawn_B3SS: Tensor) -> Tensor:
    """The mean squared difference of neighbours, down and across: 0 for an even picture."""
    return drawn_B3SS.diff(dim=2).square().mean() + drawn_B3SS.diff(dim=3).square().mean()
