"""Loudness after ITU-R BS.1770-4, annex 1: K-weighting, the mean square of 400 ms blocks, and two gates.

The two filters are given there as coefficients at 48 kHz. At other rates they are designed anew from the analogue
prototypes with those coefficients (corner, gain and quality as in De Man, "Evaluation of implementations of the EBU
R128 loudness measurement", AES 145, 2018), so that 48 kHz gives the standard's own numbers.

Shapes: N samples, S steps of 100 ms, B blocks of four steps.
"""

from collections.abc import Iterator

import numpy as np
import scipy  # loads its parts when they are first used: scipy.signal takes half a second, in every job
from numpy.typing import NDArray

SILENT = float("-inf")
_STEP, _BLOCK = 0.1, 4  # s between blocks (an overlap of 75 %), steps in a block
_ABSOLUTE, _RELATIVE = -70.0, -10.0  # LUFS, LU
_OFFSET = -0.691  # dB: 997 Hz at full scale in one channel is -3.01 LUFS
_SHELF = (1681.974450955533, 3.999843853973347, 0.7071752369554196)  # Hz, dB, quality: the head
_HIGH_PASS = (38.13547087602444, 0.5003270373238773)  # Hz, quality: the ear at low frequencies
_CHUNK = 10  # s in memory at once


def weighting(rate: int) -> NDArray[np.float64]:
    """The K-weighting filter as two second-order sections (2, 6) at `rate` Hz."""
    corner, gain, quality = _SHELF
    k, high = np.tan(np.pi * corner / rate), 10 ** (gain / 20)
    middle = high**0.4996667741545416
    a0 = 1 + k / quality + k * k
    b = [high + middle * k / quality + k * k, 2 * (k * k - high), high - middle * k / quality + k * k]
    shelf = [*(value / a0 for value in b), 1, 2 * (k * k - 1) / a0, (1 - k / quality + k * k) / a0]
    corner, quality = _HIGH_PASS
    k = np.tan(np.pi * corner / rate)
    a0 = 1 + k / quality + k * k
    return np.array([shelf, [1, -2, 1, 1, 2 * (k * k - 1) / a0, (1 - k / quality + k * k) / a0]])


def integrated_loudness(samples_N: NDArray[np.floating], rate: int) -> float:
    """The loudness of one channel of samples in [-1, 1], in LUFS; SILENT when no block passes the gates.

    What is shorter than a block, which the standard leaves open, is taken as one block. Memory does not grow with N
    where `samples_N` is a memory map.
    """
    steps_S = np.fromiter(_steps(samples_N, rate), np.float64)
    if len(steps_S) < _BLOCK:
        blocks_B = np.array([_power(samples_N, rate)])
    else:
        blocks_B = np.lib.stride_tricks.sliding_window_view(steps_S, _BLOCK).mean(1)
    heard_B = blocks_B[_lufs(blocks_B) > _ABSOLUTE]
    if not len(heard_B):
        return SILENT
    heard_B = heard_B[_lufs(heard_B) > float(_lufs(heard_B.mean())) + _RELATIVE]
    return float(_lufs(heard_B.mean()))


def _lufs(power: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
    return np.asarray(_OFFSET + 10 * np.log10(np.maximum(power, 1e-30)))


def _steps(samples_N: NDArray[np.floating], rate: int) -> Iterator[float]:
    """The mean square of each whole step of the weighted samples."""
    sections, step = weighting(rate), round(_STEP * rate)
    state = np.zeros((2, 2))
    for start in range(0, len(samples_N) - step + 1, step * round(_CHUNK / _STEP)):
        chunk = np.asarray(samples_N[start : start + step * round(_CHUNK / _STEP)], np.float64)
        weighted, state = scipy.signal.sosfilt(sections, chunk, zi=state)
        whole = len(weighted) // step
        yield from (weighted[: whole * step].reshape(whole, step) ** 2).mean(1)


def _power(samples_N: NDArray[np.floating], rate: int) -> float:
    """The mean square of all weighted samples."""
    if not len(samples_N):
        return 0.0
    weighted = scipy.signal.sosfilt(weighting(rate), np.asarray(samples_N, np.float64))
    return float((weighted**2).mean())
