"""The witness: how far this machine has seen each consent log, kept in keys.home().

A chain of hashes cannot tell that its end was cut off, or that the whole was replaced by another. A machine that has
seen more can. It knows a log by its place: one that was moved is new to it.
"""

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from understudy.errors import ConsentError
from understudy.files import read_json, write_json
from understudy.people import keys
from understudy.people.chain import BACKUP, LOG
from understudy.people.events import Event

Seen = dict[str, tuple[int, str]]


def place(folder: Path) -> Path:
    """The file in which this machine remembers how far it saw the log of a folder."""
    name = hashlib.sha256(str((Path(folder) / LOG).resolve()).encode()).hexdigest()[:32]
    return keys.home() / "witness" / f"{name}.json"


def seen(folder: Path) -> Seen:
    """How many events each file had when this machine last saw them, and the hash of the last."""
    with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
        return {str(name): (int(count), str(digest)) for name, (count, digest) in read_json(place(folder)).items()}
    return {}


def remember(folder: Path, chains: Mapping[str, Sequence[Event]], before: Seen) -> None:
    """Raises ConsentError when the files lack what was seen `before` they were read; else remembers what they hold."""
    for name, (count, digest) in before.items():
        events = chains.get(name, ())
        if count and (len(events) < count or events[count - 1].hash != digest):
            fact = f"this machine has seen {count} lines of it, and its end was cut off or replaced since"
            remedy = f"{BACKUP} If it is another log on purpose, remove {place(folder)}."
            raise ConsentError(folder / name, fact, remedy)
    now = {name: (len(events), events[-1].hash) for name, events in chains.items() if events}
    # Another process may have seen more meanwhile; what it saw stays.
    longest = {name: max(end, seen(folder).get(name, end)) for name, end in now.items()}
    if longest != before:
        with contextlib.suppress(OSError):  # a home that cannot be written to keeps no witness, and stops nothing
            write_json(place(folder), longest)
