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
    text-to-speech synthesis using diphones"): grains of two periods (of the shorter ones) around each pulse, set down
    at the new distances, and each stretch scaled so that its mean power stays.
    """
    moved_N, voiced_N = np.zeros(len(samples_N)), np.zeros(len(samples_N))
    side = 1.0 if (samples_N**3).sum() >= 0 else -1.0  # pulses stand out to one side
    hop = pitch.HOP * rate
    for first, last in pitch.runs((f0_T > 0) & (target_T > 0)):
        start, stop = max(round((first - 0.5) * hop), 0), min(round((last - 0.5) * hop), len(samples_N))
        if stop <= start:
            continue
        marks = _marks(side * samples_N, _periods(f0_T, first, last, rate, len(samples_N)), start, stop)
        if len(marks) < 2:
            continue
        voiced_N[start:stop] = 1
        laid_N = np.zeros(len(samples_N))
        _lay(laid_N, samples_N, marks, _periods(target_T, first, last, rate, len(samples_N)), stop)
        power, made = (float((each[start:stop] ** 2).sum()) for each in (samples_N, laid_N))
        moved_N += laid_N * np.sqrt(power / made if made > 0 else 1.0)
    ramp = max(round(_RAMP * rate), 1)
    kernel = np.hanning(2 * ramp + 1)
    share_N = np.minimum(np.convolve(voiced_N, kernel / kernel.sum(), "same"), voiced_N)
    return np.asarray(share_N * moved_N + (1 - share_N) * samples_N)


def _marks(towards_N: Array, periods_N: Array, start: int, stop: int) -> NDArray[np.int64]:
    """A pulse's place a period: the peak nearest to where it is due."""
    marks: list[int] = []
    due, reach = start + periods_N[start] / 2, 0.5
    while due < stop:
        period = periods_N[int(due)]
        low = max(round(due - reach * period), start, marks[-1] + 1 if marks else 0)
        high = min(round(due + reach * period) + 1, stop)
        if high <= low:
            break
        marks.append(low + int(np.argmax(towards_N[low:high])))
        due, reach = marks[-1] + periods_N[marks[-1]], _SEEK
    return np.asarray(marks, np.int64)


def _lay(out_N: Array, samples_N: Array, marks: NDArray[np.int64], wanted_N: Array, stop: int) -> None:
    """Sets the grains of a voiced stretch down at the wanted periods, until it stops."""
    periods = np.diff(marks, append=2 * marks[-1] - marks[-2])
    at = float(marks[0])
    while at < stop:
        nearest = int(np.abs(marks - at).argmin())
        period = int(min(periods[nearest], wanted_N[int(at)]))  # a longer grain would hold its neighbours' pulses
        low, place = int(marks[nearest]) - period, round(at) - period
        window = np.hanning(2 * period + 3)[1:-1]
        first = max(-low, -place, 0)
        last = min(len(window), len(samples_N) - low, len(out_N) - place)
        if last > first:
            grain = samples_N[low + first : low + last] * window[first:last]
            out_N[place + first : place + last] += grain
        at += float(wanted_N[int(at)])


def _periods(f0_T: Array, first: int, last: int, rate: int, samples: int) -> Array:
    """Samples a period at each sample, of a stretch of frames that are all voiced: beyond its ends as at them."""
    at_N = np.arange(samples) / (pitch.HOP * rate)
    return np.asarray(rate / np.interp(at_N, np.arange(first, last), f0_T[first:last]))


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
