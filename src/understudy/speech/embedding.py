"""Who speaks: a d-vector of a voice (Wan et al. 2018, "Generalized end-to-end loss for speaker verification").

The network is that of the paper as Resemblyzer 0.1.4 publishes it (Apache-2.0): three LSTM layers of 256 over 40 mel
bands, a linear layer, a rectifier, length 1. Of that package only the weights are read, as tensors, their hash checked:
its code is never imported. What it does to sound is done here likewise (its `audio.py` and `voice_encoder.py`):
16 kHz; a recording quieter than -30 dBFS is raised to it, a louder one stays; power spectra of Hann windows of 25 ms
every 10 ms, centred, zeros beyond the ends; 40 bands from 0 to 8 kHz, even on Slaney's mel scale and of equal area; no
logarithm. Utterances of 1.6 s, 1.3 of them begun a second, are embedded one by one; their mean, brought to length 1, is
the voice's.

One thing differs: long silence is left out by level and not by the WebRTC detector. What lies more than 30 dB below the
95th percentile of the levels of 30 ms is silence; as there, the decision is smoothed over 8 windows and speech widened
by 3 on either side, so that a pause within a sentence stays.

Shapes: N samples at 16 kHz, T mel frames, 40 bands, P utterances of 160 frames, 256 the length of an embedding.
"""

import functools
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import scipy.fft
import torch
from numpy.typing import NDArray
from torch import nn

from understudy.errors import CheckpointError, SpeechError
from understudy.files import sha256
from understudy.speech.mel import _hertz, _mels

RATE = 16_000  # samples a second
SIZE = 256
WEIGHTS = "pretrained.pt"
DIGEST = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"
_BANDS, _WINDOW, _HOP = 40, 400, 160  # samples
_UTTERANCE, _STEP = 160, 77  # mel frames: 1.6 s; 1.3 a second
_COVERED = 0.75  # share of the last utterance that must be sound
_LEVEL = 10 ** (-30 / 20)
_VAD, _SMOOTH, _WIDEN = 480, 8, 6  # samples, windows, windows
_BELOW = 10 ** (-30 / 20)
_BATCH = 64  # utterances in memory at once


