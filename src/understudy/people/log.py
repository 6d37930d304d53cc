"""The consent log: append-only, each line signed and carrying the hash of the one before.

    consents/log.jsonl           the keeper's log: who holds its key writes here
    consents/continued.jsonl     what others add, each under a key of their own: uses, withdrawals, never a permission

Both are read together, and nothing is taken from a log of which a single line is wrong. A chain cannot tell that its
end was cut off; so this machine remembers how far it has seen each log (the witness, in keys.home()).
"""

import contextlib
import dataclasses
import datetime
import fcntl
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from understudy.errors import ConsentError
from understudy.files import read_json, whole, write_json
from understudy.people import keys
from understudy.people.events import NOTHING, TAKING, Draft, Event, parse, sign, stamp
from understudy.people.keys import Key

LOG, CONTINUED, PROOF = "log.jsonl", "continued.jsonl", "proof.json"
# Clocks of machines that share a log differ a little; a clock that differs by more is wrong.
SKEW = datetime.timedelta(minutes=5)
_BACKUP = "Bring back the log as it was, from a backup: it is only ever added to, never edited."


@dataclasses.dataclass(frozen=True, kw_only=True)
class Log:
    """A log that was checked whole. base: the keeper's events. continued: those of others, after them."""

    folder: Path
    base: tuple[Event, ...]
    continued: tuple[Event, ...]
    # Of a proof: what its continuation here may be anchored to. Such a log shows a part, and its keeper adds nothing.
    sealed: tuple[str, datetime.datetime] | None = None

    @property
    def events(self) -> tuple[Event, ...]:
        """All events: the keeper's, then what others added."""
        return self.base + self.continued

    @property
    def path(self) -> Path:
        """The keeper's file."""
        return self.folder / (PROOF if self.sealed else LOG)

    @property
    def head(self) -> str:
        """The hash of the last event."""
        return self.continued[-1].hash if self.continued else self.anchor

    @property
    def anchor(self) -> str:
        """The hash that a continuation goes on from."""
        return self.sealed[0] if self.sealed else self.base[-1].hash

    @property
    def keeper(self) -> str:
        """The keeper's public key now."""
        return keeper(self.base)


def keeper(base: Iterable[Event]) -> str:
    """The public key that the next event of the keeper's log must be signed with."""
    return str([event for event in base if event.kind in ("opened", "key-changed")][-1].body["public"])


def open_log(folder: Path) -> Log:
    """Begins a log in the folder, under a new key whose private half stays in keys.home(). Raises ConsentError."""
    folder = Path(folder)
    if (folder / LOG).exists():
        raise ConsentError(folder / LOG, "is there already", "Go on with it, or choose another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        key = keys.make_key()
        first = sign(Draft(kind="opened", body={"public": key.public}), key, number=1, at=_now(), previous=NOTHING)
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
    folder: Path,
    drafts: Sequence[Draft],
    *,
    check: Callable[[Sequence[Event]], object],
    read: Callable[[Path], "Log"] | None = None,
) -> tuple[Event, ...]:
    """Adds events to the log and returns them; several processes may do so at once.

    They go into the keeper's log where its key is on this machine, else into the continuation, under this machine's own
    key. check: is given all events with the new ones, and raises when they do not follow from the others.
    Raises ConsentError for a damaged log, a clock that went back, and a permission without the keeper's key.
    """
    folder = Path(folder)
    with _locked(folder):
        log = (read or read_log)(folder)
        key, mine = None if log.sealed else keys.load_key(keys.key_id(log.keeper)), log.base
        if key is None:
            _require_taking(log, drafts)
            key, mine = keys.own_key(), log.continued
            drafts = [*_introduction(log, key), *drafts]
        at = _next(log)
        made: list[Event] = []
        for draft in drafts:
            last = [*mine, *made][-1:]
            previous, number = (last[0].hash, last[0].number + 1) if last else (NOTHING, 1)
            made.append(sign(draft, key, number=number, at=at, previous=previous))
        after = (made, ()) if mine is log.base else ((), made)
        check([*log.base, *after[0], *log.continued, *after[1]])
        _write(folder / (LOG if mine is log.base else CONTINUED), [*mine, *made])
        (read or read_log)(folder)  # what was written can be read, and this machine has seen it
    return tuple(made)


