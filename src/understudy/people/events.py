"""The events of a consent log: what a line says, how it is written, hashed and signed.

A line is canonical JSON (sorted keys, no spaces, UTF-8). An event's `content` is the sha256 of its line without
`previous` and `signature`; its `hash` is the sha256 of `previous` followed by `content`, both as hexadecimal text, so
that a chain of hashes can be shown without showing what the events say (a salt keeps anybody from guessing it). The
signature is Ed25519 over the hash.
"""

import dataclasses
import datetime
import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from typing import Any

from understudy.people.keys import Key, key_id, verify

KINDS = (
    "opened",  # the log begins: its keeper's public key
    "key-changed",  # the keeper's next public key
    "granted",  # a record
    "widened",  # the record, with more allowed
    "narrowed",  # the record, with less allowed
    "withdrawn",  # nothing is allowed any more
    "expired-noted",  # a run met a record whose last day is over
    "used",  # a job did something with the subject
    "purged",  # what was derived from the subject was removed
    "continued",  # a continuation by another key begins, or goes on from a longer log
)
# What another key than the keeper's may add: it can take away and take notes, and never allow anything.
TAKING = frozenset({"continued", "narrowed", "withdrawn", "expired-noted", "used", "purged"})
NOTHING = "0" * 64  # what stands before the first event

_HEX = re.compile(r"[0-9a-f]{64}")
_SALT = re.compile(r"[0-9a-f]{32}")
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_STAMP = "%Y-%m-%dT%H:%M:%SZ"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Draft:
    """What an event is to say. subject, record: ids, empty where an event is about nobody."""

    kind: str
    subject: str = ""
    record: str = ""
    body: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Event:
    """One line of a log. number: from 1. at: UTC, to the second. key: id of the signing key. previous: hash before."""

    number: int
    at: str
    kind: str
    subject: str
    record: str
    body: Mapping[str, Any]
    key: str
    salt: str
    previous: str
    signature: str

    @property
    def content(self) -> str:
        """sha256 of what the event says, without its place in the chain."""
        said = {name: getattr(self, name) for name in FIELDS if name not in ("previous", "signature")}
        return hashlib.sha256(canonical(said)).hexdigest()

    @property
    def hash(self) -> str:
        """The chain's hash up to and with this event."""
        return chained(self.previous, self.content)

    @property
    def time(self) -> datetime.datetime:
        """When it was written."""
        return instant(self.at)

    def line(self) -> bytes:
        """The event as it stands in the log, without its newline."""
        return canonical({name: getattr(self, name) for name in FIELDS})

    def signed_by(self, public: str) -> bool:
        """Whether the key named, and no other, signed this very event."""
        return self.key == key_id(public) and verify(public, self.hash.encode(), self.signature)


FIELDS = tuple(field.name for field in dataclasses.fields(Event))


def canonical(value: Any) -> bytes:
    """A plain value as canonical JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def chained(previous: str, content: str) -> str:
    """The hash of a chain that goes on with `content`."""
    return hashlib.sha256(f"{previous}{content}".encode()).hexdigest()


def stamp(time: datetime.datetime) -> str:
    """An instant as events write it."""
    return time.astimezone(datetime.UTC).strftime(_STAMP)


def instant(at: str) -> datetime.datetime:
    """The instant that an event's `at` names. Raises ValueError for a day or hour that does not exist."""
    return datetime.datetime.strptime(at, _STAMP).replace(tzinfo=datetime.UTC)


def sign(draft: Draft, key: Key, *, number: int, at: str, previous: str) -> Event:
    """The draft as an event of the chain."""
    bare = Event(
        number=number,
        at=at,
        kind=draft.kind,
        subject=draft.subject,
        record=draft.record,
        body=dict(draft.body),
        key=key.id,
        salt=secrets.token_hex(16),
        previous=previous,
        signature="",
    )
    return dataclasses.replace(bare, signature=key.sign(bare.hash.encode()))


def parse(line: bytes) -> Event:
    """The event of a line. Raises ValueError, with the fact, unless it is one to the letter."""
    try:
        values = json.loads(line.decode("utf-8"))
        same = canonical(values) == line
    except (ValueError, RecursionError) as error:
        raise ValueError("is no JSON") from error
    if not isinstance(values, dict) or set(values) != set(FIELDS):
        raise ValueError("has not the fields of an event")
    if not same:
        raise ValueError("is not written as events are (canonical JSON)")
    return event(values)


def event(values: Mapping[str, Any]) -> Event:
    """The event that these fields make up. Raises ValueError, with the fact, unless every one is well-formed."""
    texts = ("at", "kind", "subject", "record", "key", "salt", "previous", "signature")
    if set(values) != set(FIELDS) or not all(isinstance(values[name], str) for name in texts):
        raise ValueError("has not the fields of an event")
    if type(values["number"]) is not int or not isinstance(values["body"], dict):
        raise ValueError("has not the fields of an event")
    if values["kind"] not in KINDS:
        raise ValueError(f"is of a kind that there is not, '{values['kind']}'")
    if not _HEX.fullmatch(values["previous"]) or not _SALT.fullmatch(values["salt"]):
        raise ValueError("has a malformed hash or salt")
    if not _AT.fullmatch(values["at"]):
        raise ValueError(f"has no time such as 2026-01-31T12:00:00Z but '{values['at']}'")
    made = Event(**values)
    try:
        made.time  # noqa: B018 - parsed for its error
    except ValueError as error:
        raise ValueError(f"has a time that does not exist, '{values['at']}'") from error
    try:
        made.line()
    except (ValueError, RecursionError) as error:  # half a surrogate, a number that is none, endless nesting
        raise ValueError("holds what no event can") from error
    return made
