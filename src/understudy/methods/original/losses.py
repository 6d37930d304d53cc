"""Losses between a drawn face and the true one, weighed by where in the face a pixel lies.

Legend of shapes: B batch, C channels, H height, W width; pictures are in [0, 1], float32; weights_B1HW >= 0.
"""

import functools
from dataclasses import dataclass

import torch
from torch import Tensor

from understudy.methods._faces.likeness import similarity

WINDOW, SIGMA = 11, 1.5


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Shares of the losses, and weights of the pixels.

    mae, mse: mean absolute and mean squared error. ssim: (1 - SSIM) / 2. mask: of the learned mask, absolute error.
    outside: weight of the pixels outside the extended face mask; inside it is 1. eyes, mouth: weight there.
    """

    mae: float
    mse: float
    ssim: float
    mask: float
    outside: float
    eyes: float
    mouth: float

    def __post_init__(self) -> None:
        if min(vars(self).values()) < 0:
            raise ValueError("shares and weights must be 0 or more")
        if self.mae + self.mse + self.ssim <= 0:
            raise ValueError("one of mae, mse, ssim must be above 0")

    @property
    def even(self) -> bool:
        """Whether every pixel counts alike."""
        return self.outside == self.eyes == self.mouth == 1


def loss(
    drawn_BCHW: Tensor, true_B3HW: Tensor, weights_B1HW: Tensor | None, inside_B1HW: Tensor, settings: Loss
) -> dict[str, Tensor]:
    """The losses by name, each before its share, and their sum as "total". None weighs every pixel alike.

    inside: the face's mask, which a fourth channel drawn is to match.
    """
    picture_B3HW = drawn_BCHW[:, :3]
    difference = picture_B3HW - true_B3HW
    parts: dict[str, Tensor] = {}
    if settings.mae:
        parts["mae"] = _mean(difference.abs(), weights_B1HW)
    if settings.mse:
        parts["mse"] = _mean(difference.square(), weights_B1HW)
    if settings.ssim:
        parts["ssim"] = _mean(0.5 - ssim(picture_B3HW, true_B3HW) / 2, weights_B1HW)
    if drawn_BCHW.shape[1] == 4 and settings.mask:
        parts["mask"] = (drawn_BCHW[:, 3:] - inside_B1HW).abs().mean()
    return {**parts, "total": torch.stack([getattr(settings, name) * part for name, part in parts.items()]).sum()}


def _mean(error_BCHW: Tensor, weights_B1HW: Tensor | None) -> Tensor:
    """The weighted mean over everything."""
    if weights_B1HW is None:
        return error_BCHW.mean()
    return (error_BCHW.mean(dim=1, keepdim=True) * weights_B1HW).sum() / weights_B1HW.sum()


def ssim(drawn_BCHW: Tensor, true_BCHW: Tensor) -> Tensor:
    """The map of structural similarity (BCHW) in a Gaussian window of 11 pixels; edges repeat."""
    rows, columns = (_band(side, drawn_BCHW.device) for side in drawn_BCHW.shape[-2:])
    return similarity(drawn_BCHW, true_BCHW, rows, columns)


@functools.cache
def _band(side: int, place: torch.device) -> Tensor:
    """The matrix (side x side) that blurs a column with the Gaussian window, repeating the edge."""
    offsets = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    kernel = torch.exp(-0.5 * (offsets / SIGMA).square())
    kernel /= kernel.sum()
    band = torch.zeros(side, side, dtype=torch.float64)
    for row in range(side):
        for weight, offset in zip(kernel, offsets, strict=True):
            band[row, min(max(row + int(offset), 0), side - 1)] += weight
    return band.float().to(place)
