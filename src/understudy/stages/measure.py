"""Rules `measure`, `sanity` and `gather`: the scores of the fakes, and the rows that say what the scores mean."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from understudy import media, stats
from understudy.faces.faceset import Faceset
from understudy.files import whole
from understudy.metrics import Case, measure, sanity
from understudy.people import ask, mixing

Names = Mapping[str, Any]


def measure_fake(
    *,
    fake: Path,
    evidence: Mapping[str, str],
    scores: Path,
    frames: Path,
    names: Names,
    chosen: Sequence[str],
    consents: str,
    study: str,
) -> None:
    """Measures one published fake; writes its rows of the score table and its values frame by frame."""
    _ask(consents, study, f"measure {names['method']}", names)
    rows, values = measure(_case(fake, evidence), chosen)
    stats.write(_named(rows, names), scores)
    places = {key: names[key] for key in ("method", "source", "driver", "clip", "seed")}
    _write(frames, values.assign(**places))


def measure_sanity(
    *,
    evidence: Mapping[str, str],
    scores: Path,
    names: Names,
    chosen: Sequence[str],
    consents: str,
    study: str,
    crf: int,
    preset: str,
) -> None:
    """Measures what bounds the fakes of a pair and clip: the driver unchanged, re-encoded, the truth, another clip."""
    _ask(consents, study, "sanity", names)
    case = _case(Path(evidence["driver"]), evidence)
    with tempfile.TemporaryDirectory() as folder:
        cases = sanity(case, chosen, Path(folder), another=Path(evidence["other"]), crf=crf)
        tables = [
            _named(measure(row.case, row.chosen)[0], dict(names) | {"method": row.name, "family": "sanity"})
            for row in cases
        ]
    stats.write(pd.concat(tables, ignore_index=True), scores)


def gather_scores(*, parts: Sequence[str], frame_parts: Sequence[str], scores: Path, table: Path, frames: Path) -> None:
    """One table of all scores (parquet, and the same as CSV), and one of all values frame by frame."""
    long = pd.concat([stats.read(Path(part)) for part in parts], ignore_index=True)
    stats.write(long, scores)
    stats.write(long, table)
    _write(frames, pd.concat([pd.read_parquet(part) for part in frame_parts], ignore_index=True))


def _ask(consents: str, study: str, job: str, names: Names) -> None:
    """Asks for what a measurement looks at: the pair's mixing."""
    uses = mixing(names["source"], names["driver"], names["family"])
    ask(Path(consents), study, f"{job} {names['source']} on {names['clip']}", uses)


def _named(rows: pd.DataFrame, names: Names) -> pd.DataFrame:
    """The rows as they stand in the long table."""
    return stats.check(rows.assign(**names))


def _case(fake: Path, evidence: Mapping[str, str]) -> Case:
    """The case of `fake`; the evidence names files: driver, faceset, both references and, of actors, the truth."""

    def place(key: str) -> Path | None:
        return Path(evidence[key]) if evidence.get(key) else None

    driver = Path(evidence["driver"])
    return Case(
        fake=fake,
        driver=driver,
        fps=float(media.probe(driver).fps),
        source_references_N128=np.load(evidence["source_reference"]),
        driver_references_N128=np.load(evidence["driver_reference"]),
        truth=place("truth"),
        reperformance=place("reenacted"),
        masks=place("masks"),
        boxes_T4=Faceset.open(evidence["faceset"]).boxes_T4,
    )


def _write(path: Path, table: pd.DataFrame) -> None:
    with whole(path) as part:
        table.to_parquet(part, index=False)
