"""Speech by espeak-ng, in a process of its own.

espeak-ng is GPL-3 and comes with the optional extra `speech`; it is run as a separate program and is not part of this
one. A fresh process for every utterance also makes its sound the same every time: a second call in one process differs.
"""

import importlib.util
import json
import subprocess
import sys
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from understudy.cast.performance import Performance
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


def utter(text: str, *, voice: str, rate: int, pitch: int) -> Utterance:
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


def speak(performance: Performance, out: Path) -> Path:
    """Writes what a performance says as a wav (int16, mono) of exactly the clip's length, in time with its frames.

    Raises SpeechError when the extra is missing.
    """
    speech = performance.speech
    said = utter(speech.text, voice=speech.voice, rate=speech.rate, pitch=speech.pitch)
    sound_N = np.zeros(round(performance.frames / performance.fps * said.rate), np.int16)
    first = round(speech.start * said.rate)
    room = sound_N[first : first + len(said.sound_N)]
    room[:] = said.sound_N[: len(room)]
    with whole(out) as part, wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(said.rate)
        file.writeframes(sound_N.astype("<i2").tobytes())
    return out
