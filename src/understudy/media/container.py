"""Opening media files with errors that a user understands, and the pixel conversions that reading and writing share."""

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from understudy.errors import MediaError

# AVCOL_SPC_UNSPECIFIED. Players take untagged pictures of this height or more as BT.709, lower ones as BT.601.
_UNTAGGED = 2
HD_HEIGHT = 720

# swscale's default path rounds down (every decoding would darken by one grey level) and repeats chroma samples; these
# flags are exact to half a grey level on smooth pictures, at about 4 ms more for a 720p frame.
_EXACT = Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP
_DECODING = Interpolation.BILINEAR | _EXACT
_ENCODING = Interpolation.BICUBIC | _EXACT

_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"udta", b"uuid", b"moof", b"sidx", b"styp"}
REMEDY = "Record or copy the file again, or take it out of the manifest."


@contextlib.contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """The opened container of `path`, which has at least one stream.

    Raises MediaError for a file that is missing, empty, a folder, cut off before its index, or no media at all, and
    for whatever goes wrong while it is being read.
    """
    path = Path(path)
    _require_file(path)
    try:
        # The prefix keeps a name with a colon from being read as a protocol.
        with av.open(f"file:{path}", metadata_errors="replace") as container:
            if container.format.name == "tty" or not container.streams:
                raise MediaError(path, "it is not a video or sound file", REMEDY)
            yield container
    except av.error.InvalidDataError as error:
        fact = cut(path) or "it is not a video or sound file, or it is damaged"
        raise MediaError(path, fact, REMEDY) from error
    except av.error.FFmpegError as error:
        raise MediaError(path, f"it cannot be read ({error.strerror})", REMEDY) from error


def picture(container: InputContainer) -> VideoStream | None:
    """The first stream of moving pictures (not the cover of a piece of music), or None."""
    videos = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    return videos[0] if videos else None


def _require_file(path: Path) -> None:
    if path.is_dir():
        raise MediaError(path, "it is a folder, not a media file", "Name the file in it.")
    if not path.exists():
        raise MediaError(path, "there is no such file", "Check the path.")
    if path.stat().st_size == 0:
        raise MediaError(path, "it is empty", REMEDY)


def cut(path: Path) -> str | None:
    """The fact that an MP4 or MOV file ends before its top-level boxes do (ISO/IEC 14496-12, 4.2); None if it does not.

    A file whose recording or copying was interrupted either lacks its index (`moov`) or has a box that runs past the
    end of the file.
    """
    size, at, seen = path.stat().st_size, 0, set[bytes]()
    with path.open("rb") as file:
        while at + 8 <= size:
            file.seek(at)
            length, name = struct.unpack(">I4s", file.read(8))
            if name not in _BOXES:
                break  # another container, or something that a tool left behind the last box
            seen.add(name)
            if length == 1:
                length = int.from_bytes(file.read(8), "big")
            if length == 0:
                break
            if length < 8:
                return "it is damaged: its boxes do not follow each other"
            at += length
    if not seen:
        return None
    if at > size:
        return f"it is cut off: {at - size} bytes are missing at its end"
    return None if b"moov" in seen else "it is cut off: its index (moov) is missing"


class ToRGB:
    """Turns the decoded frames of one stream into RGB arrays, upright, without a brightness bias."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        """Shape HWC, uint8; the frame's display matrix is applied as a quarter-turn rotation."""
        hd = frame.colorspace == _UNTAGGED and frame.height >= HD_HEIGHT
        rgb = self._reformatter.reformat(
            frame,
            format="rgb24",
            src_colorspace=Colorspace.ITU709 if hd else None,
            interpolation=_DECODING,
            threads=1,
        )
        return upright(np.asarray(rgb.to_ndarray(), dtype=np.uint8), frame.rotation)


class ToYUV:
    """Turns RGB arrays into YUV 4:2:0 frames, BT.709, studio range, even in size (the edge is repeated)."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def __call__(self, rgb_HWC: NDArray[np.uint8]) -> av.VideoFrame:
        height, width = rgb_HWC.shape[:2]
        if height % 2 or width % 2:
            rgb_HWC = np.pad(rgb_HWC, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb_HWC), format="rgb24")
        return self._reformatter.reformat(
            frame,
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=_ENCODING,
            threads=1,
        )


def upright(picture_HWC: NDArray[np.uint8], rotation: int) -> NDArray[np.uint8]:
    """The picture turned by `rotation` degrees counterclockwise, to the nearest quarter turn; contiguous."""
    turns = round(rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(picture_HWC, turns)) if turns else picture_HWC
