"""The search: everything below data/, results/ and .snakemake/ that was made of a person, by its lineage.

First what names the person: in its path, or in what it says. From there, until nothing more comes: the rest of a
faceset, training or finished version; what stands beside a file; what Snakemake made of any of it; what names any of it
by its hash; copies; and what a study gathers from everybody.
"""

import contextlib
import dataclasses
import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath

from understudy.files import sha256
from understudy.withdrawal import places
from understudy.withdrawal.metadata import FOLDER, LEFTOVERS, Record, records
from understudy.withdrawal.person import Person
from understudy.withdrawal.reading import DATA, MEDIA, speaks

_HASH = re.compile(r"[0-9a-f]{64}")
_CALLED, _SAYS, _POINTS = "by its name", "names the person", "by where it points"
_NAMED = frozenset({_CALLED, _SAYS, _POINTS})
Tell = Callable[[str], None]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Found:
    """A file that comes from the person. path: from the working directory. sha256: of a link, of where it points."""

    path: PurePath
    why: str
    bytes: int
    sha256: str


def search(root: Path, person: Person, tell: Tell = lambda _: None) -> list[Found]:
    """Everything made of the person below the working directory `root`, by path. tell: is told how far it is."""
    found = _Search(Path(root), person, tell)
    found.name()
    found.follow()
    tell(f"hashing {len(found.why)} files")
    return [entry for path in sorted(found.why) if (entry := found.entry(path))]


