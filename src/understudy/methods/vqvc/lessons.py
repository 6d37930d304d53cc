"""What a step of training sees, and what it loses.

The network says again what it heard, in the voice that said it. What it hears is bent: the length of the vocal tract
and the colour of the room are not to be relied upon, so that codes made of it tell little of them (information
perturbation: Choi et al. 2021, "Neural analysis and synthesis", arXiv 2110.14513). What it is to say is not.

Legend of shapes: N windows, T frames, B bands, K things told, A aperiodicities.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy import job
from understudy.errors import SpeechError
from understudy.learning import Draws
from understudy.media.read import blocks
from understudy.methods import Footage
from understudy.methods.vqvc.bands import BANDS, warped
from understudy.methods.vqvc.config import Config
from understudy.methods.vqvc.manner import Manner, Tally, floored, told
from understudy.methods.vqvc.network import DECIBELS, POWER, Converter
from understudy.methods.vqvc.vocoder import HOP, RATE, Analysis, analysed

_TILTS = 4
_ENOUGH = 2  # windows: with less there is no choice between them


@dataclass(frozen=True, kw_only=True, eq=False)
class Voice:
    """All frames of a subject, one segment after another, and their manner."""

    subject: str
    manner: Manner
    bands_TB: NDArray[np.float32]
    told_KT: NDArray[np.float32]
    airy_TA: NDArray[np.float32]


class Lesson(NamedTuple):
    """A batch of windows: what is heard, bent (N, B, T); what is told (N, K, T); whose it is (N).

    And what is to be said: bands (N, B, T) and aperiodicity in dB (N, A, T).
    """

    shape: Tensor
    told: Tensor
    subjects: Tensor
    bands: Tensor
    airy: Tensor


def least(config: Config) -> int:
    """The frames that there must be of everybody."""
    return _ENOUGH * config.window


def voice(footage: Footage, config: Config) -> Voice:
    """Analyses a subject's segments. Raises SpeechError when there are none, or less than two windows of speech."""
    paths = [path for segments in footage.segments for path in segments.paths]
    found = [
        analysed(np.concatenate([np.zeros(0, np.float32), *blocks(path, RATE)]), config.estimator) for path in paths
    ]
    found = [each for each in found if len(each.bands_TB)]
    frames, due = sum(len(each.bands_TB) for each in found), least(config)
    if frames < due:
        fact = f"{frames * HOP:.1f} s of speech were extracted of them, in {len(paths)} segments"
        remedy = f"Give at least {due * HOP:.1f} s; a voice is learned from minutes."
        raise SpeechError(footage.subject, fact, remedy)
    job.log(f"{footage.subject}: {frames * HOP:.0f} s of speech in {len(paths)} segments")
    return _voice(footage.subject, found)


def _voice(subject: str, found: Sequence[Analysis]) -> Voice:
    tally = Tally()
    for each in found:
        tally.add(each.bands_TB, each.contour_M)
    manner = tally.manner()
    return Voice(
        subject=subject,
        manner=manner,
        bands_TB=np.concatenate([floored(each.bands_TB, manner) for each in found]),
        told_KT=np.concatenate([told(each.bands_TB, each.contour_M, manner) for each in found], axis=1),
        airy_TA=np.concatenate([each.aperiodicity_TA for each in found]),
    )


class Lessons:
    """The batches, each a function of the seed and the step alone. images: windows in one.

    Every subject is as likely as any other, and so is every window of theirs.
    """

    def __init__(self, voices: Sequence[Voice], config: Config, seed: int) -> None:
        self.voices, self.config, self.draws = voices, config, Draws(seed)
        self.images = config.learning.batch

    def at(self, step: int) -> Lesson:
        """The batch of any step."""
        generator, config = self.draws.at(step), self.config
        subjects = generator.integers(len(self.voices), size=config.learning.batch)
        windows = [self.window(self.voices[number], generator) for number in subjects]
        bands_NBT, told_NKT, airy_NAT = (torch.from_numpy(np.stack(each)) for each in zip(*windows, strict=True))
        usual_NB = torch.from_numpy(np.stack([self.voices[number].manner.shape_B for number in subjects]))
        factors = np.exp(generator.uniform(-config.tract, config.tract, len(subjects))).astype(np.float32)
        tilts = generator.normal(0.0, config.tilt, (len(subjects), _TILTS)).astype(np.float32)
        shape_NBT = bent(shapes(bands_NBT, usual_NB), torch.from_numpy(factors), torch.from_numpy(tilts))
        return Lesson(shape_NBT, told_NKT, torch.from_numpy(subjects), bands_NBT, airy_NAT)

    def window(self, side: Voice, generator: np.random.Generator) -> tuple[NDArray[np.float32], ...]:
        """A window of a subject's frames, told of and aperiodicity, each with its frames last."""
        first = int(generator.integers(len(side.bands_TB) - self.config.window + 1))
        part = slice(first, first + self.config.window)
        return side.bands_TB[part].T, side.told_KT[:, part], side.airy_TA[part].T


def shapes(bands_NBT: Tensor, usual_NB: Tensor) -> Tensor:
    """What the encoder hears of envelopes: their bands without their level, less what is usual for the speaker."""
    return bands_NBT - bands_NBT.mean(dim=1, keepdim=True) - usual_NB[:, :, None]


def bent(shape_NBT: Tensor, factor_N: Tensor, tilt_NJ: Tensor) -> Tensor:
    """Shapes of a vocal tract of another length, in a room of another colour."""
    places_B = (torch.arange(BANDS) + 0.5) / BANDS
    waves_JB = torch.cos(torch.pi * torch.arange(1, tilt_NJ.shape[1] + 1)[:, None] * places_B)
    return warped(shape_NBT, factor_N, RATE) + (tilt_NJ @ waves_JB)[:, :, None]


def step(network: Converter, lesson: Lesson, config: Config) -> dict[str, Tensor]:
    """The losses of a batch by name: mean absolute errors of the envelope and, where there is voice, of its air."""
    bands_NBT, airy_NAT = network(lesson.shape, lesson.told, lesson.subjects)
    envelope = (bands_NBT - lesson.bands).abs().mean() / POWER
    airy = ((airy_NAT - lesson.airy).abs() * lesson.told[:, 2:]).mean() / DECIBELS
    return {"loss": envelope + config.airy * airy, "envelope": envelope, "airy": airy}
