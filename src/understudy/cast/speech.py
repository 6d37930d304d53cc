"""Speech by espeak-ng, in a process of its own.

espeak-ng is GPL-3 and comes with the optional extra `speech`; it is run as a separate program and is not part of this
one. A fresh process for every utterance also makes its sound the same every time: a second call in one process differs.
"""

import importlib.util
import json
import math
import subprocess
import sys
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from understudy.cast.identity import Voice
from understudy.cast.noise import Floats
from understudy.cast.performance import Performance, Speech
from understudy.cast.saying import AFTER, BEFORE, FPS, Saying
from understudy.cast.timescale import stretched
from understudy.errors import SpeechError
from understudy.files import whole

_SPEAKER = Path(__file__).with_name("speaker.py")


@dataclass(frozen=True, kw_only=True, eq=False)
class Utterance:
    """sound_N: int16 mono at `rate`. phones with their starts and the end of the last, seconds."""

    sound_N: NDArray[np.int16]
    rate: int
    phones: tuple[str, ...]
    times: tuple[float, ...]


def available() -> bool:
    """Whether the extra that speech needs is installed."""
    return importlib.util.find_spec("espeakng_loader") is not None


def utter(text: str, *, voice: str, rate: int, pitch: int = 50) -> Utterance:
    """Says a text. Raises SpeechError when the extra is missing, or the voice is none of espeak-ng's."""
    if not available():
        remedy = "Install it: pip install 'understudy[speech]' (or leave the sound out: clips render without it)."
        raise SpeechError("speech", "the optional extra 'speech' (espeakng-loader) is not installed", remedy)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "sound.raw"
        order = json.dumps({"text": text, "voice": voice, "rate": rate, "pitch": pitch, "out": str(out)})
        # -I: the speaker sees neither this package nor the caller's environment.
        done = subprocess.run([sys.executable, "-I", str(_SPEAKER)], input=order, capture_output=True, text=True)
        if done.returncode != 0:
            last = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit status {done.returncode}"
            raise SpeechError(f"voice {voice}", f"espeak-ng failed: {last}", "Check the voice's name.")
        answer = json.loads(done.stdout)
        sound_N = np.fromfile(out, "<i2").astype(np.int16)
    return Utterance(sound_N=sound_N, rate=answer["rate"], phones=tuple(answer["phones"]), times=tuple(answer["times"]))


def speak(performance: Performance, out: Path, voice: Voice) -> Path:
    """Writes what a performance says, in `voice`, as a wav (int16, mono) of exactly the clip's length.

    Every phone is where the performance has it, whoever speaks: it is stretched to its stored length. So the sound is
    in time with the lips, and two voices with each other. Raises SpeechError when the extra is missing.
    """
    speech = performance.speech
    said = _said(speech, voice)
    timed_N = _timed(said, speech.phones, speech.times, speech.text)
    sound_N = np.zeros(round(performance.frames / performance.fps * said.rate))
    first = round(speech.start * said.rate)
    room = sound_N[first : first + len(timed_N)]
    room[:] = timed_N[: len(room)]
    return _written(out, sound_N, said.rate)


def say(saying: Saying, out: Path, voice: Voice, *, like: Voice | None = None) -> Path:
    """Writes a saying in `voice` as a wav (int16, mono) that lasts a whole number of its frames.

    like: whose pace it keeps, phone by phone; its own by default.
    """
    said = _said(saying, voice)
    pace = said if like is None else _said(saying, like)
    timed_N = _timed(said, pace.phones, pace.times, saying.text)
    before = round(BEFORE * said.rate)
    spoken = len(np.trim_zeros(pace.sound_N, "b"))
    frames = math.ceil((before + spoken + AFTER * said.rate) / said.rate * FPS)
    sound_N = np.zeros(round(frames / FPS * said.rate))
    room = sound_N[before : before + len(timed_N)]
    room[:] = timed_N[: len(room)]
    return _written(out, sound_N, said.rate)


def _said(words: Speech | Saying, voice: Voice) -> Utterance:
    return utter(words.text, voice=f"{words.accent}+{voice.variant}", rate=words.rate, pitch=voice.pitch)


def _timed(said: Utterance, phones: tuple[str, ...], times: tuple[float, ...], text: str) -> Floats:
    """An utterance with its phones where they are wanted."""
    if said.phones != phones:
        fact = f"two voices, or two versions of espeak-ng, say '{text}' in other sounds"
        raise SpeechError("speech", fact, "Make the performance again, with this version of espeak-ng.")
    # What follows the last phone that is heard is silence: it is as long as it is.
    heard = len(times) - (phones[-1:] == ("_",))
    return stretched(said.sound_N.astype(float), said.rate, said.times[:heard], times[:heard])


def _written(out: Path, sound_N: Floats, rate: int) -> Path:
    with whole(out) as part, wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(np.clip(sound_N, -32768, 32767)).astype("<i2").tobytes())
    return out
