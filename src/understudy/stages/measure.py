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
FRAMES = ("method", "source", "driver", "clip", "seed", "frame")
"""The first columns of the table of frames: whose each is. A study of voices alone has no rows in it."""


def measure_fake(
    *,
    fake: Path,
    evidence: Evidence,
    scores: Path,
    frames: Path | None,
    names: Names,
    consents: str,
    study: str,
    **how: Any,
) -> None:
    """Measures one published fake; writes its rows of the score table and, of pictures, its values frame by frame.

    how: what `judged` takes, here and in the other functions; and of voices the notice, which is not measured.
    """
    _ask(consents, study, f"measure {names['method']}", names)
    rows, values = judged(case(fake, evidence, names, heard_from=_noticed(names, how), **how), **how)
    stats.write(named(rows, names), scores)
    if frames is None:
        return
    places = {key: names[key] for key in FRAMES[:-1]}
    write_table(frames, values.assign(**places))


def measure_sanity(
    *, evidence: Evidence, scores: Path, names: Names, consents: str, study: str, crf: int, preset: str, **how: Any
) -> None:
    """Measures what bounds the fakes of a pair and clip: the driver unchanged, re-encoded, the truth, another clip."""
    _ask(consents, study, "sanity", names)
    start = case(Path(evidence["driver"]), evidence, names, **how)
    with tempfile.TemporaryDirectory() as folder:
        cases = sanity(start, how["chosen"], Path(folder), another=_first(evidence, "other"), crf=crf)
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


def _noticed(names: Names, how: Mapping[str, Any]) -> float:
    """For how long the notice covers a fake's sound, seconds."""
    if names["family"] != "voice":
        return 0.0
    from understudy.provenance import notice  # which the environment of faces has not all of

    return notice.seconds(how["notice"])


def judged(fake: Case, *, chosen: Sequence[str], embed_every: int, **_: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows and frames of a case, by the study's metrics; the face of every `embed_every`th frame is embedded."""
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
    heard_from: float = 0.0,
    **_: Any,
) -> Case:
    """The case of `fake`; the evidence names files: driver, faceset, both references and, of actors, the truth.

    Of a voice it names recordings of source and driver in the place of faces.
    """

    def place(key: str) -> Path | None:
        return _first(evidence, key)

    def references(key: str) -> NDArray[np.floating]:
        return np.load(evidence[key]) if key in evidence else np.zeros((0, 128))

    driver = Path(evidence["driver"])
    film = media.probe(driver)
    return Case(
        fake=fake,
        driver=driver,
        fps=float(film.fps),
        source_references_N128=references("source_reference"),
        driver_references_N128=references("driver_reference"),
        truth=place("truth"),
        reperformance=place("reenacted"),
        masks=place("masks"),
        boxes_T4=boxes(Faceset.open(faceset), film.frames, place("framing")) if (faceset := place("faceset")) else None,
        gallery={subject: np.load(path) for subject, path in gallery.items()},
        source=names["source"],
        labels=place("labels"),
        region=place("region"),
        family=names["family"],
        speech=place("speech"),
        recordings=_all(evidence, "recordings"),
        driver_recordings=_all(evidence, "driver_recordings"),
        heard_from=heard_from,
        networks={name: Path(network["path"]) for name, network in networks.items()},
    )


def _all(evidence: Evidence, key: str) -> tuple[Path, ...]:
    """The files that the evidence names so: one, several, or none."""
    found = evidence.get(key) or ()
    return tuple(map(Path, [found] if isinstance(found, str | Path) else found))


def _first(evidence: Evidence, key: str) -> Path | None:
    return next(iter(_all(evidence, key)), None)


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
