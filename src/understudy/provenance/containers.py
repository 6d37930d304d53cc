"""Stills and sounds with tags in their containers, and what stays of a file when its container is changed.

A PNG carries tags as iTXt chunks (PNG specification, third edition, 11.3.3), a WAV in a LIST INFO chunk (Multimedia
Programming Interface and Data Specifications 1.0, 1991), an MP4 as media.write writes them.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy import media
from understudy.errors import MediaError
from understudy.media.container import opened

_PNG = b"\x89PNG\r\n\x1a\n"
# The keywords of PNG and the ids of INFO for the tags that a fake carries.
_KEYWORDS = {"title": "Title", "comment": "Comment", "description": "Description"}
_IDS = {"title": b"INAM", "comment": b"ICMT", "description": b"ISBJ"}
# How stills begin, whatever they are called: PNG, JPEG, BMP, TIFF of either byte order.
_STILLS = (_PNG, b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*")


def write_png(path: Path, rgb_HWC: NDArray[np.uint8], tags: Mapping[str, str]) -> None:
    """Writes a picture as PNG with its tags; the same bytes for the same picture and tags."""
    done, coded = cv2.imencode(".png", np.ascontiguousarray(rgb_HWC[..., ::-1]))
    if not done:
        raise MediaError(path, f"a picture of shape {rgb_HWC.shape} cannot be written", "Check what made it.")
    png = coded.tobytes()
    end_of_header = len(_PNG) + 12 + 13
    text = b"".join(_chunk(_KEYWORDS[name].encode() + b"\0\0\0\0\0" + tags[name].encode()) for name in sorted(tags))
    path.write_bytes(png[:end_of_header] + text + png[end_of_header:])


def _chunk(text: bytes) -> bytes:
    body = b"iTXt" + text
    return struct.pack(">I", len(text)) + body + struct.pack(">I", zlib.crc32(body))


def write_wav(path: Path, samples_NC: NDArray[np.float32], rate: int, tags: Mapping[str, str] | None = None) -> None:
    """Writes sound (samples in [-1, 1], rate in Hz) as 16-bit PCM with its tags."""
    pcm = np.rint(np.clip(samples_NC, -1, 1) * 32767).astype("<i2").tobytes()
    channels = samples_NC.shape[1]
    layout = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    entries = b"".join(_riff(_IDS[name], text.encode() + b"\0") for name, text in sorted((tags or {}).items()))
    info = _riff(b"LIST", b"INFO" + entries) if entries else b""
    parts = b"WAVE" + _riff(b"fmt ", layout) + info + _riff(b"data", pcm)
    if len(parts) >= 1 << 32:
        raise MediaError(path, "it is too long for a WAV file (4 GiB)", "Publish it in pieces.")
    path.write_bytes(_riff(b"RIFF", parts))


def _riff(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def tags(path: Path) -> dict[str, str]:
    """The tags of a media file, by lower-case names; none for a container without any.

    Raises MediaError when it is no media file.
    """
    with path.open("rb") as file:
        if file.read(len(_PNG)) == _PNG:
            return dict(_png_tags(path))
    return {name.lower(): value for name, value in media.metadata(path).items()}


def _png_tags(path: Path) -> Iterator[tuple[str, str]]:
    """The texts of a PNG's uncompressed iTXt chunks and of its tEXt chunks."""
    data, at = path.read_bytes(), len(_PNG)
    while at + 8 <= len(data):
        (length,), name = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        keyword, _, rest = data[at + 8 : at + 8 + length].partition(b"\0")
        if name == b"tEXt":
            yield keyword.decode("latin-1").lower(), rest.decode("latin-1")
        elif name == b"iTXt" and rest[:1] == b"\0":
            text = rest[2:].split(b"\0", 2)[-1]
            yield keyword.decode("latin-1").lower(), text.decode("utf-8", "replace")
        at += 12 + length


def content(path: Path) -> str:
    """A sha256 of what is seen and heard: a still's pixels, else the encoded picture and sound without their container.

    It stays when tags or a credential are added, changed or stripped, and when the streams are put into another
    container; it does not survive encoding anew.
    """
    if is_still(path):
        picture_HWC = read_still(path)
        shape = "x".join(map(str, picture_HWC.shape)).encode()
        return hashlib.sha256(shape + b"\0" + np.ascontiguousarray(picture_HWC).tobytes()).hexdigest()
    with opened(path) as container:
        streams = [*container.streams.video[:1], *container.streams.audio[:1]]
        digests = {stream.index: hashlib.sha256() for stream in streams}
        for packet in container.demux(streams):
            if packet.size:
                digests[packet.stream_index].update(bytes(packet))
        return hashlib.sha256(b"".join(digests[stream.index].digest() for stream in streams)).hexdigest()


def is_still(path: Path) -> bool:
    """Whether a file is a picture that stands still, by its first bytes. Raises MediaError."""
    try:
        with path.open("rb") as file:
            begin = file.read(12)
    except OSError as error:
        raise MediaError(path, f"it cannot be read ({error.strerror})", "Check its path and permissions.") from error
    return begin.startswith(_STILLS) or (begin[:4] == b"RIFF" and begin[8:] == b"WEBP")


def read_still(path: Path) -> NDArray[np.uint8]:
    """A still picture: RGB, uint8, HWC. Raises MediaError when it cannot be read."""
    coded = np.frombuffer(path.read_bytes(), np.uint8)
    found = cv2.imdecode(coded, cv2.IMREAD_COLOR) if len(coded) else None
    if found is None:
        raise MediaError(path, "it cannot be read as a picture", "Copy it again.")
    return np.ascontiguousarray(found[..., ::-1]).astype(np.uint8)
