"""The lip-sync expert that a generator learns from: a published one, or one that the study pretrains.

It is taught beforehand and kept as it is: an expert that learned beside the generator would get used to its faults
(Prajwal et al. 2020, section 3.2).
"""

from typing import TYPE_CHECKING

import torch

from understudy import checkpoints, lips
from understudy.errors import CheckpointError, ConfigError
from understudy.learning import Run

if TYPE_CHECKING:
    from understudy.methods.wav2lip.config import Config


def pretrains(config: "Config") -> bool:
    """Whether the settings want an expert that the study pretrains: when a training is to listen to one, and none is
    named."""
    return config.weights is None and config.loss.sync > 0 and config.expert.weights is None


def judging(config: "Config", run: Run) -> lips.SyncNet | None:
    """The expert, frozen, on the run's device; None where the settings do without.

    Raises ConfigError when it should have been pretrained and was not, CheckpointError when it is another network.
    """
    if config.loss.sync == 0:
        return None
    if config.expert.weights is not None:
        return published(config, run.device)
    if run.pretrained is None:
        fact = "learns from a lip-sync expert, and none was pretrained"
        raise ConfigError("method 'wav2lip'", fact, "Give people to pretrain it on, name its weights, or sync: 0.")
    return lips.load_expert(run.pretrained, run.device)


def published(config: "Config", place: torch.device) -> lips.SyncNet:
    """The expert of the weights that the settings name."""
    weights = config.expert.weights
    assert weights is not None
    network = lips.SyncNet()
    state = checkpoints.tensors_of(weights.path, checkpoints.read(weights), "state_dict")
    try:
        network.load_state_dict(state, strict=True)
    except RuntimeError as error:
        seen = checkpoints.looks_like(state) or "another network"
        raise CheckpointError(weights.path, f"holds {seen}, no lip-sync expert", "Name lipsync_expert.pth.") from error
    return network.to(place).eval().requires_grad_(False)
