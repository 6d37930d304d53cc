"""Reading a study: every name in it is looked for, every side of every pair has its clips, before anything runs."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from understudy import metrics
from understudy.config.study import NAME, Direction, Merge, Network, Study
from understudy.errors import ConfigError, nearest
from understudy.files import sha256
from understudy.methods import Method, given, later, method, names, pretrains
from understudy.people import Manifest, read_manifest
from understudy.settings import build, plain, read_yaml


def read_study(
    source: Path | str | Mapping[str, Any], *, ask: Callable[[Study, Manifest], None] | None = None
) -> Study:
    """The study of a YAML file, or of the mapping that Snakemake read from one.

    ask: asks for consent, once it is known what is asked: before anybody is told which of a person's clips are missing.

    Raises ConfigError for an unknown or missing key, a wrong type, a name that is no method, metric or subject, and
    for a subject without the clips that its side of a pair needs; ManifestError for the manifest.
    """
    where = "" if isinstance(source, Mapping) else f"{source}: "
    mapping = source if isinstance(source, Mapping) else read_yaml(Path(source))
    study = build(Study, mapping, where, complete=True)
    _require_metrics(study, where)
    chosen = {name: _method(name, study, where) for name in study.methods}
    built = {
        name: build(chosen[name].Config, study.methods[name], f"{where}methods.{name}", complete=True)
        for name in chosen
    }
    _require_entries(study, built, where)
    study = dataclasses.replace(study, methods=built, pairs=_directions(study.pairs))
    _require_family(study, where)
    manifest = read_manifest(study.manifest)
    _require_subjects(study, manifest, where)
    if ask is not None:
        ask(study, manifest)
    _require_clips(study, manifest, chosen, where)
    return study


def _method(name: str, study: Study, where: str) -> Method:
    """The module of an entry of `methods`, its misspelling named by the key's path."""
    if not NAME.fullmatch(name):
        fact = "is not made of small letters, digits, dot, - and _"
        raise ConfigError(f"{where}methods.{name}", fact, "Folders bear its name: choose another.")
    module = study.modules.get(name, name)
    if module not in names():
        key = f"{where}modules.{name}" if name in study.modules else f"{where}methods.{name}"
        remedy = nearest(module, names())
        if name not in study.modules:
            remedy += f" Or name its method: `modules: {{{name}: original}}`."
        raise ConfigError(key, f"there is no method '{module}'" if name in study.modules else _NONE, remedy)
    return method(module)


_NONE = "there is no such method"


def _require_entries(study: Study, built: Mapping[str, Any], where: str) -> None:
    """Raises ConfigError for a module of no entry, and for a merge of nothing or under a name that is taken."""
    for name in study.modules:
        if name not in built:
            raise ConfigError(f"{where}modules.{name}", "there is no such entry of `methods`", nearest(name, built))
    for name, merge in study.merges.items():
        key = f"{where}merges.{name}"
        if not NAME.fullmatch(name) or name in built:
            fact = "is an entry of `methods` already" if name in built else "is no name for a folder"
            raise ConfigError(key, fact, "Choose another name.")
        if merge.of not in built:
            raise ConfigError(f"{key}.of", f"there is no entry '{merge.of}' of `methods`", nearest(merge.of, built))
        _require_changes(merge, built[merge.of], later(study.module(name)), key)
    _require_combined(study, {*built, *study.merges}, where)


def _require_combined(study: Study, made: set[str], where: str) -> None:
    """Raises ConfigError unless what is combined is an entry that makes a face and one that makes a voice."""
    for name, both in study.combined.items():
        key = f"{where}combined.{name}"
        if not NAME.fullmatch(name) or name in made:
            fact = "is an entry already" if name in made else "is no name for a folder"
            raise ConfigError(key, fact, "Choose another name.")
        for part, entry in (("face", both.face), ("voice", both.voice)):
            if entry not in made:
                raise ConfigError(f"{key}.{part}", f"there is no entry '{entry}'", nearest(entry, made))
            if (study.family_of(entry) == "voice") != (part == "voice"):
                fact = f"'{entry}' makes fakes by {study.family_of(entry)}"
                raise ConfigError(f"{key}.{part}", fact, f"Name an entry that makes a {part}.")


def _require_changes(merge: Merge, settings: Any, unseen: tuple[str, ...], key: str) -> None:
    """Raises ConfigError for a merge that changes nothing, or what a training has already seen."""
    if merge.paste and not hasattr(settings, "paste"):
        raise ConfigError(f"{key}.of", f"'{merge.of}' pastes nothing", "Name a method that draws faces.")
    if not merge.changes:
        raise ConfigError(key, f"changes nothing of '{merge.of}'", "Give it a `paste` or a `change`.")
    free = [name for name in unseen if name != "paste" and hasattr(settings, name)]
    for name in merge.change:
        if name not in free:
            fact = f"'{name}' is no setting of '{merge.of}' that only a conversion sees"
            raise ConfigError(f"{key}.change", fact, nearest(name, free or ("(it has none)",)))
    build(type(settings), plain(settings) | merge.changes, key)


