"""The rows of players: what plays side by side, and the traces of the metrics below them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from understudy import media
from understudy.report.findings import Findings
from understudy.report.page import ClipView, Cue, Page, PairView, Player
from understudy.report.shelf import Shelf, data_uri
from understudy.report.showing import Audience
from understudy.report.stills import stills
from understudy.report.traces import Trace, place

AT_ONCE = 6  # rows that are open side by side; of more, one is chosen at a time
LATEST_POSTER = 60  # frames: how far a video is decoded for its poster


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One player of a row. key: its video on the shelf. poster: data URI of the frame that the row starts at,
    if any.
    """

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


def rows(found: Findings, whole: Page, shelf: Shelf, audience: Audience = "study") -> tuple[PlayerRow, ...]:
    """A row for every clip of every pair; `whole` is the page before anybody was hidden, to say what is withheld.

    Of many rows only the first have posters: the others show their videos when they are chosen.
    """
    page = found.page
    clips = [
        (p, c, len(w.players))
        for p, q in zip(page.pairs, whole.pairs, strict=True)
        for c, w in zip(p.clips, q.clips, strict=True)
    ]
    probes = {player.video: media.probe(player.video) for _, clip, _ in clips for player in clip.players}
    wanted: dict[Path, set[int]] = {}
    for _, clip, _ in clips if len(clips) <= AT_ONCE else clips[:1]:
        for player in clip.players:
            wanted.setdefault(player.video, set()).add(_start(clip, probes))
    posters = stills(wanted) if audience == "study" else {}
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
            tiles=tuple(
                _tile(p, pair, shelf, probes[p.video], posters.get((p.video, start)), audience) for p in clip.players
            ),
            withheld=_withheld(everyone - len(clip.players), len(clip.players), audience),
            fps=float(clock.fps) if clock else 25.0,
            frames=clock.frames if clock else 1,
            start=start,
            captions=clip.captions if clip.players else (),
            traces=found.traces[place(pair, clip)],
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


def _tile(
    player: Player, pair: PairView, shelf: Shelf, probe: media.Probe, poster: bytes | None, audience: Audience
) -> Tile:
    who = {
        "source": f"{pair.source}’s {player.gives} is taken",
        "driver": f"{pair.driver}’s performance is kept",
        "fake": f"{pair.source}’s {player.gives} in {pair.driver}’s performance",
        "truth": "what it should have been",
        "re-performance": f"{pair.source} performs the same script",
    }[player.part]
    return Tile(
        key=shelf.put(player.video, link=player.link if audience == "crate" else ""),
        part=player.part,
        title=player.name,
        who=who,
        note=player.note,
        sound=probe.sound is not None,
        poster=data_uri(poster, ".jpg") if poster else "",
        width=probe.width,
        height=probe.height,
    )


def _withheld(missing: int, left: int, audience: Audience) -> str:
    if not missing:
        return ""
    if audience == "crate":
        only = "only fakes that all in them allow to be published" if left else "no player of this clip"
        return f"This copy of the page travels with the crate: it holds {only}, and no footage."
    what = "Some players of this clip are" if left else "The players of this clip are"
    return f"{what} not shown: a person in it did not allow being shown in a report. Its numbers are in the tables."
