"""A z-buffer rasteriser in numpy and in numba that agree bit for bit.

Coverage is integer arithmetic on a sub-pixel grid, and depth is plain multiplication and addition in one order, so both
backends, and every processor, give the same pixels. Letters: V vertices, T triangles, P pixels (row-major).
"""

from dataclasses import dataclass
from typing import Literal

import numba
import numpy as np
from numpy.typing import NDArray

from understudy.cast.noise import Floats, Ints

Backend = Literal["auto", "numba", "numpy"]
_GRID = 64
_HALF = _GRID // 2


@dataclass(frozen=True, kw_only=True)
class Cutout:
    """Holes in triangles: a fragment is dropped where pattern_HW at its uv (wrapped, v down) is below its threshold."""

    uv_V2: Floats
    pattern_HW: Floats
    threshold_V: Floats


@dataclass(frozen=True, kw_only=True)
class Cover:
    """What each pixel sees: triangle index (-1: none), perspective-correct barycentrics, inverse depth (0: nothing)."""

    triangle_P: NDArray[np.int32]
    first_P: Floats
    second_P: Floats
    depth_P: Floats


_NO_CUTOUT = Cutout(uv_V2=np.zeros((1, 2)), pattern_HW=np.zeros((1, 1)), threshold_V=np.zeros(1))


def raster(
    points_V3: Floats,
    triangles_T3: Ints,
    width: int,
    height: int,
    *,
    cull: bool,
    cutout: Cutout | None = None,
    depth_P: Floats | None = None,
    backend: Backend = "auto",
) -> Cover:
    """Which triangle each pixel sees, nearest first; equal depths go to the later triangle.

    points_V3: x and y in pixels (y down, pixel k spans [k, k+1)), and the distance from the camera (> 0).
    cull: leave out triangles that turn their back. depth_P: the inverse depth of what is there already.
    """
    cover = Cover(
        triangle_P=np.full(width * height, -1, np.int32),
        first_P=np.zeros(width * height),
        second_P=np.zeros(width * height),
        depth_P=np.zeros(width * height) if depth_P is None else depth_P.copy(),
    )
    x_V = np.rint(points_V3[:, 0] * _GRID).astype(np.int64)
    y_V = np.rint(points_V3[:, 1] * _GRID).astype(np.int64)
    inverse_V = 1.0 / points_V3[:, 2]
    fill = _fill_numpy if backend == "numpy" else _fill_numba
    fill(x_V, y_V, inverse_V, triangles_T3, width, height, cull, cutout, cover)
    return cover


def _fill_numba(
    x_V: Ints,
    y_V: Ints,
    inverse_V: Floats,
    triangles: Ints,
    w: int,
    h: int,
    cull: bool,
    cutout: Cutout | None,
    to: Cover,
) -> None:
    """Triangle by triangle, pixel by pixel, compiled."""
    holes = cutout or _NO_CUTOUT
    _fill_compiled(
        x_V, y_V, inverse_V, triangles, w, h, cull, cutout is not None, holes.uv_V2, holes.pattern_HW,
        holes.threshold_V, to.triangle_P, to.first_P, to.second_P, to.depth_P,
    )  # fmt: skip


