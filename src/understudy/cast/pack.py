"""The head pack: base mesh, morph targets and face units (MakeHuman, CC0), read once.

Rest coordinates (the base mesh before any identity) say where on a head a point is: x to the actor's left, y up, z to
the front, in decimetres. The eyes are near y 7.2, the mouth near 6.7, the chin near 6.1.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from understudy.cast.noise import Floats, Ints, smoothstep

HERE = Path(__file__).parent
BODY, TONGUE = "body", "helper-tongue"
EYES = {"l": "helper-l-eye", "r": "helper-r-eye"}
TEETH = ("helper-upper-teeth", "helper-lower-teeth")
LASHES = tuple(f"helper-{side}-eyelashes-{row}" for side in "lr" for row in (1, 2))


@dataclass(frozen=True, kw_only=True, eq=False)
class Pack:
    """Letters: V vertices, U texture coordinates, T triangles, E face units.

    triangles_T3 and corners_T3 index rest_V3 and uv_U2; group_T indexes `groups`.
    """

    rest_V3: Floats
    uv_U2: Floats
    triangles_T3: Ints
    corners_T3: Ints
    group_T: NDArray[np.uint8]
    groups: tuple[str, ...]
    joints: Mapping[str, Ints]
    masks: Mapping[str, NDArray[np.uint8]]
    targets: Mapping[str, tuple[Ints, Floats]]
    units: tuple[str, ...]
    units_EV3: Floats
    turn_V: Floats

    def of(self, *groups: str) -> NDArray[np.bool_]:
        """Which triangles belong to the named groups."""
        return np.isin(self.group_T, [self.groups.index(group) for group in groups])

    def vertices(self, *groups: str) -> Ints:
        """The vertices that the named groups use."""
        return np.unique(self.triangles_T3[self.of(*groups)])

    def morph(self, points_V3: Floats, target: str, weight: float) -> None:
        """Adds `weight` times a target to the points, in place."""
        if weight:
            index, offset = self.targets[target]
            points_V3[index] += weight * offset


@functools.cache
def load_pack() -> Pack:
    """The committed pack."""
    with np.load(HERE / "head.npz") as file:
        data = {name: file[name] for name in file.files}
    faces, corners, group = data["faces"].astype(np.int64), data["fuv"].astype(np.int64), data["fgroup"]
    quad = faces[:, 2] != faces[:, 3]
    rest_V3 = data["v"] / 1e4
    names, ends = [str(name) for name in data["tnames"]], data["tptr"]
    index, offset = data["tidx"].astype(np.int64), data["tdlt"] / 1000.0
    targets = {name: (index[a:b], offset[a:b]) for name, a, b in zip(names, ends[:-1], ends[1:], strict=True)}
    units = tuple(name[3:] for name in names if name.startswith("fu/"))
    units_EV3 = np.zeros((len(units), *rest_V3.shape))
    for row, unit in zip(units_EV3, units, strict=True):
        where, by = targets["fu/" + unit]
        row[where] += by
    return Pack(
        rest_V3=rest_V3,
        uv_U2=data["vt"].astype(float),
        triangles_T3=np.concatenate([faces[:, [0, 1, 2]], faces[quad][:, [0, 2, 3]]]),
        corners_T3=np.concatenate([corners[:, [0, 1, 2]], corners[quad][:, [0, 2, 3]]]),
        group_T=np.concatenate([group, group[quad]]),
        groups=tuple(str(name) for name in data["gnames"]),
        joints={str(name): row.astype(np.int64) for name, row in zip(data["jnames"], data["jidx"], strict=True)},
        masks={name[5:]: data[name] for name in data if name.startswith("mask_")},
        targets=targets,
        units=units,
        units_EV3=units_EV3,
        turn_V=smoothstep(5.75, 6.75, rest_V3[:, 1] + 0.55 * smoothstep(0.35, 1.0, rest_V3[:, 2])),
    )


def inner_face(rest_N3: Floats) -> Floats:
    """1 on the inner face (brows to chin), 0 on skull, ears and neck, smooth between: what a swap replaces."""
    x, y, z = np.abs(rest_N3[:, 0]), rest_N3[:, 1], rest_N3[:, 2]
    low, high = smoothstep(5.98, 6.22, y + 0.12 * (z - 1.2)), 1 - smoothstep(7.72, 7.98, y)
    return np.asarray(smoothstep(0.50, 0.95, z) * low * high * (1 - smoothstep(0.58, 0.74, x)))


def normals(points_V3: Floats, triangles_T3: Ints) -> Floats:
    """Unit vertex normals, area-weighted, summed in a fixed order."""
    a, b, c = points_V3[triangles_T3[:, 0]], points_V3[triangles_T3[:, 1]], points_V3[triangles_T3[:, 2]]
    e, f = b - a, c - a
    face = (
        e[:, 1] * f[:, 2] - e[:, 2] * f[:, 1],
        e[:, 2] * f[:, 0] - e[:, 0] * f[:, 2],
        e[:, 0] * f[:, 1] - e[:, 1] * f[:, 0],
    )
    corners = triangles_T3.ravel(order="F")
    summed = np.stack([np.bincount(corners, np.tile(axis, 3), len(points_V3)) for axis in face], 1)
    length = np.sqrt(summed[:, 0] ** 2 + summed[:, 1] ** 2 + summed[:, 2] ** 2) + 1e-12
    return np.asarray(summed / length[:, None])
