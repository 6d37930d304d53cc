"""Where a recording is cut: in pauses of the speech, or every so many seconds.

Shapes: T frames of 10 ms.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import scipy  # loads its parts when they are first used: a tenth of a second, in every job

from understudy.speech.activity import HOP, Activity, runs
from understudy.speech.segmenting import Segmenting

_PAUSE = 10  # frames of silence that are a pause to cut in
_LONG = 0.6  # s of a pause over which it is rather cut than kept inside a segment
_MARGIN = 0.08  # s of silence that stay at both ends of a segment
_ROUGH = 0.3  # what a cut inside of speech costs; a segment of no length costs 1
_SHORT = 2.0  # what a segment costs that will be dropped


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A part of a recording, in seconds; `speech` is whether it is a segment or silence that was left out."""

    start: float
    stop: float
    speech: bool = True


def cut(found: Activity, seconds: float, settings: Segmenting) -> list[Stretch]:
    """The stretches of a recording of `seconds`, in order.

    "fixed": one every `settings.seconds`, as ffmpeg's segment muxer makes them. "pauses": the cuts that together cost
    least (each segment: its square distance from the wanted length, the pauses inside it, and whether it begins in the
    midst of speech), found by dynamic programming; no segment is longer than `settings.seconds`.
    """
    if settings.cut == "fixed":
        starts = np.arange(0, seconds, settings.seconds)
        return [Stretch(start=float(at), stop=min(float(at) + settings.seconds, seconds)) for at in starts]
    if not settings.trim:
        bounds = [0.0, *_whole(found, settings), seconds]
        return [Stretch(start=a, stop=b) for a, b in itertools.pairwise(bounds) if b > a]
    out: list[Stretch] = []
    done = 0.0
    for start, stop in _segments(found, settings):
        first, last = max(start - _MARGIN, done, 0.0), min(stop + _MARGIN, seconds)
        out += [Stretch(start=done, stop=first, speech=False)] if first > done else []
        out.append(Stretch(start=first, stop=last))
        done = last
    return out + ([Stretch(start=done, stop=seconds, speech=False)] if seconds > done else [])


def _whole(found: Activity, settings: Segmenting) -> list[float]:
    """The cuts, in seconds, of a recording of which nothing is left out."""
    everything = Activity(
        speech_T=np.ones_like(found.speech_T), power_T=np.where(found.speech_T, found.power_T, 0), noise_T=found.noise_T
    )
    return [stop for _, stop in _segments(everything, settings)][:-1]


def _segments(found: Activity, settings: Segmenting) -> list[tuple[float, float]]:
    """Start and end, in seconds, of the speech in each segment."""
    pieces = _pieces(found, round((settings.seconds - 2 * _MARGIN) / HOP))
    return [(pieces[first][0] * HOP, pieces[last - 1][1] * HOP) for first, last in _cheapest(pieces, settings)]


def _pieces(found: Activity, longest: int) -> list[tuple[int, int]]:
    """Stretches of speech (frames) between pauses; one that is longer than half a segment is split where it is quiet.

    Pieces that touch each other were split.
    """
    filled = scipy.ndimage.binary_closing(found.speech_T, np.ones(_PAUSE), border_value=0) | found.speech_T
    level_T = scipy.ndimage.uniform_filter1d(found.power_T, 5, mode="nearest")
    out: list[tuple[int, int]] = []
    for start, stop in runs(filled):
        while stop - start > longest // 2:
            reach = min(start + longest // 2, stop - 1)
            at = start + longest // 4 + int(level_T[start + longest // 4 : reach].argmin())
            out.append((start, at))
            start = at
        out.append((start, stop))
    return out


def _cheapest(pieces: list[tuple[int, int]], settings: Segmenting) -> list[tuple[int, int]]:
    """Which pieces, first and one after the last, make each segment."""
    count = len(pieces)
    cost, back = [0.0] + [float("inf")] * count, [0] * (count + 1)
    for last in range(1, count + 1):
        pauses = 0.0
        for first in range(last - 1, -1, -1):
            length = (pieces[last - 1][1] - pieces[first][0]) * HOP + 2 * _MARGIN
            if length > settings.seconds + 1e-9 and first < last - 1:
                break
            if first < last - 1:
                pauses += max((pieces[first + 1][0] - pieces[first][1]) * HOP - _LONG, 0.0)
            here = (1 - length / settings.seconds) ** 2 + pauses / _LONG
            here += _SHORT * (length < settings.shortest)
            here += _ROUGH * (first > 0 and pieces[first - 1][1] == pieces[first][0])
            if cost[first] + here < cost[last]:
                cost[last], back[last] = cost[first] + here, first
    out: list[tuple[int, int]] = []
    while count:
        out.append((back[count], count))
        count = back[count]
    return out[::-1]
