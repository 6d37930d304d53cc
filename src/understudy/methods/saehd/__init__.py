"""`saehd`: DeepFaceLab's face swap, DF and LIAE with their options, in our own code; one training serves both
directions of a pair.

The settings under which faces are shown are those of `original`, so that a study compares networks and losses on the
same crops. The mask is learned and comes as the fourth channel. `PRESETS` holds whole settings by name.

Legend of shapes: B batch, S side of the network's crops, C channels; crops are RGB in [0, 1]; 23 = a 2x3 matrix.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
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
from understudy.methods.saehd.architecture import Architecture, Dims
from understudy.methods.saehd.config import Config
from understudy.methods.saehd.lessons import Lessons, step
from understudy.methods.saehd.network import SAEHD
from understudy.methods.saehd.presets import PRESETS
from understudy.settings import plain

__all__ = [
    "DIGITAL_SOURCE_TYPE", "FAMILY", "NEEDS", "PRESETS", "SAEHD", "TRAINS_ON", "YIELDS",
    "Config", "convert", "crop_space", "load", "train",
]  # fmt: skip

FAMILY: Final = "swap"
TRAINS_ON: Final = "pair"
NEEDS: Final = Needs(source="faces", driver="faces")
YIELDS: Final = "crops"
# A face drawn by a trained model within a filmed frame.
DIGITAL_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


def train(footage: Sequence[Footage], config: Config, run: Run) -> nn.Module:
    """Learns both sides of a pair. `footage` holds both subjects, or twice the same one with different clips."""
    anchors, pools = gathered(footage, config, run.folder, "saehd")
    torch.manual_seed(run.seed)
    network = SAEHD(config.architecture)
    network.subjects = tuple(side.subject for side in footage)
    network.anchors.copy_(torch.from_numpy(np.stack(anchors)))
    lessons = Lessons(pools, config, run.seed)
    return learn(
        network,
        lambda model, lesson: step(model, lesson, config),
        Steps(lessons.at, lessons.images, run.device),
        replace(run, subjects=network.subjects),
        config.learning,
        architecture=config.architecture.plain(),
        recipe=recipe(config, [len(pool) for pool in pools]),
        preview=Showing(pools, config).picture,
        parts=network.parts(),
    )


def recipe(config: Config, faces: Sequence[int]) -> dict[str, Any]:
    """What must be the same for a training to be resumed, besides the architecture and the loop's settings."""
    choices = {name: getattr(config, name) for name in ("coverage", "anchor", "tone", "backdrop")}
    return {**choices, "loss": plain(config.loss), "augmentation": plain(config.augmentation), "faces": list(faces)}


def load(path: Path, device: torch.device) -> nn.Module:
    """The network that a run left in the folder or weights file `path`.

    Raises CheckpointError when it is missing, damaged, or another method's.
    """
    return opened(path, "saehd", _described, device)


def _described(described: Mapping[str, Any]) -> SAEHD:
    """The untrained network of a described architecture."""
    return SAEHD(Architecture(**{**described, "dims": Dims(**described["dims"])}))


def convert(model: nn.Module, source: Footage, driver: Footage, config: Config) -> Iterator[Tensor]:
    """The driver's kept faces as the source's, with their masks: batches (B, 4, S, S), float32, in `crop_space`.

    Raises CheckpointError when the network has not learned the source, or has another architecture than the settings.
    """
    return swapped(model, source, driver, config)
