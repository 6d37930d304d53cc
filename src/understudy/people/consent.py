"""A consent record: what one subject allowed, to whom it ties them, and for how long.

    id: s1-2026                  # the name of this record; every fake and every training carries it
    subject: s1
    basis:
      kind: form                 # a signed form: its sha256 stands here, the form itself never does
      sha256: 9f86d081...
    # kind: licence, with name and url: published under a licence that allows these uses
    # kind: synthetic: nobody's likeness, a rendered actor
    purposes:
      extract: true              # find, measure and keep faces and voice in the subject's clips
      train: [swap]              # let a model of these families learn from the clips
      source: [swap]             # give the likeness or voice to another performance
      driver: [swap]             # have a performance of theirs shown under another likeness
      show-in-report: true       # be seen, real and faked, in the study's report
      study-stimulus: false      # be seen by the participants of a perception study
    counterparts: same-person    # anyone | same-person | a list of subjects: with whom the above may be mixed
    from: 2026-01-31             # first day
    until: 2028-01-31            # last day; null (no end) only for a licence or a synthetic actor
    withdrawn: null              # or the day of withdrawal: from then on nothing is allowed, whatever stands above
    note: ""                     # for people

Families are swap, animate, lipsync and voice. What is not written is not allowed.
"""

import dataclasses
import datetime
import re
from pathlib import Path
from typing import Literal, get_args

from understudy.errors import ConfigError, ConsentError, nearest
from understudy.people.manifest import NAME
from understudy.settings import build, read_yaml

Family = Literal["swap", "animate", "lipsync", "voice"]
FAMILIES: tuple[str, ...] = get_args(Family)
PURPOSES = ("extract", "train", "source", "driver", "show-in-report", "study-stimulus")
BY_FAMILY = ("train", "source", "driver")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Form:
    """A form that the subject signed, known by its hash alone."""

    kind: Literal["form"]
    sha256: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError("sha256 is not 64 hexadecimal digits (`understudy consent new --form-file` writes it)")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Licence:
    """A licence under which the subject's clips were published."""

    kind: Literal["licence"]
    name: str
    url: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Synthetic:
    """Nobody's likeness: a rendered actor. Holds for clips of the cast only."""

    kind: Literal["synthetic"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Purposes:
    """What is allowed; the second three family by family."""

    extract: bool
    train: tuple[Family, ...]
    source: tuple[Family, ...]
    driver: tuple[Family, ...]
    show_in_report: bool = dataclasses.field(metadata={"key": "show-in-report"})
    study_stimulus: bool = dataclasses.field(metadata={"key": "study-stimulus"})

    def allow(self, purpose: str, family: str | None) -> bool:
        """Whether `purpose` is allowed, for `family` where that matters."""
        granted = getattr(self, purpose.replace("-", "_"))
        return granted if isinstance(granted, bool) else family in granted


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Text:
    """The keys of a record as they stand in its file."""

    id: str
    subject: str
    basis: Form | Licence | Synthetic
    purposes: Purposes
    counterparts: Literal["anyone", "same-person"] | tuple[str, ...]
    first: datetime.date = dataclasses.field(metadata={"key": "from"})
    until: datetime.date | None
    withdrawn: datetime.date | None
    note: str = ""

    def __post_init__(self) -> None:
        for key, value in (("id", self.id), ("subject", self.subject)):
            if not NAME.fullmatch(value):
                raise ValueError(f"{key} '{value}' is not made of letters, digits, - and _")
        if self.until is None and isinstance(self.basis, Form):
            raise ValueError("until is empty, and a signed form has a last day")
        if self.until is not None and self.until < self.first:
            raise ValueError(f"until ({self.until}) lies before from ({self.first})")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Consent(_Text):
    """One subject's consent record, and the file it stands in. `first` and `until` are both inclusive."""

    path: Path


def read_consent(path: Path) -> Consent:
    """The record in the YAML file at `path`. Raises ConsentError for anything that is not as shown above."""
    path = Path(path)
    text = build(_Text, read_yaml(path, error=ConsentError), f"{path}: ", error=ConsentError)
    return Consent(path=path, **{field.name: getattr(text, field.name) for field in dataclasses.fields(_Text)})


def refusal(
    record: Consent, purpose: str, family: str | None, on: datetime.date, counterpart: str | None
) -> ConsentError | None:
    """Why the record does not allow a use on the day `on`, or None when it does.

    Raises ConfigError for a purpose or family that does not exist: a typing slip must never read as a permission.
    """
    require_known(purpose, family)
    if record.withdrawn is not None:
        return _refusal(
            record, purpose, family, f"was withdrawn on {record.withdrawn}", "Take the subject out of the study."
        )
    if on < record.first:
        return _refusal(record, purpose, family, f"begins on {record.first}", "Wait until then.")
    if record.until is not None and on > record.until:
        remedy = "Ask the subject to renew it, or take the subject out of the study."
        return _refusal(record, purpose, family, f"expired on {record.until}", remedy)
    if not record.purposes.allow(purpose, family):
        remedy = "Ask the subject for it and write it into the record's purposes, or leave that out of the study."
        return _refusal(record, purpose, family, "does not allow that", remedy)
    if counterpart is not None and not _may_meet(record, counterpart):
        fact = f"allows as counterparts only {_counterparts(record)}, and this is with '{counterpart}'"
        remedy = "Take that pair out of the study, or ask the subject and write it into the record's counterparts."
        return _refusal(record, purpose, family, fact, remedy)
    return None


def require_known(purpose: str, family: str | None) -> None:
    """Raises ConfigError unless the purpose exists and the family is named where, and only where, it matters."""
    if purpose not in PURPOSES:
        raise ConfigError(f"purpose '{purpose}'", "there is no such purpose", nearest(purpose, PURPOSES))
    if purpose in BY_FAMILY and family not in FAMILIES:
        raise ConfigError(f"family '{family}'", "there is no such family", nearest(str(family), FAMILIES))


def use(purpose: str, family: str | None) -> str:
    """What a purpose is called in a message."""
    return f"purpose '{purpose}' of family '{family}'" if purpose in BY_FAMILY else f"purpose '{purpose}'"


def _refusal(record: Consent, purpose: str, family: str | None, fact: str, remedy: str) -> ConsentError:
    said = f"{use(purpose, family)} is not covered: the record '{record.id}' ({record.path}) {fact}"
    return ConsentError(f"subject '{record.subject}'", said, remedy)


def _may_meet(record: Consent, counterpart: str) -> bool:
    """Whether the subject may be mixed with `counterpart`; with oneself always."""
    if record.counterparts == "anyone" or counterpart == record.subject:
        return True
    return record.counterparts != "same-person" and counterpart in record.counterparts


def _counterparts(record: Consent) -> str:
    """The counterparts of a record, in words."""
    if record.counterparts == "same-person" or not record.counterparts:
        return "the same person"
    return ", ".join(f"'{subject}'" for subject in record.counterparts)
