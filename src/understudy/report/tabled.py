"""The statistics as the page's tables: every cell a number under its key."""

import math
from collections.abc import Iterator, Sequence

from understudy.report.clips import worst_clips
from understudy.report.findings import Difference, Findings, p_text, signed
from understudy.report.headline import headline
from understudy.report.numbered import Number, key
from understudy.report.numbers import MISSING, lone, number
from understudy.report.plots.pareto import cost_of
from understudy.report.scores import Row, Table

Named = Iterator[tuple[str, Number]]
LASTING = 6  # digits: statistics differ in their last bits where another machine adds in another order


def derived(found: Findings) -> Named:
    """Every number of the headline and of the tables of estimates, differences, costs and worst clips."""
    for place, sentence in enumerate(headline(found).sentences, 1):
        yield key("answer", "all", place), Number(text=sentence)
    for table in found.tables:
        for row in table.rows:
            yield from _estimate(found, table, row)
    for table in found.keys:
        for difference in found.differences(table.metric.name):
            yield from _difference(table, difference)
    yield from _costs(found)
    for worst in worst_clips(found):
        places = next(t.places for t in found.keys if t.metric.name == worst.metric)
        yield key(worst.key, "value"), Number(text=number(worst.dot.value, places), value=worst.dot.value)
        yield key(worst.key, "clip"), Number(text=f"{worst.dot.clip}, seed {worst.dot.seed}")


def lasting(value: float) -> float | None:
    """A number to so many digits as every machine agrees on."""
    return float(f"{value:.{LASTING}g}") if math.isfinite(value) else None


def span(low: float, high: float, places: int) -> str:
    """An interval, or a dash where there is none."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return MISSING
    return f"[{number(low, places)}, {number(high, places)}]"


def _estimate(found: Findings, table: Table, row: Row) -> Named:
    """The interval of every estimate; of the key metrics also how far seeds, clips and pairs lie apart."""
    known = found.estimate(row.method, table.metric.name, row.sanity)
    if known is None:
        return
    kind = "sanity" if row.sanity else "score"
    place = (kind, table.metric.name, row.method)
    bounds = span(float(known["low"]), float(known["high"]), table.places)
    if bounds != MISSING:
        yield key(*place, "interval"), Number(text=bounds)
    if table not in found.keys or row.sanity or not table.metric.better:
        return
    yield key("estimate", *place[1:], "mean"), _number(float(known["mean"]), table.places)
    yield (
        key("estimate", *place[1:], "interval"),
        Number(text=span(float(known["low"]), float(known["high"]), table.places)),
    )
    for name in ("sd_seeds", "sd_clips", "sd_pairs"):
        yield key("estimate", *place[1:], name), _number(float(known[name]), table.places)
    counts = "\u2009·\u2009".join(number(int(known[name]), 0) for name in ("pairs", "clips", "seeds", "n"))
    yield key("estimate", *place[1:], "n"), Number(text=counts)
    yield key("estimate", *place[1:], "note"), Number(text=str(known["note"]) or MISSING)


def _number(value: float, places: int) -> Number:
    return Number(text=number(value, places), value=lasting(value))


def contrast_key(difference: Difference) -> tuple[str, str, str, str]:
    """The beginning of the keys of a difference's numbers."""
    return "contrast", difference.metric, difference.ahead, difference.behind


def _difference(table: Table, found: Difference) -> Named:
    place = contrast_key(found)
    yield (
        key(*place, "difference"),
        Number(text=signed(found.difference, table.places), value=lasting(found.difference)),
    )
    yield key(*place, "interval"), Number(text=span(found.low, found.high, table.places))
    yield key(*place, "p"), Number(text=p_text(found.p_holm) or MISSING, value=lasting(found.p_holm))
    yield key(*place, "effect"), Number(text=number(found.effect, 2), value=lasting(found.effect))
    yield key(*place, "won"), Number(text=f"{number(100 * found.won, 0)} %" if math.isfinite(found.won) else MISSING)
    shown = f"{found.favours} is better" if found.favours else "not shown"
    yield key(*place, "shown"), Number(text=shown)
    counts = "\u2009·\u2009".join(number(n, 0) for n in (found.pairs, found.clips, found.seeds))
    yield key(*place, "n"), Number(text=counts)


def cost_columns(found: Findings) -> Sequence[str]:
    """The quantities that the study recorded of its methods."""
    table = found.page.costs_table
    return list(dict.fromkeys(map(str, table["quantity"]))) if "quantity" in table else []


def _costs(found: Findings) -> Named:
    """Each method's mean cost in every quantity, beside its quality."""
    for quantity in cost_columns(found) if found.keys else ():
        costs = cost_of(found.page.costs_table, quantity)
        for name in found.compared:
            value = costs.get(name, math.nan)
            text = _short(value) if math.isfinite(value) else MISSING
            yield key("costs", name, quantity), Number(text=text, value=lasting(value))


def _short(value: float) -> str:
    """A cost with three digits; from a million on with the prefixes of the SI."""
    for power, prefix in ((12, "T"), (9, "G"), (6, "M")):
        if abs(value) >= 10.0**power:
            return f"{lone(value / 10.0**power)} {prefix}"
    return lone(value)
