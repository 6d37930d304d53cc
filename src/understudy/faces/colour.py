"""Colour: gives a pasted face the colours that the driver's face has in the same place.

Legend of shapes: H height, W width, C = 3 channels, RGB.
"""

from collections.abc import Callable
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.faces import transfer

Colour = Literal["none", "mean", "reinhard", "histogram", "lct", "mkl", "idt", "sot"]

# A histogram's outermost values are glints and hairs; matching them would stretch the skin's.
_CENTRAL = 0.99
# Reinhard's gain beyond these would blow up noise (a flat driver's face against a textured one, or the reverse).
_GAIN = (0.4, 2.5)
_LIGHT = 64  # pixels a side at which light is compared
_DARK = 8.0  # levels of 255, added to both brightnesses: black has no light to speak of


def match(
    crop_HWC: NDArray[np.uint8], like_HWC: NDArray[np.uint8], mask_HW: NDArray[np.float32], how: Colour
) -> NDArray[np.uint8]:
    """`crop`, its colours those of `like` as far as `how` goes; both are weighed by `mask` (in [0, 1]).

    mean: each channel's mean. reinhard: mean and deviation of each channel of CIELAB. histogram: each channel's
    quantiles. lct, mkl: mean and covariance of the channels together. idt, sot: their whole distribution; see
    understudy.faces.transfer for these four. An empty mask leaves the crop as it is.
    """
    if how == "none" or not float(mask_HW.sum()) > 0:
        return crop_HWC
    if how == "histogram":
        return histogram(crop_HWC, like_HWC, mask_HW)
    crop, like = crop_HWC.astype(np.float32) / np.float32(255), like_HWC.astype(np.float32) / np.float32(255)
    matched = _TRANSFERS[how](crop, like, mask_HW)
    return np.asarray(np.rint(np.clip(matched * 255, 0, 255)), dtype=np.uint8)


def mean(
    crop_HWC: NDArray[np.float32], like_HWC: NDArray[np.float32], mask_HW: NDArray[np.float32]
) -> NDArray[np.float32]:
    """`crop` shifted channel by channel, so that its weighted mean is that of `like`. RGB in [0, 1]; not clipped."""
    shift = _moments(like_HWC, mask_HW)[0] - _moments(crop_HWC, mask_HW)[0]
    return crop_HWC + shift.astype(np.float32)


def reinhard(
    crop_HWC: NDArray[np.float32], like_HWC: NDArray[np.float32], mask_HW: NDArray[np.float32]
) -> NDArray[np.float32]:
    """`crop` with the mean and standard deviation of `like` in each channel of CIELAB. RGB in [0, 1]; not clipped.

    After Reinhard et al., Color Transfer between Images (IEEE CG&A 21(5), 2001), eq. 10-11, in CIELAB.
    """
    crop, like = (np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB), np.float32) for picture in (crop_HWC, like_HWC))
    (mean_crop, std_crop), (mean_like, std_like) = _moments(crop, mask_HW), _moments(like, mask_HW)
    gain = np.clip((std_like + 1e-3) / (std_crop + 1e-3), *_GAIN)
    moved = cv2.transform(crop, np.column_stack([np.diag(gain), mean_like - gain * mean_crop]))
    return np.asarray(cv2.cvtColor(moved.astype(np.float32), cv2.COLOR_LAB2RGB), dtype=np.float32)


