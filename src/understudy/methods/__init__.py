"""The methods: one module each, found by its name in this folder. Nothing is registered, nothing is inherited.

A method says in constants what the workflow must bring it, and holds its `Config` and its functions. `Method` states
that contract; mypy and the tests check every module of the folder against it. A new method is one new file (or folder).
"""

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from understudy.errors import ConfigError, nearest

if TYPE_CHECKING:  # names alone: reading a study must not load torch, nor a method's digest reach what it does not use
    import torch
    from torch import Tensor, nn

    from understudy.checkpoints import Weights
    from understudy.faces.faceset import Faceset
    from understudy.learning import Run
    from understudy.speech import Segments

Family = Literal["swap", "animate", "lipsync", "voice"]
TrainsOn = Literal["nothing", "source", "pair", "group"]
Yields = Literal["nothing", "crops", "frames", "sound"]
Kind = Literal["faces", "speech", "both"]


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What has to be extracted of the source and of the driver before a method can run."""

    source: Kind
    driver: Kind


@dataclass(frozen=True)
class Footage:
    """What was extracted of one subject.

    facesets: one a clip. clips: the videos, in the same order: normalised, and for methods that animate framed, too.
    speech: the file whose sound is said, where a method needs it. segments: what was cut of the clips' speech, one a
    clip, for methods that learn a voice.
    """

    subject: str
    facesets: tuple["Faceset", ...]
    clips: tuple[Path, ...]
    speech: Path | None = None
    segments: tuple["Segments", ...] = ()


class Method(Protocol):
    """What a module of this folder holds.

    FAMILY, TRAINS_ON, NEEDS tell the workflow what to prepare; DIGITAL_SOURCE_TYPE is the IPTC term (an IRI) that the
    label of every fake carries. YIELDS: "crops" to be pasted into the driver's frames, "frames" that are whole, "sound"
    under the driver's frames (at RATE samples a second), or "nothing" (the driver's frames unchanged). Config is the
    frozen dataclass that the study's YAML fills; a method that yields crops has a field `paste` in it.
    """

    @property
    def FAMILY(self) -> Family: ...  # noqa: N802 - a module's constant

    @property
    def TRAINS_ON(self) -> TrainsOn: ...  # noqa: N802 - a module's constant

    @property
    def NEEDS(self) -> Needs: ...  # noqa: N802 - a module's constant

    @property
    def YIELDS(self) -> Yields: ...  # noqa: N802 - a module's constant

    @property
    def DIGITAL_SOURCE_TYPE(self) -> str: ...  # noqa: N802 - a module's constant

    @property
    def Config(self) -> type[Any]: ...  # noqa: N802 - a module's class

    def crop_space(self, config: Any) -> tuple[str, int]:
        """The coverage and the size in pixels of the crops that `convert` yields; of frames the size alone counts."""

    def train(self, footage: Sequence[Footage], config: Any, run: "Run") -> "nn.Module":
        """Learns from one Footage a subject, in the order that TRAINS_ON names; leaves its work in the run's folder."""

    def load(self, path: Path, device: "torch.device") -> "nn.Module":
        """The network that a run left in `path`. Raises CheckpointError when the weights are another network's."""

    def convert(self, model: "nn.Module", source: Footage, driver: Footage, config: Any) -> Iterator["Tensor"]:
        """What the method draws, streamed.

        Crops: batches crops_BCHW, float32 in [0, 1], RGB (a fourth channel is a learned mask), in `crop_space`; one for
        each kept frame of the driver's facesets, in their order. Frames: batches frames_BHWC, uint8 on the CPU, RGB and
        a fourth channel that is 255 where the picture is the method's; one for each frame of the fake, in order. Sound:
        pieces samples_N, float32 in [-1, 1], one channel, together as long as the driver's sound.
        """


class Pretrained(Protocol):
    """What a module holds besides when its trainings can begin from weights that others were learned with."""

    def pretrains(self, config: Any) -> bool:
        """Whether these settings want weights that the study pretrains, on people who are in none of its pairs."""

    def pretrain(self, footage: Sequence[Footage], config: Any, run: "Run") -> "nn.Module":
        """Learns from one Footage a subject; the weights that it leaves come to `train` as `run.pretrained`."""


class Adopting(Protocol):
    """What a module holds besides when it can draw with weights that its authors published, in place of a training."""

    def adopts(self, config: Any) -> "Weights | None":
        """The published weights that these settings name; None where the method is to be trained."""

    def adopt(self, weights: "Weights", config: Any, out: Path) -> None:
        """Checks the published file and leaves weights.safetensors and card.json in the folder `out`."""


def adopts(module: Method, config: Any) -> "Weights | None":
    """The published weights that a method with these settings draws with; None where it learns, or needs none."""
    asked = getattr(module, "adopts", None)
    return cast("Weights | None", asked(config)) if asked is not None else None


def later(module: Method) -> tuple[str, ...]:
    """The fields of a method's Config that only a conversion sees: how fakes are merged, and what the module names in
    LATER. They may be changed without training again."""
    return ("paste", *getattr(module, "LATER", ()))


def teaches(module: Method) -> str:
    """The network, by the name that metrics have for it, that a method's pretraining leaves: TEACHES; "" for none."""
    return str(getattr(module, "TEACHES", ""))


def given(config: Any) -> "list[Weights]":
    """Every file of published weights that a method's settings name, however deep."""
    from understudy.checkpoints import Weights

    if isinstance(config, Weights):
        return [config]
    parts = [getattr(config, field.name) for field in fields(config)] if is_dataclass(config) else []
    return [weights for part in parts for weights in given(part)]


def pretrains(module: Method, config: Any) -> bool:
    """Whether a method with these settings wants a pretraining of the study."""
    asked = getattr(module, "pretrains", None)
    return asked is not None and bool(asked(config))


def require(module: Method, config: Any) -> None:
    """Asks a method for what it needs beside the program, before any long work; most need nothing.

    Raises ConfigError when it is not there.
    """
    asked = getattr(module, "require", None)
    if asked is not None:
        asked(config)


@cache  # asked for each fake of a study: the folder would be looked through each time
def names() -> tuple[str, ...]:
    """The methods there are: the modules of this folder, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


def method(name: str) -> Method:
    """The module of that name. Raises ConfigError, with the nearest valid name, when there is none."""
    if name not in names():
        raise ConfigError(f"method '{name}'", "there is no such method", nearest(name, names()))
    return cast(Method, importlib.import_module(f"{__name__}.{name}"))
