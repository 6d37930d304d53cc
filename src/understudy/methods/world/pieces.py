"""Long sound in pieces: cut at pauses, heard with what is before and after them, put together without a seam.

Shapes: N samples.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float64]

MARGIN = 0.5  # seconds that are heard on either side of a piece
_FADE = 0.01  # seconds over which one piece goes over into the next
_SEARCH = 0.5  # of a piece, its end, in which the quietest moment is sought
_MOMENT = 0.05  # seconds that a cut's surroundings have to be quiet


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """samples_N: with its margins. first, last: where the piece itself lies in them. final: nothing comes after it."""

    samples_N: Samples
    first: int
    last: int
    final: bool


def pieces(blocks: Iterable[NDArray[np.floating]], rate: int, seconds: float) -> Iterator[Piece]:
    """The sound in pieces of at most `seconds`, each cut at the quietest moment of its second half.

    Only one piece with its margins is in memory. Where cuts fall depends on the sound alone, not on the blocks.
    """
    margin, most = round(MARGIN * rate), round(seconds * rate)
    held, begin = np.zeros(0), 0  # what is in memory, and where in it the next piece begins
    stream, done = iter(blocks), False
    while not done:
        parts, ahead = [held], len(held) - begin
        while ahead < most + margin:
            block = next(stream, None)
            if block is None:
                done = True
                break
            parts.append(np.nan_to_num(np.asarray(block, np.float64), nan=0.0, posinf=0.0, neginf=0.0))
            ahead += len(block)
        held = np.concatenate(parts)
        while len(held) - begin > most + (0 if done else margin - 1):
            cut = begin + _quietest(held[begin : begin + most], rate)
            yield Piece(samples_N=held[: cut + margin], first=begin, last=cut, final=False)
            keep = max(cut - margin, 0)
            held, begin = held[keep:], cut - keep
    if len(held) > begin or begin == 0:
        yield Piece(samples_N=held, first=begin, last=len(held), final=True)


def joined(parts: Iterable[Piece], change: Callable[[Samples], Samples], rate: int) -> Iterator[Samples]:
    """Each piece changed, one going over into the next within 10 ms after the cut; together as long as the sound."""
    fade = round(_FADE * rate)
    tail = np.zeros(0)
    for part in parts:
        made_N = change(part.samples_N)
        own_N = made_N[part.first : part.last].copy()
        over = min(len(tail), len(own_N))
        rise = (np.arange(over) + 0.5) / max(fade, 1)
        own_N[:over] = rise * own_N[:over] + (1 - rise) * tail[:over]
        tail = made_N[part.last : part.last + fade]
        yield own_N


def _quietest(samples_N: Samples, rate: int) -> int:
    """The middle of the quietest moment of the sound's second half."""
    width, start = round(_MOMENT * rate), round(len(samples_N) * (1 - _SEARCH))
    sums = np.concatenate([[0.0], np.cumsum(samples_N[start:] ** 2)])
    powers = sums[width:] - sums[:-width]
    return start + int(np.argmin(powers)) + width // 2
