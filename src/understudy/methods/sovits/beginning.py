"""The weights that a training listens with and begins from: named by path and sha256, or fetched, or none."""

import shutil
from pathlib import Path
from typing import Any

import torch

from understudy import checkpoints
from understudy.checkpoints import Weights
from understudy.checkpoints.reading import require_same
from understudy.errors import CheckpointError
from understudy.files import read_json, sha256, whole
from understudy.job import log
from understudy.methods.sovits.config import TINY, Config, Pretrained
from understudy.methods.sovits.running import Package

NAMES = {"generator": "G_0.pth", "discriminator": "D_0.pth"}
CONTENT_CHANNELS = 768  # of ContentVec, where its own description is on a hub


def require_given(config: Config) -> None:
    """Raises CheckpointError when a file of weights that the settings name is missing or has another sha256, or when
    the content encoder has no config.json beside it."""
    named = [config.encoder] if isinstance(config.encoder, Weights) else []
    if isinstance(config.pretrained, Pretrained):
        named += [config.pretrained.generator, config.pretrained.discriminator]
    for weights in named:
        require_same(weights)
    if isinstance(config.encoder, Weights):
        _described(config.encoder)


def encoder_place(config: Config, package: Package) -> str:
    """Where the package finds its content encoder: a folder, or "hub:owner/name".

    Raises CheckpointError when the model file is missing, has another sha256, or no config.json beside it.
    """
    encoder = config.encoder
    if isinstance(encoder, Weights):
        require_same(encoder)
        return str(_described(encoder))
    if encoder == TINY:
        folder = package.folder.absolute() / "encoder"
        if not (folder / "model.safetensors").is_file():
            log("sovits: the content encoder is a random one, for trying the chain out: its voices say nothing")
            package("tiny-encoder", out=str(folder))
        return str(folder)
    return encoder


def _described(encoder: Weights) -> Path:
    """The folder of an encoder's model file, which says what network that is."""
    folder = Path(encoder.path).absolute().parent
    if not (folder / "config.json").is_file():
        fact = "has no config.json beside it, which says what network it is"
        raise CheckpointError(encoder.path, fact, "Put the one there that its authors publish with it.")
    return folder


def channels(place: str) -> int:
    """Channels of the content encoder at a place."""
    if place.startswith("hub:"):
        return CONTENT_CHANNELS
    path = Path(place) / "config.json"
    try:
        return int(read_json(path)["hidden_size"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        fact = f"does not describe a HuBERT ({error})"
        raise CheckpointError(path, fact, "Name the model file of a content encoder.") from error


def begin_from(config: Config, package: Package, logs: Path, template: dict[str, Any]) -> dict[str, str]:
    """Lays what a training begins from into the folder `logs`; its sha256 by part, nothing where it begins from none.

    Only tensors are taken, and the count of epochs begins anew: with that of its authors a training can be over before
    it began. Raises CheckpointError for another file than was named.
    """
    if config.pretrained == "none":
        log("sovits: begins from random weights: none to begin from are named, and it needs far longer so")
        return {}
    if isinstance(config.pretrained, str):
        fetched = package.folder / "fetched"
        package("fetch", out=str(fetched.absolute()), files=template["model"]["pretrained"])
        given = {part: _named(part, fetched / name) for part, name in NAMES.items()}
    else:
        given = {"generator": config.pretrained.generator, "discriminator": config.pretrained.discriminator}
    for part, name in NAMES.items():
        _lay(given[part], logs / name)
    return {part: weights.sha256 for part, weights in given.items()}


def _named(part: str, path: Path) -> Weights:
    return Weights(name=f"sovits-{part}", path=path, sha256=sha256(path))


def _lay(weights: Weights, out: Path) -> None:
    tensors = checkpoints.tensors_of(Path(weights.path), checkpoints.read(weights), "model")
    held = {"model": dict(tensors), "iteration": 0, "optimizer": None, "learning_rate": 0.0}
    with whole(out) as part:
        torch.save(held, part)


def clear(folder: Path) -> None:
    """Removes a folder and all in it."""
    shutil.rmtree(folder, ignore_errors=True)
