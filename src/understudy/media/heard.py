"""A film for what is only heard: a plain picture with the recording's sound, so that everything else can take it."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.errors import MediaError
from understudy.media.container import opened, picture
from understudy.media.probe import Probe, probe
from understudy.media.read import blocks
from understudy.media.write import write

FPS, SIDE = Fraction(25), 256
_RATE = 48_000  # Hz of the film's sound
_FEWEST = 5  # frames of a clip
_DARK, _LIGHT = 24, 160  # grey levels


def carried(
    sound: Path,
    out: Path,
    *,
    fps: Fraction = FPS,
    side: int = SIDE,
    crf: float = 12,
    metadata: Mapping[str, str] | None = None,
) -> Probe:
    """Writes an MP4 that shows a dark square with the words "sound only" as long as `sound` lasts, and plays it.

    sound: wav, flac, mp3, ogg, m4a or whatever else ffmpeg reads; a cover picture is left out. The picture ends with
    the frame in which the sound does. Raises MediaError when there is nothing to hear, or a moving picture.
    """
    sound = Path(sound)
    with opened(sound) as container:
        if not container.streams.audio:
            raise MediaError(sound, "it has no sound", "Give a file with a sound track.")
        if picture(container) is not None:
            raise MediaError(sound, "it has a picture of its own", "Normalise it as a video.")
    samples = sum(map(len, blocks(sound, _RATE)))
    if not samples:
        raise MediaError(sound, "its sound has no samples", "Record or copy the file again.")
    count = max(-(-samples * fps.numerator // (_RATE * fps.denominator)), _FEWEST)
    write(out, _held(side, count), fps=fps, sound=sound, metadata=metadata, crf=crf)
    return probe(out)


def _held(side: int, count: int) -> Iterator[NDArray[np.uint8]]:
    picture_HWC = np.full((side, side, 3), _DARK, np.uint8)
    scale, text = side / 256 * 0.8, "sound only"
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    place = ((side - width) // 2, (side + height) // 2)
    grey = (_LIGHT, _LIGHT, _LIGHT)
    cv2.putText(picture_HWC, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, grey, 1, cv2.LINE_AA)
    for _ in range(count):
        yield picture_HWC
