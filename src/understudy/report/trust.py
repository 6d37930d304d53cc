"""Whether the metrics can be trusted: how they move along ladders of damage, and whether they agree with truth."""

from collections.abc import Iterator, Mapping
from typing import Any

from understudy.report.findings import Findings
from understudy.report.numbered import Number, key
from understudy.report.numbers import decimals, number, plural
from understudy.report.tabled import lasting

Named = Iterator[tuple[str, Number]]
Judgement = Mapping[str, Any]


def judgements(found: Findings) -> list[Judgement]:
    """The rows of `metrics.judge` that a reader must see: what a metric is meant to see, and what has a note."""
    rows = [{str(k): v for k, v in row.items()} for row in found.judged.to_dict("records")]
    return [row for row in rows if row["meant"] or row["note"]]


def agreements(found: Findings) -> list[Judgement]:
    """The rows of `metrics.agreement` that have a number."""
    rows = [{str(k): v for k, v in row.items()} for row in found.agreement.to_dict("records")]
    return [row for row in rows if row["rho"] == row["rho"]]


def verdict(row: Judgement) -> str:
    """What is to be thought of a metric along a ladder, in words."""
    if not row["meant"]:
        return str(row["note"])
    return "falls" if row["falls"] else str(row["note"]) or "does not fall"


def wrong(found: Findings, metric: str) -> list[str]:
    """The ladders that a metric is meant to see and does not fall along."""
    return [str(r["ladder"]) for r in judgements(found) if r["metric"] == metric and r["meant"] and not r["falls"]]


def derived(found: Findings) -> Named:
    """Every number of the section on the metrics' validity, and the warnings that stand beside the metrics."""
    rows = judgements(found)
    if rows:
        yield key("judged", "all"), Number(text=_summary(found, rows))
    for row in rows:
        place = ("judged", row["metric"], row["ladder"])
        digits = decimals([row["first"], row["last"]])
        yield key(*place, "first"), Number(text=number(row["first"], digits), value=lasting(row["first"]))
        yield key(*place, "last"), Number(text=number(row["last"], digits), value=lasting(row["last"]))
        yield key(*place, "rho"), Number(text=number(row["rho"], 2), value=lasting(row["rho"]))
        yield key(*place, "verdict"), Number(text=verdict(row))
    for table in found.tables:
        ladders = wrong(found, table.metric.name)
        if ladders:
            words = f"Read with care: along the ladder {', '.join(ladders)} it does not worsen as it should."
            yield key("judged", table.metric.name, "warning"), Number(text=words)
    for row in agreements(found):
        for name in ("tau_within", "tau", "rho"):
            yield key("agreement", row["metric"], name), Number(text=number(row[name], 2), value=lasting(row[name]))
        for name in ("clips", "n"):
            yield key("agreement", row["metric"], name), Number(text=number(row[name], 0), value=int(row[name]))


def _summary(found: Findings, rows: list[Judgement]) -> str:
    meant = [row for row in rows if row["meant"]]
    falling = sum(bool(row["falls"]) for row in meant)
    text = f"Of {plural(len(meant), 'ladder')} that a metric is meant to see, {falling} make it worsen at every rung."
    fails = [f"{row['metric']} along {row['ladder']}" for row in meant if not row["falls"]]
    return text + (f" Not so: {'; '.join(fails)}." if fails else "")
