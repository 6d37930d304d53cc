"""Speaker: whose voice a recogniser hears in the fake.

A voice is a d-vector (Wan et al. 2018) by the network of `understudy.speech.embedding`, with the weights that
Resemblyzer 0.1.4 publishes. A recording is embedded in utterances of 1.6 s, silence left out; the fake's mean is held
against the mean over the source's recordings and over the driver's (those that are not measured; without any of the
driver's, against the driver's clip itself). Of a recording the first five minutes are heard. Two of espeak's voices,
each saying two sentences: the same voice .88 to .90, two voices .57 to .60.
A method whose own loss or input is this very network is not judged by it.

Rows, n = utterances of the fake:
  `speaker similarity to source`  cosine, 0 to 1, higher is better
  `speaker similarity to driver`  cosine, lower is better: the fake should leave the driver's voice
  `voice nearer to source`        share of the utterances that are nearer to the source than to the driver, higher
Without recordings of the source there are none.
"""

from collections.abc import Sequence
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from understudy.metrics._case import Case, Damage, Meter, Quantity, Row, Stream, row
from understudy.metrics._sound import Listening, opening, sound
from understudy.speech.embedding import mean, similarity, utterances

FAMILIES = ("voice",)
LOOKS_AT: tuple[Stream, ...] = ()
SOURCE = Quantity("speaker similarity to source", "cosine", "higher")
DRIVER = Quantity("speaker similarity to driver", "cosine", "lower")
NEARER = Quantity("voice nearer to source", "share of utterances", "higher")
SEES: dict[str, tuple[Damage, ...]] = {SOURCE.name: ("muffling", "wrong speaker"), NEARER.name: ("wrong speaker",)}
LONGEST = 300.0  # seconds of a recording


def meter(case: Case) -> Meter | None:
    """Compares the voice with those of the recordings; None without any of the source."""
    return Listening(partial(_rows, case)) if case.recordings else None


def _rows(case: Case) -> list[Row]:
    fake = sound(case.sound or case.fake, case.heard_from)
    if fake is None:
        return [row(quantity, np.nan, 0) for quantity in (SOURCE, DRIVER, NEARER)]
    voices_P256 = utterances(fake.samples_N)
    source_256, driver_256 = speaker(case.recordings), speaker(case.driver_recordings or (case.driver,))
    nearer = voices_P256 @ source_256 > voices_P256 @ driver_256
    values = similarity(mean(voices_P256), source_256), similarity(mean(voices_P256), driver_256), nearer.mean()
    return [row(q, float(value), len(nearer)) for q, value in zip((SOURCE, DRIVER, NEARER), values, strict=True)]


def speaker(recordings: Sequence[Path]) -> NDArray[np.float32]:
    """The mean voice of recordings, each counted alike. Raises SpeechError where one holds nothing to be heard."""
    return mean(np.stack([_voice(path, path.stat().st_mtime_ns, path.stat().st_size) for path in recordings]))


@lru_cache(maxsize=32)
def _voice(path: Path, changed: int, size: int) -> NDArray[np.float32]:
    """The voice of one recording, kept: every fake of a source is held against the same."""
    return mean(utterances(opening(path, LONGEST)))