class VoiceEncoder(nn.Module):
    """Mel frames of utterances (P, T, 40) -> embeddings (P, 256) of length 1, none of whose numbers is negative."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(_BANDS, SIZE, 3, batch_first=True)
        self.linear = nn.Linear(SIZE, SIZE)

    def forward(self, mel_PTF: torch.Tensor) -> torch.Tensor:
        _, (hidden_3PD, _) = self.lstm(mel_PTF)
        raw_PD = torch.relu(self.linear(hidden_3PD[-1]))
        return nn.functional.normalize(raw_PD, dim=1)


def embed(samples_N: NDArray[np.floating], *, trim: bool = True) -> NDArray[np.float32]:
    """The embedding (256,) of the voice in mono samples at 16 kHz, of length 1.

    trim: leave long silence out. Raises SpeechError when nothing is to be heard, and CheckpointError without the
    weights.
    """
    return mean(utterances(samples_N, trim=trim))


def utterances(samples_N: NDArray[np.floating], *, trim: bool = True) -> NDArray[np.float32]:
    """The embedding (P, 256) of each utterance of 1.6 s, in order; one at least. Errors are those of `embed`."""
    samples_N = levelled(samples_N)
    samples_N = trimmed(samples_N) if trim else samples_N
    starts_P = _starts(len(samples_N))
    mel_TF = mel(np.pad(samples_N, (0, max(0, (starts_P[-1] + _UTTERANCE) * _HOP - len(samples_N)))))
    network = encoder()
    found = []
    with torch.inference_mode():
        for first in range(0, len(starts_P), _BATCH):
            batch = [mel_TF[start : start + _UTTERANCE] for start in starts_P[first : first + _BATCH]]
            found.append(network(torch.from_numpy(np.stack(batch))).numpy())
    return np.concatenate(found)


def mean(embeddings_P256: NDArray[np.floating]) -> NDArray[np.float32]:
    """The mean of embeddings, of length 1: of utterances a recording's, of recordings a speaker's."""
    middle = np.asarray(embeddings_P256, np.float64).mean(axis=0)
    return np.asarray(middle / max(float(np.linalg.norm(middle)), 1e-12), np.float32)


def similarity(a_256: NDArray[np.floating], b_256: NDArray[np.floating]) -> float:
    """The cosine of two embeddings: 0 to 1, as none of their numbers is negative."""
    return float(np.dot(a_256, b_256) / (np.linalg.norm(a_256) * np.linalg.norm(b_256)))


@functools.cache
def encoder() -> VoiceEncoder:
    """The network with its published weights, on the CPU, ready. Raises CheckpointError when they are not installed."""
    path = weights()
    remedy = "Install Resemblyzer 0.1.4 again, without its dependencies."
    if not path.is_file():
        raise CheckpointError(path, "is not there", remedy)
    if (found := sha256(path)) != DIGEST:
        raise CheckpointError(path, f"has the sha256 {found[:12]} and not {DIGEST[:12]}", remedy)
    there = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
    network = VoiceEncoder()
    network.load_state_dict({name: there[name] for name in network.state_dict()})
    return network.eval().requires_grad_(False)


def weights() -> Path:
    """Where the installed Resemblyzer has its weights; nothing of it is imported. CheckpointError without it."""
    spec = importlib.util.find_spec("resemblyzer")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        return Path(folder) / WEIGHTS
    raise CheckpointError(
        "the voice encoder", "the package that holds its weights is not installed", "Install Resemblyzer 0.1.4."
    )


def levelled(samples_N: NDArray[np.floating]) -> NDArray[np.floating]:
    """The samples, raised to -30 dBFS (RMS) when they are quieter. Raises SpeechError when all are 0 or none is there.

    A sample that is no number is refused likewise.
    """
    samples_N = np.asarray(samples_N, np.float64)
    loudness = float(np.sqrt(np.mean(np.square(samples_N)))) if len(samples_N) else 0.0
    if not np.isfinite(loudness):
        raise SpeechError("speech", "its samples hold values that are no numbers", "Export it again.")
    if loudness == 0.0:
        raise SpeechError("speech", "nothing is to be heard", "Give a recording in which somebody speaks.")
    return samples_N * max(_LEVEL / loudness, 1.0)


def trimmed(samples_N: NDArray[np.floating]) -> NDArray[np.floating]:
    """The samples without long silence, in whole windows of 30 ms; what is shorter than one stays as it is."""
    count = len(samples_N) // _VAD
    if not count:
        return samples_N
    windows = samples_N[: count * _VAD].reshape(count, _VAD)
    level = np.sqrt(np.mean(np.square(windows), axis=1))
    loud = (level > _BELOW * np.percentile(level, 95)).astype(np.float64)
    padded = np.concatenate([np.zeros((_SMOOTH - 1) // 2), loud, np.zeros(_SMOOTH // 2)])
    speech = np.convolve(padded, np.ones(_SMOOTH) / _SMOOTH, "valid") > 0.5
    widened = np.convolve(speech, np.ones(_WIDEN + 1), "same") > 0.5 if count > _WIDEN else np.ones(count, bool)
    return windows[widened].reshape(-1) if widened.any() else samples_N


def mel(samples_N: NDArray[np.floating]) -> NDArray[np.float32]:
    """Mel power spectra (1 + N // 160, 40); frame t is centred on sample 160 t."""
    padded = np.pad(samples_N, _WINDOW // 2)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)
    framed = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    return np.concatenate([_powers(part * window) for part in _parts(framed)])


def _powers(windows_TN: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(np.abs(scipy.fft.rfft(windows_TN, axis=1)) ** 2 @ _filters().T, np.float32)


def _parts(rows: NDArray[np.floating]) -> Iterator[NDArray[np.floating]]:
    """The rows, a few thousand at a time: long recordings take no more memory than short ones."""
    size = _BATCH * _UTTERANCE // 2
    return (rows[first : first + size] for first in range(0, len(rows), size))


@functools.cache
def _filters() -> NDArray[np.float64]:
    """The weight of each bin in each band (40, 201): triangles of area 1 on the axis of Hz."""
    bins = np.arange(_WINDOW // 2 + 1) * RATE / _WINDOW
    corners = _hertz(np.linspace(_mels(0.0), _mels(RATE / 2), _BANDS + 2))
    below, centre, above = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    triangles = np.minimum((bins - below) / (centre - below), (above - bins) / (above - centre))
    return np.asarray(np.maximum(triangles, 0) * 2 / (above - below))


def _starts(samples: int) -> list[int]:
    """The first mel frame of each utterance; a last one that is mostly beyond the end is left out."""
    frames = -(-(samples + 1) // _HOP)
    starts = list(range(0, max(1, frames - _UTTERANCE + _STEP + 1), _STEP))
    covered = (samples - starts[-1] * _HOP) / (_UTTERANCE * _HOP)
    return starts[:-1] if covered < _COVERED and len(starts) > 1 else starts
