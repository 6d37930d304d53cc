"""NISQA-TTS: how natural people would find synthetic speech (Mittag and Moeller 2020, "Deep learning based assessment
of synthetic speech naturalness", Interspeech), under the names of the published nisqa_tts.tar.

48 mel bands up to 8 kHz every 10 ms; six convolutions look at 150 ms around each frame, a recurrent network that reads
both ways at what they found, and its two last states tell the mean opinion score.

Shapes: N samples at 16 kHz, T frames, 48 bands, 15 frames of a window.
"""

import functools
from pathlib import Path
from typing import Any

import numpy as np
import scipy.fft
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from understudy.metrics._pretrained import fill
from understudy.metrics._sound import RATE
from understudy.speech.mel import triangles

BANDS, AROUND = 48, 15
_HOP, _WINDOW, _BINS = 160, 320, 4096  # samples between frames, of a frame, of its spectrum
_HIGHEST, _LEAST, _RANGE = 8000.0, 1e-4, 80.0  # Hz; least magnitude; dB below the loudest
_AT_ONCE = 1000  # windows, whose first maps take 46 kB each
_WIDTHS = (16, 32, 64, 64, 64, 64)
_HALVED = (0, 1, 3)  # convolutions after which maps are halved; the first adds a column on either side


class _Frames(nn.Module):
    """Windows (T, 1, 48, 15) to what is found in each (T, 20)."""

    def __init__(self) -> None:
        super().__init__()
        before = 1
        for number, after in enumerate(_WIDTHS, start=1):
            self.add_module(f"conv{number}", nn.Conv2d(before, after, 3, padding=1))
            self.add_module(f"bn{number}", nn.BatchNorm2d(after))
            before = after
        self.fc_out = nn.Linear(before * 6 * 2, 20)

    def forward(self, x_T1BW: Tensor) -> Tensor:
        x = x_T1BW
        for number in range(len(_WIDTHS)):
            x = torch.relu(self.get_submodule(f"bn{number + 1}")(self.get_submodule(f"conv{number + 1}")(x)))
            if number in _HALVED:
                x = functional.max_pool2d(x, 2, padding=(0, 0 if number else 1))
        return torch.as_tensor(self.fc_out(x.flatten(1)))


class Naturalness(nn.Module):
    """The network, of 304,539 numbers: `network(windows)` is the score of one sound."""

    def __init__(self) -> None:
        super().__init__()
        self.cnn: Any = nn.Module()
        self.cnn.model = _Frames()
        self.time_dependency: Any = nn.Module()
        self.time_dependency.model = nn.Module()
        self.time_dependency.model.lstm = nn.LSTM(20, 128, batch_first=True, bidirectional=True)
        self.pool: Any = nn.Module()
        self.pool.model = nn.Module()
        self.pool.model.linear = nn.Linear(2 * 128, 1)

    def forward(self, windows_T1BW: Tensor) -> Tensor:
        found_TD = torch.cat([self.cnn.model(part) for part in torch.split(windows_T1BW, _AT_ONCE)])
        read_TD = self.time_dependency.model.lstm(found_TD[None])[0][0]
        half = read_TD.shape[1] // 2
        return torch.as_tensor(self.pool.model.linear(torch.cat([read_TD[-1, :half], read_TD[0, half:]])))


@functools.lru_cache(maxsize=1)
def naturalness(path: Path) -> Naturalness:
    """The network with the weights of a file. Raises CheckpointError for another's."""
    made = Naturalness()
    fill(path, made, under="model_state_dict")
    return made


@torch.inference_mode()
def score(network: Naturalness, samples_N: NDArray[np.floating]) -> tuple[float, int]:
    """The mean opinion score that is predicted for a sound, and of how many windows; NaN for less than 150 ms."""
    mel_BT = decibels(samples_N)
    if mel_BT.shape[1] < AROUND:
        return np.nan, 0
    windows_BTW = np.lib.stride_tricks.sliding_window_view(mel_BT, AROUND, axis=1)
    windows_T1BW = torch.from_numpy(np.ascontiguousarray(windows_BTW.transpose(1, 0, 2)[:, None]))
    return float(network(windows_T1BW)), len(windows_T1BW)


def decibels(samples_N: NDArray[np.floating]) -> NDArray[np.float32]:
    """Mel bands (48, 1 + N // 160) in decibels, none more than 80 below the loudest."""
    window = np.zeros(_BINS)
    window[(_BINS - _WINDOW) // 2 : (_BINS + _WINDOW) // 2] = np.hanning(_WINDOW + 1)[:-1]
    padded_N = np.pad(np.asarray(samples_N, np.float64), _BINS // 2, mode="reflect")
    framed = np.lib.stride_tricks.sliding_window_view(padded_N, _BINS)[::_HOP]
    basis, parts = triangles(BANDS, 0.0, _HIGHEST, RATE, _BINS), []
    for first in range(0, len(framed), 256):  # spectra of 2,049 bins are large
        spectra = np.abs(scipy.fft.rfft(framed[first : first + 256] * window, axis=1))
        parts.append(20 * np.log10(np.maximum(spectra @ basis.T, _LEAST)))
    bands_TB = np.concatenate(parts)
    return np.asarray(np.maximum(bands_TB, bands_TB.max() - _RANGE).T, np.float32)
