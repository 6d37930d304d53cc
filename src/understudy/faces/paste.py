"""Paste: puts a converted crop back into the driver's frame: mask, colour, blending.

Only the rectangle that the mask covers is ever touched, as 8-bit pictures and one float mask: a fraction of the work of
blending whole float frames. Outside the mask the frame stays as it is, bit for bit.

Legend of shapes: B batch, H height, W width, C = 3 channels, RGB; 23 = a matrix from frame pixels to crop pixels;
682 = 68 landmarks of (x, y).
"""

import math
from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.errors import ConfigError
from understudy.faces import align, edge, motion
from understudy.faces.colour import Colour, match
from understudy.faces.edge import Weights
from understudy.faces.edge import soften as soften
from understudy.faces.region import Box, framed, region, warp
from understudy.faces.sharpen import Sharpener, sharpened

Mask = Literal["box", "hull", "extended", "learned", "hull*learned", "extended*learned"]
Picture = NDArray[np.uint8]

_SHRINK = 1.5  # a crop with more than so many pixels to one of the frame is averaged down first
_INTERPOLATIONS = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC, "lanczos": cv2.INTER_LANCZOS4}
_RANGES = {"erode": (-0.5, 0.5), "blur": (0, 0.5), "sharpen": (0, 2), "radius": (0.25, 8), "shutter": (0, 1)}
_OPTIONAL = {"optional": True}  # what later versions added, so that a study written before them stays valid


@dataclass(frozen=True, kw_only=True)
class Paste:
    """How a crop is put into a frame.

    mask: the hull of the landmarks, the hull extended over the forehead, the network's learned mask, or products of
        them. The crop's own border (all that "box" is) limits every mask.
    erode: how far the mask is shrunk before it is blurred, as a share of the crop's side, 0 to .5; grown below 0.
    blur: the width of the mask's soft edge, half of it outwards, as a share of the crop's side, 0 to .5.
    supersample: so many times finer the mask is drawn each way, in the crop and in the frame, 1 to 8, and then
        averaged: for a hard edge (blur near 0), which is a staircase without.
    colour: what of the driver's colours inside the mask the crop takes on; see understudy.faces.colour.
    seamless: Poisson blending (cv2.seamlessClone) before the mask's blending, after the colours; slow, and it follows
        whatever lies along the edge: hair there colours the face.
    interpolation: of the crop's pixels in the frame.
    sharpen: how much of the pasted face's detail is added to it, 0 (none) to 2.
    sharpener: what counts as detail; see understudy.faces.sharpen.
    radius: how fine that detail is, in pixels of the crop, .25 to 8, but never finer than a pixel of the frame.
    shutter: the share of the time from frame to frame that a camera's shutter would be open, 0 (no motion blur) to 1:
        the pasted face is blurred along the way that the driver's face moves meanwhile. Films have .5.
    """

    mask: Mask
    erode: float
    blur: float
    colour: Colour
    seamless: bool
    interpolation: Literal["linear", "cubic", "lanczos"]
    sharpen: float
    sharpener: Sharpener = field(default="gaussian", metadata=_OPTIONAL)
    radius: float = field(default=1.0, metadata=_OPTIONAL)
    shutter: float = field(default=0.0, metadata=_OPTIONAL)
    supersample: int = field(default=1, metadata=_OPTIONAL)

    def __post_init__(self) -> None:
        for name, (least, most) in _RANGES.items():
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} must be from {least:g} to {most:g}, and is {getattr(self, name)}")
        if self.supersample not in range(1, 9):
            raise ValueError(f"supersample must be a whole number from 1 to 8, and is {self.supersample}")


@dataclass(frozen=True, kw_only=True)
class Blend:
    """A pasted frame, and what of it is the fake.

    frame: the driver's frame with the crop in it. box: the rectangle (x0, y0, x1, y1) outside of which no pixel was
    touched; None when none was. alpha: the crop's weights in that rectangle, in [0, 1].
    """

    frame_HWC: Picture
    box: Box | None
    alpha_HW: Weights

    def fake_HW(self) -> NDArray[np.bool_]:  # noqa: N802 - named by its shape
        """The pixels of the frame in which the crop outweighs the driver (alpha above one half)."""
        return np.asarray(framed(self.frame_HWC.shape, self.box, self.alpha_HW) > 0.5)


def paste(
    frame_HWC: Picture,
    crop_HWC: Picture,
    matrix_23: NDArray[np.float64],
    landmarks_682: NDArray[np.float64],
    settings: Paste,
    mask_HW: Weights | None = None,
    motion_2: NDArray[np.float64] | None = None,
) -> Picture:
    """A copy of the frame with the crop pasted in; see `blend`."""
    return blend(frame_HWC, crop_HWC, matrix_23, landmarks_682, settings, mask_HW, motion_2).frame_HWC


