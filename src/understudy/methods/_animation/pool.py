"""Framed frames of many people, ready to be sampled: all at the network's size, in one memory map.

The file has no name any more once it is open: nothing of a person is left behind, however the training ends.

Legend of shapes: N frames, S side of the network's pictures, C = 3 channels, RGB; HWC a frame.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from understudy import files, media
from understudy.errors import FaceError
from understudy.faces.framing import resized
from understudy.methods import Footage
from understudy.methods._animation.pictures import shows

FEWEST = 2  # frames of a clip that can be learned from: one is moved towards the other


@dataclass(frozen=True)
class Pool:
    """The pictures by number (N, S, S, 3), and where the clips of each subject lie among them: clips[subject] holds a
    range of numbers for each of its clips, all of FEWEST frames or more."""

    pictures_NSSC: NDArray[np.uint8]
    clips: tuple[tuple[range, ...], ...]
    subjects: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.pictures_NSSC)

    @property
    def size(self) -> int:
        """Side of a picture in pixels."""
        return int(self.pictures_NSSC.shape[1])


def gather(footage: Sequence[Footage], size: int, folder: Path) -> Pool:
    """Packs the framed clips of many subjects, one Footage each, at `size` pixels.

    Frames in which the subject's face was not found are left out, where a faceset says so. Raises FaceError for a
    subject without a clip of two such frames, DiskError without room.
    """
    folder.mkdir(parents=True, exist_ok=True)
    expected = sum(media.probe(clip).frames for side in footage for clip in side.clips)
    files.require_room(folder, expected * size * size * 3)
    with tempfile.TemporaryFile(dir=folder, prefix=".pool-") as file:
        at, people = 0, []
        for side in footage:
            lengths = [_pack(file, frames) for frames in _clips(side, size)]
            ends = at + np.cumsum(lengths, dtype=int)
            clips = [range(int(end) - length, int(end)) for end, length in zip(ends, lengths, strict=True)]
            people.append(tuple(clip for clip in clips if len(clip) >= FEWEST))
            at += sum(lengths)
            if not people[-1]:
                fact = f"has no clip with {FEWEST} frames that show the face"
                raise FaceError(side.subject, fact, "Look at why in the clips' pictures, or leave the subject out.")
        file.flush()
        pictures = np.memmap(file, np.uint8, "r", shape=(at, size, size, 3))
    return Pool(pictures, tuple(people), tuple(side.subject for side in footage))


def _clips(side: Footage, size: int) -> Iterator[Iterator[NDArray[np.uint8]]]:
    """Of each of a subject's clips, the frames that are used."""
    for number, clip in enumerate(side.clips):
        shown = shows(side, number)
        yield (
            resized(frame, size)
            for index, frame in enumerate(media.frames(clip))
            if shown is None or (index < len(shown) and shown[index])
        )


def _pack(file: IO[bytes], frames: Iterator[NDArray[np.uint8]]) -> int:
    """Appends frames to the file; returns their number."""
    count = 0
    for frame in frames:
        file.write(np.ascontiguousarray(frame).data)
        count += 1
    return count
