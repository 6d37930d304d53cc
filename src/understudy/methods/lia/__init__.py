"""`lia`: the Latent Image Animator: a picture of the source, moved as the driver moves.

Motion is a path along a few learned directions in a latent space (Wang et al. 2022); no key points, no landmarks. One
training on clips of many people serves every pair. The network is the authors', with its names and shapes, so that the
weights that they published load unchanged; `PRESETS` holds whole settings by name.

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
from understudy.methods._animation.samples import Pairs
from understudy.methods._opening import opened
from understudy.methods.lia.architecture import Architecture
from understudy.methods.lia.config import Config
from understudy.methods.lia.drawing import Animator, bytes_of, extent, stretched
from understudy.methods.lia.lessons import seen, step
from understudy.methods.lia.network import LIA
from understudy.methods.lia.presets import PRESETS

__all__ = [
    "DIGITAL_SOURCE_TYPE", "FAMILY", "LATER", "LIA", "NEEDS", "PRESETS", "TRAINS_ON", "YIELDS",
    "Config", "adopt", "adopts", "convert", "crop_space", "load", "pretrain", "pretrains", "train",
]  # fmt: skip

FAMILY: Final = "animate"
TRAINS_ON: Final = "group"
NEEDS: Final = Needs(source="faces", driver="faces")
YIELDS: Final = "frames"
LATER: Final = ("motion", "initial", "picture", "levels", "precision")
# Every pixel is drawn by a trained model.
DIGITAL_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def crop_space(config: Config) -> tuple[str, int]:
    """The size of the frames that are yielded; the coverage is not looked at."""
    return "head", config.size


def train(footage: Sequence[Footage], config: Config, run: Run) -> nn.Module:
    """Learns from the framed clips of many subjects, one Footage each. Raises FaceError when a subject has none."""
    if not footage:
        raise ConfigError("method 'lia'", "learns from a group, and was given nobody", "Give it subjects.")
    looking = perception(config.loss.features, run, config.learning.precision)
    pool = gather(footage, config.size, run.folder)
    torch.manual_seed(run.seed)
    network = LIA(config.architecture)
    if config.begins == "still":
        network.dec.still()
    network.subjects = pool.subjects
    pairs = Pairs(pool, config.learning.batch, config.augmentation, run.seed)
    return learn(
        network,
        lambda model, pair: step(model, pair, config.loss, looking),
        Steps(pairs.at, pairs.images, run.device),
        replace(run, subjects=network.subjects),
        config.learning,
        architecture=config.architecture.plain(),
        recipe=recipe(config, len(pool), looking.told) | {"begins": config.begins},
        preview=Showing(pool, _drawn).picture,
        parts=network.parts(),
    )


def _drawn(network: LIA, source_B3SS: Tensor, driving_B3SS: Tensor) -> Tensor:
    """Sources moved as the driving frames, in [0, 1]."""
    return seen(network(source_B3SS.mul(2).sub(1), driving_B3SS.mul(2).sub(1)))


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
    return opened(path, "lia", lambda described: LIA(Architecture(**described)), device)


def convert(model: nn.Module, source: Footage, driver: Footage, config: Config) -> Iterator[Tensor]:
    """The source's picture, moved as the driver moves in its framed clip: batches (B, S, S, 4), uint8, on the CPU.

    Raises CheckpointError when the network has another architecture than the settings, FaceError when the picture or
    the initial frame shows no face.
    """
    require_alike(model, config.architecture, critic=False)
    assert isinstance(model, LIA)
    animator, clip = Animator(model, config), driver.clips[0]
    still = animator.still(picture(source, driver, config.picture, config.size))
    start = None
    if config.motion == "relative":
        number = initial(driver, source, config.initial, config.picture)
        start = animator.motion(frame(clip, number, config.size)[None])

    def drawn() -> Iterator[Tensor]:
        return (animator.moved(still, frames, start) for frames in stacks(clip, config.size, animator.batch))

    pictures = drawn() if config.levels == "fixed" else stretched(drawn(), *extent(drawn()))
    yield from map(bytes_of, pictures)


def adopts(config: Config) -> Weights | None:
    """The published weights that these settings name."""
    return config.weights


def adopt(weights: Weights, config: Config, out: Path) -> None:
    """Leaves published weights, checked, as a training leaves its own: the generator of the authors' file.

    Raises CheckpointError when the file is another, or its network is.
    """
    network = LIA(replace(config.architecture, critic=False))
    state = checkpoints.tensors_of(weights.path, checkpoints.read(weights), "gen")
    checkpoints.adopt(out, weights, network, state, network.architecture.plain())
