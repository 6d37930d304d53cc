"""Locks of hair: strips that start on the scalp, follow a flow over the head, and hang down where it ends.

Letters: R locks, S rows of a lock, K = R x S x 3 vertices (left edge, ridge, right edge of each row).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from understudy.cast.coat import Coat
from understudy.cast.landmarks import LANDMARKS
from understudy.cast.noise import Dice, Floats, Ints, smoothstep, unit
from understudy.cast.pack import BODY, Pack, normals


@dataclass(frozen=True, kw_only=True)
class Comb:
    """How locks lie: see hair.Style. curl: 0 straight to 1 tightly waved."""

    flow: Callable[[Floats], Floats]
    length: float
    width: float
    lift: float
    trim: Callable[[Floats], Floats]
    fall: float
    end: Callable[[Floats], Floats] | None
    curl: float
    colour_3: Floats


class _Head:
    """The surface that locks lie on: smooth distance, normal and rest coordinates near any point."""

    def __init__(self, points_V3: Floats, pack: Pack) -> None:
        self.index = pack.vertices(BODY)
        self.points, self.rest = points_V3[self.index], pack.rest_V3[self.index]
        self.normals = normals(points_V3, pack.triangles_T3)[self.index]
        self._tree = cKDTree(self.points)
        # Heights that correspond, from the chest over neck, chin and bridge of the nose to the crown.
        marks = [pack.joints["joint-spine-1"], pack.joints["joint-neck"], LANDMARKS[[8]], LANDMARKS[[27]]]
        crown = self.index[[np.argmax(self.rest[:, 1])]]
        self._rest_y = [float(pack.rest_V3[mark, 1].mean()) for mark in (*marks, crown)]
        self._own_y = [float(points_V3[mark, 1].mean()) for mark in (*marks, crown)]

    def own_height(self, rest_y: Floats) -> Floats:
        """The height on this head of a height at rest."""
        return np.interp(rest_y, self._rest_y, self._own_y)

    def rest_height(self, own_y: Floats) -> Floats:
        """The inverse of own_height."""
        return np.interp(own_y, self._own_y, self._rest_y)

    def near(self, points_N3: Floats) -> tuple[Floats, Floats, Floats, Ints]:
        """Height over the surface, its normal, rest coordinates, and the nearest vertex."""
        distance, neighbour = self._tree.query(points_N3, k=6)
        weight = 1 / (distance + 0.02) ** 2
        weight = (weight / weight.sum(1, keepdims=True))[..., None]
        normal = unit((self.normals[neighbour] * weight).sum(1))
        base = (self.points[neighbour] * weight).sum(1)
        height = ((points_N3 - base) * normal).sum(1)
        return height, normal, (self.rest[neighbour] * weight).sum(1), self.index[neighbour[:, 0]]


def comb(roots_R5: Floats, how: Comb, points_V3: Floats, pack: Pack, dice: Dice) -> Coat:
    """The coat of locks from their roots (three vertices, and two sorted numbers that place the root among them)."""
    head = _Head(points_V3, pack)
    corner = roots_R5[:, :3].astype(int)
    share = np.stack([roots_R5[:, 3], roots_R5[:, 4] - roots_R5[:, 3], 1 - roots_R5[:, 4]], 1)[..., None]
    start = (points_V3[corner] * share).sum(1)
    rows = 6 if how.length < 1 else 14
    layer = dice.uniform(0.25, 1.0, len(start))
    path, normal = _grow(start, layer, rows, how, head, dice)
    return _strips(path, normal, corner[:, 0], layer, how, points_V3, head, dice)


def _grow(start: Floats, layer: Floats, rows: int, how: Comb, head: _Head, dice: Dice) -> tuple[Floats, Floats]:
    """The middle line of every lock and the surface's normal beneath it, both R x S x 3."""
    count = len(start)
    step = how.length * (dice.uniform(0.8, 1.1, count) * how.trim(head.near(start)[2]))[:, None] / (rows - 1)
    stray = dice.uniform(-0.12, 0.12, 3 * count).reshape(count, 3)
    phase, wave = dice.uniform(0, 2 * np.pi, count), dice.uniform(0.8, 1.2, count)
    here, heading = start, np.zeros_like(start)
    path, ups = [start], [head.near(start)[1]]
    for row in range(1, rows):
        height, normal, rest, _ = head.near(here)
        flow = unit(how.flow(rest)) + stray
        flow = unit(flow - normal * (flow * normal).sum(1, keepdims=True))
        away = smoothstep(0.10, 0.35, height)[:, None]
        hang = np.array([0.0, -1.0, 0.0]) * (how.fall * (0.5 + away * 2))
        heading = unit(0.6 * heading + flow * (1 - away * min(2 * how.fall, 1)) + hang)
        if how.fall:
            # What hangs freely hangs straight.
            heading = heading * (1 - np.array([0.5, 0, 0.5]) * smoothstep(7.3, 6.9, rest[:, 1:2]))
        here = here + heading * step
        height, normal, _, _ = head.near(here)
        along = row / (rows - 1)
        wanted = how.lift * layer * (0.35 + 0.65 * smoothstep(0.0, 0.4, np.full(count, along)))
        rise = wanted - height
        # Short hair keeps its height over the scalp; long hair is only pushed out of the head.
        rise = np.where((rise > 0) | (how.fall == 0), rise, 0.15 * rise * (height < 0.3))
        here = here + normal * rise[:, None]
        path.append(here)
        ups.append(normal)
    line, up = np.stack(path, 1), np.stack(ups, 1)
    if how.end is not None:
        line = _trim(line, head.own_height(how.end(head.near(start)[2])) + 0.2 * (layer - 0.5))
    sway = np.sin(np.linspace(0, 1, rows)[None] * how.length * 9.0 * wave[:, None] + phase[:, None])
    side = unit(np.cross(np.gradient(line, axis=1), up))
    return line + (0.07 * how.curl * sway * smoothstep(0.0, 0.25, np.linspace(0, 1, rows)))[..., None] * side, up


