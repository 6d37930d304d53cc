"""The consent log: append-only, each line signed and carrying the hash of the one before.

    consents/log.jsonl           the keeper's log: who holds its key writes here
    consents/continued.jsonl     what others add, each under a key of their own: uses, withdrawals, never a permission

Both are read together, and nothing is taken from a log of which a single line is wrong. Whoever can write to the folder
can take permissions away, and can delete the second file, which shows on machines that had seen it (people.witness) and
on no other: a keeper whose key is there writes into the first, and that is the safe place for a withdrawal.
"""

import contextlib
import dataclasses
import datetime
import fcntl
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy.errors import ConsentError
from understudy.files import whole
from understudy.people import keys, witness
from understudy.people.chain import (
    CONTINUED,
    LOG,
    PROOF,
    SKEW,
    check_base,
    check_continued,
    check_order,
    check_tags,
    read_lines,
)
from understudy.people.events import FORMAT, NOTHING, PERMITTING, TAKING, Draft, Event, joined, new_tag, sign, stamp
from understudy.people.keys import Key

__all__ = [
    "CONTINUED",
    "LOG",
    "PROOF",
    "Log",
    "Sealed",
    "append",
    "change_key",
    "open_log",
    "read_log",
    "require_past",
]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sealed:
    """That a log is known by a proof alone. added: what others had added by then. values: the proof as it was read."""

    head: str
    time: datetime.datetime
    added: tuple[Event, ...]
    values: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Log:
    """A log that was checked whole. base: the keeper's events. continued: those of others, in the file beside it."""

    folder: Path
    base: tuple[Event, ...]
    continued: tuple[Event, ...]
    # Such a log shows a part, and its keeper adds nothing; a continuation goes on from its head.
    sealed: Sealed | None = None

    @property
    def events(self) -> tuple[Event, ...]:
        """All events: the keeper's, then what others added."""
        return self.base + (self.sealed.added if self.sealed else ()) + self.continued

    @property
    def path(self) -> Path:
        """The keeper's file."""
        return self.folder / (PROOF if self.sealed else LOG)

    @property
    def head(self) -> str:
        """The hash that all of it follows from: the last event's, or that of both files' last events."""
        return joined(self.anchor, self.continued[-1].hash) if self.continued else self.anchor

    @property
    def anchor(self) -> str:
        """The hash that a continuation goes on from."""
        return self.sealed.head if self.sealed else self.base[-1].hash

    @property
    def keeper(self) -> str:
        """The keeper's public key now."""
        return str([event for event in self.base if event.kind in ("opened", "key-changed")][-1].body["public"])

    @property
    def own(self) -> Key | None:
        """The keeper's key, where it is on this machine."""
        return None if self.sealed else keys.load_key(keys.key_id(self.keeper))


Check = Callable[[Sequence[Event]], object]


def open_log(folder: Path) -> Log:
    """Begins a log in the folder, under a new key whose private half stays in keys.home(). Raises ConsentError."""
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConsentError(folder, f"cannot be made ({error.strerror})", "Choose another folder.") from error
    with _locked(folder):
        for path in (folder / LOG, folder / CONTINUED, folder / PROOF):
            if path.exists():
                raise ConsentError(path, "is there already", "Go on with it, or choose another folder.")
        key = keys.make_key()
        body = {"format": FORMAT, "public": key.public}
        first = sign(Draft(kind="opened", body=body), key, number=1, at=_now(), previous=NOTHING, tag="")
        _write(folder / LOG, [first])
    return read_log(folder)


def change_key(folder: Path) -> Key:
    """Hands the log over to a new key; the old one signs that. Returns the new key."""
    key = keys.make_key()
    try:
        append(folder, [Draft(kind="key-changed", body={"public": key.public})], check=len)
    except BaseException:
        key.path.unlink(missing_ok=True)
        raise
    return key


def append(
    folder: Path, drafts: Sequence[Draft], *, check: Check, read: Callable[[Path], Log] | None = None
) -> tuple[Event, ...]:
    """Adds events to the log and returns them; several processes may do so at once.

    They go into the keeper's log where its key is on this machine, else into the continuation, under this machine's own
    key. check: is given all events with the new ones, and raises when they do not follow from the others.
    Raises ConsentError for a damaged log, a clock that went back, and a permission without the keeper's key.
    """
    folder, read = Path(folder), read or read_log
    with _locked(folder):
        log = read(folder)
        key, mine = log.own, log.base
        if key is None:
            _require_taking(log, drafts)
            key, mine = keys.own_key(), log.continued
            drafts = [*_introduction(log, key), *drafts]
        made = _signed(log, drafts, key, mine)
        base, continued = (made, ()) if mine is log.base else ((), made)
        check([*log.base, *base, *log.events[len(log.base) :], *continued])
        _write(folder / (LOG if mine is log.base else CONTINUED), [*mine, *made])
        read(folder)  # what was written can be read, and this machine has seen it
    return made


