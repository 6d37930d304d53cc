"""Naturalness: what people would say of the voice, as a network predicts it.

NISQA-TTS (Mittag and Moeller 2020) was taught by listeners' scores of synthetic speech, from 1, bad, to 5, excellent.
The study gives its weights by path and sha256: `nisqa-tts`, the authors' weights/nisqa_tts.tar (CC BY-NC-SA 4.0).
Without them there are no rows. It hears 16 kHz here, and was taught on speech of several rates: compare its scores
within a study, beside those of the driver and the truth, and not with published ones. A sentence of the cast (1.9) lost
.6 by other words' order and .2 by noise 10 dB below it, and gained 2.4 when it was said eight semitones higher: two
voices are not compared by it, but what two methods make of one.

Row: `predicted naturalness`, MOS, higher, n = windows of 150 ms, every 10 ms.
"""

from functools import partial

import numpy as np

from understudy.metrics._case import Case, Damage, Meter, Quantity, Row, Stream, row
from understudy.metrics._nisqa import Naturalness, naturalness, score
from understudy.metrics._sound import Listening, sound

FAMILIES = ("voice",)
LOOKS_AT: tuple[Stream, ...] = ()
NETWORKS = ("nisqa-tts",)
NATURALNESS = Quantity("predicted naturalness", "MOS", "higher")
SEES: dict[str, tuple[Damage, ...]] = {NATURALNESS.name: ("noise", "other words")}


def meter(case: Case) -> Meter | None:
    """Listens to the fake alone; None without weights. Raises CheckpointError for other weights."""
    path = case.networks.get(NETWORKS[0])
    return None if path is None else Listening(partial(_rows, case, naturalness(path)))


def _rows(case: Case, network: Naturalness) -> list[Row]:
    fake = sound(case.sound or case.fake, case.heard_from)
    return [row(NATURALNESS, *((np.nan, 0) if fake is None else score(network, fake.samples_N)))]