def _trim(line_RS3: Floats, end_R: Floats) -> Floats:
    """The lines, cut where they first come below y = end and spread anew over their rows."""
    count, rows = line_RS3.shape[:2]
    low = line_RS3[:, :, 1] < end_R[:, None]
    last = np.where(low.any(1), np.maximum(low.argmax(1), 1), rows - 1)
    before, after = (line_RS3[np.arange(count), last - 1 + k, 1] for k in (0, 1))
    part = np.where(low.any(1), np.clip((before - end_R) / np.maximum(before - after, 1e-6), 0, 1), 1.0)
    at = (last - 1 + part)[:, None] * np.linspace(0, 1, rows)
    cell = np.minimum(at.astype(int), rows - 2)
    share = (at - cell)[..., None]
    first, second = (np.take_along_axis(line_RS3, (cell + k)[..., None], 1) for k in (0, 1))
    return np.asarray(first + (second - first) * share)


def _strips(
    path: Floats, up: Floats, anchor: Ints, layer: Floats, how: Comb, points_V3: Floats, head: _Head, dice: Dice
) -> Coat:
    """Strips three vertices wide along the lines, arched a little, sparser at edges and tips."""
    count, rows = path.shape[:2]
    along = np.gradient(path, axis=1)
    along = along / (np.sqrt((along**2).sum(-1, keepdims=True)) + 1e-9)
    side = unit(np.cross(along, up))
    t = np.linspace(0, 1, rows)
    width = how.width * (0.75 + 0.25 * smoothstep(0, 0.2, t) - 0.45 * smoothstep(0.6, 1.0, t))
    across = np.array([-0.5, 0.0, 0.5])
    arch = np.array([0.0, 0.14, 0.0])
    points = path[:, :, None] + side[:, :, None] * (width[:, None] * across)[None, ..., None]
    points = points + up[:, :, None] * (width[:, None] * arch)[None, ..., None]
    normal = unit(up[:, :, None] + side[:, :, None] * (across * 0.8)[None, None, :, None])
    shape = (count, rows, 3)
    u = dice.uniform(0, 1, count)[:, None, None] + 0.32 * how.width * across
    v = dice.uniform(0, 1, count)[:, None, None] + (t * how.length * 0.16)[:, None]
    tip = 0.85 * smoothstep(0.55, 1.02, t)
    threshold = np.broadcast_to(np.maximum(tip[:, None], np.array([0.42, 0.0, 0.42])), shape)
    shade = np.clip(0.25 + 0.6 * layer + dice.uniform(-0.15, 0.15, count), 0.1, 1)[:, None] * (
        0.55 + 0.45 * smoothstep(0, 0.35, t)
    )
    strip = np.array([[0, 1, 3], [1, 4, 3], [1, 2, 4], [2, 5, 4]])
    one = (strip[None] + 3 * np.arange(rows - 1)[:, None, None]).reshape(-1, 3)
    flat = points.reshape(-1, 3)
    anchor_K = np.repeat(anchor, rows * 3)
    return Coat(
        anchor_K=anchor_K, offset_K3=flat - points_V3[anchor_K], turn_K=smoothstep(5.0, 6.4, head.rest_height(flat[:,
        1])), normal_K3=normal.reshape(-1, 3), along_K3=np.broadcast_to(along[:, :, None], (*shape, 3)).reshape(-1,
        3).copy(), uv_K2=np.stack([np.broadcast_to(u, shape).ravel(), np.broadcast_to(v, shape).ravel()], 1),
        threshold_K=threshold.reshape(-1).copy(), shade_K=np.broadcast_to(shade[..., None], shape).ravel(),
        triangles_T3=(one[None] + rows * 3 * np.arange(count)[:, None, None]).reshape(-1, 3), colour_3=how.colour_3,
    )  # fmt: skip
