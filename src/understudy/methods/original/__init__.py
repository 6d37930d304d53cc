"""`original`: the shared-encoder face swap of 2018, one network for both directions of a pair. With the anchors "eyes"
and "camera" it is told how large each face is in its own clips, which `warp` is not: part of any margin is placement.

The networks and recipes are those that users of deepfakes/faceswap know, by the names they know: see `PRESETS`.

Legend of shapes: B batch, S side of the network's crops, C channels; crops are RGB in [0, 1]; 23 = a 2x3 matrix.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from understudy.errors import ConfigError
from understudy.learning import Run, Steps, learn
from understudy.methods import Footage, Needs
from understudy.methods._faces.pair import crop_space, gathered, packed, shown, swapped
from understudy.methods._faces.pool import Pool
from understudy.methods._faces.preview import Showing
from understudy.methods._faces.samples import Batch, Pairs
from understudy.methods._opening import opened
from understudy.methods.original.config import Config
from understudy.methods.original.losses import loss
from understudy.methods.original.network import Architecture, Original
from understudy.methods.original.presets import PRESETS, recipe_2018, recipe_present
from understudy.methods.original.start import LOOKS, Everybody, described, start

__all__ = [
    "DIGITAL_SOURCE_TYPE", "FAMILY", "NEEDS", "PRESETS", "TRAINS_ON", "YIELDS",
    "Config", "Original", "convert", "crop_space", "load", "pretrain", "pretrains", "recipe_2018",
    "recipe_present", "train",
]  # fmt: skip

FAMILY: Final = "swap"
TRAINS_ON: Final = "pair"
NEEDS: Final = Needs(source="faces", driver="faces")
YIELDS: Final = "crops"
# A face drawn by a trained model within a filmed frame.
DIGITAL_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


def train(footage: Sequence[Footage], config: Config, run: Run) -> nn.Module:
    """Learns both sides of a pair. `footage` holds both subjects, or twice the same one with different clips."""
    anchors, pools = gathered(footage, config, run.folder, "original")
    torch.manual_seed(run.seed)
    network = Original(config.architecture)
    network.subjects = tuple(side.subject for side in footage)
    run = replace(run, subjects=network.subjects)
    network.anchors.copy_(torch.from_numpy(np.stack(anchors)))
    run = start(network, config, run)
    return _learned(network, pools, config, run, config.architecture.plain())


def pretrains(config: Config) -> bool:
    """Whether trainings with these settings begin from a pretraining of the study."""
    return config.start == "trained"


def pretrain(footage: Sequence[Footage], config: Config, run: Run) -> nn.Module:
    """Learns an encoder and a decoder for everybody, from many subjects who are in no pair; see `start`.

    Two of them are in each step, drawn anew, so that a step costs what one of a pair does.
    """
    if len(footage) < 2:
        fact = f"begins from many subjects, and was given {len(footage)}"
        raise ConfigError("the pretraining of 'original'", fact, "Give it two at least; six differ enough.")
    anchors, pools = packed(footage, config, run.folder)
    torch.manual_seed(run.seed)
    network = Everybody(config.architecture, len(footage))
    network.subjects = tuple(side.subject for side in footage)
    network.anchors.copy_(torch.from_numpy(np.stack(anchors)))
    run = replace(run, subjects=network.subjects)
    return _learned(network, pools, config, run, described(config), together=2)


def _learned(
    network: Original | Everybody,
    pools: Sequence[Pool],
    config: Config,
    run: Run,
    architecture: dict[str, Any],
    together: int | None = None,
) -> nn.Module:
    """The network, learned from the pools; together: how many of them are in a step, None for all."""
    settings = config.learning
    pairs = Pairs(
        pools,
        settings.batch,
        config.size,
        config.augmentation,
        config.loss,
        seed=run.seed,
        apart=config.update == "apart",
        drawn=config.drawn,
        together=together,
    )
    return learn(
        network,
        lambda model, batch: step(model, batch, config),
        Steps(pairs.at, pairs.images, run.device),
        run,
        settings,
        architecture=architecture,
        recipe=recipe(config, pools),
        preview=Showing(pools, config).picture,
    )


def recipe(config: Config, pools: Sequence[Pool]) -> dict[str, Any]:
    """What must be the same for a training to be resumed, besides the architecture and the loop's settings."""
    choices = {name: getattr(config, name) for name in (*LOOKS, "update")}
    faces = [len(pool) for pool in pools]
    return {**choices, "loss": asdict(config.loss), "augmentation": asdict(config.augmentation), "faces": faces}


def step(network: Original | Everybody, batch: Batch, config: Config) -> dict[str, Tensor]:
    """One step's losses: the sum over the sides of a batch, and each side's own."""
    sides = [shown(faces, config) for _, faces in batch]
    inputs, aims = [each for each, _ in sides], [each for _, each in sides]
    codes = network.encoder(torch.cat(inputs).contiguous(memory_format=torch.channels_last))
    total: dict[str, Tensor] = {}
    for (side, faces), part, aim in zip(batch, codes.split([len(aim) for aim in aims]), aims, strict=True):
        weights = None if config.loss.even else faces.weights
        found = loss(network.decoders[side](part), aim, weights, faces.inside, config.loss)
        total.update({f"{name}_{side}": value for name, value in found.items()})
    return {"loss": torch.stack([value for name, value in total.items() if name.startswith("total")]).sum(), **total}


def load(path: Path, device: torch.device) -> nn.Module:
    """The network that a run left in the folder or weights file `path`.

    Raises CheckpointError when it is missing, damaged, or another method's.
    """
    return opened(path, "original", lambda described: Original(Architecture(**described)), device)


def convert(model: nn.Module, source: Footage, driver: Footage, config: Config) -> Iterator[Tensor]:
    """The driver's kept faces as the source's, in their order: batches (B, 3 or 4, S, S), float32, in `crop_space`.

    Raises CheckpointError when the network has not learned the source, or has another architecture than the settings.
    """
    return swapped(model, source, driver, config)
