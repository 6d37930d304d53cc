"""Training an expert: to tell speech that belongs to a face from speech of the same clip that is a little off.

Wav2Lip's own loss is the binary cross-entropy of the cosine, one pair at a time. It stays at 0.69 for 150,000 steps and
more before it begins to learn. `contrast` asks for the same in a way that learns at once: which of all windows of a
stretch of speech is this face's, and of all faces this speech's (multi-way matching: Chung, Chung & Kang 2019, "Perfect
match"; InfoNCE: van den Oord et al. 2018). Windows nearer than `margin` frames count neither way. `guided` adds what
the landmarks know, which come with every face: both embeddings are drawn to a code of what the lips do, so that the
face's learns at once to see it and the sound's to tell it.

Legend of shapes: N windows, of which M lie in each stretch.
"""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from understudy.learning import Learning, Run, Steps, learn
from understudy.lips.pool import LipPool
from understudy.lips.sampling import Sampling, Stretches, Variation, lower
from understudy.lips.syncnet import SyncNet

_OPTIONAL = {"optional": True}


@dataclass(frozen=True, kw_only=True)
class Expert:
    """How an expert is built and learns. learning.batch counts windows.

    width: see SyncNet. loss: "guided" for little footage, "contrast", or Wav2Lip's "cosine". windows: of a stretch;
    batch / windows stretches are in a step. stride: frames, at most, between the windows of a stretch. margin: frames
    by which speech is off, at least, to be called so. sharpness: what cosines are multiplied with, but by "cosine".
    """

    width: float
    learning: Learning
    loss: Literal["guided", "contrast", "cosine"] = field(default="guided", metadata=_OPTIONAL)
    windows: int = field(default=16, metadata=_OPTIONAL)
    stride: int = field(default=4, metadata=_OPTIONAL)
    margin: int = field(default=3, metadata=_OPTIONAL)
    sharpness: float = field(default=15.0, metadata=_OPTIONAL)
    variation: Variation = field(default=Variation(), metadata=_OPTIONAL)

    def __post_init__(self) -> None:
        if not 0 < self.width <= 4 or self.sharpness <= 0:
            raise ValueError("width must be above 0, up to 4, and sharpness above 0")
        if self.windows < 4 or self.learning.batch % self.windows:
            raise ValueError("windows must be 4 or more, and learning.batch a multiple of it")
        if self.stride < 1 or not 1 <= self.margin < self.windows:
            raise ValueError("stride must be 1 or more, and margin from 1 up to, not including, windows")


def train_expert(pool: LipPool, settings: Expert, run: Run) -> SyncNet:
    """Learns an expert from a pool and leaves its work in the run's folder; see learning.learn for what and why not."""
    torch.manual_seed(run.seed)
    network = SyncNet(settings.width)
    stretches = settings.learning.batch // settings.windows
    sampling = Sampling(pool, stretches, settings.windows, settings.stride, settings.variation, run.seed)
    kept = {key: value for key, value in dataclasses.asdict(settings).items() if key not in ("learning", "width")}
    learn(
        network,
        lambda model, batch: step(model, batch, settings),
        Steps(sampling.at, sampling.images, run.device),
        run,
        settings.learning,
        architecture=network.architecture,
        recipe={**kept, "faces": len(pool)},
    )
    return network.eval()


def step(network: SyncNet, batch: Stretches, settings: Expert) -> dict[str, Tensor]:
    """The loss of a batch, and the share of windows whose own speech beats all other of their stretch."""
    heard, seen = network(batch.mels_N18016, batch.faces_N154896)
    count = settings.windows
    heard, seen = (each.float().reshape(-1, count, each.shape[1]) for each in (heard, seen))
    cosine_GMM = seen @ heard.transpose(1, 2)
    times = batch.times_N.reshape(-1, count)
    near = (times[:, :, None] - times[:, None]).abs() < settings.margin
    own = torch.eye(count, dtype=torch.bool, device=near.device)
    loss = contrast(cosine_GMM, near & ~own, settings.sharpness)
    if settings.loss == "cosine":
        loss = cosine(cosine_GMM, ~near)
    told = {}
    if settings.loss == "guided":
        code = lips_code(batch.shapes_N53, heard.shape[-1]).reshape_as(heard)
        told["guide"] = settings.sharpness * (apart(seen, code) + apart(heard, code)) / 2
        loss = loss + told["guide"]
    blind = cosine_GMM.detach().masked_fill(near & ~own, -1)
    right = blind.argmax(2) == torch.arange(count, device=near.device)
    return {"loss": loss, **told, "matched": right.float().mean()}


