"""A consent record: what one subject allowed, to whom it ties them, and for how long.

As the consent log holds it (and `understudy consent show` prints it):

    id: s1-2026-01-31            # the name of this record; every fake and every training carries it
    subject: s1
    basis:
      kind: form                 # a signed form: its sha256 stands here, the form itself never does
      sha256: 9f86d081...
    # kind: licence, with name and url: published under a licence that allows these uses
    # kind: synthetic: nobody's likeness, a rendered actor
    purposes:
      extract: true              # find, measure and keep faces and voice in the subject's clips
      train: [swap]              # let a model of these families learn from the clips
      be-source: [swap]          # give the likeness or voice to another performance
      be-driver: [swap]          # have a performance of theirs shown under another likeness
      appear-in-report: true     # be seen, real and faked, in the study's report
      study-stimulus: false      # be seen by the participants of a perception study
      share-weights: false       # let models that learned from them leave the machine
      publish: false             # let fakes of them leave the machine, in the study's crate
    counterparts: same-person    # anyone (in the study) | same-person | a list of subjects: with whom they may be mixed
    from: 2026-01-31             # first day
    until: 2028-01-31            # last day; null (no end) only for a licence or a synthetic actor
    note: ""                     # for people

Families are swap, animate, lipsync and voice. What is not written is not allowed.
"""

import dataclasses
import datetime
import re
from pathlib import Path
from typing import Any, Literal, get_args

from understudy.errors import ConfigError, ConsentError, nearest
from understudy.people.manifest import NAME
from understudy.settings import build

Family = Literal["swap", "animate", "lipsync", "voice"]
Status = Literal["in force", "not yet", "expired", "withdrawn"]
FAMILIES: tuple[str, ...] = get_args(Family)
PURPOSES = (
    "extract",
    "train",
    "be-source",
    "be-driver",
    "appear-in-report",
    "study-stimulus",
    "share-weights",
    "publish",
)
BY_FAMILY = ("train", "be-source", "be-driver")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Form:
    """A form that the subject signed, known by its hash alone."""

    kind: Literal["form"]
    sha256: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError("sha256 is not 64 hexadecimal digits (`sha256sum FORM` prints it)")

    def words(self, digits: int = 64) -> str:
        """The basis in words, with so many digits of the form's hash."""
        return f"signed form, sha256 {self.sha256[:digits]}{'…' if digits < 64 else ''}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Licence:
    """A licence under which the subject's clips were published."""

    kind: Literal["licence"]
    name: str
    url: str

    def words(self, digits: int = 64) -> str:
        """The basis in words."""
        return f"licence {self.name} ({self.url})"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Synthetic:
    """Nobody's likeness: a rendered actor. Holds for clips of the cast only."""

    kind: Literal["synthetic"]

    def words(self, digits: int = 64) -> str:
        """The basis in words."""
        return "synthetic actor, nobody's likeness"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Purposes:
    """What is allowed; train, be-source and be-driver family by family."""

    extract: bool
    train: tuple[Family, ...]
    be_source: tuple[Family, ...] = dataclasses.field(metadata={"key": "be-source"})
    be_driver: tuple[Family, ...] = dataclasses.field(metadata={"key": "be-driver"})
    appear_in_report: bool = dataclasses.field(metadata={"key": "appear-in-report"})
    study_stimulus: bool = dataclasses.field(metadata={"key": "study-stimulus"})
    share_weights: bool = dataclasses.field(metadata={"key": "share-weights"})
    publish: bool

    def allow(self, purpose: str, family: str | None) -> bool:
        """Whether `purpose` is allowed, for `family` where that matters."""
        granted = getattr(self, purpose.replace("-", "_"))
        return granted if isinstance(granted, bool) else family in granted

    def atoms(self) -> frozenset[tuple[str, str]]:
        """All that is allowed, each as (purpose, family), the family empty where there is none."""
        given = {purpose: getattr(self, purpose.replace("-", "_")) for purpose in PURPOSES}
        plainly = {(purpose, "") for purpose, granted in given.items() if granted is True}
        return frozenset(plainly | {(purpose, family) for purpose in BY_FAMILY for family in given[purpose]})

    def words(self) -> tuple[str, ...]:
        """What is allowed, such as "extract" and "source (swap)"."""
        plainly = [purpose for purpose in PURPOSES if purpose not in BY_FAMILY and self.allow(purpose, None)]
        by_family = [
            f"{purpose} ({', '.join(granted)})"
            for purpose in BY_FAMILY
            if (granted := getattr(self, purpose.replace("-", "_")))
        ]
        return (*plainly, *by_family)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Terms:
    """What a subject agreed to, as a record says it. `first` and `until` are both inclusive."""

    id: str
    subject: str
    basis: Form | Licence | Synthetic
    purposes: Purposes
    counterparts: Literal["anyone", "same-person"] | tuple[str, ...]
    first: datetime.date = dataclasses.field(metadata={"key": "from"})
    until: datetime.date | None
    note: str = ""

    def __post_init__(self) -> None:
        for key, value in (("subject", self.subject), ("id", self.id)):
            if not NAME.fullmatch(value):
                raise ValueError(f"{key} '{value}' is not made of letters, digits, - and _")
        for party in self.counterparts if isinstance(self.counterparts, tuple) else ():
            if party in ("anyone", "same-person") or not NAME.fullmatch(party):
                raise ValueError(f"counterparts names '{party}', which is no subject's id")
        if self.until is None and isinstance(self.basis, Form):
            raise ValueError("until is empty, and a signed form has a last day")
        if self.until is not None and self.until < self.first:
            raise ValueError(f"until ({self.until}) lies before from ({self.first})")

    def within(self, other: "Terms") -> bool:
        """Whether everything that is allowed here is allowed by `other`, too."""
        days = other.first <= self.first and (other.until is None or (self.until or datetime.date.max) <= other.until)
        return days and self.purposes.atoms() <= other.purposes.atoms() and self._parties_within(other)

    def _parties_within(self, other: "Terms") -> bool:
        if other.counterparts == "anyone":
            return True
        if self.counterparts == "anyone":
            return False
        mine, theirs = (set() if c == "same-person" else set(c) for c in (self.counterparts, other.counterparts))
        return mine - {self.subject} <= theirs


