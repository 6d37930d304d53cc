"""Encoding by stream into H.264 MP4 files that are whole or absent, and the same bytes for the same frames."""

import contextlib
import errno
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from understudy.errors import MediaError
from understudy.files import whole
from understudy.media.container import ToYUV
from understudy.media.read import blocks, has_sound

# The tags that an MP4 file carries in a way that common tools show (QuickTime file format, metadata item list).
TAGS = frozenset({"title", "artist", "comment", "description", "synopsis", "copyright", "genre", "keywords", "album"})

# AVCOL_*_BT709 and AVCOL_RANGE_MPEG are all 1. Without these tags, small videos are shown in wrong colours.
_BT709_STUDIO = 1
_SOUND_RATE, _SOUND_BITS = 48_000, 160_000


class Writer:
    """Writes one video, as a context manager: `path` exists, whole, once the block has ended without an error.

    path: ends in .mp4. fps: frames a second. width, height: pixels of the frames to come (an odd side is padded by one,
    repeating the edge). sound: a file whose first sound track goes along, in step with its own picture if it has one,
    and cut where the video ends; a file without a sound track gives none. metadata: tags named in TAGS. crf: x264's
    quality (lower is better). preset: x264's speed.
    """

    def __init__(
        self,
        path: Path,
        *,
        fps: Fraction | float,
        width: int,
        height: int,
        sound: Path | None = None,
        metadata: Mapping[str, str] | None = None,
        crf: float = 18,
        preset: str = "medium",
    ) -> None:
        self.path, self.width, self.height = Path(path), width, height
        self.fps = Fraction(fps).limit_denominator(1001)
        self.frames = 0
        self._sound, self._metadata = sound, dict(metadata or {})
        self._crf, self._preset = crf, preset
        self._stack = contextlib.ExitStack()
        self._to_yuv = ToYUV()
        if self.path.suffix.lower() != ".mp4":
            raise MediaError(path, "videos are written as .mp4", "Give the file that ending.")
        if unknown := sorted(set(self._metadata) - TAGS):
            raise MediaError(path, f"an MP4 file carries no tag '{unknown[0]}'", f"Tags: {', '.join(sorted(TAGS))}.")

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            part = stack.enter_context(_encoding(self.path))
            options = {"movflags": "+faststart", "fflags": "+bitexact"}
            self._container = av.open(f"file:{part}", "w", format="mp4", options=options)
            # Closing twice is harmless; after a failure it frees what the container holds.
            stack.callback(_abandon, self._container)
            self._container.metadata.update(self._metadata)
            self._stream = self._video()
            self._track = _Track(self._container, self._sound) if self._sound and has_sound(self._sound) else None
            self._stack = stack.pop_all()
        return self

    def _video(self) -> VideoStream:
        # One thread: the output depends on their number, and the workflow runs several jobs at a time. No macroblock
        # tree: with it the same frames give other bytes at widths that are no multiple of 128 (PyAV 18.1's x264).
        options = {"crf": str(self._crf), "preset": self._preset, "threads": "1", "x264-params": "mbtree=0"}
        stream = self._container.add_stream("libx264", rate=self.fps, options=options)
        stream.width, stream.height = self.width + self.width % 2, self.height + self.height % 2
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = 1 / self.fps
        context.gop_size = max(1, round(self.fps))
        context.flags |= Flags.bitexact
        context.color_range = context.colorspace = context.color_primaries = context.color_trc = _BT709_STUDIO
        return stream

    def write(self, frame_HWC: NDArray[np.uint8]) -> None:
        """Adds one frame: RGB, uint8, of the size that was announced."""
        if frame_HWC.shape != (self.height, self.width, 3) or frame_HWC.dtype != np.uint8:
            fact = f"frame {self.frames} is {frame_HWC.dtype} {frame_HWC.shape}"
            raise MediaError(self.path, fact, f"It must be uint8 {(self.height, self.width, 3)}.")
        frame = self._to_yuv(frame_HWC)
        frame.pts, frame.time_base = self.frames, 1 / self.fps
        self.frames += 1
        self._container.mux(self._stream.encode(frame))
        if self._track:
            self._track.advance(float(self.frames / self.fps))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._stack.__exit__(kind, error, trace)
            return
        with self._stack:
            if self.frames == 0:
                raise MediaError(self.path, "there are no frames to write", "Check what made them.")
            self._container.mux(self._stream.encode(None))
            if self._track:
                self._track.finish()
            self._container.close()


class _Track:
    """The sound track of a file that is being written: encoded as AAC, no further than the picture has come."""

    def __init__(self, container: OutputContainer, path: Path) -> None:
        self._container = container
        self._stream: AudioStream = container.add_stream("aac", rate=_SOUND_RATE, layout="mono")
        self._stream.bit_rate = _SOUND_BITS
        self._stream.codec_context.flags |= Flags.bitexact
        self._blocks = blocks(path, _SOUND_RATE)
        self._rest_N: NDArray[np.float32] = np.zeros(0, np.float32)
        self._done = 0

    def advance(self, until: float) -> None:
        """Encodes the samples up to the time `until`, in seconds; no more when the sound has ended before."""
        end = round(until * _SOUND_RATE)
        while self._done < end:
            samples_N = self._rest_N if len(self._rest_N) else next(self._blocks, None)
            if samples_N is None:
                return
            self._rest_N = samples_N[end - self._done :]
            self._encode(samples_N[: end - self._done])

    def finish(self) -> None:
        """Flushes the encoder."""
        self._container.mux(self._stream.encode(None))

    def _encode(self, samples_N: NDArray[np.float32]) -> None:
        if not len(samples_N):
            return
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples_N[None]), format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = _SOUND_RATE, self._done, Fraction(1, _SOUND_RATE)
        self._done += len(samples_N)
        self._container.mux(self._stream.encode(frame))


@contextlib.contextmanager
def _encoding(path: Path) -> Iterator[Path]:
    """`whole(path)`, with errors of the encoder as MediaError; those of the disk pass through to `whole`."""
    with whole(path) as part:
        try:
            yield part
        except av.error.FFmpegError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise OSError(error.errno, error.strerror) from error
            fact = f"it cannot be written ({error.strerror})"
            raise MediaError(
                path, fact, "Check that its folder may be written to, its size and its settings."
            ) from error


def _abandon(container: OutputContainer) -> None:
    with contextlib.suppress(av.error.FFmpegError):
        container.close()


def write(
    path: Path,
    frames: Iterable[NDArray[np.uint8]],
    *,
    fps: Fraction | float,
    sound: Path | None = None,
    metadata: Mapping[str, str] | None = None,
    crf: float = 18,
    preset: str = "medium",
) -> int:
    """Writes a stream of frames (RGB, uint8, HWC, all of one size) as a video; see Writer. Returns their number."""
    stream = iter(frames)
    first = next(stream, None)
    if first is None:
        raise MediaError(path, "there are no frames to write", "Check what made them.")
    height, width = first.shape[:2]
    with Writer(
        path, fps=fps, width=width, height=height, sound=sound, metadata=metadata, crf=crf, preset=preset
    ) as writer:
        writer.write(first)
        for frame in stream:
            writer.write(frame)
    return writer.frames
