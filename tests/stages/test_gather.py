"""The tables of a study, put together from its jobs', whatever there is of them."""

from pathlib import Path

import pandas as pd

from understudy import stats
from understudy.stages.gather import gather_tables
from understudy.stages.measure import FRAMES
from understudy.stages.tables import read_tables


def test_a_study_that_shows_nothing_has_a_table_of_no_frames(tmp_path: Path) -> None:
    """Voices are measured as a whole, not frame by frame: there is nothing to put together."""
    row = {"study": "s", "version": "1", "method": "world", "family": "voice", "source": "ada", "driver": "ben"}
    row |= {"clip": "ben-1", "seed": 1, "metric": "F0 error", "value": 60.0, "unit": "cents", "n": 1, "better": "lower"}
    stats.write(pd.DataFrame([row]), tmp_path / "part.parquet")
    part, out = [str(tmp_path / "part.parquet")], tmp_path / "out"
    out.mkdir()
    gather_tables(
        scores=part, frames=(), curves=(), validities=(), out=out, names={"study": "s", "version": "1"}, runs=(),
        timings=(),
    )  # fmt: skip
    tables = read_tables(out)
    assert tables.frames.empty
    assert tuple(tables.frames.columns) == FRAMES
    assert tables.scores["value"].tolist() == [60.0]
    assert tables.curves.empty
    assert tables.validity.empty
