"""`fomm`: the First Order Motion Model: a picture of the source, moved as the driver moves.

Its key points are learned without labels from clips of many people, and one training serves every pair. The networks
are the authors' (Siarohin et al. 2019) with their names and shapes, so that the weights that they published load
unchanged; `PRESETS` holds whole settings by name.

Legend of shapes: B batch, S side of the pictures; pictures are RGB.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from understudy import checkpoints
from understudy.checkpoints import Weights
from understudy.errors import ConfigError
from understudy.learning import Run, Steps, learn
from understudy.methods import Footage, Needs
from understudy.methods._animation import teaching
from understudy.methods._animation.perceptual import perception
from understudy.methods._animation.pictures import frame, initial, picture, stacks
from understudy.methods._animation.pool import gather
from understudy.methods._animation.preview import Showing
from understudy.methods._animation.sameness import recipe, require_alike
from understudy.methods._opening import opened
from understudy.methods.fomm.config import Config
from understudy.methods.fomm.drawing import Animator, bytes_of, unpacked
from understudy.methods.fomm.lessons import Lessons, step
from understudy.methods.fomm.network import FOMM, Architecture
from understudy.methods.fomm.presets import PRESETS
from understudy.settings import build

__all__ = [
    "DIGITAL_SOURCE_TYPE", "FAMILY", "FOMM", "LATER", "NEEDS", "PRESETS", "TRAINS_ON", "YIELDS",
    "Config", "adopt", "adopts", "convert", "crop_space", "load", "pretrain", "pretrains", "train",
]  # fmt: skip

FAMILY: Final = "animate"
TRAINS_ON: Final = "group"
NEEDS: Final = Needs(source="faces", driver="faces")
YIELDS: Final = "frames"
LATER: Final = ("motion", "adapt_scale", "initial", "picture", "precision")
# Every pixel is drawn by a trained model.
DIGITAL_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def crop_space(config: Config) -> tuple[str, int]:
    """The size of the frames that are yielded; the coverage is not looked at."""
    return "head", config.size


def train(footage: Sequence[Footage], config: Config, run: Run) -> nn.Module:
    """Learns from the framed clips of many subjects, one Footage each. Raises FaceError when a subject has none."""
    if not footage:
        raise ConfigError("method 'fomm'", "learns from a group, and was given nobody", "Give it subjects.")
    pool = gather(footage, config.size, run.folder)
    torch.manual_seed(run.seed)
    network = FOMM(config.architecture)
    network.subjects = pool.subjects
    seen = perception(config.loss.features, run, config.learning.precision)
    lessons = Lessons(pool, config.learning.batch, config.augmentation, config.loss.bending, run.seed)
    return learn(
        network,
        lambda model, lesson: step(model, lesson, config.loss, seen),
        Steps(lessons.at, lessons.images, run.device),
        replace(run, subjects=network.subjects),
        config.learning,
        architecture=config.architecture.plain(),
        recipe=recipe(config, len(pool), seen.told),
        preview=Showing(pool, lambda model, source, driving: model(source, driving)).picture,
        parts=network.parts(),
    )


def pretrains(config: Config) -> bool:
    """Whether trainings with these settings look at pictures through features that the study pretrains."""
    return config.weights is None and teaching.pretrains(config.loss.features)


def pretrain(footage: Sequence[Footage], config: Config, run: Run) -> nn.Module:
    """Teaches the network through which a training looks at pictures, on people who are in no pair."""
    return teaching.pretrain(footage, config.loss.features, config.size, config.learning, run)


def load(path: Path, device: torch.device) -> nn.Module:
    """The network that a run, or an adoption of published weights, left in the folder or weights file `path`.

    Raises CheckpointError when it is missing, damaged, or another method's.
    """
    return opened(path, "fomm", lambda described: FOMM(build(Architecture, dict(described), "architecture")), device)


def convert(model: nn.Module, source: Footage, driver: Footage, config: Config) -> Iterator[Tensor]:
    """The source's picture, moved as the driver moves in its framed clip: batches (B, S, S, 4), uint8, on the CPU.

    Raises CheckpointError when the network has another architecture than the settings, FaceError when the picture or
    the initial frame shows no face.
    """
    require_alike(model, config.architecture, critic=None)
    assert isinstance(model, FOMM)
    animator, clip = Animator(model, config), driver.clips[0]
    still = animator.still(picture(source, driver, config.picture, config.size))
    first = None
    if config.motion == "relative":
        number = initial(driver, source, config.initial, config.picture)
        first = animator.keypoints(frame(clip, number, config.size).permute(2, 0, 1).float().div_(255))
    for driving in unpacked(stacks(clip, config.size, animator.batch), animator):
        yield bytes_of(animator.moved(still, driving, first))


def adopts(config: Config) -> Weights | None:
    """The published weights that these settings name."""
    return config.weights


def adopt(weights: Weights, config: Config, out: Path) -> None:
    """Leaves published weights, checked, as a training leaves its own: generator and key-point detector.

    Raises CheckpointError when the file is another, or its networks are.
    """
    content = checkpoints.read(weights)
    network = FOMM(replace(config.architecture, critic=None))
    state = {
        f"{part}.{name}": tensor
        for part in ("generator", "kp_detector")
        for name, tensor in checkpoints.tensors_of(weights.path, content, part).items()
    }
    checkpoints.adopt(out, weights, network, state, network.architecture.plain())
