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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(".snakemake")
# Software, and nothing of a study.
SOFTWARE = frozenset({"conda", "conda-archive", "singularity", "source-cache", "envs"})
# Left behind by runs that died: they hold jobs' settings in forms that cannot be searched, and serve no later run.
LEFTOVERS = frozenset({"scripts", "shadow", "iocache"})
_RECORDS = ("metadata", "incomplete")
# The parts of a record that a job's wildcards reach.
_SPEAKING = ("input", "log", "params", "shellcmd", "input_checksums", "output")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Record:
    """What Snakemake noted of one output. path: of the note. output, inputs: as the workflow names them."""

    path: Path
    output: str
    inputs: tuple[str, ...]
    params: tuple[str, ...]
    text: str


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
    inputs, params = ([str(each) for each in said.get(key) or ()] for key in ("input", "params"))
    text = "\n".join(str(said[key]) for key in _SPEAKING if said.get(key))
    return Record(
        path=path, output=_decoded(path.relative_to(folder)), inputs=tuple(inputs), params=tuple(params), text=text
    )


def _decoded(name: Path) -> str:
    """The path that a record's name says; nothing when it says none."""
    coded = "".join(part.removeprefix("@") for part in name.parts)
    with contextlib.suppress(ValueError):
        return base64.urlsafe_b64decode(coded).decode("utf-8")
    return ""


def jobs(root: Path) -> list[dict[str, Any]]:
    """What the notes say of jobs' settings: study, consents and manifest, where a job was given them."""
    found: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for record in records(root):
        for text in record.params:
            with contextlib.suppress(ValueError, SyntaxError, RecursionError, MemoryError):
                values = ast.literal_eval(text)
                if isinstance(values, dict) and "study" in values:
                    said = {k: str(v) for k, v in values.items() if k in ("study", "consents", "manifest")}
                    found.setdefault(tuple(sorted(said.items())), said)
    return list(found.values())


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
