"""Writing a crate: whole or not at all, everything hashed, the table of hashes sealed."""

import dataclasses
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath, PureWindowsPath
from typing import Any

import yaml

from understudy.crate.contents import (
    HASHES,
    LOCK,
    MACHINE,
    MANIFEST,
    METADATA,
    METHODS,
    PROOF,
    SEAL,
    STUDY,
    WITHDRAWALS,
    WORKFLOW,
    Contents,
    Training,
)
from understudy.crate.graph import Graph
from understudy.crate.page import flaw
from understudy.crate.paths import require_safe
from understudy.crate.seal import seal
from understudy.errors import CrateError
from understudy.files import sha256, write_json, write_text
from understudy.people import Manifest
from understudy.people.keys import own_key

_WEIGHTS = "weights.safetensors"
_SAID = ("card.json", "loss.csv")


def write(folder: Path, contents: Contents) -> Path:
    """Writes the crate as `folder`, sealed with this machine's key; a finished one stays as it is.

    Left out are footage, previews, weights that a subject did not grant to share and fakes that a subject did not grant
    to publish; the hashes of weights and fakes stay. Raises CrateError when footage would get in,
    when a name is no safe path, or when something else is at `folder`.
    """
    folder = Path(folder)
    if (folder / SEAL).is_file():
        return folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CrateError(folder, "is in the way, and is no finished crate", "Move it elsewhere and run again.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        _fill(part, contents)
        _close(part, contents)
        part.chmod(0o755)
        part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _fill(part: Path, contents: Contents) -> None:
    """Everything but the graph, the hashes and the seal."""
    for place, path in _copies(contents):
        require_safe(place, "a crate")
        target = part / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in (".html", ".htm"):
            _require_page(path, faces=any(fake.showable for fake in contents.fakes))
        shutil.copyfile(path, target)
    write_text(part / STUDY, _yaml(_settings(contents.settings)))
    write_text(part / MANIFEST, _yaml({"clips": _clips(contents.manifest)}))
    write_json(part / PROOF, contents.proof)
    if contents.withdrawals:
        write_json(part / WITHDRAWALS, [{"day": str(day), "pairs": pairs} for day, pairs in contents.withdrawals])
    write_json(part / MACHINE, contents.machine)
    write_text(part / METHODS, contents.methods)
    for name, text in contents.cards.items():
        write_text(part / "cards" / name, text)


def _copies(contents: Contents) -> Iterator[tuple[str, Path]]:
    """The place in the crate of every file that is copied, and the file."""
    yield from contents.report.items()
    yield from ((f"{WORKFLOW}/{name}", path) for name, path in contents.workflow.items())
    yield LOCK, contents.lock
    yield from contents.tables.items()
    for run in contents.runs:
        names = (*_SAID, *((_WEIGHTS,) if run.shareable else ()))
        yield from ((f"{run.place}/{name}", run.folder / name) for name in names if (run.folder / name).is_file())
    for fake in contents.fakes:
        if fake.showable:
            yield fake.place, fake.path
            yield f"{fake.place}.json", fake.path.with_name(f"{fake.path.name}.json")
            if fake.region is not None:
                yield fake.region_place, fake.region


def _require_page(path: Path, *, faces: bool) -> None:
    """Raises CrateError when a page shows what may not leave."""
    if fact := flaw(path.read_text(encoding="utf-8"), faces=faces):
        raise CrateError(path, fact, "Write the report for the crate's audience, which shows no footage.")


def _close(part: Path, contents: Contents) -> None:
    """Writes the graph, then the hashes of all there is, then the seal over them."""
    key = own_key()
    outputs = dict(sorted(_outputs(contents)))
    inputs = {clip.id: clip.sha256 for clip in contents.manifest.clips}
    files = {path: (sha256(part / path), (part / path).stat().st_size) for path in listed(part)}
    footage = {clip.sha256: clip.id for clip in contents.manifest.clips}
    for path, (digest, _) in files.items():
        if digest in footage:
            fact = f"is the footage of clip '{footage[digest]}'"
            raise CrateError(path, fact, "Footage is never in a crate: take it out of the report or the runs.")
    write_json(part / METADATA, Graph(contents, files, outputs, key.id).plain())
    hashes = {path: digest for path, (digest, _) in files.items()} | {METADATA: sha256(part / METADATA)}
    write_json(part / HASHES, {"files": hashes, "inputs": inputs, "outputs": outputs})
    time = contents.made.isoformat(timespec="seconds")
    write_text(part / SEAL, seal(sha256(part / HASHES), contents.head, time, key).text())


def _outputs(contents: Contents) -> Iterator[tuple[str, str]]:
    """What the study made, by its path, with its hash: also what is not in the crate."""
    for name, path in contents.tables.items():
        yield name, sha256(path)
    for fake in contents.fakes:
        yield fake.place, sha256(fake.path)
    for run in contents.runs:
        yield f"{run.place}/{_WEIGHTS}", _weights(run)


def _weights(run: Training) -> str:
    return sha256(run.folder / _WEIGHTS)


def listed(folder: Path) -> list[str]:
    """The files below a folder, by their paths from there, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def _settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The study's settings with the manifest and the consents where a crate has them, and no place of this machine."""
    return dict(_placeless(settings)) | {"manifest": MANIFEST, "consents": "consent"}


def _placeless(value: Any) -> Any:
    """The value with every absolute path in it reduced to the file's name."""
    if isinstance(value, Mapping):
        return {key: _placeless(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_placeless(item) for item in value]
    if isinstance(value, str) and (value.startswith(("/", "~")) or PureWindowsPath(value).drive):
        return PureWindowsPath(value).name
    return value


def _clips(manifest: Manifest) -> list[dict[str, Any]]:
    """The clips as a manifest has them; footage from outside the manifest's folder by its bare name."""
    return [dataclasses.asdict(clip) | {"path": _bare(clip.path, manifest.path.parent)} for clip in manifest.clips]


def _bare(path: str, folder: Path) -> str:
    if path.startswith("cast:"):
        return path
    place = PurePath(path)
    inside = place.relative_to(folder) if place.is_relative_to(folder) else place
    return place.name if inside.is_absolute() or ".." in inside.parts else inside.as_posix()


def _yaml(value: Any) -> str:
    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True))
