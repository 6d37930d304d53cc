"""The long score table made readable: a table a metric, means over pairs, the best marked, sanity rows apart."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from understudy.report.numbers import decimals, number

SANITY = "sanity"
ARROWS = {"higher": "↑", "lower": "↓", "zero": "→ 0"}
# Which question a metric answers: the first family whose word is part of the metric's name takes it.
QUESTIONS = (
    ("Is it the source's voice?", ("speaker", "voice nearer", "mel-cepstral")),
    ("Does it keep the driver's words and melody?", ("f0", "voicing", "content", "voice lag", "duration")),
    ("Is it clean, and as loud?", ("loudness difference", "clipped", "signal-to-noise")),
    ("Is it the source's likeness?", ("identity", "nearer", "retrieval")),
    ("Is it what it should have been?", ("truth", "psnr", "ssim", "l1", "re-performance")),
    (
        "Does it keep the driver's performance?",
        ("landmark", "pose", "yaw", "pitch", "roll", "expression", "blendshape", "sync", "lip ", "sound"),
    ),
    ("Does it sit in the picture?", ("seam", "mask", "colour")),
    ("Is it steady, and is a face there?", ("flicker", "without a face", "jitter")),
)
OTHER = "Other measures"
# What the answer speaks of, when the study measured it; the lists and tables tell all.
KEY = (
    "identity distance to source",
    "nearer to source",
    "identity retrieval",
    "SSIM to truth",
    "PSNR to truth",
    "L1 of the frame",
    "AKD",
    "lip landmark error",
    "landmark error",
    "pose error",
    "expression error",
    "expression motion error",
    "blendshape error",
    "seam energy",
    "flicker",
    "sync offset",
    "LSE-D by own expert",
    "lip lag to loudness",
    "speaker similarity to source",
    "voice nearer to source",
    "mel-cepstral distortion",
    "F0 error",
    "F0 correlation",
    "content distance",
    "signal-to-noise ratio",
)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric of the table. better: "higher", "lower", "zero" or "" when neither is."""

    name: str
    label: str
    unit: str
    better: str
    question: str
    about: str

    @property
    def key(self) -> bool:
        """Whether the page shows it without being asked."""
        return self.name in KEY or self.question == OTHER

    @property
    def arrow(self) -> str:
        return ARROWS.get(self.better, "")

    def gain(self, value: float) -> float:
        """`value` turned so that more is better; NaN when the metric has no better direction."""
        return {"higher": value, "lower": -value, "zero": -abs(value)}.get(self.better, math.nan)


@dataclass(frozen=True, kw_only=True)
class Dot:
    """One clip's value."""

    source: str
    driver: str
    clip: str
    seed: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Row:
    """A method's line in a table. mean: over pairs, after clips and seeds within them; spread: sd over pairs."""

    method: str
    sanity: bool
    dots: tuple[Dot, ...]
    by_pair: Mapping[tuple[str, str], float]
    n_by_pair: Mapping[tuple[str, str], int]
    mean: float
    spread: float
    n: int
    clips: int
    mean_text: str
    spread_text: str
    best: bool


@dataclass(frozen=True, kw_only=True)
class Table:
    """A metric with the methods' rows, then the sanity rows. low, high: the finite range of all values."""

    metric: Metric
    rows: tuple[Row, ...]
    places: int
    low: float
    high: float

    def row(self, method: str) -> Row | None:
        """The line of a method of the study."""
        return next((r for r in self.rows if r.method == method and not r.sanity), None)

    def sanity(self, name: str) -> Row | None:
        """The sanity row of a name."""
        return next((r for r in self.rows if r.method == name and r.sanity), None)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every pair that has a value, in the order of the table."""
        return tuple(dict.fromkeys(pair for row in self.rows for pair in row.by_pair))

    def count(self, pair: tuple[str, str]) -> str:
        """How many values the methods' numbers of one pair rest on."""
        return _range(r.n_by_pair.get(pair, 0) for r in self.rows if not r.sanity)

    @property
    def ends(self) -> tuple[str, ...]:
        """The ends of the axis that the dots stand on."""
        return tuple(number(v, self.places) for v in dict.fromkeys((self.low, self.high)))

    @property
    def counts(self) -> str:
        """How many values the methods' numbers rest on."""
        return _range(r.n for r in self.rows if not r.sanity)


