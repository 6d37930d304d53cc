"""Whether one person speaks in a recording: how far the voices of its segments lie apart.

Shapes: M segments, P utterances of 1.6 s (several a segment), 256 an embedding.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from understudy.errors import CheckpointError, SpeechError
from understudy.speech.recording import HEARD, Recording

# Cosine of the two groups' voices below which they are taken for two people's: the utterances of two people's own
# recordings had .95 and .97, those of any two of six people .52 to .75 (Resemblyzer 0.1.4).
_ALIKE = 0.83
_LONG = 1.6  # s of a segment below which its utterance is padded, and left out of the groups
_FEWEST, _SECOND = 6, 2  # utterances that are grouped, and those that make a second person
_MOST = 2000  # utterances that are looked at, evenly spread: half an hour


def compare(recording: Recording, table: pd.DataFrame) -> list[str]:
    """Fills the column `distance` of the kept segments, and returns what is to be warned of.

    Without the published weights of the encoder the distances stay unknown, and that is told.
    """
    from understudy.speech.embedding import utterances  # brings torch, which settings and tables do without

    found: dict[int, NDArray[np.float32]] = {}
    starts_M, seconds_M = table["start_s"].to_numpy(float), table["seconds"].to_numpy(float)
    for row in np.flatnonzero(table["kept"]):
        start, stop = float(starts_M[row]), float(starts_M[row] + seconds_M[row])
        try:
            found[int(row)] = utterances(recording.heard_N[round(start * HEARD) : round(stop * HEARD)])
        except CheckpointError as error:
            return [f"whether one person speaks in it is not known: {error.thing} {error.fact}"]
        except SpeechError:  # nothing to hear in it
            continue
    if not found:
        return []
    means_M256 = np.stack([_unit(voices_P256.mean(0)) for voices_P256 in found.values()])
    table.loc[list(found), "distance"] = 1 - means_M256 @ _unit(means_M256.mean(0))
    long = {row: voices_P256 for row, voices_P256 in found.items() if seconds_M[row] >= _LONG}
    return _suspicion({float(starts_M[row]): voices_P256 for row, voices_P256 in long.items()})


def _suspicion(voices: dict[float, NDArray[np.float32]]) -> list[str]:
    """A warning when utterances, by the start of their segment (s), fall into two groups of different voices."""
    voices_P256 = np.concatenate([np.zeros((0, 256), np.float32), *voices.values()])
    if len(voices_P256) < _FEWEST:
        return []
    starts_P = np.concatenate([np.full(len(each), start) for start, each in voices.items()])
    step = -(-len(voices_P256) // _MOST)
    voices_P256, starts_P = voices_P256[::step], starts_P[::step]
    second_P = groups(voices_P256)
    if second_P.sum() < _SECOND:
        return []
    cosine = float(_unit(voices_P256[second_P].mean(0)) @ _unit(voices_P256[~second_P].mean(0)))
    if cosine >= _ALIKE:
        return []
    times = [f"{start:.1f}" for start in np.unique(starts_P[second_P])]
    shown = ", ".join(times[:5]) + (" and later" if len(times) > 5 else "")
    return [
        f"two people may speak in it: {second_P.sum()} of {len(second_P)} utterances, in the segments at {shown} s, "
        f"have another voice (cosine {cosine:.2f}; one person's have {_ALIKE} or more)"
    ]


def groups(voices_P256: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which embeddings are in the smaller of two groups: k-means, from the pair that is furthest apart."""
    likeness_PP = voices_P256 @ voices_P256.T
    centres_2256 = voices_P256[list(np.unravel_index(int(likeness_PP.argmin()), likeness_PP.shape))]
    second_P = np.zeros(len(voices_P256), np.bool_)
    for _ in range(20):
        second_P = np.asarray(np.diff(voices_P256 @ centres_2256.T, axis=1)[:, 0] > 0)
        if second_P.all() or not second_P.any():
            break
        centres_2256 = np.stack([_unit(voices_P256[second_P == side].mean(0)) for side in (False, True)])
    return ~second_P if second_P.mean() > 0.5 else second_P


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12))
