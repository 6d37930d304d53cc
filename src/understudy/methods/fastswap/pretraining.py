"""Features learned on the cast, where VGG-19's weights are not given: a narrow network of VGG-19's layers.

It is taught on actors who are in no pair of the study: who they are, where their landmarks lie, and to draw the face
again from what its deepest layer sees, so that nothing of the face is lost on the way. Beside it the siamese network
learns to tell lights apart, from faces shaded alike and otherwise.

Legend of shapes: B batch, S side of a crop, P people, C channels; 682 = 68 landmarks of (x, y).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from understudy.errors import ConfigError
from understudy.learning import Learning, Run, Steps, learn
from understudy.methods._faces.pair import packed, shown
from understudy.methods._faces.pool import Pool
from understudy.methods._faces.samples import Pairs
from understudy.methods._faces.warps import Augmentation, applied, inverted, plan, unbend
from understudy.methods.fastswap.features import FeatureNetwork
from understudy.methods.fastswap.light import Light, siamese
from understudy.provenance import label_picture

if TYPE_CHECKING:
    from understudy.methods import Footage
    from understudy.methods.fastswap.config import Config

NAME: Final = "fastswap-features"
COLUMNS = 6  # faces in a preview
DRAWN = ("relu3_1", "relu4_2")  # layers that a face can be drawn again from
TOGETHER = 4  # people in a step
EACH = 3  # faces of a person in a step, each under a light of its own
# Features are to serve faces that were never shown: these vary more than a pair's.
VARIED = Augmentation(
    rotation=10.0,
    zoom=0.1,
    shift=0.05,
    flip=0.0,  # a mirrored face has its landmarks the other way round
    warp=0.02,
    follow=False,
    lightness=0.1,
    tint=0.05,
    clahe=0.0,
    shade=0.25,
)
RATE = 2e-3
SHARES = {"identity": 0.2, "landmarks": 10.0, "drawing": 5.0, "light": 1.0}


@dataclass(frozen=True, kw_only=True)
class Lessons:
    """What tells one network from another. width: share of VGG-19's filters. size: of a crop. people: how many taught
    it."""

    width: float
    size: int
    people: int

    def plain(self) -> dict[str, Any]:
        """The description in a weights file."""
        return {"network": NAME, **asdict(self)}


def drawing(before: int, doublings: int) -> nn.Sequential:
    """What draws a picture from features, before the sigmoid: as little as can, so that the features hold it ready."""
    return nn.Sequential(nn.Conv2d(before, 3 * 4**doublings, 3, padding=1), nn.PixelShuffle(2**doublings))


class Learned(nn.Module):
    """The feature network and the network of lights, with the heads that they are taught by."""

    def __init__(self, architecture: Lessons) -> None:
        super().__init__()
        self.architecture = architecture
        self.subjects: tuple[str, ...] = ()
        self.features, self.light = FeatureNetwork(architecture.width), Light()
        deep, side = self.features.deep, architecture.size // 8
        self.identity = nn.Linear(deep, architecture.people)
        self.landmarks = nn.Linear(deep * side**2, 68 * 2)
        self.drawings = nn.ModuleList([drawing(deep // 2, 2), drawing(deep, 3)])

    def forward(self, crops_B3SS: Tensor) -> tuple[Tensor, Tensor]:
        """The deepest layer's features, and the crops drawn again from a middle and the deepest layer (2, B, 3, S, S),
        in [0, 1], float32."""
        seen = self.features(crops_B3SS, DRAWN)
        drawn = torch.stack([draw(seen[layer]) for layer, draw in zip(DRAWN, self.drawings, strict=True)])
        return seen[DRAWN[-1]], torch.sigmoid(drawn.float())


class Lesson(NamedTuple):
    """A batch: faces (B3SS), whose they are (B), their landmarks as shares of the crop's half, from its middle (B682),
    and the number of the light that each is under (B)."""

    crops: Tensor
    people: Tensor
    landmarks: Tensor
    lights: Tensor


class Teaching:
    """The batches of many people's pools, each a function of the seed and the step alone.

    A light is laid over one face of everybody, so that who it is says nothing of the light.
    """

    def __init__(self, pools: Sequence[Pool], config: "Config", seed: int) -> None:
        self.pairs = Pairs(pools, EACH, config.size, VARIED, config.loss, seed=seed, apart=False)
        self.together = min(TOGETHER, len(pools))
        self.config, self.images = config, EACH * self.together

    def at(self, step: int) -> Lesson:
        """The batch of any step."""
        generator, pairs = self.pairs.draws.at(step), self.pairs
        shades = (generator.normal(0, 1, (EACH, 3)) * VARIED.shade).astype(np.float32)
        crops, landmarks = [], []
        people = generator.permutation(len(pairs.pools))[: self.together]
        for pool in (pairs.pools[person] for person in people):
            chosen = plan(generator, EACH, pool, pairs.size, VARIED)._replace(shade_B3=shades)
            crops.append(shown(pairs.side(pool, chosen), self.config)[0])
            straight = applied(inverted(chosen.to_pool_B23), pool.points_N922[chosen.index_B, :68])
            landmarks.append(_shares(unbend(straight, chosen.bend_B55, pairs.size), pairs.size))
        return Lesson(
            torch.cat(crops).contiguous(memory_format=torch.channels_last),
            torch.from_numpy(people).repeat_interleave(EACH),
            torch.cat(landmarks),
            torch.arange(EACH).repeat(len(people)),
        )


class Redrawn:
    """A few faces, and what is left of them in a middle and in the deepest layer."""

    def __init__(self, teaching: Teaching) -> None:
        self.crops = teaching.at(0).crops[:COLUMNS]

    @torch.inference_mode()
    def picture(self, network: Learned) -> NDArray[np.uint8]:
        """Rows: faces in, the same drawn again from either layer."""
        place = network.identity.weight.device
        crops = self.crops.to(place)
        rows = torch.cat([crops[None], network(crops)[1]]).permute(0, 3, 1, 4, 2).numpy(force=True)
        grid = np.rint(rows * 255).astype(np.uint8)
        return label_picture(grid.reshape(grid.shape[0] * grid.shape[1], -1, 3))


def _shares(points_B682: NDArray[np.float64], size: int) -> Tensor:
    """Places in a crop as -1 to 1."""
    return torch.from_numpy(((points_B682 + 0.5) * (2 / size) - 1).astype(np.float32))


def lesson(network: Learned, batch: Lesson) -> dict[str, Tensor]:
    """The losses of a batch by name, and their sum."""
    deep, drawn = network(batch.crops)
    found = {
        "identity": functional.cross_entropy(network.identity(deep.mean(dim=(2, 3))).float(), batch.people),
        "landmarks": (network.landmarks(deep.flatten(1)).float() - batch.landmarks.flatten(1)).square().mean(),
        "drawing": (drawn - batch.crops).abs().mean(),
        "light": siamese(network.light(batch.crops), batch.lights),
    }
    return {"loss": torch.stack([SHARES[name] * value for name, value in found.items()]).sum(), **found}


def taught(config: "Config") -> Learning:
    """How the features are learned: on the same machine, and otherwise whatever the swap's own learning and budget."""
    own = config.learning
    return Learning(
        steps=config.features.steps,
        batch=EACH,
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


def pretrains(config: "Config") -> bool:
    """Whether the settings want features that the study pretrains: when they name no file of VGG-19's."""
    return config.features.path is None


def pretrain(footage: Sequence["Footage"], config: "Config", run: Run) -> nn.Module:
    """Teaches the feature network on many people, one Footage each, and leaves it in the run's folder.

    Raises ConfigError for fewer than two people.
    """
    if len(footage) < 2:
        raise ConfigError(
            "method 'fastswap'",
            f"learns features from at least two people, and was given {len(footage)}",
            "Give it more.",
        )
    _, pools = packed(footage, config, run.folder)
    teaching = Teaching(pools, config, run.seed)
    torch.manual_seed(run.seed)
    network = Learned(Lessons(width=config.features.width, size=config.size, people=len(footage)))
    network.subjects = tuple(side.subject for side in footage)
    recipe = {"shown": [config.coverage, config.anchor, config.tone, config.backdrop], "faces": list(map(len, pools))}
    return learn(
        network,
        lesson,
        Steps(teaching.at, teaching.images, run.device),
        replace(run, subjects=network.subjects),
        taught(config),
        architecture=network.architecture.plain(),
        recipe={**recipe, "varied": asdict(VARIED), "shares": SHARES},
        preview=Redrawn(teaching).picture,
    )
