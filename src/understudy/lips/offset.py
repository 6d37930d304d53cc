"""How far lips and sound are apart, measured on the clip alone.

Two ways. `by_opening` needs no network: lips open with the voice, syllable by syllable, so their opening follows the
loudness of the speech, and the correlation of the two has its top at the offset. `by_expert` asks a SyncNet, which has
learned what mouths make which sounds; its protocol is that of Chung & Zisserman 2016, "Out of time", section 3.3.

Shapes: T video frames, N samples, D of an embedding; 682 = 68 landmarks of (x, y).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import scipy  # loads its parts when they are first used: scipy.signal takes half a second, in every job
from numpy.typing import NDArray

from understudy import speech
from understudy.lips.pool import PACE, windows
from understudy.lips.pool import openings as openings

if TYPE_CHECKING:
    import torch

    from understudy.lips.syncnet import SyncNet

Signal = NDArray[np.float64]

REACH = 15  # frames at 25 a second that are tried either way
_HIGHEST = 0.6  # seconds either way that the opening is tried at
_GRID = 200.0  # values a second at which opening and loudness are held against each other
# Hz: the vowels' first formant, loud when the mouth is wide, and all of the voice.
_VOICES = ((300.0, 800.0), (150.0, 3500.0))
# Hz: syllables. What is slower misleads: of real speakers, phrases and the opening's drift have tops of their own.
_RHYTHM = (2.2, 12.0)
_FAR = 0.2  # correlation by which an offset of _HIGHEST must be better than none: large ones are rare
_TOP = 0.12  # seconds around the top that belong to it
_FEWEST = 10  # frames with lips; windows of an offset
SURE = {"opening": 0.12, "expert": 0.12}  # confidence from which an offset can be believed


@dataclass(frozen=True, kw_only=True)
class Offset:
    """seconds: how far the lips run behind their sound (below 0: before it); delaying the sound by as much mends it.
    NaN where it cannot be told.

    by: "opening" or "expert". confidence: by opening, how much higher the correlation's top is than every other more
    than 0.12 s away, 0 to 2; by an expert, LSE-C: the median less the least of the mean distances over the offsets.
    distance: LSE-D, that least mean distance, between embeddings of length 1 that are never below 0, and so from 0 to
    1.41; NaN by opening. LSE-D and LSE-C may not be compared with those of another network.
    """

    seconds: float
    confidence: float
    by: Literal["opening", "expert"]
    distance: float = float("nan")

    @property
    def known(self) -> bool:
        """Whether it could be told."""
        return bool(np.isfinite(self.seconds))

    @property
    def sure(self) -> bool:
        """Whether it can be believed.

        By opening: of 63 clips of the cast all could, the least confidence being 0.24; of 27 sentences of real speakers
        (GRID, 3 s each) 25 were told within 60 ms, 16 of them so surely, and the two that were not had 0.06 at most.
        Speech of another clip is believed three times in ten. By an expert of a quarter's width that learned from the
        cast: of held-out clips of the cast all (0.27 at least), of shuffled speech none (0.09 at most); those GRID
        sentences had 0.05 to 0.16, and yet all were told within 50 ms.
        """
        return self.known and self.confidence >= SURE[self.by]


def offset(
    openings_T: NDArray[Any],
    fps: float,
    samples_N: NDArray[np.float32],
    *,
    expert: "SyncNet | None" = None,
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

    Both signals are freed of what is slower and faster than syllables and correlated at offsets of up to 0.6 s, near
    ones favoured a little; a parabola through the top and its neighbours makes it finer than the grid. NaN for less
    than 1.2 s, motionless lips, silence, and where no offset is best but the outermost.
    """
    lips = _lips(np.asarray(openings_T, np.float64), fps)
    voices = [_voice(np.asarray(samples_N, np.float64), rate, band) for band in _VOICES]
    reach = round(_HIGHEST * _GRID)
    if min(len(lips), len(voices[0])) < 2 * reach or np.ptp(lips) < 1e-9 or np.ptp(voices[0]) < 1e-9:
        return Offset(seconds=float("nan"), confidence=0.0, by="opening")
    lags = np.arange(-reach, reach + 1)
    agreement = np.mean([_correlations(lips, voice, reach) for voice in voices], axis=0) - _FAR * (lags / reach) ** 2
    top = int(agreement.argmax())
    if top in (0, 2 * reach):
        return Offset(seconds=float("nan"), confidence=0.0, by="opening")
    others = agreement[np.abs(lags - lags[top]) > _TOP * _GRID]
    seconds = float((lags[top] + parabola(agreement[top - 1 : top + 2])) / _GRID)
    return Offset(seconds=seconds, confidence=float(agreement[top] - others.max()), by="opening")


