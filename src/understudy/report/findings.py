"""What the statistics say of a study, computed once for its answer, figures and tables."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from understudy import metrics, stats
from understudy.report.numbers import number
from understudy.report.page import Page
from understudy.report.scores import SANITY, Table, tables
from understudy.report.styles import style_of
from understudy.report.traces import Trace, traces

# What the first lines speak of, each by the first of these metrics that was measured.
HEADLINES = (
    ("truth", ("SSIM to truth", "L1 of the frame")),
    ("points", ("AKD",)),
    ("lips", ("lip landmark error",)),
    ("identity", ("identity distance to source",)),
    ("retrieval", ("identity retrieval",)),
    ("expression", ("blendshape error", "expression motion error", "expression error")),
    ("flicker", ("flicker",)),
    ("speaker", ("speaker similarity to source",)),
    ("content", ("content distance",)),
    ("cepstrum", ("mel-cepstral distortion",)),
    ("melody", ("F0 correlation",)),
)
HEARD = ("speaker", "content", "cepstrum", "melody")
"""Those that speak of voices."""
MOST_KEYS = 5


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Two methods in one metric, turned so that `ahead` has the better mean; difference: ahead less behind.

    favours: the one that the corrected test shows to be better, "" when it shows none. low, high, p_holm: NaN when the
    study is too small for them; note says why. won: the share of pair-clips on which `ahead` is better. over: what the
    interval is over.
    """

    metric: str
    ahead: str
    behind: str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    effect: float
    effect_name: str
    won: float
    favours: str
    pairs: int
    clips: int
    seeds: int
    over: str
    note: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Findings:
    """A page's tables, and what follows from them. Everything is a function of the page's tables and its names."""

    page: Page
    tables: tuple[Table, ...]

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """One row a (method, metric), as `stats.estimates` gives them."""
        return stats.estimates(self.page.scores) if len(self.page.scores) else pd.DataFrame()

    @cached_property
    def contrasts(self) -> pd.DataFrame:
        """One row a (metric, a, b), as `stats.contrasts` gives them."""
        return stats.contrasts(self.page.scores) if len(self.compared) > 1 else pd.DataFrame()

    @cached_property
    def contrasts_here(self) -> pd.DataFrame:
        """The same over clips, which speaks of these people alone; empty where the others do so already."""
        wider = len(self.contrasts) and (self.contrasts["over"] == "people").any()
        return stats.contrasts(self.page.scores, over="clips") if wider else pd.DataFrame()

    @cached_property
    def compared(self) -> tuple[str, ...]:
        """The methods that have scores, in the order of the page."""
        scored = set(self._methods["method"])
        known = [m.name for m in self.page.methods if m.name in scored]
        return tuple(known + sorted(scored - set(known)))

    @property
    def learned(self) -> tuple[str, ...]:
        """Those of them that learn."""
        learned = {m.name for m in self.page.methods if m.learned}
        return tuple(name for name in self.compared if name in learned)

    @cached_property
    def _methods(self) -> pd.DataFrame:
        return self.page.scores[self.page.scores["family"] != SANITY]

    @cached_property
    def named(self) -> Mapping[str, Table]:
        """The table of each headline that was measured."""
        by_name = {t.metric.name: t for t in self.tables if t.metric.better and any(not r.sanity for r in t.rows)}
        found = {word: [by_name[n] for n in names if n in by_name] for word, names in HEADLINES}
        named = {word: those[0] for word, those in found.items() if those}
        return named or {name: by_name[name] for name in list(by_name)[:MOST_KEYS]}

    @property
    def keys(self) -> tuple[Table, ...]:
        """The tables of the key metrics; none when there is nothing to compare."""
        return tuple(self.named.values()) if len(self.compared) > 1 else ()

    @property
    def groups(self) -> tuple[tuple[Table, ...], ...]:
        """The key tables that are ranked together: those of pictures, and those of voices."""
        heard = tuple(self.named[word] for word in HEARD if word in self.named)
        both = (tuple(table for table in self.keys if table not in heard), heard if self.keys else ())
        return tuple(group for group in both if group)

    def measured(self, table: Table) -> tuple[str, ...]:
        """The methods that have a place in a metric's table, be it with a number or without: not those whose fakes it
        says nothing of."""
        return tuple(name for name in self.compared if self.estimate(name, table.metric.name) is not None)

    @cached_property
    def rankings(self) -> Mapping[str, stats.Ranking]:
        """The ranking of the methods in each key metric that has enough of them."""
        found = {}
        for table in self.keys if len(self.compared) > 2 else ():
            try:
                found[table.metric.name] = stats.ranking(self.page.scores, table.metric.name)
            except stats.ScoreError:  # too few methods or blocks in common: no ranking is shown
                continue
        return found

    @cached_property
    def _estimates(self) -> Mapping[tuple[str, str, bool], "pd.Series[str]"]:
        return {
            (str(row["method"]), str(row["metric"]), row["family"] == SANITY): row
            for _, row in self.estimates.iterrows()
        }

    def estimate(self, method: str, metric: str, sanity: bool = False) -> "pd.Series[str] | None":
        """The row of a method in a metric."""
        return self._estimates.get((method, metric, sanity))

    def ranked(self, table: Table) -> list["pd.Series[str]"]:
        """The methods' estimates in a metric, the best first; those without a number are left out."""
        rows = [self.estimate(name, table.metric.name) for name in self.compared]
        known = [row for row in rows if row is not None and math.isfinite(float(row["mean"]))]
        return sorted(known, key=lambda row: -table.metric.gain(float(row["mean"])))

    @cached_property
    def _differences(self) -> Mapping[str, list[Difference]]:
        return self._read(self.contrasts)

    def _read(self, contrasts: pd.DataFrame) -> dict[str, list[Difference]]:
        better = {t.metric.name: t.metric.better for t in self.tables}
        found: dict[str, list[Difference]] = {}
        for row in contrasts.to_dict("records"):
            turned = _turned({str(k): v for k, v in row.items()}, higher=better[str(row["metric"])] == "higher")
            found.setdefault(turned.metric, []).append(turned)
        return found

    def differences(self, metric: str) -> list[Difference]:
        """Every two methods in a metric, the surest first."""
        order = {name: place for place, name in enumerate(self.compared)}
        those = [d for d in self._differences.get(metric, []) if math.isfinite(d.difference)]
        return sorted(those, key=lambda d: (not d.favours, _last(d.p_holm), order[d.ahead], order[d.behind]))

    @cached_property
    def _between(self) -> Mapping[tuple[str, frozenset[str]], Difference]:
        return _by_methods(self._differences)

    @cached_property
    def _between_here(self) -> Mapping[tuple[str, frozenset[str]], Difference]:
        return _by_methods(self._read(self.contrasts_here))

    def between(self, metric: str, one: str, two: str) -> Difference | None:
        """What the statistics say of two methods in a metric."""
        return self._between.get((metric, frozenset((one, two))))

    def between_here(self, metric: str, one: str, two: str) -> Difference | None:
        """What they say of these people alone, where `between` speaks of new ones."""
        return self._between_here.get((metric, frozenset((one, two))))

    def pair_means(self, table: Table, method: str) -> list[float]:
        """A method's mean on each pair."""
        row = table.row(method)
        return [v for v in row.by_pair.values() if math.isfinite(v)] if row else []

    def by_seed(self, metric: str) -> Mapping[str, Mapping[int, float]]:
        """Of each method that learns, each seed's mean: over pairs, after clips within them."""
        rows = self._methods[(self._methods["metric"] == metric) & self._methods["method"].isin(self.learned)]
        pairs = rows.groupby(["method", "seed", "source", "driver"], sort=True)["value"].mean().reset_index()
        means = pairs.groupby(["method", "seed"], sort=True)["value"].mean().dropna().reset_index()
        found: dict[str, dict[int, float]] = {}
        for name, seed, value in zip(means["method"], means["seed"], means["value"], strict=True):
            found.setdefault(str(name), {})[int(seed)] = float(value)
        return found

    @cached_property
    def traces(self) -> Mapping[tuple[str, str, str, str], tuple[Trace, ...]]:
        """The metrics frame by frame of every converted clip, by (source, driver, clip, seed)."""
        return traces(self.page, self.tables)

    @cached_property
    def verdicts(self) -> Mapping[tuple[str, str], str]:
        """What is to be thought of each metric along each ladder of known damage that it is meant to see."""
        rows = (
            zip(*(self.judged[c] for c in ("metric", "ladder", "falls", "meant")), strict=True)
            if len(self.judged)
            else ()
        )
        return {(str(m), str(ladder)): "falls" if falls else "does not" for m, ladder, falls, meant in rows if meant}

    @cached_property
    def judged(self) -> pd.DataFrame:
        """How each metric moves along each ladder, as `metrics.judge` says it."""
        return metrics.judge(self.page.validity) if len(self.page.validity) else pd.DataFrame()

    @cached_property
    def agreement(self) -> pd.DataFrame:
        """How each metric agrees with the truth over the fakes, as `metrics.agreement` says it."""
        return metrics.agreement(self.page.scores) if len(self._methods) else pd.DataFrame()

    def style(self, method: str) -> int:
        """How a method looks in every chart."""
        return style_of(self.page, method)