def histogram(
    crop_HWC: NDArray[np.uint8], like_HWC: NDArray[np.uint8], mask_HW: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """`crop` with each channel's quantiles inside the mask (where it is above one half) those of `like`.

    The central 99 % are matched; the values outside them are shifted along with the nearest one inside.
    """
    inside = np.asarray(mask_HW > 0.5, dtype=np.uint8)
    if not inside.any():
        return crop_HWC
    table = np.stack([_curve(crop_HWC, like_HWC, inside, channel) for channel in range(3)], axis=-1)
    return np.asarray(cv2.LUT(crop_HWC, table[None]), dtype=np.uint8)


def relight(
    crop_HWC: NDArray[np.uint8], like_HWC: NDArray[np.uint8], mask_HW: NDArray[np.float32], share: float
) -> NDArray[np.uint8]:
    """`crop` in the light of `like`: multiplied by the ratio of their brightness, smoothed inside the mask.

    share: 0 leaves the crop's light, 1 takes the other's. The ratio holds shading, and none of the features (its
    smoothing is an eighth of the crop's side wide); a tint stays what it is.
    """
    if share == 0 or not float(mask_HW.sum()) > 0:
        return crop_HWC
    side = crop_HWC.shape[0]
    mask = np.asarray(cv2.resize(mask_HW, (_LIGHT, _LIGHT), interpolation=cv2.INTER_AREA), np.float32)
    bright, wanted = (_brightness(picture, mask) for picture in (crop_HWC, like_HWC))
    ratio = np.clip((wanted + _DARK) / (bright + _DARK), *_GAIN) ** share
    gain = cv2.resize(ratio.astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.rint(np.clip(crop_HWC * gain[..., None], 0, 255)), dtype=np.uint8)


def _brightness(picture_HWC: NDArray[np.uint8], mask_HW: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of the channels, 0 to 255, at the size of the mask, smoothed as if there were nothing outside of it."""
    small = cv2.resize(picture_HWC, (_LIGHT, _LIGHT), interpolation=cv2.INTER_AREA).mean(axis=-1).astype(np.float32)
    spread, weight = (cv2.GaussianBlur(each, (0, 0), _LIGHT / 8) for each in (small * mask_HW, mask_HW))
    mean = float((small * mask_HW).sum() / mask_HW.sum())
    return np.asarray((spread + 1e-3 * mean) / (weight + 1e-3), np.float32)


def _curve(
    crop_HWC: NDArray[np.uint8], like_HWC: NDArray[np.uint8], inside_HW: NDArray[np.uint8], channel: int
) -> NDArray[np.uint8]:
    """The 256 new values of one channel's 256 old ones."""
    levels = np.arange(256, dtype=np.float64)
    ranks, wanted = (_ranks(image, inside_HW, channel) for image in (crop_HWC, like_HWC))
    tail = (1 - _CENTRAL) / 2
    low, high = (np.interp(share, ranks, levels) for share in (tail, 1 - tail))
    held = np.clip(levels, low, high)
    moved = np.interp(np.interp(held, levels, ranks), wanted, levels) + (levels - held)
    return np.asarray(np.rint(np.clip(moved, 0, 255)), dtype=np.uint8)


def _ranks(image_HWC: NDArray[np.uint8], inside_HW: NDArray[np.uint8], channel: int) -> NDArray[np.float64]:
    """The share of pixels below each level, those at the level counted by half; strictly rising."""
    counts = cv2.calcHist([image_HWC], [channel], inside_HW, [256], [0, 256]).ravel().astype(np.float64)
    counts += 1e-6 * counts.sum() / 256  # an empty level would make two levels of one rank
    share = counts / counts.sum()
    return np.asarray(np.cumsum(share) - share / 2)


def _moments(
    image_HWC: NDArray[np.float32], mask_HW: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weighted mean and standard deviation of each channel."""
    weights = (mask_HW / mask_HW.sum(dtype=np.float64)).astype(np.float32).ravel()
    pixels = image_HWC.reshape(-1, 3)
    centre = (weights @ pixels).astype(np.float64)
    away = pixels - centre.astype(np.float32)
    centre += (weights @ away).astype(np.float64)  # the second pass takes float32's rounding out of the first
    return centre, np.sqrt((weights @ (away * away)).astype(np.float64))


_Transfer = Callable[[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]
_TRANSFERS: dict[str, _Transfer] = {
    "mean": mean,
    "reinhard": reinhard,
    "lct": transfer.lct,
    "mkl": transfer.mkl,
    "idt": transfer.idt,
    "sot": transfer.sot,
}
