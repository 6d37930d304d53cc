"""Alpha: which pixels of each frame a fake touched, in a small file that is written and read frame by frame.

The layout, numbers little-endian: 8 bytes MAGIC; frames, each its mask's rows after one another, a bit a pixel, the
first in the highest bit, compressed by zlib; the index: the offset of each frame and that of the index itself, 8 bytes
each; at the end height, width, count of frames and the CRC-32 of the index and these three, 4 bytes each, and MAGIC.

Legend of shapes: T frames, H height, W width.
"""

import array
import contextlib
import struct
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NoReturn, Self

import numpy as np
from numpy.typing import NDArray

from understudy.errors import MediaError
from understudy.files import whole

MAGIC = b"alpha\x00\x01\n"  # the last byte but one is the layout's version
_SIZE, _END = struct.Struct("<III"), struct.Struct("<12sI8s")
_LARGEST = 1 << 16  # pixels a side; more is damage

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many frames a file holds, and their height and width in pixels."""

    frames: int
    height: int
    width: int


class Writer:
    """Writes one file, as a context manager: `path` exists, whole, once the block has ended without an error.

    Only one frame is in memory at a time, and 8 bytes of each that was written.
    """

    def __init__(self, path: Path, *, height: int, width: int) -> None:
        self.path, self.height, self.width = Path(path), height, width
        self.frames = 0
        self._offsets = array.array("Q")
        self._stack = contextlib.ExitStack()
        self._nothing = _packed(np.zeros((height, width), np.bool_))

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            part = stack.enter_context(whole(self.path))
            self._file: BinaryIO = stack.enter_context(part.open("wb"))
            self._file.write(MAGIC)
            self._stack = stack.pop_all()
        return self

    def write(self, mask_HW: Mask | None) -> None:
        """Adds one frame: where its pixels are the fake's. None: nowhere."""
        if mask_HW is not None and (mask_HW.shape != (self.height, self.width) or mask_HW.dtype != np.bool_):
            fact = f"mask {self.frames} is {mask_HW.dtype} {mask_HW.shape}"
            raise MediaError(self.path, fact, f"It must be bool {(self.height, self.width)}.")
        self._offsets.append(self._file.tell())
        self._file.write(self._nothing if mask_HW is None else _packed(mask_HW))
        self.frames += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._stack.__exit__(kind, error, trace)
            return
        with self._stack:
            self._offsets.append(self._file.tell())
            if sys.byteorder == "big":
                self._offsets.byteswap()
            index = self._offsets.tobytes()
            held = _SIZE.pack(self.height, self.width, self.frames)
            self._file.write(index + _END.pack(held, zlib.crc32(index + held), MAGIC))


def size(path: Path) -> Size:
    """What a file holds. Raises MediaError when it is not whole."""
    with Path(path).open("rb") as file:
        return _index(path, file)[0]


def frames(path: Path, start: int = 0) -> Iterator[Mask]:
    """The masks (HW) from frame number `start` on, one at a time. Raises MediaError at what is damaged."""
    with Path(path).open("rb") as file:
        held, offsets = _index(path, file)
        for number in range(start, held.frames):
            file.seek(offsets[number])
            yield _unpacked(path, number, file.read(offsets[number + 1] - offsets[number]), held)


def _packed(mask_HW: Mask) -> bytes:
    return zlib.compress(np.packbits(mask_HW).tobytes(), 6)


def _unpacked(path: Path, number: int, held: bytes, shape: Size) -> Mask:
    pixels = shape.height * shape.width
    try:
        # No longer than a frame is, whatever the bytes claim.
        bits = zlib.decompressobj().decompress(held, -(-pixels // 8) + 1)
    except zlib.error as error:
        _damaged(path, f"frame {number} is damaged ({error})")
    if len(bits) != -(-pixels // 8) or _checked(bits) != held[-4:]:
        _damaged(path, f"frame {number} is damaged")
    return np.unpackbits(np.frombuffer(bits, np.uint8), count=pixels).reshape(shape.height, shape.width).astype(bool)


def _checked(bits: bytes) -> bytes:
    """The checksum with which zlib ends a stream (RFC 1950); a stream cut short lacks it, and is read all the same."""
    return zlib.adler32(bits).to_bytes(4, "big")


def _index(path: Path, file: BinaryIO) -> tuple[Size, "array.array[int]"]:
    """What a file says that it holds, and the offsets of its frames and of what follows the last."""
    if file.read(len(MAGIC)) != MAGIC:
        _damaged(path, "is no file of masks")
    length = file.seek(0, 2)
    if length < len(MAGIC) + 8 + _END.size:
        _damaged(path, "ends too early")
    file.seek(length - _END.size)
    held, check, magic = _END.unpack(file.read(_END.size))
    height, width, count = _SIZE.unpack(held)
    begin = length - _END.size - 8 * (count + 1)
    if magic != MAGIC or begin < len(MAGIC) or max(height, width) > _LARGEST:
        _damaged(path, "ends too early")
    file.seek(begin)
    index = file.read(8 * (count + 1))
    offsets = array.array("Q", index)
    if sys.byteorder == "big":
        offsets.byteswap()
    if zlib.crc32(index + held) != check or offsets[-1] != begin:
        _damaged(path, "has a damaged index")
    return Size(frames=count, height=height, width=width), offsets


def _damaged(path: Path, fact: str) -> NoReturn:
    raise MediaError(path, fact, "Convert the clip again.")
