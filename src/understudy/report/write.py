"""The study's page: one file that opens by a double click, without a network."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from understudy import files
from understudy.report import players
from understudy.report.answer import answers
from understudy.report.beside import link, write_beside
from understudy.report.clips import worst_clips
from understudy.report.derive import derive, overview
from understudy.report.drawing import environment
from understudy.report.findings import Findings, find
from understudy.report.headline import headline, overall
from understudy.report.numbered import Marker, Number
from understudy.report.page import Page
from understudy.report.plots import drawn
from understudy.report.recorded import recorded
from understudy.report.scores import Table
from understudy.report.shelf import LARGEST, Shelf, data_uri
from understudy.report.showing import Audience, hidden, shown
from understudy.report.stills import Pick, stills, worst
from understudy.report.tabled import contrast_key, cost_columns
from understudy.report.training import pictured, training
from understudy.report.trust import agreements, judgements

NAME = "report.html"
NUMBERS = "numbers.json"
SECTIONS = (
    ("answer", "The answer"),
    ("figures", "Figures"),
    ("watch", "Watch"),
    ("statistics", "Statistics"),
    ("numbers", "Numbers"),
    ("worst", "Worst clips"),
    ("validity", "The metrics"),
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
    """Writes `folder`/report.html and numbers.json beside it, its figures and tables as files; the page's path.

    numbers.json holds every number of the page by the key that it carries there: those derived from the tables, and
    those recorded elsewhere. figures/ holds each figure as SVG, tables/ each table as CSV and parquet. Videos and
    pictures that together pass `largest` bytes go into folder/media/. For the audience of a crate, the page holds no
    picture and no player but of fakes that may be published, and takes those from where the crate has them
    (Player.link).

    Raises MediaError when a video cannot be read, OSError when another file of the page cannot, DiskError when the disk
    is full.
    """
    visible = shown(page, audience)
    found = find(visible)
    derived, known = derive(visible, audience, found), recorded(visible)
    marker = Marker(derived | known)
    with tempfile.TemporaryDirectory(prefix="understudy-") as scratch:
        context = _context(Path(folder), page, found, Shelf(largest), Path(scratch), audience)
    context |= {"files": write_beside(Path(folder), found)}
    out = Path(folder) / NAME
    text = environment().get_template("page.html").render(context | {"marker": marker, "n": marker.number})
    files.write_json(Path(folder) / NUMBERS, {"derived": _plain(derived, marker), "recorded": _plain(known, marker)})
    files.write_text(out, text)
    return out


def _plain(numbers: dict[str, Number], marker: Marker) -> dict[str, Any]:
    """The numbers that were put on the page, as JSON can hold them."""
    return {name: number.plain() for name, number in numbers.items() if name in marker.used}


def _context(
    folder: Path, page: Page, findings: Findings, shelf: Shelf, scratch: Path, audience: Audience
) -> dict[str, Any]:
    """All that the template needs; files that are linked are beside the page afterwards."""
    visible, found = findings.page, findings.tables
    rows = players.rows(findings, page, shelf, audience)
    trainings = [training(run, shelf, scratch) for run in pictured(visible.runs)]
    places = {(r.source, r.driver, r.clip, "" if r.seed is None else str(r.seed)): r.id for r in rows if r.tiles}
    pictures = [shelf.put(e.picture) if e.picture else None for e in visible.extractions]
    waves = [shelf.put(each.picture) if each.picture else None for each in visible.speech]
    bad = _worst(visible, found, rows, audience)
    uris = shelf.uris(folder)
    playing = {t.key for r in rows for t in r.tiles} | {t.timelapse for t in trainings}
    return {
        "page": visible,
        "sections": [s for s in SECTIONS if _has(s[0], findings, bad)],
        **_statistics(findings),
        "audience": audience,
        "hidden": sorted(hidden(page, audience)),
        "tables": found,
        "columns": _columns(visible, found),
        "questions": list(dict.fromkeys(t.metric.question for t in found)),
        "answers": answers(findings),
        "rows": rows,
        "at_once": players.AT_ONCE,
        "row_of": lambda dot: next(
            (places[p] for seed in (dot.seed, "") if (p := (dot.source, dot.driver, dot.clip, seed)) in places), None
        ),
        "worst": bad,
        "trainings": trainings,
        "pictures": pictures,
        "waves": waves,
        "overview": [name for name, count in overview(visible).items() if count],
        "licences": list(
            dict.fromkeys([*visible.licences, *(f.attribution for f in visible.footage if f.attribution)])
        ),
        "media": uris,
        "videos": {key: uri for key, uri in uris.items() if key in playing},
    }


def _statistics(found: Findings) -> dict[str, Any]:
    """What the parts on the statistics need."""
    figures = drawn(found)
    table = found.page.costs_table
    order = overall(found, found.groups[0]) if found.groups else []
    return {
        "found": found,
        "headline": headline(found),
        "leader": order[0][0] if order else "",
        "cost_units": _units(table),
        "figures": figures,
        "kinds": {kind: [f for f in figures if f.kind == kind] for kind in dict.fromkeys(f.kind for f in figures)},
        "link": link,
        "contrast_key": contrast_key,
        "cost_columns": cost_columns(found),
        "worst_clips": worst_clips(found),
        "judgements": judgements(found),
        "agreements": agreements(found),
    }


def _units(costs: pd.DataFrame) -> dict[str, str]:
    """Each quantity's unit in words without a digit; of a bare count none."""
    words = {"1": "", "1/s": "per second"}
    units = zip(costs["quantity"], costs["unit"], strict=True) if len(costs) else ()
    return {str(quantity): words.get(str(unit), str(unit)) for quantity, unit in units}


def _has(section: str, found: Findings, bad: list[Worst]) -> bool:
    """Whether the page has something to say in a section that may be left out."""
    page = found.page
    compared = len(found.compared) > 1
    optional = {
        "figures": compared and bool(found.keys),
        "statistics": compared and bool(found.keys),
        "validity": bool(judgements(found) or agreements(found)),
        "worst": bool(bad or worst_clips(found)),
        "learning": bool(page.runs),
        "cost": bool(page.costs),
        "cards": bool(page.cards),
    }
    return optional.get(section, True)


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
