"""`world`: a voice changed by signal processing and statistics, without anything that was learned beforehand.

WORLD (Morise, Yokomori, Ozawa 2016) takes the driver's speech apart into pitch, envelope and breath. The pitch gets the
mean and the spread of the source's; the envelope's mel-cepstrum is converted by a mixture of Gaussians of both voices
(Toda, Black, Tokuda 2007), learned from the sentences that both say where there are any, else from frames that are near
each other (Erro, Moreno, Bonafonte 2010). The sound is made anew, or the driver's own waveform filtered by the
difference (Kobayashi, Toda, Nakamura 2018, "Intra-gender statistical singing voice conversion with direct waveform
modification using log-spectral differential", and their sprocket). One training serves both directions of a pair.

Legend of shapes: N samples.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from understudy.errors import CheckpointError, MediaError
from understudy.learning import Run
from understudy.media.read import blocks, has_sound
from understudy.methods import Footage, Needs
from understudy.methods._nothing import crop_space
from understudy.methods._opening import opened
from understudy.methods.world.config import RATE, Config
from understudy.methods.world.conversion import Conversion, mean_power
from understudy.methods.world.network import Architecture, World
from understudy.methods.world.training import trained
from understudy.speech.pieces import joined, pieces

__all__ = [
    "DIGITAL_SOURCE_TYPE", "FAMILY", "LATER", "NEEDS", "PRESETS", "RATE", "TRAINS_ON", "YIELDS", "Config", "convert",
    "crop_space", "load", "train",
]  # fmt: skip

FAMILY: Final = "voice"
TRAINS_ON: Final = "pair"
NEEDS: Final = Needs(source="speech", driver="speech")
YIELDS: Final = "sound"
LATER: Final = ("synthesis", "variance", "level", "piece")
# A voice computed by a model that was fitted to recordings of it.
DIGITAL_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def usual() -> Config:
    """The settings that measured best on the cast."""
    return Config(
        order=24, components=8, nearby=4, covariance="full", iterations=8, pairing="auto", speech=120.0,
        synthesis="vocoder", variance=1.0, level="source",
    )  # fmt: skip


PRESETS: Final = {"world": usual}


def train(footage: Sequence[Footage], config: Config, run: Run) -> nn.Module:
    """Learns from the segments of two people's speech; see `trained`."""
    return trained(footage, config, run)


def load(path: Path, device: torch.device) -> nn.Module:
    """What a run left in the folder or weights file `path`. Raises CheckpointError for another method's."""
    return opened(path, "world", lambda described: World(Architecture(**described)), torch.device("cpu"))


def convert(model: nn.Module, source: Footage, driver: Footage, config: Config) -> Iterator[Tensor]:
    """The driver's words in the source's voice: pieces samples_N at RATE, in [-1, 1], as long as the driver's sound.

    What holds no voiced speech (silence, noise, whispers) passes as it is, and the log says how much. Raises
    CheckpointError when the model knows other people, MediaError when the driver has no sound.
    """
    if not isinstance(model, World) or {source.subject, driver.subject} - {*model.subjects}:
        known = " and ".join(getattr(model, "subjects", ())) or "nobody"
        fact = f"has learned {known}, and {driver.subject} is to be said by {source.subject}"
        raise CheckpointError("the model", fact, "Train it on these two people.")
    if driver.speech is None or not has_sound(driver.speech):
        raise MediaError(
            driver.speech or driver.subject, "has no speech to be said", "Name a clip of theirs with sound."
        )
    to = model.subjects.index(source.subject)
    conversion = Conversion(model, to, mean_power(blocks(driver.speech, RATE)), config)
    parts = pieces(blocks(driver.speech, RATE), RATE, config.piece)
    for samples_N in joined(((part, conversion(part.samples_N)) for part in parts), RATE):
        yield torch.from_numpy(samples_N.astype(np.float32))
    conversion.tell(driver.speech)
