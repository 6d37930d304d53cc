"""The study: what the YAML says, as typed settings.

The YAML is the full record: every key is written, none is guessed. Paths are taken from the working directory. The
settings of each method are the `Config` of its module, those of the extraction are `faces.Extraction`.
"""

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from understudy.errors import nearest
from understudy.faces.framing import Framing
from understudy.faces.paste import Paste
from understudy.faces.survey import Extraction
from understudy.methods import Family, Method, adopts, later, method, pretrains, teaches
from understudy.people import Ledger, Manifest
from understudy.settings import build, plain
from understudy.speech import Segmenting

if TYPE_CHECKING:
    from understudy.checkpoints import Weights

NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
OPTIONAL = {"optional": True}  # the YAML may leave it out
_SHA256 = re.compile(r"[0-9a-f]{64}")


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
    the key that every copy of this program knows, so that everybody can find the mark. notice: what is said after the
    tones at the start of every fake with a made voice; without it there are the tones alone.
    """

    crf: int
    preset: str
    certificate: Path | None
    key: Path | None
    watermark_key: Path | None
    notice: str | None = field(default=None, metadata=OPTIONAL)

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
    both: bool = field(default=False, metadata=OPTIONAL)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Budget:
    """What every training of a study may spend, so that methods are compared at equal cost.

    kind: optimiser steps, seconds (of processor time; of the clock on an accelerator), or FLOPs. amount: of these.
    """

    kind: Literal["steps", "seconds", "flops"]
    amount: float

    def __post_init__(self) -> None:
        if not 0 < self.amount < float("inf"):
            raise ValueError(f"amount must be above 0, and is {self.amount:g}")
        if self.kind == "steps" and self.amount != int(self.amount):
            raise ValueError(f"amount is a number of steps, and {self.amount:g} is not whole")

    def spent_on(self, learning: Any) -> Any:
        """A method's settings of learning with this budget in place of its own."""
        if self.kind == "steps":
            return dataclasses.replace(learning, steps=int(self.amount), seconds=None, flops=None)
        # Steps are then counted, and bound nothing.
        limits = {"seconds": None, "flops": None} | {self.kind: self.amount}
        return dataclasses.replace(learning, steps=_ENDLESS, **limits)


_ENDLESS = 10**8


