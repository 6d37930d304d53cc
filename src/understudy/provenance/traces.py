"""What is to be seen and heard in a media file of its having been marked: watermarks, label and notice, by stream."""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from understudy import media, watermark
from understudy.errors import MediaError
from understudy.media.container import opened
from understudy.media.read import blocks
from understudy.provenance import chime, containers, seeing

# A fake may be a part of a longer film: it is looked at in stretches of so many frames, until one is recognised.
_STRETCH = 240
# The label is sought in what stands still in so many frames, each that far from the one before.
_LABELLED, _EVERY = 8, 6

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Traces:
    """marks: where ('picture' or 'sound'), what was found, and with which key. notice: where the chime
    of a synthetic voice was heard. unread: why not all of it was read."""

    marks: tuple[tuple[str, watermark.Found, bytes], ...]
    label: seeing.Label | None
    notice: chime.Heard | None
    unread: str | None


def look(path: Path, kind: str, keys: Sequence[bytes]) -> Traces:
    """The watermarks of the first of the keys that finds one, the label and the notice.

    kind: 'video', 'picture' or 'sound'. A damaged file is looked at as far as it can be read.
    """
    unread: list[str] = []
    marks = []
    label = notice = None
    if kind != "sound":
        for number, key in enumerate(keys):
            found, seen = _watched(_frames(path, kind, unread), key, labels=number == 0)
            label = label or seen
            if found:
                marks.append(("picture", found, key))
                break
    if kind != "picture":
        samples_NC, rate = _samples(path, unread)
        heard = ((watermark.detect_sound(samples_NC, rate, key), key) for key in keys if len(samples_NC))
        marks += [("sound", found, key) for found, key in heard if found][:1]
        notice = chime.find(samples_NC[:, 0], rate)
    return Traces(marks=tuple(marks), label=label, notice=notice, unread=unread[0] if unread else None)


def _frames(path: Path, kind: str, unread: list[str]) -> Iterator[NDArray[np.uint8]]:
    return iter([containers.read_still(path)]) if kind == "picture" else _readable(media.frames(path), unread)


def _readable(stream: Iterable[T], unread: list[str]) -> Iterator[T]:
    """A stream up to where it cannot be read any more; the reason is added to `unread`."""
    try:
        yield from stream
    except MediaError as error:
        unread.append(error.fact)


def _watched(
    frames: Iterator[NDArray[np.uint8]], key: bytes, *, labels: bool
) -> tuple[watermark.Found | None, seeing.Label | None]:
    """The watermark of a key, and the label if it is asked for, in the first stretch in which either is found."""
    for first in frames:
        still = seeing.Still()
        stretch = _tapped(itertools.chain([first], itertools.islice(frames, _STRETCH - 1)), still)
        found = watermark.detect_pictures(stretch, key)
        while labels and still.count < _LABELLED and next(stretch, None) is not None:
            pass
        label = seeing.seen_in(still) if labels else None
        if found or label:
            return found, label
    return None, None


def _tapped(frames: Iterable[NDArray[np.uint8]], still: seeing.Still) -> Iterator[NDArray[np.uint8]]:
    """The frames, some of which are added to what stands still as they pass."""
    for number, frame_HWC in enumerate(frames):
        if number % _EVERY == 0:
            still.add(frame_HWC)
        yield frame_HWC


def _samples(path: Path, unread: list[str]) -> tuple[NDArray[np.float32], int]:
    """The sound of a file, as far as it can be read: samples_N1, none without a track; and its rate (Hz)."""
    with opened(path) as container:
        if not container.streams.audio:
            return np.zeros((0, 1), np.float32), 48_000
        rate = container.streams.audio[0].codec_context.sample_rate
    parts = list(_readable(blocks(path, rate), unread))
    return (np.concatenate(parts) if parts else np.zeros(0, np.float32))[:, None], rate
