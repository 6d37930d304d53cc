"""Mel-cepstral distortion: how far the fake's spectrum is from the exact fake's, in dB.

The truth is the source's own voice saying what the driver says; synthetic actors have it, and whoever read the same
text. Mel-cepstra of WORLD's spectral envelope (`understudy.speech.cepstrum`: CheapTrick, 24 coefficients, at 16 kHz,
every 5 ms) are brought into step by dynamic time warping, in the coefficients that are compared, and then held against
each other:
  MCD = 10 / ln 10 mean over the pairs of sqrt(2 sum over d = 1..24 of (a_d - b_d)^2)
(Kubichek 1993, "Mel-cepstral distance measure for objective speech quality assessment", section 2). The 0th
coefficient, loudness, is left out, and so are the frames 30 dB below the loud parts: pauses say nothing of a spectrum.
Other definitions (other analyses, orders, rates, silence kept) give other numbers: compare no published one.

Row: `mel-cepstral distortion`, dB, lower, n = pairs. None without a truth.
"""

from functools import partial

import numpy as np

from understudy.metrics._case import Case, Damage, Meter, Quantity, Row, Stream, row
from understudy.metrics._sound import Listening, Sound, sound
from understudy.speech.alignment import align
from understudy.speech.cepstrum import distortion

FAMILIES = ("voice",)
LOOKS_AT: tuple[Stream, ...] = ()
DISTORTION = Quantity("mel-cepstral distortion", "dB", "lower")
SEES: dict[str, tuple[Damage, ...]] = {DISTORTION.name: ("noise", "muffling", "wrong speaker", "other words")}
BAND = 200  # frames of 5 ms that the two may be out of step: a second


def meter(case: Case) -> Meter | None:
    """Compares with the truth; None without one."""
    return Listening(partial(_rows, case)) if case.truth is not None else None


def _rows(case: Case) -> list[Row]:
    assert case.truth is not None  # `meter` made sure
    fake, truth = sound(case.sound or case.fake, case.heard_from), sound(case.truth, case.heard_from)
    if fake is None or truth is None:
        return [row(DISTORTION, np.nan, 0)]
    return [row(DISTORTION, *compare(fake, truth))]


def compare(a: Sound, b: Sound) -> tuple[float, int]:
    """The distortion of two sounds in dB, and of how many pairs of frames."""
    a_TD, b_UD = (each.cepstrum[each.heard] for each in (a, b))
    path_P2 = align(a_TD[:, 1:], b_UD[:, 1:], BAND)
    return distortion(a_TD, b_UD, path_P2), len(path_P2)