@dataclasses.dataclass(frozen=True, kw_only=True)
class Network:
    """Weights that the user brings for a metric. path: their file. sha256: of it, so that a number names its judge."""

    path: Path
    sha256: str

    def __post_init__(self) -> None:
        if not _SHA256.fullmatch(self.sha256):
            raise ValueError("sha256 must be 64 hexadecimal digits in small letters")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Merge:
    """Fakes of a method's trainings, made otherwise than its own settings say: nothing is trained again.

    of: the entry of `methods` whose weights draw. paste: how what they draw is put into the frame, for a method that
    draws faces. change: others of its settings that only a conversion sees (`methods.later`), by name.
    """

    of: str
    paste: Paste | None = field(default=None, metadata=OPTIONAL)
    change: dict[str, Any] = field(default_factory=dict, metadata=OPTIONAL)

    @property
    def changes(self) -> dict[str, Any]:
        """The settings that differ, as plain values."""
        return self.change | ({"paste": plain(self.paste)} if self.paste else {})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Combined:
    """Fakes that are seen and heard: the picture of one entry under the voice of another. face, voice: their names."""

    face: str
    voice: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Study:
    """A whole study. `pairs` holds each direction once; `methods` holds each method's settings under its name.

    replicates: how many times each training is run, with `seed` and the whole numbers after it. budget: of every
    training; null leaves each its own. curve: the shares of the budget at which weights are kept and measured against
    the truth. embed_every: the face of every so many frames is embedded. validity: on how many conversions the metrics
    are tried on known degradations. networks: weights for metrics, by name. modules: the module of an entry of
    `methods` that is named otherwise. merges: fakes of the same trainings, made otherwise. combined: fakes whose
    picture one entry makes and whose sound another. framing: how clips are cropped for methods that animate.
    segmenting: how speech is cut for methods that learn a voice.
    """

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
    replicates: int = field(default=1, metadata=OPTIONAL)
    budget: Budget | None = field(default=None, metadata=OPTIONAL)
    curve: tuple[float, ...] = field(default=(), metadata=OPTIONAL)
    embed_every: int = field(default=1, metadata=OPTIONAL)
    validity: int = field(default=0, metadata=OPTIONAL)
    networks: Mapping[str, Network] = field(default_factory=dict, metadata=OPTIONAL)
    modules: Mapping[str, str] = field(default_factory=dict, metadata=OPTIONAL)
    merges: Mapping[str, Merge] = field(default_factory=dict, metadata=OPTIONAL)
    combined: Mapping[str, Combined] = field(default_factory=dict, metadata=OPTIONAL)
    framing: Framing = field(default_factory=Framing, metadata=OPTIONAL)
    segmenting: Segmenting = field(default_factory=Segmenting, metadata=OPTIONAL)

    def __post_init__(self) -> None:
        for key, value in (("study", self.study), ("version", self.version)):
            if not NAME.fullmatch(value):
                raise ValueError(f"{key} '{value}' is not made of small letters, digits, dot, - and _")
        for key, number, least in (
            ("seed", self.seed, 0),
            ("replicates", self.replicates, 1),
            ("embed_every", self.embed_every, 1),
            ("validity", self.validity, 0),
        ):
            if number < least:
                raise ValueError(f"{key} must not be below {least}, and is {number}")
        for key in ("pairs", "methods", "metrics"):
            if not getattr(self, key):
                raise ValueError(f"{key} is empty, and a study needs at least one")
        if any(not 0 < share < 1 for share in self.curve) or list(self.curve) != sorted(set(self.curve)):
            raise ValueError("curve holds shares of the budget between 0 and 1, rising")

    # --- what makes fakes ---------------------------------------------------------------------------------------

    @property
    def entries(self) -> tuple[str, ...]:
        """All that makes fakes, by the name that they go by: the methods, the merges, and what is combined of these."""
        return (*self.methods, *self.merges, *self.combined)

    def shown(self, name: str) -> str:
        """The entry that makes the picture of an entry: itself, but of what is combined."""
        return self.combined[name].face if name in self.combined else name

    def heard(self, name: str) -> str | None:
        """The entry that makes the sound of an entry; None where the sound stays as it was."""
        if name in self.combined:
            return self.combined[name].voice
        return name if self.family_of(name) == "voice" else None

    def trained(self, name: str) -> str:
        """The entry of `methods` whose training an entry draws with: itself, or that of a merge."""
        name = self.shown(name)
        return self.merges[name].of if name in self.merges else name

    def module(self, name: str) -> Method:
        """The module of an entry."""
        return method(self.module_name(name))

    def module_name(self, name: str) -> str:
        """The name of an entry's module."""
        entry = self.trained(name)
        return self.modules.get(entry, entry)

    def family_of(self, name: str) -> Family:
        """What an entry makes; of what is combined, what its picture is."""
        return self.module(name).FAMILY

    @property
    def family(self) -> Family:
        """What the study makes: all its methods are of one family, but for those that make voices beside it."""
        return next((found for name in self.methods if (found := self.family_of(name)) != "voice"), "voice")

    @property
    def families(self) -> tuple[Family, ...]:
        """All that the study makes, pictures first."""
        voices = any(self.family_of(name) == "voice" for name in self.methods)
        return tuple(dict.fromkeys((self.family, "voice") if voices else (self.family,)))

    def settings(self, name: str) -> Any:
        """The settings of an entry: a method's Config, the study's budget and what a merge changes in their place."""
        name = self.shown(name)
        settings = self.methods[self.trained(name)]
        if self.budget is not None and hasattr(settings, "learning"):
            settings = dataclasses.replace(settings, learning=self.budget.spent_on(settings.learning))
        if name not in self.merges:
            return settings
        return build(type(settings), plain(settings) | self.merges[name].changes, f"merges.{name}")

    def training_settings(self, name: str) -> dict[str, Any]:
        """What of an entry's settings a training sees, as plain values: not what only a conversion sees."""
        unseen = later(self.module(name))
        return {key: value for key, value in plain(self.settings(name)).items() if key not in unseen}

    def adopts(self, name: str) -> "Weights | None":
        """The published weights that an entry draws with; None where it is trained, or learns nothing."""
        return adopts(self.module(name), self.settings(name))

    def learns(self, name: str) -> bool:
        """Whether the study trains an entry's method."""
        return self.module(name).TRAINS_ON != "nothing" and self.adopts(name) is None

    @property
    def own_networks(self) -> dict[str, str]:
        """Networks for metrics that the study trains itself, where the user gave none -> the entry that pretrains them.

        A lip-sync is pretrained by an expert that tells whether lips and sound belong together.
        """
        made: dict[str, str] = {}
        for name in self.methods:
            network = teaches(self.module(name))
            wanted = network and network not in self.networks and network not in made
            if wanted and self.learns(name) and pretrains(self.module(name), self.settings(name)):
                made[network] = name
        return made

    def group(self, name: str, source: str, driver: str) -> str:
        """The name of the training that serves an entry's fakes of (source, driver): mostly in both directions."""
        trained_on = self.module(name).TRAINS_ON
        if trained_on == "source":
            return source
        if trained_on != "group":
            return "+".join(sorted((source, driver)))
        return "+".join(sorted({subject for pair in self.pairs for subject in (pair.source, pair.driver)}))

    @property
    def own_seeds(self) -> range:
        """The seeds of the replicates."""
        return range(self.seed, self.seed + self.replicates)

    def seeds(self, name: str) -> tuple[int, ...]:
        """The seeds that an entry makes fakes with: of what learns nothing the study's own alone."""
        made_by = (self.shown(name), self.heard(name) or self.shown(name))
        return tuple(self.own_seeds) if any(self.learns(each) for each in made_by) else (self.seed,)

    def seed_of(self, name: str, seed: int) -> int:
        """The seed of the training that serves an entry's fake of that seed: what learns nothing has one alone."""
        return seed if seed in self.seeds(name) else self.seed

    def digest(self, manifest: Manifest, ledger: Ledger) -> str:
        """sha256 of all that defines the study: its settings, its clips, and what their subjects' records say."""
        total = hashlib.sha256(json.dumps(plain(self), sort_keys=True).encode())
        total.update(json.dumps([[c.id, c.subject, c.sha256, c.role, c.licence] for c in manifest.clips]).encode())
        total.update(ledger.digest(manifest.subjects).encode())
        return total.hexdigest()
