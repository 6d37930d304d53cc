"""What a step of training sees, and what it loses: windows of five frames, hidden below, beside others of their clip;
single frames of them, where the settings want that and the expert, who needs all five, has not joined.

The speech of a frame begins `lead` before it, as in conversion; the expert hears the window's own speech, as it was
taught.

Legend of shapes: B windows, T = 5 or 1 frames of them, K windows of speech of 80 mel bands and 16 mel frames, D an
embedding's length; faces are BGR in [0, 1], 96 x 96.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from understudy.learning import Draws
from understudy.lips.pool import FRAMES as WINDOW
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
    (B, T, 1, 80, 16), that of each window and of K - 1 others of its clip (B, K, 80, 16; none before the expert has
    joined), and the share that the expert has in the loss."""

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
        self.images = WINDOW * config.learning.batch

    def at(self, step: int) -> Lesson:
        """The batch of any step."""
        generator, loss = self.draws.at(step), self.config.loss
        sync = loss.sync if step >= loss.sync_from else 0.0
        singly = self.config.singly and not sync
        count = self.images if singly else self.config.learning.batch
        windows = [self.window(generator, singly, self.config.loss.among if sync else 0) for _ in range(count)]
        aims, references, mels, heard = (np.stack(each) for each in zip(*windows, strict=True))
        return Lesson(
            shown(aims),
            shown(references),
            torch.from_numpy(mels)[:, :, None],
            torch.from_numpy(heard),
            sync,
        )

    def window(self, generator: np.random.Generator, singly: bool, among: int) -> tuple[NDArray[Any], ...]:
        """One window's faces, those of another place in its clip (T, 96, 96, 3), and its speech: that of each frame and
        of `among` windows. singly: of one of its frames alone."""
        clip = self.pool.clips[generator.integers(len(self.pool.clips))]
        index = int(generator.integers(len(clip.starts_W)))
        other = self.other(clip, index, generator)
        first = int(generator.integers(WINDOW)) if singly else 0
        kept = slice(first, first + 1 if singly else WINDOW)
        faces = [self.pool.faces_NSSC[clip.rows_W5[each, kept]] for each in (index, other)]
        if generator.random() < self.config.mirror:
            faces = [face[:, :, ::-1] for face in faces]
        mels = clip.mels(starts(frames(clip, index)[kept], clip.fps, self.config.lead))
        heard = clip.mels(clip.heard_from(clip.starts_W[self.among(clip, index, among, generator)]))
        return faces[0], faces[1], mels, heard

    def other(self, clip: LipClip, index: int, generator: np.random.Generator) -> int:
        """The number of the window that one is shown beside: as far off as the settings say; where none is, any other,
        and of a clip with but one window that one."""
        reference, seconds_W = self.config.reference, np.abs(clip.starts_W - clip.starts_W[index]) / clip.fps
        farthest = np.inf if reference.farthest is None else reference.farthest
        fit_W = (seconds_W > 0) & (seconds_W >= reference.nearest) & (seconds_W <= farthest)
        found = np.flatnonzero(fit_W if fit_W.any() else seconds_W > 0)
        return int(generator.choice(found)) if len(found) else index

    def among(self, clip: LipClip, index: int, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
        """A window's number and those of others of its clip that are off by the expert's margin at least, `count` in
        all; its own again where there are none."""
        far = np.flatnonzero(np.abs(clip.starts_W - clip.starts_W[index]) >= self.config.expert.margin)
        others = generator.choice(far if len(far) else [index], max(0, count - 1))
        return np.concatenate([[index], others])[:count].astype(np.int64)


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
    if expert is not None and lesson.sync:
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