@dataclasses.dataclass(frozen=True, kw_only=True)
class Consent(Terms):
    """A subject's record as it stands. withdrawn: the day of it. purged: what was derived is gone. path: of the log."""

    withdrawn: datetime.date | None = None
    purged: bool = False
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


def met(one: Terms, other: Terms) -> Terms:
    """What both allow, as `one` with less."""
    first = max(one.first, other.first)
    until = min((end for end in (one.until, other.until) if end is not None), default=None)
    if until is not None and until < first:  # no day is left, and a record has some
        return dataclasses.replace(one, purposes=_NO_PURPOSE)
    parties = one.counterparts
    if parties == "anyone" or other.counterparts == "same-person":
        parties = other.counterparts
    elif parties != "same-person" and other.counterparts != "anyone":
        parties = tuple(party for party in parties if party in other.counterparts)
    purposes = _both(one.purposes, other.purposes)
    return dataclasses.replace(one, purposes=purposes, counterparts=parties, first=first, until=until)


_NO_PURPOSE = Purposes(
    extract=False,
    train=(),
    be_source=(),
    be_driver=(),
    appear_in_report=False,
    study_stimulus=False,
    share_weights=False,
    publish=False,
)


def _both(one: Purposes, other: Purposes) -> Purposes:
    """The purposes that both allow."""
    both: dict[str, Any] = {}
    for field in dataclasses.fields(Purposes):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        both[field.name] = mine and theirs if isinstance(mine, bool) else tuple(f for f in mine if f in theirs)
    return Purposes(**both)


def read_terms(values: Any, where: str) -> Terms:
    """The terms that a plain mapping holds. Raises ConsentError for anything that is not as shown above."""
    return build(Terms, values, where, error=ConsentError)


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
        remedy = (
            "Ask the subject for it and widen the record (`understudy consent grant`), or leave that out of the study."
        )
    elif counterpart is not None and not record.meets(counterpart):
        fact = f"allows as counterpart only {record.parties()}, and this is with '{counterpart}'"
        remedy = (
            "Take that pair out of the study, or ask the subject and widen the record (`understudy consent grant`)."
        )
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
