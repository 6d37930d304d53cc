"""The notebook reads what a study leaves, and runs from its first cell to its last."""

import json
from pathlib import Path
from typing import Any

import pytest

from understudy import stats
from understudy.report import write

from . import simulated

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks/read_the_scores.ipynb"


def run(place: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the notebook's cells leave when they run one after the other in a folder beside results/."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    (place / "notebooks").mkdir()
    monkeypatch.chdir(place / "notebooks")
    left: dict[str, Any] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [], "it is kept without results: they belong to a study"
            exec(compile("".join(cell["source"]), cell["id"], "exec"), left)
    return left


def test_every_cell_runs_and_agrees_with_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = simulated.scores()
    folder = tmp_path / "results/sim/1"
    write(folder, simulated.page(table, curves=simulated.curves(table), costs_table=simulated.costs()))
    stats.write(table, folder / "scores.csv")
    left = run(tmp_path, monkeypatch)
    assert {"estimates", "contrasts", "ranks", "curves", "costs"} <= set(left["tables"])
    estimates = left["estimates"].set_index(["method", "metric"])["mean"]
    assert left["mean"] == pytest.approx(estimates["saehd", "SSIM to truth"])
    assert left["course"].loc[1.0, "saehd"] == pytest.approx(estimates["saehd", "SSIM to truth"])
    assert len(left["rows"]) == 12 * 2 * 3


def test_a_study_without_curves_and_costs_is_read_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = simulated.scores(people=("ada", "ben"), clips=1, seeds=1)
    folder = tmp_path / "results/sim/1"
    write(folder, simulated.page(table))
    stats.write(table, folder / "scores.csv")
    assert "curves" not in run(tmp_path, monkeypatch)
