"""Where things lie: which study a path is of, and which parts of it a study fills in.

Only these are searched for names, so that a subject who is called "warp" loses nothing but what is theirs.
"""

import os
from collections.abc import Iterator
from pathlib import Path, PurePath

from understudy.withdrawal.metadata import FOLDER, SOFTWARE

DATA, RESULTS = Path("data"), Path("results")
ROOTS = (DATA, RESULTS, FOLDER)
# How many parts of a path below data/<study>/ are the workflow's own words, by the first of them.
_OWN = {"clips": 1, "truths": 1, "references": 1, "facesets": 1, "sanity": 1, "report": 1}
_OWN |= {"runs": 3, "fakes": 3, "scores": 3, "regions": 3, "timings": 3, "curves": 3, "validity": 1, "pretrained": 2}
_OWN |= {"speech": 1, "framed": 1, "bases": 1, "offsets": 1, "adopted": 2, "log": 2, "cost": 2}
# Below log/ and cost/: of which methods and seeds are named first.
_BY_METHOD = {"train": 2, "convert": 2, "measure": 2, "curve": 2, "pretrain": 1, "adopt": 1}
LAYOUT = frozenset(_OWN)
_ENDINGS = {
    *("csv", "faces", "frames", "html", "json", "labels", "log", "mp4", "npy", "npz", "parquet", "part", "png"),
    *("alpha", "reenacted", "safetensors", "swap", "tsv", "txt", "wav", "yaml", "zip"),
    *("animate", "lipsync", "voice", "said"),
}
# Made of everybody's: as soon as something of one person goes, these go.
AGGREGATES = ("report", "checked.json", "log/report.log", "log/gather.log", "log/close.log")


def walk(root: Path) -> Iterator[Path]:
    """Every file and link below data/, results/ and .snakemake/, from the working directory `root`.

    A link to a folder is followed where it stands for data/, results/ or a study's folder in them; deeper ones are
    files here: what they point to belongs to somebody else.
    """
    for top in ROOTS:
        starts = [root / top]
        if top != FOLDER and (root / top).is_dir():
            starts += [path for path in sorted((root / top).iterdir()) if path.is_symlink() and path.is_dir()]
        for start in starts:
            yield from _below(start, linked=set(starts[1:]) if start == root / top else set())


def _below(start: Path, linked: set[Path]) -> Iterator[Path]:
    for folder, names, files in os.walk(start):
        here = Path(folder)
        if here.name == FOLDER.name:
            names[:] = [name for name in names if name not in SOFTWARE]
        links = [name for name in names if (here / name).is_symlink() and here / name not in linked]
        names.sort()
        yield from (here / name for name in sorted([*files, *links]))


def study_of(path: PurePath) -> str | None:
    """The study of a path from the working directory, if it lies in a study's folder."""
    return path.parts[1] if len(path.parts) > 2 and path.parts[0] in ("data", "results") else None


def version_of(path: PurePath) -> PurePath | None:
    """The folder of the finished version that a path lies in; also of one that was being written."""
    return PurePath(*path.parts[:3]) if len(path.parts) > 3 and path.parts[0] == "results" else None


def filled(path: PurePath) -> str:
    """The parts of a path from the working directory that name people and clips, as one text."""
    parts = path.parts
    if len(parts) < 2 or parts[0] not in ("data", "results"):
        return "/".join(parts[1:])
    below = parts[2:] if parts[0] == "data" else parts[3:]
    own = _OWN.get(below[0], 0) if below else 0
    if len(below) > 2 and below[0] in ("log", "cost") and below[1] in _BY_METHOD:
        own += _BY_METHOD[below[1]]
    named = below[own:]
    if not named:
        return ""
    return "/".join([*named[:-1], _bare(named[-1])])


def _bare(name: str) -> str:
    """A file's name without the endings that the workflow gives."""
    while (end := PurePath(name).suffix) and end[1:] in _ENDINGS:
        name = PurePath(name).stem
    return name


def unit_of(path: PurePath) -> PurePath | None:
    """The folder that goes as a whole when a part of it does: a faceset, a training, a finished version."""
    parts = path.parts
    if parts[0] == "results":
        return version_of(path)
    if len(parts) > 4 and parts[0] == "data" and parts[2] == "facesets":
        return PurePath(*parts[:4])
    if len(parts) > 6 and parts[0] == "data" and parts[2] == "runs":
        return PurePath(*parts[:6])
    if len(parts) > 4 and parts[0] == "data" and parts[2] == "pretrained":
        return PurePath(*parts[:4])
    return None


def collective(path: PurePath) -> bool:
    """Whether a file holds what a study gathers from everybody, or belongs to a finished version."""
    if version_of(path):
        return True
    inside = PurePath(*path.parts[2:])
    table = len(inside.parts) == 2 and inside.parts[0] == "scores"
    return path.parts[0] == "data" and (table or any(inside.is_relative_to(name) for name in AGGREGATES))


def is_study(folder: Path) -> bool:
    """Whether a folder below data/ was made by a study, by what lies in it."""
    return folder.is_dir() and len(LAYOUT & {path.name for path in folder.iterdir()}) > 1
