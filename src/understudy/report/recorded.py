"""The numbers of the page that do not follow from the scores: what a run, a clip or the study itself had recorded."""

from collections.abc import Iterator

from understudy.report.charts import Curves
from understudy.report.drawing import as_yaml, draw_curves
from understudy.report.numbered import Number, chart, key
from understudy.report.numbers import duration, lone, number, plural, size
from understudy.report.page import CostRow, ExtractionView, FootageView, Page, Person, RunView
from understudy.report.training import read_curves
from understudy.speech.enough import MINUTES

Named = Iterator[tuple[str, Number]]


def recorded(page: Page) -> dict[str, Number]:
    """The recorded numbers by key, each with its source. Raises OSError when a run's losses cannot be read."""
    named = [
        *_study(page),
        *(entry for person in page.people for entry in _person(person)),
        *(entry for clip in page.footage for entry in _clip(clip)),
        *_clips(page),
        *(entry for found in page.extractions for entry in _found(found)),
        *_speech(page),
        *(entry for run in page.runs for entry in _run(run)),
        *_costs(page.costs),
        *_texts(page),
    ]
    return dict(named)


def _from(source: str, text: str, value: float | None = None) -> Number:
    return Number(text=text, value=value, source=source)


def _study(page: Page) -> Named:
    yield key("study", "version"), _from("study", f"version {page.version}")
    yield key("study", "seed"), _from("study", f"seed {page.seed}", page.seed)
    yield key("study", "made"), _from("page", page.made)
    if page.budget:
        yield key("study", "budget"), _from("study", f"What each training was given: {page.budget}.")
    for method in page.methods:
        if method.start and method.learned:
            yield key("start", method.name), _from("study", f"began from {method.start}")
        if method.features and method.learned:
            yield key("features", method.name), _from("study", f"its loss looks through {method.features}")
        if method.settings:
            yield key("settings", method.name), _from("study", as_yaml(method.settings))
        if method.fingerprint:
            yield key("fingerprint", method.name), _from("code", method.fingerprint)
    for name, text in page.environment.items():
        yield key("environment", name), _from("machine", text)
    for name, text in page.digests.items():
        yield key("digest", name), _from("plan", text)


def _person(person: Person) -> Named:
    place = ("person", person.subject, person.record)
    yield key(*place, "valid"), _from("consent", f"{person.since or 'always'} – {person.until or 'open'}")
    yield key(*place, "basis"), _from("consent", person.basis)
    yield key(*place, "record"), _from("consent", person.record)


def _clip(clip: FootageView) -> Named:
    text = number(clip.frames, 0)
    yield key("clip", clip.clip, "frames"), _from("faceset", text, clip.frames)
    yield key("clip", clip.clip, "seconds"), _from("faceset", duration(clip.seconds), clip.seconds)
    yield key("clip", clip.clip, "licence"), _from("manifest", clip.licence)
    yield key("clip", clip.clip, "sha256"), _from("manifest", clip.sha256[:12])


def _clips(page: Page) -> Named:
    roles = sorted({clip.role for clip in page.footage})
    counts = [f"{role} {sum(clip.role == role for clip in page.footage)}" for role in roles]
    yield key("clips", "all"), _from("manifest", plural(len(page.footage), "clip"), len(page.footage))
    yield key("clips", "roles"), _from("manifest", " · ".join(counts))
    if page.extractions:
        kept, frames = (sum(getattr(e, name) for e in page.extractions) for name in ("kept", "frames"))
        yield key("faces", "clips"), _from("faceset", plural(len(page.extractions), "clip"), len(page.extractions))
        yield key("faces", "kept"), _from("faceset", f"{number(kept, 0)} of {plural(frames, 'frame')} kept")


def _speech(page: Page) -> Named:
    """What there was to hear, of all together and of each clip."""
    if not page.speech:
        return
    yield key("speech", "clips"), _from("speech", plural(len(page.speech), "clip"), len(page.speech))
    total = sum(each.seconds for each in page.speech)
    yield key("speech", "kept"), _from("speech", f"{duration(total)} of speech kept{_scarce(page)}", total)
    for each in page.speech:
        dropped = (f" · {reason} {number(count, 0)}" for reason, count in each.dropped.items() if count)
        said = "".join(f" · {sentence}" for sentence in each.said)
        text = f"{plural(each.segments, 'segment')}, {duration(each.seconds)}{''.join(dropped)}{said}"
        yield key("speech", each.clip, "found"), _from("speech", text)


def _scarce(page: Page) -> str:
    """Of whom there is less speech than is advised, in words; "" of nobody."""
    spoken: dict[str, float] = {}
    for each in page.speech:
        spoken[each.subject] = spoken.get(each.subject, 0.0) + each.seconds
    few = [f"{subject} ({duration(seconds)})" for subject, seconds in spoken.items() if seconds < 60 * MINUTES]
    return f" · less than the {MINUTES:g} minutes a person that are advised of {', '.join(few)}" if few else ""


def _found(found: ExtractionView) -> Named:
    dropped = (f" · {reason} {number(count, 0)}" for reason, count in found.dropped.items() if count)
    text = f"kept {number(found.kept, 0)} of {number(found.frames, 0)}{''.join(dropped)}"
    yield key("faces", found.clip, "found"), _from("faceset", text)


def _run(run: RunView) -> Named:
    yield key("run", run.name, "seed"), _from(f"run {run.name}", f"seed {run.seed}", run.seed)
    for name, text in run.facts.items():
        yield key("run", run.name, name), _from(f"run {run.name}", text)
    curves = read_curves(run)
    if curves:
        yield key("run", run.name, "losses"), _from(f"losses of {run.name}", losses(curves))
        drawn = draw_curves(run.name, curves)
        yield key("figure", "loss", run.name), chart(drawn, f"losses of {run.name}")


def losses(curves: Curves) -> str:
    """From where to where the first loss went."""
    return f"{curves.first} → {curves.last}"


def _costs(costs: tuple[CostRow, ...]) -> Named:
    for cost in costs:
        shown = {
            "what": (cost.what, None),
            "jobs": (number(cost.jobs, 0), cost.jobs),
            "time": (duration(cost.seconds), cost.seconds),
            "CPU time": (duration(cost.cpu_seconds), cost.cpu_seconds),
            "peak memory": (size(cost.memory), cost.memory),
            "rate": (lone(cost.rate), cost.rate),
            "n": (number(cost.n, 0), cost.n),
        }
        for name, (text, value) in shown.items():
            yield key("cost", cost.stage, name), _from("cost", text, value)
    if costs:
        jobs, seconds = sum(c.jobs for c in costs), sum(c.seconds for c in costs)
        cpu = sum(c.cpu_seconds or 0.0 for c in costs) or None
        yield key("cost of all", "jobs"), _from("cost", number(jobs, 0), jobs)
        yield key("cost of all", "time"), _from("cost", duration(seconds), seconds)
        yield key("cost of all", "CPU time"), _from("cost", duration(cpu), cpu)


def _texts(page: Page) -> Named:
    for card in page.cards:
        yield key("card", card.heading), _from("cards", card.text)
    if page.consent_head:
        yield key("consent", "head"), _from("consent log", page.consent_head)
    for place, withdrawal in enumerate(page.withdrawals, 1):
        fewer = f"{plural(withdrawal.pairs, 'pair')} fewer"
        text = f"After a withdrawal on {withdrawal.date}, this version was rebuilt: {fewer}."
        yield key("withdrawal", place), _from("plan", text)
