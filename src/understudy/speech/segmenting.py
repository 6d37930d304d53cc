"""The settings of speech extraction."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Segmenting:
    """How the speech of a recording is cut into segments, and which of them are of use.

    seconds: the longest a segment may be. shortest: one of less, in seconds, is dropped.
    cut: "pauses" cuts in pauses of the speech where there are any, else at the quietest moment; "fixed" cuts every
    `seconds` from the start, as ffmpeg's segment muxer does to a plain wav.
    trim: whether silence before, between and after segments is left out (only of "pauses").
    rate: of the written segments, Hz.
    loudness: LUFS that the kept segments of a recording have together, by one gain that keeps peaks below -1 dBFS;
    null: as they are.
    quietest: dBFS of the root mean square below which a segment, as recorded, is dropped.
    clipped: share of clipped samples above which it is. snr: dB below which it is. silence: share of silence above
    which it is. voiced: share of the speech with a pitch below which it is dropped as unvoiced (whispers). steady:
    share of the voiced frames whose pitch stands still above which it is dropped as tones (music).
    fewest: kept segments below which the recording is refused.
    """

    seconds: float = 7.0
    shortest: float = 1.0
    cut: Literal["pauses", "fixed"] = "pauses"
    trim: bool = True
    rate: int = 44_100
    loudness: float | None = -23.0
    quietest: float = -55.0
    clipped: float = 0.005
    snr: float = 10.0
    silence: float = 0.6
    voiced: float = 0.1
    steady: float = 0.6
    fewest: int = 1

    def __post_init__(self) -> None:
        if not 0.5 <= self.seconds <= 60:
            raise ValueError("seconds must be between 0.5 and 60")
        if not 0.3 <= self.shortest <= self.seconds / 2:
            raise ValueError("shortest must be between 0.3 and half of seconds")
        if not 8000 <= self.rate <= 96_000:
            raise ValueError("rate must be between 8000 and 96000")
        if self.loudness is not None and not -50 <= self.loudness <= -5:
            raise ValueError("loudness must be between -50 and -5, or null")
        for name in ("clipped", "silence", "voiced", "steady"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be between 0 and 1")
        if self.fewest < 1:
            raise ValueError("fewest must be above 0")
