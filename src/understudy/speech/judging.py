"""What is measured of each stretch of a recording, and which stretches are no use for learning a voice.

Shapes: T frames of 10 ms.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from understudy.speech.activity import HOP, Activity, activity, decibels
from understudy.speech.cutting import Stretch, cut
from understudy.speech.loudness import integrated_loudness
from understudy.speech.recording import Recording
from understudy.speech.segmenting import Segmenting
from understudy.speech.voicing import voicing

COLUMNS: Final = {
    "number": "its place in the recording; of a kept segment, the name of its wav",
    "start_s": "s from the recording's first sample",
    "seconds": "its length",
    "level_db": "root mean square, dBFS",
    "loudness_lufs": "ITU-R BS.1770-4",
    "clipped": "share of the samples that were cut off",
    "snr_db": "speech over the noise around it",
    "f0_low_hz": "5th percentile of the pitch",
    "f0_high_hz": "95th percentile of the pitch",
    "voiced": "share of the speech that has a pitch",
    "steady": "share of the voiced frames whose pitch stands still",
    "silence": "share of the time without speech",
    "distance": "1 - cosine of its voice and the recording's",
    "kept": "whether it is one of the segments",
    "reason": "why not",
}
REASONS: Final = {
    "silence": "no speech between segments",
    "short": "shorter than `shortest`",
    "silent": "mostly without speech",
    "quiet": "below `quietest`",
    "clipped": "cut off at full scale",
    "tones": "the pitch stands still: music, not speech",
    "unvoiced": "no pitch: whispered, or noise",
    "noisy": "too little above the noise",
}
_AROUND = 100  # frames to each side in which the noise of a stretch is sought
_ENOUGH = 20  # frames of it that are needed
_HIGHEST_SNR = 90.0  # dB: of what has no noise at all
_STILL, _APART = 0.005, 5  # change of pitch over as many frames to either side below which it stands still
_STEADY = 30  # such frames below which nothing is said of it


@dataclass(frozen=True, kw_only=True, eq=False)
class Heard:
    """What is known of a whole recording. f0_T: Hz, NaN without a pitch."""

    recording: Recording
    activity: Activity
    f0_T: NDArray[np.float32]


def hear(recording: Recording) -> Heard:
    """Finds the speech and the pitch of a recording."""
    return Heard(recording=recording, activity=activity(recording.heard_N), f0_T=voicing(recording.heard_N))


def judge(heard: Heard, settings: Segmenting) -> pd.DataFrame:
    """A row for each stretch, with COLUMNS; `distance` is still unknown."""
    stretches = cut(heard.activity, heard.recording.seconds, settings)
    rows = [_row(number, stretch, heard, settings) for number, stretch in enumerate(stretches)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(number: int, stretch: Stretch, heard: Heard, settings: Segmenting) -> dict[str, Any]:
    rate = heard.recording.rate
    samples_N = heard.recording.full_N[round(stretch.start * rate) : round(stretch.stop * rate)]
    frames = slice(round(stretch.start / HOP), round(stretch.stop / HOP))
    power = float(np.mean(np.square(samples_N), dtype=np.float64)) if len(samples_N) else 0.0
    row = {
        "number": number,
        "start_s": stretch.start,
        "seconds": stretch.stop - stretch.start,
        "level_db": float(decibels(np.array(power))),
        "loudness_lufs": max(integrated_loudness(samples_N, rate), -120.0),
        "clipped": heard.recording.clipped(stretch.start, stretch.stop),
        "snr_db": _snr(heard.activity, frames),
        **_pitch(heard, frames),
        "silence": 1 - float(heard.activity.speech_T[frames].mean()) if frames.stop > frames.start else 1.0,
        "distance": math.nan,
    }
    reason = _reason(row, settings) if stretch.speech else "silence"
    return {**row, "kept": not reason, "reason": reason}


def _snr(found: Activity, frames: slice) -> float:
    """dB of the mean power of the speech in these frames over that of the noise: of the frames without speech within
    a second or, where there are too few, the noise floor. NaN without speech."""
    speech_T = found.speech_T[frames]
    if not speech_T.any():
        return math.nan
    middle = (frames.start + frames.stop) // 2
    sides = slice(max(frames.start - _AROUND, 0), middle), slice(middle, frames.stop + _AROUND)
    pauses = [found.power_T[side][~found.speech_T[side]] for side in sides]
    # Medians, as pauses hold clicks and breaths. Of both sides the noisier: where noise begins, it lies under speech.
    noises = [float(np.median(pauses_T)) for pauses_T in pauses if len(pauses_T) >= _ENOUGH]
    noise = max(noises, default=float(np.median(found.noise_T[frames])))
    signal = float(found.power_T[frames][speech_T].mean()) - noise
    if signal <= 0:
        return 0.0
    return min(10 * math.log10(signal / max(noise, 1e-12)), _HIGHEST_SNR)


def _pitch(heard: Heard, frames: slice) -> dict[str, float]:
    """The range of the pitch, how much of the speech has one, and how much of that stands still."""
    speech_T = heard.activity.speech_T[frames][: len(heard.f0_T[frames])]
    f0_T = np.where(speech_T, heard.f0_T[frames][: len(speech_T)], np.nan)
    voiced_T = np.isfinite(f0_T)
    if not voiced_T.any():
        return {"f0_low_hz": math.nan, "f0_high_hz": math.nan, "voiced": 0.0, "steady": math.nan}
    low, high = np.percentile(f0_T[voiced_T], (5, 95))
    ratio_T = f0_T[2 * _APART :] / f0_T[: -2 * _APART]
    ratio_T = ratio_T[np.isfinite(ratio_T)]
    steady = float((np.abs(np.log(ratio_T)) < _STILL).mean()) if len(ratio_T) >= _STEADY else math.nan
    voiced = float(voiced_T.sum() / speech_T.sum())
    return {"f0_low_hz": float(low), "f0_high_hz": float(high), "voiced": voiced, "steady": steady}


def _reason(row: dict[str, Any], settings: Segmenting) -> str:
    """The first of REASONS that holds for a segment, or nothing."""
    broken = {
        "short": row["seconds"] < settings.shortest - 1e-9,
        "silent": row["silence"] > settings.silence,
        "quiet": row["level_db"] < settings.quietest,
        "clipped": row["clipped"] > settings.clipped,
        "tones": row["steady"] > settings.steady,
        "unvoiced": row["voiced"] < settings.voiced,
        "noisy": row["snr_db"] < settings.snr,
    }
    return next((reason for reason, held in broken.items() if held), "")
