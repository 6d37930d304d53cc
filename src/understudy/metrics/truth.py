"""Truth: PSNR, SSIM and L1 of the fake against the exact fake, and against the re-performance, inside the face.

The exact fake is the exact swap; of an animation, the source's own rendering of the performance; of a lip-sync, the
source's clip with the other words, compared in the lower face, where they can show. Only synthetic actors have a truth;
a case without one has no such rows. Colours are the decoded RGB, 8 bits, no linearisation. A frame's value is taken
over the pixels of the face mask only (the truth's swapped region), all three channels alike:
  L1    mean absolute difference over 255
  PSNR  10 log10(255^2 / mean squared difference), at most 100 dB (equal pixels would give infinity, and no mean)
  SSIM  Wang et al. 2004, equation 13: Gaussian window 11x11 of sigma 1.5, K1 = .01, K2 = .03, L = 255, population
        variance, each channel by itself; the map of the whole frame, borders reflected, then its mean over the mask
        and the channels
A swap's re-performance is measured in the same mask: it shows the source's own head, so only the face can agree.

Rows, mean over frames, n = frames whose mask is not empty: `PSNR to truth` dB, higher; `SSIM to truth`, higher;
`L1 to truth` of the full range, lower; the same three `to re-performance` where there is one.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.errors import MediaError
from understudy.metrics._case import Case, Damage, Meter, Quantity, Stream, Tally
from understudy.metrics._moment import Frame, Moment

LOOKS_AT: tuple[Stream, ...] = ("fake", "truth", "reperformance", "masks")
RADIUS, SIGMA = 5, 1.5
HIGHEST_PSNR = 100.0


def quantities(against: str) -> tuple[Quantity, Quantity, Quantity]:
    """PSNR, SSIM and L1 to `against`."""
    return (
        Quantity(f"PSNR to {against}", "dB", "higher"),
        Quantity(f"SSIM to {against}", "SSIM", "higher"),
        Quantity(f"L1 to {against}", "of full range", "lower"),
    )


EVERY: tuple[Damage, ...] = ("blur", "shift", "colour cast", "wrong identity", "jitter", "delay")
SEES: dict[str, tuple[Damage, ...]] = {quantity.name: EVERY for quantity in quantities("truth")}


class _Truth(Tally):
    def __init__(self, case: Case) -> None:
        self.has_truth, self.has_reperformance = case.truth is not None, case.reperformance is not None
        named = [
            name for name, there in (("truth", self.has_truth), ("re-performance", self.has_reperformance)) if there
        ]
        super().__init__(*(quantity for name in named for quantity in quantities(name)))

    def step(self, moment: Moment) -> None:
        others = (moment.truth_HWC, moment.reperformance_HWC)
        if moment.mask_HW is None or not moment.mask_HW.any():
            return self.add()
        mask_HW = moment.mask_HW
        values = [value for other in others if other is not None for value in compare(moment.fake_HWC, other, mask_HW)]
        return self.add(*values)


def meter(case: Case) -> Meter | None:
    """Compares with the truth; None without one. Raises MediaError when a swap's face masks are missing."""
    if (case.truth is None and case.reperformance is None) or not has_masks(case):
        return None
    return _Truth(case)


def has_masks(case: Case) -> bool:
    """Whether it is known which pixels of the truth are face. Of a swap they must be: else MediaError.

    The truth of who is animated by a clip of their own is that clip, which has none.
    """
    if case.family == "swap":
        require_masks(case)
    return case.masks is not None


def require_masks(case: Case) -> None:
    """Raises MediaError when the face masks are missing."""
    if case.masks is None:
        raise MediaError(case.truth or case.reperformance, "has no face masks", "Render the truth with its labels.")


def compare(fake_HWC: Frame, other_HWC: Frame, mask_HW: NDArray[np.bool_]) -> tuple[float, float, float]:
    """PSNR in dB, SSIM, and L1 in [0, 1], of two frames inside the mask."""
    return psnr(fake_HWC, other_HWC, mask_HW), ssim(fake_HWC, other_HWC, mask_HW), l1(fake_HWC, other_HWC, mask_HW)


def l1(a_HWC: Frame, b_HWC: Frame, mask_HW: NDArray[np.bool_]) -> float:
    """Mean absolute difference inside the mask, in [0, 1]."""
    return float(cv2.absdiff(a_HWC[mask_HW], b_HWC[mask_HW]).mean()) / 255


def psnr(a_HWC: Frame, b_HWC: Frame, mask_HW: NDArray[np.bool_]) -> float:
    """Peak signal-to-noise ratio inside the mask, in dB, at most 100."""
    squared = float(np.square(a_HWC[mask_HW].astype(np.int32) - b_HWC[mask_HW]).mean())
    return min(10 * float(np.log10(255**2 / squared)), HIGHEST_PSNR) if squared else HIGHEST_PSNR


def ssim(a_HWC: Frame, b_HWC: Frame, mask_HW: NDArray[np.bool_]) -> float:
    """Structural similarity inside the mask, in [-1, 1]; computed in the mask's box and where its windows reach."""
    rows, columns = np.flatnonzero(mask_HW.any(axis=1)), np.flatnonzero(mask_HW.any(axis=0))
    box = (
        slice(max(rows[0] - RADIUS, 0), rows[-1] + RADIUS + 1),
        slice(max(columns[0] - RADIUS, 0), columns[-1] + RADIUS + 1),
    )
    return float(ssim_map(a_HWC[box], b_HWC[box])[mask_HW[box]].mean())


def ssim_map(a_HWC: Frame, b_HWC: Frame) -> NDArray[np.floating]:
    """The SSIM of every pixel and channel, (H, W, C)."""
    a, b = a_HWC.astype(np.float64), b_HWC.astype(np.float64)
    mean_a, mean_b = _window(a), _window(b)
    variances = _window(a * a) - mean_a**2 + _window(b * b) - mean_b**2
    covariance = _window(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    likeness: NDArray[np.floating] = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    likeness /= (mean_a**2 + mean_b**2 + c1) * (variances + c2)
    return likeness


def _window(image_HWC: NDArray[np.floating]) -> NDArray[np.floating]:
    """The weighted mean in the Gaussian window around every pixel."""
    side = 2 * RADIUS + 1
    return np.asarray(cv2.GaussianBlur(image_HWC, (side, side), SIGMA, borderType=cv2.BORDER_REFLECT), np.float64)
