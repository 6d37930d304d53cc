"""What is not as it was is told: code, workflow, versions, machine; and nothing where all is the same."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from understudy.crate import open_crate
from understudy.crate.store import open_store
from understudy.files import write_json
from understudy.job import fingerprint
from understudy.review.differences import differences
from understudy.review.evidence import Evidence
from understudy.review.executing import checkout

RUN = "runs/original/seed-1/dario+felix"


@pytest.fixture
def same(copy: Path, reseal: Callable[[Path], None]) -> Path:
    """A crate of this very program and machine."""
    card = json.loads((copy / RUN / "card.json").read_text())
    code = fingerprint("scripts/train.py", "understudy.methods.original")
    write_json(copy / RUN / "card.json", card | {"code": code})
    reseal(copy)
    return copy


def told(crate: Path, scratch: Path) -> list[str]:
    opened = open_crate(crate)
    evidence = Evidence(crate=opened, store=open_store(opened.place), scratch=scratch)
    return [str(difference) for difference in differences(evidence, checkout())]


def test_nothing_is_told_of_the_same_program_on_the_same_machine(same: Path, tmp_path: Path) -> None:
    assert told(same, tmp_path / "scratch") == []


def test_other_code_workflow_versions_and_machines_are_told(
    same: Path, tmp_path: Path, reseal: Callable[[Path], None]
) -> None:
    machine = json.loads((same / "environment/machine.json").read_text())
    machine["packages"]["torch"] = "1.0"
    write_json(same / "environment/machine.json", machine | {"processor": "an abacus"})
    card = json.loads((same / RUN / "card.json").read_text())
    write_json(same / RUN / "card.json", card | {"code": "cd" * 32})
    (same / "workflow/scripts/train.py").write_text("print('another script')\n")
    reseal(same)
    found = "\n".join(told(same, tmp_path / "scratch"))
    assert "workflow/scripts/train.py: " in found
    assert f"code of {RUN}: cdcdcdcdcdcd then" in found
    assert "torch: 1.0 then" in found
    assert "processor: an abacus then" in found
    assert len(found.splitlines()) == 4
