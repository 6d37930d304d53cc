"""The lip-sync expert that a generator learns from: a published one, or one that the study pretrains.

It is taught beforehand and kept as it is: an expert that learned beside the generator would get used to its faults
(Prajwal et al. 2020, section 3.2).
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from understudy import checkpoints, lips
from understudy.errors import CheckpointError, ConfigError
from understudy.learning import Run
from understudy.lips.expert import train_expert
from understudy.methods.wav2lip.network import SIDE

if TYPE_CHECKING:
    from understudy.methods import Footage
    from understudy.methods.wav2lip.config import Config
    from understudy.methods.wav2lip.network import Wav2Lip

_LONE = 11  # the layer of the expert's encoder of speech that the generator's has not


def pretrains(config: "Config") -> bool:
    """Whether the settings want an expert that the study pretrains: when a training needs one, and none is named."""
    return config.listens and config.expert_weights is None


def judging(config: "Config", run: Run) -> lips.SyncNet | None:
    """The expert, frozen, on the run's device; None where the settings do without.

    Raises ConfigError when it should have been pretrained and was not, CheckpointError when it is another network.
    """
    if not config.listens:
        return None
    if config.expert_weights is not None:
        return published(config, run.device)
    if run.pretrained is None:
        fact = "learns from a lip-sync expert, and none was pretrained"
        raise ConfigError("method 'wav2lip'", fact, "Give people to pretrain it on, or name its weights.")
    return lips.load_expert(run.pretrained, run.device)


def lend(expert: lips.SyncNet, network: "Wav2Lip") -> None:
    """Begins the generator's encoder of speech as the expert's, of the same width: layer by layer, but for the last
    residual one of the expert's, which the generator has not."""
    layers = list(expert.audio_encoder)
    del layers[_LONE]
    for own, known in zip(network.audio_encoder, layers, strict=True):
        own.load_state_dict(known.state_dict())


def published(config: "Config", place: torch.device) -> lips.SyncNet:
    """The expert of the weights that the settings name."""
    weights = config.expert_weights
    assert weights is not None
    network = lips.SyncNet()
    state = checkpoints.tensors_of(weights.path, checkpoints.read(weights), "state_dict")
    try:
        network.load_state_dict(state, strict=True)
    except RuntimeError as error:
        seen = checkpoints.looks_like(state) or "another network"
        raise CheckpointError(weights.path, f"holds {seen}, no lip-sync expert", "Name lipsync_expert.pth.") from error
    return network.to(place).eval().requires_grad_(False)


def pretrain(footage: Sequence["Footage"], config: "Config", run: Run) -> nn.Module:
    """Teaches the expert on the clips of people who are in no pair, and leaves it in the run's folder."""
    pool = gathered(footage, config, run.folder)
    return train_expert(pool, config.expert, replace(run, subjects=tuple(side.subject for side in footage)))


def gathered(footage: Sequence["Footage"], config: "Config", folder: Path) -> lips.LipPool:
    """The faces and speech of all clips, ready to be sampled, in the boxes that a conversion will see."""
    clips = [clip for side in footage for clip in side.clips]
    facesets = [faceset for side in footage for faceset in side.facesets]
    if not clips:
        raise ConfigError("method 'wav2lip'", "was given no clip to learn from", "Give it people with clips.")
    boxes = config.boxes
    return lips.gather(clips, facesets, folder, SIDE, pads=boxes.pads, rise=boxes.rise, steady=boxes.steady)
