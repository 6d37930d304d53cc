"""Where speech reaches: the part of a picture in which an actor's head can change when other words are said.

Shapes: H, W the frame, V vertices of the head.
"""

import functools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from understudy.cast.actor import Actor
from understudy.cast.camera import pose, project
from understudy.cast.kernels import interpolate
from understudy.cast.noise import Floats
from understudy.cast.pack import BODY, EYES, TEETH, TONGUE, load_pack
from understudy.cast.performance import Performance, poses
from understudy.cast.raster import Backend, raster
from understudy.cast.visemes import UNITS

MOVED = 0.02  # decimetres that a face unit of speech, at its full weight, moves a point that counts
_SUBPIXELS = 2


def mouths(
    actor: Actor,
    performance: Performance,
    *,
    size: int = 256,
    backend: Backend = "auto",
    only: Sequence[int] | None = None,
) -> Iterator[NDArray[np.bool_]]:
    """The lower face of every frame, size x size: true where speech moves the head, be it under a beard or a hand.

    From the base of the nose to the chin, and on the cheeks as far as the corners of the lips pull them. only: the
    numbers of the frames to show; all by default.
    """
    pack = load_pack()
    solid = pack.of(BODY, TONGUE, *EYES.values(), *TEETH)
    triangles, side, reach_V1 = pack.triangles_T3[solid], size * _SUBPIXELS, reach()[:, None]
    moves = poses(performance, actor.identity.speaking)
    for number in range(len(moves)) if only is None else only:
        screen = project(pose(actor, moves[number]).points_V3, side)
        cover = raster(screen, triangles, side, side, cull=True, backend=backend)
        seen = np.nonzero(cover.triangle_P >= 0)[0]
        at = interpolate(
            reach_V1, triangles[cover.triangle_P[seen]], cover.first_P[seen], cover.second_P[seen], backend
        )
        mask = np.zeros(side * side, bool)
        mask[seen] = at[:, 0] > MOVED
        # A pixel belongs to the mouth when one of its subpixels does.
        yield np.asarray(mask.reshape(size, _SUBPIXELS, size, _SUBPIXELS).any(axis=(1, 3)))


@functools.cache
def reach() -> Floats:
    """How far speech can move each vertex of the head (V), decimetres: the most that one of its face units does.

    Teeth and tongue, some of which rest, count as far as the jaw: lips that move show and hide them.
    """
    pack = load_pack()
    rows = [pack.units.index(unit) for unit in UNITS]
    far_V = np.linalg.norm(pack.units_EV3[rows], axis=2).max(axis=0)
    far_V[pack.vertices(TONGUE, *TEETH)] = far_V.max()
    return np.asarray(far_V)
