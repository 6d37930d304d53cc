"""Rules `measure`, `sanity`, `validity`: the fakes' scores, and the rows that say what scores and metrics mean."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from understudy import media, stats
from understudy.faces.faceset import Faceset
from understudy.faces.framing import read_matrix
from understudy.files import whole
from understudy.metrics import Case, climb, measure, sanity
from understudy.people import ask, mixing

Names = Mapping[str, Any]
Evidence = Mapping[str, Any]
VALIDITY = (
    "study", "version", "source", "driver", "clip", "ladder", "rung", "amount", "amount_unit",
    "metric", "value", "unit", "n", "better",
)  # fmt: skip
"""The columns of the table of degradations."""


def measure_fake(
    *, fake: Path, evidence: Evidence, scores: Path, frames: Path, names: Names, consents: str, study: str, **how: Any
) -> None:
    """Measures one published fake; writes its rows of the score table and its values frame by frame.

    how: what `judged` takes, here and in the other functions.
    """
    _ask(consents, study, f"measure {names['method']}", names)
    rows, values = judged(case(fake, evidence, names, **how), **how)
    stats.write(named(rows, names), scores)
    places = {key: names[key] for key in ("method", "source", "driver", "clip", "seed")}
    write_table(frames, values.assign(**places))


def measure_sanity(
    *, evidence: Evidence, scores: Path, names: Names, consents: str, study: str, crf: int, preset: str, **how: Any
) -> None:
    """Measures what bounds the fakes of a pair and clip: the driver unchanged, re-encoded, the truth, another clip."""
    _ask(consents, study, "sanity", names)
    start = case(Path(evidence["driver"]), evidence, names, **how)
    with tempfile.TemporaryDirectory() as folder:
        cases = sanity(start, how["chosen"], Path(folder), another=Path(evidence["other"]), crf=crf)
        tables = [
            named(
                judged(row.case, **how | {"chosen": row.chosen})[0],
                dict(names) | {"method": row.name, "family": "sanity"},
            )
            for row in cases
        ]
    stats.write(pd.concat(tables, ignore_index=True), scores)


def measure_validity(
    *,
    evidence: Evidence,
    out: Path,
    names: Names,
    consents: str,
    study: str,
    crf: int,
    preset: str,
    wrong: Sequence[str],
    **how: Any,
) -> None:
    """Measures the exact truth of a pair and clip, and the same truth ever more damaged.

    wrong: the truth of another source on the same clip, one or none.
    """
    _ask(consents, study, "validity", names)
    exact = case(Path(evidence["truth"]), evidence, names, **how)
    with tempfile.TemporaryDirectory() as folder:
        other = Path(wrong[0]) if wrong else None
        rows = climb(exact, Path(folder), lambda rung: judged(rung, **how)[0], wrong=other, crf=crf)
    place = {key: names[key] for key in ("study", "version", "source", "driver", "clip")}
    write_table(out, rows.assign(**place).loc[:, list(VALIDITY)])


def judged(
    fake: Case, *, chosen: Sequence[str], embed_every: int, gallery: Mapping[str, str], networks: Mapping[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows and frames of a case, by the study's metrics.

    gallery, networks: entered the case already. embed_every: the face of every so many frames is embedded.
    """
    return measure(fake, chosen, embed_every=embed_every)


def _ask(consents: str, study: str, job: str, names: Names) -> None:
    """Asks for what a measurement looks at: the pair's mixing."""
    uses = mixing(names["source"], names["driver"], names["family"])
    ask(Path(consents), study, f"{job} {names['source']} on {names['clip']}", uses)


def named(rows: pd.DataFrame, names: Names) -> pd.DataFrame:
    """The rows as they stand in the long table."""
    return stats.check(rows.assign(**names))


def case(
    fake: Path,
    evidence: Evidence,
    names: Names,
    *,
    gallery: Mapping[str, str],
    networks: Mapping[str, Any],
    **_: Any,
) -> Case:
    """The case of `fake`; the evidence names files: driver, faceset, both references and, of actors, the truth."""

    def place(key: str) -> Path | None:
        return Path(evidence[key]) if evidence.get(key) else None

    driver = Path(evidence["driver"])
    film = media.probe(driver)
    return Case(
        fake=fake,
        driver=driver,
        fps=float(film.fps),
        source_references_N128=np.load(evidence["source_reference"]),
        driver_references_N128=np.load(evidence["driver_reference"]),
        truth=place("truth"),
        reperformance=place("reenacted"),
        masks=place("masks"),
        boxes_T4=boxes(Faceset.open(evidence["faceset"]), film.frames, place("framing")),
        gallery={subject: np.load(path) for subject, path in gallery.items()},
        source=names["source"],
        labels=place("labels"),
        region=place("region"),
        family=names["family"],
        speech=place("speech"),
        networks={name: Path(network["path"]) for name, network in networks.items()},
    )


def boxes(faceset: Faceset, frames: int, framing: Path | None) -> NDArray[np.float64]:
    """Where the face is known to be in each of a film's frames (T, 4), NaN where it is not.

    The film may play the faceset's clip over and over, or show it framed, as the card `framing` says.
    """
    boxes_T4 = faceset.boxes_T4[np.arange(frames) % len(faceset.table)]
    if framing is None:
        return boxes_T4
    matrix_23 = read_matrix(framing)
    return np.concatenate([boxes_T4[:, at : at + 2] @ matrix_23[:, :2].T + matrix_23[:, 2] for at in (0, 2)], axis=1)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Writes a table as parquet, whole or not at all."""
    with whole(path) as part:
        table.to_parquet(part, index=False)
