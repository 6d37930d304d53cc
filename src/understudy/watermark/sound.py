"""Marking sound: the phrase, repeated, at a fixed distance below the sound itself in every part of the spectrum."""

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.errors import Error
from understudy.watermark import stft
from understudy.watermark.phrase import HIGHEST, LOWEST, pair

# dB of the mark against the sound around it, where that is tonal and where it is noise. Tones hide noise that is 18 dB
# below them, noise hides what is 6 dB below it (ISO/IEC 13818-7, annex B, the psychoacoustic model of AAC).
_UNDER_TONES, _UNDER_NOISE = -20.5, -14.5
# Spectral flatness, dB, of what counts as tonal and as noise, over windows and lines; white noise has -2.5.
_TONE, _NOISE = -8.0, -3.0
_FLATNESS_WINDOW = (9, 3)  # lines of 42 Hz, windows 6 ms apart
# dBFS of a window, rms: below the first it is silence and stays as it is, from the second on it is fully marked.
_SILENT, _QUIET = -65.0, -55.0
_LINES = 5
_PIECE = 0.005  # s, over which the mark gives way where it would clip


def mark_sound(samples_NC: NDArray[np.float32], rate: int, payload: int, key: bytes) -> NDArray[np.float32]:
    """The sound with the mark, as a new array of the same shape.

    samples_NC: float, -1 to 1, N samples of C channels (or N alone). rate: Hz. payload: 32 bits. key: 32 bytes. Sound
    of any length and loudness may be given; whether a mark can be read in it afterwards is another matter. A sample
    that was within -1 to 1 stays there.
    """
    channels_CN = planes(samples_NC)
    if not channels_CN.size:
        return np.array(samples_NC, np.float32)
    phrases = np.resize(pair(key, payload, rate), channels_CN.shape[1])
    marked = [channel + _held(channel, _hidden(channel, phrases, rate), rate) for channel in channels_CN]
    return np.stack(marked, -1).reshape(np.shape(samples_NC)).astype(np.float32)


def planes(samples_NC: NDArray[np.float32]) -> NDArray[np.float64]:
    """channels_CN of samples_NC or samples_N, checked."""
    samples = np.asarray(samples_NC, np.float64)
    if samples.ndim not in (1, 2) or not np.isfinite(samples).all():
        fact = f"it has the shape {samples.shape}" if samples.ndim not in (1, 2) else "not all its samples are numbers"
        raise Error("a sound's samples", fact, "They must be finite, N of C channels.")
    return np.ascontiguousarray((samples[:, None] if samples.ndim == 1 else samples).T)


def _hidden(channel_N: NDArray[np.float64], phrases_N: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """The phrases, shaped in time and frequency as the channel is."""
    band_F = _band(rate)
    # The rms of the phrases' lines in a window: their power is spread over the band alone.
    flat = np.sqrt(stft.hop(rate) * 2 * rate / 2 / (HIGHEST - LOWEST))

    def shaped(spectra: list[NDArray[np.complex128]]) -> NDArray[np.complex128]:
        sound_TF, phrases_TF = spectra
        return np.asarray(phrases_TF * band_F * _strength(sound_TF) / flat, np.complex128)

    return np.concatenate(list(stft.changed([channel_N, phrases_N], rate, shaped)))


def around(spectra_TF: NDArray[np.complex128]) -> NDArray[np.float64]:
    """The rms around each line of the windows' spectra, over 200 Hz."""
    # A running sum may end a little below zero in digital silence.
    power_TF = np.maximum(cv2.blur(_power(spectra_TF), (_LINES, 1)), 0)
    return np.asarray(np.sqrt(power_TF), np.float64)


def _strength(spectra_TF: NDArray[np.complex128]) -> NDArray[np.float64]:
    """How strong the mark may be in each line of the windows: so far below what is around it as its tone demands.

    What is noisy and what is tonal is told apart by the spectral flatness around the line, in dB.
    """
    power_TF = _power(spectra_TF) + 1e-14
    mean_TF = np.maximum(cv2.blur(power_TF, _FLATNESS_WINDOW), 1e-14)
    flatness_TF = (10 / np.log(10)) * (cv2.blur(np.log(power_TF), _FLATNESS_WINDOW) - np.log(mean_TF))
    noise_TF = np.clip((flatness_TF - _TONE) / (_NOISE - _TONE), 0, 1)
    level_TF = 10 ** ((_UNDER_TONES + (_UNDER_NOISE - _UNDER_TONES) * noise_TF) / 20)
    # The least of three windows, so that nothing is heard before a sound begins or after it has ended.
    least_TF = cv2.erode(around(spectra_TF) * level_TF, np.ones((3, 1), np.uint8))
    return np.asarray(least_TF * _loud(spectra_TF)[:, None], np.float64)


def _power(spectra_TF: NDArray[np.complex128]) -> NDArray[np.float64]:
    return np.ascontiguousarray(spectra_TF.real**2 + spectra_TF.imag**2)


def _band(rate: int) -> NDArray[np.float64]:
    frequencies_F = stft.frequencies(rate)
    return ((frequencies_F > LOWEST / 1.2) & (frequencies_F < HIGHEST * 1.02)).astype(np.float64)


def _loud(spectra_TF: NDArray[np.complex128]) -> NDArray[np.float64]:
    """0 to 1 for each window: whether it is loud enough to hide anything."""
    size = 2 * (spectra_TF.shape[1] - 1)
    # Parseval; the window halves the power.
    power_T = 2 * (np.abs(spectra_TF) ** 2).sum(1) / size / (size / 2)
    level_T = 10 * np.log10(power_T + 1e-12)
    return np.asarray(np.clip((level_T - _SILENT) / (_QUIET - _SILENT), 0, 1), np.float64)


def _held(channel_N: NDArray[np.float64], mark_N: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """The mark, softer around every sample that it would lift above full scale."""
    over_N = np.abs(channel_N + mark_N) > 1
    if not over_N.any():
        return mark_N
    room_N = np.where(over_N, np.maximum(1 - np.abs(channel_N), 0) / np.maximum(np.abs(mark_N), 1e-12), 1.0)
    size = max(1, round(_PIECE * rate))
    least_P = np.pad(room_N, (0, -len(room_N) % size), constant_values=1).reshape(-1, size).min(1)
    padded_P = np.pad(np.minimum(least_P, 1), 1, constant_values=1)
    share_P = np.minimum(np.minimum(padded_P[:-2], padded_P[2:]), padded_P[1:-1])
    middles_P = (np.arange(len(share_P)) + 0.5) * size
    # Rounding to float32 must not lift it over the edge again.
    held_N = mark_N * np.interp(np.arange(len(mark_N)), middles_P, share_P) * (1 - 1e-6)
    return np.asarray(held_N, np.float64)
