"""The report: scores -> derived numbers -> numbers.json -> report.html, text by text."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from understudy import report
from understudy.crate.contents import MACHINE
from understudy.review.checks import Finding, Outcome
from understudy.review.evidence import Evidence
from understudy.review.texts import cards, paragraph
from understudy.stages.report import environment, passages
from understudy.stages.showing import learned_from, run_view

# Of the machine, what a page and a crate that were written one after the other say alike.
LASTING = ("processor", "system", "python", "packages")
_WHY = "the crate holds no report"


def derived(evidence: Evidence) -> Outcome:
    """numbers.json holds exactly the numbers that follow from the score tables."""
    evidence.require(report.NUMBERS, _WHY)
    told = _numbers(evidence)["derived"]
    due = {key: number.plain() for key, number in evidence.derived.items()}
    findings = list(_unequal(evidence, told, due))
    return Outcome(note=f"{len(due)} numbers and charts, computed anew from the scores", findings=findings)


def recorded(evidence: Evidence) -> Outcome:
    """The recorded numbers of numbers.json are those of their sources, where the crate has them."""
    evidence.require(report.NUMBERS, _WHY)
    told = _numbers(evidence)["recorded"]
    due = {key: number.plain() for key, number in _sources(evidence).items()}
    known = {key: told[key] for key in told if key in due}
    findings = list(_unequal(evidence, known, due))
    away = sorted({str(entry.get("source")) for key, entry in told.items() if key not in due})
    rest = f"; not in the crate: {', '.join(away)}" if away else ""
    return Outcome(
        note=f"{len(known)} of {len(told)} compared with run cards, settings and records{rest}", findings=findings
    )


def page(evidence: Evidence) -> Outcome:
    """The page shows the numbers of numbers.json under their keys, all of them, and no others."""
    evidence.require(report.NAME, _WHY)
    html = evidence.text(report.NAME)
    told = _numbers(evidence)
    due = told["recorded"] | told["derived"] | {key: n.plain() for key, n in evidence.derived.items()}
    marks = report.read_marks(html)
    findings = [*_shown(marks, due), *_absent(marks, due), *_strays(evidence, html)]
    return Outcome(note=f"{len(marks)} places of {len(due)} numbers", findings=findings)


def _numbers(evidence: Evidence) -> dict[str, dict[str, Any]]:
    """The two tables of numbers.json, their form checked."""
    value = evidence.json(report.NUMBERS)
    if not isinstance(value, dict) or set(value) != {"derived", "recorded"}:
        raise ValueError("holds other tables than derived and recorded")
    for table in value.values():
        if not all(isinstance(entry, dict) and isinstance(entry.get("text"), str) for entry in table.values()):
            raise ValueError("holds a number without its text")
    return value


def _unequal(evidence: Evidence, told: Mapping[str, Any], due: Mapping[str, Any]) -> Iterator[Finding]:
    """Where numbers.json and what is due are not the same."""
    lines = evidence.text(report.NUMBERS).split("\n")
    for key in sorted(set(told) | set(due)):
        if told.get(key) == due.get(key):
            continue
        line = next((n for n, text in enumerate(lines, 1) if f"{json.dumps(key, ensure_ascii=False)}:" in text), None)
        yield Finding(
            file=report.NUMBERS, line=line, item=key, fact=_say(told.get(key)), due=_say(due.get(key), "absent")
        )


def _say(entry: Any, absent: str = "is absent") -> str:
    """A number of numbers.json in words."""
    if entry is None:
        return absent
    value = "" if entry.get("value") is None else f" ({entry['value']!r})"
    return f"'{entry['text']}'{value}"


def _shown(marks: list[report.Mark], due: Mapping[str, Any]) -> Iterator[Finding]:
    for mark in marks:
        if mark.key not in due:
            yield Finding(
                file=report.NAME,
                line=mark.line,
                item=mark.key,
                fact=f"shows '{mark.text}', and there is no such number",
            )
        elif mark.text != due[mark.key]["text"]:
            chart = mark.key.startswith("figure/")
            fact = "is another drawing" if chart else f"shows '{mark.text}'"
            wanted = "the one that follows from the numbers" if chart else f"'{due[mark.key]['text']}'"
            yield Finding(file=report.NAME, line=mark.line, item=mark.key, fact=fact, due=wanted)


def _absent(marks: list[report.Mark], due: Mapping[str, Any]) -> Iterator[Finding]:
    for key in sorted(set(due) - {mark.key for mark in marks}):
        yield Finding(file=report.NAME, item=key, fact="is not on the page", due=f"'{due[key]['text']}'")


def _strays(evidence: Evidence, html: str) -> Iterator[Finding]:
    """Numbers that stand in a table or in the answer and are none of the report's."""
    metrics = {f"{name[:1].upper()}{name[1:]}".replace("_", " ") for name in set(evidence.scores["metric"])}
    clips = {clip.id for clip in evidence.manifest.clips} | set(evidence.manifest.subjects)
    for stray in report.strays(html, {*evidence.seen(), *metrics, *clips, *evidence.study.entries}):
        yield Finding(
            file=report.NAME, line=stray.line, fact=f"'{stray.text}' stands there, and is no number of the report"
        )


def _sources(evidence: Evidence) -> dict[str, report.Number]:
    """The recorded numbers that follow from what the crate holds beside the report."""
    runs = tuple(_runs(evidence))
    machine = evidence.json(MACHINE) if evidence.has(MACHINE) else {}
    lasting = {name: text for name, text in environment(machine).items() if name in LASTING}
    said = passages(cards(evidence), paragraph(evidence))
    full = report.recorded(replace(evidence.page, runs=runs, environment=lasting, cards=said))
    unknown = {name for name, number in full.items() if number.source in ("page", "faceset", "consent log")}
    return {name: number for name, number in full.items() if name not in unknown}


def _runs(evidence: Evidence) -> Iterator[report.RunView]:
    for path in evidence.under("runs"):
        place = Path(path)
        if place.name == "card.json" and evidence.has(str(place.parent / "loss.csv")):
            folder = evidence.copy(path).parent
            evidence.copy(str(place.parent / "loss.csv"))
            yield run_view(folder, tuple(evidence.json(path)["subjects"]), learned_from(evidence.study, place.parts[1]))
