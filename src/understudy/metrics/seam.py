"""Seam: whether one sees where the new face was set into the old picture.

The seam is the border of the region that the fake replaced; where that is not known (the sanity rows, which replace
nothing) the border of the convex hull of the truth's face mask, which spans what hair covers. It is looked at in the
fake and, along the same line, in the driver, which has edges of its own there, and what the driver has is taken off.

`seam energy` is the mean change of colour (CIELAB, CIE 1976) a pixel across the border, within a pixel of it: central
differences along the border's normal, their length over L, a and b. Blocking is measured in this way: differences
across block borders beyond those that are there anyway (Yim & Bovik 2011, PSNR-B), and blending borders are what
detectors of swaps look for (Li et al. 2020, Face X-ray). Below 0 the border is softer than the driver, as
a wide feather is; and where it runs along hair, a darker face comes nearer to that.

`seam colour` is how far the colours just inside and just outside are apart: the CIELAB difference (CIE 1976) of the
means of the two rings of a tenth of the region's radius each, in 16 sectors about the region's middle, since a face may
be too red on one side and too dark on the other; the mean over the sectors in which both rings have pixels.

Rows, n = frames with a border: `seam energy`, delta E a pixel, and `seam colour`, delta E: both beyond the driver's,
best near 0. An animation has no border.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.metrics._case import Case, Damage, Meter, Quantity, Stream, Tally
from understudy.metrics._moment import Frame, Moment

FAMILIES = (
    "swap",
    "lipsync",
)
LOOKS_AT: tuple[Stream, ...] = ("fake", "driver", "masks", "region")
ENERGY = Quantity("seam energy", "delta E a pixel", "near 0")
COLOUR = Quantity("seam colour", "delta E", "near 0")
SEES: dict[str, tuple[Damage, ...]] = {ENERGY.name: ("colour cast",), COLOUR.name: ("colour cast",)}
SECTORS, RING, FEWEST = 16, 0.1, 8  # sectors; ring width of the region's radius; pixels that a mean needs


class _Seam(Tally):
    def step(self, moment: Moment) -> None:
        region_HW = moment.region_HW
        if region_HW is None and moment.mask_HW is not None:
            region_HW = hull(moment.mask_HW)
        if region_HW is None or moment.driver_HWC is None or not region_HW.any() or region_HW.all():
            return self.add()
        box = border_box(region_HW)
        border = Border(region_HW[box])
        fake, driver = (lab(frame_HWC[box]) for frame_HWC in (moment.fake_HWC, moment.driver_HWC))
        return self.add(border.energy(fake) - border.energy(driver), border.step(fake) - border.step(driver))


class Border:
    """The border of a region (bool HW): which pixels lie at it and beside it, and where its normals point."""

    def __init__(self, region_HW: NDArray[np.bool_]) -> None:
        inside, outside = (_distance(part_HW) for part_HW in (region_HW, ~region_HW))
        signed_HW = np.where(region_HW, inside - 0.5, 0.5 - outside)  # 0 on the border, in pixels, positive inside
        width = max(2.0, RING * float(np.sqrt(region_HW.sum() / np.pi)))
        self.at_HW = np.abs(signed_HW) < 1
        # Smoothed, since the distances to a line of pixels turn in steps.
        self.normal_HW2 = np.stack(np.gradient(cv2.GaussianBlur(signed_HW, (0, 0), 1.5)), axis=2)
        self.normal_HW2 /= np.maximum(np.linalg.norm(self.normal_HW2, axis=2, keepdims=True), 1e-6)
        y_N, x_N = np.nonzero(region_HW)
        angle_HW = np.arctan2(*(np.indices(region_HW.shape) - np.array([y_N.mean(), x_N.mean()])[:, None, None]))
        self.sector_HW = ((angle_HW / (2 * np.pi) + 0.5) * SECTORS).astype(int) % SECTORS
        self.inner_HW = (signed_HW >= 1) & (signed_HW < width + 1)
        self.outer_HW = (signed_HW <= -1) & (signed_HW > -width - 1)

    def energy(self, lab_HWC: NDArray[np.floating]) -> float:
        """The mean change of colour across the border, delta E a pixel."""
        down_HWC, right_HWC = np.gradient(lab_HWC, axis=(0, 1))
        normal_N2 = self.normal_HW2[self.at_HW]
        across_N3 = down_HWC[self.at_HW] * normal_N2[:, :1] + right_HWC[self.at_HW] * normal_N2[:, 1:]
        return float(np.linalg.norm(across_N3, axis=1).mean())

    def step(self, lab_HWC: NDArray[np.floating]) -> float:
        """The mean colour difference between the rings, over the sectors; NaN when no sector has both."""
        (inner_S3, many_S), (outer_S3, more_S) = (self._means(lab_HWC, ring) for ring in (self.inner_HW, self.outer_HW))
        there_S = np.minimum(many_S, more_S) >= FEWEST
        return float(np.linalg.norm(inner_S3 - outer_S3, axis=1)[there_S].mean()) if there_S.any() else np.nan

    def _means(
        self, lab_HWC: NDArray[np.floating], ring_HW: NDArray[np.bool_]
    ) -> tuple[NDArray[np.floating], NDArray[np.integer]]:
        """The mean colour in each sector of a ring, (S, 3), and its pixels, (S,)."""
        sector, colours = self.sector_HW[ring_HW], lab_HWC[ring_HW]
        many_S = np.bincount(sector, minlength=SECTORS)
        sums_S3 = np.stack([np.bincount(sector, colours[:, k], SECTORS) for k in range(3)], axis=1)
        return sums_S3 / np.maximum(many_S, 1)[:, None], many_S


def meter(case: Case) -> Meter | None:
    """Looks at the border of what was replaced; None where neither it nor the truth's face is known."""
    return None if case.region is None and case.masks is None else _Seam(ENERGY, COLOUR)


def lab(frame_HWC: Frame) -> NDArray[np.floating]:
    """CIELAB (D65) of sRGB: L 0 to 100, a and b about -127 to 127."""
    return np.asarray(cv2.cvtColor(frame_HWC.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def hull(mask_HW: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The convex hull of a mask."""
    filled_HW = np.zeros(mask_HW.shape, np.uint8)
    if mask_HW.any():
        corners = cv2.convexHull(cv2.findNonZero(mask_HW.astype(np.uint8)))
        cv2.fillConvexPoly(filled_HW, np.asarray(corners, np.int32), 1)
    return filled_HW.astype(bool)


def border_box(region_HW: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The rows and columns of the region and of a margin that holds its rings."""
    rows, columns = np.flatnonzero(region_HW.any(axis=1)), np.flatnonzero(region_HW.any(axis=0))
    room = 6 + int(RING * max(len(rows), len(columns)))
    return (
        slice(max(rows[0] - room, 0), rows[-1] + room + 1),
        slice(max(columns[0] - room, 0), columns[-1] + room + 1),
    )


def _distance(part_HW: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How far each pixel of a part is from the nearest pixel outside it; 0 outside. The frame's edge is no border."""
    return np.asarray(cv2.distanceTransform(part_HW.astype(np.uint8), cv2.DIST_L2, 5), np.float32)
