"""What the report shows, as plain data: whoever fills a Page needs to know nothing of HTML.

Every path is a file that exists now; videos are H.264 mp4, pictures PNG or JPEG. Text may hold any characters: the page
escapes it. Optional parts are None or empty, and their place in the page says so or is left out. Times are in seconds,
sizes in bytes, frames count from 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pandas as pd

Status = Literal["in force", "not yet", "expired", "withdrawn"]
Part = Literal["source", "driver", "fake", "truth", "re-performance"]


@dataclass(frozen=True, kw_only=True)
class Person:
    """One consent record: a row of the table of people.

    basis: in words, such as "synthetic actor" or "licence: CC BY 4.0". purposes: in words, family by family, such as
    "source (swap)". counterparts: with whom, such as "anyone". shown: the record allows showing this person in a
    report; without it, or when the record is not in force, the page holds no picture, sound or video of them and they
    appear as numbers only. published: it allows fakes of them to be published, so that a crate may hold them.
    """

    subject: str
    record: str
    basis: str
    purposes: tuple[str, ...]
    counterparts: str
    since: date | None
    until: date | None
    status: Status
    shown: bool
    published: bool = False


@dataclass(frozen=True, kw_only=True)
class MethodView:
    """One method of the study.

    about: one sentence for a reader outside the field. settings: the full record, nested plain values. learned: False
    for baselines (copy, warp), against which the answer compares the learned methods. module: the method that this is
    a variant of, when its name is not its own. merge_of: whose trainings it merges otherwise. voice: whose sound it has
    beside the picture of `picture`, where the two are combined. start: from which weights
    its training began, in words. features: which network its loss looks through, in words.
    """

    name: str
    family: str
    learned: bool
    about: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
    module: str = ""
    merge_of: str = ""
    picture: str = ""
    voice: str = ""
    start: str = ""
    features: str = ""


@dataclass(frozen=True, kw_only=True)
class FootageView:
    """One clip of the manifest. attribution: the words its licence asks for, if any."""

    clip: str
    subject: str
    role: str
    licence: str
    sha256: str
    frames: int | None = None
    seconds: float | None = None
    attribution: str = ""


@dataclass(frozen=True, kw_only=True)
class Player:
    """One video of a row that plays in step.

    name: the method's name for a fake, else a title such as "source". gives: what of the source it shows or lets hear:
    "likeness", "voice", or both. link: where a published fake stands beside the
    page of a crate.
    """

    part: Part
    name: str
    video: Path
    gives: str = "likeness"
    note: str = ""
    link: str = ""


@dataclass(frozen=True, kw_only=True)
class Cue:
    """Words that are heard from `start` to `end`, seconds into the driver's clip."""

    start: float
    end: float
    words: str


@dataclass(frozen=True, kw_only=True)
class ClipView:
    """One converted clip of a pair: its players in the order shown; the others follow the driver's clock."""

    clip: str
    players: tuple[Player, ...]
    captions: tuple[Cue, ...] = ()
    seed: int | None = None


@dataclass(frozen=True, kw_only=True)
class PairView:
    """The source's likeness in the driver's performance, clip by clip."""

    source: str
    driver: str
    family: str
    clips: tuple[ClipView, ...]


@dataclass(frozen=True, kw_only=True)
class RunView:
    """One training.

    subjects: all whose footage it saw. timelapse, preview, sound: films, pictures and words of it while it learned, or
    None. loss: CSV with columns step, loss and any others, one row a logged step. facts:
    what else to tell, in order, such as {"steps": "12 000", "parameters": "1.3 M"}.
    """

    name: str
    method: str
    subjects: tuple[str, ...]
    seed: int
    loss: Path | None = None
    timelapse: Path | None = None
    preview: Path | None = None
    sound: Path | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ExtractionView:
    """What was found in one clip. dropped: reason -> frames. picture: the extraction's picture.png. said: what else was
    done to the clip, in sentences."""

    subject: str
    clip: str
    frames: int
    kept: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    picture: Path | None = None
    said: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SpeechView:
    """The speech that was cut of one clip. segments, seconds: what was kept. dropped: reason -> segments. said: what
    else there is to know of the recording, in sentences."""

    subject: str
    clip: str
    segments: int
    seconds: float
    dropped: Mapping[str, int] = field(default_factory=dict)
    picture: Path | None = None
    said: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CostRow:
    """What one step cost.

    memory: peak, bytes. rate: images (or frames) a second; n: how many of them; jobs: how often the step ran.
    """

    stage: str
    what: str
    seconds: float
    cpu_seconds: float | None = None
    memory: int | None = None
    rate: float | None = None
    n: int | None = None
    jobs: int = 1


@dataclass(frozen=True, kw_only=True)
class Withdrawal:
    """That this version was rebuilt after a withdrawal: when, and how many pairs fewer it has. Never who."""

    date: date
    pairs: int


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A text that was written elsewhere and is shown as it is: a card, the methods paragraph."""

    heading: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """A whole study, ready to be shown.

    made: when, in words. scores: the long table (study, version, method, family, source, driver, clip, seed, metric,
    value, unit, n, better), sanity rows with family "sanity". frames: a row a frame (method, source, driver, clip,
    seed, frame, then a column a metric, named as in scores). definitions: metric -> one sentence that says what it
    measures. environment: what it ran on, in order. digests: name -> hash. rerun: commands, one a line. notes: anything
    else a reader must know, such as what could not be measured. licences: of the footage and what it was built from.
    cards: the model and data cards and the methods paragraph. consent_head: the hash of the consent log's last event.
    withdrawals: after which this version was rebuilt. budget: what each training was given, in words, such as "120 s of
    CPU time". curves, costs_table, validity: the long tables of the learning curves (as scores, with share and steps),
    of the costs (study, version, method, group, seed, quantity, value, unit) and of the metrics' ladders (ladder, rung,
    amount, amount_unit, metric, value and more), empty when there are none.
    """

    study: str
    version: str
    seed: int
    made: str
    people: tuple[Person, ...]
    methods: tuple[MethodView, ...]
    footage: tuple[FootageView, ...]
    pairs: tuple[PairView, ...]
    scores: pd.DataFrame
    frames: pd.DataFrame
    about: str = ""
    definitions: Mapping[str, str] = field(default_factory=dict)
    runs: tuple[RunView, ...] = ()
    extractions: tuple[ExtractionView, ...] = ()
    speech: tuple[SpeechView, ...] = ()
    costs: tuple[CostRow, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    rerun: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    cards: tuple[Passage, ...] = ()
    consent_head: str = ""
    withdrawals: tuple[Withdrawal, ...] = ()
    budget: str = ""
    curves: pd.DataFrame = field(default_factory=pd.DataFrame)
    costs_table: pd.DataFrame = field(default_factory=pd.DataFrame)
    validity: pd.DataFrame = field(default_factory=pd.DataFrame)
