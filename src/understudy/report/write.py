"""The study's page: one file that opens by a double click, without a network."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy import files
from understudy.report import players
from understudy.report.answer import answers
from understudy.report.derive import derive, overview
from understudy.report.drawing import environment
from understudy.report.numbered import Marker, Number
from understudy.report.page import Page
from understudy.report.recorded import recorded
from understudy.report.scores import Table, tables
from understudy.report.shelf import LARGEST, Shelf, data_uri
from understudy.report.showing import Audience, hidden, shown
from understudy.report.stills import Pick, stills, worst
from understudy.report.training import training

NAME = "report.html"
NUMBERS = "numbers.json"
SECTIONS = (
    ("answer", "The answer"),
    ("watch", "Watch"),
    ("numbers", "Numbers"),
    ("worst", "Worst frames"),
    ("learning", "Learning"),
    ("people", "People"),
    ("studied", "What was studied"),
    ("cards", "Cards"),
    ("cost", "Cost"),
    ("again", "Run it again"),
    ("ethics", "Ethics"),
)


@dataclass(frozen=True, kw_only=True)
class Worst:
    """A worst frame ready for the template. pictures: (title, data URI)."""

    pick: Pick
    row: str | None
    pictures: tuple[tuple[str, str], ...]


def write(folder: Path, page: Page, *, largest: int = LARGEST, audience: Audience = "study") -> Path:
    """Writes `folder`/report.html and numbers.json beside it; the page's path.

    numbers.json holds every number of the page by the key that it carries there: those derived from the scores, and
    those recorded elsewhere. Videos and pictures that together pass `largest` bytes go into folder/media/. For the
    audience of a crate, the page holds no picture and no player but of fakes that may be published, and takes those
    from where the crate has them (Player.link).

    Raises MediaError when a video cannot be read, OSError when another file of the page cannot, DiskError when the disk
    is full.
    """
    visible = shown(page, audience)
    derived, known = derive(visible, audience), recorded(visible)
    marker = Marker(derived | known)
    with tempfile.TemporaryDirectory(prefix="understudy-") as scratch:
        context = _context(Path(folder), page, Shelf(largest), Path(scratch), audience)
    out = Path(folder) / NAME
    text = environment().get_template("page.html").render(context | {"marker": marker, "n": marker.number})
    files.write_json(Path(folder) / NUMBERS, {"derived": _plain(derived, marker), "recorded": _plain(known, marker)})
    files.write_text(out, text)
    return out


def _plain(numbers: dict[str, Number], marker: Marker) -> dict[str, Any]:
    """The numbers that were put on the page, as JSON can hold them."""
    return {name: number.plain() for name, number in numbers.items() if name in marker.used}


def _context(folder: Path, page: Page, shelf: Shelf, scratch: Path, audience: Audience) -> dict[str, Any]:
    """All that the template needs; files that are linked are beside the page afterwards."""
    visible = shown(page, audience)
    found = tables(visible.scores, [m.name for m in visible.methods], visible.definitions)
    rows = players.rows(visible, page, shelf, found, audience)
    trainings = [training(run, shelf, scratch) for run in visible.runs]
    pictures = [shelf.put(e.picture) if e.picture else None for e in visible.extractions]
    bad = _worst(visible, found, rows, audience)
    uris = shelf.uris(folder)
    playing = {t.key for r in rows for t in r.tiles} | {t.timelapse for t in trainings}
    return {
        "page": visible,
        "sections": [s for s in SECTIONS if _has(s[0], visible, bad)],
        "audience": audience,
        "hidden": sorted(hidden(page, audience)),
        "tables": found,
        "columns": _columns(visible, found),
        "questions": list(dict.fromkeys(t.metric.question for t in found)),
        "answers": answers(visible, found),
        "rows": rows,
        "worst": bad,
        "trainings": trainings,
        "pictures": pictures,
        "overview": [name for name, count in overview(visible).items() if count],
        "licences": list(
            dict.fromkeys([*visible.licences, *(f.attribution for f in visible.footage if f.attribution)])
        ),
        "media": uris,
        "videos": {key: uri for key, uri in uris.items() if key in playing},
    }


def _has(section: str, page: Page, bad: list[Worst]) -> bool:
    """Whether the page has something to say in a section that may be left out."""
    return bool({"worst": bad, "learning": page.runs, "cost": page.costs, "cards": page.cards}.get(section, True))


def _columns(page: Page, found: tuple[Table, ...]) -> dict[str, list[str]]:
    """The columns of the table at a glance: the study's methods, then the sanity rows that any metric has."""
    rows = [r for t in found for r in t.rows]
    scored = {r.method for r in rows if not r.sanity}
    known = [m.name for m in page.methods if m.name in scored]
    others = [r.method for r in rows if not r.sanity and r.method not in known]
    return {
        "methods": list(dict.fromkeys(known + others)),
        "sanity": list(dict.fromkeys(r.method for r in rows if r.sanity)),
    }


def _worst(
    page: Page, found: tuple[Table, ...], rows: tuple[players.PlayerRow, ...], audience: Audience
) -> list[Worst]:
    picks = worst(page, found, audience)
    wanted: dict[Path, set[int]] = {}
    for pick in picks:
        for player in pick.players:
            wanted.setdefault(player.video, set()).add(pick.frame)
    pictures = stills(wanted)
    ids = {(r.source, r.driver, r.clip, r.seed): r.id for r in rows if r.tiles}
    return [
        Worst(
            pick=pick,
            row=ids.get((pick.source, pick.driver, pick.clip, pick.seed)),
            pictures=tuple((p.name, data_uri(pictures[p.video, pick.frame], ".jpg")) for p in pick.players),
        )
        for pick in picks
    ]