def read_log(folder: Path) -> Log:
    """The log of a folder, every hash, signature and time of it checked.

    Raises ConsentError, naming the file and line, for a changed, missing, doubled or reordered line, an end that was
    cut off since this machine last saw it, and events from the future.
    """
    folder = Path(folder)
    if not (folder / LOG).exists():
        remedy = f"Begin one with `understudy consent init {folder}`."
        raise ConsentError(folder, "holds no consent log (log.jsonl)", remedy)
    # In this order, so that one who appends meanwhile can only make what is read later longer.
    before = witness.seen(folder)
    continued = read_lines(folder / CONTINUED) if (folder / CONTINUED).exists() else ()
    base = read_lines(folder / LOG)
    # Signatures before order: so it is the changed line itself that is named.
    check_base(folder / LOG, base)
    check_order(folder / LOG, base)
    check_continued(folder / CONTINUED, {event.hash: event.time for event in base}, continued)
    check_order(folder / CONTINUED, continued)
    check_tags(folder, base + continued)
    log = Log(folder=folder, base=base, continued=continued)
    require_past(log)
    witness.remember(folder, {LOG: base, CONTINUED: continued}, before)
    return log


def require_past(log: Log) -> None:
    """Raises ConsentError when the log holds events that, by this machine's clock, are still to come."""
    now = datetime.datetime.now(datetime.UTC)
    for event in (*log.base[-1:], *log.continued[-1:]):
        if event.time > now + SKEW:
            fact = f"its last event is of {event.at}, and this machine's clock says {stamp(now)}: a clock went back"
            raise ConsentError(log.folder, fact, "Set the clock: consent is a matter of dates.")


def _signed(log: Log, drafts: Sequence[Draft], key: Key, mine: Sequence[Event]) -> tuple[Event, ...]:
    """The drafts as events that go on from `mine`."""
    at = _next(log, drafts)
    tags = check_tags(log.folder, log.events)
    last = mine[-1] if mine else None
    made: list[Event] = []
    for draft in drafts:
        previous, number = (last.hash, last.number + 1) if last else (NOTHING, 1)
        tag = tags.setdefault(draft.subject, new_tag()) if draft.subject else ""
        last = sign(draft, key, number=number, at=at, previous=previous, tag=tag)
        made.append(last)
    return tuple(made)


def _require_taking(log: Log, drafts: Sequence[Draft]) -> None:
    """Raises ConsentError when only the keeper may say what the drafts say."""
    for draft in drafts:
        if draft.kind not in TAKING:
            fact = f"'{draft.kind}' is signed with the key '{keys.key_id(log.keeper)}', and that is not on this machine"
            remedy = f"Do it where the log is kept, or bring the key to {keys.home() / 'keys'}."
            raise ConsentError(log.path, fact, remedy)


def _introduction(log: Log, key: Key) -> list[Draft]:
    """The event by which a key begins to continue the log as it is now, where that was not said yet."""
    before = [event for event in log.continued if event.kind == "continued"]
    anchored = bool(before) and before[-1].body["anchor"] == log.anchor
    if anchored and any(event.body["public"] == key.public for event in before):
        return []
    return [Draft(kind="continued", body={"anchor": log.anchor, "public": key.public})]


def _now() -> str:
    return stamp(datetime.datetime.now(datetime.UTC))


def _next(log: Log, drafts: Sequence[Draft]) -> str:
    """The time of the next event: now, or that of the last one where this machine's clock lies a little before it.

    A record that is written after what others took away is of a later second: so it shows which the keeper knew.
    """
    last = [event.time for event in (*log.base[-1:], *log.events[len(log.base) :][-1:])]
    if log.events[len(log.base) :] and any(draft.kind in PERMITTING for draft in drafts):
        last.append(log.events[-1].time + datetime.timedelta(seconds=1))
    return max(_now(), *map(stamp, last))


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keeps others from adding to the log meanwhile."""
    try:
        file = (folder / ".lock").open("a")  # never emptied: what lies there may be a link
    except OSError as error:
        remedy = "Make it writable: every use of a person is logged there."
        raise ConsentError(folder, f"cannot be written to ({error.strerror})", remedy) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write(path: Path, events: Sequence[Event]) -> None:
    # Written whole although it only grows: a killed process or a full disk leaves the log as it was. What the killed
    # one left beside it is somebody's record; nobody else writes now.
    for left in path.parent.glob(f".{path.stem}.*.part{path.suffix}"):
        left.unlink(missing_ok=True)
    with whole(path) as part:
        part.write_bytes(b"".join(event.line() + b"\n" for event in events))