def _require_family(study: Study, where: str) -> None:
    """Raises ConfigError when methods make pictures of several families: their fakes are held against different truths.

    Voices may be made beside any of them.
    """
    families = {name: study.family_of(name) for name in study.methods}
    first = next((name for name in families if families[name] != "voice"), next(iter(families)))
    for name, family in families.items():
        if family not in (families[first], "voice"):
            fact = f"'{name}' makes fakes by {family}, and '{first}' by {families[first]}"
            raise ConfigError(f"{where}methods", fact, "Write a study for each family: it may share the manifest.")
    lengths = {name: study.settings(name).length for name in study.entries if hasattr(study.settings(name), "length")}
    for name, length in lengths.items():
        if length != (other := next(iter(lengths.values()))):
            fact = f"'{name}' lasts as long as the {length}, and '{next(iter(lengths))}' as the {other}"
            raise ConfigError(f"{where}methods", fact, "Give all the same `length`: they are held against one truth.")
    for number, name in enumerate(study.metrics):
        if not any(metrics.suits(name, family) for family in study.families):
            fact = f"'{name}' says nothing of fakes by {' and '.join(study.families)}"
            raise ConfigError(f"{where}metrics[{number}]", fact, "Take it out.")


def require_networks(networks: Mapping[str, Network], where: str = "") -> None:
    """Raises ConfigError for weights that are not there, or are not those that the study names."""
    for name, network in networks.items():
        key = f"{where}networks.{name}"
        if not network.path.is_file():
            raise ConfigError(key, f"there is no file {network.path}", "Correct the path, or take the entry out.")
        found = sha256(network.path)
        if found != network.sha256:
            fact = f"{network.path} has the sha256 {found}, and the study names {network.sha256}"
            raise ConfigError(key, fact, "Name the file that the study was made with, or raise `version`.")


def require_weights(methods: Mapping[str, Any], where: str = "") -> None:
    """Raises ConfigError for published weights that are not there. What is in them is checked where they are read."""
    for name, settings in methods.items():
        for weights in given(settings):
            if not weights.path.is_file():
                fact = f"there is no file {weights.path}, which is to hold the weights '{weights.name}'"
                raise ConfigError(f"{where}methods.{name}", fact, "Correct the path, or train from nothing.")


def _require_metrics(study: Study, where: str) -> None:
    for number, name in enumerate(study.metrics):
        if name not in metrics.names():
            fact = f"there is no metric '{name}'"
            raise ConfigError(f"{where}metrics[{number}]", fact, nearest(name, metrics.names()))


def _directions(pairs: tuple[Direction, ...]) -> tuple[Direction, ...]:
    """Each direction once, in the order asked for."""
    every: dict[Direction, None] = {}
    for pair in pairs:
        every[Direction(source=pair.source, driver=pair.driver)] = None
        if pair.both:
            every[Direction(source=pair.driver, driver=pair.source)] = None
    return tuple(every)


def _require_subjects(study: Study, manifest: Manifest, where: str) -> None:
    """Raises ConfigError for a name in the pairs that nobody in the manifest has."""
    for pair in study.pairs:
        for side, subject in (("source", pair.source), ("driver", pair.driver)):
            if subject not in manifest.subjects:
                fact = f"the {side} '{subject}' has no clip in {manifest.path}"
                there = manifest.subjects or ("(the manifest is empty)",)
                raise ConfigError(f"{where}pairs", fact, nearest(subject, there))


def _require_clips(study: Study, manifest: Manifest, chosen: Mapping[str, Method], where: str) -> None:
    """Raises ConfigError unless every side of every pair has the clips that it needs.

    A source needs clips to take the likeness from, a driver clips to convert and, where a method learns of both sides,
    clips to learn from. One person on both sides of a swap needs clips set apart for each. What is only heard is no
    clip of a face.
    """
    if study.family != "voice":
        manifest = dataclasses.replace(manifest, clips=tuple(clip for clip in manifest.clips if not clip.heard))
    learns = any(module.TRAINS_ON in ("pair", "group") for module in chosen.values())
    _require_strangers(study, manifest, where)
    for pair in study.pairs:
        alone = pair.source == pair.driver and study.family == "swap"
        _require_roles(manifest, pair.source, "source", ("source",) if alone else ("train", "source"), where)
        if learns:
            _require_roles(manifest, pair.driver, "driver", ("driver",) if alone else ("train", "driver"), where)
        _require_roles(manifest, pair.driver, "driver", ("test",), where)


def _require_strangers(study: Study, manifest: Manifest, where: str) -> None:
    """Raises ConfigError when somebody whom a pretraining learns is in a pair, or when it has nobody to learn."""
    known = sorted({clip.subject for clip in manifest.clips if clip.role == "pretrain"})
    studied = {subject for pair in study.pairs for subject in (pair.source, pair.driver)}
    if both := sorted(studied.intersection(known)):
        fact = f"'{both[0]}' is in a pair, and has clips of role pretrain in {manifest.path}"
        raise ConfigError(f"{where}pairs", fact, "Pretrain on people who are in no pair.")
    needing = [name for name in study.methods if pretrains(study.module(name), study.settings(name))]
    if needing and not known:
        fact = f"'{needing[0]}' is to be pretrained, and no clip in {manifest.path} has the role pretrain"
        raise ConfigError(f"{where}methods.{needing[0]}", fact, "Add clips of people who are in no pair.")


def _require_roles(manifest: Manifest, subject: str, side: str, roles: tuple[str, ...], where: str) -> None:
    if not manifest.of(subject, *roles):
        fact = f"the {side} '{subject}' has no clip of role {' or '.join(roles)} in {manifest.path}"
        remedy = f"Add one: `understudy manifest add {manifest.path} CLIP --subject {subject} --role {roles[-1]}`."
        raise ConfigError(f"{where}pairs", fact, remedy)
