"""The rows of players: what plays side by side, and the traces of the metrics below them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from understudy import media
from understudy.report.charts import Line, trace
from understudy.report.numbers import decimals, number
from understudy.report.page import ClipView, Cue, Page, PairView, Player
from understudy.report.scores import Table, label
from understudy.report.shelf import Shelf, data_uri
from understudy.report.stills import stills

# The metrics that are drawn frame by frame below the players, when the study has them.
TRACED = (
    "identity distance to source",
    "identity_source",
    "SSIM to truth",
    "ssim",
    "landmark error",
    "pose error",
    "flicker",
)
LATEST_POSTER = 60  # frames: how far a video is decoded for its poster


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One player of a row. key: its video on the shelf. poster: data URI of the frame that the row starts at."""

    key: str
    part: str
    title: str
    who: str
    note: str
    sound: bool
    poster: str
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Trace:
    """A metric frame by frame, one line a method, and the ends of its axis."""

    metric: str
    lines: tuple[Line, ...]
    low: str
    high: str
    arrow: str


@dataclass(frozen=True, kw_only=True)
class PlayerRow:
    """The players of one clip, in step. withheld: why not everything is shown. start: the frame first shown."""

    id: str
    source: str
    driver: str
    family: str
    clip: str
    seed: int | None
    tiles: tuple[Tile, ...]
    withheld: str
    fps: float
    frames: int
    start: int
    captions: tuple[Cue, ...]
    traces: tuple[Trace, ...]


def rows(page: Page, whole: Page, shelf: Shelf, tables: Sequence[Table]) -> tuple[PlayerRow, ...]:
    """A row for every clip of every pair; `whole` is the page before anybody was hidden, to say what is withheld."""
    clips = [
        (p, c, len(w.players))
        for p, q in zip(page.pairs, whole.pairs, strict=True)
        for c, w in zip(p.clips, q.clips, strict=True)
    ]
    probes = {player.video: media.probe(player.video) for _, clip, _ in clips for player in clip.players}
    wanted: dict[Path, set[int]] = {}
    for _, clip, _ in clips:
        for player in clip.players:
            wanted.setdefault(player.video, set()).add(_start(clip, probes))
    posters = stills(wanted)
    made: list[PlayerRow] = []
    for pair, clip, everyone in clips:
        clock, start = _clock(clip, probes), _start(clip, probes)
        row = PlayerRow(
            id=f"row-{len(made) + 1}",
            source=pair.source,
            driver=pair.driver,
            family=pair.family,
            clip=clip.clip,
            seed=clip.seed,
            tiles=tuple(_tile(p, pair, shelf, probes[p.video], posters[p.video, start]) for p in clip.players),
            withheld=_withheld(everyone - len(clip.players), len(clip.players)),
            fps=float(clock.fps) if clock else 25.0,
            frames=clock.frames if clock else 1,
            start=start,
            captions=clip.captions if clip.players else (),
            traces=_traces(page.frames, pair, clip, [m.name for m in page.methods], tables),
        )
        made.append(row)
    return tuple(made)


def _clock(clip: ClipView, probes: Mapping[Path, media.Probe]) -> media.Probe | None:
    """The driver's video, or the first there is: the clock of the row."""
    first = sorted(clip.players, key=lambda p: p.part != "driver")
    return probes[first[0].video] if first else None


def _start(clip: ClipView, probes: Mapping[Path, media.Probe]) -> int:
    clock = _clock(clip, probes)
    return min(LATEST_POSTER, clock.frames // 3) if clock else 0


def _tile(player: Player, pair: PairView, shelf: Shelf, probe: media.Probe, poster: bytes) -> Tile:
    who = {
        "source": f"{pair.source}’s likeness is taken",
        "driver": f"{pair.driver}’s performance is kept",
        "fake": f"{pair.source} in {pair.driver}’s performance",
        "truth": "what it should have been",
        "re-performance": f"{pair.source} performs the same script",
    }[player.part]
    return Tile(
        key=shelf.put(player.video),
        part=player.part,
        title=player.name,
        who=who,
        note=player.note,
        sound=probe.sound is not None,
        poster=data_uri(poster, ".jpg"),
        width=probe.width,
        height=probe.height,
    )


def _withheld(missing: int, left: int) -> str:
    if not missing:
        return ""
    what = "Some players of this clip are" if left else "The players of this clip are"
    return f"{what} not shown: a person in it did not allow being shown in a report. Its numbers are in the tables."


def _traces(
    frames: pd.DataFrame, pair: PairView, clip: ClipView, methods: Sequence[str], tables: Sequence[Table]
) -> tuple[Trace, ...]:
    if "frame" not in frames:
        return ()
    here = (frames["source"] == pair.source) & (frames["driver"] == pair.driver) & (frames["clip"] == clip.clip)
    part = frames[here & frames["method"].isin(methods)]
    if clip.seed is not None and "seed" in part:
        part = part[part["seed"] == clip.seed]
    arrows = {t.metric.name: t.metric.arrow for t in tables}
    found = [c for c in TRACED if c in part and part[c].notna().any()]
    return tuple(_trace(part, c, methods, arrows.get(c, "")) for c in found)


def _trace(part: pd.DataFrame, column: str, methods: Sequence[str], arrow: str) -> Trace:
    low, high = float(part[column].min()), float(part[column].max())
    last = int(part["frame"].max())
    lines = []
    for name in methods:
        rows = part[part["method"] == name].sort_values("frame")
        lines.append(Line(name=name, points=trace(rows[column], rows["frame"], last, low, high)))
    places = decimals([low, high])
    return Trace(
        metric=label(column), lines=tuple(lines), low=number(low, places), high=number(high, places), arrow=arrow
    )
