"""Features learned in the pipeline, where VGG-19's weights are not given: a narrow network of VGG-19's layers.

It is taught on framed clips of people who are in no pair of the study: who they are, where their landmarks lie, and to
draw the picture again from what its layers see, so that nothing of the picture is lost on the way.

Legend of shapes: B pictures of a batch, S side of them, N pictures of a pool; 682 = 68 landmarks of (x, y).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from understudy.errors import CheckpointError, ConfigError
from understudy.faces.align import apply
from understudy.faces.framing import read_matrix, read_size
from understudy.learning import Learning, Run, Steps, learn, load_weights
from understudy.learning.weights import describe
from understudy.methods._animation.pool import Pool, gather
from understudy.methods._animation.preview import sheet
from understudy.methods._animation.samples import Pairs, Variation
from understudy.methods._vgg import FeatureNetwork
from understudy.provenance import label_picture

if TYPE_CHECKING:
    from understudy.methods import Footage
    from understudy.methods._animation.perceptual import Features

NAME: Final = "animation-features"
DEEPEST: Final = "relu4_1"
DRAWN = {"relu2_1": 1, "relu3_1": 2, "relu4_1": 3}  # layers that a picture can be drawn again from, and their halvings
COLUMNS = 6  # pictures in a preview
PLACES = 8  # side of the map from which landmarks are told
PAIRS = 8  # in a batch
RATE = 2e-3
# Mirrored pictures would have their landmarks the other way round.
VARIED = Variation(mirror=0.0, reverse=0.0, brightness=0.2, contrast=0.2, saturation=0.2, hue=0.05)
SHARES = {"identity": 0.2, "landmarks": 10.0, "drawing": 5.0}


@dataclass(frozen=True, kw_only=True)
class Lessons:
    """What tells one network from another. width: share of VGG-19's filters. people: how many taught it."""

    width: float
    people: int

    def plain(self) -> dict[str, Any]:
        """The description in a weights file."""
        return {"network": NAME, **asdict(self)}


class Learned(nn.Module):
    """The feature network, with the heads that it is taught by."""

    def __init__(self, architecture: Lessons) -> None:
        super().__init__()
        self.architecture = architecture
        self.features = FeatureNetwork(architecture.width, DEEPEST)
        deep = self.features.deep
        self.identity = nn.Linear(deep, architecture.people)
        self.landmarks = nn.Linear(deep * PLACES**2, 68 * 2)
        self.drawings = nn.ModuleList(
            [_drawing(self.features.filters(layer), halvings) for layer, halvings in DRAWN.items()]
        )

    def forward(self, pictures_B3SS: Tensor) -> tuple[Tensor, Tensor]:
        """What the deepest layer sees, and the pictures drawn again from each of the layers DRAWN (3, B, 3, S, S), in
        [0, 1], float32."""
        seen = self.features(pictures_B3SS, tuple(DRAWN))
        drawn = [draw(seen[layer]) for layer, draw in zip(DRAWN, self.drawings, strict=True)]
        return seen[DEEPEST], torch.sigmoid(torch.stack(drawn).float())


def _drawing(before: int, halvings: int) -> nn.Sequential:
    """What draws a picture from features, before the sigmoid: as little as can, so that the features hold it ready."""
    return nn.Sequential(nn.Conv2d(before, 3 * 4**halvings, 3, padding=1), nn.PixelShuffle(2**halvings))


class Lesson(NamedTuple):
    """A batch: pictures (B3SS), whose they are (B), and their landmarks (B682), -1 to 1 from edge to edge."""

    pictures: Tensor
    people: Tensor
    landmarks: Tensor


class Teaching:
    """The batches of a pool, each a function of the seed and the step alone. landmarks: of every picture (N682), -1 to
    1 from edge to edge."""

    def __init__(self, pool: Pool, landmarks_N682: NDArray[np.float32], seed: int) -> None:
        self.pairs, self.landmarks = Pairs(pool, PAIRS, VARIED, seed), landmarks_N682
        self.images = 2 * PAIRS
        starts = [clips[0].start for clips in pool.clips]
        self.people = np.searchsorted(starts, np.arange(len(pool)), side="right") - 1

    def at(self, step: int) -> Lesson:
        """The batch of any step."""
        # The same draws as the pairs' own: which pictures they are is what a generator gives first.
        numbers = self.pairs.numbers(self.pairs.draws.at(step)).T.ravel()
        return Lesson(
            torch.cat(list(self.pairs.at(step))).contiguous(memory_format=torch.channels_last),
            torch.from_numpy(self.people[numbers]),
            torch.from_numpy(self.landmarks[numbers]),
        )


