"""What a step of training sees, and what it loses: windows of five frames, hidden below, beside others of their clip.

The speech of a frame begins `lead` before it, as in conversion; the expert hears the window's own speech, as it was
taught.

Legend of shapes: B windows, T = 5 frames, K windows of speech of 80 mel bands and 16 mel frames, D an embedding's
length; faces are BGR in [0, 1], 96 x 96.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from understudy.learning import Draws
from understudy.lips.pool import LipClip, LipPool
from understudy.methods.wav2lip.hearing import starts
from understudy.methods.wav2lip.inference import beside

if TYPE_CHECKING:
    from understudy.lips import SyncNet
    from understudy.methods.wav2lip.config import Config
    from understudy.methods.wav2lip.network import Wav2Lip

_LEAST = 1e-6  # cosine below which the expert's loss grows no more


class Lesson(NamedTuple):
    """A batch of windows: what is to be drawn and what is shown beside it (B, 3, T, 96, 96), the speech of each frame
    (B, T, 1, 80, 16), that of each window and of K - 1 others of its clip (B, K, 80, 16), and the share that the
    expert has in the loss."""

    aims: Tensor
    references: Tensor
    mels: Tensor
    heard: Tensor
    sync: float


class Lessons:
    """The batches of a pool, each a function of the seed and the step alone. images: faces that are drawn in one.

    Every clip is as likely as any other, and so is every window of a clip.
    """

    def __init__(self, pool: LipPool, config: "Config", seed: int) -> None:
        self.pool, self.config = pool, config
        self.draws = Draws(seed)
        self.images = 5 * config.learning.batch

    def at(self, step: int) -> Lesson:
        """The batch of any step."""
        generator, loss = self.draws.at(step), self.config.loss
        windows = [self.window(generator) for _ in range(self.config.learning.batch)]
        aims, references, mels, heard = (np.stack(each) for each in zip(*windows, strict=True))
        return Lesson(
            shown(aims),
            shown(references),
            torch.from_numpy(mels)[:, :, None],
            torch.from_numpy(heard),
            loss.sync if step >= loss.sync_from else 0.0,
        )

    def window(self, generator: np.random.Generator) -> tuple[NDArray[Any], ...]:
        """One window's faces, those of another place in its clip (T, 96, 96, 3), and its speech."""
        clip = self.pool.clips[generator.integers(len(self.pool.clips))]
        count = len(clip.starts_W)
        index = int(generator.integers(count))
        other = (index + int(generator.integers(1, count))) % count if count > 1 else index
        faces = [self.pool.faces_NSSC[clip.rows_W5[each]] for each in (index, other)]
        if generator.random() < self.config.mirror:
            faces = [face[:, :, ::-1] for face in faces]
        mels = clip.mels(starts(frames(clip, index), clip.fps, self.config.lead))
        heard = clip.mels(clip.heard_from(clip.starts_W[self.among(clip, index, generator)]))
        return faces[0], faces[1], mels, heard

    def among(self, clip: LipClip, index: int, generator: np.random.Generator) -> NDArray[np.int64]:
        """A window's number and those of others of its clip that are off by the expert's margin at least (K); its own
        again where there are none."""
        far = np.flatnonzero(np.abs(clip.starts_W - clip.starts_W[index]) >= self.config.expert.margin)
        others = (
            generator.choice(far, self.config.loss.among - 1)
            if len(far)
            else np.full(self.config.loss.among - 1, index)
        )
        return np.concatenate([[index], others]).astype(np.int64)


def frames(clip: LipClip, index: int) -> NDArray[np.int64]:
    """The numbers of a window's frames in its clip."""
    return np.asarray(clip.frames_N[clip.rows_W5[index] - clip.first], np.int64)


def shown(faces_BTHWC: NDArray[np.uint8]) -> Tensor:
    """Bytes as the network sees them (B, 3, T, H, W), in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(faces_BTHWC.transpose(0, 4, 1, 2, 3))).float() / 255


def step(network: "Wav2Lip", lesson: Lesson, config: "Config", expert: "SyncNet | None") -> dict[str, Tensor]:
    """The losses of a batch by name: what the generator minimises, its parts, and the judge's own."""
    drawn = network(lesson.mels, beside(lesson.aims, lesson.references)).float()
    found = {"l1": pictures(drawn, lesson.aims, config.loss.lower)}
    shares = {"l1": 1.0 - lesson.sync}
    if expert is not None:
        found["sync"], shares["sync"] = sync(expert, lesson.heard, drawn, config.expert.sharpness), lesson.sync
    if network.judge is not None:
        found["fooled"] = functional.softplus(-network.judge.logits(drawn)).mean()
        shares |= {"l1": shares["l1"] - config.loss.judge, "fooled": config.loss.judge}
    total = torch.stack([shares[name] * value for name, value in found.items()]).sum()
    if network.judge is None:
        return {"loss": total, **found}
    filmed = functional.softplus(-network.judge.logits(lesson.aims)).mean()
    drawn_too = functional.softplus(network.judge.logits(drawn.detach())).mean()
    return {"loss": total, "judge": filmed + drawn_too, **found}


def pictures(drawn_B3THW: Tensor, aims_B3THW: Tensor, lower: float) -> Tensor:
    """The mean absolute difference, that of the lower half weighted; 0 for the frames themselves."""
    differences = (drawn_B3THW - aims_B3THW).abs()
    above, below = differences.chunk(2, dim=-2)
    return (above.mean() + lower * below.mean()) / (1 + lower)


def sync(expert: "SyncNet", heard_BK8016: Tensor, faces_B3THW: Tensor, sharpness: float) -> Tensor:
    """What the expert has against windows of drawn faces: the mean of -log of the cosine between them and their speech,
    which for an expert that ends in a ReLU is from 0 to 1; beside other speech, how badly their own is found among it,
    in nats."""
    lower = faces_B3THW[..., faces_B3THW.shape[-2] // 2 :, :]
    stacked = lower.transpose(1, 2).flatten(1, 2)  # all channels of the first frame, then those of the next
    with torch.no_grad():
        heard_BKD = expert.hear(heard_BK8016.flatten(0, 1)[:, None]).float().view(*heard_BK8016.shape[:2], -1)
    cosines_BK = torch.einsum("bkd,bd->bk", heard_BKD, expert.see(stacked).float())
    if cosines_BK.shape[1] == 1:
        return -cosines_BK.clamp(_LEAST, 1.0).log().mean()
    return -functional.log_softmax(sharpness * cosines_BK, dim=1)[:, 0].mean()
