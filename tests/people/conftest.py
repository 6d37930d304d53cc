"""Records and manifests for the tests of people: plain dicts, changed in one place at a time."""

import copy
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from understudy.people import Ledger, Manifest, read_manifest

TODAY = datetime.date(2026, 6, 1)
RECORD: dict[str, Any] = {
    "id": "s1-2026",
    "subject": "s1",
    "basis": {"kind": "form", "sha256": "a" * 64},
    "purposes": {
        "extract": True,
        "train": ["swap"],
        "be-source": ["swap"],
        "be-driver": ["swap"],
        "appear-in-report": True,
        "study-stimulus": False,
        "share-weights": False,
        "publish": False,
    },
    "counterparts": "anyone",
    "from": datetime.date(2026, 1, 1),
    "until": datetime.date(2026, 12, 31),
    "note": "",
}

Write = Callable[..., Ledger]


def record(subject: str, **changes: Any) -> dict[str, Any]:
    """The usual record for a subject, with changes; a change of `purposes` is merged into them."""
    made = copy.deepcopy(RECORD) | {"id": f"{subject}-2026", "subject": subject}
    made["purposes"] |= changes.pop("purposes", {})
    return made | changes


@pytest.fixture
def ledger(tmp_path: Path, grant_all: Callable[..., Ledger]) -> Write:
    """Puts records into a new log, in the place of the one before, and reads them back."""

    def write(*records: dict[str, Any]) -> Ledger:
        return grant_all(tmp_path / "consents", *records)

    return write


def clip(id: str, subject: str, role: str = "train", **changes: str) -> dict[str, str]:
    """A clip as a manifest writes it; its hash is made up."""
    made = {"id": id, "subject": subject, "path": f"{id}.mp4", "role": role, "licence": "CC BY 4.0"}
    return made | {"sha256": id.encode().hex().ljust(64, "0")[:64]} | changes


def manifest(folder: Path, *clips: dict[str, str]) -> Manifest:
    """Writes clips as a manifest and reads it back."""
    path = folder / "manifest.yaml"
    path.write_text(yaml.safe_dump({"clips": list(clips)}, allow_unicode=True), encoding="utf-8")
    return read_manifest(path)