def read_log(folder: Path) -> Log:
    """The log of a folder, every hash, signature and time of it checked.

    Raises ConsentError, naming the file and line, for a changed, missing, doubled or reordered line, an end that was
    cut off since this machine last saw it, and events from the future.
    """
    folder = Path(folder)
    if not (folder / LOG).is_file():
        remedy = f"Begin one with `understudy consent init {folder}`."
        raise ConsentError(folder, "holds no consent log (log.jsonl)", remedy)
    # In this order, so that one who appends meanwhile can only make what is read later longer.
    seen = _seen(folder)
    continued = read_lines(folder / CONTINUED) if (folder / CONTINUED).exists() else ()
    base = read_lines(folder / LOG)
    # Signatures before order: so it is the changed line itself that is named.
    check_base(folder / LOG, base)
    check_order(folder / LOG, base)
    check_continued(folder / CONTINUED, {event.hash: event.time for event in base}, continued)
    check_order(folder / CONTINUED, continued)
    log = Log(folder=folder, base=base, continued=continued)
    require_past(log)
    _remember(log, seen)
    return log


def read_lines(path: Path) -> tuple[Event, ...]:
    """The events of a file, each well-formed and numbered as its line; nothing else is checked yet.

    Raises ConsentError, which names the line.
    """
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        raise ConsentError(path, "its last line is cut off", _BACKUP)
    events: list[Event] = []
    for number, line in enumerate(content.split(b"\n")[:-1], 1):
        where = f"{path}, line {number}"
        try:
            event = parse(line)
        except ValueError as error:
            raise ConsentError(where, str(error), _BACKUP) from error
        if event.number != number:
            fact = f"the event bears the number {event.number}: a line is missing, doubled, changed or out of order"
            raise ConsentError(where, fact, _BACKUP)
        events.append(event)
    return tuple(events)


def check_order(path: Path, events: Sequence[Event]) -> None:
    """Raises ConsentError unless each event carries the hash of the one before, and none is older than that one."""
    for before, event in zip((None, *events), events, strict=False):
        where = f"{path}, line {event.number}"
        if event.previous != (before.hash if before else NOTHING):
            raise ConsentError(where, "does not follow from the line before: one of them was put there later", _BACKUP)
        if before and event.time < before.time:
            raise ConsentError(where, f"is older ({event.at}) than the line before it", _BACKUP)


def check_base(path: Path, base: Sequence[Event]) -> None:
    """Raises ConsentError unless a log begins with `opened` and the keeper's key of the time signed each event."""
    if not base or base[0].kind != "opened":
        raise ConsentError(path, "does not begin with the event 'opened'", _BACKUP)
    public = ""
    for event in base:
        where = f"{path}, line {event.number}"
        if event.kind == "continued" or (event.kind == "opened") != (event.number == 1):
            raise ConsentError(where, f"an event '{event.kind}' cannot stand there", _BACKUP)
        if event.kind == "opened":
            public = _public(event, where)
        if not event.signed_by(public):
            raise ConsentError(where, "its signature is not the keeper's: the line was changed or forged", _BACKUP)
        if event.kind == "key-changed":
            public = _public(event, where)


def check_continued(path: Path, anchors: Mapping[str, datetime.datetime], continued: Sequence[Event]) -> None:
    """Raises ConsentError unless every added event is signed by a key that was introduced, and allows nothing.

    anchors: the hashes of the log that it may go on from, in their order, with their times.
    """
    places = {digest: number for number, digest in enumerate(anchors)}
    known: set[str] = set()
    anchor = -1
    for event in continued:
        where = f"{path}, line {event.number}"
        if event.kind not in TAKING:
            raise ConsentError(where, f"an event '{event.kind}' is the keeper's alone to write", _BACKUP)
        if event.kind == "continued":
            name = str(event.body.get("anchor"))
            place = places.get(name, -1)
            if place < max(anchor, 0) or event.time + SKEW < anchors[name]:
                raise ConsentError(where, "it continues another log than the one beside it", _BACKUP)
            anchor = place
            known.add(_public(event, where))
        if not any(event.signed_by(public) for public in known):
            raise ConsentError(where, "its signature is of no key that was introduced: changed or forged", _BACKUP)


