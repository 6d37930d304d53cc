"""How far lips and sound are apart, measured on the clip alone.

Two ways. `by_opening` needs no network: lips are open while there is voice, so the opening of the lips follows the
energy of the speech below 1 kHz, and their correlation has its top at the offset. `by_expert` asks a SyncNet, which has
learned what mouths make which sounds; its protocol is that of Chung & Zisserman 2016, "Out of time", section 3.3.

Shapes: T video frames, N samples, D of an embedding; 682 = 68 landmarks of (x, y).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.signal
import torch
from numpy.typing import NDArray

from understudy import speech
from understudy.lips.pool import PACE, windows
from understudy.lips.pool import openings as openings
from understudy.lips.sampling import lower
from understudy.lips.syncnet import SyncNet

Signal = NDArray[np.float64]

REACH = 15  # frames at 25 a second that are tried either way
_HIGHEST = 0.6  # seconds either way that the opening is tried at
_GRID = 200.0  # values a second at which opening and energy are held against each other
_VOICE = (150.0, 1000.0)  # Hz: the voice's first formants, loud when the mouth is wide
_RHYTHM = (0.8, 9.0)  # Hz: syllables; what is slower is mood and pose, what is faster noise
_FEWEST = 10  # frames with lips, and seconds/10 that must overlap


@dataclass(frozen=True, kw_only=True)
class Offset:
    """seconds: how far the lips run behind their sound (below 0: before it); delaying the sound by as much mends it.
    NaN where it cannot be told.

    by: "opening" or "expert". confidence: by opening, the correlation's top less its median over all offsets tried, 0
    to 2 (on the cast 0.43 to 0.7 in sync; but speech of another clip, too, has 0.33 on average, so that the figure says
    how sharp the top is and not that it is the right one); by an expert, LSE-C: the median less the least of the mean
    distances over the offsets. distance: LSE-D, that least mean distance, between embeddings of length 1 that are never
    below 0, and so from 0 to 1.41; NaN by opening. LSE-D and LSE-C may not be compared with those of another network.
    """

    seconds: float
    confidence: float
    by: Literal["opening", "expert"]
    distance: float = float("nan")

    @property
    def known(self) -> bool:
        """Whether it could be told."""
        return bool(np.isfinite(self.seconds))


def offset(
    openings_T: NDArray[Any],
    fps: float,
    samples_N: NDArray[np.float32],
    *,
    expert: SyncNet | None = None,
    faces_TSSC: NDArray[np.uint8] | None = None,
) -> Offset:
    """The offset of a clip's lips behind speech (16 kHz): by an expert where there is one, else by the lips' opening.

    openings_T: see `pool.openings`. faces_TSSC: what the expert looks at, see `boxes.face`, of every frame; it is only
    used with an expert, and an expert only with it. Raises MediaError for a rate that the expert has no windows at.
    """
    if expert is None or faces_TSSC is None:
        return by_opening(openings_T, fps, samples_N, speech.RATE)
    return by_expert(expert, faces_TSSC, speech.mel(samples_N), fps)


def shifted(samples_N: NDArray[np.float32], seconds: float, rate: int) -> NDArray[np.float32]:
    """Sound that comes `seconds` later (below 0: earlier), as long as it was, with silence where there was none.

    The mending of an offset is `shifted(samples, offset.seconds, rate)`.
    """
    count = max(-len(samples_N), min(len(samples_N), round(seconds * rate)))
    silence = np.zeros(abs(count), samples_N.dtype)
    if count >= 0:
        return np.concatenate([silence, samples_N[: len(samples_N) - count]])
    return np.concatenate([samples_N[-count:], silence])


def by_opening(openings_T: NDArray[Any], fps: float, samples_N: NDArray[Any], rate: int) -> Offset:
    """The offset of lips whose openings are `openings_T` (NaN where there is no face), to a part of a frame.

    Both signals are freed of what is slower and faster than syllables and correlated (Pearson's, over what overlaps) at
    offsets of up to 0.6 s; a parabola through the top and its neighbours makes it finer than the grid.
    """
    lips, voice = _lips(np.asarray(openings_T, np.float64), fps), _voice(np.asarray(samples_N, np.float64), rate)
    reach = round(_HIGHEST * _GRID)
    if min(len(lips), len(voice)) < 2 * reach or np.ptp(lips) < 1e-9 or np.ptp(voice) < 1e-9:
        return Offset(seconds=float("nan"), confidence=0.0, by="opening")
    lags = np.arange(-reach, reach + 1)
    agreement = np.array([_correlation(lips, voice, int(lag)) for lag in lags])
    top = int(agreement.argmax())
    confidence = float(agreement[top] - np.median(agreement))
    if top in (0, 2 * reach):
        return Offset(seconds=float("nan"), confidence=0.0, by="opening")
    fine = _top(agreement[top - 1 : top + 2])
    return Offset(seconds=float((lags[top] + fine) / _GRID), confidence=confidence, by="opening")


@torch.inference_mode()
def by_expert(model: SyncNet, faces_TSSC: NDArray[np.uint8], mel_80T: NDArray[np.float32], fps: float) -> Offset:
    """The offset that an expert hears, by the protocol of SyncNet.

    Every window of five frames, 40 ms apart, is held against the speech that starts up to 15 frames of 40 ms before and
    after it; distances between embeddings are averaged over the windows that have speech at that offset, and the least
    of the 31 means tells the offset (a parabola through it and its neighbours makes it finer). faces_TSSC: BGR, one a
    video frame. NaN when there are too few frames, or the least is the first or last.
    """
    rows_W5, starts_W = windows(np.arange(len(faces_TSSC)), fps)
    last = mel_80T.shape[1] - speech.LENGTH
    speech.starts(mel_80T.shape[1], fps)
    place, lags = next(model.parameters()).device, np.arange(-REACH, REACH + 1)
    wanted_WL = np.floor((starts_W[:, None] / fps - lags / PACE) * speech.MEL_RATE + 1e-6).astype(np.int64)
    there_WL = (wanted_WL >= 0) & (wanted_WL <= last)
    if there_WL.sum(axis=0).min(initial=len(starts_W)) < _FEWEST:
        return Offset(seconds=float("nan"), confidence=0.0, by="expert")
    needed, where = np.unique(np.clip(wanted_WL, 0, last), return_inverse=True)
    seen = _batched(model.see, lambda part: lower(faces_TSSC[rows_W5[part]]), len(rows_W5), place)
    cut = np.lib.stride_tricks.sliding_window_view(mel_80T, speech.LENGTH, axis=1)
    heard = _batched(
        model.hear, lambda part: np.ascontiguousarray(cut[:, needed[part]].swapaxes(0, 1))[:, None], len(needed), place
    )
    apart_WL = np.linalg.norm(seen[:, None] - heard[where.reshape(wanted_WL.shape)], axis=2)
    means_L = np.where(there_WL, apart_WL, 0).sum(axis=0) / there_WL.sum(axis=0)
    least = int(means_L.argmin())
    inside = 0 < least < 2 * REACH
    fine = _top(-means_L[least - 1 : least + 2]) if inside else 0.0
    return Offset(
        seconds=float((lags[least] + fine) / PACE) if inside else float("nan"),
        confidence=float(np.median(means_L) - means_L[least]),
        by="expert",
        distance=float(means_L[least]),
    )


def _batched(
    encoder: Callable[[torch.Tensor], torch.Tensor],
    part: Callable[[slice], NDArray[np.float32]],
    count: int,
    place: torch.device,
    batch: int = 64,
) -> NDArray[np.float32]:
    """The embeddings of `count` windows, made a batch at a time."""
    made = [
        encoder(torch.from_numpy(part(slice(first, first + batch))).to(place)).float().cpu().numpy()
        for first in range(0, count, batch)
    ]
    return np.concatenate(made)


def _lips(openings_T: Signal, fps: float) -> Signal:
    """The opening on the grid, in the rhythm of syllables; all zero when fewer than _FEWEST frames have lips."""
    there = np.flatnonzero(np.isfinite(openings_T))
    count = int(len(openings_T) / fps * _GRID)
    if len(there) < _FEWEST:
        return np.zeros(count)
    fine = np.interp(np.arange(count) / _GRID, there / fps, openings_T[there])
    return _rhythm(fine)


def _voice(samples_N: Signal, rate: int) -> Signal:
    """The loudness of the voice on the grid, in the rhythm of syllables; compressed, since lips do not open as loudness
    does but as its logarithm."""
    heard = scipy.signal.sosfiltfilt(scipy.signal.butter(4, _VOICE, "bandpass", fs=rate, output="sos"), samples_N)
    edges = np.rint(np.arange(int(len(heard) / rate * _GRID) + 1) * rate / _GRID).astype(int)
    power = np.diff(np.concatenate([[0.0], np.cumsum(heard**2)])[edges]) / np.maximum(np.diff(edges), 1)
    loudness = np.sqrt(scipy.signal.convolve(power, _bell(0.02), mode="same").clip(0))
    return _rhythm(np.log(loudness + 0.03 * loudness.max() + 1e-9))


def _bell(seconds: float) -> Signal:
    bell = scipy.signal.windows.gaussian(2 * round(3 * seconds * _GRID) + 1, seconds * _GRID)
    return np.asarray(bell / bell.sum())


def _rhythm(signal: Signal) -> Signal:
    sections = scipy.signal.butter(2, _RHYTHM, "bandpass", fs=_GRID, output="sos")
    return np.asarray(scipy.signal.sosfiltfilt(sections, signal - np.median(signal)))


def _correlation(late: Signal, early: Signal, shift: int) -> float:
    """Pearson's correlation of late[t + shift] and early[t] over the t that both have."""
    late, early = late[max(shift, 0) :], early[max(-shift, 0) :]
    count = min(len(late), len(early))
    late, early = late[:count] - late[:count].mean(), early[:count] - early[:count].mean()
    size = float(np.sqrt((late @ late) * (early @ early)))
    return float(late @ early) / size if size > 1e-12 else 0.0


def _top(three: NDArray[Any]) -> float:
    """Where in (-1, 1) the parabola through the values at -1, 0, 1 has its top."""
    below, middle, above = three.tolist()
    bend = below - 2 * middle + above
    return 0.5 * (below - above) / bend if bend < 0 else 0.0