def blend(
    frame_HWC: Picture,
    crop_HWC: Picture,
    matrix_23: NDArray[np.float64],
    landmarks_682: NDArray[np.float64],
    settings: Paste,
    mask_HW: Weights | None = None,
    motion_2: NDArray[np.float64] | None = None,
) -> Blend:
    """A copy of the frame with the crop pasted in, and the weights with which it was.

    crop: square, any size; `matrix` takes the frame's pixels to its pixels. landmarks: the driver's, in frame pixels.
    mask: the network's own, the size of the crop, in [0, 1]. motion: how far the driver's face moves from this frame to
    the next, in frame pixels; see understudy.faces.motion.movement. Raises ConfigError when settings ask in vain for
    one of the two.
    """
    size, out = crop_HWC.shape[0], frame_HWC.copy()
    weights_HW = mask(landmarks_682, matrix_23, size, settings, mask_HW)
    streak_2 = _streak(settings, motion_2)
    box, alpha_HW = _edged(weights_HW, matrix_23, size, frame_HWC.shape, settings.supersample)
    if box is None:
        return Blend(frame_HWC=out, box=None, alpha_HW=alpha_HW)
    x0, y0, x1, y1 = box
    part_HWC = out[y0:y1, x0:x1]
    crop_HWC = _coloured(frame_HWC, crop_HWC, matrix_23, weights_HW, settings.colour)
    face_HWC = _placed(crop_HWC, matrix_23, box, settings, streak_2)
    if settings.seamless:
        face_HWC = seamless(part_HWC, face_HWC, alpha_HW)
    out[y0:y1, x0:x1] = cv2.blendLinear(face_HWC, part_HWC, alpha_HW, 1 - alpha_HW)
    return Blend(frame_HWC=out, box=box, alpha_HW=alpha_HW)


def alpha(
    shape: tuple[int, ...],
    size: int,
    matrix_23: NDArray[np.float64],
    landmarks_682: NDArray[np.float64],
    settings: Paste,
    mask_HW: Weights | None = None,
) -> Weights:
    """The weights (HW of a whole frame of `shape`, in [0, 1]) with which `blend` pastes a crop of `size` pixels."""
    weights_HW = mask(landmarks_682, matrix_23, size, settings, mask_HW)
    return framed(shape, *_edged(weights_HW, matrix_23, size, shape, settings.supersample))


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
    """The blending mask in crop space, in [0, 1]: the product asked for, eroded, blurred.

    It is drawn at 128 x 128, and `supersample` times finer.
    """
    side = edge.SIDE * settings.supersample
    to_mask = align.compose(edge.resized(size, side), matrix_23)
    product = edge.draw(landmarks_682, to_mask, side, settings.mask, mask_HW)
    soft = soften(product, settings.erode, settings.blur, parts=settings.supersample)
    return edge.window(settings.blur, side) * soft


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


def _streak(settings: Paste, motion_2: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """The way (frame pixels) that the driver's face moves while the shutter is open."""
    if settings.shutter == 0:
        return np.zeros(2)
    if motion_2 is None:
        fact = f"is {settings.shutter:g}, and how the driver's face moves is not known here"
        raise ConfigError("paste.shutter", fact, "Write 0, or give the movement with the landmarks.")
    return settings.shutter * np.asarray(motion_2, np.float64)


def _edged(
    weights_HW: Weights, matrix_23: NDArray[np.float64], size: int, shape: tuple[int, ...], finer: int
) -> tuple[Box | None, Weights]:
    """The region of the frame that a mask touches, and the mask in its pixels, each the mean of finer x finer."""
    to_mask = align.compose(edge.resized(size, weights_HW.shape[0]), matrix_23)
    box = region(weights_HW, to_mask, shape)
    if box is None:
        return None, np.zeros((0, 0), np.float32)
    alpha_HW = warp(weights_HW, to_mask, box, cv2.INTER_LINEAR, fill=True, finer=finer)
    return box, np.asarray(alpha_HW, np.float32)


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
    crop_HWC: Picture, matrix_23: NDArray[np.float64], box: Box, settings: Paste, streak_2: NDArray[np.float64]
) -> Picture:
    """The crop as it lies in the region's pixels, sharpened, then blurred as it moves."""
    size = crop_HWC.shape[0]
    spread = 1 / float(np.sqrt(abs(np.linalg.det(matrix_23[:, :2]))))  # frame pixels a crop pixel
    if spread < 1 / _SHRINK:  # interpolation alone would pick single pixels, and flicker
        small = max(8, round(size * spread))
        crop_HWC = np.asarray(cv2.resize(crop_HWC, (small, small), interpolation=cv2.INTER_AREA), np.uint8)
        matrix_23 = align.compose(edge.resized(size, small), matrix_23)
    # A face that seems to leap by more than its own width was lost and found again.
    leap = math.hypot(*streak_2) / (size * spread)
    streak_2 = streak_2 / max(1.0, leap)
    room = motion.reach(streak_2)
    x0, y0, x1, y1 = box
    wider = (x0 - room, y0 - room, x1 + room, y1 + room)
    face_HWC = warp(crop_HWC, matrix_23, wider, _INTERPOLATIONS[settings.interpolation])
    face_HWC = sharpened(face_HWC, settings.sharpener, settings.sharpen, max(1.0, settings.radius * spread))
    face_HWC = motion.blurred(face_HWC, streak_2)
    return np.ascontiguousarray(face_HWC[room : room + y1 - y0, room : room + x1 - x0])
