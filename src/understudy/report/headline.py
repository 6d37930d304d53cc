"""The answer of a study that compares several learned methods: who is better, by how much, and whether it is sure.

Every sentence is a function of the estimates and of the contrasts, which are corrected for how many they are (Holm).
"""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from understudy.report.answer import UNSEEN, joined, where
from understudy.report.findings import Difference, Findings, interval_text
from understudy.report.numbers import number, plural
from understudy.report.plots.pareto import cost_of
from understudy.report.scores import Table

MOST_RIVALS = 3


@dataclass(frozen=True, kw_only=True)
class Headline:
    """What stands first. order: who ranks where; by_metric: a sentence a key metric; unsure, scope: further ones."""

    order: str
    by_metric: tuple[str, ...]
    unsure: tuple[str, ...]
    scope: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of it, as it is read."""
        return tuple(text for _, text in self.parts)

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """(what it is about, sentence) in the order of the page."""
        order = [("order", self.order)] if self.order else []
        return (
            *order,
            *(("metric", text) for text in self.by_metric),
            *(("unsure", text) for text in self.unsure),
            *(("scope", text) for text in self.scope),
        )


def headline(found: Findings) -> Headline:
    """The words for a study of several learned methods; of one, only how far it holds."""
    several = len(found.learned) > 1
    return Headline(
        order=" ".join(filter(None, (_order(found, group) for group in found.groups))) if several else "",
        by_metric=tuple(_leader(found, t) for t in found.keys if len(found.ranked(t)) > 1) if several else (),
        unsure=tuple(_unsure(found)) if several else (),
        scope=tuple(_scope(found)) if found.learned else (),
    )


def overall(found: Findings, keys: Sequence[Table] | None = None) -> list[tuple[str, float]]:
    """(method, mean of its ranks over key metrics), the best first; of methods that all of them measured.

    keys: all key metrics by default.
    """
    keys = found.keys if keys is None else keys
    ranks: dict[str, list[float]] = {}
    for table in keys:
        rows = found.ranked(table)
        gains = [table.metric.gain(float(r["mean"])) for r in rows]
        for row, gain in zip(rows, gains, strict=True):
            ties = [place for place, other in enumerate(gains, 1) if other == gain]
            ranks.setdefault(str(row["method"]), []).append(sum(ties) / len(ties))
    whole = {name: sum(r) / len(r) for name, r in ranks.items() if len(r) == len(keys)}
    return sorted(whole.items(), key=lambda item: (item[1], found.compared.index(item[0])))


def _order(found: Findings, keys: Sequence[Table]) -> str:
    """Who ranks where over these key metrics together."""
    places = overall(found, keys)
    if len(places) < 2:
        return ""
    metrics = joined(t.metric.name for t in keys)
    first, *rest = (f"{name} ({number(rank, 1)})" for name, rank in places)
    return (
        f"{first[: first.rindex(' (')]} ranks first over {metrics} together: mean rank {number(places[0][1], 1)} of"
        f" {len(places)}, before {joined(rest)}.{_unranked(found, keys, {name for name, _ in places})}"
    )


def _unranked(found: Findings, keys: Sequence[Table], ranked: Collection[str]) -> str:
    """Who has no place, and for want of which values; "" where everybody has one whom these metrics speak of."""
    said = []
    for name in dict.fromkeys(name for table in keys for name in found.measured(table)):
        if name not in ranked:
            lacking = [t.metric.name for t in keys if name not in {str(r["method"]) for r in found.ranked(t)}]
            said.append(f" {name} has no place: it could not be measured in {joined(lacking)}.")
    return "".join(said)


def _leader(found: Findings, table: Table) -> str:
    """Who leads in a metric, whom it beats by how much, and from whom it is not told apart."""
    rows = found.ranked(table)
    best, name = rows[0], str(rows[0]["method"])
    said = interval_text(float(best["mean"]), float(best["low"]), float(best["high"]), table.places)
    others = [d for r in rows[1:] if (d := found.between(table.metric.name, name, str(r["method"])))]
    beaten = [d for d in others if d.favours == name]
    here = [d for r in rows[1:] if (d := found.between_here(table.metric.name, name, str(r["method"])))]
    here = [d for d in here if d.favours == name and _other(d, name) not in {_other(b, name) for b in beaten}]
    near = {_other(d, name) for d in here}
    rest = [_other(d, name) for d in others if d.favours != name and _other(d, name) not in near]
    clauses = []
    if beaten:
        pairs = max(d.pairs for d in beaten)
        clauses.append(f"it beats {_beaten(beaten, name, table)} on {plural(pairs, 'pair')}")
    if here:
        also = "also " if beaten else ""
        clauses.append(f"on these people, if not for others, it {also}beats {_beaten(here, name, table)}")
    if others and not any(math.isfinite(d.p_holm) for d in others):
        clauses.append("the differences are not tested")
    elif rest:
        to = "any other" if not (beaten or here) and len(rest) > 1 else joined(rest)
        clauses.append(f"no difference is shown to {to}")
    truth = table.sanity("truth")
    honest = ""
    if truth and table.metric.gain(truth.mean) < table.metric.gain(float(best["mean"])):
        honest = f" The exact truth itself has {truth.mean_text}, so that being ahead here says little."
    return f"{table.metric.label}: {name} has the best mean, {said}; {'; '.join(clauses)}.{honest}"


def _other(difference: Difference, name: str) -> str:
    return difference.behind if difference.ahead == name else difference.ahead


def _beaten(differences: Sequence[Difference], name: str, table: Table) -> str:
    """By how much, the nearest first; of many only the nearest with its number."""
    near = sorted(differences, key=lambda d: abs(d.difference))
    told = near if len(near) <= MOST_RIVALS else near[:1]
    words = [f"{_other(d, name)} by {_size(d, table.places)}" for d in told]
    if len(near) > len(told):
        words.append(f"{joined(_other(d, name) for d in near[len(told) :])} by more")
    return ", and ".join(words) if len(near) > len(told) else joined(words)


def _size(difference: Difference, places: int) -> str:
    """How large a difference is, whichever way is better."""
    low, high = sorted((abs(difference.low), abs(difference.high)))
    return interval_text(abs(difference.difference), low, high, places)


def _unsure(found: Findings) -> Iterable[str]:
    """How many differences between learned methods are shown, who is never told apart, and who is behind a baseline."""
    counts, never = [], dict[frozenset[str], int]()
    for table in found.keys:
        those = [d for d in found.differences(table.metric.name) if {d.ahead, d.behind} <= set(found.learned)]
        counts.append((table, sum(bool(d.favours) for d in those), len(those)))
        for d in those:
            both = frozenset((d.ahead, d.behind))
            never[both] = never.get(both, 0) + bool(d.favours)
    tested = any(math.isfinite(d.p_holm) for t in found.keys for d in found.differences(t.metric.name))
    if tested and any(total for _, _, total in counts):
        told = joined(f"{shown} of {total} in {t.metric.name}" for t, shown, total in counts if total)
        yield f"Of the differences between learned methods, the corrected tests show {told}."
    alike = [sorted(both, key=found.compared.index) for both, shown in never.items() if not shown]
    if tested and alike and len(alike) < len(never):
        yield f"Told apart in none of these: {joined(' and '.join(pair) for pair in sorted(alike))}."
    yield from _behind(found)
    yield from _care(found)


def _care(found: Findings) -> Iterable[str]:
    """Which key metrics do not fall along a ladder of damage that they are meant to see."""
    for table in found.keys:
        ladders = [ladder for (metric, ladder), verdict in found.verdicts.items()
                   if metric == table.metric.name and verdict == "does not"]  # fmt: skip
        if ladders:
            yield f"Read {table.metric.name} with care: it does not fall along the ladder {joined(ladders)}."


def _behind(found: Findings) -> Iterable[str]:
    """Which learned methods a baseline is shown to beat, and where all of them beat every baseline."""
    clear, lost = dict[tuple[str, ...], list[str]](), []
    for table in found.keys:
        learned = [name for name in found.measured(table) if name in found.learned]
        baselines = tuple(name for name in found.measured(table) if name not in found.learned)
        rows = {(n, b): found.between(table.metric.name, n, b) for n in learned for b in baselines}
        if rows and all(d and d.favours == n for (n, _), d in rows.items()):
            clear.setdefault(baselines, []).append(table.metric.name)
        worse = {b: [n for n in learned if (d := rows[n, b]) and d.favours == b] for b in baselines}
        lost += [f"{b} beats {joined(names)} in {table.metric.name}" for b, names in worse.items() if names]
    for baselines, metrics in clear.items():
        yield f"Every learned method beats {joined(baselines)} in {joined(metrics)}."
    if lost:
        yield f"Behind a baseline, which learns nothing: {'; '.join(lost)}."


def _reach(found: Findings) -> Iterable[str]:
    """Of what the intervals and tests speak, or why there are none."""
    rows = [d for table in found.keys for d in found.differences(table.metric.name)]
    over = {d.over for d in rows if math.isfinite(d.low)}
    if "people" in over:
        yield "Intervals are of 95 %; they and the tests are over people and speak of new people like these."
        if len(found.contrasts_here):
            yield "What is said of these people alone was tested over clips, and corrected likewise."
    if "clips" in over:
        yield "Intervals are of 95 %; they and the tests are over clips and speak of these people alone."
    reasons = dict.fromkeys(
        d.note.split(";")[0].removeprefix("no interval: ") for d in rows if not math.isfinite(d.low)
    )
    for reason in list(reasons)[:1] if rows and not over else ():
        yield f"Nothing is tested here: {reason}."


def _scope(found: Findings) -> Iterable[str]:
    """What the answer holds for: pairs, people, clips, seeds and what each training cost."""
    rows = found.page.scores[
        found.page.scores["method"].isin(found.learned) & (found.page.scores["family"] != "sanity")
    ]
    pairs = set(zip(rows["source"], rows["driver"], strict=True))
    people = {person for pair in pairs for person in pair}
    seeds = min((rows[rows["method"] == name]["seed"].nunique() for name in found.learned), default=0)
    if not pairs:
        return
    clips = plural(rows["clip"].nunique(), "clip")
    unseen = " that nothing was trained on" if where(found.page) == UNSEEN else ""
    yield (
        f"This holds for {plural(len(pairs), 'pair')} of {plural(len(people), 'person', 'people')} and"
        f" {clips}{unseen}, with {plural(seeds, 'training seed')} a method."
    )
    yield from _reach(found)
    if len(pairs) == 1:
        yield "One pair only: nothing here says how other people would fare."
    if seeds == 1:
        yield "One training seed only: how far another training would move these numbers is not known."
    costs = cost_of(found.page.costs_table, "training CPU time")
    spent = [costs[name] for name in found.learned if name in costs]
    if spent:
        low, high = number(min(spent), 0), number(max(spent), 0)
        yield f"A training took {low if low == high else f'{low} to {high}'} s of CPU time."
