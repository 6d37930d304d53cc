"""Edge: where a pasted face ends: its mask drawn, shrunk or grown, softened.

Legend of shapes: HW a square mask in crop space, float32 from 0 to 1; 23 = a matrix from frame pixels to crop pixels;
682 = 68 landmarks of (x, y).
"""

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.errors import ConfigError
from understudy.faces import masks

Weights = NDArray[np.float32]

# Masks are drawn at this size whatever the crop's: a 64 px crop's mask would be a staircase in the frame, and a
# larger one buys nothing where the edge is soft, since the polygon is drawn to a sixteenth of a pixel.
SIDE = 128
_PASSES = 3  # of the box filter: near enough to a Gaussian, and it ends where it ends: the outside stays untouched


def draw(
    landmarks_682: NDArray[np.float64],
    to_mask_23: NDArray[np.float64],
    side: int,
    terms: str,
    learned_HW: Weights | None,
) -> Weights:
    """The product of masks that `terms` names ("hull*learned"), `side` pixels wide. `to_mask` goes to its pixels."""
    product = np.ones((side, side), np.float32)
    for term in terms.split("*"):
        if term == "hull":
            product = product * masks.hull(landmarks_682, side, to_mask_23)
        elif term == "extended":
            product = product * masks.extended(landmarks_682, side, to_mask_23)
        elif term == "learned":
            product = product * _learned(learned_HW, side)
    return product


def soften(mask_HW: Weights, erode: float, blur: float, parts: int = 1) -> Weights:
    """The mask eroded by a disc, then blurred by three box passes; `erode` and `blur` are shares of its side.

    A negative `erode` grows the mask. The blur's support reaches blur / 2 outwards and inwards. What lies beyond the
    mask's border counts as outside. parts: discs whose radii add up to that of the whole, and which cost a large mask
    far less, one after the other, than the whole does.
    """
    side = mask_HW.shape[0]
    radius, reach = round(erode * side), round(blur * side / 2)
    change = cv2.erode if radius > 0 else cv2.dilate
    for number in range(parts if radius else 0):
        share = (abs(radius) + number) // parts
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * share + 1, 2 * share + 1))
        mask_HW = np.asarray(change(mask_HW, disc, borderType=cv2.BORDER_CONSTANT, borderValue=0), np.float32)
    for number in range(_PASSES if reach else 0):
        step = (reach + number) // _PASSES  # the passes' reaches add up to that of the whole
        blurred = cv2.blur(mask_HW, (2 * step + 1, 2 * step + 1), borderType=cv2.BORDER_CONSTANT)
        mask_HW = np.asarray(blurred, np.float32)
    return np.asarray(np.clip(mask_HW, 0, 1), dtype=np.float32)


@functools.lru_cache(maxsize=32)
def window(blur: float, side: int) -> Weights:
    """1, falling to 0 at the crop's border, where the crop ends and a seam would show.

    The ramp is half the blur wide and at least two pixels of a mask of SIDE.
    """
    scale = side / SIDE
    distance = (np.arange(side, dtype=np.float32) + 0.5).clip(max=side - np.arange(side) - 0.5)
    ramp = np.clip((distance - 0.5) / max(2.0 * scale, blur * side / 2), 0, 1)
    smooth = (ramp * ramp * (3 - 2 * ramp)).astype(np.float32)
    weights = np.outer(smooth, smooth)
    weights.flags.writeable = False
    return weights


def resized(size_from: int, size_to: int) -> NDArray[np.float64]:
    """The matrix (23) between two sizes of one picture; pixel centres are at integers."""
    scale = size_to / size_from
    return np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2]])


def _learned(mask_HW: Weights | None, side: int) -> Weights:
    if mask_HW is None:
        raise ConfigError("paste.mask", "asks for a learned mask, and this network has none", "Write 'extended'.")
    return np.asarray(np.clip(cv2.resize(mask_HW, (side, side), interpolation=cv2.INTER_LINEAR), 0, 1), np.float32)
