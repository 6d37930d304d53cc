"""The folder in which a reviewer runs a study again: its settings, clips and consents as the crate has them.

<into>/study.yaml  manifest.yaml  consents/proof.json      from the crate, the clips where the reviewer has them
<into>/crate.json                                          which crate it is of
<into>/data  results                                       what Snakemake makes there
<into>/scores/seed-<n>.parquet                             the score table of each finished run
"""

import contextlib
import dataclasses
import fcntl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from understudy.crate.contents import HASHES, PROOF, STUDY
from understudy.errors import Error
from understudy.files import read_json, sha256, write_json, write_text
from understudy.people import Clip, Manifest
from understudy.review.evidence import Evidence

MARKER = "crate.json"


class ReproductionError(Error):
    """A study cannot be run again here."""


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """A folder that is ready to run. lacking: filmed clips that were not found. left_out: pairs that need one of them.

    replicates: how often the study itself runs each training, from its seed on. hints: what cannot be had as it was, in
    words.
    """

    folder: Path
    study: str
    version: str
    seed: int
    lacking: tuple[Clip, ...]
    left_out: tuple[tuple[str, str], ...]
    hints: tuple[str, ...]
    replicates: int = 1

    @property
    def seeds(self) -> range:
        """The study's own seeds."""
        return range(self.seed, self.seed + self.replicates)

    def table(self, seed: int) -> Path:
        """The score table of the finished run with that seed."""
        return self.folder / "scores" / f"seed-{seed}.parquet"


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keeps a second reproduction out of the folder meanwhile. Raises ReproductionError."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            fact = "is at work in another process"
            raise ReproductionError(folder, fact, "Wait for it, or choose another --into.") from error
        yield


def prepare(evidence: Evidence, into: Path, data: Path | None) -> Workspace:
    """Writes the folder `into`, or takes up the one that was begun there of the same crate.

    data: a folder of filmed clips, found in it by their sha256. Raises ReproductionError when `into` holds something
    else, and when not a single pair can be run.
    """
    _claim(into, evidence)
    found = find(evidence.manifest, data)
    lacking = tuple(clip for clip in evidence.manifest.clips if clip.id not in found)
    without = {clip.subject for clip in lacking}
    pairs = [(pair.source, pair.driver) for pair in evidence.study.pairs]
    left_out = tuple(pair for pair in pairs if without & set(pair))
    kept = [pair for pair in pairs if pair not in left_out]
    if not kept:
        names = ", ".join(f"{clip.id} (sha256 {clip.sha256[:12]}…)" for clip in lacking)
        raise ReproductionError(
            evidence.crate.place, f"every pair needs footage that is not here: {names}", "Name its folder with --data."
        )
    people = {subject for pair in kept for subject in pair}
    clips = [
        dataclasses.replace(clip, path=found[clip.id]) for clip in evidence.manifest.clips if clip.subject in people
    ]
    settings, hints = _settings(evidence, kept)
    write_text(into / "study.yaml", _yaml(settings))
    write_text(into / "manifest.yaml", _yaml({"clips": [dataclasses.asdict(clip) for clip in clips]}))
    proof = into / "consents" / Path(PROOF).name
    if not proof.exists():
        write_text(proof, evidence.text(PROOF))
    study = evidence.study
    return Workspace(
        folder=into,
        study=study.study,
        version=study.version,
        seed=study.seed,
        lacking=lacking,
        left_out=left_out,
        hints=hints,
        replicates=study.replicates,
    )


def _claim(into: Path, evidence: Evidence) -> None:
    """Marks the folder as this crate's. Raises ReproductionError when it holds anything else."""
    mark = {"hashes": evidence.crate.seal.hashes}
    place = into / MARKER
    if place.exists():
        if read_json(place) != mark:
            fact = f"belongs to another crate than the one whose {HASHES} has the sha256 {mark['hashes'][:12]}…"
            raise ReproductionError(into, fact, "Choose another folder with --into.")
        return
    if into.exists() and any(path.name != ".lock" for path in into.iterdir()):
        raise ReproductionError(into, "is not empty, and no reproduction", "Choose another folder with --into.")
    write_json(place, mark)


def find(manifest: Manifest, data: Path | None) -> dict[str, str]:
    """The path of each clip: of the cast's as it is, of filmed ones the file below `data` that has its sha256."""
    found = {clip.id: clip.path for clip in manifest.clips if clip.synthetic}
    wanted = {clip.sha256: clip.id for clip in manifest.clips if not clip.synthetic}
    for path in _files(data) if data is not None and wanted else ():
        if len(found) == len(manifest.clips):
            break
        if (id := wanted.get(sha256(path))) is not None:
            found.setdefault(id, str(path.resolve()))
    return found


def _files(folder: Path) -> Iterable[Path]:
    if not folder.is_dir():
        raise ReproductionError(folder, "there is no such folder", "Name the folder of the clips with --data.")
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _settings(evidence: Evidence, pairs: Iterable[tuple[str, str]]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The study's settings for this folder, and what of them cannot be as it was."""
    settings: dict[str, Any] = dict(yaml.safe_load(evidence.text(STUDY)))
    publish: Mapping[str, Any] = settings["publish"]
    hints = []
    if publish.get("watermark_key") is not None:
        hints.append("the makers' watermark has a key of its own, which is not in the crate: fakes bear the public one")
    settings["publish"] = dict(publish) | dict.fromkeys(("certificate", "key", "watermark_key"))
    settings |= {"manifest": "manifest.yaml", "consents": "consents"}
    settings["pairs"] = [{"source": source, "driver": driver, "both": False} for source, driver in pairs]
    return settings, tuple(hints)


def _yaml(value: Any) -> str:
    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))
