"""Rule `gather`: one long table each of scores, frames, learning curves, costs and degradations."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from understudy import stats
from understudy.files import read_json
from understudy.stages.curve import CURVES
from understudy.stages.measure import FRAMES, VALIDITY, write_table

COSTS = ("study", "version", "method", "group", "seed", "quantity", "value", "unit")
"""The columns of the table of costs: what each training took, and a row a fake for its conversion."""


def gather_tables(
    *,
    scores: Sequence[str],
    frames: Sequence[str],
    curves: Sequence[str],
    validities: Sequence[str],
    out: Path,
    names: Mapping[str, Any],
    runs: Sequence[Mapping[str, Any]],
    timings: Sequence[Mapping[str, Any]],
) -> None:
    """Writes the tables into the folder `out`: the scores as CSV, too. runs, timings: whose each card and timing is."""
    long = pd.concat([stats.read(Path(part)) for part in scores], ignore_index=True)
    stats.write(long, out / "scores.parquet")
    stats.write(long, out / "scores.csv")
    write_table(out / "frames.parquet", _together(frames, FRAMES))
    write_table(out / "curves.parquet", _together(curves, CURVES))
    write_table(out / "validity.parquet", _together(validities, VALIDITY))
    rows = [{**names, **row} for row in costs({"runs": runs, "timings": timings})]
    write_table(out / "costs.parquet", pd.DataFrame(rows, columns=list(COSTS)))


def costs(job: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What each training and each conversion took, by the runs and timings that the rule's job names."""
    return [*_trainings(job["runs"]), *_conversions(job["timings"])]


def _together(parts: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """All parts as one table; of none, an empty one."""
    if not parts:
        return pd.DataFrame({column: pd.Series(dtype="object") for column in columns})
    return pd.concat([pd.read_parquet(part) for part in parts], ignore_index=True)


def _trainings(runs: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """What each training took, from its card."""
    for run in runs:
        card = read_json(Path(run["card"]))
        place = {key: run[key] for key in ("method", "group", "seed")}
        for quantity, value, unit in (
            ("training CPU time", card["seconds"]["cpu"], "s"),
            ("training time", card["seconds"]["wall"], "s"),
            ("images a CPU-second", card["images_per_second"]["cpu"], "1/s"),
            ("peak memory", card["peak_memory"]["process_mib"], "MiB"),
            ("parameters", card["parameters"], "1"),
            ("FLOPs a step", card["flops_per_step"], "FLOP"),
            ("steps", card["steps"], "1"),
        ):
            yield {**place, "quantity": quantity, "value": float(value), "unit": unit}


def _conversions(timings: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """What each conversion took a frame, encoding, watermark and signature included."""
    for timing in timings:
        found = read_json(Path(timing["file"]))
        place = {key: timing[key] for key in ("method", "group", "seed")}
        value = 1000 * found["cpu_seconds"] / max(found["frames"], 1)
        quantity = "conversion" if timing.get("unit") != "sound" else "conversion of a voice"
        yield {**place, "quantity": quantity, "value": value, "unit": "ms/frame"}
