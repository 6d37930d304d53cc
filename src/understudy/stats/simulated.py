"""Simulated studies: score tables whose truth is known, to try a test on, or a study's size before it is made."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from understudy.stats.grid import Floats


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What a simulated study is made of; every sd is of a random effect with mean 0.

    means: each method's. seeds: each method's trainings. pairs: (source, driver) by number, None: all of so many
    people in both directions. clips: a driver's. sd_person, sd_pair, sd_clip: what all methods share, of a person as
    source and again as driver, of an ordered pair, of a driver's clip. own_...: the same for each method by itself.
    sd_training: of a training, one a seed and two people; sd_shared: of one that serves all pairs. sd_rest: of each
    value. skewed: effects are exponential, less their mean, instead of normal.
    """

    means: tuple[float, ...] = (0.0, 0.0)
    seeds: tuple[int, ...] = (3, 3)
    people: int = 4
    pairs: tuple[tuple[int, int], ...] | None = None
    clips: int = 2
    sd_person: float = 1.0
    sd_pair: float = 1.0
    sd_clip: float = 1.0
    own_person: float = 0.0
    own_pair: float = 0.5
    own_clip: float = 0.5
    sd_training: float = 0.5
    sd_shared: float = 0.0
    sd_rest: float = 0.3
    skewed: bool = False


class _Places:
    """The cells of a study by number, and which effects each of them has a part in."""

    def __init__(self, truth: Truth) -> None:
        pairs = truth.pairs or tuple(permutations(range(truth.people), 2))
        self.cells = [(source, driver, clip) for source, driver in pairs for clip in range(truth.clips)]
        self.source = _numbered([cell[0] for cell in self.cells])
        self.driver = _numbered([cell[1] for cell in self.cells])
        self.pair = _numbered([cell[:2] for cell in self.cells])
        self.training = _numbered([tuple(sorted(cell[:2])) for cell in self.cells])
        self.clip = _numbered([cell[1:] for cell in self.cells])


def simulate(truth: Truth, *, studies: int, seed: int, better: str = "lower") -> pd.DataFrame:
    """So many studies of one truth as one score table: study k is its metric f"study {k}", methods are m0, m1, ..."""
    rng, places = np.random.default_rng(seed), _Places(truth)
    shared_SC = _effects(truth, places, rng, studies, (truth.sd_person, truth.sd_pair, truth.sd_clip))
    own = (truth.own_person, truth.own_pair, truth.own_clip)
    frames = []
    for method, (mean, seeds) in enumerate(zip(truth.means, truth.seeds, strict=True)):
        values_SKC = np.repeat((mean + shared_SC + _effects(truth, places, rng, studies, own))[:, None], seeds, axis=1)
        values_SKC += (
            truth.sd_training * _drawn(truth, rng, studies, seeds, places.training.max() + 1)[..., places.training]
        )
        values_SKC += truth.sd_shared * _drawn(truth, rng, studies, seeds, 1)
        values_SKC += truth.sd_rest * _drawn(truth, rng, *values_SKC.shape)
        frames.append(_rows(f"m{method}", places, values_SKC))
    return pd.concat(frames, ignore_index=True).assign(better=better)


def _effects(
    truth: Truth, places: _Places, rng: np.random.Generator, studies: int, sds: tuple[float, float, float]
) -> Floats:
    """SC: what people, pairs and clips add, the same for every seed."""
    person, pair, clip = sds
    indices = (places.source, person), (places.driver, person), (places.pair, pair), (places.clip, clip)
    sums = [sd * _drawn(truth, rng, studies, index.max() + 1)[:, index] for index, sd in indices]
    total_SC: Floats = np.sum(sums, axis=0)
    return total_SC


def _drawn(truth: Truth, rng: np.random.Generator, *shape: int) -> Floats:
    return rng.exponential(size=shape) - 1 if truth.skewed else rng.normal(size=shape)


def _numbered(names: Sequence[Hashable]) -> NDArray[np.int64]:
    index = {name: k for k, name in enumerate(dict.fromkeys(names))}
    return np.array([index[name] for name in names])


def _rows(method: str, places: _Places, values_SKC: Floats) -> pd.DataFrame:
    s, k, c = (index.ravel() for index in np.indices(values_SKC.shape))
    names = {
        "metric": np.array([f"study {n}" for n in range(len(values_SKC))], dtype=object)[s],
        "source": np.array([f"p{source}" for source, _, _ in places.cells], dtype=object)[c],
        "driver": np.array([f"p{driver}" for _, driver, _ in places.cells], dtype=object)[c],
        "clip": np.array([f"c{clip}" for _, _, clip in places.cells], dtype=object)[c],
    }
    table = pd.DataFrame(names).assign(seed=k, value=values_SKC.ravel(), n=1)
    return table.assign(study="simulated", version="1", method=method, family="swap", unit="1")
