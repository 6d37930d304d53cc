"""Finding the mark in sound: whitened, folded to two phrases, and searched for the place where the phrase begins."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from understudy.watermark import stft
from understudy.watermark.found import Found
from understudy.watermark.phrase import HIGHEST, LOWEST, PAIR, SECONDS, Tones, tones
from understudy.watermark.reading import read
from understudy.watermark.sound import around, planes
from understudy.watermark.tile import SYNC

# Places in a phrase where it may begin: every 23 microseconds, a seventh of the shortest wave.
_PLACES = 65536
_CANDIDATES = 48
# A line of a window counts by its phase alone from its neighbours' strength on; parts 80 dB below the loudest do not.
_FLOOR = 1e-4
_NEIGHBOURHOOD = 201
_LOUDEST = 2.0
_SHORTEST = 0.25  # s, below which there is nothing to be searched


def detect_sound(samples_NC: NDArray[np.float32], rate: int, key: bytes) -> Found | None:
    """The mark in a sound; None where there is none to be found.

    samples_NC: float, N samples of C channels (or N alone). rate: Hz, any. key: 32 bytes. Stretches of 12 s are
    searched one by one, then all together, until the mark is found. A sound that plays faster or slower than it was
    marked hides its mark.
    """
    channels_CN = planes(samples_NC)
    sought, tried = tones(key), 0
    all_ = np.zeros(PAIR * rate)
    start = stretches = 0
    if not channels_CN.size or channels_CN.shape[1] < _SHORTEST * rate:
        return None
    for flat_N in _whitened(channels_CN, rate):
        part = _folded(flat_N, start, rate)
        all_ += part
        start, stretches = start + len(flat_N), stretches + 1
        found = _look(part, sought, rate, tried, start / rate)
        tried += _PLACES
        if found:
            return found
    return _look(all_, sought, rate, tried, start / rate) if stretches > 1 else None


def _whitened(channels_CN: NDArray[np.float64], rate: int) -> Iterator[NDArray[np.float64]]:
    """The sum of the channels, block by block, with every line of its windows as strong as any other."""
    frequencies_F = stft.frequencies(rate)
    band_F = (frequencies_F > LOWEST / 1.2) & (frequencies_F < HIGHEST * 1.02)

    def flat(spectra: list[NDArray[np.complex128]]) -> NDArray[np.complex128]:
        total = np.zeros(spectra[0].shape, np.complex128)
        for spectra_TF in spectra:
            around_TF = around(spectra_TF)
            floor = _FLOOR * float(around_TF.max()) + 1e-12
            total += spectra_TF / np.maximum(np.abs(spectra_TF), around_TF + floor)
        return total * band_F

    return stft.changed(list(channels_CN), rate, flat)


def _folded(flat_N: NDArray[np.float64], start: int, rate: int) -> NDArray[np.float64]:
    """The sum of all stretches of two phrases, as if the sound had begun at a phrase's beginning."""
    length = PAIR * rate
    before = start % length
    padded = np.pad(flat_N, (before, -(before + len(flat_N)) % length))
    return np.asarray(padded.reshape(-1, length).sum(0), np.float64)


def _look(folded_N: NDArray[np.float64], sought: Tones, rate: int, tried: int, seconds: float) -> Found | None:
    """The mark in two folded phrases, wherever the phrase begins."""
    values_K = _values(folded_N, sought)
    # Neighbours of the best place are among them: what reads best is not always what fits the sync tones best.
    for place in np.argsort(-_fits(values_K, sought))[:_CANDIDATES]:
        found = _read(values_K, sought, int(place) / _PLACES, tried + _PLACES, seconds)
        if found:
            return found
    return None


def _values(folded_N: NDArray[np.float64], sought: Tones) -> NDArray[np.complex128]:
    """The tones of the folded sound, each relative to its neighbourhood; of two phrases the even lines."""
    lines = np.fft.rfft(folded_N)
    kept_K = 2 * sought.tones_K < len(lines) - 1
    values_K = np.where(kept_K, lines[np.where(kept_K, 2 * sought.tones_K, 0)], 0)
    power_K = np.convolve(np.abs(values_K) ** 2, np.ones(_NEIGHBOURHOOD) / _NEIGHBOURHOOD, "same")
    values_K = values_K / np.sqrt(power_K + 1e-20)
    return np.asarray(values_K / np.maximum(np.abs(values_K) / _LOUDEST, 1), np.complex128)


def _fits(values_K: NDArray[np.complex128], sought: Tones) -> NDArray[np.float64]:
    """fits_P: how well the sync tones fit at every place of the phrase, in standard deviations of chance."""
    sync_K = sought.bits_K == SYNC
    field = np.zeros(_PLACES, np.complex128)
    field[sought.tones_K[sync_K]] = (values_K * np.exp(-1j * sought.phases_K))[sync_K]
    spread = math.sqrt(float(np.vdot(field, field).real) / 2) + 1e-12
    return np.asarray(np.fft.ifft(field).real * _PLACES / spread, np.float64)


def _read(values_K: NDArray[np.complex128], sought: Tones, place: float, tried: int, seconds: float) -> Found | None:
    """What is written if a phrase begins at `place` of its length, if it can be believed."""
    spread = math.sqrt(float(np.vdot(values_K, values_K).real) / 2) + 1e-12
    turn_K = 2 * np.pi * place * sought.tones_K - sought.phases_K
    fits_K = (values_K * np.exp(1j * turn_K)).real / spread
    return read(fits_K, sought.bits_K, tried, {"seconds": seconds, "start": place * SECONDS})
