"""The methods: one module each, found by its name in this folder. Nothing is registered, nothing is inherited.

A method says in constants what the workflow must bring it, and holds its `Config` and its functions. `Method` states
that contract; mypy and the tests check every module of the folder against it. A new method is one new file (or folder).
"""

import importlib
import pkgutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from understudy.errors import ConfigError, nearest

if TYPE_CHECKING:  # names alone: reading a study must not load torch, nor a method's digest reach what it does not use
    import torch
    from torch import Tensor, nn

    from understudy.faces.faceset import Faceset
    from understudy.learning import Run

Family = Literal["swap", "animate", "lipsync", "voice"]
TrainsOn = Literal["nothing", "source", "pair", "group"]
Yields = Literal["nothing", "crops"]
Kind = Literal["faces", "speech", "both"]


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What has to be extracted of the source and of the driver before a method can run."""

    source: Kind
    driver: Kind


@dataclass(frozen=True)
class Footage:
    """What was extracted of one subject.

    facesets: one a clip. clips: the normalised videos, in the same order. speech: packed, where a method needs it.
    """

    subject: str
    facesets: tuple["Faceset", ...]
    clips: tuple[Path, ...]
    speech: Path | None = None


class Method(Protocol):
    """What a module of this folder holds.

    FAMILY, TRAINS_ON, NEEDS tell the workflow what to prepare; DIGITAL_SOURCE_TYPE is the IPTC term (an IRI) that the
    label of every fake carries. YIELDS: "crops" to be pasted into the driver's frames, or "nothing" (frames unchanged).
    Config is the frozen dataclass that the study's YAML fills; a method that yields crops has a field `paste` in it.
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
        """The coverage and the size in pixels of the crops that `convert` yields."""

    def train(self, footage: Sequence[Footage], config: Any, run: "Run") -> "nn.Module":
        """Learns from one Footage a subject, in the order that TRAINS_ON names; leaves its work in the run's folder."""

    def load(self, path: Path, device: "torch.device") -> "nn.Module":
        """The network that a run left in `path`. Raises CheckpointError when the weights are another network's."""

    def convert(self, model: "nn.Module", source: Footage, driver: Footage, config: Any) -> Iterator["Tensor"]:
        """Batches crops_BCHW, float32 in [0, 1], RGB (a fourth channel is a learned mask), streamed, in `crop_space`.

        One crop for each kept frame of the driver's facesets, in their order.
        """


class Pretrained(Protocol):
    """What a module holds besides when its trainings can begin from weights that others were learned with."""

    def pretrains(self, config: Any) -> bool:
        """Whether these settings want weights that the study pretrains, on people who are in none of its pairs."""

    def pretrain(self, footage: Sequence[Footage], config: Any, run: "Run") -> "nn.Module":
        """Learns from one Footage a subject; the weights that it leaves come to `train` as `run.pretrained`."""


def pretrains(module: Method, config: Any) -> bool:
    """Whether a method with these settings wants a pretraining of the study."""
    asked = getattr(module, "pretrains", None)
    return asked is not None and bool(asked(config))


def names() -> list[str]:
    """The methods there are: the modules of this folder, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def method(name: str) -> Method:
    """The module of that name. Raises ConfigError, with the nearest valid name, when there is none."""
    if name not in names():
        raise ConfigError(f"method '{name}'", "there is no such method", nearest(name, names()))
    return cast(Method, importlib.import_module(f"{__name__}.{name}"))
