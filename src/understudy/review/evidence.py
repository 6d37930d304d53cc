"""What a crate holds, ready to be looked at: read once, damaged files too, so that the damage can be named."""

import datetime
import hashlib
import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from understudy import report, stats
from understudy.config import Study, read_study
from understudy.crate import Crate, contents
from understudy.crate.store import Store
from understudy.errors import CrateError
from understudy.files import whole
from understudy.people import Ledger, Manifest, read_ledger, read_manifest
from understudy.people.proof import Proof, check_proof
from understudy.review.checks import Impossible
from understudy.stages.report import bare_page
from understudy.stages.tables import NAMES, Tables

SCORES, CSV, FRAMES = "scores.parquet", "scores.csv", "frames.parquet"
LARGEST = 512 * 2**20  # bytes: of a text or table; media are copied by stream


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """A crate under review. scratch: a folder of the reviewer's own."""

    crate: Crate
    store: Store
    scratch: Path

    def has(self, path: str) -> bool:
        """Whether a file is there, whatever its state."""
        return path in self.store.sizes()

    def under(self, folder: str) -> list[str]:
        """The files below a folder, sorted."""
        return sorted(path for path in self.store.sizes() if path.startswith(f"{folder}/"))

    def require(self, path: str, why: str) -> str:
        """The path. Raises Impossible, with `why`, when there is no such file and none was sealed."""
        if self.has(path):
            return path
        if path in self.crate.files:
            raise CrateError(path, "is missing, and hashes.json names it", "Ask for a sound copy.")
        raise Impossible(why)

    def bytes(self, path: str) -> bytes:
        """A file as it is, sealed or not. Raises CrateError when it is not there."""
        if not self.has(path):
            raise CrateError(path, "is missing", "Ask for a sound copy.")
        if self.store.sizes()[path] > LARGEST:
            raise CrateError(path, "is too large to be read", "Ask for a sound copy.")
        with self.store.open(path) as file:
            return file.read()

    def text(self, path: str) -> str:
        """A file's text."""
        return self.bytes(path).decode("utf-8")

    def json(self, path: str) -> Any:
        """The value of a JSON file."""
        return json.loads(self.text(path))

    def copy(self, path: str) -> Path:
        """A copy of a file in the scratch folder, at the same path; made once."""
        to = self.scratch / path
        if not to.exists():
            if not self.has(path):
                raise CrateError(path, "is missing", "Ask for a sound copy.")
            with self.store.open(path) as file, whole(to) as part, part.open("wb") as out:
                shutil.copyfileobj(file, out)
        return to

    def digest(self, path: str) -> str:
        """sha256 of a file as it is."""
        with self.store.open(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type] # stubs want more of a file

    def seen(self) -> set[str]:
        """The names of the scores' methods, clips, subjects and metrics: what may hold digits and is no number."""
        columns = ("method", "clip", "source", "driver", "metric")
        return {str(name) for column in columns for name in set(self.scores[column])}

    # --- the study ----------------------------------------------------------------------------------------------

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """The study's settings, its manifest and consents where they were copied to."""
        value = yaml.safe_load(self.text(contents.STUDY))
        if not isinstance(value, dict):
            raise CrateError(contents.STUDY, "holds no settings", "Ask for a sound copy.")
        manifest, proof = self.copy(contents.MANIFEST), self.copy(contents.PROOF)
        return value | {"manifest": str(manifest), "consents": str(proof.parent)}

    @cached_property
    def study(self) -> Study:
        """The study. Raises the Error of whatever is wrong with its settings."""
        return read_study(self.settings)

    @cached_property
    def manifest(self) -> Manifest:
        """The clips."""
        return read_manifest(self.copy(contents.MANIFEST))

    # --- consent ------------------------------------------------------------------------------------------------

    @cached_property
    def proof(self) -> Proof:
        """The consent log as far as the crate shows it, checked. Raises ConsentError."""
        return check_proof(self.json(contents.PROOF), contents.PROOF)

    @cached_property
    def ledger(self) -> Ledger:
        """The records that follow from the proof, as they stood when the crate was sealed."""
        sealed = datetime.datetime.fromisoformat(self.crate.seal.time).astimezone(datetime.UTC)
        return read_ledger(self.copy(contents.PROOF).parent, on=sealed.date())

    # --- numbers ------------------------------------------------------------------------------------------------

    @cached_property
    def scores(self) -> pd.DataFrame:
        """The score table. Raises ScoreError."""
        return stats.check(pd.read_parquet(io.BytesIO(self.bytes(SCORES))), SCORES)

    @cached_property
    def frames(self) -> pd.DataFrame:
        """The values frame by frame."""
        return pd.read_parquet(io.BytesIO(self.bytes(FRAMES)))

    @cached_property
    def tables(self) -> Tables:
        """All of the study's long tables."""
        beside = {name: pd.read_parquet(io.BytesIO(self.bytes(f"{name}.parquet"))) for name in NAMES[2:]}
        return Tables(scores=self.scores, frames=self.frames, **beside)

    @cached_property
    def withdrawals(self) -> tuple[tuple[datetime.date, int], ...]:
        """After which withdrawals the version was made again: the day, and how many pairs fewer it has."""
        said = self.json(contents.WITHDRAWALS) if self.has(contents.WITHDRAWALS) else []
        return tuple((datetime.date.fromisoformat(each["day"]), int(each["pairs"])) for each in said)

    @cached_property
    def page(self) -> report.Page:
        """The report's page, as far as it follows from tables, settings and consents."""
        bare = bare_page(self.study, self.manifest, self.ledger, self.tables)
        lost = tuple(report.Withdrawal(date=day, pairs=pairs) for day, pairs in self.withdrawals)
        return replace(bare, withdrawals=lost)

    @cached_property
    def derived(self) -> dict[str, report.Number]:
        """Every number of the report that follows from the tables."""
        return report.derive(self.findings.page, "crate", self.findings)

    @cached_property
    def findings(self) -> report.Findings:
        """What the statistics say of the study."""
        return report.find(bare_page(self.study, self.manifest, None, self.tables))
