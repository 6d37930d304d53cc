"""What Snakemake keeps in .snakemake/: which output came from which inputs, in which job, and whether it runs now.

A record of an output is a JSON file named by the output's path in URL-safe base64, cut into folders that begin with @
where the name would grow too long. Locks are lists of paths and name no process.
"""

import ast
import base64
import contextlib
import dataclasses
import itertools
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath
from typing import Any

FOLDER = Path(".snakemake")
# Software, and nothing of a study.
SOFTWARE = frozenset({"conda", "conda-archive", "singularity", "source-cache", "envs"})
# Left behind by runs that died: they hold jobs' settings in forms that cannot be searched, and serve no later run.
LEFTOVERS = frozenset({"scripts", "shadow", "iocache"})
_RECORDS = ("metadata", "incomplete")
# The parts of a record that a job's wildcards reach.
_PEOPLE = ("subject", "subjects", "source", "driver", "clip", "clip_id")
_SPEAKING = ("input", "log", "params", "shellcmd", "input_checksums", "output")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Record:
    """What Snakemake noted of one output. path: of the note. output, inputs: as the workflow names them.

    settings: what the job was given, as far as it can be read. text: all that the note says.
    """

    path: Path
    output: str
    inputs: tuple[str, ...]
    settings: tuple[dict[str, Any], ...]
    text: str

    @property
    def study(self) -> str:
        """The study that the job was of, as far as it is said."""
        return next((str(given["study"]) for given in self.settings if "study" in given), "")

    @property
    def people(self) -> str:
        """Whom and which clips the job's settings name, as one text."""
        named = [given[key] for given in _named(self.settings) for key in _PEOPLE if key in given]
        return "\n".join(map(str, named))

    def clips(self, subject: str) -> Iterator[str]:
        """The clips that the job's settings say are the subject's."""
        made = PurePath(self.output).parts
        for given in _named(self.settings):
            if given.get("driver") == subject:
                yield from (str(given[key]) for key in ("clip", "clip_id") if key in given)
            if given.get("subject") == subject and len(made) == 4 and made[2] in ("clips", "facesets"):
                yield made[3].split(".")[0]


def _named(settings: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The settings, and the names that some jobs are given among them."""
    for given in settings:
        yield given
        if isinstance(given.get("names"), dict):
            yield given["names"]


def records(root: Path) -> Iterator[Record]:
    """Every note below the working directory `root`."""
    for kind in _RECORDS:
        folder = root / FOLDER / kind
        for path in sorted(p for p in folder.rglob("*") if p.is_file()) if folder.is_dir() else ():
            yield _record(path, folder)


def _record(path: Path, folder: Path) -> Record:
    said: Any = None
    with contextlib.suppress(OSError, ValueError, RecursionError):
        said = json.loads(path.read_text(encoding="utf-8"))
    said = said if isinstance(said, dict) else {}
    return Record(
        path=path,
        output=_decoded(path.relative_to(folder)),
        inputs=tuple(str(each) for each in said.get("input") or ()),
        settings=tuple(_settings(said.get("params") or ())),
        text="\n".join(str(said[key]) for key in _SPEAKING if said.get(key)),
    )


def _settings(params: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """The mappings among a job's parameters, which a note holds as Python writes them."""
    for text in params:
        with contextlib.suppress(ValueError, SyntaxError, RecursionError, MemoryError):
            values = ast.literal_eval(str(text))
            if isinstance(values, dict):
                yield values


def _decoded(name: Path) -> str:
    """The path that a record's name says; nothing when it says none."""
    coded = "".join(part.removeprefix("@") for part in name.parts)
    with contextlib.suppress(ValueError):
        return base64.urlsafe_b64decode(coded).decode("utf-8")
    return ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Runs:
    """What is known of runs in a working directory. processes: of Snakemake, alive here. locks: a run left or has."""

    processes: tuple[int, ...]
    locks: tuple[Path, ...]
    known: bool

    @property
    def alive(self) -> bool:
        """Whether a run goes on, or may."""
        return bool(self.processes) or (bool(self.locks) and not self.known)


def runs(root: Path) -> Runs:
    """The runs of Snakemake in `root`.

    Its locks name no process, so that the processes of this machine are asked which of them works there. Where they
    cannot be asked, or where other machines see the same folder, a lock may be of a run that goes on: known is False.
    """
    locks = tuple(sorted((root / FOLDER / "locks").glob("*.lock")))
    try:
        import psutil  # type: ignore[import-untyped] # it comes with Snakemake
    except ImportError:
        return Runs(processes=(), locks=locks, known=False)
    here, found, known = root.resolve(), [], not _shared(root.resolve(), psutil)
    for process in psutil.process_iter(["pid", "cmdline"]):
        words = process.info["cmdline"] or []
        if process.pid == os.getpid() or not _snakemake(words):
            continue
        try:
            if Path(process.cwd()) == here and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except psutil.NoSuchProcess:
            continue
        except (psutil.AccessDenied, OSError):
            known = False
    return Runs(processes=tuple(sorted(found)), locks=locks, known=known)


def _snakemake(command: list[str]) -> bool:
    """Whether a command line runs Snakemake: itself, as a module, or one of its jobs."""
    names = {re.sub(r"\.py$", "", Path(word).name) for word in command[:2]}
    module = any(a == "-m" and b.split(".")[0] == "snakemake" for a, b in itertools.pairwise(command))
    return "snakemake" in names or module or any("site-packages/snakemake/__main__" in word for word in command[:4])


def _shared(place: Path, psutil: Any) -> bool:
    """Whether the folder lies on a file system that other machines may see as well."""
    best, kind = -1, ""
    for disk in psutil.disk_partitions(all=True):
        if place.is_relative_to(disk.mountpoint) and len(disk.mountpoint) > best:
            best, kind = len(disk.mountpoint), disk.fstype.lower()
    return kind.startswith(("nfs", "cifs", "smb", "lustre", "gpfs", "beegfs", "ceph", "glusterfs", "fuse.sshfs", "afs"))