def apart(made_GMD: Tensor, code_GMD: Tensor) -> Tensor:
    """1 less the mean cosine of embeddings and codes, both less their mean over the batch: only how windows differ
    counts, not what all of them share."""
    made, code = (each.flatten(0, 1) - each.flatten(0, 1).mean(0) for each in (made_GMD, code_GMD))
    return 1 - nn.functional.cosine_similarity(made, code, dim=1).mean()


def lips_code(shapes_N53: Tensor, width: int) -> Tensor:
    """What lips do in a window as a direction that an embedding can have (N, width), of length 1 and never below 0.

    Random features of the arc-cosine kernel (Cho & Saul 2009): the more two windows differ, the further apart.
    """
    values = torch.cat([shapes_N53.flatten(1), torch.full_like(shapes_N53[:, 0, :1], 2.0)], dim=1)
    fixed = torch.randn(values.shape[1], width, generator=torch.Generator().manual_seed(0))
    return nn.functional.normalize(torch.relu(values @ fixed.to(values)))


def contrast(cosine_GMM: Tensor, ignored_GMM: Tensor, sharpness: float) -> Tensor:
    """How badly each window's own partner is found among the others: faces' speech and speech's faces, in nats."""
    logits = (cosine_GMM * sharpness).masked_fill(ignored_GMM, -torch.inf)
    own = torch.arange(logits.shape[1], device=logits.device).expand(logits.shape[0], -1)
    both = [nn.functional.cross_entropy(each.flatten(0, 1), own.flatten()) for each in (logits, logits.transpose(1, 2))]
    return (both[0] + both[1]) / 2


def cosine(cosine_GMM: Tensor, off_GMM: Tensor) -> Tensor:
    """Wav2Lip's loss: the binary cross-entropy of cosines, as much for what is in sync as for what is off."""
    likely = cosine_GMM.clamp(0, 1 - 1e-6)
    within = -torch.log(torch.diagonal(likely, dim1=1, dim2=2).clamp(min=1e-6)).mean()
    return (within - torch.log1p(-likely)[off_GMM].mean()) / 2


@torch.inference_mode()
def embedded(
    expert: SyncNet, pool: LipPool, number: int, batch: int = 64
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The embeddings of faces and of speech of all windows of clip `number`, (W, D) each."""
    clip, place = pool.clips[number], next(expert.parameters()).device
    mels = clip.mels(clip.heard_from(clip.starts_W))[:, None]
    seen, heard = [], []
    for first in range(0, len(mels), batch):
        faces = lower(np.asarray(pool.faces_NSSC[clip.rows_W5[first : first + batch]]))
        seen.append(expert.see(torch.from_numpy(faces).to(place)).float().cpu())
        heard.append(expert.hear(torch.from_numpy(mels[first : first + batch]).to(place)).float().cpu())
    return torch.cat(seen).numpy(), torch.cat(heard).numpy()


def told_apart(expert: SyncNet, pool: LipPool, apart: int = 5) -> dict[str, Any]:
    """How well an expert tells speech in sync from speech `apart` frames off, on every window of a pool.

    accuracy: share of windows (both directions) whose own speech agrees better than that which is off; a tie is half a
    hit, and speech before the first word and after the last is not left out. balanced: share of all pairs that one
    threshold sorts rightly, the best one for this pool. cosines: means, in sync and off. windows.
    """
    own, off = [], []
    for number, clip in enumerate(pool.clips):
        seen, heard = embedded(expert, pool, number)
        at = {int(start): row for row, start in enumerate(clip.starts_W)}
        for start, row in at.items():
            for other in (at.get(start - apart), at.get(start + apart)):
                if other is not None:
                    own.append(float(seen[row] @ heard[row]))
                    off.append(float(seen[row] @ heard[other]))
    agree, differ = np.array(own), np.array(off)
    limits = np.unique(np.concatenate([agree, differ]))[:: max(1, len(own) // 500)]
    balanced = max(((agree >= limit).mean() + (differ < limit).mean()) / 2 for limit in limits)
    return {
        "accuracy": float((np.sign(agree - differ).mean() + 1) / 2),
        "balanced": float(balanced),
        "cosines": (float(agree.mean()), float(differ.mean())),
        "windows": len(own),
    }