def _public(event: Event, where: str) -> str:
    public = event.body.get("public")
    if not isinstance(public, str) or len(public) != 64 or not set(public) <= set("0123456789abcdef"):
        raise ConsentError(where, "names no public key", _BACKUP)
    return public


def _require_taking(log: Log, drafts: Sequence[Draft]) -> None:
    """Raises ConsentError when only the keeper may say what the drafts say."""
    for draft in drafts:
        if draft.kind not in TAKING:
            fact = f"'{draft.kind}' is signed with the key '{keys.key_id(log.keeper)}', and that is not on this machine"
            remedy = f"Do it where the log is kept, or bring the key to {keys.home() / 'keys'}."
            raise ConsentError(log.path, fact, remedy)


def _introduction(log: Log, key: Key) -> list[Draft]:
    """The event by which a key begins to continue the log as it is now, where that was not said yet."""
    last = [event for event in log.continued if event.kind == "continued"][-1:]
    anchored = bool(last) and last[0].body["anchor"] == log.anchor
    known = any(e.kind == "continued" and e.body["public"] == key.public for e in log.continued)
    if anchored and known:
        return []
    return [Draft(kind="continued", body={"anchor": log.anchor, "public": key.public})]


def _now() -> str:
    return stamp(datetime.datetime.now(datetime.UTC))


def _next(log: Log) -> str:
    """The time of the next event. Raises ConsentError when this machine's clock lies before the last one's."""
    return max(_now(), *(event.at for event in (*log.base[-1:], *log.continued[-1:])))


def require_past(log: Log) -> None:
    """Raises ConsentError when the log holds events that, by this machine's clock, are still to come."""
    now = datetime.datetime.now(datetime.UTC)
    for event in (*log.base[-1:], *log.continued[-1:]):
        if event.time > now + SKEW:
            fact = f"its last event is of {event.at}, and this machine's clock says {stamp(now)}: a clock went back"
            raise ConsentError(log.folder, fact, "Set the clock: consent is a matter of dates.")


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keeps others from adding to the log meanwhile."""
    try:
        file = (folder / ".lock").open("w")
    except OSError as error:
        remedy = "Make it writable: every use of a person is logged there."
        raise ConsentError(folder, f"cannot be written to ({error.strerror})", remedy) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write(path: Path, events: Sequence[Event]) -> None:
    # Written whole although it only grows: a killed process or a full disk leaves the log as it was.
    with whole(path) as part:
        part.write_bytes(b"".join(event.line() + b"\n" for event in events))


def _witness(folder: Path) -> Path:
    """Where this machine remembers how far it saw the log at this place."""
    name = hashlib.sha256(str((folder / LOG).resolve()).encode()).hexdigest()[:32]
    return keys.home() / "witness" / f"{name}.json"


def _seen(folder: Path) -> dict[str, tuple[int, str]]:
    """How many events each file had when this machine last saw them, and the hash of the last."""
    with contextlib.suppress(OSError, ValueError, TypeError):
        return {str(name): (int(number), str(digest)) for name, (number, digest) in read_json(_witness(folder)).items()}
    return {}


def _remember(log: Log, seen: dict[str, tuple[int, str]]) -> None:
    """Raises ConsentError when the log lacks what was seen of it before; else remembers all that it holds now."""
    chains = {LOG: log.base, CONTINUED: log.continued}
    for name, (number, digest) in seen.items():
        events = chains.get(name, ())
        if len(events) < number or events[number - 1].hash != digest:
            fact = f"this machine has seen {number} lines of it, and its end was cut off or replaced since"
            remedy = f"{_BACKUP} If it is another log on purpose, remove {_witness(log.folder)}."
            raise ConsentError(log.folder / name, fact, remedy)
    now = {name: (len(events), events[-1].hash) for name, events in chains.items() if events}
    if now != seen:
        with contextlib.suppress(OSError):  # a home that cannot be written to keeps no witness, and stops nothing
            write_json(_witness(log.folder), now)
