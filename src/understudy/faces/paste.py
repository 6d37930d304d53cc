"""Paste: puts a converted crop back into the driver's frame: mask, colour, blending.

Only the rectangle that the mask covers is ever touched, as 8-bit pictures and one float mask: a fraction of the work of
blending whole float frames. Outside the mask the frame stays as it is, bit for bit.

Legend of shapes: B batch, H height, W width, C = 3 channels, RGB; 23 = a matrix from frame pixels to crop pixels;
682 = 68 landmarks of (x, y).
"""

import functools
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.errors import ConfigError
from understudy.faces import align, masks
from understudy.faces.colour import Colour, match

Mask = Literal["box", "hull", "extended", "learned", "hull*learned", "extended*learned"]
Picture = NDArray[np.uint8]
Weights = NDArray[np.float32]

# Masks are drawn at this size whatever the crop's: a 64 px crop's mask would be a staircase in the frame, and a
# larger one buys nothing, since the edge is soft and the polygon is drawn to a sixteenth of a pixel.
_SIDE = 128
_PASSES = (
    3  # of the box filter: near enough to a Gaussian, and it ends where it ends, so that the outside stays untouched
)
_SHRINK = 1.5  # a crop with more than so many pixels to one of the frame is averaged down first
_INTERPOLATIONS = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC, "lanczos": cv2.INTER_LANCZOS4}


@dataclass(frozen=True, kw_only=True)
class Paste:
    """How a crop is put into a frame.

    mask: the hull of the landmarks, the hull extended over the forehead, the network's learned mask, or products of
        them. The crop's own border (all that "box" is) limits every mask.
    erode: how far the mask is shrunk before it is blurred, as a share of the crop's side, 0 to .5.
    blur: the width of the mask's soft edge, half of it outwards, as a share of the crop's side, 0 to .5.
    colour: what of the driver's colours inside the mask the crop takes on.
    seamless: Poisson blending (cv2.seamlessClone) before the mask's blending; slow, and it follows whatever lies
        along the edge: hair there colours the face.
    interpolation: of the crop's pixels in the frame.
    sharpen: unsharp masking of the pasted face, 0 (none) to 2; its radius is one pixel of the crop.
    """

    mask: Mask
    erode: float
    blur: float
    colour: Colour
    seamless: bool
    interpolation: Literal["linear", "cubic", "lanczos"]
    sharpen: float

    def __post_init__(self) -> None:
        for name, most in (("erode", 0.5), ("blur", 0.5), ("sharpen", 2.0)):
            if not 0 <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be from 0 to {most:g}, and is {getattr(self, name)}")


def paste(
    frame_HWC: Picture,
    crop_HWC: Picture,
    matrix_23: NDArray[np.float64],
    landmarks_682: NDArray[np.float64],
    settings: Paste,
    mask_HW: Weights | None = None,
) -> Picture:
    """A copy of the frame with the crop pasted in.

    crop: square, any size; `matrix` takes the frame's pixels to its pixels. landmarks: the driver's, in frame pixels.
    mask: the network's own, the size of the crop, in [0, 1]. Raises ConfigError when settings ask for it in vain.
    """
    size = crop_HWC.shape[0]
    weights_HW = mask(landmarks_682, matrix_23, size, settings, mask_HW)
    out = frame_HWC.copy()
    box = _region(weights_HW, matrix_23, size, frame_HWC.shape)
    if box is None:
        return out
    x0, y0, x1, y1 = box
    part_HWC = out[y0:y1, x0:x1]
    crop_HWC = _coloured(frame_HWC, crop_HWC, matrix_23, weights_HW, settings.colour)
    face_HWC = _placed(crop_HWC, matrix_23, box, settings)
    alpha_HW = _warp(weights_HW, align.compose(_resized(size, _SIDE), matrix_23), box, cv2.INTER_LINEAR, fill=True)
    if settings.seamless:
        face_HWC = seamless(part_HWC, face_HWC, alpha_HW)
    out[y0:y1, x0:x1] = cv2.blendLinear(face_HWC, part_HWC, alpha_HW, 1 - alpha_HW)
    return out


