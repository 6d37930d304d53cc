"""The score tables: their form, that both copies agree, that nothing is missing, and that frames give the scores."""

import io
import math
from collections.abc import Iterator, Set
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from understudy import stats
from understudy.config import Study
from understudy.review.checks import Finding, Outcome
from understudy.review.evidence import CSV, FRAMES, SCORES, Evidence

KEY = ("method", "source", "driver", "clip", "seed", "metric")
PLACE = ("method", "source", "driver", "clip", "seed")
# A mean may differ in its last bits where another machine adds in another order.
CLOSE = 1e-12


def form(evidence: Evidence) -> Outcome:
    """The table has the columns, types and values that it must have, of this study alone."""
    scores, study = evidence.scores, evidence.study
    due = {"study": study.study, "version": study.version}
    wrong = scores[(scores["study"] != due["study"]) | (scores["version"] != due["version"])]
    strange = sorted(set(scores.loc[scores["family"] != "sanity", "method"]) - set(study.entries))
    findings = [
        *(
            _row(index, row, f"is of {row['study']} {row['version']}", " ".join(due.values()))
            for index, row in _each(wrong)
        ),
        *(Finding(file=SCORES, item=f"method {name}", fact="is no method of the study") for name in strange),
    ]
    return Outcome(note=f"{len(scores)} rows", findings=findings)


def _each(rows: pd.DataFrame) -> Iterator[tuple[int, "pd.Series[str]"]]:
    for place, (_, row) in zip(rows.index, rows.iterrows(), strict=True):
        yield int(place), row


def _row(place: int, row: "pd.Series[str]", fact: str, due: str = "", file: str = SCORES) -> Finding:
    """A finding about one row. The line is that of the CSV, where the head is the first."""
    return Finding(file=file, line=place + 2, item=name(tuple(str(row[k]) for k in KEY)), fact=fact, due=due)


def name(key: tuple[str, ...]) -> str:
    """A row of the table in words."""
    method, source, driver, clip, seed, metric = key
    return f"{metric} of {method}, {source} → {driver}, {clip}, seed {seed}"


def copies(evidence: Evidence) -> Outcome:
    """The CSV and the parquet file are one table."""
    path = evidence.copy(CSV)
    csv, table = stats.read(path), stats.check(pd.read_parquet(io.BytesIO(evidence.bytes(SCORES))), SCORES)
    return Outcome(note=f"{CSV} and {SCORES}", findings=list(_unequal(csv, table)))


def _unequal(csv: pd.DataFrame, table: pd.DataFrame) -> Iterator[Finding]:
    if len(csv) != len(table):
        yield Finding(file=CSV, fact=f"has {len(csv)} rows", due=f"the {len(table)} of {SCORES}")
    shown, due = (part.iloc[: min(len(csv), len(table))] for part in (csv, table))
    unequal = {column: ~_alike(shown[column], due[column]) for column in stats.COLUMNS}
    for place in np.flatnonzero(np.any(list(unequal.values()), axis=0)).tolist():
        one, other = shown.iloc[place], due.iloc[place]
        for column in (name for name in stats.COLUMNS if unequal[name][place]):
            fact = f"the column {column} says {one[column]}"
            yield _row(place, one, fact, f"{other[column]}, as in {SCORES}", CSV)


def _alike(one: "pd.Series[Any]", other: "pd.Series[Any]") -> NDArray[np.bool_]:
    """Cell by cell, as `same`."""
    nothing = one.isna().to_numpy() & other.isna().to_numpy()
    return np.asarray((one.to_numpy() == other.to_numpy()) | nothing, dtype=bool)


def same(one: object, other: object) -> bool:
    """Whether two cells hold the same, floats to the bit."""
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    return one == other


def whole(evidence: Evidence) -> Outcome:
    """Every method has the same metrics on every clip that the study converts."""
    study, scores = evidence.study, evidence.scores
    due = {
        (name, pair.source, pair.driver, clip.id, seed, family)
        for name in study.entries
        for family in _families(study, name)
        for seed in study.seeds(name)
        for pair in study.pairs
        for clip in evidence.manifest.of(pair.driver, "test")
        if family == "voice" or not clip.heard
    }
    rows = scores[scores["family"] != "sanity"]
    held: dict[tuple[str, ...], set[str]] = {}
    for *place, metric, family in rows[[*KEY, "family"]].itertuples(index=False, name=None):
        held.setdefault((*place, family), set()).add(metric)
    return Outcome(
        note=f"{len({key[:-1] for key in due})} fakes of {len(study.pairs)} pairs", findings=list(_gaps(due, held))
    )


def _families(study: Study, name: str) -> tuple[str, ...]:
    """By which measures an entry's fakes are held: what is put together is seen and heard."""
    heard = ("voice",) if study.heard(name) else ()
    return tuple(dict.fromkeys((study.family_of(name), *heard)))


def _gaps(due: Set[tuple[object, ...]], held: dict[tuple[str, ...], set[str]]) -> Iterator[Finding]:
    for key in sorted(due - set(held), key=str):
        yield Finding(file=SCORES, item=_fake(key), fact="has no row")
    for key in sorted(set(held) - due, key=str):
        yield Finding(file=SCORES, item=_fake(key), fact="is no fake of the study")
    by_clip: dict[tuple[object, ...], set[str]] = {}
    for key, metrics in held.items():
        by_clip.setdefault(key[1:], set()).update(metrics)
    for key, metrics in sorted(held.items(), key=str):
        for metric in sorted(by_clip[key[1:]] - metrics):
            yield Finding(
                file=SCORES, item=name((*map(str, key[:-1]), metric)), fact="is missing; other methods have it"
            )


def _fake(key: tuple[object, ...]) -> str:
    method, source, driver, clip, seed, family = key
    return f"{method}, {source} → {driver}, {clip}, seed {seed}, as {family}"


def from_frames(evidence: Evidence) -> Outcome:
    """A score whose metric has a value a frame is the mean of these, over the frames that have one."""
    scores, frames = evidence.scores, evidence.frames
    rows = scores[(scores["family"] != "sanity") & scores["metric"].isin(set(frames.columns))]
    others = sorted(set(scores.loc[scores["family"] != "sanity", "metric"]) - set(frames.columns))
    rest = f"; without values a frame, and not derived: {', '.join(others)}" if others else ""
    sanity = int((scores["family"] == "sanity").sum())
    rest += f"; nor are the {sanity} rows that are no fake's"
    return Outcome(note=f"{len(rows)} scores from {FRAMES}{rest}", findings=list(_means(rows, frames)))


def _means(rows: pd.DataFrame, frames: pd.DataFrame) -> Iterator[Finding]:
    parts = dict(iter(frames.groupby(list(PLACE), sort=False)))
    told = rows[[*KEY, "value", "n"]].itertuples(name=None)
    for index, *place, metric, found, n in told:
        part = parts.get(tuple(place))
        if part is None:
            yield _row(index, rows.loc[index], f"has no frames in {FRAMES}")
            continue
        values = part[metric].to_numpy(np.float64)
        values = values[~np.isnan(values)]
        mean = float(values.mean()) if values.size else math.nan
        if not (same(found, mean) or math.isclose(found, mean, rel_tol=CLOSE, abs_tol=CLOSE)):
            yield _row(index, rows.loc[index], f"is {found!r}", f"{mean!r}, the mean of its frames")
        if n != values.size:
            yield _row(index, rows.loc[index], f"says that {n} frames entered", f"{values.size}")
