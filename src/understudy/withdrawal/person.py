"""Who withdraws: the names by which what was made of a person goes, and in which studies they mean that person.

The subject's id, the ids of their records and of their clips are gathered from the log, from every manifest and study
in and below the working directory, and from what Snakemake kept of its jobs: a clip that was taken out of a manifest
since is still theirs.
"""

import dataclasses
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from understudy.people.events import Event
from understudy.people.ledger import Ledger
from understudy.people.manifest import CAST
from understudy.withdrawal.metadata import Record, records

# What is never looked into for studies and manifests.
_CLOSED = {"data", "src", "node_modules", "__pycache__", "envs", "build", "dist"}
_DEPTH = 5
_ALONE = re.compile(r"(?:ingest|render|extract) (\S+)")
_ON = re.compile(r".* on (\S+)")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Person:
    """A subject of one consent log.

    records: ids of all their records. clips: ids of theirs. others: clip ids that, in a study of that name, are
    somebody else's. elsewhere: studies that keep their consents in another log, whose subject of the same id is
    somebody else. studies: names of all that is known as a study. footage: their own files that manifests name, in the
    `manifests`.
    """

    subject: str
    records: tuple[str, ...]
    clips: frozenset[str]
    others: Mapping[str, frozenset[str]]
    elsewhere: frozenset[str]
    studies: frozenset[str]
    footage: tuple[Path, ...]
    manifests: tuple[Path, ...]

    def names(self, study: str | None = None) -> frozenset[str]:
        """All names that mean this person in that study, or anywhere."""
        return frozenset({self.subject, *self.records, *(self.clips - self.others.get(study or "", frozenset()))})

    def pattern(self, study: str | None = None) -> re.Pattern[str]:
        """Finds one of the names as a whole word: no letter, digit, - or _ on either side."""
        return whole_words(self.names(study))


def whole_words(names: Iterable[str]) -> re.Pattern[str]:
    """Finds one of the names with no letter, digit, - or _ on either side."""
    either = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"(?<![A-Za-z0-9_-])(?:{either})(?![A-Za-z0-9_-])")


def read_person(ledger: Ledger, subject: str, root: Path = Path()) -> Person:
    """All names of a subject of the ledger's log. root: the working directory of the studies."""
    events = [event for event in ledger.log.events if event.subject == subject]
    notes = list(records(root))
    settings, manifests = _documents(root)
    settings += [(root, given) for note in notes for given in note.settings if "study" in given]
    paths = dict(manifests)
    for _, said in settings:
        place = root / str(said["manifest"]) if "manifest" in said else None
        if place is not None and place not in paths and place.is_file():
            paths[place] = _clips(_yaml(place))
    ours = {str(event.body.get("study")) for event in ledger.log.events if event.kind == "used"}
    elsewhere = _elsewhere(settings, ledger.folder, root) - ours
    others = _others(subject, settings, paths, root)
    for path in _theirs(settings, elsewhere, root):
        paths.pop(path, None)
    listed = {clip["id"] for found in paths.values() for clip in found if clip["subject"] == subject}
    return Person(
        subject=subject,
        records=tuple(dict.fromkeys(event.record for event in events if event.record)),
        clips=frozenset({*listed, *_logged(events), *_noted(notes, subject, elsewhere)}),
        others=others,
        elsewhere=elsewhere,
        studies=frozenset(str(said["study"]) for _, said in settings if "study" in said) | ours,
        footage=tuple(sorted(set(_footage(subject, paths)))),
        manifests=tuple(sorted(path for path, found in paths.items() if any(c["subject"] == subject for c in found))),
    )


def _noted(notes: Iterable[Record], subject: str, elsewhere: frozenset[str]) -> Iterator[str]:
    """The clips that Snakemake's notes say are the subject's."""
    for note in notes:
        if note.study not in elsewhere:
            yield from note.clips(subject)


def _logged(events: Iterable[Event]) -> Iterator[str]:
    """The clips that the log says were used of the subject of the events."""
    for event in events:
        job = str(event.body.get("job", ""))
        if event.kind != "used":
            continue
        if alone := _ALONE.fullmatch(job):
            yield alone[1]
        drives = any(use.get("purpose") == "be-driver" for use in event.body.get("uses", ()))
        if drives and (driven := _ON.fullmatch(job)):
            yield driven[1]


