"""SAEHD's losses: how a drawn face differs from the true one, and how a swapped one from the driver's in style.

Legend of shapes: B batch, C channels, H height, W width; pictures are in [0, 1], float32; masks are B1HW in [0, 1].
"""

import functools
from dataclasses import dataclass

import torch
from torch import Tensor

from understudy.methods._faces.likeness import similarity

SIGMA = 1.5  # pixels, of the window of the structural similarity
TWO_SCALES = 256  # pixels, the side from which on it is taken at two scales
EXACT_BACKDROP, SMOOTH = 0.02, 1e-6  # weights beside the picture critics, within masked training
FACE_STYLE, BACKDROP_STYLE = 10_000.0, 10.0  # at a power of 100


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Weights of the losses; 0 leaves one out. Published: 10, 10, 10, 300 (where it is asked for).

    dssim: half of 1 - SSIM. mse: mean squared error. mask: that of the mask. eyes_mouth: mean absolute error there.
    masked: whether only the face is compared, with a soft edge; else the whole crop.
    face_style: 0 to 100, of the colours' mean and spread in the face of a swapped face against the driver's.
    background_style: 0 to 100, of what a swapped face shows around itself against the driver's clip.
    gan: of the picture critics, one for each subject; 0.1 is upstream's advice. gan_patch: pixels a side that the
        coarse judgement of a critic sees, published size / 8. gan_base: channels of its first layer, published 16.
    true_face: of the critic that tells the subjects' codes apart; upstream's advice is 0.01, for DF.

    Upstream judges, restyles and deceives for one direction alone. Here each is done for both alike, since a training
    serves both: every subject has a picture critic of its own, both swaps are restyled, and each subject's codes are
    pushed towards the other's.
    """

    dssim: float
    mse: float
    mask: float
    eyes_mouth: float
    masked: bool
    face_style: float
    background_style: float
    gan: float
    gan_patch: int
    gan_base: int
    true_face: float

    def __post_init__(self) -> None:
        if min(float(value) for value in vars(self).values()) < 0:
            raise ValueError("weights must be 0 or more")
        if max(self.face_style, self.background_style) > 100:
            raise ValueError("face_style and background_style are at most 100")
        if self.dssim + self.mse <= 0:
            raise ValueError("one of dssim and mse must be above 0")
        if self.gan and (self.gan_patch < 3 or self.gan_base < 1):
            raise ValueError("gan needs a gan_patch of 3 or more and a gan_base of 1 or more")

    @property
    def styled(self) -> bool:
        """Whether swapped faces are drawn in training."""
        return bool(self.face_style or self.background_style)


def reconstruction(
    drawn_B4HW: Tensor, true_B3HW: Tensor, mask_B1HW: Tensor, parts_B1HW: Tensor, settings: Loss
) -> dict[str, Tensor]:
    """The losses of faces drawn as themselves, by name, each with its weight. parts: the mask of eyes and mouth."""
    soft = softened(mask_B1HW) if settings.masked else torch.ones_like(mask_B1HW)
    picture, true = drawn_B4HW[:, :3] * soft, true_B3HW * soft
    found: dict[str, Tensor] = {}
    if settings.dssim:
        found["dssim"] = settings.dssim * scaled_dssim(picture, true)
    if settings.mse:
        found["mse"] = settings.mse * (picture - true).square().mean()
    if settings.mask:
        found["mask"] = settings.mask * (drawn_B4HW[:, 3:] - mask_B1HW).square().mean()
    if settings.eyes_mouth:
        found["eyes_mouth"] = settings.eyes_mouth * ((drawn_B4HW[:, :3] - true_B3HW).abs() * parts_B1HW).mean()
    return found


def softened(mask_B1HW: Tensor) -> Tensor:
    """A mask whose soft edge lies outside it: blurred with sigma side / 32, cut at one half, doubled."""
    side = mask_B1HW.shape[-1]
    rows, columns = (_blur(length, side / 32, mask_B1HW.device) for length in mask_B1HW.shape[-2:])
    with torch.autocast(mask_B1HW.device.type, enabled=False):
        return (rows @ mask_B1HW @ columns.T).clamp(0, 0.5) * 2


def scaled_dssim(drawn_BCHW: Tensor, true_BCHW: Tensor) -> Tensor:
    """Half of 1 - SSIM in a window of a 11.6th of the side; from 256 pixels on the mean of that and of half of it."""
    side = drawn_BCHW.shape[-1]
    windows = (int(side / 11.6), int(side / 23.2)) if side >= TWO_SCALES else (int(side / 11.6),)
    return torch.stack([dssim(drawn_BCHW, true_BCHW, max(2, window)) for window in windows]).mean()


def dssim(drawn_BCHW: Tensor, true_BCHW: Tensor, window: int) -> Tensor:
    """The mean of (1 - SSIM) / 2 wherever a Gaussian window of so many pixels lies within the picture."""
    rows, columns = (_windows(side, window, drawn_BCHW.device) for side in drawn_BCHW.shape[-2:])
    return (1 - similarity(drawn_BCHW, true_BCHW, rows, columns)).mean() / 2


def style(swapped_B3HW: Tensor, driver_B3HW: Tensor, mask_B1HW: Tensor, settings: Loss) -> dict[str, Tensor]:
    """The losses of swapped faces against the driver's, by name, each with its weight. mask: of the driver's face."""
    soft = softened(mask_B1HW)
    found: dict[str, Tensor] = {}
    if settings.face_style:
        (mean, spread), (mean_driver, spread_driver) = (moments(each, soft) for each in (swapped_B3HW, driver_B3HW))
        apart = (mean - mean_driver).square().mean() + (spread - spread_driver).square().mean()
        found["face_style"] = FACE_STYLE * settings.face_style / 100 * apart
    if settings.background_style:
        around = [each * (1 - soft) for each in (swapped_B3HW, driver_B3HW)]
        apart = scaled_dssim(*around) + (around[0] - around[1]).square().mean()
        found["background_style"] = BACKDROP_STYLE * settings.background_style / 100 * apart
    return found


def moments(picture_B3HW: Tensor, mask_B1HW: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (B3 each) of each channel, weighed by a mask."""
    share = mask_B1HW / mask_B1HW.sum(dim=(2, 3), keepdim=True).clamp(min=1e-6)
    mean = (picture_B3HW * share).sum(dim=(2, 3), keepdim=True)
    variance = ((picture_B3HW - mean).square() * share).sum(dim=(2, 3))
    return mean[:, :, 0, 0], (variance + 1e-6).sqrt()


