"""Framing: a clip as a square that the face fills, as networks that move a picture were shown people.

One square for the whole clip, so that nothing moves but the head: about the face's boxes of all frames, with room
around them. So were the clips of VoxCeleb cropped that FOMM and LIA learned from (Siarohin et al. 2019, section 4),
whose boxes hold up to 40 s of movement, so that a face seldom fills all of them. A clip that is already a square with a
large enough face stays whole.

A face here is what its 68 landmarks span, from the brows to the chin. Legend of shapes: T frames of a clip, HWC a
frame, S side of the framed picture; 4 = (x0, y0, x1, y1); 23 = a matrix from the clip's pixels to framed pixels, pixel
centres at integers.
"""

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy import files, media
from understudy.errors import FaceError
from understudy.faces.align import Matrix
from understudy.faces.smooth import smooth

if TYPE_CHECKING:
    from understudy.faces.faceset import Faceset

FOREHEAD = 0.3  # of the height from brows to chin: what detectors' boxes hold above the brows
_SOFT = 1.5  # enlarged by more than this, a picture looks soft: it is said
_FEW = 0.05  # of the frames: other faces in fewer are not worth a word


@dataclass(frozen=True, kw_only=True)
class Framing:
    """How clips are made square.

    size: side of the framed clips in pixels. fill: a clip that is square already stays whole when the face fills this
    share of its height, brows to chin. closest: the largest share that a face is made to fill where a square is cut
    out. margin: room about the face's boxes on each side, as a share of what they span; FOMM has .1. smoothing: seconds
    of the window over the boxes. smallest: pixels from brows to chin below which a face is refused.
    """

    size: int = 256
    fill: float = 0.4
    closest: float = 0.5
    margin: float = 0.1
    smoothing: float = 0.2
    smallest: int = 40

    def __post_init__(self) -> None:
        if self.size < 16 or self.size % 2:
            raise ValueError("size must be even, and 16 or more")
        if not 0 < self.fill <= self.closest <= 1:
            raise ValueError("fill must be above 0 and at most closest, and closest at most 1")
        if not 0 <= self.margin <= 1 or self.smoothing < 0 or self.smallest < 1:
            raise ValueError("margin must be 0 to 1, smoothing 0 or more, smallest 1 or more")


@dataclass(frozen=True, kw_only=True)
class Square:
    """The part of the frame that is shown: its corner and side in pixels of the clip, which may lie beyond the edge."""

    x: int
    y: int
    side: int

    def pads(self, width: int, height: int) -> tuple[int, int, int, int]:
        """By how many pixels it lies beyond the frame: left, top, right, bottom."""
        ends = self.x + self.side - width, self.y + self.side - height
        return max(0, -self.x), max(0, -self.y), max(0, ends[0]), max(0, ends[1])

    def matrix(self, size: int) -> Matrix:
        """The matrix (23) from the clip's pixels to those of the framed picture."""
        scale = size / self.side
        return np.array(
            [[scale, 0, (0.5 - self.x) * scale - 0.5], [0, scale, (0.5 - self.y) * scale - 0.5]], dtype=np.float64
        )


def frame_clip(
    clip: Path, faceset: "Faceset", out: Path, card: Path, settings: Framing, crf: float = 12
) -> dict[str, Any]:
    """Writes the framed clip with its sound, and the card of what was done; returns the card.

    Raises FaceError when the faceset is of another clip, holds no face, or one that is too small.
    """
    clip = Path(clip)
    square = choose(clip, faceset, settings)
    _write(clip, square, faceset, Path(out), settings, crf)
    told = _card(clip, square, faceset, settings)
    files.write_json(Path(card), told)
    return told


def read_matrix(card: Path) -> Matrix:
    """The matrix (23) of a card: from the clip's pixels to framed pixels."""
    return np.array(files.read_json(card)["matrix_23"], np.float64).reshape(2, 3)


def read_size(card: Path) -> int:
    """The side in pixels of the framed clip that a card is of."""
    return int(files.read_json(card)["settings"]["size"])


def choose(clip: Path, faceset: "Faceset", settings: Framing) -> Square:
    """The square that is shown of a clip. Raises FaceError as `frame_clip`."""
    probe = media.probe(clip)
    if (probe.width, probe.height, probe.frames) != (faceset.width, faceset.height, len(faceset.table)):
        fact = f"is {probe.width} x {probe.height} with {probe.frames} frames, and the faceset is of another clip"
        raise FaceError(clip, fact, "Extract the clip again.")
    high = height(faceset)
    if high is None:
        raise FaceError(clip, "no face was found in any of its frames", "Take it out of the manifest.")
    if high < settings.smallest:
        fact = f"the face is {high:.0f} pixels high from brows to chin, and {settings.smallest} are the fewest"
        raise FaceError(clip, fact, "Film from nearer by, keep more pixels, or lower framing.smallest.")
    if probe.width == probe.height and high >= settings.fill * probe.height:
        return Square(x=0, y=0, side=probe.width)
    span_4 = span(faceset, high, settings)
    need = float(max(span_4[2:] - span_4[:2]))
    return place(span_4, max((1 + 2 * settings.margin) * need, high / settings.closest), probe.width, probe.height)


def height(faceset: "Faceset") -> float | None:
    """The face's height from brows to chin in the clip's pixels, its median over the frames; None without a face."""
    boxes_T4 = faceset.boxes_T4
    tall = boxes_T4[:, 3] - boxes_T4[:, 1]
    return float(np.nanmedian(tall)) if np.isfinite(tall).any() else None