def lesson(network: Learned, batch: Lesson) -> dict[str, Tensor]:
    """The losses of a batch by name, and their sum."""
    deep, drawn = network(batch.pictures)
    told = network.landmarks(functional.adaptive_avg_pool2d(deep, PLACES).flatten(1)).float()
    found = {
        "identity": functional.cross_entropy(network.identity(deep.mean(dim=(2, 3))).float(), batch.people),
        "landmarks": (told - batch.landmarks.flatten(1)).square().mean(),
        "drawing": (drawn - batch.pictures).abs().mean(),
    }
    return {"loss": torch.stack([SHARES[name] * value for name, value in found.items()]).sum(), **found}


def pretrains(features: "Features") -> bool:
    """Whether the settings want features that the study pretrains: when they name no file and give steps."""
    return features.path is None and features.steps > 0


def pretrain(footage: Sequence["Footage"], features: "Features", size: int, learning: Learning, run: Run) -> nn.Module:
    """Teaches the feature network on many people, one Footage each, and leaves it in the run's folder.

    size: side of the pictures. learning: of the method, for the machine that it is learned on. Raises ConfigError for
    fewer than two people.
    """
    if len(footage) < 2:
        fact = f"are learned from at least two people, and {len(footage)} were given"
        raise ConfigError("features", fact, "Give the study more clips of the role pretrain, or set steps: 0.")
    pool = gather(footage, size, run.folder)
    teaching = Teaching(pool, landmarks(footage), run.seed)
    torch.manual_seed(run.seed)
    network = Learned(Lessons(width=features.width, people=len(footage)))
    return learn(
        network,
        lesson,
        Steps(teaching.at, teaching.images, run.device),
        replace(run, subjects=pool.subjects),
        taught(features, learning),
        architecture=network.architecture.plain(),
        recipe={"size": size, "pictures": len(pool), "varied": asdict(VARIED), "shares": SHARES},
        preview=Redrawn(teaching).picture,
    )


def landmarks(footage: Sequence["Footage"]) -> NDArray[np.float32]:
    """Where the landmarks of a pool's pictures lie in them (N682), -1 to 1 from edge to edge."""
    found = []
    for side in footage:
        for clip, faceset in zip(side.clips, side.facesets, strict=True):
            framing = clip.with_suffix(".json")
            size = read_size(framing)
            there = faceset.table["found"].to_numpy(np.bool_)
            found.append((apply(read_matrix(framing), faceset.track_T682[there]) + 0.5) * (2 / size) - 1)
    return np.concatenate(found).astype(np.float32)


def taught(features: "Features", own: Learning) -> Learning:
    """How the features are learned: on the same machine as the method, whatever its own learning and budget."""
    return Learning(
        steps=features.steps,
        batch=PAIRS,
        rate=RATE,
        beta1=0.9,
        beta2=0.999,
        epsilon=1e-8,
        warmup=50,
        schedule="cosine",
        precision=own.precision,
        threads=own.threads,
        preview_every=own.preview_every,
        snapshot_every=own.snapshot_every,
    )


class Redrawn:
    """A few pictures, and what is left of them in each of the layers."""

    def __init__(self, teaching: Teaching) -> None:
        self.pictures = teaching.at(0).pictures[:COLUMNS]

    @torch.inference_mode()
    def picture(self, network: Learned) -> NDArray[np.uint8]:
        """Rows: pictures in, the same drawn again from ever deeper layers."""
        pictures = self.pictures.to(network.identity.weight.device)
        return label_picture(sheet([pictures, *network(pictures)[1]]))


def opened(path: Path, width: float) -> FeatureNetwork:
    """The feature network that a pretraining left. Raises CheckpointError when it is missing or another."""
    described = describe(path).get("architecture", {})
    if described.get("network") != NAME:
        raise CheckpointError(path, "holds no features for animations", "Pretrain with these settings.")
    network = Learned(Lessons(width=width, people=int(described["people"])))
    load_weights(path, network, network.architecture.plain())
    return network.features
