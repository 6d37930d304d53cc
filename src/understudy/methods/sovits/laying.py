"""What the package is given, and whether it took all of it: segments in, features out.

It names its speakers after folders, pairs inputs with outputs by their place in two lists, and passes over what it
cannot read; so only what belongs there is laid out, under names that it cannot mistake, and everything is counted.
"""

import hashlib
import re
import wave
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from understudy.errors import CheckpointError, SpeechError
from understudy.files import require_room, sha256, whole
from understudy.methods import Footage
from understudy.methods.sovits.running import Event

RATE = 44_100
FEWEST = 5  # segments: it keeps two for validation, leaves two unused, and refuses four itself
SHORTEST = 0.3  # seconds, below which it passes over a file
_ODD = re.compile(r"[^A-Za-z0-9_-]")
_FRAME_BYTES = 4 * (1025 + 80 + 3)  # of features without the encoder's: spectrogram, mel, pitch, voicing
_SILENT = 1e-4  # of full scale: nothing is louder


def speaker(subject: str) -> str:
    """The name that the package knows a subject by: it takes a folder with a dot in its name for a sound."""
    return _ODD.sub("-", subject)


def lay_out(footage: Footage, raw: Path, hidden: int) -> dict[str, str]:
    """Puts the kept segments of a person into `raw`/<speaker>; their sha256 by file name.

    Raises SpeechError when one is too short, silent, or not 44.1 kHz mono, and when something else lies in the folder;
    DiskError when there is no room for the features. hidden: channels of the content encoder.
    """
    paths = [path for segments in footage.segments for path in segments.paths]
    folder = raw / speaker(footage.subject)
    seconds = sum(_seconds(path) for path in paths)
    require_room(raw, round(seconds * (4 * RATE + RATE / 512 * (_FRAME_BYTES + 4 * hidden) + 4 * RATE)))
    names = {f"{number:05}.wav": path for number, path in enumerate(paths)}
    for name, path in names.items():
        if not (folder / name).exists() or sha256(folder / name) != sha256(path):
            with whole(folder / name) as part:
                part.write_bytes(path.read_bytes())
    refuse_strays(raw, folder, names)
    return {name: sha256(path) for name, path in names.items()}


def refuse_strays(raw: Path, folder: Path, names: Iterable[str]) -> None:
    """Raises SpeechError when anything but these files in this folder is there: it would shift the rest."""
    due = {folder / name for name in names}
    strays = sorted(path for path in raw.rglob("*") if path not in due and path != folder)
    if strays:
        raise SpeechError(strays[0], "does not belong to the segments that a voice is learned from", "Remove it.")


def _seconds(path: Path) -> float:
    """How long a segment is; raises SpeechError when it cannot be learned from."""
    try:
        with wave.open(str(path), "rb") as file:
            channels, width, rate, frames = file.getparams()[:4]
            samples_N = np.frombuffer(file.readframes(frames), "<i2") if width == 2 else np.zeros(0, np.int16)
    except (OSError, EOFError, wave.Error) as error:
        raise SpeechError(path, f"this segment cannot be read ({error})", "Extract the speech again.") from error
    if (channels, width, rate) != (1, 2, RATE):
        fact = f"has {channels} channels, {8 * width} bits, {rate} Hz, and should have 1, 16, {RATE}"
        raise SpeechError(path, fact, f"Extract speech at {RATE} Hz.")
    if frames / rate < SHORTEST:
        raise SpeechError(path, f"lasts {frames / rate:.2f} s, and {SHORTEST} s are the least", "Drop it.")
    if np.abs(samples_N.astype(np.int32)).max() <= _SILENT * 32768:
        raise SpeechError(path, "this segment is silent", "Drop it.")
    return float(frames / rate)


def require_resampled(dataset: Path, name: str, names: Iterable[str]) -> None:
    """Raises SpeechError unless each segment came out, in the speaker's folder, and nothing else did."""
    _require_same(dataset, {f"{name}/{file}" for file in names}, "*.wav", "pre-resample")


def require_map(config: dict[str, Any], name: str) -> None:
    """Raises SpeechError unless the package knows this one speaker, by the number 0."""
    if config.get("spk") != {name: 0}:
        fact = f"knows the speakers {config.get('spk')}, and should know {{'{name}': 0}}"
        raise SpeechError("so-vits-svc-fork, step pre-config", fact, "Remove the run's folder `work` and train again.")


def require_lists(lists: Path, dataset: Path, names: Sequence[str]) -> None:
    """Raises SpeechError unless training, validation and unused segments are together all there are."""
    listed = [line for kind in ("train", "val", "test") for line in (lists / f"{kind}.txt").read_text().splitlines()]
    due = sorted(names)
    if sorted(Path(line).name for line in listed) != due or len(listed) != len(due):
        fact = f"lists {len(listed)} segments, and {len(due)} were given"
        raise SpeechError("so-vits-svc-fork, step pre-config", fact, f"Look into {dataset}.")


def require_features(events: Iterable[Event], dataset: Path, name: str, names: Iterable[str], hidden: int) -> None:
    """Raises SpeechError unless every segment has features: whole numbers, of speaker 0, of the encoder's size."""
    _require_same(dataset, {f"{name}/{file}.data.pt" for file in names}, "*.data.pt", "pre-hubert")
    for event in (event for event in events if event.get("event") == "features"):
        path = event["path"]
        if event["speaker"] != 0:
            raise SpeechError(path, f"is said to be of speaker {event['speaker']}, and should be of 0", _AGAIN)
        if not event["whole"]:
            raise SpeechError(
                path, "holds features that are no numbers", "Take another f0 method, or drop the segment."
            )
        if event["content"] != hidden:
            raise CheckpointError(path, f"has content of {event['content']} channels, not {hidden}", _AGAIN)


_AGAIN = "Remove the run's folder `work` and train again."


def _require_same(folder: Path, due: set[str], pattern: str, step: str) -> None:
    found = {path.relative_to(folder).as_posix() for path in folder.rglob(pattern)}
    for missing in sorted(due - found):
        fact = f"left nothing of the segment {missing}; it made {len(found & due)} of {len(due)}"
        raise SpeechError(f"so-vits-svc-fork, step {step}", fact, "Drop the segment: it may be nearly silent.")
    for stray in sorted(found - due):
        raise SpeechError(f"so-vits-svc-fork, step {step}", f"left {stray}, which nobody gave it", _AGAIN)


def digest(values: Iterable[str]) -> str:
    """One sha256 of many texts."""
    return hashlib.sha256("\n".join(values).encode()).hexdigest()
