"""The package's checkpoints: pairs of a generator and a discriminator, by the epochs that they have learned."""

import re
from pathlib import Path

from understudy.errors import CheckpointError, SpeechError
from understudy.methods.sovits.running import Event

_NAME = re.compile(r"([GD])_(\d+)\.pth")


def numbers(logs: Path) -> list[int]:
    """The epochs of which a whole pair is there, rising."""
    found: dict[str, set[int]] = {"G": set(), "D": set()}
    for path in logs.glob("*.pth"):
        if match := _NAME.fullmatch(path.name):
            found[match[1]].add(int(match[2]))
    return sorted(found["G"] & found["D"])


def tidy(logs: Path) -> int | None:
    """Removes halves of pairs, cut files, and every pair but the newest; its number, None where there is none.

    The package would take the newest of either kind, whether they belong together or not.
    """
    whole = numbers(logs)
    keep = whole[-1] if whole else None
    for path in [*logs.glob("*.part"), *logs.glob("*.pth")]:
        match = _NAME.fullmatch(path.name)
        if match is None or int(match[2]) != keep:
            path.unlink()
    return keep


def newest(logs: Path) -> Path:
    """The generator of the newest whole pair, by its number and not by its time."""
    whole = numbers(logs)
    if not whole:
        fact = "left no whole pair of checkpoints"
        raise SpeechError("so-vits-svc-fork, step train", fact, "See work/package.log in the run's folder.")
    return logs / f"G_{whole[-1]}.pth"


def require_loaded(event: Event, begin: int | None) -> None:
    """Raises CheckpointError unless a checkpoint is the one that was to be loaded, and filled the whole network."""
    if event["file"] not in (f"G_{begin}.pth", f"D_{begin}.pth"):
        fact = f"was loaded, and the newest whole pair is of epoch {begin}"
        raise CheckpointError(event["file"], fact, "Remove the run's folder `work` and train again.")
    if event["same"] != event["tensors"]:
        fact = f"filled {event['same']} of the network's {event['tensors']} tensors: it is of another size or version"
        raise CheckpointError(event["file"], fact, "Use the network sizes that it was made with, or other weights.")


def require_begun(loaded: list[Event], begin: int | None) -> None:
    """Raises CheckpointError when a pair was to be loaded and the training began without it."""
    due = set() if begin is None else {f"G_{begin}.pth", f"D_{begin}.pth"}
    missing = sorted(due - {event["file"] for event in loaded})
    if missing:
        fact = "was not loaded: the training would have begun from random weights"
        raise CheckpointError(missing[0], fact, "Remove the run's folder `work` and train again.")
