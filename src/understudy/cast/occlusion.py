"""Ambient occlusion: how much of the sky each vertex sees, with the mouth shut and open."""

import numpy as np

from understudy.cast.noise import Dice, Floats, unit
from understudy.cast.pack import BODY, EYES, TEETH, Pack, normals
from understudy.cast.raster import Backend, raster

_SIDE, _DIRECTIONS, _REACH = 160, 20, 2.2


def occlusion(points_V3: Floats, centre_3: Floats, pack: Pack, backend: Backend) -> tuple[Floats, Floats]:
    """Open share of the sky at each vertex, 0 to 1: (mouth shut, mouth open)."""
    opened = points_V3 + pack.units_EV3[pack.units.index("jawOpen")]
    return _open_sky(points_V3, centre_3, pack, backend), _open_sky(opened, centre_3, pack, backend)


def _open_sky(points_V3: Floats, centre_3: Floats, pack: Pack, backend: Backend) -> Floats:
    """Depth maps from all around (rather more from above), a vertex being open where it is the nearest."""
    solid = pack.triangles_T3[pack.of(BODY, *TEETH, *EYES.values())]
    normal = normals(points_V3, pack.triangles_T3)
    centred = points_V3 - centre_3
    seen, possible = np.zeros(len(points_V3)), np.zeros(len(points_V3))
    for sky in _directions():
        right, up = frame(sky)
        depth = 50 - (centred * sky).sum(1)
        screen = np.stack([
            _SIDE / 2 * (1 + (centred * right).sum(1) / _REACH), _SIDE / 2 * (1 - (centred * up).sum(1) / _REACH),
            depth,
        ], 1)  # fmt: skip
        nearest = raster(screen, solid, _SIDE, _SIDE, cull=False, backend=backend).depth_P
        column, row = np.clip(screen[:, :2].astype(int), 0, _SIDE - 1).T
        inverse = nearest[row * _SIDE + column]
        facing = np.clip((normal * sky).sum(1), 0, None)
        # 0.06 decimetres of slack: a vertex must not hide itself.
        seen += facing * (depth < np.where(inverse > 0, 1 / np.maximum(inverse, 1e-9), 1e9) + 0.06)
        possible += facing
    return np.clip(seen / np.maximum(possible, 1e-3), 0, 1)


def _directions() -> Floats:
    dice = Dice(12345)
    around, height = dice.uniform(0, 2 * np.pi, _DIRECTIONS), dice.uniform(-1, 1, _DIRECTIONS)
    flat = np.sqrt(1 - height**2)
    return unit(np.stack([flat * np.sin(around), height + 0.45, flat * np.cos(around)], 1))


def frame(direction_3: Floats) -> tuple[Floats, Floats]:
    """Unit vectors to the right and up, seen along -direction."""
    upright = np.array([0, 0, 1.0]) if abs(direction_3[1]) > 0.9 else np.array([0, 1.0, 0])
    right = unit(np.cross(upright, direction_3))
    return right, np.cross(direction_3, right)
