"""The files beside the report: each figure and each table is the one that follows from the study's tables."""

import io
import math
from collections.abc import Iterator

import pandas as pd

from understudy import report
from understudy.review.checks import Finding, Impossible, Outcome
from understudy.review.evidence import Evidence

# Relative: statistics add in another order on another processor, and are written with all their digits.
CLOSE = 1e-9
_FOLDERS = ("figures", "tables")


def beside(evidence: Evidence) -> Outcome:
    """Figures are the same drawings, tables hold the same values, and there are no others."""
    there = {path for folder in _FOLDERS for path in evidence.under(folder)}
    if not there and not evidence.has(report.NAME):
        raise Impossible("the crate holds no report")
    drawings, held = report.figures(evidence.findings), report.frames(evidence.findings)
    tables = {f"tables/{name}.{suffix}": frame for name, frame in held.items() for suffix in ("csv", "parquet")}
    findings = [*_drawings(evidence, drawings), *_tables(evidence, tables)]
    findings += [Finding(file=path, fact="follows from nothing") for path in sorted(there - {*drawings, *tables})]
    return Outcome(note=f"{len(drawings)} figures and {len(held)} tables, computed anew", findings=findings)


def _drawings(evidence: Evidence, due: dict[str, str]) -> Iterator[Finding]:
    for path, text in due.items():
        if not evidence.has(path):
            yield Finding(file=path, fact="is missing")
        elif evidence.text(path) != text:
            yield Finding(file=path, fact="is another drawing", due="the one that follows from the numbers")


def _tables(evidence: Evidence, due: dict[str, pd.DataFrame]) -> Iterator[Finding]:
    for path, frame in due.items():
        if not evidence.has(path):
            yield Finding(file=path, fact="is missing")
            continue
        found = _read(path, evidence.bytes(path))
        # As the CSV tells it: what is not there is an empty cell, whatever it was called before.
        wanted = _read(path, _csv(frame) if path.endswith(".csv") else _parquet(frame))
        if list(found.columns) != list(wanted.columns) or len(found) != len(wanted):
            yield Finding(
                file=path,
                fact=f"has {len(found)} rows of {len(found.columns)} columns",
                due=f"{len(wanted)} of {len(wanted.columns)}",
            )
            continue
        yield from _cells(path, found, wanted)


def _cells(path: str, found: pd.DataFrame, wanted: pd.DataFrame) -> Iterator[Finding]:
    """The first cell of each column that is another one."""
    for column in wanted.columns:
        pairs = zip(found[column].tolist(), wanted[column].tolist(), strict=True)
        for line, (one, other) in enumerate(pairs, 2):
            if not _same(one, other):
                yield Finding(file=path, line=line, item=str(column), fact=f"is {one!r}", due=f"{other!r}")
                break


def _same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE)
    return one == other


def _csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False, lineterminator="\n").encode()


def _parquet(frame: pd.DataFrame) -> bytes:
    held = io.BytesIO()
    frame.to_parquet(held, index=False)
    return held.getvalue()


def _read(path: str, held: bytes) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(held)) if path.endswith(".csv") else pd.read_parquet(io.BytesIO(held))
