"""Loudness: how loud, how clipped and how noisy the fake's sound is.

Loudness is integrated and gated as in ITU-R BS.1770-4 (`understudy.speech.loudness`), a difference of one LU is one dB.
A sample counts as clipped in a run of three or more at full scale (within .1 %) on one side; that is told on the
fake's samples as they are stored, at their own rate. The signal-to-noise ratio is an estimate from the one recording,
after NIST's STNR: of the powers of its 10 ms the twentieth from below is the noise (raised by what the least of noise
lies below its mean), and what is heard has the mean of those 6 dB above it and less than 30 dB below the loud ones,
less that noise. Digital silence (below -90 dBFS) before and after is not counted; above 60 dB nothing is told apart.
It takes for noise only what goes on in pauses: the buzz of a vocoder that stops with the voice is not seen. Speech
without pauses has its weakest sounds in the noise's place: read it beside the driver's.

Rows, n = samples of the fake, of the ratio frames of 10 ms:
  `loudness difference`    LU, near 0: the fake's less the driver's
  `clipped share`          share of samples, lower
  `signal-to-noise ratio`  dB, higher
"""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from understudy import media
from understudy.metrics._case import Case, Damage, Meter, Quantity, Row, Stream, row
from understudy.metrics._sound import Listening, sound, sounds
from understudy.speech.loudness import integrated_loudness

FAMILIES = ("voice",)
LOOKS_AT: tuple[Stream, ...] = ()
DIFFERENCE = Quantity("loudness difference", "LU", "near 0")
CLIPPED = Quantity("clipped share", "share of samples", "lower")
RATIO = Quantity("signal-to-noise ratio", "dB", "higher")
SEES: dict[str, tuple[Damage, ...]] = {RATIO.name: ("noise",)}
FULL, RUN = 0.999, 3
FRAME, FEWEST = 160, 20  # samples, frames
SILENCE = 1e-9  # power
LEAST = 1.2  # the mean of noise over the twentieth part of its powers in 10 ms
CLEANEST = 60.0  # dB


def meter(case: Case) -> Meter | None:
    """Compares with the driver's sound."""
    return Listening(partial(_rows, case))


def _rows(case: Case) -> list[Row]:
    path = case.sound or case.fake
    if sounds(case) is None or (heard := sound(path, case.heard_from)) is None:
        return [row(quantity, np.nan, 0) for quantity in (DIFFERENCE, CLIPPED, RATIO)]
    samples_N, rate = _stored(path, case.heard_from)
    louder = integrated_loudness(samples_N, rate) - integrated_loudness(*_stored(case.driver, case.heard_from))
    ratio, frames = signal_to_noise(heard.samples_N)
    return [
        row(DIFFERENCE, louder if np.isfinite(louder) else np.nan, len(samples_N)),
        row(CLIPPED, clipped(samples_N), len(samples_N)),
        row(RATIO, ratio, frames),
    ]


def _stored(path: Path, start: float) -> tuple[NDArray[np.float32], int]:
    samples_N, rate = media.sound(path)
    return samples_N[round(start * rate) :], rate


def clipped(samples_N: NDArray[np.floating]) -> float:
    """The share of samples that stand at full scale for three or more in a row."""
    cut = 0
    for side in (1, -1):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], side * samples_N >= FULL, [0]])))
        lengths = edges[1::2] - edges[::2]
        cut += int(lengths[lengths >= RUN].sum())
    return cut / max(len(samples_N), 1)


def signal_to_noise(samples_N: NDArray[np.floating]) -> tuple[float, int]:
    """The estimated ratio in dB of samples at 16 kHz, and of how many frames of 10 ms; NaN with fewer than twenty."""
    count = len(samples_N) // FRAME
    power_T = np.square(samples_N[: count * FRAME], dtype=np.float64).reshape(count, FRAME).mean(axis=1)
    there = np.flatnonzero(power_T > SILENCE)
    power_T = power_T[there[0] : there[-1] + 1] if len(there) else power_T[:0]
    if len(power_T) < FEWEST:
        return np.nan, len(power_T)
    noise = max(float(np.percentile(power_T, 5)) * LEAST, SILENCE)
    loud = float(np.percentile(power_T, 95))
    voice = float(power_T[power_T > max(loud / 1000, min(4 * noise, loud / 2))].mean()) - noise
    ratio = max(voice, 1e-3 * noise) / noise
    return min(float(10 * np.log10(ratio)), CLEANEST), len(power_T)
