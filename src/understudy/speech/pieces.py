"""Long sound in pieces: cut at pauses, heard with what is before and after them, put together without a seam.

Shapes: N samples.
"""

from collections.abc import Iterable, Iterator
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


def pieces(
    blocks: Iterable[NDArray[np.floating]], rate: int, seconds: float, *, margin: float = MARGIN, grain: int = 1
) -> Iterator[Piece]:
    """The sound in pieces of at most `seconds`, each cut at the quietest moment of its second half.

    margin: seconds that are heard on either side. grain: samples of which cuts and margins are whole multiples, so that
    what is counted in such steps begins alike in every piece. No number becomes silence.
    Only one piece with its margins is in memory. Where cuts fall depends on the sound alone, not on the blocks.
    """
    aside, most = (round(length * rate / grain) * grain for length in (margin, seconds))
    held, begin = np.zeros(0), 0  # what is in memory, and where in it the next piece begins
    stream, done = iter(blocks), False
    while not done:
        parts, ahead = [held], len(held) - begin
        while ahead < most + aside:
            block = next(stream, None)
            if block is None:
                done = True
                break
            parts.append(np.nan_to_num(np.asarray(block, np.float64), nan=0.0, posinf=0.0, neginf=0.0))
            ahead += len(block)
        held = np.concatenate(parts)
        while len(held) - begin > most + (0 if done else aside - 1):
            cut = begin + _quietest(held[begin : begin + most], rate) // grain * grain
            yield Piece(samples_N=held[: cut + aside], first=begin, last=cut, final=False)
            keep = max(cut - aside, 0)
            held, begin = held[keep:], cut - keep
    if len(held) > begin or begin == 0:
        yield Piece(samples_N=held, first=begin, last=len(held), final=True)


def joined(converted: Iterable[tuple[Piece, NDArray[np.floating]]], rate: int) -> Iterator[Samples]:
    """What was made of each piece, one going over into the next within 10 ms after the cut; as long as the sound.

    converted: each piece, and as many samples as it holds, margins too.
    """
    fade = round(_FADE * rate)
    tail = np.zeros(0)
    for part, found_N in converted:
        made_N = np.asarray(found_N, np.float64)
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
