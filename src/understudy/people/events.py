"""The events of a consent log: what a line says, how it is written, hashed and signed.

A line is canonical JSON (sorted keys, no spaces, UTF-8) of the fields of Event. It is hashed in three steps, each
sha256 of the text given, digests as hexadecimal text:

    rest    = all fields but kind, tag, previous and signature, as canonical JSON
    content = "<kind> <tag> <rest>"
    hash    = "<previous><content>", where `previous` is the hash of the event before

So a chain can be shown of which some events are hidden: of those stand kind, tag and rest. A salt in `rest` keeps
anybody from guessing what it is the hash of. The tag is the same for all events about one subject, random, and says
nothing of who it is; but it shows that none of the hidden events is about a subject who is shown (people.proof).
The signature is Ed25519 over "understudy consent event <hash>".
"""

import dataclasses
import datetime
import functools
import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
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
PERMITTING = frozenset({"granted", "widened", "narrowed"})  # those that hold a record
NAMING = frozenset({"opened", "key-changed", "continued"})  # those that name a key, and are about nobody
FORMAT = "understudy consent log 1"
NOTHING = "0" * 64  # what stands before the first event

_HEX = re.compile(r"[0-9a-f]{64}")
_SALT = re.compile(r"[0-9a-f]{32}")
_HIDDEN = re.compile(r"([a-z-]+) ([0-9a-f]{32}) ([0-9a-f]{64})")
_SIGNED = b"understudy consent event "
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
    """One line of a log. number: from 1. at: UTC, to the second. key: id of the signing key. previous: hash before.

    tag: of the subject, or empty for an event about nobody.
    """

    number: int
    at: str
    kind: str
    subject: str
    record: str
    body: Mapping[str, Any]
    key: str
    salt: str
    tag: str
    previous: str
    signature: str

    @property
    def hidden(self) -> str:
        """What a proof shows in the place of the event where it may not be seen: kind, tag, and the rest's hash."""
        rest = {name: getattr(self, name) for name in FIELDS if name not in ("kind", "tag", "previous", "signature")}
        return f"{self.kind} {self.tag} {_digest(canonical(rest))}"

    @functools.cached_property
    def hash(self) -> str:
        """The chain's hash up to and with this event."""
        return chained(self.previous, self.hidden)

    @functools.cached_property
    def time(self) -> datetime.datetime:
        """When it was written."""
        return instant(self.at)

    def line(self) -> bytes:
        """The event as it stands in the log, without its newline."""
        return canonical({name: getattr(self, name) for name in FIELDS})

    def signed_by(self, public: str) -> bool:
        """Whether the key named, and no other, signed this very event."""
        return self.key == key_id(public) and signed(public, self.hash, self.signature)


FIELDS = tuple(field.name for field in dataclasses.fields(Event))


def canonical(value: Any) -> bytes:
    """A plain value as canonical JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def chained(previous: str, hidden: str) -> str:
    """The hash of a chain that goes on with an event of which this is shown (Event.hidden)."""
    return _digest(f"{previous}{_digest(hidden.encode())}".encode())


def joined(head: str, added: str) -> str:
    """The head of a log of that head to which others added a chain that ends with the hash `added`."""
    return _digest(f"{head} {added}".encode())


def signed(public: str, hash: str, signature: str) -> bool:
    """Whether that key signed the event of that hash."""
    return verify(public, _SIGNED + hash.encode(), signature)


def unhide(hidden: str) -> tuple[str, str]:
    """Kind and tag of a hidden event. Raises ValueError unless it is well-formed and about somebody."""
    found = _HIDDEN.fullmatch(hidden)
    if not found or found[1] not in KINDS or found[1] in NAMING:
        raise ValueError("is no hidden event about somebody")
    return found[1], found[2]


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def stamp(time: datetime.datetime) -> str:
    """An instant as events write it."""
    return time.astimezone(datetime.UTC).strftime(_STAMP)


def instant(at: str) -> datetime.datetime:
    """The instant that an event's `at` names. Raises ValueError for a day or hour that does not exist."""
    return datetime.datetime.strptime(at, _STAMP).replace(tzinfo=datetime.UTC)


def new_tag() -> str:
    """A tag for a subject who has none yet."""
    return secrets.token_hex(16)


def sign(draft: Draft, key: Key, *, number: int, at: str, previous: str, tag: str) -> Event:
    """The draft as an event of the chain. tag: of its subject."""
    bare = Event(
        number=number,
        at=at,
        kind=draft.kind,
        subject=draft.subject,
        record=draft.record,
        body=dict(draft.body),
        key=key.id,
        salt=secrets.token_hex(16),
        tag=tag,
        previous=previous,
        signature="",
    )
    return dataclasses.replace(bare, signature=key.sign(_SIGNED + bare.hash.encode()))


@functools.lru_cache(maxsize=1 << 15)  # a job reads its log several times
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
    texts = ("at", "kind", "subject", "record", "key", "salt", "tag", "previous", "signature")
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
    _require_about(values)
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


def _require_about(values: Mapping[str, Any]) -> None:
    """Raises ValueError unless an event is about whom, and says what, an event of its kind does."""
    naming = values["kind"] in NAMING
    about = (values["subject"], values["record"], values["tag"])
    if any(about) if naming else not (values["subject"] and values["record"] and _SALT.fullmatch(values["tag"])):
        raise ValueError(f"is '{values['kind']}', and {'names a subject' if naming else 'names no subject and record'}")
    if values["kind"] not in PERMITTING and not _SAID[values["kind"]](values["body"]):
        raise ValueError(f"does not say what an event '{values['kind']}' says")


def _texts(body: Any, needed: set[str], may: Iterable[str] = ()) -> bool:
    """Whether a body has the needed keys, perhaps those that it may have, and text in each."""
    return needed <= set(body) <= needed.union(may) and all(isinstance(value, str) for value in body.values())


def _uses(body: Any) -> bool:
    uses = body.get("uses")
    if not isinstance(uses, list) or not _texts({k: v for k, v in body.items() if k != "uses"}, {"study", "job"}):
        return False
    return all(isinstance(use, dict) and _texts(use, {"purpose"}, {"family", "with"}) for use in uses)


# What the body of each kind holds; a record is looked at more closely where records are made of it (people.records).
_SAID: dict[str, Callable[[Any], bool]] = {
    "opened": lambda body: _texts(body, {"format", "public"}) and body["format"] == FORMAT,
    "key-changed": lambda body: _texts(body, {"public"}),
    "continued": lambda body: _texts(body, {"anchor", "public"}),
    "withdrawn": lambda body: _texts(body, set(), {"note"}),
    "expired-noted": lambda body: _texts(body, {"until"}),
    "used": _uses,
    "purged": lambda body: (
        set(body) == {"certificate", "removed"}
        and isinstance(body["certificate"], str)
        and type(body["removed"]) is int
    ),
}
