"""The faceset of a clip: its aligned crops, packed in one memory-mapped array, and a table with a row a video frame.

A faceset is a folder:
    crops.npy       uint8 RGB (N, S, S, 3): the kept faces, in the order of the frames
    landmarks.npy   float32 (T, 68, 2): smoothed landmarks in frame pixels, NaN where the subject's face was not found
    track.parquet   a row a video frame, columns COLUMNS
    card.json       size, coverage, the clip's width, height and rate, counts by reason, settings, model digests
    picture.png     what was kept, what was dropped, and why

Shapes: T video frames, N kept frames, S side of a crop; 682 = 68 points of (x, y); 23 = a 2x3 matrix.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from understudy import files
from understudy.errors import FaceError
from understudy.faces.align import Matrix, compose, crop, narrow

VERSION = 1

COLUMNS = {
    "frame": "int64",  # number of the video frame, from 0
    "time": "float64",  # seconds from the first frame
    "faces": "int64",  # how many faces were seen in the frame, whoever's
    "found": "bool",  # whether the subject's face was
    "track": "int64",  # number of the track the face belongs to, or -1; it changes at a cut or after a loss
    "tracked": "bool",  # carried from the frame before, where the detector was not run or failed
    "kept": "bool",  # whether it became a crop
    "reason": "str",  # why not: see understudy.faces.timeline.REASONS; empty when kept
    "score": "float64",  # the detector's margin, 0 is its threshold; NaN where it failed and the face was carried
    "x0": "float64",  # the box around the landmarks, frame pixels
    "y0": "float64",
    "x1": "float64",
    "y1": "float64",
    "yaw": "float64",  # degrees; positive turns to the subject's own left (right in the picture)
    "pitch": "float64",  # degrees; positive looks up
    "roll": "float64",  # degrees; positive tilts clockwise in the picture
    "sharpness": "float64",  # fine detail as a share of contrast, see understudy.faces.quality
    "distance": "float64",  # embedding distance of this track to the subject's references, or to the clip's own face
    "crop": "int64",  # index into crops, or -1
    "m00": "float64",  # the matrix from frame pixels to crop pixels
    "m01": "float64",
    "m02": "float64",
    "m10": "float64",
    "m11": "float64",
    "m12": "float64",
}
"""The columns of the table and their types."""

MATRIX = ["m00", "m01", "m02", "m10", "m11", "m12"]


@dataclass(frozen=True, eq=False)
class View:
    """A faceset's crops seen at another coverage and size, warped one at a time as they are asked for."""

    crops_NHWC: NDArray[np.uint8]
    matrices_N23: Matrix  # frame pixels -> this view's pixels
    narrow_23: Matrix  # packed crop's pixels -> this view's pixels
    coverage: str
    size: int

    def __len__(self) -> int:
        return len(self.crops_NHWC)

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        """Crop number `index` (size, size, 3)."""
        picked = np.asarray(self.crops_NHWC[index])
        if self.size == picked.shape[0] and np.allclose(self.narrow_23, np.eye(2, 3), atol=1e-9):
            return picked
        return crop(picked, self.narrow_23, self.size)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (self[index] for index in range(len(self)))


@dataclass(frozen=True, eq=False)
class Faceset:
    """A faceset, open for reading. Its crops and landmarks stay on the disk until they are touched."""

    folder: Path
    card: dict[str, Any]
    table: pd.DataFrame
    crops_NHWC: NDArray[np.uint8]
    track_T682: NDArray[np.float32]

    @classmethod
    def open(cls, folder: Path | str) -> "Faceset":
        """Opens a folder written by `extract`. Raises FaceError when it is not a whole faceset of this version."""
        folder = Path(folder)
        try:
            card = files.read_json(folder / "card.json")
            table = pd.read_parquet(folder / "track.parquet")
            crops = np.load(folder / "crops.npy", mmap_mode="r")
            track = np.load(folder / "landmarks.npy", mmap_mode="r")
        except (OSError, ValueError) as error:
            raise FaceError(folder, f"is not a faceset ({error})", "Extract the clip again.") from error
        if card.get("version") != VERSION or len(crops) != int(table["kept"].sum()):
            raise FaceError(folder, "is a faceset of another version, or damaged", "Extract the clip again.")
        return cls(folder, card, table, crops, track)

    def __len__(self) -> int:
        return len(self.crops_NHWC)

    @property
    def size(self) -> int:
        """Side of a crop in pixels."""
        return int(self.card["size"])

    @property
    def coverage(self) -> str:
        """Named coverage of the crops."""
        return str(self.card["coverage"])

    @property
    def width(self) -> int:
        """Width of the clip's frames in pixels."""
        return int(self.card["width"])

    @property
    def height(self) -> int:
        """Height of the clip's frames in pixels."""
        return int(self.card["height"])

    @property
    def fps(self) -> float:
        """Frames a second of the clip."""
        return float(self.card["fps"])

    @property
    def kept(self) -> pd.DataFrame:
        """The table's rows of kept frames, in the order of the crops."""
        return self.table[self.table["kept"]]

    @property
    def frames_N(self) -> NDArray[np.int64]:  # noqa: N802 - named by its shape
        """Video frame number of each crop, ascending."""
        return self.kept["frame"].to_numpy(np.int64)

    @property
    def landmarks_N682(self) -> NDArray[np.float32]:  # noqa: N802 - named by its shape
        """Smoothed landmarks of each crop, in frame pixels."""
        return np.asarray(self.track_T682[self.frames_N], np.float32)

    @property
    def matrices_N23(self) -> Matrix:  # noqa: N802 - named by its shape
        """Matrix of each crop, frame pixels -> crop pixels."""
        return self.kept[MATRIX].to_numpy(np.float64).reshape(-1, 2, 3)

    @property
    def boxes_T4(self) -> NDArray[np.float64]:  # noqa: N802 - named by its shape
        """(x0, y0, x1, y1) of the subject's face in every video frame, NaN where it was not found."""
        return self.table[["x0", "y0", "x1", "y1"]].to_numpy(np.float64)

    def every(self, step: int) -> "Faceset":
        """The same track with the crops of frames 0, `step`, 2 * `step` ... alone, read into memory."""
        picked_N = self.frames_N % step == 0
        table = self.table.assign(kept=self.table["kept"] & (self.table["frame"] % step == 0))
        table["crop"] = np.where(table["kept"], table["kept"].cumsum() - 1, -1)
        return replace(self, table=table, crops_NHWC=self.crops_NHWC[picked_N])

    def view(self, coverage: str, size: int) -> View:
        """The crops at another coverage and size. A wider coverage than the packed one leaves black borders."""
        change = narrow(self.coverage, self.size, coverage, size)
        matrices = np.array([compose(change, matrix) for matrix in self.matrices_N23]).reshape(-1, 2, 3)
        return View(self.crops_NHWC, matrices, change, coverage, size)


def write_crops(path: Path, crops: Iterator[NDArray[np.uint8]], count: int, size: int) -> None:
    """Streams `count` crops into a .npy file; only one is in memory at a time.

    Raises FaceError when there are fewer or more: the clip changed between the two passes.
    """
    header = {"descr": "|u1", "fortran_order": False, "shape": (count, size, size, 3)}
    written = 0
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for picture in crops:
            file.write(np.ascontiguousarray(picture).data)
            written += 1
        file.flush()
        os.fsync(file.fileno())
    if written != count:
        raise FaceError(path, f"{written} crops came where {count} were due", "Is the clip being changed? Run again.")
