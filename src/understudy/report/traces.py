"""The metrics frame by frame, drawn below the players of a clip."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from understudy.report.charts import MOST_POINTS, Line, trace
from understudy.report.numbers import decimals, number
from understudy.report.page import ClipView, Page, PairView
from understudy.report.scores import Table, label

ALL_POINTS, FEWEST_POINTS = 300_000, 50  # of all lines of a page together, and of one line at the least
# The metrics that are drawn, when the study has them.
TRACED = (
    "identity distance to source",
    "identity_source",
    "SSIM to truth",
    "ssim",
    "L1 of the frame",
    "AKD",
    "lip landmark error",
    "landmark error",
    "pose error",
    "flicker",
)


@dataclass(frozen=True, kw_only=True)
class Trace:
    """A metric frame by frame, one line a method that has values, and the ends of its axis.

    place: source, driver, clip, seed.
    """

    place: tuple[str, str, str, str]
    column: str
    metric: str
    lines: tuple[Line, ...]
    low: str
    high: str
    arrow: str


def traces(page: Page, tables: Sequence[Table]) -> Mapping[tuple[str, str, str, str], tuple[Trace, ...]]:
    """The traces of every converted clip by (source, driver, clip, seed)."""
    if "frame" not in page.frames:
        return {place(p, c): () for p in page.pairs for c in p.clips}
    columns = [c for c in TRACED if c in page.frames]
    groups = _groups(page, columns)
    clips = [(p, c) for p in page.pairs for c in p.clips]
    most = int(min(MOST_POINTS, max(FEWEST_POINTS, ALL_POINTS / max(1, len(clips) * len(columns) * len(page.methods)))))
    arrows = {t.metric.name: t.metric.arrow for t in tables}
    return {place(p, c): tuple(_traces(_here(page, groups, p, c), arrows, place(p, c), most)) for p, c in clips}


def place(pair: PairView, clip: ClipView) -> tuple[str, str, str, str]:
    """The name of a converted clip: source, driver, clip, and its seed or nothing."""
    return pair.source, pair.driver, clip.clip, "" if clip.seed is None else str(clip.seed)


def _groups(page: Page, columns: Sequence[str]) -> dict[tuple[str, ...], dict[str, pd.DataFrame]]:
    """(method, source, driver, clip) -> seed -> its frames in order."""
    frames = page.frames.assign(seed=page.frames["seed"].astype(str) if "seed" in page.frames else "")
    frames = frames[frames["method"].isin([m.name for m in page.methods])].sort_values("frame", kind="stable")
    found: dict[tuple[str, ...], dict[str, pd.DataFrame]] = {}
    names = ["method", "source", "driver", "clip", "seed"]
    for keyed, part in frames[[*names, "frame", *columns]].groupby(names, sort=False):
        *words, seed = map(str, keyed)
        found.setdefault(tuple(words), {})[seed] = part
    return found


def _here(
    page: Page, groups: Mapping[tuple[str, ...], Mapping[str, pd.DataFrame]], pair: PairView, clip: ClipView
) -> dict[str, pd.DataFrame]:
    """Each method's frames of a converted clip. What learns nothing ran once: its frames stand beside every seed's."""
    here = {}
    for method in page.methods:
        seeds = groups.get((method.name, pair.source, pair.driver, clip.clip), {})
        alone = next(iter(seeds.values())) if len(seeds) == 1 else None
        part = seeds.get(str(clip.seed), alone if clip.seed is None or not method.learned else None)
        if clip.seed is None and len(seeds) > 1:
            part = pd.concat(seeds.values()).sort_values("frame", kind="stable")
        if part is not None:
            here[method.name] = part
    return here


def _traces(
    here: Mapping[str, pd.DataFrame], arrows: Mapping[str, str], where: tuple[str, str, str, str], most: int
) -> Iterator[Trace]:
    for column in TRACED:
        values = {name: part[column].to_numpy(float) for name, part in here.items() if column in part}
        known = np.concatenate([v[np.isfinite(v)] for v in values.values()]) if values else np.array([])
        if known.size:
            ends = float(known.min()), float(known.max())
            yield _trace(here, column, ends, arrows.get(column, ""), where, most)


def _trace(
    here: Mapping[str, pd.DataFrame],
    column: str,
    ends: tuple[float, float],
    arrow: str,
    where: tuple[str, str, str, str],
    most: int,
) -> Trace:
    last = max(int(part["frame"].max()) for part in here.values())
    drawn = ((name, trace(part[column], part["frame"], last, *ends, most=most)) for name, part in here.items())
    lines = tuple(Line(name=name, points=points) for name, points in drawn if points)
    places = decimals(ends)
    return Trace(
        place=where,
        column=column,
        metric=label(column),
        lines=lines,
        low=number(ends[0], places),
        high=number(ends[1], places),
        arrow=arrow,
    )
