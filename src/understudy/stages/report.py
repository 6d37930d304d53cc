"""Rule `report`: everything that the study made, gathered into one page."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from understudy import media, metrics, report
from understudy.config import Study, read_study
from understudy.crate import Card
from understudy.faces.faceset import Faceset
from understudy.job import machine
from understudy.people import (
    Clip,
    Consent,
    Ledger,
    Manifest,
    may_publish,
    may_show,
    read_ledger,
    read_manifest,
)
from understudy.settings import plain
from understudy.stages.cards import about, study_cards, study_methods
from understudy.stages.check import present
from understudy.stages.showing import costs, extraction, spoken, trainings
from understudy.stages.tables import Tables, read_tables
from understudy.stages.telling import notes
from understudy.stages.voicing import Voicing


def write_report(*, out: Path, tables: Path, settings: Mapping[str, Any], root: str, digest: str) -> None:
    """Writes the study's page into the folder `out`, and its numbers beside it."""
    study = read_study(settings)
    ledger = read_ledger(study.consents)
    plan = Voicing(study, present(read_manifest(study.manifest), ledger), ledger, digest)
    out.mkdir(parents=True, exist_ok=True)
    report.write(out, build_page(plan, read_tables(tables)))


def passages(cards: Iterable[Card], methods: str) -> tuple[report.Passage, ...]:
    """The cards and the paragraph for a paper, as the page shows them."""
    shown = (
        report.Passage(heading=card.title, text="\n\n".join(f"{head}\n\n{text}" for head, text in card.sections))
        for card in cards
    )
    return (*shown, report.Passage(heading="Methods, for a paper", text=methods))


def build_page(plan: Voicing, tables: Tables) -> report.Page:
    """The page of a study whose files are all there."""
    bare = bare_page(plan.study, plan.manifest, plan.ledger, tables)
    return replace(
        bare,
        made=datetime.now().astimezone().isoformat(timespec="minutes"),
        footage=tuple(_measured(clip, plan) for clip in bare.footage),
        pairs=tuple(_with_players(pair, plan) for pair in bare.pairs),
        runs=tuple(trainings(plan)),
        extractions=tuple(extraction(clip, plan) for clip in plan.seen),
        speech=tuple(spoken(clip, plan) for clip in plan.learnt_voices),
        costs=tuple(costs(Path(plan.root) / "cost")),
        environment=environment(machine()),
        digests={"study, manifest, consents and code": plan.digest},
        cards=passages(study_cards(plan, tables.scores), study_methods(plan, tables.scores, tables.frames)),
        withdrawals=tuple(report.Withdrawal(date=each.day, pairs=each.pairs) for each in plan.withdrawals),
    )


def bare_page(study: Study, manifest: Manifest, ledger: Ledger | None, tables: Tables) -> report.Page:
    """All of the page that follows from settings, manifest, consent log and score tables, without another file.

    ledger: without one, nothing is said of the people.
    """
    used = tuple(dict.fromkeys(subject for pair in study.pairs for subject in (pair.source, pair.driver)))
    crate = f"results/{study.study}/{study.version}/crate"
    return report.Page(
        study=study.study,
        version=study.version,
        seed=study.seed,
        made="",
        about=study.about,
        people=tuple(_person(ledger.records[subject], ledger) for subject in used) if ledger else (),
        methods=tuple(_method(name, study) for name in study.entries),
        footage=tuple(_footage(clip) for clip in manifest.clips),
        pairs=tuple(_pair(study, manifest, pair.source, pair.driver) for pair in study.pairs),
        scores=tables.scores,
        frames=tables.frames,
        curves=tables.curves,
        costs_table=tables.costs,
        validity=tables.validity,
        budget=_budget(study),
        definitions=metrics.MEANING,
        rerun=(
            "make setup",
            f".venv/bin/understudy verify {crate}",
            f".venv/bin/understudy reproduce {crate} --into again  # every number gets a verdict",
        ),
        notes=tuple(notes(study, manifest)),
        licences=tuple(sorted({clip.licence for clip in manifest.clips})),
        consent_head=ledger.head if ledger else "",
    )


def environment(machine: Mapping[str, Any]) -> dict[str, str]:
    """The machine and its versions, in words."""
    return {str(key): _listed(value) if isinstance(value, Mapping) else str(value) for key, value in machine.items()}


def _listed(versions: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))


def _person(record: Consent, ledger: Ledger) -> report.Person:
    """One consent record, in words."""
    return report.Person(
        subject=record.subject,
        record=record.id,
        basis=record.basis.words(12),
        purposes=record.purposes.words(),
        counterparts=record.counterparts if isinstance(record.counterparts, str) else ", ".join(record.counterparts),
        since=record.first,
        until=record.until,
        status=record.status(date.today()),
        shown=bool(may_show(ledger, [record.subject])),
        published=bool(may_publish(ledger, [record.subject])),
    )


