"""`wav2lip`: a person's clip, or a picture of them, says other speech (Prajwal et al. 2020, arXiv 2008.10010).

The lower half of the face is hidden from a network that hears the speech, and drawn by it. It learns from many people;
an expert that was taught beforehand says whether lips and speech agree, and a judge, where there is one, whether a
picture looks filmed. The authors' weights take the place of a training. `PRESETS` holds whole settings by name.

Legend of shapes: B frames of a batch, H, W of the source's clip; frames are RGB, faces within BGR as published.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from understudy import checkpoints
from understudy.checkpoints import Weights
from understudy.errors import CheckpointError
from understudy.learning import Run, Steps, learn
from understudy.methods import Footage, Needs
from understudy.methods._opening import opened
from understudy.methods.wav2lip.compositing import FIRST, pictures, put, taken
from understudy.methods.wav2lip.config import Config
from understudy.methods.wav2lip.filming import Film, Shot
from understudy.methods.wav2lip.hearing import Hearing
from understudy.methods.wav2lip.inference import Drawing
from understudy.methods.wav2lip.lessons import Lessons, step
from understudy.methods.wav2lip.network import SIDE, Architecture, Wav2Lip
from understudy.methods.wav2lip.presets import PRESETS
from understudy.methods.wav2lip.pretraining import gathered, judging, lend, pretrain, pretrains
from understudy.methods.wav2lip.preview import Showing
from understudy.settings import plain

__all__ = [
    "DIGITAL_SOURCE_TYPE", "FAMILY", "LATER", "NEEDS", "PRESETS", "TEACHES", "TRAINS_ON", "YIELDS",
    "Config", "adopt", "adopts", "convert", "crop_space", "load", "pretrain", "pretrains", "train",
]  # fmt: skip

FAMILY: Final = "lipsync"
TRAINS_ON: Final = "group"
NEEDS: Final = Needs(source="faces", driver="speech")
YIELDS: Final = "frames"
TEACHES: Final = "syncnet"
LATER: Final = ("smoothing", "blend", "speech", "length", "still", "batch", "precision")
# A mouth drawn by a trained model within a filmed frame.
DIGITAL_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


def crop_space(config: Config) -> tuple[str, int]:
    """The size of the faces that the network draws; a coverage they have not: frames are yielded whole."""
    return "full", SIDE


def train(footage: Sequence[Footage], config: Config, run: Run) -> nn.Module:
    """Learns from the clips of many people.

    Raises ConfigError when the expert that it is to listen to was not pretrained, MediaError for a clip without sound,
    FaceError when no clip has a window of both face and speech.
    """
    expert = judging(config, run)
    pool = gathered(footage, config, run.folder)
    torch.manual_seed(run.seed)
    network = Wav2Lip(config.architecture)
    network.subjects = tuple(side.subject for side in footage)
    if expert is not None and config.hears == "expert":
        lend(expert, network)
    lessons = Lessons(pool, config, run.seed)
    return learn(
        network,
        lambda model, lesson: step(model, lesson, config, expert),
        Steps(lessons.at, lessons.images, run.device),
        replace(run, subjects=network.subjects),
        config.learning,
        architecture=config.architecture.plain(),
        recipe=recipe(config, [len(clip.starts_W) for clip in pool.clips]),
        preview=Showing(lessons).picture,
        parts=network.parts(),
    )


def recipe(config: Config, windows: Sequence[int]) -> dict[str, Any]:
    """What must be the same for a training to be resumed, besides the architecture and the loop's settings."""
    choices = {
        name: plain(getattr(config, name))
        for name in ("mirror", "reference", "hears", "singly", "boxes", "lead", "loss")
    }
    return {**choices, "expert": plain(config.expert_weights), "windows": list(windows)}


def adopts(config: Config) -> Weights | None:
    """The authors' weights, where the settings name them."""
    return config.weights


def adopt(weights: Weights, config: Config, out: Path) -> None:
    """Checks the authors' generator and leaves it in the folder `out`, as a training would.

    wav2lip.pth and wav2lip_gan.pth hold it under "state_dict" beside what its trainer needed, the TorchScript archives
    by itself. Raises CheckpointError for another file, or another network's.
    """
    network = Wav2Lip(Architecture(width=1.0, judge=False))
    state = checkpoints.tensors_of(weights.path, checkpoints.read(weights), "state_dict")
    checkpoints.adopt(out, weights, network, state, network.architecture.plain())


def load(path: Path, device: torch.device) -> nn.Module:
    """The network that a run, or an adoption, left in the folder or weights file `path`.

    Raises CheckpointError when it is missing, damaged, or another method's.
    """
    return opened(path, "wav2lip", lambda described: Wav2Lip(Architecture(**described)), device)


def convert(model: nn.Module, source: Footage, driver: Footage, config: Config) -> Iterator[Tensor]:
    """The source's clip saying the driver's speech: batches (B, H, W, 4), uint8, at the clip's own size and rate.

    As many frames as the settings' length says; of a still always as many as the speech lasts. The fourth channel is
    255 where the picture was drawn or mixed. Raises CheckpointError for a network of another width than the settings',
    FaceError when the clip shows no face, MediaError for speech or a frame rate that cannot be used.
    """
    if not isinstance(model, Wav2Lip) or model.architecture.width != config.width:
        described = getattr(model, "architecture", type(model).__name__)
        fact = f"is {described}, and the settings ask for {config.architecture}"
        raise CheckpointError("the network", fact, "Train it with them.")
    film = Film(source, config)
    hearing = Hearing(driver, film.fps, config.lead, config.speech)
    count = film.frames if config.length == "video" and not film.still else hearing.frames
    drawing = Drawing(model, config.precision, film.still, FIRST if config.blend == "lower" else 0)
    shots = film.shots()
    for first in range(0, count, config.batch):
        batch = list(islice(shots, min(config.batch, count - first)))
        yield drawn(batch, hearing.windows(first, len(batch)), drawing, config)


def drawn(batch: Sequence[Shot], mels_B8016: Any, drawing: Drawing, config: Config) -> Tensor:
    """The frames of a batch with their mouths redrawn, and where; those without a box as they are."""
    said = [index for index, shot in enumerate(batch) if shot.box_4.any()]
    changed = [np.zeros(shot.frame_HWC.shape[:2], np.bool_) for shot in batch]
    if said:
        faces = np.stack([taken(batch[index].frame_HWC, batch[index].box_4, SIDE, config.blend) for index in said])
        made = pictures(drawing(torch.from_numpy(faces), torch.from_numpy(mels_B8016[said])))
        for index, face_HWC in zip(said, made, strict=True):
            changed[index] = put(batch[index].frame_HWC, face_HWC[..., ::-1], batch[index].box_4, config.blend)
    frames = [np.dstack([shot.frame_HWC, np.uint8(255) * where]) for shot, where in zip(batch, changed, strict=True)]
    return torch.from_numpy(np.stack(frames))
