"""Which frames of two voices say the same.

Shapes: T, U frames of two stretches, D coefficients, F = 2 D features, N pairs.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from understudy.methods.world.mixture import Array, features
from understudy.methods.world.voice import Said, Voice
from understudy.speech import alignment

SAME: Final = 0.865
"""The share of what chance aligns at, below which two stretches may say the same. See `parallel`."""
_SURE, _AHEAD = 0.75, 0.07  # below which they do; or by how much they must be ahead of every other partner
_COARSE = 4  # every fourth frame is enough to recognise a sentence
_PIECE = 10  # coarse frames (0.2 s) that stay together when a sentence is scrambled
_SCRAMBLED = 3
_LONGEST = 1.6  # how much longer one of two that say the same may be
_OFF = 0.15  # of the longer one's length, by which their time may differ on the way
_MOST = 120  # stretches of each voice that are held against the other's
_AROUND, _SMOOTH, _FIRST = 8, 3.0, 12  # frames before and after, frames of smoothing, coefficients
_VOICING = 3.0  # deviations that voiced and unvoiced frames are apart
_CONTEXT = 6  # frames before and after, whose coefficients belong to a frame when its like is looked for
_KEPT = 6000  # frames of each voice that are paired by nearness

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Numbers of frames of one voice and of the other that belong together."""


def parallel(first: Voice, second: Voice) -> list[tuple[int, int, float]]:
    """The stretches that both voices say, as their numbers, and the ratio by which they were recognised.

    Each stretch of one voice is aligned with each of the other's that is not longer than 1.6 times. The mean distance
    along the path is held against that to the same stretch in a scrambled order, pieces of 0.2 s by a fixed seed: what
    chance aligns at, for these very sounds. A pair says the same when neither has a better partner, the ratio is below
    SAME and, unless it is far below, no other partner comes near. No names and no texts are needed, and a single pair
    is recognised as well as many. Of synthetic voices of a man and a woman, sentences that both said had ratios of 0.55
    to 0.82, and others of 0.84 and more; of people who read other sentences at each time, 0.83 and more, the next 0.05
    behind.
    """
    ours, theirs = ([content(voice, each) for each in voice.said[:_MOST]] for voice in (first, second))
    ratios = np.full((len(ours), len(theirs)), np.inf)
    for i, a_TC in enumerate(ours):
        for j, b_UC in enumerate(theirs):
            short, long = sorted((len(a_TC), len(b_UC)))
            if short >= 2 * _PIECE and long <= _LONGEST * short:
                ratios[i, j] = _ratio(a_TC, b_UC)
    best = [(i, int(ratios[i].argmin())) for i in range(len(ours))]
    return [(i, j, float(ratios[i, j])) for i, j in best if _same(ratios, i, j)]


def _same(ratios: Array, i: int, j: int) -> bool:
    """Whether two stretches say the same, by the ratios of all."""
    others = np.concatenate([np.delete(ratios[i], j), np.delete(ratios[:, j], i)])
    ahead = float(others.min(initial=np.inf)) - ratios[i, j]
    return bool(ratios[i, j] < SAME and ahead >= 0 and (ratios[i, j] < _SURE or ahead >= _AHEAD))


def content(voice: Voice, said: Said) -> Array:
    """What is said and by nobody in particular, every 20 ms: the envelope's shape in units of the voice's own voiced
    and unvoiced frames, voicing, loudness; smoothed, and with what is 40 ms before and after. From the first to the
    last that is spoken."""
    units_TD = voice.classed(said)[:, :_FIRST]
    heard_TD = np.column_stack([units_TD, _VOICING * (said.f0_T > 0), said.loud_T])
    heard_TC = _around(scipy.ndimage.gaussian_filter1d(heard_TD, _SMOOTH, axis=0), _AROUND)
    spoken = np.flatnonzero(said.spoken_T)
    return heard_TC[spoken[0] : spoken[-1] + 1 : _COARSE] if len(spoken) else heard_TC[:0]


def _around(frames_TD: Array, distance: int) -> Array:
    """Each frame with those so far before and after it, (T, 3 D)."""
    padded = np.pad(frames_TD, ((distance, distance), (0, 0)), mode="edge")
    return np.concatenate([padded[: -2 * distance], frames_TD, padded[2 * distance :]], axis=1)