def _method(name: str, study: Study) -> report.MethodView:
    """A method in the words of its module's first paragraph."""
    module, settings = study.module(name), study.settings(name)
    named = study.module_name(name)
    return report.MethodView(
        name=name,
        family=module.FAMILY,
        learned=study.learns(name),
        about=about(module),
        settings=plain(settings),
        module="" if named == name else named,
        merge_of=study.trained(name) if name in study.merges else "",
        picture=study.shown(name) if name in study.combined else "",
        voice=(study.heard(name) or "") if name in study.combined else "",
        start=_STARTS.get(getattr(settings, "start", ""), ""),
        features=_features(settings),
    )


_STARTS = {
    "shipped": "the weights that come with the program, learned from actors who are in no study",
    "trained": "weights that this study pretrained on people who are in none of its pairs",
}


def _features(settings: Any) -> str:
    """Through which network a method's loss looks; nothing where it looks through none."""
    if not hasattr(settings, "features"):
        return ""
    given = settings.features
    if given.path is None:
        return "a network that this study trained on people who are in none of its pairs"
    return f"the weights with the sha256 {given.sha256[:12]}…"


def _budget(study: Study) -> str:
    """What each training was given, in words; nothing where each method has its own."""
    if study.budget is None:
        return ""
    kinds = {"steps": "steps", "seconds": "seconds of processor time", "flops": "floating-point operations"}
    return f"equal budgets of {study.budget.amount:,.0f} {kinds[study.budget.kind]} a training"


def _footage(clip: Clip) -> report.FootageView:
    return report.FootageView(
        clip=clip.id, subject=clip.subject, role=clip.role, licence=clip.licence, sha256=clip.sha256
    )


def _measured(clip: report.FootageView, plan: Voicing) -> report.FootageView:
    if plan.clip(clip.clip) in plan.seen:
        faceset = Faceset.open(plan.faceset_pattern.format(clip=clip.clip))
        return replace(clip, frames=len(faceset.table), seconds=len(faceset.table) / faceset.fps)
    film = media.probe(Path(plan.clip_pattern.format(clip=clip.clip)))
    return replace(clip, frames=film.frames, seconds=float(film.frames / film.fps))


def _pair(study: Study, manifest: Manifest, source: str, driver: str) -> report.PairView:
    """The converted clips of a pair, without players."""
    family = " and ".join(study.families)
    seeds = sorted({seed for name in study.entries for seed in study.seeds(name)})
    clips = [
        report.ClipView(clip=clip.id, players=(), seed=seed) for clip in manifest.of(driver, "test") for seed in seeds
    ]
    return report.PairView(source=source, driver=driver, family=family, clips=tuple(clips))


def _with_players(pair: report.PairView, plan: Voicing) -> report.PairView:
    clips = (replace(clip, players=tuple(_players(pair, clip, plan))) for clip in pair.clips)
    return replace(pair, clips=tuple(clips))


def _players(pair: report.PairView, view: report.ClipView, plan: Voicing) -> Iterator[report.Player]:
    """Source, driver, each method, and of synthetic actors the truth and the re-performance.

    What learns nothing has one seed, and is shown beside the others' replicates as well.
    """
    source, clip = pair.source, view.clip
    driven = plan.clip(clip)
    seen = driven in plan.seen
    likeness = plan.source_clips(source, clip)[0] if seen else plan.films_of(source)[0]
    taken = " and ".join(dict.fromkeys("voice" if name == "voice" else "likeness" for name in plan.study.families))
    yield report.Player(part="source", name=source, video=Path(likeness), gives=taken)
    yield report.Player(part="driver", name=pair.driver, video=Path(plan.film(driven)))
    for name in plan.methods if seen else plan.voices:
        seeds = plan.study.seeds(name)
        seed = view.seed if view.seed in seeds else seeds[0]
        video = _video(plan.fake_pattern, method=name, seed=seed, source=source, clip=clip)
        link = video.relative_to(plan.root).as_posix()
        yield report.Player(part="fake", name=name, video=video, gives=_given(name, plan), link=link)
    known = plan.truths(source, driven) if seen else {}
    if "truth" in known and not plan.reconstructs(source, driven):
        yield report.Player(part="truth", name=_EXACT[plan.study.family], video=Path(known["truth"]))
    for path in plan.true_voice(source, driven) if plan.audible else ():
        yield report.Player(part="truth", name=_EXACT["voice"], video=Path(path))
    if "reenacted" in known:
        yield report.Player(part="re-performance", name="by the source", video=Path(known["reenacted"]))


def _given(name: str, plan: Voicing) -> str:
    """What an entry's fakes take from the source."""
    if name in plan.voices:
        return "voice"
    return "likeness and voice" if name in plan.audible else "likeness"


_EXACT = {
    "swap": "exact swap", "animate": "exact animation", "lipsync": "exact lip-sync", "voice": "the source's own voice",
}  # fmt: skip


def _video(pattern: str, **names: object) -> Path:
    return Path(pattern.format(**names))
