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
Status = Literal["in force", "not yet", "expired", "withdrawn"]
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

    def words(self) -> tuple[str, ...]:
        """What is allowed, such as "extract" and "source (swap)"."""
        plainly = [purpose for purpose in PURPOSES if purpose not in BY_FAMILY and self.allow(purpose, None)]
        by_family = [
            f"{purpose} ({', '.join(getattr(self, purpose))})" for purpose in BY_FAMILY if getattr(self, purpose)
        ]
        return (*plainly, *by_family)


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
        for key, value in (("subject", self.subject), ("id", self.id)):
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

    def status(self, on: datetime.date) -> Status:
        """Whether the record is in force on the day `on`."""
        if self.withdrawn is not None:
            return "withdrawn"
        if on < self.first:
            return "not yet"
        return "expired" if self.until is not None and on > self.until else "in force"

    def meets(self, counterpart: str) -> bool:
        """Whether the subject may be mixed with `counterpart`; with oneself always."""
        if self.counterparts == "anyone" or counterpart == self.subject:
            return True
        return self.counterparts != "same-person" and counterpart in self.counterparts

    def parties(self) -> str:
        """The counterparts in words."""
        if self.counterparts == "anyone":
            return "anyone"
        if self.counterparts == "same-person" or not self.counterparts:
            return "the same person"
        return ", ".join(f"'{subject}'" for subject in self.counterparts)


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
    leave = "or leave the subject out of the study"
    status = record.status(on)
    if status == "withdrawn":
        fact, remedy = f"was withdrawn on {record.withdrawn}", "Take the subject out of the study."
    elif status == "not yet":
        fact, remedy = f"begins on {record.first}", f"Wait until then, {leave}."
    elif status == "expired":
        fact, remedy = f"expired on {record.until}", f"Ask the subject to renew it, {leave}."
    elif not record.purposes.allow(purpose, family):
        fact = "does not allow that"
        remedy = "Ask the subject for it and write it into the record's purposes, or leave that out of the study."
    elif counterpart is not None and not record.meets(counterpart):
        fact = f"allows as counterpart only {record.parties()}, and this is with '{counterpart}'"
        remedy = "Take that pair out of the study, or ask the subject and write it into the record's counterparts."
    else:
        return None
    said = f"{use(purpose, family)} is not covered: the record '{record.id}' ({record.path}) {fact}"
    return ConsentError(f"subject '{record.subject}'", said, remedy)


def require_known(purpose: str, family: str | None) -> None:
    """Raises ConfigError unless the purpose exists and the family is named where, and only where, it matters."""
    if purpose not in PURPOSES:
        raise ConfigError(f"purpose '{purpose}'", "there is no such purpose", nearest(purpose, PURPOSES))
    if purpose in BY_FAMILY and family not in FAMILIES:
        raise ConfigError(f"family '{family}'", "there is no such family", nearest(str(family), FAMILIES))


def use(purpose: str, family: str | None) -> str:
    """What a purpose is called in a message."""
    return f"purpose '{purpose}' of family '{family}'" if purpose in BY_FAMILY else f"purpose '{purpose}'"
