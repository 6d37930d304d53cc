"""Every number of the page that follows from the score tables, computed anew from them alone.

Whoever has a study's scores, frames, methods, pairs and roles of clips gets the same numbers under the same keys as the
page shows them; that is how a page is verified.
"""

from collections.abc import Iterator, Sequence

from understudy.report import rows, tabled, trust
from understudy.report.answer import Answer, Verdict, answers
from understudy.report.drawing import draw_strip, draw_trace
from understudy.report.findings import Findings, find
from understudy.report.numbered import Number, chart, key
from understudy.report.numbers import number, plural
from understudy.report.page import Page
from understudy.report.plots import drawn, inside
from understudy.report.scores import Row, Table
from understudy.report.showing import Audience
from understudy.report.stills import worst

Named = Iterator[tuple[str, Number]]


def derive(page: Page, audience: Audience = "study", found: Findings | None = None) -> dict[str, Number]:
    """The derived numbers by key. Of the page it reads its long tables, methods, pairs and the clips' roles.

    The players matter for one thing, and not for the page of a crate: the worst frames are chosen among those shown.
    found: what the page's tables say, where that is known already.
    """
    found = found or find(page)
    named = [
        *_head(page),
        *tabled.derived(found),
        *trust.derived(found),
        *(entry for answer in answers(found) for entry in _answer(answer)),
        *(entry for table in found.tables for entry in _table(page, table)),
        *_more(found.tables),
        *_traces(page, found),
        *_worst(page, found.tables, audience),
        *_figures(found),
    ]
    return dict(named)


def _figures(found: Findings) -> Named:
    for figure in drawn(found):
        name = key("figure", *figure.place)
        yield name, chart(inside(name, figure.plot))
    if len(found.page.scores):
        yield rows.KEY, chart(rows.script(found.page.scores))


def overview(page: Page) -> dict[str, int]:
    """How much there is of everything, for the head of the page."""
    scored = page.scores[page.scores["family"] != "sanity"]
    first = page.frames["method"] == page.methods[0].name if "method" in page.frames and page.methods else None
    return {
        "people": len({s for p in page.pairs for s in (p.source, p.driver)}),
        "pairs": len(page.pairs),
        "methods": len(page.methods),
        "clips": len(set(scored["clip"])),
        "frames": 0 if first is None else int(first.sum()),
    }


def _head(page: Page) -> Named:
    for name, count in overview(page).items():
        if count:
            yield key("head", name), _count(count)


def _count(count: int) -> Number:
    return Number(text=number(count, 0), value=count)


def _answer(answer: Answer) -> Named:
    for place, sentence in enumerate(answer.sentences, 1):
        yield key("answer", answer.method, place), Number(text=sentence)
    for outcome in ("wins", "mixed", "loses") if answer.verdicts else ():
        total = sum(v.outcome == outcome for v in answer.verdicts)
        yield key("outcome", answer.method, outcome), _count(total)
    for verdict in answer.verdicts:
        yield from _duels(answer.method, verdict)


def _duels(method: str, verdict: Verdict) -> Named:
    """The outcome of one metric, and each tally and difference of it."""
    yield key("outcome", method, verdict.name, "is"), Number(text=verdict.outcome)
    for duel in verdict.duels:
        place = ("duel", verdict.name, method, duel.baseline)
        yield key(*place, "won"), Number(text=f"({duel.won} of {plural(duel.pairs, 'pair')} won)")
        if duel.interval:
            yield key(*place, "difference"), Number(text=f"difference {duel.interval}")


def _table(page: Page, table: Table) -> Named:
    name = table.metric.name
    for row in table.rows:
        yield from _row(page, table, row)
    for place, text in zip(("low", "high"), table.ends, strict=False):
        yield key("axis", name, place), Number(text=text, value=getattr(table, place))
    yield key("count", name), Number(text=table.counts)
    for pair in table.pairs:
        yield key("count", name, *pair), Number(text=table.count(pair))


def _row(page: Page, table: Table, row: Row) -> Named:
    place = row_key(table, row)
    yield key(*place, "mean"), Number(text=row.mean_text, value=row.mean)
    yield key(*place, "sd"), Number(text=row.spread_text, value=row.spread)
    counts = (len(row.by_pair), row.clips, row.n)
    yield key(*place, "n"), Number(text="\u2009·\u2009".join(number(n, 0) for n in counts))
    if row.best:
        yield key(*place, "best"), Number(text="★")
    for pair in table.pairs:
        value = row.by_pair.get(pair)
        yield key(*place, *pair), Number(text=number(value, table.places), value=value)
    yield key("figure", *place), chart(draw_strip(page, table, row))


def row_key(table: Table, row: Row) -> tuple[str, str, str]:
    """The beginning of the keys of one line of a table."""
    return "sanity" if row.sanity else "score", table.metric.name, row.method


def _more(found: Sequence[Table]) -> Named:
    """How many measures of a question stand behind a click."""
    for question in dict.fromkeys(t.metric.question for t in found):
        count = sum(t.metric.question == question and not t.metric.key for t in found)
        if count:
            yield key("more", question), Number(text=plural(count, "more measure"), value=count)


def _traces(page: Page, found: Findings) -> Named:
    for row in found.traces.values():
        for trace in row:
            place = ("trace", *trace.place, trace.column)
            yield key(*place, "low"), Number(text=trace.low)
            yield key(*place, "high"), Number(text=trace.high)
            yield key("figure", *place), chart(draw_trace(page, trace))


def _worst(page: Page, found: Sequence[Table], audience: Audience) -> Named:
    places = {t.metric.name: t.places for t in found}
    for pick in worst(page, found, audience):
        text = number(pick.value, places.get(pick.metric, 3))
        yield key(*pick.key, "value"), Number(text=text, value=pick.value)
        yield key(*pick.key, "frame"), Number(text=f"{pick.clip}, frame {pick.frame}", value=pick.frame)