def span(faceset: "Faceset", high: float, settings: Framing) -> NDArray[np.float64]:
    """What the face's boxes of all frames span (4), with the forehead, in the clip's pixels."""
    boxes_T4 = smooth(faceset.boxes_T4, faceset.fps, settings.smoothing)
    x0, y0 = np.nanmin(boxes_T4[:, :2], axis=0)
    x1, y1 = np.nanmax(boxes_T4[:, 2:], axis=0)
    return np.array([x0, y0 - FOREHEAD * high, x1, y1])


def place(span_4: NDArray[np.float64], wanted: float, wide: int, high: int) -> Square:
    """The square about what a face spans, of `wanted` pixels, inside a frame of wide x high where that is possible.

    Where the frame has no room for it, the largest square inside the frame is taken as long as it holds the face; where
    it does not, the square is as large as the face and reaches beyond the frame.
    """
    need, room = float(max(span_4[2:] - span_4[:2])), min(wide, high)
    side = min(_even(wanted), room // 2 * 2) if need <= room else _even(need)
    corner = (span_4[:2] + span_4[2:] - side) / 2
    x, y = (
        round(float(np.clip(at, 0, length - side))) if side <= length else round((length - side) / 2)
        for at, length in zip(corner, (wide, high), strict=True)
    )
    return Square(x=x, y=y, side=side)


def _even(pixels: float) -> int:
    """The least even number that is not below; what is a hair above one counts as it."""
    return 2 * int(np.ceil(pixels / 2 - 1e-6))


def framed(frame_HWC: NDArray[np.uint8], square: Square, size: int) -> NDArray[np.uint8]:
    """The square of a frame (S, S, C); beyond the frame its edge goes on."""
    high, wide = frame_HWC.shape[:2]
    left, top, right, bottom = square.pads(wide, high)
    inside = frame_HWC[
        max(square.y, 0) : min(square.y + square.side, high), max(square.x, 0) : min(square.x + square.side, wide)
    ]
    if left or top or right or bottom:
        inside = np.asarray(cv2.copyMakeBorder(inside, top, bottom, left, right, cv2.BORDER_REPLICATE), np.uint8)
    return resized(np.ascontiguousarray(inside), size)


def resized(frame_HWC: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """The whole frame at size x size: averaged where it shrinks, interpolated by cubics where it grows."""
    if frame_HWC.shape[:2] == (size, size):
        return frame_HWC
    how = cv2.INTER_AREA if min(frame_HWC.shape[:2]) > size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(frame_HWC, (size, size), interpolation=how), np.uint8)


def _write(clip: Path, square: Square, faceset: "Faceset", out: Path, settings: Framing, crf: float) -> None:
    """Writes the framed clip; one that needs no change is copied, so that nothing of it is lost."""
    if square == Square(x=0, y=0, side=settings.size) and faceset.width == faceset.height == settings.size:
        with files.whole(out) as part:
            shutil.copyfile(clip, part)
        return
    shown: Iterator[NDArray[np.uint8]] = (framed(frame, square, settings.size) for frame in media.frames(clip))
    media.write(out, shown, fps=media.probe(clip).fps, sound=clip, crf=crf)


def _card(clip: Path, square: Square, faceset: "Faceset", settings: Framing) -> dict[str, Any]:
    """What was done, as plain values."""
    high = height(faceset) or 0.0
    others = int((faceset.table["faces"] > 1).sum())
    return {
        "clip": clip.name,
        "width": faceset.width,
        "height": faceset.height,
        "square": asdict(square),
        "padded": list(square.pads(faceset.width, faceset.height)),
        "matrix_23": square.matrix(settings.size).tolist(),
        "fills": {"before": round(high / faceset.height, 4), "after": round(high / square.side, 4)},
        "frames": len(faceset.table),
        "frames_with_others": others,
        "settings": asdict(settings),
        "said": said(square, faceset, settings, high, others),
    }


def said(square: Square, faceset: "Faceset", settings: Framing, high: float, others: int) -> str:
    """What was done, in words for the user."""
    wide, tall, size = faceset.width, faceset.height, settings.size
    words = f"The face, brows to chin, filled {high / tall:.0%} of the height of {wide} x {tall} pixels"
    if (square.x, square.y, square.side, wide) == (0, 0, wide, tall):
        words += ", so the whole frame was kept"
    else:
        words += f". The square of {square.side} pixels about it, from ({square.x}, {square.y}) on, was cut out"
    if square.side != size:
        words += f", and {'reduced' if square.side > size else 'enlarged'} to {size} x {size}"
    if (square.x, square.y, square.side, wide) != (0, 0, wide, tall):
        words += f"; there it fills {high / square.side:.0%}"
    words += "."
    if size > _SOFT * square.side:
        words += f" Enlarged {size / square.side:.1f} times, it looks soft: film from nearer by."
    pads = square.pads(wide, tall)
    if any(pads):
        sides = [name for name, pixels in zip(("left", "top", "right", "bottom"), pads, strict=True) if pixels]
        words += f" The square reaches beyond the frame ({', '.join(sides)}), where the frame's edge is repeated."
    if others > _FEW * len(faceset.table):
        words += f" Other faces were seen in {others} of {len(faceset.table)} frames: the subject's was followed."
    return words
