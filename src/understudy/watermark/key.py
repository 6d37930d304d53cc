"""Keys: what is hidden depends on 32 bytes; and what a mark says: which study a fake belongs to."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from understudy.errors import Error

# No secret: whoever has this program finds the marks that were made with it. A study that wants marks which only it
# can find, and which nobody else can forge, brings a key of its own.
PUBLIC = hashlib.sha256(b"understudy watermark, the key that every copy knows").digest()
KEY_BYTES = 32


def payload(study: str, version: str) -> int:
    """The 32 bits that a mark carries: the first four bytes of sha256 over the study's name and version."""
    return int.from_bytes(hashlib.sha256(f"understudy study {study}/{version}".encode()).digest()[:4], "big")


def stream(key: bytes, purpose: str, count: int) -> NDArray[np.uint32]:
    """`count` uniform 32-bit numbers out of the key, by SHAKE-256: the same on every machine."""
    if len(key) != KEY_BYTES:
        raise Error("the watermark's key", f"it has {len(key)} bytes", f"It must have {KEY_BYTES}.")
    text = hashlib.shake_256(key + purpose.encode()).digest(4 * count)
    return np.frombuffer(text, "<u4").astype(np.uint32)


def shuffled(key: bytes, purpose: str, count: int) -> NDArray[np.intp]:
    """A keyed permutation of 0..count-1."""
    return np.argsort(stream(key, purpose, count), kind="stable")
