"""Whether one person speaks in a recording: how far the voices of its segments lie apart.

Shapes: M segments, 256 an embedding.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from understudy.errors import CheckpointError, SpeechError
from understudy.speech.recording import HEARD, Recording

_ALIKE = 0.72  # cosine of the two groups' voices below which they are taken for two people's
_FEWEST = 3  # segments that are grouped
_LONGEST = 10.0  # s of a segment that are listened to


def compare(recording: Recording, table: pd.DataFrame) -> list[str]:
    """Fills the column `distance` of the kept segments, and returns what is to be warned of.

    Without the published weights of the encoder the distances stay unknown, and that is told.
    """
    from understudy.speech.embedding import embed  # brings torch, which settings and tables do without

    rows = np.flatnonzero(table["kept"])
    found: dict[int, NDArray[np.float32]] = {}
    starts_M, seconds_M = table["start_s"].to_numpy(float), table["seconds"].to_numpy(float)
    for row in rows:
        start = float(starts_M[row])
        stop = start + min(float(seconds_M[row]), _LONGEST)
        try:
            found[int(row)] = embed(recording.heard_N[round(start * HEARD) : round(stop * HEARD)])
        except CheckpointError as error:
            return [f"whether one person speaks in it is not known: {error.thing} {error.fact}"]
        except SpeechError:  # nothing to hear in it
            continue
    if not found:
        return []
    voices_M256 = np.stack(list(found.values()))
    middle = voices_M256.mean(0)
    table.loc[list(found), "distance"] = 1 - voices_M256 @ middle / np.linalg.norm(middle)
    return _suspicion(table, list(found), voices_M256)


def _suspicion(table: pd.DataFrame, rows: list[int], voices_M256: NDArray[np.float32]) -> list[str]:
    """A warning when the segments fall into two groups of different voices."""
    if len(rows) < _FEWEST:
        return []
    second_M = _groups(voices_M256)
    a, b = (voices_M256[second_M == side].mean(0) for side in (False, True))
    cosine = float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))
    if cosine >= _ALIKE:
        return []
    times = [f"{start:.1f}" for start in table["start_s"].to_numpy(float)[rows][second_M]]
    shown = ", ".join(times[:5]) + (" and more" if len(times) > 5 else "")
    return [
        f"two people may speak in it: {len(times)} of {len(rows)} segments (at {shown} s) have another voice "
        f"(cosine {cosine:.2f}; one person's parts have {_ALIKE} or more)"
    ]


def _groups(voices_M256: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The smaller of two groups, by k-means from the pair that is furthest apart."""
    likeness_MM = voices_M256 @ voices_M256.T
    first, other = np.unravel_index(int(likeness_MM.argmin()), likeness_MM.shape)
    centres_2256 = voices_M256[[first, other]]
    for _ in range(20):
        second_M = np.asarray(np.diff(voices_M256 @ centres_2256.T, axis=1)[:, 0] > 0)
        if second_M.all() or not second_M.any():
            break
        centres_2256 = np.stack([voices_M256[second_M == side].mean(0) for side in (False, True)])
        centres_2256 /= np.linalg.norm(centres_2256, axis=1, keepdims=True)
    return ~second_M if second_M.mean() > 0.5 else second_M
