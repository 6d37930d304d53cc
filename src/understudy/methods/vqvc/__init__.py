"""`vqvc`: a voice converter that learns from nothing but the group's own speech, on a processor in minutes.

An encoder hears the envelope of the spectrum, bent so that it cannot tell who spoke, and a quantiser leaves it little
room; a decoder is told its codes, the melody, the loudness and a subject, and draws that subject's envelope and
aperiodicity, from which WORLD speaks. Words, timing and melody are the driver's; height, span and timbre the source's.
`PRESETS` holds whole settings by name.

Legend of shapes: N samples.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from understudy.errors import CheckpointError, MediaError, nearest
from understudy.learning import Run, Steps, learn
from understudy.methods import Footage, Needs
from understudy.methods._nothing import crop_space
from understudy.methods._opening import opened
from understudy.methods.vqvc.config import Config
from understudy.methods.vqvc.conversion import spoken
from understudy.methods.vqvc.lessons import Lessons, least, step, voice
from understudy.methods.vqvc.network import Architecture, Converter
from understudy.methods.vqvc.presets import PRESETS
from understudy.methods.vqvc.preview import Showing
from understudy.methods.vqvc.vocoder import HOP, RATE
from understudy.speech import require_enough

__all__ = [
    "DIGITAL_SOURCE_TYPE", "FAMILY", "LATER", "NEEDS", "PRESETS", "RATE", "TRAINS_ON", "YIELDS",
    "Config", "convert", "crop_space", "load", "train",
]  # fmt: skip

FAMILY: Final = "voice"
TRAINS_ON: Final = "group"
NEEDS: Final = Needs(source="speech", driver="speech")
YIELDS: Final = "sound"
LATER: Final = ("sharpness",)
# Speech made by a trained model.
DIGITAL_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def train(footage: Sequence[Footage], config: Config, run: Run) -> nn.Module:
    """Learns the voices of a group: one at least, and two for any to be converted.

    Raises SpeechError for a subject of whom there is too little speech.
    """
    require_enough({side.subject: side.segments for side in footage}, least=least(config) * HOP)
    voices = [voice(side, config) for side in footage]
    torch.manual_seed(run.seed)
    network = Converter(config.architecture(len(voices)))
    network.subjects = tuple(each.subject for each in voices)
    network.keep([each.manner for each in voices])
    lessons = Lessons(voices, config, run.seed)
    return learn(
        network,
        lambda model, lesson: step(model, lesson, config),
        Steps(lessons.at, lessons.images, run.device),
        replace(run, subjects=network.subjects),
        config.learning,
        architecture=network.architecture.plain(),
        recipe=recipe(config, [len(each.bands_TB) for each in voices]),
        preview=Showing(lessons).picture,
    )


def recipe(config: Config, frames: Sequence[int]) -> dict[str, Any]:
    """What must be the same for a training to be resumed, besides the architecture and the loop's settings."""
    choices = {name: getattr(config, name) for name in ("window", "tract", "tilt", "airy", "estimator")}
    return {**choices, "frames": list(frames)}


def load(path: Path, device: torch.device) -> nn.Module:
    """The network that a run left in the folder or weights file `path`.

    Raises CheckpointError when it is missing, damaged, or another method's.
    """
    return opened(path, "vqvc", _built, device)


def _built(described: Any) -> Converter:
    return Converter(Architecture(**{**described, "levels": tuple(described["levels"])}))


def convert(model: nn.Module, source: Footage, driver: Footage, config: Config) -> Iterator[Tensor]:
    """What the driver says in the source's voice: pieces samples_N at RATE, together as long as the driver's sound.

    The driver need not be one of the group. Raises CheckpointError when the network is not the settings' or has not
    learned the source, MediaError when the driver has no speech.
    """
    if not isinstance(model, Converter) or model.architecture != config.architecture(len(model.subjects)):
        described = getattr(model, "architecture", type(model).__name__)
        raise CheckpointError("the network", f"is {described}, and the settings ask for another", "Train it with them.")
    if source.subject not in model.subjects:
        fact = "the network has not learned their voice"
        raise CheckpointError(source.subject, fact, nearest(source.subject, model.subjects))
    if driver.speech is None:
        raise MediaError(driver.subject, "has no speech to be said", "Name a clip of theirs with sound.")
    return spoken(model, driver.speech, source.subject, driver.subject, config)