def better(text: object) -> str:
    """The direction that a score table's `better` column names, as "higher", "lower", "zero" or ""."""
    word = str(text).strip().lower()
    for name, words in {"higher": ("high", "up", "max", "more"), "lower": ("low", "down", "min", "less")}.items():
        if word.startswith(words):
            return name
    return "zero" if "zero" in word or word in ("0", "nearer 0", "near 0") else ""


def label(name: str) -> str:
    """A metric's name as people read it."""
    return (name[:1].upper() + name[1:]).replace("_", " ")


def question(name: str) -> str:
    """The question that a metric answers."""
    return next((q for q, words in QUESTIONS if any(w in name.lower() for w in words)), OTHER)


def _range(counts: Iterable[int]) -> str:
    """One number when all are equal, else the lowest and the highest."""
    found = sorted(set(counts))
    return "–".join(number(n, 0) for n in ([found[0], found[-1]] if len(found) > 1 else found))


def tables(scores: pd.DataFrame, order: Iterable[str], definitions: Mapping[str, str]) -> tuple[Table, ...]:
    """A Table for each metric, in the order of the questions; methods in `order`, then sanity rows as they come."""
    ranks = {name: i for i, name in enumerate(order)}
    asked = [q for q, _ in QUESTIONS] + [OTHER]
    found = [_table(group, ranks, definitions) for _, group in scores.groupby("metric", sort=False)]
    return tuple(sorted(found, key=lambda t: asked.index(t.metric.question)))


def _table(group: pd.DataFrame, ranks: Mapping[str, int], definitions: Mapping[str, str]) -> Table:
    first = group.iloc[0]
    name = str(first["metric"])
    unit = "" if pd.isna(first["unit"]) else str(first["unit"])
    about = definitions.get(name, "")
    metric = Metric(
        name=name, label=label(name), unit=unit, better=better(first["better"]), question=question(name), about=about
    )
    finite = [float(v) for v in group["value"].to_numpy(float) if math.isfinite(v)]
    places = decimals(finite)
    keyed = [
        (family == SANITY, ranks.get(str(method), len(ranks)), str(method), rows)
        for (method, family), rows in group.groupby(["method", "family"], sort=False)
    ]
    keyed.sort(key=lambda k: k[:2])
    rows = [_row(method, sanity, part, places) for sanity, _, method, part in keyed]
    return Table(
        metric=metric,
        rows=_mark(rows, metric, places),
        places=places,
        low=min(finite, default=0.0),
        high=max(finite, default=1.0),
    )


def _row(method: str, sanity: bool, part: pd.DataFrame, places: int) -> Row:
    values = part.assign(source=part["source"].astype(str), driver=part["driver"].astype(str))
    dots = tuple(
        Dot(source=source, driver=driver, clip=str(clip), seed=str(seed), value=float(value))
        for source, driver, clip, seed, value in zip(
            values["source"],
            values["driver"],
            values["clip"],
            values["seed"],
            values["value"].to_numpy(float),
            strict=True,
        )
    )
    grouped = values.groupby(["source", "driver"], sort=False)
    means = grouped["value"].mean()
    by_pair = {(str(key[0]), str(key[1])): float(v) for key, v in means.items() if isinstance(key, tuple)}
    n_by_pair = {(str(key[0]), str(key[1])): int(v) for key, v in grouped["n"].sum().items() if isinstance(key, tuple)}
    mean, spread = float(means.mean()), float(means.std(ddof=1)) if len(means) > 1 else math.nan
    return Row(
        method=method,
        sanity=sanity,
        dots=dots,
        by_pair=by_pair,
        n_by_pair=n_by_pair,
        mean=mean,
        spread=spread,
        n=int(part["n"].fillna(0).sum()),
        clips=len({(d.source, d.driver, d.clip) for d in dots}),
        mean_text=number(mean, places),
        spread_text=number(spread, places),
        best=False,
    )


def _mark(rows: list[Row], metric: Metric, places: int) -> tuple[Row, ...]:
    """Marks the best of the study's methods; those that print the same number share the mark."""
    gains = [metric.gain(round(r.mean, places)) for r in rows if not r.sanity]
    top = max((g for g in gains if not math.isnan(g)), default=math.nan)
    level = len(set(gains)) < 2
    marks = [not level and not r.sanity and metric.gain(round(r.mean, places)) == top for r in rows]
    return tuple(Row(**{**vars(r), "best": mark}) for r, mark in zip(rows, marks, strict=True))