def pictures(crops_BCHW: NDArray[np.float32]) -> tuple[NDArray[np.uint8], Weights | None]:
    """What a method yields (float in [0, 1], 3 or 4 channels), as 8-bit pictures BHWC and learned masks BHW or None."""
    bytes_BCHW = np.rint(np.clip(crops_BCHW[:, :3], 0, 1) * np.float32(255)).astype(np.uint8)
    learned = np.clip(crops_BCHW[:, 3], 0, 1) if crops_BCHW.shape[1] == 4 else None
    return np.ascontiguousarray(bytes_BCHW.transpose(0, 2, 3, 1)), learned


def mask(
    landmarks_682: NDArray[np.float64],
    matrix_23: NDArray[np.float64],
    size: int,
    settings: Paste,
    mask_HW: Weights | None = None,
) -> Weights:
    """The blending mask in crop space, drawn at 128 x 128, in [0, 1]: the product asked for, eroded, blurred."""
    to_mask = align.compose(_resized(size, _SIDE), matrix_23)
    product = np.ones((_SIDE, _SIDE), np.float32)
    for term in settings.mask.split("*"):
        if term == "hull":
            product = product * masks.hull(landmarks_682, _SIDE, to_mask)
        elif term == "extended":
            product = product * masks.extended(landmarks_682, _SIDE, to_mask)
        elif term == "learned":
            product = product * _learned(mask_HW)
    return _window(settings.blur) * soften(product, settings.erode, settings.blur)


def soften(mask_HW: Weights, erode: float, blur: float) -> Weights:
    """The mask eroded by a disc, then blurred by three box passes; `erode` and `blur` are shares of its side.

    The blur's support reaches blur / 2 outwards and inwards. What lies beyond the mask's border counts as outside.
    """
    side = mask_HW.shape[0]
    radius, reach = round(erode * side), round(blur * side / 2)
    if radius:
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        mask_HW = np.asarray(cv2.erode(mask_HW, disc, borderType=cv2.BORDER_CONSTANT, borderValue=0), np.float32)
    for number in range(_PASSES if reach else 0):
        step = (reach + number) // _PASSES  # the passes' reaches add up to that of the whole
        blurred = cv2.blur(mask_HW, (2 * step + 1, 2 * step + 1), borderType=cv2.BORDER_CONSTANT)
        mask_HW = np.asarray(blurred, np.float32)
    return np.asarray(np.clip(mask_HW, 0, 1), dtype=np.float32)


def seamless(frame_HWC: Picture, face_HWC: Picture, mask_HW: Weights) -> Picture:
    """The face with its gradients kept and its edge that of the frame, solved where the mask is above one half.

    Perez et al., Poisson Image Editing (SIGGRAPH 2003), equation 11, by cv2.seamlessClone, which fails on a mask that
    touches the border and on a mask of a few pixels: there the face stays as it was.
    """
    # The outer half of the soft edge may lie on hair or background, whose colours would bleed into the face.
    inside = np.asarray(mask_HW > 0.5, dtype=np.uint8)
    inside[:2], inside[-2:], inside[:, :2], inside[:, -2:] = 0, 0, 0, 0
    x, y, width, height = cv2.boundingRect(inside)
    if min(width, height) < 8:
        return face_HWC
    # OpenCV centres the mask's bounding box on this point, halves rounded down.
    centre = (x + width // 2, y + height // 2)
    return np.asarray(
        cv2.seamlessClone(face_HWC, frame_HWC, inside * np.uint8(255), centre, cv2.NORMAL_CLONE), np.uint8
    )


def _learned(mask_HW: Weights | None) -> Weights:
    if mask_HW is None:
        raise ConfigError("paste.mask", "asks for a learned mask, and this network has none", "Write 'extended'.")
    return np.asarray(np.clip(cv2.resize(mask_HW, (_SIDE, _SIDE), interpolation=cv2.INTER_LINEAR), 0, 1), np.float32)


@functools.lru_cache(maxsize=16)
def _window(blur: float) -> Weights:
    """1, falling to 0 at the crop's border, where the crop ends and a seam would show; at least two pixels wide."""
    distance = (np.arange(_SIDE, dtype=np.float32) + 0.5).clip(max=_SIDE - np.arange(_SIDE) - 0.5)
    ramp = np.clip((distance - 0.5) / max(2.0, blur * _SIDE / 2), 0, 1)
    smooth = (ramp * ramp * (3 - 2 * ramp)).astype(np.float32)
    window = np.outer(smooth, smooth)
    window.flags.writeable = False
    return window


def _resized(size_from: int, size_to: int) -> NDArray[np.float64]:
    """The matrix (23) between two sizes of one picture; pixel centres are at integers."""
    scale = size_to / size_from
    return np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2]])


