"""Settings of the `vqvc` method. Whole ones by name stand in `presets`."""

from dataclasses import dataclass

from understudy.learning import Learning
from understudy.methods.vqvc.network import STRIDE, Architecture
from understudy.speech.pitch import Estimator


@dataclass(frozen=True, kw_only=True)
class Config:
    """How voices are learned and converted. Every field is written in the study's YAML.

    channels, encoder, decoder, levels, voice: see `network.Architecture`. A code every 20 ms carries the sum of the
    logarithms of its levels: fewer leave less room for who spoke, and for what was said.
    window: frames of 10 ms that are learned from at once. learning.batch: windows of a step, of all subjects.
    tract, tilt: how far what the encoder hears is bent while it learns, so that it cannot tell who spoke: the largest
        change of the length of the vocal tract, as a share, and the spread of the four lowest cosines that are added
        to the log spectrum, in nepers of power.
    airy: weight of the error of aperiodicity, in tens of dB, beside that of the envelope.
    estimator: of F0.
    sharpness: how far the envelope is drawn from the speaker's mean; 1 leaves it as decoded, smoother than speech.
    """

    channels: int
    encoder: int
    decoder: int
    levels: tuple[int, ...]
    voice: int
    window: int
    tract: float
    tilt: float
    airy: float
    estimator: Estimator
    sharpness: float
    learning: Learning

    def __post_init__(self) -> None:
        for name in ("channels", "encoder", "decoder", "voice"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more")
        if not self.levels or min(self.levels) < 2:
            raise ValueError("levels must name at least one scalar, each of 2 levels or more")
        if self.window < 16 or self.window % STRIDE:
            raise ValueError(f"window must be 16 frames or more, and a multiple of {STRIDE}")
        if not 0 <= self.tract < 0.5 or self.tilt < 0 or self.airy < 0:
            raise ValueError("tract must be from 0 to below .5, tilt and airy 0 or more")
        if not 0.5 <= self.sharpness <= 2:
            raise ValueError("sharpness must be from .5 to 2")

    def architecture(self, subjects: int) -> Architecture:
        """What of these settings shapes a network for so many subjects."""
        return Architecture(
            subjects=subjects,
            channels=self.channels,
            encoder=self.encoder,
            decoder=self.decoder,
            levels=self.levels,
            voice=self.voice,
        )
