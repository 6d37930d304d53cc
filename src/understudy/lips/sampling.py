"""What an expert learns from: stretches of clips, each a number of windows of faces beside their mel windows.

Legend of shapes: G stretches, M windows in each, N = G x M; 15 = 5 frames of 3 channels, BGR; 48 x 96 the lower half of
a face; 80 x 16 a mel window.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy import speech
from understudy.learning import Draws
from understudy.lips.pool import LipClip, LipPool

_DECIBEL = 8 / 100  # of a mel value, which has 100 dB on -4 to 4
_MASK = -1.0  # about what mel values of speech are on average


@dataclass(frozen=True, kw_only=True)
class Variation:
    """How faces and speech are varied, alike within a stretch, so that nothing but time tells its windows apart.

    shift: pixels by which the box may lie elsewhere. zoom: share by which it may be larger or smaller. turn: degrees by
    which it may be turned. light: largest change of contrast and of brightness, as a share. tint: likewise of each
    colour's brightness. flip: whether half of the stretches are mirrored. loudness: deviation, in decibels. voice: mel
    bands by which the speech may be higher or lower. tilt: decibels, deviation, by which its highest and lowest bands
    are louder than the middle and than each other. masks: bands at most of each of two stripes that are silenced (Park
    et al. 2019, "SpecAugment"). noise: deviation that is added to mel values, of 8.
    """

    shift: float = 1.5
    zoom: float = 0.02
    turn: float = 1.0
    light: float = 0.15
    tint: float = 0.03
    flip: bool = True
    loudness: float = 4.0
    voice: int = 3
    tilt: float = 5.0
    masks: int = 12
    noise: float = 0.1


class Stretches(NamedTuple):
    """A batch. times_N: the video frame with which each window starts; windows of one stretch lie together. shapes_N53:
    what the lips do in each frame of a window, see LipPool."""

    faces_N154896: Tensor
    mels_N18016: Tensor
    times_N: Tensor
    shapes_N53: Tensor


class Sampling:
    """Batches of `stretches` x `windows` windows of a pool, by the number of the step; see learning.Steps.

    The windows of a stretch are those that start every 1 to `stride` frames from a random one on.
    """

    def __init__(
        self, pool: LipPool, stretches: int, windows: int, stride: int, variation: Variation, seed: int
    ) -> None:
        self.pool, self.stretches, self.windows, self.stride = pool, stretches, windows, stride
        self.variation, self.draws = variation, Draws(seed)
        lengths = np.array([len(clip.starts_W) for clip in pool.clips], float)
        self.shares = lengths / lengths.sum()

    @property
    def images(self) -> int:
        """Windows in a batch."""
        return self.stretches * self.windows

    def at(self, step: int) -> Stretches:
        """The batch of a step."""
        draw = self.draws.at(step)
        parts = [self._stretch(draw) for _ in range(self.stretches)]
        return Stretches(*(torch.from_numpy(np.concatenate(each)) for each in zip(*parts, strict=True)))

    def _stretch(self, draw: np.random.Generator) -> tuple[NDArray[Any], ...]:
        clip = self.pool.clips[int(draw.choice(len(self.shares), p=self.shares))]
        count, have = self.windows, len(clip.starts_W)
        stride = max(1, min(int(draw.integers(1, self.stride + 1)), (have - 1) // max(count - 1, 1)))
        first = int(draw.integers(max(1, have - (count - 1) * stride)))
        picked = (first + stride * np.arange(count)) % have  # a clip too short for a stretch is gone through again
        times = clip.starts_W[picked]
        faces = varied_faces(self.pool.faces_NSSC, clip.rows_W5[picked], self.variation, draw)
        shapes = self.pool.shapes_N3[clip.rows_W5[picked]]
        return faces, varied_mels(clip, times, self.variation, draw), times, shapes


def lower(faces_M5SSC: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Windows of faces as the expert takes them: the lower half, frames on channels, in [0, 1] (M, 15, S / 2, S)."""
    count, frames, side = faces_M5SSC.shape[:3]
    halves = faces_M5SSC[:, :, side // 2 :].transpose(0, 1, 4, 2, 3).reshape(count, 3 * frames, side - side // 2, side)
    return np.ascontiguousarray(halves, np.float32) / np.float32(255)


def varied_faces(
    faces_NSSC: NDArray[np.uint8], rows_M5: NDArray[np.int64], variation: Variation, draw: np.random.Generator
) -> NDArray[np.float32]:
    """Lower halves (M, 15, S / 2, S) of windows, varied alike."""
    used, where = np.unique(rows_M5, return_inverse=True)
    side = faces_NSSC.shape[1]
    moved = _moved(side, variation, draw)
    faces = np.stack([_warped(np.asarray(faces_NSSC[row]), moved) for row in used])
    if variation.flip and draw.random() < 0.5:
        faces = faces[:, :, ::-1]
    light, tint = draw.uniform(-variation.light, variation.light, 2), draw.uniform(-1, 1, 3) * variation.tint
    halves = lower(faces[:, None]) - np.float32(0.5)
    shade = (0.5 + 0.5 * light[1] + tint).astype(np.float32)[:, None, None]
    halves = np.clip(halves * np.float32(1 + light[0]) + shade, 0, 1)
    return np.ascontiguousarray(halves[where.reshape(rows_M5.shape)].reshape(len(rows_M5), -1, *halves.shape[2:]))


def _moved(side: int, variation: Variation, draw: np.random.Generator) -> NDArray[np.float64]:
    """A similarity (2, 3) about a face's middle."""
    right, down = draw.uniform(-variation.shift, variation.shift, 2)
    zoom, angle = 1 + draw.uniform(-variation.zoom, variation.zoom), draw.uniform(-variation.turn, variation.turn)
    middle = (side - 1) / 2
    matrix = np.asarray(cv2.getRotationMatrix2D((middle, middle), angle, zoom), np.float64)
    matrix[:, 2] += right, down
    return matrix


def _warped(face_SSC: NDArray[np.uint8], matrix_23: NDArray[np.float64]) -> NDArray[np.uint8]:
    if np.array_equal(matrix_23, np.eye(2, 3)):
        return face_SSC
    size = face_SSC.shape[1], face_SSC.shape[0]
    return np.asarray(cv2.warpAffine(face_SSC, matrix_23, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def varied_mels(
    clip: LipClip, times_M: NDArray[np.int64], variation: Variation, draw: np.random.Generator
) -> NDArray[np.float32]:
    """Mel windows (M, 1, 80, 16) of a clip that start with these video frames, varied alike."""
    mels = clip.mels(clip.heard_from(times_M))
    rows = np.arange(speech.BANDS)
    bands = np.clip(rows + int(draw.integers(-variation.voice, variation.voice + 1)), 0, speech.BANDS - 1)
    place = rows / (speech.BANDS - 1) * 2 - 1
    level, slope, bow = draw.standard_normal(3) * (variation.loudness, variation.tilt, variation.tilt) * _DECIBEL
    colour = (level + slope * place + bow * (place**2 - 1 / 3)).astype(np.float32)
    noise = variation.noise * draw.standard_normal(mels.shape, np.float32)
    heard: NDArray[np.float32] = np.clip(mels[:, bands] + colour[:, None] + noise, -4, 4).astype(np.float32)
    for _ in range(2):
        first, count = int(draw.integers(speech.BANDS)), int(draw.integers(variation.masks + 1))
        heard[:, first : first + count] = _MASK
    return heard[:, None]
