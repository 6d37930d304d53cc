"""The driver's own waveform at another pitch, and filtered by the difference of two envelopes.

Shapes: N samples, T frames of 5 ms, F bins.
"""

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from understudy.methods.world.mixture import Array
from understudy.speech import pitch

_RAMP = 0.004  # seconds over which moved and unmoved sound go over into each other
_SEEK = 0.2  # of a period, within which a mark is moved to the peak
_WINDOW = 0.02  # seconds of sound that one filter is applied to


def repitched(samples_N: Array, rate: int, f0_T: Array, target_T: Array) -> Array:
    """Sound with the pitch target_T in place of f0_T, its envelope, its timing and what is unvoiced as they were.

    Pitch-synchronous overlap-add (Moulines and Charpentier 1990, "Pitch-synchronous waveform processing techniques for
    text-to-speech synthesis using diphones"): grains of two periods around each pulse, set down at the new distances
    and scaled so that their mean power stays.
    """
    moved_N, voiced_N = np.zeros(len(samples_N)), np.zeros(len(samples_N))
    side = 1.0 if (samples_N**3).sum() >= 0 else -1.0  # pulses stand out to one side
    hop = pitch.HOP * rate
    for first, last in pitch.runs(f0_T > 0):
        start, stop = max(round((first - 0.5) * hop), 0), min(round((last - 0.5) * hop), len(samples_N))
        marks = _marks(side * samples_N, f0_T, hop, start, stop, rate)
        if len(marks) < 2:
            continue
        voiced_N[start:stop] = 1
        _lay(moved_N, samples_N, marks, target_T, hop, (start, stop), rate)
    ramp = max(round(_RAMP * rate), 1)
    kernel = np.hanning(2 * ramp + 1)
    share_N = np.minimum(np.convolve(voiced_N, kernel / kernel.sum(), "same"), voiced_N)
    return np.asarray(share_N * moved_N + (1 - share_N) * samples_N)


def _marks(towards_N: Array, f0_T: Array, hop: float, start: int, stop: int, rate: int) -> NDArray[np.int64]:
    """A pulse's place a period: the peak nearest to where it is due."""
    marks: list[int] = []
    due = start + rate / f0_T[min(round(start / hop) + 1, len(f0_T) - 1)] / 2 if stop > start else stop
    while due < stop:
        frame = min(round(due / hop), len(f0_T) - 1)
        period = rate / f0_T[frame] if f0_T[frame] > 0 else (marks[-1] - marks[-2] if len(marks) > 1 else hop)
        reach = (0.5 if not marks else _SEEK) * period
        low, high = max(round(due - reach), 0, marks[-1] + 1 if marks else 0), min(round(due + reach) + 1, stop)
        if high <= low:
            break
        marks.append(low + int(np.argmax(towards_N[low:high])))
        due = marks[-1] + period
    return np.asarray(marks, np.int64)


def _lay(
    out_N: Array, samples_N: Array, marks: NDArray[np.int64], target_T: Array, hop: float,
    within: tuple[int, int], rate: int,
) -> None:  # fmt: skip
    """Sets the grains of a voiced stretch down at the target's periods."""
    periods = np.diff(marks, append=2 * marks[-1] - marks[-2])
    at = float(marks[0])
    while at < within[1]:
        wanted = target_T[min(round(at / hop), len(target_T) - 1)]
        nearest = int(np.abs(marks - at).argmin())
        period = int(periods[nearest])
        step = rate / wanted if wanted > 0 else float(period)
        low, high = int(marks[nearest]) - period, int(marks[nearest]) + period + 1
        place = round(at) - period
        cut = max(-low, -place, 0)
        end = min(high, len(samples_N), len(out_N) - place + low)
        if end > low + cut:
            grain = samples_N[low + cut : end] * np.hanning(high - low + 2)[1:-1][cut : end - low]
            out_N[place + cut : place + end - low] += grain * np.sqrt(step / period)
        at += step


def filtered(samples_N: Array, rate: int, change_TF: Array) -> Array:
    """Sound whose power changes by change_TF: each 20 ms by the minimum-phase filter of its frame, overlapped.

    As the mel-log-spectrum approximation filter of a differential cepstrum, but in the frequency domain.
    """
    hop, size = pitch.HOP * rate, 2 * (change_TF.shape[1] - 1)
    half = round(_WINDOW * rate / 2)
    window = np.hanning(2 * half + 2)[1:-1]
    out_N, weight_N = np.zeros(len(samples_N) + 2 * size), np.zeros(len(samples_N) + 2 * size)
    padded = np.pad(samples_N, (half, 2 * half))
    for frame, gain_F in enumerate(_minimum_phase(change_TF, size)):
        start = round(frame * hop)
        grain = padded[start : start + 2 * half]
        if len(grain) < 2 * half:
            break
        made = scipy.fft.irfft(scipy.fft.rfft(grain * window, 2 * size) * gain_F, 2 * size)
        first = max(half - start, 0)
        to = start - half + first
        length = min(2 * size - first, len(out_N) - to)
        out_N[to : to + length] += made[first : first + length]
        weight_N[to : to + 2 * half - first] += window[first:]
    return out_N[: len(samples_N)] / np.maximum(weight_N[: len(samples_N)], 1e-3)


def _minimum_phase(change_TF: Array, size: int) -> NDArray[np.complex128]:
    """The responses at 2 size points of minimum-phase filters of these powers, by their cepstra folded to one side."""
    cepstra = scipy.fft.irfft(0.5 * np.log(change_TF), size, axis=1)
    cepstra[:, 1 : size // 2] *= 2
    cepstra[:, size // 2 + 1 :] = 0
    return np.asarray(np.exp(scipy.fft.rfft(cepstra, 2 * size, axis=1)))
