"""Faces ready to be sampled: every crop of a subject at a little more than the network's size, in one memory map.

Faces are averaged down once, so that a training sample is one small warp without aliasing. The file has no name any
more once it is open: nothing of a person is left behind, however the training ends.

Legend of shapes: N faces, P side of a pool's picture, C = 3 channels, RGB; 922 = 92 points of (x, y).
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from understudy import files
from understudy.errors import FaceError
from understudy.faces import align, masks
from understudy.methods import Footage
from understudy.methods._faces.space import into

if TYPE_CHECKING:
    from understudy.faces.faceset import Faceset

OVERSIZE = 1.5  # side of a pool's picture over the network's: what is left for rotation and zoom to read from


@dataclass(frozen=True)
class Pool:
    """One subject's faces by number: pictures (P, P, 3), and points in their pixels, 92 a face: the landmarks with the
    brows raised (whose hull is the extended mask), then the landmarks of the eyes and of the mouth's outline."""

    pictures_NPPC: NDArray[np.uint8]
    points_N922: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.pictures_NPPC)

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        return np.asarray(self.pictures_NPPC[index])

    @property
    def size(self) -> int:
        """Side of a picture in pixels."""
        return int(self.pictures_NPPC.shape[1])


def gather(footage: Footage, anchor_23: align.Matrix, coverage: str, size: int, folder: Path) -> Pool:
    """Packs a subject's faces for a network of `size`. Raises FaceError when there is none, DiskError without room."""
    side = round(size * OVERSIZE / 2) * 2
    count = sum(len(faceset.crops_NHWC) for faceset in footage.facesets)
    if not count:
        raise FaceError(footage.subject, "has no usable face to learn from", "Look at why in the clips' pictures.")
    folder.mkdir(parents=True, exist_ok=True)
    files.require_room(folder, count * side * side * 3)
    with tempfile.TemporaryFile(dir=folder, prefix=".pool-") as file:
        pictures = np.memmap(file, np.uint8, "w+", shape=(count, side, side, 3))
    outline = np.empty((count, 92, 2))
    at = 0
    for faceset in footage.facesets:
        for picture, points in crops(faceset, into(faceset.coverage, faceset.size, anchor_23, coverage, side), side):
            pictures[at] = picture
            outline[at] = np.concatenate([masks.raised(points), points[36:60]])
            at += 1
    return Pool(pictures, outline)


def crops(
    faceset: "Faceset", change_23: align.Matrix, side: int
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float64]]]:
    """A faceset's crops moved by `change` to pictures of `side`, averaged down where they shrink, each with its
    landmarks (68, 2) in its pixels."""
    places = zip(faceset.landmarks_N682, faceset.matrices_N23, strict=True)
    for index, (points, matrix) in enumerate(places):
        picture = align.crop(np.asarray(faceset.crops_NHWC[index]), change_23, side)
        yield picture, align.apply(align.compose(change_23, matrix), points)
