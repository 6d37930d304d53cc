"""The inner loops of the renderer, each in numpy and compiled, in the same order of operations, so bit for bit the
same.

Letters: V vertices, N visible points, C channels.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from understudy.cast.noise import Floats, Ints
from understudy.cast.raster import Backend


def interpolate(values_VC: Floats, corners_N3: Ints, first_N: Floats, second_N: Floats, backend: Backend) -> Floats:
    """Values at points inside triangles, by their barycentric coordinates."""
    if backend != "numpy":
        out = np.empty((len(corners_N3), values_VC.shape[1]))
        _interpolate_compiled(values_VC, corners_N3, first_N, second_N, out)
        return out
    b0, b1 = first_N[:, None], second_N[:, None]
    b2 = 1.0 - b0 - b1
    at = [values_VC[corners_N3[:, k]] for k in range(3)]
    return np.asarray(b0 * at[0] + b1 * at[1] + b2 * at[2])


# The loops bear no types: numba compiles them for the arrays that they are given.
def _interpolate_loop(values, corners, first, second, out):  # type: ignore[no-untyped-def]  # compiled
    for n in range(corners.shape[0]):
        b0, b1 = first[n], second[n]
        b2 = 1.0 - b0 - b1
        i, j, k = corners[n, 0], corners[n, 1], corners[n, 2]
        for c in range(values.shape[1]):
            out[n, c] = b0 * values[i, c] + b1 * values[j, c] + b2 * values[k, c]


def sample(texture_SS4: NDArray[np.float32], at_N2: Floats, backend: Backend) -> Floats:
    """Bilinear look-up at texture coordinates (u right, v up)."""
    side = texture_SS4.shape[0]
    if backend != "numpy":
        out = np.empty((len(at_N2), 4))
        _sample_compiled(texture_SS4, at_N2, out)
        return out
    x = np.minimum(np.maximum(at_N2[:, 0] * side - 0.5, 0.0), side - 1.001)
    y = np.minimum(np.maximum((1.0 - at_N2[:, 1]) * side - 0.5, 0.0), side - 1.001)
    j, i = x.astype(np.int64), y.astype(np.int64)
    fx, fy = (x - j)[:, None], (y - i)[:, None]
    a, b = texture_SS4[i, j].astype(float), texture_SS4[i, j + 1].astype(float)
    c, d = texture_SS4[i + 1, j].astype(float), texture_SS4[i + 1, j + 1].astype(float)
    return np.asarray((a * (1.0 - fx) + b * fx) * (1.0 - fy) + (c * (1.0 - fx) + d * fx) * fy)


def _sample_loop(texture, at, out):  # type: ignore[no-untyped-def]  # compiled
    side = texture.shape[0]
    for n in range(at.shape[0]):
        x = min(max(at[n, 0] * side - 0.5, 0.0), side - 1.001)
        y = min(max((1.0 - at[n, 1]) * side - 0.5, 0.0), side - 1.001)
        j, i = int(x), int(y)
        fx, fy = x - j, y - i
        for c in range(4):
            above = float(texture[i, j, c]) * (1.0 - fx) + float(texture[i, j + 1, c]) * fx
            below = float(texture[i + 1, j, c]) * (1.0 - fx) + float(texture[i + 1, j + 1, c]) * fx
            out[n, c] = above * (1.0 - fy) + below * fy


def lit_share(points_N3: Floats, distance_RR: Floats, bias: float, backend: Backend) -> Floats:
    """Percentage-closer filtering over 4 x 4 texels of a depth map (Reeves et al. 1987): share of the light that
    arrives.

    points_N3: column, row and distance in the light's view. distance_RR: the nearest distance there.
    """
    if backend != "numpy":
        out = np.empty(len(points_N3))
        _lit_compiled(points_N3, distance_RR, bias, out)
        return out
    side = distance_RR.shape[0]
    x, y = points_N3[:, 0] - 0.5, points_N3[:, 1] - 0.5
    column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    fx, fy = x - column, y - row
    total = np.zeros(len(points_N3))
    for dy, wy in ((-1, 1.0 - fy), (0, 1.0), (1, 1.0), (2, fy)):
        for dx, wx in ((-1, 1.0 - fx), (0, 1.0), (1, 1.0), (2, fx)):
            i = np.minimum(np.maximum(row + dy, 0), side - 1)
            j = np.minimum(np.maximum(column + dx, 0), side - 1)
            total = total + np.where(points_N3[:, 2] < distance_RR[i, j] + bias, wx * wy, 0.0)
    return np.asarray(total / 9.0)


def _lit_loop(points, distance, bias, out):  # type: ignore[no-untyped-def]  # compiled
    side = distance.shape[0]
    for n in range(points.shape[0]):
        x, y = points[n, 0] - 0.5, points[n, 1] - 0.5
        column, row = int(np.floor(x)), int(np.floor(y))
        fx, fy = x - column, y - row
        total = 0.0
        for dy in range(-1, 3):
            wy = 1.0 - fy if dy == -1 else (fy if dy == 2 else 1.0)
            i = min(max(row + dy, 0), side - 1)
            for dx in range(-1, 3):
                wx = 1.0 - fx if dx == -1 else (fx if dx == 2 else 1.0)
                j = min(max(column + dx, 0), side - 1)
                if points[n, 2] < distance[i, j] + bias:
                    total = total + wx * wy
        out[n] = total / 9.0


_interpolate_compiled = numba.njit(cache=True)(_interpolate_loop)
_sample_compiled = numba.njit(cache=True)(_sample_loop)
_lit_compiled = numba.njit(cache=True)(_lit_loop)
