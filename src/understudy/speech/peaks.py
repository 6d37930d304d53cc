"""Peaks of a sound that was made louder than a file can hold."""

import numpy as np
from numpy.typing import NDArray


def bent(samples_N: NDArray[np.floating], knee: float, top: float) -> NDArray[np.float64]:
    """Samples beyond the knee bent, without a kink, so that none passes the top; everything else as it is.

    knee, top: of full scale. No number becomes silence.
    """
    room = top - knee
    bound = knee + 100 * room  # where tanh is 1 to the last digit: what is without bounds gets some
    known_N = np.clip(np.nan_to_num(np.asarray(samples_N, np.float64), nan=0.0), -bound, bound)
    beyond_N = np.maximum(np.abs(known_N) - knee, 0.0)
    bent_N: NDArray[np.float64] = np.sign(known_N) * (knee + room * np.tanh(beyond_N / room))
    return np.where(beyond_N > 0, bent_N, known_N)
