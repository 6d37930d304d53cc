"""The study's page: one file that opens by a double click, without a network."""

import base64
import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import yaml

from understudy import files
from understudy.report import charts, numbers, players
from understudy.report.answer import answers
from understudy.report.page import Page
from understudy.report.scores import Table, label, tables
from understudy.report.shelf import LARGEST, Shelf, data_uri
from understudy.report.showing import hidden, shown
from understudy.report.stills import Pick, stills, worst
from understudy.report.training import training

HERE = Path(__file__).parent
NAME = "report.html"
SECTIONS = (
    ("answer", "The answer"),
    ("watch", "Watch"),
    ("numbers", "Numbers"),
    ("worst", "Worst frames"),
    ("learning", "Learning"),
    ("people", "People"),
    ("studied", "What was studied"),
    ("cost", "Cost"),
    ("again", "Run it again"),
    ("ethics", "Ethics"),
)


@dataclass(frozen=True, kw_only=True)
class Worst:
    """A worst frame ready for the template. pictures: (title, data URI)."""

    pick: Pick
    value: str
    row: str | None
    pictures: tuple[tuple[str, str], ...]


def write(folder: Path, page: Page, *, largest: int = LARGEST) -> Path:
    """Writes `folder`/report.html, and folder/media/ when videos and pictures pass `largest` bytes; its path.

    Raises MediaError when a video cannot be read, OSError when another file of the page cannot, DiskError when the disk
    is full.
    """
    with tempfile.TemporaryDirectory(prefix="understudy-") as scratch:
        context = _context(Path(folder), page, Shelf(largest), Path(scratch))
    out = Path(folder) / NAME
    files.write_text(out, _environment().get_template("page.html").render(context))
    return out


def _context(folder: Path, page: Page, shelf: Shelf, scratch: Path) -> dict[str, Any]:
    """All that the template needs; files that are linked are beside the page afterwards."""
    visible = shown(page)
    found = tables(visible.scores, [m.name for m in visible.methods], visible.definitions)
    rows = players.rows(visible, page, shelf, found)
    trainings = [training(run, shelf, scratch) for run in visible.runs]
    pictures = [shelf.put(e.picture) if e.picture else None for e in visible.extractions]
    bad = _worst(visible, found, rows)
    uris = shelf.uris(folder)
    playing = {t.key for r in rows for t in r.tiles} | {t.timelapse for t in trainings}
    return {
        "page": visible,
        "sections": [s for s in SECTIONS if _has(s[0], visible, bad)],
        "hidden": sorted(hidden(page)),
        "tables": found,
        "columns": _columns(visible, found),
        "questions": list(dict.fromkeys(t.metric.question for t in found)),
        "answers": answers(visible, found),
        "rows": rows,
        "worst": bad,
        "trainings": trainings,
        "pictures": pictures,
        "cpu": sum(c.cpu_seconds or 0.0 for c in visible.costs) or None,
        "licences": list(
            dict.fromkeys([*visible.licences, *(f.attribution for f in visible.footage if f.attribution)])
        ),
        "media": uris,
        "videos": {key: uri for key, uri in uris.items() if key in playing},
    }


def _has(section: str, page: Page, bad: list[Worst]) -> bool:
    """Whether the page has something to say in a section that may be left out."""
    return bool({"worst": bad, "learning": page.runs, "cost": page.costs}.get(section, True))


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


def _worst(page: Page, found: tuple[Table, ...], rows: tuple[players.PlayerRow, ...]) -> list[Worst]:
    picks = worst(page, found)
    wanted: dict[Path, set[int]] = {}
    for pick in picks:
        for player in pick.players:
            wanted.setdefault(player.video, set()).add(pick.frame)
    pictures = stills(wanted)
    places = {t.metric.name: t.places for t in found}
    ids = {(r.source, r.driver, r.clip, r.seed): r.id for r in rows if r.tiles}
    return [
        Worst(
            pick=pick,
            value=numbers.number(pick.value, places.get(pick.metric, 3)),
            row=ids.get((pick.source, pick.driver, pick.clip, pick.seed)),
            pictures=tuple((p.name, data_uri(pictures[p.video, pick.frame], ".jpg")) for p in pick.players),
        )
        for pick in picks
    ]


@cache
def _environment() -> jinja2.Environment:
    """Jinja with everything escaped, nothing undefined, and the words of this package."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = (HERE / "templates" / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    made.globals.update(script=script, script_digest=digest, charts=charts, style_of=style_of, overview=overview)
    made.globals.update(label=label)
    made.globals.update(css=(HERE / "templates" / "page.css").read_text(encoding="utf-8"))
    made.filters.update(
        duration=numbers.duration,
        lone=numbers.lone,
        number=numbers.number,
        plural=numbers.plural,
        bytesize=numbers.size,
        percent=numbers.percent,
        yaml=as_yaml,
    )
    return made


def style_of(page: Page, method: str) -> int:
    """Which of the page's six colours and shapes a method has; 0 is for sanity rows and everything else."""
    names = [m.name for m in page.methods]
    return names.index(method) % 6 + 1 if method in names else 0


def overview(page: Page) -> Mapping[str, int]:
    """How much there is of everything, for the head of the page."""
    scored = page.scores[page.scores["family"] != "sanity"]
    return {
        "people": len({s for p in page.pairs for s in (p.source, p.driver)}),
        "pairs": len(page.pairs),
        "methods": len(page.methods),
        "clips": len(set(scored["clip"])),
        "frames": len(page.frames[page.frames["method"] == page.methods[0].name])
        if "method" in page.frames and page.methods
        else 0,
    }


def as_yaml(value: Mapping[str, Any]) -> str:
    """Settings as YAML text."""
    return str(yaml.safe_dump(_plain(value), sort_keys=False, allow_unicode=True, width=100)).rstrip()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