def backdrop(drawn_B3HW: Tensor, true_B3HW: Tensor, mask_B1HW: Tensor) -> Tensor:
    """What keeps a critic of the face alone from leaving the rest to chance: a little exactness around the face, and a
    little smoothness everywhere (total variation, as the mean squared step to the next pixel)."""
    around = 1 - softened(mask_B1HW)
    exact = ((drawn_B3HW - true_B3HW) * around).square().mean()
    steps = [drawn_B3HW.diff(dim=axis).square().mean() for axis in (2, 3)]
    return EXACT_BACKDROP * exact + SMOOTH * (steps[0] + steps[1])


def _gaussian(offsets: Tensor, sigma: float) -> Tensor:
    return torch.exp(-0.5 * (offsets / sigma).square())


@functools.cache
def _windows(side: int, window: int, place: torch.device) -> Tensor:
    """The matrix (side - window + 1 x side) of all places of a Gaussian window along a column."""
    weights = _gaussian(torch.arange(window, dtype=torch.float64) - (window - 1) / 2, SIGMA)
    places = torch.zeros(side - window + 1, side, dtype=torch.float64)
    for row in range(len(places)):
        places[row, row : row + window] = weights / weights.sum()
    return places.float().to(place)


@functools.cache
def _blur(side: int, sigma: float, place: torch.device) -> Tensor:
    """The matrix (side x side) that blurs a column, with nothing beyond its ends."""
    at = torch.arange(side, dtype=torch.float64)
    weights = _gaussian(torch.arange(-side, side + 1, dtype=torch.float64), sigma)
    return (_gaussian(at[:, None] - at, sigma) / weights.sum()).float().to(place)
