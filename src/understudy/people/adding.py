"""Adding clips to a manifest, so that nobody types an id or a hash."""

import dataclasses
import glob
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import yaml

from understudy.errors import ManifestError, nearest
from understudy.files import sha256, write_text
from understudy.people.manifest import CAST, ROLES, Clip, Role, plain_clips, read_manifest, require_distinct
from understudy.settings import build

_HEAD = """\
# Every clip that the study may touch. `understudy manifest add` and `add-cast` write this file whole, hashes included.
# To change a role or a licence, edit it here; to take a clip out, delete its lines.
"""


def shares(text: str) -> dict[Role, Fraction]:
    """The roles of "source:1/3,driver:1/3,test:1/3" with their shares; of a lone "train", the whole.

    Raises ManifestError for an unknown role, a share that is none, and shares that do not add up to 1.
    """
    parts = [part.strip().partition(":") for part in text.split(",")]
    try:
        given = {name.strip(): Fraction(share) if colon else Fraction(1) for name, colon, share in parts}
    except (ValueError, ZeroDivisionError) as error:
        raise ManifestError(
            f"roles '{text}'", "a share is not a number", "Write such as train:2/3,test:1/3."
        ) from error
    for name in given:
        if name not in ROLES:
            raise ManifestError(f"role '{name}'", "there is no such role", nearest(name, ROLES))
    if len(given) != len(parts) or min(given.values()) <= 0 or sum(given.values()) != 1:
        fact = "the shares must be positive, one a role, and add up to 1"
        raise ManifestError(f"roles '{text}'", fact, "Write such as train:2/3,test:1/3.")
    return {role: given[role] for role in given}  # type: ignore[misc] # each key was found among ROLES


def spread(count: int, roles: Mapping[Role, Fraction]) -> list[Role]:
    """The roles of `count` clips in their order: each time the role that is furthest behind its share.

    So neighbours (often one session, or one kind of sentence) are spread over all roles, and every role has its share
    of any first n clips to within one.
    """
    given: dict[Role, int] = dict.fromkeys(roles, 0)
    order: list[Role] = []
    for number in range(1, count + 1):
        behind = max(roles, key=lambda role: roles[role] * number - given[role])
        given[behind] += 1
        order.append(behind)
    return order


def slug(stem: str) -> str:
    """A clip id's letters from a file's name: accents dropped, everything else that is no letter or digit a hyphen."""
    bare = unicodedata.normalize("NFKD", stem.replace("ß", "ss")).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_]+", "-", bare).strip("-_")


def add(
    manifest: Path,
    clips: Sequence[str],
    *,
    subject: str,
    roles: Mapping[Role, Fraction],
    licence: str,
    check: Callable[[Path], object],
    id: str | None = None,
) -> tuple[Clip, ...]:
    """Adds files (names, or patterns such as clips/*.mpg) to the manifest; returns the clips added, in their order.

    roles: their shares of the files taken in the order of their paths. check: raises when a file is no usable media
    (media.check). id: for a single file, instead of one made from its name. Nothing is written unless all can be added.
    Raises ManifestError for what is not there, is there twice, or has the id of another.
    """
    files = _files(clips)
    if id is not None and len(files) != 1:
        raise ManifestError(f"id '{id}'", f"was given for {len(files)} files", "Give an id to one file at a time.")
    before = _present(manifest)
    added = []
    for file, role in zip(files, spread(len(files), roles), strict=True):
        check(file)
        digest = sha256(file)
        name = id or _id(subject, file, digest)
        added.append(_clip(name, subject, _path(file, manifest), digest, role, licence))
    return _write(manifest, before, added)


def add_cast(
    manifest: Path,
    *,
    actor: str,
    performances: Sequence[str],
    roles: Mapping[Role, Fraction],
    digest: Callable[[str, str], str],
    subject: str | None = None,
) -> tuple[Clip, ...]:
    """Adds performances of a synthetic actor to the manifest; returns the clips added.

    digest: of (actor, performance), which raises when there is none of that name (cast.digest). subject: the actor's
    name by default.
    """
    added = []
    for performance, role in zip(performances, spread(len(performances), roles), strict=True):
        path, digested = f"{CAST}{actor}/{performance}", digest(actor, performance)
        name = f"{slug(actor)}-{slug(performance)}"
        added.append(_clip(name, subject or actor, path, digested, role, "CC0 1.0"))
    return _write(manifest, _present(manifest), added)


def _present(manifest: Path) -> list[Clip]:
    """The clips that the manifest has, if there is one, with the paths as it writes them."""
    if not manifest.exists():
        return []
    clips = read_manifest(manifest).clips
    return [
        clip if clip.synthetic else dataclasses.replace(clip, path=_path(Path(clip.path), manifest)) for clip in clips
    ]


def _clip(id: str, subject: str, path: str, digest: str, role: Role, licence: str) -> Clip:
    values = {"id": id, "subject": subject, "path": path, "sha256": digest, "role": role, "licence": licence}
    return build(Clip, values, f"clip '{id}'", error=ManifestError)


def _files(clips: Iterable[str]) -> list[Path]:
    """The files that names and patterns mean, each once, in the order of their paths within each."""
    files: dict[Path, None] = {}
    for text in clips:
        matches = glob.glob(text, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
        named = [Path(text)] if Path(text).exists() else sorted(Path(match) for match in matches)
        if not named:
            raise ManifestError(f"'{text}'", "there is no such file", "Check the name, from the working directory.")
        for file in named:
            if not file.is_file():
                raise ManifestError(f"'{file}'", "is no file", f"Name its files, such as '{file}/*'.")
            files[file] = None
    return list(files)


def _id(subject: str, file: Path, digest: str) -> str:
    """A clip's id: its subject, then its file's name, or its hash when that has no letters of ours."""
    name = slug(file.stem) or digest[:8]
    return name if name == subject or name.startswith(f"{subject}-") else f"{subject}-{name}"


def _path(file: Path, manifest: Path) -> str:
    """The file from the manifest's folder when it is in there or near, so that both can move; absolute otherwise."""
    place, folder = file.parent.resolve() / file.name, manifest.parent.resolve()
    try:
        relative = Path(os.path.relpath(place, folder))
    except ValueError:  # another drive
        return place.as_posix()
    return place.as_posix() if relative.parts.count("..") > 2 else relative.as_posix()


def _write(manifest: Path, before: Sequence[Clip], added: Sequence[Clip]) -> tuple[Clip, ...]:
    """Writes the manifest whole, once it is sure that no two clips clash."""
    every = [*before, *added]
    require_distinct(manifest, every)
    body = yaml.dump(plain_clips(every), Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=120)
    write_text(manifest, f"{_HEAD}{body}")
    return tuple(added)