def _ratio(a_TD: Array, b_UD: Array) -> float:
    """The mean distance of two aligned stretches over that of one and the other scrambled."""
    band = round(_OFF * max(len(a_TD), len(b_UD)))
    draw = np.random.default_rng(0)
    pieces = np.array_split(b_UD, max(len(b_UD) // _PIECE, 2))
    chance = []
    for _ in range(_SCRAMBLED):
        order = draw.permutation(len(pieces))
        if (order == np.arange(len(pieces))).all():
            order = order[::-1]
        mixed_UD = np.concatenate([pieces[index] for index in order])
        chance.append(alignment.cost(a_TD, mixed_UD, alignment.align(a_TD, mixed_UD, band)))
    return alignment.cost(a_TD, b_UD, alignment.align(a_TD, b_UD, band)) / float(np.mean(chance))


def aligned(ours: Sequence[Said], theirs: Sequence[Said], moved: Sequence[Array], others: Sequence[Array]) -> Pairs:
    """The frames of two lists of stretches that say the same in this order, counted through both lists, in pairs.

    moved, others: the coefficients (T, D) and (U, D) by which they are aligned. Pauses are left out.
    """
    left, right, before = [], [], np.zeros(2, np.int64)
    for a, b, a_TD, b_UD in zip(ours, theirs, moved, others, strict=True):
        path_P2 = alignment.align(a_TD, b_UD, max(len(a_TD), len(b_UD)) // 3)
        both_P = a.spoken_T[path_P2[:, 0]] & b.spoken_T[path_P2[:, 1]]
        left.append(path_P2[both_P, 0] + before[0])
        right.append(path_P2[both_P, 1] + before[1])
        before += (len(a_TD), len(b_UD))
    return np.concatenate(left), np.concatenate(right)


def nearest(sought: Sequence[tuple[Said, Array]], found: Sequence[tuple[Said, Array]], seed: int) -> Pairs:
    """For spoken frames of one voice, converted to the other's, the nearest of the other's, in pairs.

    INCA's search (Erro, Moreno, Bonafonte 2010, "INCA algorithm for training voice conversion systems from nonparallel
    corpora"), here of a frame and of those 30 ms before and after it, voiced ones among voiced ones as long as there
    are any.
    """
    (seen_NC, voiced_N, at_N), (there_MC, sounding_M, place_M) = _pool(sought, seed), _pool(found, seed + 1)
    partner_N = np.zeros(len(at_N), np.int64)
    for kind in (True, False):
        asked, open_to = voiced_N == kind, sounding_M == kind
        if asked.any():
            partner_N[asked] = (place_M[open_to] if open_to.any() else place_M)[
                _closest(seen_NC[asked], there_MC[open_to] if open_to.any() else there_MC)
            ]
    return at_N, partner_N


def _pool(stretches: Sequence[tuple[Said, Array]], seed: int) -> tuple[Array, NDArray[np.bool_], NDArray[np.int64]]:
    """Spoken frames with their context, whether they are voiced, and their places: all, or as many as are drawn."""
    contexts = [_around(mcep_TD, _CONTEXT) for _, mcep_TD in stretches]
    spoken_N = np.flatnonzero(np.concatenate([said.spoken_T for said, _ in stretches]))
    if len(spoken_N) > _KEPT:
        spoken_N = np.sort(np.random.default_rng(seed).choice(spoken_N, _KEPT, replace=False))
    voiced = np.concatenate([said.f0_T > 0 for said, _ in stretches])
    return np.concatenate(contexts)[spoken_N], voiced[spoken_N], spoken_N


def _closest(seen_NC: Array, there_MC: Array, block: int = 1024) -> NDArray[np.int64]:
    """For each row the number of the nearest other row."""
    squares_M = (there_MC**2).sum(1)
    parts = [
        (squares_M - 2 * seen_NC[first : first + block] @ there_MC.T).argmin(1)
        for first in range(0, len(seen_NC), block)
    ]
    return np.concatenate(parts)


def joint(ours: Sequence[Array], theirs: Sequence[Array], pairs: Pairs) -> Array:
    """The features of paired frames beside each other, (N, 2 F)."""
    first, second = (np.concatenate([features(each) for each in side]) for side in (ours, theirs))
    return np.concatenate([first[pairs[0]], second[pairs[1]]], axis=1)
