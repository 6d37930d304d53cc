"""Finished versions that a withdrawal takes back: what each lost, counted before it is gone."""

import contextlib
import datetime
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

import pandas as pd

from understudy.files import sha256
from understudy.settings import read_yaml
from understudy.stages.withdrawn import TakenBack, note
from understudy.withdrawal import places
from understudy.withdrawal.searching import Found

_STUDIES = ("study.yaml", "config/study.yaml")
_RECEIPT = "hashes.json"


def lost(root: Path, subject: str, found: Iterable[Found]) -> list[dict[str, Any]]:
    """Each finished version that is taken back: its place, its receipt's hash, the pairs and rows of the person."""
    versions = sorted({version for each in found if (version := places.version_of(each.path))})
    return list(_counted(root, subject, versions))


def _counted(root: Path, subject: str, versions: Iterable[PurePath]) -> Iterator[dict[str, Any]]:
    for version in versions:
        place = root / version
        if not version.name.startswith(".") and (place / _RECEIPT).is_file():
            yield {
                "path": str(version),
                "receipt": sha256(place / _RECEIPT),
                "pairs": _pairs(place, subject),
                "rows": _rows(place / "scores.parquet", subject),
            }


def _pairs(version: Path, subject: str) -> int:
    """The directions with the person in the version's study."""
    found: set[tuple[str, str]] = set()
    for name in _STUDIES:
        with contextlib.suppress(Exception):  # whatever the version holds, it is taken back
            for pair in read_yaml(version / name)["pairs"]:
                ends = (str(pair["source"]), str(pair["driver"]))
                found |= {ends} | ({ends[::-1]} if pair.get("both") else set())
    return sum(subject in ends for ends in found)


def _rows(scores: Path, subject: str) -> int:
    """The rows of the table of scores with the person."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        table = pd.read_parquet(scores, columns=["source", "driver"])
        return int((table == subject).any(axis=1).sum())
    return 0


def say_so(root: Path, versions: Iterable[Mapping[str, Any]], day: datetime.date, certificate: str) -> None:
    """Leaves beside each version's place that it was taken back."""
    for version in versions:
        numbers = {name: version[name] for name in ("pairs", "rows", "receipt")}
        note(root / version["path"], TakenBack(day=day, certificate=certificate, **numbers))