def _region(
    weights_HW: Weights, matrix_23: NDArray[np.float64], size: int, shape: tuple[int, ...]
) -> tuple[int, int, int, int] | None:
    """The rectangle (x0, y0, x1, y1) of the frame that holds the mask's support; None when there is none in it."""
    x, y, width, height = cv2.boundingRect((weights_HW > 0).astype(np.uint8))
    if not width:
        return None
    edges = (x - 1, y - 1, x + width, y + height)  # a support pixel's interpolation reaches its neighbours
    corners = np.array([(edges[i], edges[j]) for i in (0, 2) for j in (1, 3)], np.float64)
    to_frame = align.invert(align.compose(_resized(size, _SIDE), matrix_23))
    points = align.apply(to_frame, corners)
    x0, y0 = np.maximum(np.floor(points.min(axis=0)).astype(int) - 2, 0)
    x1, y1 = np.minimum(np.ceil(points.max(axis=0)).astype(int) + 3, (shape[1], shape[0]))
    return (int(x0), int(y0), int(x1), int(y1)) if x0 < x1 and y0 < y1 else None


def _coloured(
    frame_HWC: Picture, crop_HWC: Picture, matrix_23: NDArray[np.float64], weights_HW: Weights, how: Colour
) -> Picture:
    """The crop in the driver's colours: matched in crop space, where both are small and lie upon each other."""
    if how == "none":
        return crop_HWC
    size = crop_HWC.shape[0]
    weights = np.asarray(cv2.resize(weights_HW, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)
    corners = align.apply(align.invert(matrix_23), np.array([(0, 0), (0, size), (size, 0), (size, size)]))
    if corners.min() < 0 or (corners > (frame_HWC.shape[1] - 1, frame_HWC.shape[0] - 1)).any():
        # What the frame does not show has no colour to match.
        shown = cv2.warpAffine(np.ones(frame_HWC.shape[:2], np.uint8), matrix_23, (size, size), flags=cv2.INTER_NEAREST)
        weights = weights * shown
    return match(crop_HWC, align.crop(frame_HWC, matrix_23, size), weights, how)


def _placed(
    crop_HWC: Picture, matrix_23: NDArray[np.float64], box: tuple[int, int, int, int], settings: Paste
) -> Picture:
    """The crop as it lies in the region's pixels, sharpened."""
    size = crop_HWC.shape[0]
    spread = 1 / float(np.sqrt(abs(np.linalg.det(matrix_23[:, :2]))))  # frame pixels a crop pixel
    if spread < 1 / _SHRINK:  # interpolation alone would pick single pixels, and flicker
        small = max(8, round(size * spread))
        crop_HWC = np.asarray(cv2.resize(crop_HWC, (small, small), interpolation=cv2.INTER_AREA), np.uint8)
        matrix_23 = align.compose(_resized(size, small), matrix_23)
    face_HWC = _warp(crop_HWC, matrix_23, box, _INTERPOLATIONS[settings.interpolation])
    if settings.sharpen:
        soft = cv2.GaussianBlur(face_HWC, (0, 0), max(1.0, spread))
        face_HWC = cv2.addWeighted(face_HWC, 1 + settings.sharpen, soft, -settings.sharpen, 0)
    return np.asarray(face_HWC, np.uint8)


def _warp(
    picture: NDArray[Any],
    matrix_23: NDArray[np.float64],
    box: tuple[int, int, int, int],
    flags: int,
    fill: bool = False,
) -> NDArray[Any]:
    """A picture of crop space, seen in the frame's region `box`; beyond its border 0 (fill) or its edge repeated."""
    x0, y0, x1, y1 = box
    moved = align.compose(matrix_23, np.array([[1.0, 0, x0], [0, 1.0, y0]]))
    border = cv2.BORDER_CONSTANT if fill else cv2.BORDER_REPLICATE
    return np.asarray(
        cv2.warpAffine(picture, moved, (x1 - x0, y1 - y0), flags=flags | cv2.WARP_INVERSE_MAP, borderMode=border)
    )
