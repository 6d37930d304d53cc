"""Actors whose clips may be made, and nothing else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from understudy.people import Ledger


@pytest.fixture
def consenting(tmp_path: Path, grant_all: Callable[..., Ledger]) -> Callable[..., Path]:
    """A folder of consents: these actors' records, which allow that their clips are made."""

    def granted(*subjects: str) -> Path:
        purposes: dict[str, Any] = {name: [] for name in ("train", "be-source", "be-driver")}
        others = ("appear-in-report", "study-stimulus", "share-weights", "publish")
        purposes |= {"extract": True} | dict.fromkeys(others, False)
        allowed = {
            "basis": {"kind": "synthetic"}, "purposes": purposes, "counterparts": "anyone", "from": "2020-01-01",
            "until": None,
        }  # fmt: skip
        grant_all(tmp_path / "consents", *({"id": f"{who}-1", "subject": who, **allowed} for who in subjects))
        return tmp_path / "consents"

    return granted
