"""The study: what the YAML says, typed and checked, so that nothing after it has to doubt it.

The YAML is the full record: every key is written, none is guessed. Paths are taken from the working directory. The
settings of each method are the `Config` of its module, those of the extraction are `faces.Extraction`.
"""

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from understudy import metrics
from understudy.errors import ConfigError, nearest
from understudy.faces.survey import Extraction
from understudy.methods import Method, method, names
from understudy.people import Ledger, Manifest, read_manifest
from understudy.settings import build, plain, read_yaml

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Film:
    """The one format of a study's clips. fps: frames a second, height: pixels; null keeps the clip's. crf: of x264."""

    fps: Fraction | None
    height: int | None
    crf: int

    def __post_init__(self) -> None:
        _require_crf(self.crf)
        if self.fps is not None and not 1 <= self.fps <= 240:
            raise ValueError(f"fps must be from 1 to 240, and is {self.fps}")
        if self.height is not None and (self.height < 64 or self.height % 2):
            raise ValueError(f"height must be even and at least 64, and is {self.height}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rendering:
    """How synthetic actors are rendered. size: width and height of the square picture, pixels."""

    size: int

    def __post_init__(self) -> None:
        if self.size < 64 or self.size % 2:
            raise ValueError(f"size must be even and at least 64, and is {self.size}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Publishing:
    """How fakes are encoded, marked and signed.

    crf, preset: of x264. certificate, key: PEM files of the chain that signs, the leaf first, and of its private key;
    null for a chain that this machine makes, valid and trusted by nobody. watermark_key: a file of 32 bytes; null for
    the key that every copy of this program knows, so that everybody can find the mark.
    """

    crf: int
    preset: str
    certificate: Path | None
    key: Path | None
    watermark_key: Path | None

    def __post_init__(self) -> None:
        _require_crf(self.crf)
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together: name both, or neither")
        if self.preset not in _PRESETS:
            raise ValueError(f"there is no preset '{self.preset}'; {nearest(self.preset, _PRESETS)}")


_PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")


def _require_crf(crf: int) -> None:
    if not 0 <= crf <= 51:
        raise ValueError(f"crf must be from 0 (lossless) to 51, and is {crf}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Direction:
    """The source's likeness in the driver's performance; `both` in the YAML asks for the reverse as well."""

    source: str
    driver: str
    both: bool = dataclasses.field(default=False, metadata={"optional": True})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Study:
    """A whole study. `pairs` holds each direction once; `methods` holds each method's settings under its name."""

    study: str
    version: str
    about: str
    seed: int
    manifest: Path
    consents: Path
    media: Film
    cast: Rendering
    extract: Extraction
    pairs: tuple[Direction, ...]
    methods: Mapping[str, Any]
    publish: Publishing
    metrics: tuple[str, ...]

    def __post_init__(self) -> None:
        for key, value in (("study", self.study), ("version", self.version)):
            if not _NAME.fullmatch(value):
                raise ValueError(f"{key} '{value}' is not made of small letters, digits, dot, - and _")
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, and is {self.seed}")
        for key in ("pairs", "methods", "metrics"):
            if not getattr(self, key):
                raise ValueError(f"{key} is empty, and a study needs at least one")

    def digest(self, manifest: Manifest, ledger: Ledger) -> str:
        """sha256 of all that defines the study: its settings, its clips, and what their subjects' records say."""
        total = hashlib.sha256(json.dumps(plain(self), sort_keys=True).encode())
        total.update(json.dumps([[c.id, c.subject, c.sha256, c.role, c.licence] for c in manifest.clips]).encode())
        total.update(ledger.digest(manifest.subjects).encode())
        return total.hexdigest()


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
    chosen = {name: _method(name, where) for name in study.methods}
    built = {
        name: build(chosen[name].Config, study.methods[name], f"{where}methods.{name}", complete=True)
        for name in chosen
    }
    study = dataclasses.replace(study, methods=built, pairs=_directions(study.pairs))
    manifest = read_manifest(study.manifest)
    _require_subjects(study, manifest, where)
    if ask is not None:
        ask(study, manifest)
    _require_clips(study, manifest, chosen, where)
    return study


def _method(name: str, where: str) -> Method:
    """The module of a method, its misspelling named by the key's path."""
    if name not in names():
        raise ConfigError(f"{where}methods.{name}", "there is no such method", nearest(name, names()))
    return method(name)


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
    clips to learn from. One person on both sides needs clips set apart for each.
    """
    learns = any(module.TRAINS_ON in ("pair", "group") for module in chosen.values())
    for pair in study.pairs:
        alone = pair.source == pair.driver
        _require_roles(manifest, pair.source, "source", ("source",) if alone else ("train", "source"), where)
        if learns:
            _require_roles(manifest, pair.driver, "driver", ("driver",) if alone else ("train", "driver"), where)
        _require_roles(manifest, pair.driver, "driver", ("test",), where)


def _require_roles(manifest: Manifest, subject: str, side: str, roles: tuple[str, ...], where: str) -> None:
    if not manifest.of(subject, *roles):
        fact = f"the {side} '{subject}' has no clip of role {' or '.join(roles)} in {manifest.path}"
        remedy = f"Add one: `understudy manifest add {manifest.path} CLIP --subject {subject} --role {roles[-1]}`."
        raise ConfigError(f"{where}pairs", fact, remedy)
