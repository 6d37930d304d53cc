"""What a study must pass before anything runs: settings, clips, consents, and that its version is still free."""

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from understudy import cast, media, metrics, speech
from understudy.config import Study, read_study, require_networks, require_weights
from understudy.errors import ConfigError, ConsentError, VersionError
from understudy.files import read_json, write_json
from understudy.job import fingerprint
from understudy.methods import pretrains, require
from understudy.people import (
    Clip,
    Ledger,
    Manifest,
    check_file,
    gate,
    group,
    is_sound,
    note_expired,
    read_ledger,
    read_manifest,
)
from understudy.provenance import notice
from understudy.stages.signing import check_signing

SIDES = ("source", "driver")
STAGES = (
    "render", "ingest", "faces", "framing", "hearing", "cutting", "adopt", "train", "convert", "revoice", "measure",
    "curve", "gather", "report", "showing", "close",
)  # fmt: skip

Checked = tuple[Study, Manifest, Ledger, str]


def check_study(settings: Mapping[str, Any]) -> Checked:
    """The study, its manifest, its consents and its digest. Raises the Error of the first thing that is wrong.

    In order of cheapness: the settings, the consents, the clips' presence, the finished version, the clips' bytes. Who
    withdrew, and of whom everything is removed, is left out of all four: the study goes on as if without them.
    """
    asked: list[Ledger] = []

    def ask(study: Study, manifest: Manifest) -> None:
        asked.append(read_ledger(study.consents))
        check_consents(study, present(manifest, asked[0]), asked[0])

    study = read_study(without_gone(settings), ask=ask)
    ledger = asked[0]
    manifest = present(read_manifest(study.manifest), ledger)
    _require_others(study, manifest)
    manifest.require_files()
    check_signing(study.publish)
    if "voice" in study.families:
        notice.require(study.publish.notice)
    for name in study.methods:
        require(study.module(name), study.settings(name))
    require_networks(study.networks)
    require_weights(study.methods)
    digest = study_digest(study, manifest, ledger)
    check_version(Path("results") / study.study / study.version, digest)
    check_clips(manifest.clips, Path("data") / study.study / "checked.json", heard="voice" in study.families)
    return study, manifest, ledger, digest


