"""What a crate is made of, as whoever closes a study knows it: plain values, and the places of files."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.people import Manifest

METADATA = "ro-crate-metadata.json"
HASHES = "hashes.json"
SEAL = "seal.json"
STUDY = "config/study.yaml"
MANIFEST = "config/manifest.yaml"
PROOF = "consent/proof.json"
LOCK = "environment/lock.txt"
MACHINE = "environment/machine.json"
METHODS = "methods.md"
WITHDRAWALS = "consent/withdrawals.json"
WORKFLOW = "workflow"
SNAKEFILE = f"{WORKFLOW}/Snakefile"


@dataclass(frozen=True, kw_only=True)
class Training:
    """One training and its folder.

    shareable: whether every subject granted share-weights; without it the weights' hash goes along and they do not. Its
    previews and timelapse never do: they show footage, and fakes without a label.
    """

    method: str
    seed: int
    group: str
    folder: Path
    shareable: bool

    @property
    def place(self) -> str:
        """Its folder in the crate."""
        return f"runs/{self.method}/seed-{self.seed}/{self.group}"


@dataclass(frozen=True, kw_only=True)
class Fake:
    """One published fake with its sidecar.

    place: its path in the crate. showable: whether both granted publish. region: which of its pixels were replaced, in
    the file of `faces.alpha`; without it some metrics cannot be measured again.
    """

    path: Path
    place: str
    showable: bool
    region: Path | None = None

    @property
    def region_place(self) -> str:
        """The region's path in the crate."""
        return f"regions/{self.place.removeprefix('fakes/').removesuffix('.mp4')}.alpha"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job of the workflow.

    inputs, outputs: by their paths in the crate where they are in it, else by any path that names them, or by the id of
    a clip of the manifest. end: when it was done; None when that is not known. seconds: how long it took.
    """

    rule: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    end: datetime.datetime | None
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Everything that a crate is written from.

    settings: the study's, as its YAML has them. digest: of the study with its manifest, consents and code. report,
    workflow: files by their path in the crate and below its `workflow/`. tables: the score tables by their file name.
    cards: markdown by file name. methods: the paragraph for a paper. proof, head: of the consent log. software: version
    by name. made: when the study was closed, with its time zone. withdrawals: after which this version was made again:
    the day, and how many pairs fewer it has, never who.
    """

    study: str
    version: str
    about: str
    digest: str
    made: datetime.datetime
    settings: Mapping[str, Any]
    manifest: Manifest
    proof: Mapping[str, Any]
    head: str
    report: Mapping[str, Path]
    workflow: Mapping[str, Path]
    lock: Path
    machine: Mapping[str, Any]
    software: Mapping[str, str]
    tables: Mapping[str, Path]
    runs: tuple[Training, ...]
    fakes: tuple[Fake, ...]
    cards: Mapping[str, str]
    methods: str
    jobs: tuple[Job, ...]
    withdrawals: tuple[tuple[datetime.date, int], ...] = ()
