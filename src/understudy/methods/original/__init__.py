"""`original`: the shared-encoder face swap of 2018, one network for both directions of a pair. With the anchors "eyes"
and "camera" it is told how large each face is in its own clips, which `warp` is not: part of any margin is placement.

The recipes are the published ones (`recipe_2018`, `recipe_present`) and whatever else the settings allow.

Legend of shapes: B batch, S side of the network's crops, C channels; crops are RGB in [0, 1]; 23 = a 2x3 matrix.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from understudy.learning import Run, Steps, learn
from understudy.methods import Footage, Needs
from understudy.methods._faces.pair import crop_space, gathered, opened, shown, swapped
from understudy.methods._faces.preview import Showing
from understudy.methods._faces.samples import Batch, Pairs
from understudy.methods.original.config import Config, recipe_2018, recipe_present
from understudy.methods.original.losses import loss
from understudy.methods.original.network import Architecture, Original

__all__ = [
    "DIGITAL_SOURCE_TYPE", "FAMILY", "NEEDS", "TRAINS_ON", "YIELDS",
    "Config", "Original", "convert", "crop_space", "load", "recipe_2018", "recipe_present", "train",
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
    )
    showing = Showing(pools, config)
    return learn(
        network,
        lambda model, batch: step(model, batch, config),
        Steps(pairs.at, pairs.images, run.device),
        run,
        settings,
        architecture=config.architecture.plain(),
        recipe=recipe(config, [len(pool) for pool in pools]),
        preview=showing.picture,
    )


def recipe(config: Config, faces: Sequence[int]) -> dict[str, Any]:
    """What must be the same for a training to be resumed, besides the architecture and the loop's settings."""
    choices = {name: getattr(config, name) for name in ("coverage", "anchor", "tone", "backdrop", "update")}
    return {**choices, "loss": asdict(config.loss), "augmentation": asdict(config.augmentation), "faces": list(faces)}


def step(network: Original, batch: Batch, config: Config) -> dict[str, Tensor]:
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