def without_gone(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings without the pairs of those who are gone. What is wrong with them is left for whoever reads them.

    Raises ConsentError when no pair is left; nobody is named, for messages are kept in logs.
    """
    pairs = settings.get("pairs")
    gone: tuple[str, ...] = ()
    with contextlib.suppress(ConsentError, TypeError):
        gone = read_ledger(Path(settings["consents"])).gone if "consents" in settings else ()
    if not gone or not isinstance(pairs, list):
        return settings
    kept = [pair for pair in pairs if not isinstance(pair, Mapping) or not any(pair.get(s) in gone for s in SIDES)]
    if pairs and not kept:
        fact = "every pair of it holds somebody who withdrew, and what was made of them is removed"
        raise ConsentError("the study", fact, "Name pairs of others in its YAML, or end it here.")
    return {**settings, "pairs": kept}


def present(manifest: Manifest, ledger: Ledger) -> Manifest:
    """The manifest without the clips of those who are gone."""
    return dataclasses.replace(manifest, clips=tuple(c for c in manifest.clips if c.subject not in ledger.gone))


def _require_others(study: Study, manifest: Manifest) -> None:
    """Raises ConfigError for a metric that looks for the source among others where there are none."""
    seen = sorted({clip.subject for clip in manifest.clips if not clip.heard})
    for number, name in enumerate(study.metrics):
        if metrics.compares(name) and len(seen) == 1:
            fact = f"'{name}' looks for the source among everybody in the study, and {seen[0]} is alone in it"
            remedy = f"Take it out, or add clips of somebody else to {study.manifest}."
            raise ConfigError(f"metrics[{number}]", fact, remedy)


def check_consents(study: Study, manifest: Manifest, ledger: Ledger) -> None:
    """Raises one ConsentError that names every use of the study that is not covered."""
    chosen = [study.module(name) for name in study.methods]
    families: list[str] = sorted({module.FAMILY for module in chosen})
    learns = {family: _sides(module.TRAINS_ON for module in chosen if family == module.FAMILY) for family in families}
    pairs = [(pair.source, pair.driver) for pair in study.pairs]
    try:
        gate(ledger, manifest, pairs, families, learns=learns)
        for subject in manifest.subjects:
            ledger.require(subject, "extract")
        for name in study.methods:
            _require_learning(study, name, manifest, ledger)
    except ConsentError as error:
        note_expired(study.consents, manifest.subjects)
        half = [name for name in _asked(study, manifest) if _half_gone(ledger, name)]
        if half:
            commands = ", ".join(f"`understudy consent withdraw {name}`" for name in half)
            finish = f"Finish the withdrawal with {commands}: then the study goes on without them."
            raise ConsentError(error.thing, error.fact, f"{error.remedy} {finish}") from error
        raise


def _require_learning(study: Study, name: str, manifest: Manifest, ledger: Ledger) -> None:
    """Raises ConsentError unless a model of an entry may learn from all that it does at once: everybody of the study
    where a method learns from a group, and, beside each pair, those whom an entry is pretrained on."""
    module = study.module(name)
    sides = [(pair.source, pair.driver) for pair in study.pairs]
    if study.learns(name) and module.TRAINS_ON == "group":
        group(ledger, subjects=[subject for both in sides for subject in both], family=module.FAMILY)
    if pretrains(module, study.settings(name)):
        for both in sides:
            group(ledger, subjects=(*pretraining_subjects(manifest), *both), family=module.FAMILY)


def pretraining_subjects(manifest: Manifest) -> tuple[str, ...]:
    """Whom a pretraining learns from, in the order of the manifest."""
    return tuple(dict.fromkeys(clip.subject for clip in manifest.clips if clip.role == "pretrain"))


def _asked(study: Study, manifest: Manifest) -> list[str]:
    """Everybody in the study, in its order."""
    return list(
        dict.fromkeys([*(name for pair in study.pairs for name in (pair.source, pair.driver)), *manifest.subjects])
    )


def _half_gone(ledger: Ledger, subject: str) -> bool:
    """Whether a subject withdrew, and what was made of them may still be here."""
    record = ledger.record(subject)
    return record is not None and record.withdrawn is not None and not record.purged


def _sides(trained_on: Iterable[str]) -> tuple[str, ...]:
    """The sides that some method of a family learns of."""
    kinds = set(trained_on)
    if kinds & {"pair", "group"}:
        return ("source", "driver")
    return ("source",) if "source" in kinds else ()


def study_digest(study: Study, manifest: Manifest, ledger: Ledger) -> str:
    """What a finished version answers for: the study with its manifest and consents, and the package's code."""
    stages = (f"understudy.stages.{name}" for name in STAGES)
    methods = (f"understudy.methods.{study.module_name(name)}" for name in study.methods)
    metrics = (f"understudy.metrics.{name}" for name in study.metrics)
    code = fingerprint(Path("Snakefile"), *stages, *methods, *metrics)
    return hashlib.sha256(f"{study.digest(manifest, ledger)} {code}".encode()).hexdigest()


def check_version(folder: Path, digest: str) -> None:
    """Raises VersionError when `folder` holds a finished version of another study than this one has become."""
    receipt = folder / "hashes.json"
    if receipt.exists() and read_json(receipt)["study"] != digest:
        raise VersionError(
            folder,
            "this version is finished, and the study, its manifest, its consents or the program changed since",
            "Raise `version` in the study's YAML: a finished version is never overwritten.",
        )


def check_clips(clips: Iterable[Clip], cache: Path, *, heard: bool = False) -> None:
    """Raises unless every clip is the recorded file and a usable video, or sound that is not silence.

    heard: whether videos must have such a sound, too. What passed is read again when it changes.
    """
    passed: dict[str, str] = read_json(cache) if cache.exists() else {}
    before = dict(passed)
    try:
        for clip in clips:
            key = _state(clip, heard)
            if passed.get(clip.id) != key:
                check_file(clip, digest=cast.digest)
                if not clip.synthetic:
                    check_recording(Path(clip.path), heard=heard)
                passed[clip.id] = key
    finally:
        if passed != before:
            write_json(cache, passed)


def check_recording(path: Path, *, heard: bool = False) -> None:
    """Raises unless a file is a usable video or, by its name's ending, sound that is not silence; heard: or both."""
    if not is_sound(path):
        media.check(path)
    if heard or is_sound(path):
        speech.read(path)


def _state(clip: Clip, heard: bool) -> str:
    """What changes when the clip's file, what the manifest says of it, or what is asked of it, does."""
    if clip.synthetic:
        return json.dumps([clip.path, clip.sha256, cast.digest(*clip.performance)])
    facts = Path(clip.path).stat()
    return json.dumps([clip.path, clip.sha256, facts.st_size, facts.st_mtime_ns, heard])
