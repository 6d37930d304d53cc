"""`fastswap`: Fast Face-swap (Korshunova et al. 2016, arXiv 1611.09577). A face is drawn in one pass by a network that
learned to keep the driver's content (pose, expression) and light, and to take its details from photos of the source.

No pair of pictures is ever compared pixel by pixel: the losses look through a feature network, VGG-19 where its
weights are given, else one that was pretrained on the cast (`pretrain`). What it was is in the weights' header.

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
from understudy.methods._faces.pair import crop_space, gathered, swapped
from understudy.methods._faces.preview import Showing
from understudy.methods._opening import opened
from understudy.methods.fastswap.config import PRESETS, Config
from understudy.methods.fastswap.contents import Contents, photographs
from understudy.methods.fastswap.gallery import gallery
from understudy.methods.fastswap.looking import looking
from understudy.methods.fastswap.network import Architecture, FastSwap
from understudy.methods.fastswap.pretraining import pretrain, pretrains
from understudy.methods.fastswap.step import step

__all__ = [
    "DIGITAL_SOURCE_TYPE", "FAMILY", "NEEDS", "PRESETS", "TRAINS_ON", "YIELDS",
    "Config", "convert", "crop_space", "load", "pretrain", "pretrains", "train",
]  # fmt: skip

FAMILY: Final = "swap"
TRAINS_ON: Final = "pair"
NEEDS: Final = Needs(source="faces", driver="faces")
YIELDS: Final = "crops"
# A face drawn by a trained model within a filmed frame.
DIGITAL_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


def train(footage: Sequence[Footage], config: Config, run: Run) -> nn.Module:
    """Learns both directions of a pair. `footage` holds both subjects, or twice the same one with different clips.

    Raises ConfigError when the settings name no feature network and none was pretrained, or name another file than
    they say, CheckpointError when its file holds another network.
    """
    seen = looking(config, run)
    anchors, pools = gathered(footage, config, run.folder, "fastswap")
    torch.manual_seed(run.seed)
    network = FastSwap(replace(config.architecture, digest=seen.digest))
    network.subjects = tuple(side.subject for side in footage)
    network.anchors.copy_(torch.from_numpy(np.stack(anchors)))
    photos = [photographs(pool, config.size, config.gallery) for pool in pools]
    galleries = [gallery(each, seen.features, config.loss.style_layers, config, run.device) for each in photos]
    contents = Contents(pools, photos, config, run.seed)
    return learn(
        network,
        lambda model, batch: step(model, batch, config, seen, galleries),
        Steps(contents.at, contents.images, run.device),
        replace(run, subjects=network.subjects),
        config.learning,
        architecture=network.architecture.plain(),
        recipe=recipe(config, [len(pool) for pool in pools]),
        preview=Showing(pools, config).picture,
    )


def recipe(config: Config, faces: Sequence[int]) -> dict[str, Any]:
    """What must be the same for a training to be resumed, besides the architecture and the loop's settings."""
    choices = {name: getattr(config, name) for name in ("coverage", "anchor", "tone", "backdrop", "gallery")}
    return {**choices, "loss": asdict(config.loss), "augmentation": asdict(config.augmentation), "faces": list(faces)}


def load(path: Path, device: torch.device) -> nn.Module:
    """The network that a run left in the folder or weights file `path`.

    Raises CheckpointError when it is missing, damaged, or another method's.
    """
    return opened(path, "fastswap", lambda described: FastSwap(Architecture(**described)), device)


def convert(model: nn.Module, source: Footage, driver: Footage, config: Config) -> Iterator[Tensor]:
    """The driver's kept faces as the source's, in their order: batches (B, 3, S, S), float32, in `crop_space`.

    Raises CheckpointError when the network has not learned the source, or has another architecture than the settings.
    """
    return swapped(model, source, driver, config)
