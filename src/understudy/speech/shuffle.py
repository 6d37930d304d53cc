"""Speech that is out of step everywhere: the control against which sync is held."""

import numpy as np
from numpy.typing import NDArray

from understudy.speech.read import RATE

PIECE = 0.4  # seconds that stay together: two mel windows


def shuffled(samples_N: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """The same samples, cut into pieces of about PIECE seconds, none of which stays in its place.

    The order is one random cycle through all pieces (Sattolo 1986), so that every sample moves by a piece at least: by
    0.4 s, or by half of what is shorter than 0.8 s. The sounds, the voice and the loudness stay what they were.
    """
    count = max(2, round(len(samples_N) / (PIECE * RATE)))
    generator, order = np.random.default_rng(seed), np.arange(count)
    for index in range(count - 1, 0, -1):
        other = int(generator.integers(index))
        order[index], order[other] = order[other], order[index]
    pieces = np.array_split(samples_N, count)
    return np.concatenate([pieces[index] for index in order])
