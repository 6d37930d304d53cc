"""`sovits`: a voice learned by so-vits-svc-fork 4.2.30, as the study that this project continues did.

SoftVC and VITS: a content encoder hears the words, a pitch tracker the intonation, and a generator that learned one
person says them (Kim et al. 2021, arXiv 2106.06103; van Niekerk et al. 2022, arXiv 2111.02392; Qian et al. 2022, arXiv
2204.09224). The package runs unmodified in an environment of its own (`make voice`), as a separate process; it goes
on silently where it should stop, so that each of its steps is held here to what it should leave. It is no longer
maintained. `PRESETS` holds whole settings by name.

What is not exact: the package resumes from weights, step sizes and epochs, and begins its optimisers' means anew, so
that an interrupted training is not to the bit one that was not.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from understudy.errors import CheckpointError
from understudy.learning import Run
from understudy.methods import Footage, Needs
from understudy.methods._nothing import crop_space
from understudy.methods.sovits import beginning, environment, saying, weights
from understudy.methods.sovits.config import LATER, Config
from understudy.methods.sovits.laying import RATE
from understudy.methods.sovits.presets import PRESETS
from understudy.methods.sovits.training import Training

__all__ = [
    "DIGITAL_SOURCE_TYPE", "FAMILY", "LATER", "NEEDS", "PRESETS", "RATE", "TRAINS_ON", "YIELDS",
    "Config", "convert", "crop_space", "load", "require", "train",
]  # fmt: skip

FAMILY: Final = "voice"
TRAINS_ON: Final = "source"
NEEDS: Final = Needs(source="speech", driver="speech")
YIELDS: Final = "sound"
DIGITAL_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def require(config: Config) -> None:
    """Raises ConfigError unless the environment is there that the package runs in, CheckpointError unless all weights
    that are named by a file are there, and are that file."""
    environment.interpreter()
    beginning.require_given(config)


def train(footage: Sequence[Footage], config: Config, run: Run) -> nn.Module:
    """Learns one person's voice from their segments, in the run's folder; goes on from what lies there.

    Raises ConfigError when the package's environment is missing or another, SpeechError for segments that are too few
    or cannot be used and for every step that left something else than it should, CheckpointError for weights that are
    not those that were named, DiskError for want of room; Stopped as every training.
    """
    return Training(footage, config, run).learn()


def load(path: Path, device: torch.device) -> nn.Module:
    """The voice that a run left in the folder or weights file `path`. Raises CheckpointError for anything else."""
    return weights.load(path, device)


def convert(model: nn.Module, source: Footage, driver: Footage, config: Config) -> Iterator[Tensor]:
    """The driver's words in the source's voice, see `saying.say`."""
    if not isinstance(model, weights.Voice):
        raise CheckpointError(
            "the network", f"is {type(model).__name__}, no voice of sovits", "Train it with `sovits`."
        )
    yield from saying.say(model, source, driver, config)
