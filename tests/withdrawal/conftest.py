"""A working directory with a study of three people, one of whom will withdraw."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from understudy.people import Ledger

sys.path.append(str(Path(__file__).resolve().parent))
from withdrawal_tree import GONE, PAIRS, Tree


def record(subject: str) -> dict[str, Any]:
    """A record that allows all that a study of swaps asks."""
    purposes: dict[str, Any] = {name: ["swap"] for name in ("train", "be-source", "be-driver")}
    purposes |= dict.fromkeys(("extract", "appear-in-report", "study-stimulus", "share-weights", "publish"), True)
    made = {"id": f"{subject}-1", "subject": subject, "basis": {"kind": "form", "sha256": "a" * 64}}
    return made | {"purposes": purposes, "counterparts": "anyone", "from": "2020-01-01", "until": "2999-01-01"}


Make = Callable[..., Tree]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grant_all: Callable[..., Ledger]) -> Make:
    """Makes a tree in the working directory, and a log that grants everything."""
    monkeypatch.chdir(tmp_path)

    def made(subjects: Sequence[str] = (GONE, "anna", "bert"), pairs: Any = PAIRS, study: str = "films") -> Tree:
        tree = Tree(tmp_path, subjects, pairs, study).make()
        grant_all(tmp_path / study / "consents", *(record(subject) for subject in subjects))
        return tree

    return made


@pytest.fixture
def tree(make: Make) -> Tree:
    """The usual tree."""
    return make()
