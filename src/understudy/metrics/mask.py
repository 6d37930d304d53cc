"""Mask overlap: whether the fake replaced what an exact swap replaces, no less and no more.

The region that the method put its own pixels into (its paste's alpha above one half) is compared with the pixels that
the exact swap changes (the visible inner face of the truth) by intersection over union (Jaccard 1901), the measure of
segmentation challenges (Everingham et al. 2010, section 4.2). A frame in which neither has a pixel counts as 1. Swaps
only: an animation replaces everything, and a lip-sync a box whose size is its network's.

Row: `mask overlap`, IoU in [0, 1], higher is better; n = frames.
"""

import numpy as np

from understudy.metrics._case import Case, Damage, Meter, Quantity, Stream, Tally
from understudy.metrics._moment import Moment
from understudy.metrics.truth import require_masks

FAMILIES = ("swap",)
LOOKS_AT: tuple[Stream, ...] = ("fake", "masks", "region")
OVERLAP = Quantity("mask overlap", "IoU", "higher")
SEES: dict[str, tuple[Damage, ...]] = {}  # the damages change pixels, not what a method says that it replaced


class _Mask(Tally):
    def step(self, moment: Moment) -> None:
        mask_HW, region_HW = moment.mask_HW, moment.region_HW
        if mask_HW is None or region_HW is None:
            return self.add()
        either = int(np.count_nonzero(mask_HW | region_HW))
        return self.add(np.count_nonzero(mask_HW & region_HW) / either if either else 1.0)


def meter(case: Case) -> Meter | None:
    """Compares the replaced region with the truth's face; None where either is not known."""
    if case.truth is None or case.region is None:
        return None
    require_masks(case)
    return _Mask(OVERLAP)
