"""The audible notice: what the label is to the eye, for a fake whose sound is synthetic.

A chime at the very start, always, and after it a text of the study's own, spoken, where it gives one. It lies over the
first moments of the sound, which gives way beneath it: neither the length nor the timing of the sound changes.

Legend of shapes: N = samples; NC = samples, channels.
"""

import dataclasses
import importlib
import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import scipy  # loads its parts when they are first used: scipy.signal takes half a second, in every job
from numpy.typing import NDArray

from understudy.errors import ConfigError, MediaError, SpeechError
from understudy.provenance import chime

if TYPE_CHECKING:
    from understudy.cast.speech import Utterance

# dB: how far the sound gives way, and how far it lies below the notice at the least.
_UNDER = 15.0
# dBFS: the notice is as loud as the voice that it announces, within these bounds.
_SOFTEST, _LOUDEST = -30.0, -20.0
# With the sound 15 dB down (0.18), what peaks here cannot clip.
_PEAK = 0.8
_GAP, _FADE, _CUT = 0.15, 0.1, 0.02  # s: between chime and text, of the sound's return, of a text that does not fit
_VOICE, _WORDS_A_MINUTE, _PITCH = "en-us", 150, 50
# s: what lies under the notice is not judged.
_LONGEST = 10.0
_QUIET = 0.01  # of a text's peak: what is below at its ends is silence
_WINDOW = 0.05  # s, of which loudness is taken


@dataclasses.dataclass(frozen=True, kw_only=True)
class Notice:
    """What a fake's start says: a chime and, if there is one, a text; and for how long (seconds)."""

    text: str | None
    seconds: float


def require(text: str | None) -> None:
    """Raises ConfigError for a text that cannot be said: without words, longer than 10 s, or without the extra."""
    if text is None:
        return
    name, remedy = "the notice's text", "Give some words, or leave the text out: the chime stays."
    if not text.strip():
        raise ConfigError(name, "is empty", remedy)
    try:
        spoken_N, rate = _spoken(text)
    except SpeechError as error:
        raise ConfigError(name, f"cannot be said: {error.fact}", error.remedy) from error
    if not len(spoken_N):
        raise ConfigError(name, f"has no words in it: '{text}'", remedy)
    if len(spoken_N) / rate > _LONGEST:
        fact = f"takes {len(spoken_N) / rate:.1f} s to say"
        raise ConfigError(name, fact, f"Say it in at most {_LONGEST:.0f} s: what lies under it cannot be judged.")


def seconds(text: str | None = None) -> float:
    """How long the start of a sound is another than the fake's own, and not to be judged by metrics.

    Raises SpeechError when a text cannot be said.
    """
    said = 0.0
    if text is not None:
        spoken_N, rate = _spoken(text)
        said = _GAP + len(spoken_N) / rate
    return chime.SECONDS + said + _FADE


def laid(samples_NC: NDArray[np.float32], rate: int, text: str | None = None) -> NDArray[np.float32]:
    """The sound with the notice over its start, as a new array of the same shape.

    samples_NC: in [-1, 1], N samples of C channels (or N alone). rate: Hz. What was in [-1, 1] stays there. The notice
    is as loud as the voice, between -30 and -20 dBFS, and the sound lies 15 dB or more below it. In a sound shorter
    than the notice the text is cut off where it ends; in one shorter than the chime, the chime is as short.

    Raises MediaError when so low a rate cannot carry the chime (below 4000 Hz), or there are no samples to carry it;
    SpeechError when the text cannot be said.
    """
    if rate < chime.SLOWEST:
        fact = f"{rate} samples a second cannot carry the audible notice"
        raise MediaError("a fake's sound", fact, f"Resample it to {chime.SLOWEST} Hz or more.")
    if not len(samples_NC):
        raise MediaError("a fake's sound", "it is empty: nothing can carry the audible notice", "Check what made it.")
    sound_NC = np.asarray(samples_NC, np.float64)
    voice = _level(sound_NC, rate)
    level = min(max(voice, _SOFTEST), _LOUDEST)
    notice_L = _notice(len(sound_NC), rate, text, 10 ** (level / 20))
    gain_N = _gain(len(sound_NC), len(notice_L), rate, 10 ** ((-_UNDER + min(0.0, level - voice)) / 20))
    made_NC = sound_NC * gain_N.reshape(-1, *[1] * (sound_NC.ndim - 1))
    made_NC[: len(notice_L)] += notice_L.reshape(-1, *[1] * (sound_NC.ndim - 1))
    # What the voice leaves untouched stays bit for bit.
    return np.where(gain_N.reshape(-1, *[1] * (sound_NC.ndim - 1)) == 1, samples_NC, made_NC).astype(np.float32)


