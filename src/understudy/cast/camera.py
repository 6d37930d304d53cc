"""Posing a head and looking at it. Letters: V vertices of the head and of every coat, one after the other."""

from dataclasses import dataclass

import numpy as np

from understudy.cast.actor import Actor
from understudy.cast.noise import Floats
from understudy.cast.pack import load_pack, normals
from understudy.cast.performance import Pose

# Decimetres from the head, half of the width seen at the head, and where eye level is in the picture (share from the
# top).
DISTANCE, HALF_WIDTH, HORIZON = 11.0, 1.84, 0.47


@dataclass(frozen=True, kw_only=True, eq=False)
class Posed:
    """points_V3, normals_V3 and strand directions along_V3, turned and moved; start: where each coat begins."""

    points_V3: Floats
    normals_V3: Floats
    along_V3: Floats
    start: tuple[int, ...]


def pose(actor: Actor, at: Pose) -> Posed:
    """The actor in a pose: face units, then roll, pitch and yaw about the neck, then the shift."""
    pack = load_pack()
    head = actor.shape.points_V3.copy()
    for name, weight in at.units.items():
        head += weight * pack.units_EV3[pack.units.index(name)]
    coats = actor.coats
    turn = np.concatenate([pack.turn_V, *(coat.turn_K for coat in coats)])
    points = np.concatenate([head, *(head[coat.anchor_K] + coat.offset_K3 for coat in coats)]) - actor.shape.pivot_3
    normal = np.concatenate([normals(head, pack.triangles_T3), *(coat.normal_K3 for coat in coats)])
    along = np.concatenate([np.zeros_like(head), *(coat.along_K3 for coat in coats)])
    for axis, degrees in ((2, at.roll), (0, at.pitch), (1, at.yaw)):
        angle = turn * np.radians(degrees)
        cos, sin = np.cos(angle), np.sin(angle)
        for vectors in (points, normal, along):
            _turn(vectors, axis, cos, sin)
    points += actor.shape.pivot_3 - actor.shape.centre_3 + np.asarray(at.shift_3)
    start = tuple(np.cumsum([len(head), *(len(coat.anchor_K) for coat in coats)]).tolist())
    return Posed(points_V3=points, normals_V3=normal, along_V3=along, start=start)


def _turn(vectors_V3: Floats, axis: int, cos_V: Floats, sin_V: Floats) -> None:
    """Turns each row about a coordinate axis, in place."""
    i, j = (axis + 1) % 3, (axis + 2) % 3
    first, second = vectors_V3[:, i].copy(), vectors_V3[:, j].copy()
    vectors_V3[:, i] = first * cos_V - second * sin_V
    vectors_V3[:, j] = first * sin_V + second * cos_V


def project(points_V3: Floats, side: int) -> Floats:
    """Pixel x, y (pixel k spans [k, k+1)) and distance, in a square picture."""
    distance = DISTANCE - points_V3[:, 2]
    scale = side / 2 * DISTANCE / HALF_WIDTH / distance
    return np.stack([side / 2 + points_V3[:, 0] * scale, side * HORIZON - points_V3[:, 1] * scale, distance], 1)
