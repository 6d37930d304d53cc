"""How long speech lasts, in frames of the picture that it is put under."""

from fractions import Fraction
from math import ceil
from pathlib import Path

from understudy import media
from understudy.errors import MediaError
from understudy.speech.read import RATE, read


def frames(path: Path, fps: Fraction) -> int:
    """How many frames at `fps` a second show all of a file's speech.

    Of a film as many as last as long as its own picture: what a codec pads its sound with is not said. Of a file that
    is only heard, until its last sample. Raises MediaError as `read`.
    """
    samples_N = read(path)
    try:
        film = media.probe(path)
    except MediaError:  # nothing to see in it
        return ceil(len(samples_N) * fps / RATE)
    return max(round(film.frames / film.fps * fps), 1)
