"""Recognition: whether a recogniser reads the same words in the fake as in the driver's own recording.

The recogniser is wav2vec 2.0 of base size, fine-tuned to spell English (Baevski et al. 2020), whose weights the study
gives by path and sha256: `wav2vec2`, the model.safetensors of facebook/wav2vec2-base-960h or another file of its
shapes. What it hears in the driver stands for what was said, whoever drives: the driver's own row is 0, and what
remains in the truth's row is how far the two voices differ for it. It knows English alone, and spells by ear. Without
the weights there are no rows; `words` needs none.

Rows, the least number of insertions, deletions and substitutions (Levenshtein 1966) over how many words or characters
the driver says; above 1 where the fake says more. n = words, characters of the driver:
  `word error rate`       share of words, lower
  `character error rate`  share of characters, spaces counted, lower
NaN where nothing is heard in the driver.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from understudy.metrics._case import Case, Damage, Meter, Quantity, Row, Stream, row
from understudy.metrics._sound import Listening, sounds
from understudy.metrics._wav2vec import Recogniser, recogniser, transcribe

FAMILIES = ("voice",)
LOOKS_AT: tuple[Stream, ...] = ()
NETWORKS = ("wav2vec2",)
WORDS = Quantity("word error rate", "share of words", "lower")
CHARACTERS = Quantity("character error rate", "share of characters", "lower")
SEES: dict[str, tuple[Damage, ...]] = {each.name: ("muffling", "other words") for each in (WORDS, CHARACTERS)}


def meter(case: Case) -> Meter | None:
    """Compares with the driver's words; None without weights. Raises CheckpointError for other weights."""
    path = case.networks.get(NETWORKS[0])
    return None if path is None else Listening(partial(_rows, case, recogniser(path)))


def _rows(case: Case, network: Recogniser) -> list[Row]:
    both = sounds(case)
    if both is None:
        return [row(each, np.nan, 0) for each in (WORDS, CHARACTERS)]
    fake, driver = (transcribe(network, sound.samples_N) for sound in both)
    return [
        row(each, *error_rate(heard, said))
        for each, heard, said in ((WORDS, fake.split(), driver.split()), (CHARACTERS, fake, driver))
    ]


def error_rate(heard: Sequence[str], said: Sequence[str]) -> tuple[float, int]:
    """The edits from what was said to what was heard, over the length of what was said; and that length."""
    if not said:
        return np.nan, 0
    edits = list(range(len(heard) + 1))  # from nothing said to each beginning of what was heard
    for number, right in enumerate(said, start=1):
        corner, edits[0] = edits[0], number
        for at, other in enumerate(heard, start=1):
            corner, edits[at] = edits[at], min(edits[at] + 1, edits[at - 1] + 1, corner + (right != other))
    return edits[-1] / len(said), len(said)