def found(samples_N: NDArray[np.float32], rate: int) -> bool:
    """Whether the chime is to be heard anywhere in a sound, whatever it was encoded as since."""
    return chime.find(samples_N, rate) is not None


def _notice(room: int, rate: int, text: str | None, level: float) -> NDArray[np.float64]:
    """The notice at a root mean square of `level`, cut to `room` samples."""
    parts = [level * chime.chime(min(room, round(chime.SECONDS * rate)), rate)]
    if text is not None:
        spoken_N, their_rate = _spoken(text)
        shared = math.gcd(rate, their_rate)
        said_N = np.asarray(scipy.signal.resample_poly(spoken_N, rate // shared, their_rate // shared), np.float64)
        loud = min(level, _PEAK / max(float(np.abs(said_N).max(initial=0)), 1e-12))
        parts += [np.zeros(round(_GAP * rate)), loud * said_N]
    notice_L = np.concatenate(parts)
    if len(notice_L) > room:
        notice_L = notice_L[:room]
        # The chime has an end of its own; only a text is cut off.
        last = min(round(_CUT * rate), max(0, room - len(parts[0])))
        notice_L[room - last :] *= np.linspace(1, 0, last)
    return notice_L


def _gain(count: int, under: int, rate: int, low: float) -> NDArray[np.float64]:
    """What the sound is multiplied by: `low` for so many samples, then 1 after a fade."""
    rising_F = np.sin(np.pi / 2 * np.linspace(0, 1, max(1, round(_FADE * rate)))) ** 2
    gain_N = np.concatenate([np.full(under, low), low + (1 - low) * rising_F])[:count]
    return np.pad(gain_N, (0, count - len(gain_N)), constant_values=1.0)


def _level(sound_NC: NDArray[np.float64], rate: int) -> float:
    """dBFS of the voice where it speaks: of windows of 50 ms the one that is louder than 95 in 100."""
    power_N = sound_NC**2 if sound_NC.ndim == 1 else (sound_NC**2).mean(axis=1)
    size = min(len(power_N), max(1, round(_WINDOW * rate)))
    windows_W = power_N[: len(power_N) // size * size].reshape(-1, size).mean(axis=1)
    return float(10 * np.log10(max(float(np.percentile(windows_W, 95)), 1e-12)))


@lru_cache(maxsize=8)
def _spoken(text: str) -> tuple[NDArray[np.float64], int]:
    """A text, spoken, without the silence around it, with a root mean square of 1; and its rate (Hz)."""
    # By name, as a job's fingerprint reaches what is imported: a training is no other for a new hair on the cast.
    said: Utterance = importlib.import_module("understudy.cast.speech").utter(
        text, voice=_VOICE, rate=_WORDS_A_MINUTE, pitch=_PITCH
    )
    sound_N = said.sound_N.astype(np.float64)
    loud = np.flatnonzero(np.abs(sound_N) > _QUIET * np.abs(sound_N).max(initial=0))
    kept_N = sound_N[loud[0] : loud[-1] + 1] if len(loud) else np.zeros(0)
    kept_N = kept_N / max(float(np.sqrt(np.mean(kept_N**2))) if len(kept_N) else 0.0, 1e-12)
    kept_N.setflags(write=False)
    return kept_N, said.rate
