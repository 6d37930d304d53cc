"""The settings of `world`."""

from dataclasses import dataclass, field
from typing import Final, Literal

RATE: Final = 22_050
"""Samples a second: the cast's own, so that no empty band above their speech bends the mel-cepstra."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """How voices are learned, and how speech is said in them.

    order: the last mel-cepstral coefficient that is converted. components: Gaussians of the mixture, where two people
    say the same; a pairing by nearness takes `nearby` of them. covariance: whether a component's coefficients vary
    together ("full"), or each with its counterpart alone ("diagonal"). iterations: of expectation and maximisation,
    each time that pairs are made. pairing: "parallel" takes sentences that both say, and refuses where there are none;
    "nearest" pairs each frame with the nearest of the other's; "auto" as there are such sentences or not. speech:
    seconds of each person's that are learned from, the first of their clips.
    synthesis: "vocoder" makes the sound anew from its analysis; "differential" moves the driver's own waveform to the
    new pitch and filters it by the difference of the two envelopes. variance: how much of the variance that averaging
    took from the coefficients is given back, 0 to 1. level: whose mean loudness the sound has. piece: seconds that are
    converted at once.
    """

    order: int
    components: int
    nearby: int
    covariance: Literal["full", "diagonal"]
    iterations: int
    pairing: Literal["auto", "parallel", "nearest"]
    speech: float
    synthesis: Literal["vocoder", "differential"]
    variance: float
    level: Literal["driver", "source"]
    piece: float = field(default=20.0, metadata={"optional": True})

    def __post_init__(self) -> None:
        if not 12 <= self.order <= 60:
            raise ValueError("order must be between 12 and 60")
        for name in ("components", "nearby", "iterations"):
            if not 1 <= getattr(self, name) <= 256:
                raise ValueError(f"{name} must be between 1 and 256")
        if not self.speech >= 1:
            raise ValueError("speech must be 1 (second) or more")
        if not 0 <= self.variance <= 1:
            raise ValueError("variance must be between 0 and 1")
        if not 5 <= self.piece <= 120:
            raise ValueError("piece must be between 5 and 120 (seconds)")
