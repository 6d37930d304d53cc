"""The source's frames as the fake needs them: its clip again and again, or one of its frames all the time.

Legend of shapes: HWC a frame, RGB uint8; T frames of the clip; a box is (x0, y0, x1, y1) in whole pixels.
"""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from understudy import media
from understudy.errors import ConfigError, FaceError, MediaError
from understudy.methods.wav2lip.boxes import placed

if TYPE_CHECKING:
    from understudy.methods import Footage
    from understudy.methods.wav2lip.config import Config


class Shot(NamedTuple):
    """A frame, the caller's to change, and the box of its face, all 0 where it is to be left alone."""

    frame_HWC: NDArray[np.uint8]
    box_4: NDArray[np.int64]


class Film:
    """A source's clip with its boxes. fps: its rate. frames: how many it has. still: whether one frame is all it shows.

    A clip of one frame is a still, as is any of which the settings name one. Raises FaceError when the face is in none
    of the frames, MediaError for one that cannot be read, ConfigError when there is no such frame.
    """

    def __init__(self, source: "Footage", config: "Config") -> None:
        if not source.clips or not source.facesets:
            raise MediaError(source.subject, "has no clip with a face track", "Name a clip of theirs.")
        self.path, faceset = source.clips[0], source.facesets[0]
        found = media.probe(self.path)
        self.fps, self.frames = found.fps, found.frames
        self.boxes_T4 = placed(faceset, config.boxes, config.smoothing)
        self.number = 0 if self.frames == 1 and config.still is None else config.still
        self.still = self.number is not None
        if self.number is not None:
            self._require(self.number)

    def _require(self, number: int) -> None:
        if number >= min(self.frames, len(self.boxes_T4)):
            fact = f"names frame {number}, and {self.path.name} has {self.frames}, from 0 on"
            raise ConfigError("wav2lip.still", fact, "Name one of them, or null.")
        if not self.boxes_T4[number].any():
            raise FaceError(self.path, f"no face was found in frame {number}", "Name another frame, or another clip.")

    def shots(self) -> Iterator[Shot]:
        """Frames without end; one frame is in memory at a time. The clip begins again where it ends."""
        if self.number is not None:
            frame_HWC = next(islice(media.frames(self.path), self.number, None))
            while True:
                yield Shot(frame_HWC.copy(), self.boxes_T4[self.number])
        while True:
            seen = 0
            for frame_HWC, box_4 in zip(media.frames(self.path), self.boxes_T4, strict=False):
                yield Shot(frame_HWC, box_4)
                seen += 1
            if not seen:
                raise MediaError(self.path, "no frame of it can be decoded", "Record or copy the file again.")
