"""The contact sheet: every actor in four frames, then exact swaps (driver, swap, source), as one PNG.

python -m understudy.cast.sheet OUT.png
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.cast.actor import Actor, swapped
from understudy.cast.identity import actors, load_actor
from understudy.cast.performance import load_performance
from understudy.cast.render import render
from understudy.files import whole

_SIDE, _SWAPS = 112, 6
# Which clips and which of their frames show an actor: several lights, poses and mouths.
_SHOWN = (("reading-4", 40), ("reading-1", 32), ("reading-6", 14), ("answer-5", 26))


def sheet(names: list[str]) -> NDArray[np.uint8]:
    """The picture: two actors a row, then two swaps a row."""
    cast = {name: Actor(load_actor(name)) for name in names}
    strips = [np.concatenate([_still(cast[name], *shown) for shown in _SHOWN], 1) for name in names]
    rows = [np.concatenate(strips[index : index + 2], 1) for index in range(0, len(strips) - 1, 2)]
    pairs = list(zip(names, names[3:] + names[:3], strict=True))
    for first in range(0, _SWAPS, 2):
        rows.append(np.concatenate([_swap(cast, *pair) for pair in pairs[first : first + 2]], 1))
    return np.concatenate(rows)


def _still(actor: Actor, performance: str, frame: int) -> NDArray[np.uint8]:
    """One frame of a clip, small."""
    shot = next(render(actor, load_performance(performance), only=[frame])).rgb_HWC
    small = cv2.resize(shot, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _swap(cast: dict[str, Actor], driver: str, source: str) -> NDArray[np.uint8]:
    """Driver, swap, source in one frame, the swap also in another."""
    made = swapped(cast[driver], cast[source])
    shots = [_still(actor, *_SHOWN[0]) for actor in (cast[driver], made, cast[source])]
    return np.concatenate([*shots, _still(made, *_SHOWN[1])], 1)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m understudy.cast.sheet", description="Draws the contact sheet.")
    parser.add_argument("out", type=Path)
    picture = sheet(actors())
    with whole(parser.parse_args().out) as part:
        cv2.imwrite(str(part), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main()