def _documents(root: Path) -> tuple[list[tuple[Path, dict[str, Any]]], list[tuple[Path, list[dict[str, str]]]]]:
    """The studies and the manifests among the YAML files in and below the working directory, crates included."""
    settings: list[tuple[Path, dict[str, Any]]] = []
    manifests: list[tuple[Path, list[dict[str, str]]]] = []
    for path in _files(root):
        values = _yaml(path)
        if clips := _clips(values):
            manifests.append((path, clips))
        if isinstance(values, dict) and {"study", "manifest"} <= set(values):
            inside = path.is_relative_to(root / "results")  # a crate's own copies: its places are within the crate
            said = {"study": values["study"]} if inside else {key: values[key] for key in _SAID if key in values}
            settings.append((path, said))
    return settings, manifests


_SAID = ("study", "manifest", "consents")


def _files(root: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(root):
        here = Path(folder)
        depth = len(here.relative_to(root).parts)
        names[:] = [n for n in names if not n.startswith(".") and n not in _CLOSED] if depth < _DEPTH else []
        yield from (here / name for name in sorted(files) if name.endswith((".yaml", ".yml")))


def _yaml(path: Path) -> Any:
    """What a YAML file holds; nothing where it is none: a damaged file stops no withdrawal."""
    try:
        text = path.read_text(encoding="utf-8")
        if not re.search(r"^[\"']?(clips|manifest)\b", text, re.M):
            return None
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, ValueError, yaml.YAMLError):
        return None


def _clips(values: Any) -> list[dict[str, str]]:
    """The clips of a manifest: id, subject, path."""
    entries = values.get("clips") if isinstance(values, dict) else None
    if not isinstance(entries, list):
        return []
    return [
        {name: str(entry.get(name, "")) for name in ("id", "subject", "path")}
        for entry in entries
        if isinstance(entry, dict) and {"id", "subject"} <= set(entry)
    ]


def _others(
    subject: str,
    settings: Iterable[tuple[Path, Mapping[str, Any]]],
    manifests: Mapping[Path, list[dict[str, str]]],
    root: Path,
) -> dict[str, frozenset[str]]:
    """By study, the ids of clips that are of other subjects there."""
    others: dict[str, set[str]] = {}
    mine: dict[str, set[str]] = {}
    for _, said in settings:
        if {"study", "manifest"} <= set(said):
            for clip in manifests.get(root / str(said["manifest"]), ()):
                side = mine if clip["subject"] == subject else others
                side.setdefault(str(said["study"]), set()).add(clip["id"])
    return {study: frozenset(ids - mine.get(study, set())) for study, ids in others.items()}


def _elsewhere(settings: Iterable[tuple[Path, Mapping[str, Any]]], folder: Path, root: Path) -> frozenset[str]:
    """The studies of which every settings file and every job names another log."""
    named: dict[str, set[bool]] = {}
    for _, said in settings:
        if {"study", "consents"} <= set(said):
            same = (root / str(said["consents"])).resolve() == folder.resolve()
            named.setdefault(str(said["study"]), set()).add(same)
    return frozenset(study for study, same in named.items() if same == {False})


def _theirs(settings: Iterable[tuple[Path, Mapping[str, Any]]], elsewhere: frozenset[str], root: Path) -> set[Path]:
    """The manifests that only studies with another log use."""
    used: dict[bool, set[Path]] = {True: set(), False: set()}
    for _, said in settings:
        if {"study", "manifest"} <= set(said):
            used[str(said["study"]) in elsewhere].add(root / str(said["manifest"]))
    return used[True] - used[False]


def _footage(subject: str, manifests: Mapping[Path, list[dict[str, str]]]) -> Iterator[Path]:
    """The person's own files, those that are there."""
    for manifest, clips in manifests.items():
        for clip in clips:
            path = manifest.parent / clip["path"]
            if clip["subject"] == subject and not clip["path"].startswith(CAST) and path.is_file():
                yield path