def _by_methods(
    differences: Mapping[str, Sequence[Difference]],
) -> dict[tuple[str, frozenset[str]], Difference]:
    return {(d.metric, frozenset((d.ahead, d.behind))): d for those in differences.values() for d in those}


def find(page: Page) -> Findings:
    """What the page's tables say."""
    return Findings(page=page, tables=tables(page.scores, [m.name for m in page.methods], page.definitions))


def _turned(row: Mapping[str, object], *, higher: bool) -> Difference:
    """A contrast seen from the method with the better mean. Of what is best near 0 magnitudes were compared."""
    a, b = str(row["a"]), str(row["b"])
    difference, low, high = (float(str(row[name])) for name in ("difference", "low", "high"))
    effect, won = float(str(row["effect"])), float(str(row["won"]))
    if (difference < 0) == higher and difference != 0:
        a, b, difference, low, high, effect = b, a, -difference, -high, -low, -effect
        won = 1 - won
    return Difference(
        metric=str(row["metric"]),
        ahead=a,
        behind=b,
        difference=difference,
        low=low,
        high=high,
        p=float(str(row["p"])),
        p_holm=float(str(row["p_holm"])),
        effect=effect,
        effect_name=str(row["effect_name"]),
        won=won,
        favours=str(row["favours"] or ""),
        pairs=int(str(row["pairs"])),
        clips=int(str(row["clips"])),
        seeds=int(str(row["seeds"])),
        over=str(row["over"]),
        note=str(row["note"]),
    )


def _last(value: float) -> float:
    return value if math.isfinite(value) else math.inf


def interval_text(mean: float, low: float, high: float, places: int) -> str:
    """An estimate with its interval, such as "0.712 [0.701, 0.723]"."""
    text = number(float(mean), places)
    if math.isfinite(low) and math.isfinite(high):
        text += f" [{number(float(low), places)}, {number(float(high), places)}]"
    return text


def signed(value: float, places: int) -> str:
    """A difference with its sign."""
    text = number(value, places)
    return f"+{text}" if value > 0 and float(f"{value:.{places}f}") != 0 else text


def p_text(p: float) -> str:
    """A corrected p-value in words; nothing without one."""
    if not math.isfinite(p):
        return ""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"
