"""What a withdrawal cannot remove, named: the person's own footage, what git keeps, what left this directory."""

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePath

from understudy.withdrawal import places
from understudy.withdrawal.person import Person
from understudy.withdrawal.reading import speaks

Remaining = dict[str, str]
_SECONDS = 60  # that git may take to look through a history
_ALWAYS = (
    ("copies elsewhere", "backups, other machines and people to whom something was sent are out of reach from here"),
    ("the disk", "files were removed from the file system; what the disk still holds of them was not overwritten"),
    ("the consent log", "it keeps the subject's id and records: that is what proves this withdrawal"),
)


def beyond(root: Path, person: Person, removed: Sequence[PurePath]) -> list[Remaining]:
    """What remains, each as what it is and why. removed: what goes; its versions may have been given away."""
    return [
        *({"what": str(path), "why": "the person's own footage, which a manifest names"} for path in person.footage),
        *_manifests(root, person, set(removed)),
        *_own_names(root, person),
        *_elsewhere(root, person),
        *_shared(removed),
        *_loose(root, person),
        *git(root, person),
        *({"what": what, "why": why} for what, why in _ALWAYS),
    ]


def _manifests(root: Path, person: Person, removed: set[PurePath]) -> Iterator[Remaining]:
    """The manifests that stay: whoever keeps the study takes the person out of them."""
    for path in person.manifests:
        here = path.relative_to(root) if path.is_relative_to(root) else path
        if here not in removed:
            yield {"what": str(here), "why": "a manifest that names the person"}


def _elsewhere(root: Path, person: Person) -> Iterator[Remaining]:
    """The studies here whose subject of the same id is somebody else's to withdraw."""
    for study in sorted(person.elsewhere):
        if any((root / top / study).exists() for top in (places.DATA, places.RESULTS)):
            yield {"what": f"the study {study}", "why": "keeps its consents in another log: withdraw there, too"}


def _own_names(root: Path, person: Person) -> Iterator[Remaining]:
    """What lies below data/ outside of every study, and bears the person's name or speaks of them."""
    pattern = person.pattern()
    listed = {path.resolve() for path in person.footage}
    for path in places.walk(root):
        here = path.relative_to(root)
        study = places.study_of(here)
        made = study is not None and (study in person.studies or places.is_study(root / "data" / study))
        theirs = here.parts[0] == "data" and not made and here.name != "README.md" and path.resolve() not in listed
        if theirs and (pattern.search(str(here)) or (path.is_file() and speaks(path, pattern))):
            yield {"what": str(here), "why": "no study made it, and it names the person: look at it yourself"}


def _shared(removed: Iterable[PurePath]) -> Iterator[Remaining]:
    """The versions that held fakes of the person: whoever was given one has it still."""
    fakes = [path for path in removed if path.suffix == ".mp4" and "fakes" in path.parts]
    for version in sorted({version for path in fakes if (version := places.version_of(path))}):
        yield {"what": str(version), "why": "held fakes of the person: copies of it that were given away stay"}


def _loose(root: Path, person: Person) -> Iterator[Remaining]:
    """Reports and archives in the working directory itself."""
    pattern = person.pattern()
    for path in sorted(root.iterdir()):
        if path.suffix.lower() in (".zip", ".html", ".mp4") and path.is_file() and speaks(path, pattern):
            yield {
                "what": path.name,
                "why": "lies outside of data/ and results/ and names the person: remove it yourself",
            }


def git(root: Path, person: Person) -> Iterator[Remaining]:
    """The files that mention the person in a repository: now, and in its history."""
    names = sorted(person.names())
    if _git(root, "rev-parse", "--git-dir") is None:
        return
    wanted = [word for name in names for word in ("-e", name)]
    tracked = _git(root, "grep", "-lwFI", *wanted) or []
    for path in tracked:
        yield {"what": path, "why": "is in git and mentions the person"}
    alternatives = "|".join(names)
    pattern = f"(^|[^A-Za-z0-9_-])({alternatives})($|[^A-Za-z0-9_-])"
    past = _git(root, "log", "--all", "--format=", "--name-only", "--diff-filter=AMD", f"-G{pattern}")
    if past is None:
        yield {"what": "the history of git", "why": "could not be searched whole; it may mention the person"}
    for path in sorted(set(past or ()) - set(tracked)):
        yield {"what": path, "why": "is in git's history and mentioned the person"}


def _git(root: Path, *words: str) -> list[str] | None:
    """The lines that git prints; None when it fails or takes too long."""
    try:
        done = subprocess.run(
            ["git", "-c", "core.quotePath=false", *words],
            cwd=root, capture_output=True, text=True, timeout=_SECONDS, check=False, errors="replace",
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = done.returncode == 0 or (words[0] == "grep" and done.returncode == 1)
    return [line for line in done.stdout.splitlines() if line] if found else None
