"""Sound of any length as pieces that can be converted one by one, and their joining.

A piece ends where it is quietest within its last seconds, and overlaps its neighbours by a margin on either side: what
is known of a frame is the same whichever piece it is found in, but for the phase of the voice, over which neighbours
are faded.

Legend of shapes: N samples.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from understudy.media.read import blocks
from understudy.methods.vqvc.vocoder import RATE

GRAIN: Final = 441  # samples: 20 ms, two frames, a code of the network
LONGEST: Final = 500 * GRAIN  # samples from one cut to the next
SOONEST: Final = 350 * GRAIN
MARGIN: Final = 50 * GRAIN
_FADE = GRAIN  # samples on either side of a cut


@dataclass(frozen=True, eq=False)
class Piece:
    """Samples from `begin` of the whole on, of which those from `start` up to `stop` are the piece's own."""

    samples_N: NDArray[np.float32]
    begin: int
    start: int
    stop: int


def pieces(path: Path) -> Iterator[Piece]:
    """A file's sound at RATE, piece after piece; nothing when there is none. Starts and cuts are whole grains."""
    held_N, begin, start = np.zeros(0, np.float32), 0, 0
    stream = blocks(path, RATE)
    ended = False
    while True:
        parts = [held_N]
        length = len(held_N)
        while not ended and begin + length < start + LONGEST + MARGIN:
            block_N = next(stream, None)
            ended = block_N is None
            if block_N is not None:
                parts.append(np.nan_to_num(block_N, nan=0.0, posinf=0.0, neginf=0.0))
                length += len(block_N)
        held_N = np.concatenate(parts)
        if begin + length <= start + LONGEST + (0 if ended else MARGIN - 1):
            if begin + length > start:
                yield Piece(held_N, begin, start, begin + length)
            return
        stop = start + _cut(held_N[start - begin :])
        yield Piece(held_N[: stop + MARGIN - begin], begin, start, stop)
        start = stop
        held_N, begin = held_N[start - MARGIN - begin :], start - MARGIN


def _cut(samples_N: NDArray[np.float32]) -> int:
    """Where the two grains about a cut are quietest, between SOONEST and LONGEST."""
    grains = np.square(samples_N[SOONEST - GRAIN : LONGEST + GRAIN], dtype=np.float64)
    power = grains[: len(grains) // GRAIN * GRAIN].reshape(-1, GRAIN).sum(axis=1)
    return SOONEST + GRAIN * int(np.argmin(power[:-1] + power[1:]))


def joined(converted: Iterable[tuple[Piece, NDArray[np.floating]]]) -> Iterator[NDArray[np.float32]]:
    """The pieces' own samples, one after another.

    converted: each piece, and as many samples as it holds, margins too.
    """
    rise_N = (0.5 - 0.5 * np.cos(np.pi * (np.arange(2 * _FADE) + 0.5) / (2 * _FADE))).astype(np.float32)
    tail_N: NDArray[np.float32] | None = None
    for piece, found in converted:
        sound_N = np.asarray(found, np.float32)
        first, last = piece.start - piece.begin, piece.stop - piece.begin
        if tail_N is not None:
            first += _FADE
            before_N = sound_N[first - 2 * _FADE : first]
            count = min(len(before_N), len(tail_N))
            yield (tail_N[:count] * (1 - rise_N[:count]) + before_N[:count] * rise_N[:count]).astype(np.float32)
        ends = piece.stop - piece.begin >= len(sound_N)
        if ends:
            if first < last:
                yield sound_N[first:last]
            return
        yield sound_N[first : last - _FADE]
        tail_N = sound_N[last - _FADE : last + _FADE]
