"""Short-time spectra of sound, block by block, so that memory does not grow with the sound's length."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

# Square roots of Hann windows of 24 ms, four to a window's length: analysed and synthesised, they add up to 2.
_WINDOW = 0.024
_OVERLAP = 4
_BLOCK = 2048  # hops at a time: 12 s
_MARGIN = 8  # hops on either side of a block that are worked on and thrown away

Change = Callable[[list[NDArray[np.complex128]]], NDArray[np.complex128]]


def hop(rate: int) -> int:
    """Samples from one window to the next."""
    return max(1, round(_WINDOW / _OVERLAP * rate))


def frequencies(rate: int) -> NDArray[np.float64]:
    """Hz of each line of a window's spectrum."""
    return np.asarray(np.fft.rfftfreq(_OVERLAP * hop(rate), 1 / rate), np.float64)


def changed(sounds: list[NDArray[np.float64]], rate: int, change: Change) -> Iterator[NDArray[np.float64]]:
    """Block by block, the sound of the spectra that `change` makes of the spectra_TF of `sounds`.

    sounds: of one length, in samples. A block is 12 s long, the last one shorter.
    """
    step, length = hop(rate), len(sounds[0])
    for start in range(0, length, _BLOCK * step):
        stop = min(start + _BLOCK * step, length)
        parts = [_cut(sound, start - _MARGIN * step, stop + _MARGIN * step) for sound in sounds]
        made = _synthesised(change([_analysed(part, step) for part in parts]), step)
        yield made[_MARGIN * step :][: stop - start]


def _cut(sound: NDArray[np.float64], start: int, stop: int) -> NDArray[np.float64]:
    """sound[start:stop], with silence before its beginning and after its end."""
    inside = sound[max(start, 0) : max(stop, 0)]
    return np.pad(inside, (max(-start, 0), stop - start - len(inside) - max(-start, 0)))


def _window(step: int) -> NDArray[np.float64]:
    phase = np.arange(_OVERLAP * step) * (np.pi / (_OVERLAP * step))
    return np.asarray(np.sin(phase), np.float64)


def _analysed(part: NDArray[np.float64], step: int) -> NDArray[np.complex128]:
    size = _OVERLAP * step
    padded = np.pad(part, (size, size + -len(part) % step))
    windows = np.lib.stride_tricks.sliding_window_view(padded, size)[::step]
    return np.fft.rfft(windows * _window(step))


def _synthesised(spectra_TF: NDArray[np.complex128], step: int) -> NDArray[np.float64]:
    size = _OVERLAP * step
    windows = np.fft.irfft(spectra_TF, size) * (_window(step) * 2 / _OVERLAP)
    sound = np.zeros((len(windows) + _OVERLAP) * step)
    for turn in range(_OVERLAP):
        row = windows[turn::_OVERLAP].reshape(-1)
        sound[turn * step : turn * step + len(row)] += row
    return sound[size:]