def by_expert(model: "SyncNet", faces_TSSC: NDArray[np.uint8], mel_80T: NDArray[np.float32], fps: float) -> Offset:
    """The offset that an expert hears, by the protocol of SyncNet.

    Every window of five frames, 40 ms apart, is held against the speech that starts up to 15 frames of 40 ms before and
    after it; distances between embeddings are averaged over the windows that have speech at that offset, and the least
    of the 31 means tells the offset (a parabola through it and its neighbours makes it finer). faces_TSSC: BGR, one a
    video frame. NaN when there are too few frames, or the least is the first or last.
    """
    from understudy.lips.sampling import lower  # which loads torch; by the opening it is not needed

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
    fine = parabola(-means_L[least - 1 : least + 2]) if inside else 0.0
    return Offset(
        seconds=float((lags[least] + fine) / PACE) if inside else float("nan"),
        confidence=float(np.median(means_L) - means_L[least]),
        by="expert",
        distance=float(means_L[least]),
    )


def _batched(
    encoder: "Callable[[torch.Tensor], torch.Tensor]",
    part: Callable[[slice], NDArray[np.float32]],
    count: int,
    place: "torch.device",
    batch: int = 64,
) -> NDArray[np.float32]:
    """The embeddings of `count` windows, made a batch at a time."""
    import torch

    with torch.inference_mode():
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


def _voice(samples_N: Signal, rate: int, band: tuple[float, float]) -> Signal:
    """The loudness of a band on the grid, in the rhythm of syllables; compressed, since lips do not open as loudness
    does but as its logarithm."""
    low, high = band
    passed = scipy.signal.butter(4, (low, min(high, 0.45 * rate)), "bandpass", fs=rate, output="sos")
    heard = scipy.signal.sosfiltfilt(passed, samples_N) if len(samples_N) > 100 else samples_N
    edges = np.rint(np.arange(int(len(heard) / rate * _GRID) + 1) * rate / _GRID).astype(int)
    power = np.diff(np.concatenate([[0.0], np.cumsum(heard**2)])[edges]) / np.maximum(np.diff(edges), 1)
    loudness = np.sqrt(scipy.signal.convolve(power, _bell(0.02), mode="same").clip(0))
    return _rhythm(np.log(loudness + 0.03 * loudness.max() + 1e-9))


def _bell(seconds: float) -> Signal:
    bell = scipy.signal.windows.gaussian(2 * round(3 * seconds * _GRID) + 1, seconds * _GRID)
    return np.asarray(bell / bell.sum())


def _rhythm(signal: Signal) -> Signal:
    sections = scipy.signal.butter(2, _RHYTHM, "bandpass", fs=_GRID, output="sos")
    if len(signal) < 100:  # half a second: too short to filter, and to tell anything
        return np.zeros(len(signal))
    return np.asarray(scipy.signal.sosfiltfilt(sections, signal - np.median(signal)))


def _correlations(late: Signal, early: Signal, reach: int) -> Signal:
    """The correlation of late[t + shift] and early[t] at shifts from -reach to reach; what has no partner counts as
    still, so that an offset which leaves little to compare is not favoured."""
    count = min(len(late), len(early))
    late, early = late[:count] - late[:count].mean(), early[:count] - early[:count].mean()
    products = scipy.signal.correlate(late, early, "full", method="fft")[count - 1 - reach : count + reach]
    return np.asarray(products / max(float(np.sqrt((late @ late) * (early @ early))), 1e-12))


def parabola(three: NDArray[Any]) -> float:
    """Where in (-1, 1) the parabola through the values at -1, 0, 1 has its top; 0 when one of them is missing."""
    below, middle, above = three.tolist()
    bend = below - 2 * middle + above
    return 0.5 * (below - above) / bend if np.isfinite(bend) and bend < 0 else 0.0