# The loop bears no types: numba compiles it for the arrays that it is given.
def _fill_loop(X, Y, inverse, triangles, W, H, cull, has_holes, uv, pattern, threshold, seen, first, second, depth):  # type: ignore[no-untyped-def]  # compiled: numba infers the types
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0, x1, y1, x2, y2 = X[a], Y[a], X[b], Y[b], X[c], Y[c]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if area == 0 or (cull and area > 0):
            continue
        left, right = max(-((_HALF - min(x0, x1, x2)) // _GRID), 0), min((max(x0, x1, x2) - _HALF) // _GRID, W - 1)
        top, bottom = max(-((_HALF - min(y0, y1, y2)) // _GRID), 0), min((max(y0, y1, y2) - _HALF) // _GRID, H - 1)
        if right < left or bottom < top:
            continue
        sign = 1 if area > 0 else -1
        A0, B0 = (y1 - y2) * sign, (x2 - x1) * sign
        A1, B1 = (y2 - y0) * sign, (x0 - x2) * sign
        A2, B2 = (y0 - y1) * sign, (x1 - x0) * sign
        C0 = -(A0 * x1 + B0 * y1) + (0 if (A0 > 0 or (A0 == 0 and B0 > 0)) else -1)
        C1 = -(A1 * x2 + B1 * y2) + (0 if (A1 > 0 or (A1 == 0 and B1 > 0)) else -1)
        C2 = -(A2 * x0 + B2 * y0) + (0 if (A2 > 0 or (A2 == 0 and B2 > 0)) else -1)
        scale = 1.0 / float(abs(area))
        for row in range(top, bottom + 1):
            y = row * _GRID + _HALF
            for column in range(left, right + 1):
                x = column * _GRID + _HALF
                e0 = A0 * x + B0 * y + C0
                e1 = A1 * x + B1 * y + C1
                e2 = A2 * x + B2 * y + C2
                if e0 < 0 or e1 < 0 or e2 < 0:
                    continue
                l0, l1 = e0 * scale, e1 * scale
                w0, w1, w2 = l0 * inverse[a], l1 * inverse[b], (1.0 - l0 - l1) * inverse[c]
                z = w0 + w1 + w2
                p = row * W + column
                if z < depth[p]:
                    continue
                b0, b1 = w0 / z, w1 / z
                if has_holes:
                    b2 = 1.0 - b0 - b1
                    u = b0 * uv[a, 0] + b1 * uv[b, 0] + b2 * uv[c, 0]
                    v = b0 * uv[a, 1] + b1 * uv[b, 1] + b2 * uv[c, 1]
                    level = b0 * threshold[a] + b1 * threshold[b] + b2 * threshold[c]
                    i = int(np.floor(v * pattern.shape[0])) % pattern.shape[0]
                    j = int(np.floor(u * pattern.shape[1])) % pattern.shape[1]
                    if pattern[i, j] < level:
                        continue
                depth[p], seen[p], first[p], second[p] = z, t, b0, b1


_fill_compiled = numba.njit(cache=True)(_fill_loop)


def _fill_numpy(
    x_V: Ints,
    y_V: Ints,
    inverse_V: Floats,
    triangles: Ints,
    w: int,
    h: int,
    cull: bool,
    cutout: Cutout | None,
    to: Cover,
) -> None:
    """All fragments of all triangles at once; the nearest of each pixel is found at the end."""
    kept_T, x_T3, y_T3, area_T, left_T, right_T, top_T, bottom_T = _boxes(x_V, y_V, triangles, w, h, cull)
    wide_T = right_T - left_T + 1
    count_T = wide_T * (bottom_T - top_T + 1)
    owner = np.repeat(np.arange(len(kept_T)), count_T)
    step = np.arange(int(count_T.sum())) - np.repeat(np.cumsum(count_T) - count_T, count_T)
    down = step // wide_T[owner]
    column, row = left_T[owner] + (step - down * wide_T[owner]), top_T[owner] + down
    edges = [
        _edge(x_T3, y_T3, area_T, owner, column * _GRID + _HALF, row * _GRID + _HALF, i, j)
        for i, j in ((1, 2), (2, 0), (0, 1))
    ]
    inside = np.nonzero((edges[0] >= 0) & (edges[1] >= 0) & (edges[2] >= 0))[0]
    owner = owner[inside]
    scale = 1.0 / np.abs(area_T[owner]).astype(np.float64)
    l0, l1 = edges[0][inside] * scale, edges[1][inside] * scale
    corners = triangles[kept_T[owner]]
    w0, w1 = l0 * inverse_V[corners[:, 0]], l1 * inverse_V[corners[:, 1]]
    z = w0 + w1 + (1.0 - l0 - l1) * inverse_V[corners[:, 2]]
    b0, b1 = w0 / z, w1 / z
    pixel = row[inside] * w + column[inside]
    seen = kept_T[owner]
    if cutout is not None:
        keep = np.nonzero(_solid(cutout, corners, b0, b1))[0]
        pixel, seen, b0, b1, z = pixel[keep], seen[keep], b0[keep], b1[keep], z[keep]
    np.maximum.at(to.depth_P, pixel, z)
    near = np.nonzero(z >= to.depth_P[pixel])[0]
    at = pixel[near]
    to.triangle_P[at], to.first_P[at], to.second_P[at] = seen[near], b0[near], b1[near]


def _boxes(x_V: Ints, y_V: Ints, triangles: Ints, w: int, h: int, cull: bool) -> tuple[Ints, ...]:
    """The triangles that can cover a pixel, their corners on the grid, doubled area, first and last column and row."""
    x, y = x_V[triangles], y_V[triangles]
    area = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
    left, right = np.maximum(-((_HALF - x.min(1)) // _GRID), 0), np.minimum((x.max(1) - _HALF) // _GRID, w - 1)
    top, bottom = np.maximum(-((_HALF - y.min(1)) // _GRID), 0), np.minimum((y.max(1) - _HALF) // _GRID, h - 1)
    kept = np.nonzero(((area < 0) if cull else (area != 0)) & (right >= left) & (bottom >= top))[0]
    return kept, x[kept], y[kept], area[kept], left[kept], right[kept], top[kept], bottom[kept]


def _edge(x: Ints, y: Ints, area: Ints, owner: Ints, px: Ints, py: Ints, i: int, j: int) -> Ints:
    """The edge function of corners i to j at each fragment; the bias is the top-left rule."""
    sign = np.sign(area)
    a, b = (y[:, i] - y[:, j]) * sign, (x[:, j] - x[:, i]) * sign
    c = -(a * x[:, i] + b * y[:, i]) + np.where((a > 0) | ((a == 0) & (b > 0)), 0, -1)
    return np.asarray(a[owner] * px + b[owner] * py + c[owner])


def _solid(cutout: Cutout, corners_N3: Ints, b0: Floats, b1: Floats) -> NDArray[np.bool_]:
    """Whether each fragment is kept by the cutout."""
    i0, i1, i2 = corners_N3[:, 0], corners_N3[:, 1], corners_N3[:, 2]
    b2 = 1.0 - b0 - b1
    uv, level_V = cutout.uv_V2, cutout.threshold_V
    u = b0 * uv[i0, 0] + b1 * uv[i1, 0] + b2 * uv[i2, 0]
    v = b0 * uv[i0, 1] + b1 * uv[i1, 1] + b2 * uv[i2, 1]
    level = b0 * level_V[i0] + b1 * level_V[i1] + b2 * level_V[i2]
    high, wide = cutout.pattern_HW.shape
    i, j = np.floor(v * high).astype(np.int64) % high, np.floor(u * wide).astype(np.int64) % wide
    return np.asarray(cutout.pattern_HW[i, j] >= level)