class _Search:
    """A search under way. why: what was found so far, each with the reason."""

    def __init__(self, root: Path, person: Person, tell: Tell) -> None:
        self.root, self.person, self.tell = root, person, tell
        kept = {path.resolve() for path in person.footage}
        self.files = [path for path in self._listed() if not self._kept(path, kept)]
        self.records = {self._from(record.path): record for record in records(root)}
        self.patterns = {study: person.pattern(study) for study in {self._study(path) for path in self.files}}
        made = {str(study) for path in self.files if (study := self._study(path)) and path.parts[0] == "data"}
        self.studies = {name for name in made if name in person.studies or places.is_study(self.root / "data" / name)}
        self.why: dict[PurePath, str] = {}
        self.hashes: dict[PurePath, str] = {}

    def name(self) -> None:
        """Finds what names the person."""
        for number, path in enumerate(self.files):
            if number % 500 == 0:
                self.tell(f"searched {number} of {len(self.files)} files")
            if reason := self._reason(path):
                self.why[path] = reason

    def follow(self) -> None:
        """Finds what comes from what was found, until nothing more comes."""
        steps = (
            self._units,
            self._beside,
            self._gathered,
            self._made,
            self._copies,
            self._cited,
            self._notes,
            self._leavings,
        )
        before = -1
        while len(self.why) != before:
            before = len(self.why)
            for step in steps:
                for path, reason in list(step()):
                    self.why.setdefault(path, reason)

    def entry(self, path: PurePath) -> Found | None:
        """A found file as it is listed; None for one that is gone since, as happens while a run goes on."""
        with contextlib.suppress(FileNotFoundError):
            size = (self.root / path).lstat().st_size
            return Found(path=path, why=self.why[path], bytes=size, sha256=self._hash(path))
        return None

    # --- what names the person -----------------------------------------------------------------------------------

    def _reason(self, path: PurePath) -> str | None:
        """Why a file comes from the person, by its own name and words."""
        if path in self.records:
            return self._noted(self.records[path])
        pattern = self.patterns[self._study(path)]
        if _left_behind(path):
            return _SAYS if speaks(self.root / path, pattern) else None
        place = self.root / path
        if not self._of_study(path):
            # Footage that a user keeps below data/ may bear any name and notes: only what a fake says of itself counts.
            return _SAYS if place.suffix in MEDIA and speaks(place, pattern) else None
        if pattern.search(places.filled(path)):
            return _CALLED
        if place.is_symlink():
            return _POINTS if pattern.search(str(place.readlink())) else None
        return _SAYS if speaks(place, pattern) else None

    def _noted(self, record: Record) -> str | None:
        """Why a note of Snakemake comes from the person."""
        output = PurePath(record.output)
        if self._away(output):
            return None
        pattern = self._pattern(record)
        named = pattern.search(places.filled(output)) or pattern.search(record.text)
        return "Snakemake's note of it" if named else None

    # --- what comes from it --------------------------------------------------------------------------------------

    def _units(self) -> Iterator[tuple[PurePath, str]]:
        """All of every faceset, training and version of which a part was found; all beside a card that was."""
        whole = {unit for path in self.why if (unit := places.unit_of(path))}
        whole |= {path.parent for path in self.why if path.name == "card.json"}
        for path in self._left():
            if unit := next((parent for parent in path.parents if parent in whole), None):
                yield path, f"part of {unit}"

    def _beside(self) -> Iterator[tuple[PurePath, str]]:
        """The sidecar of a file, and the file of a sidecar."""
        for path in self._left():
            beside = path.with_suffix("") if path.suffix == ".json" else path.with_name(f"{path.name}.json")
            if beside in self.why and beside.suffix and path.parts[0] != FOLDER.name:
                yield path, f"beside {beside.name}"

    def _made(self) -> Iterator[tuple[PurePath, str]]:
        """What Snakemake noted as made from something that was found, or by a job whose settings name the person."""
        found = self._outputs()
        outputs = {
            record.output: source
            for record in self.records.values()
            if (
                source := next((each for each in record.inputs if PurePath(each) in found), None) or self._named(record)
            )
        }
        for path in self._left():
            for place in (path, *path.parents):
                if (source := outputs.get(str(place))) and not self._away(path):
                    yield path, f"made from {source}"
                    break

    def _named(self, record: Record) -> str | None:
        """Whom a job's settings name, if that is the person."""
        return self.person.subject if self._pattern(record).search(record.people) else None

    def _pattern(self, record: Record) -> re.Pattern[str]:
        study = places.study_of(PurePath(record.output))
        return self.patterns.get(study) or self.person.pattern(study)

    def _outputs(self) -> set[PurePath]:
        """What was found, and the folders that are an output of the workflow of which something was."""
        return {*self.why, *(unit for path in self.why if (unit := places.unit_of(path)))}

    def _copies(self) -> Iterator[tuple[PurePath, str]]:
        """Files with the very bytes of what was found."""
        wanted = {self._hash(path): path for path in self._data()}
        sizes = {(self.root / path).lstat().st_size for path in wanted.values()}
        for path in self._left():
            place = self.root / path
            if path.suffix in DATA and not place.is_symlink() and place.stat().st_size in sizes - {0}:
                original = wanted.get(self._hash(path))
                if original:
                    yield path, f"a copy of {original}"

    def _cited(self) -> Iterator[tuple[PurePath, str]]:
        """What names, by its hash, something that was found."""
        wanted = {self._hash(path): path for path in self._data()}
        for path in self._left():
            place = self.root / path
            if path.suffix == ".json" and path.parts[0] != FOLDER.name and not place.is_symlink():
                with contextlib.suppress(OSError, ValueError):
                    cited = set(_HASH.findall(place.read_text(encoding="utf-8"))) & set(wanted)
                    if cited:
                        yield path, f"made from {wanted[min(cited)]}, by its hash"

    def _data(self) -> Iterator[PurePath]:
        """Of what was found, that whose bytes can only be of the person: not what else a version or a report holds."""
        for path, reason in self.why.items():
            place = self.root / path
            own = reason in _NAMED or not places.collective(path)
            if own and path.suffix in DATA and not place.is_symlink() and place.stat().st_size:
                yield path

    def _gathered(self) -> Iterator[tuple[PurePath, str]]:
        """What a study gathers from everybody."""
        touched = {study for path in self.why if (study := places.study_of(path)) and path.parts[0] == "data"}
        for study in touched:
            base = PurePath("data", study)
            for path in self._left():
                if path.is_relative_to(base) and places.collective(path):
                    yield path, "gathered from everybody"

    def _notes(self) -> Iterator[tuple[PurePath, str]]:
        """Snakemake's notes of outputs that were found."""
        found = self._outputs()
        for path, record in self.records.items():
            if path not in self.why and record.output and PurePath(record.output) in found:
                yield path, "Snakemake's note of it"

    def _leavings(self) -> Iterator[tuple[PurePath, str]]:
        """What runs that died left: it cannot be searched, and no later run needs it."""
        if self.why:
            yield from ((path, "what a job of Snakemake left behind") for path in self._left() if _left_behind(path))

    # --- parts ---------------------------------------------------------------------------------------------------

    def _listed(self) -> Iterator[PurePath]:
        for path in places.walk(self.root):
            listed = self._from(path)
            plain = path.is_symlink() or path.is_file()  # no pipe, no socket
            if plain and not self._away(listed) and listed.name != "README.md":
                yield listed

    def _from(self, path: Path) -> PurePath:
        return PurePath(path.relative_to(self.root))

    def _kept(self, path: PurePath, footage: set[Path]) -> bool:
        """Whether a file is the person's own footage, which is not derived from them."""
        return bool(footage) and (self.root / path).resolve() in footage

    def _study(self, path: PurePath) -> str | None:
        return places.study_of(path)

    def _away(self, path: PurePath) -> bool:
        """Whether a path is of a study that keeps its consents in another log."""
        return places.study_of(path) in self.person.elsewhere

    def _of_study(self, path: PurePath) -> bool:
        """Whether a file was made by a study: not the user's own below data/."""
        study = places.study_of(path)
        return path.parts[0] != "data" or study in self.studies

    def _left(self) -> list[PurePath]:
        return [path for path in self.files if path not in self.why]

    def _hash(self, path: PurePath) -> str:
        if path not in self.hashes:
            self.hashes[path] = digest(self.root / path)
        return self.hashes[path]


def digest(place: Path) -> str:
    """sha256 of a file; of a link, that of where it points."""
    return hashlib.sha256(str(place.readlink()).encode()).hexdigest() if place.is_symlink() else sha256(place)


def _left_behind(path: PurePath) -> bool:
    return path.parts[0] == FOLDER.name and path.parts[1] in LEFTOVERS
