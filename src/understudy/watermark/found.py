"""What a detector says of a file that carries a mark, and when it may say so."""

import dataclasses
import math
from collections.abc import Mapping

from understudy.watermark.code import PAYLOAD_BITS

# A mark is believed when an unmarked file gives as much with at most this chance; see `chance`. A search in several
# looks spends it at most a few times over, so that a clip's false alarms stay below 1e-6.
BELIEVED = 1e-7


@dataclasses.dataclass(frozen=True, kw_only=True)
class Found:
    """A mark that was found.

    payload: its 32 bits. confidence: one minus the bound on the chance that an unmarked file gives as much. score: how
    well the whole mark fits, in standard deviations of what an unmarked file gives. detail: mended (how many of the
    code's 144 bits were wrong); of pictures, frames (used), scale_across and scale_down (against what was marked),
    mirrored (0 or 1), across and down (px of the tile at the picture's middle); of sound, seconds (used) and start (s,
    of a first whole phrase of 1.5 s).
    """

    payload: int
    confidence: float
    score: float
    detail: Mapping[str, float]


def chance(score: float, tried: int) -> float:
    """The bound on the chance that anything unmarked scores so high in one of `tried` places with any of all payloads.

    The score is z = sum w cos(t) / sqrt(sum w^2 / 2) over all waves, with w a wave's strength in the file and t the
    difference between its phase there and the key's. The key's phases are uniform and know nothing of the file, so
    that in an unmarked file, whatever it shows, each term's moment generating function is a Bessel function, I0(s) <=
    exp(s^2 / 4), and Chernoff's bound gives P(z >= x) <= exp(-x^2 / 2) for one place and one payload. The sum over
    the places that are tried, and the 2^32 payloads whose check is right, is the bound.
    """
    exponent = math.log(max(tried, 1)) + PAYLOAD_BITS * math.log(2) - score * max(score, 0.0) / 2
    return math.exp(min(exponent, 0.0))
