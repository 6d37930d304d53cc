"""Decoding by stream: one frame at a time, and the sound of a whole clip."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from understudy.errors import MediaError
from understudy.media.container import ToRGB, opened, picture
from understudy.media.mixing import ToMono

# Frame threads hold one decoded frame each: a fixed few keep memory the same on every machine.
_THREADS = 2

# Seconds that time stamps of sound may wander before a gap is filled.
_GAP = 0.01


def frames(path: Path) -> Iterator[NDArray[np.uint8]]:
    """Every frame of a video in the order of presentation: RGB, uint8, HWC, upright. Each is the caller's to keep.

    Frames come as they are stored: at a variable rate unless the clip was normalised. Raises MediaError when a frame
    cannot be decoded or the size changes on the way.
    """
    to_rgb = ToRGB()
    with opened(path) as container:
        stream = picture(container)
        if stream is None:
            raise MediaError(path, "it has no picture", "Give a video file.")
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = _THREADS
        size: tuple[int, int] | None = None
        for frame in container.decode(stream):
            size = size or (frame.width, frame.height)
            if (frame.width, frame.height) != size:
                raise MediaError(path, "its picture changes size on the way", "Cut it where the size changes.")
            yield to_rgb(frame)


def sound(path: Path) -> tuple[NDArray[np.float32], int]:
    """The first sound track as mono samples in [-1, 1], with its rate in Hz.

    Sample 0 belongs to the first video frame, if there is a picture: a track that begins later is preceded by silence,
    one that begins earlier is cut. Raises MediaError when there is no sound track.
    """
    with opened(path) as container:
        if not container.streams.audio:
            raise MediaError(path, "it has no sound", "Give a file with a sound track.")
        rate = container.streams.audio[0].codec_context.sample_rate
    parts = list(blocks(path, rate))
    return np.concatenate(parts) if parts else np.zeros(0, np.float32), rate


def has_sound(path: Path) -> bool:
    """Whether a media file has a sound track."""
    with opened(path) as container:
        return bool(container.streams.audio)


def blocks(path: Path, rate: int) -> Iterator[NDArray[np.float32]]:
    """The sound track as `sound` gives it, resampled to `rate` Hz, streamed in blocks of samples; none if it is absent.

    A gap in the track becomes silence, so that what follows stays in step with the picture.
    """
    begin = _begin(path)
    with opened(path) as container:
        if not container.streams.audio:
            return
        to_mono = ToMono(rate)
        done: int | None = None
        for frame in itertools.chain(container.decode(container.streams.audio[0]), [None]):
            for time, samples_N in to_mono(frame):
                begin = time if begin is None else begin
                behind = round((time - begin) * rate) - (done or 0)
                if behind > _GAP * rate or (done is None and behind > 0):
                    yield np.zeros(behind, np.float32)
                    done = (done or 0) + behind
                elif behind < 0 and not done:
                    samples_N = samples_N[-behind:]
                done = (done or 0) + len(samples_N)
                yield np.clip(samples_N, -1.0, 1.0)


def _begin(path: Path) -> float | None:
    """The time of the first video frame, in seconds; None when there is no picture."""
    with opened(path) as container:
        stream = picture(container)
        first = next(container.decode(stream), None) if stream else None
        return None if first is None else float(first.time or 0.0)
