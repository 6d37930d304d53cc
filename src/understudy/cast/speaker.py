"""The separate program that speaks: reads an order (JSON) on stdin, writes raw int16 sound, prints rate and phones.

Run by speech.utter; it imports nothing of this package. It uses espeak-ng's C interface (speak_lib.h): synchronous
output, phoneme events, a fixed random seed.
"""

import ctypes
import json
import sys
from pathlib import Path
from typing import Any

import espeakng_loader

_SYNCHRONOUS, _PHONEME_EVENTS, _UTF8 = 2, 1, 1
_RATE, _PITCH = 1, 3
_PHONEME, _END_OF_LIST = 7, 0


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int), ("unique_identifier", ctypes.c_uint), ("text_position", ctypes.c_int),
        ("length", ctypes.c_int), ("audio_position", ctypes.c_int), ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p), ("id", ctypes.c_char * 8),
    )  # fmt: skip


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def speak(order: dict[str, Any]) -> dict[str, Any]:
    """Says order["text"]; returns the sample rate, the phones and their times in seconds."""
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = espeakng_loader.get_data_path().encode()
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data, _PHONEME_EVENTS)
    if rate <= 0:
        raise RuntimeError("espeak-ng does not start")
    sound, events = bytearray(), []

    def take(samples: Any, count: int, event: Any) -> int:
        if count > 0:
            sound.extend(ctypes.string_at(samples, 2 * count))
        index = 0
        while event[index].type != _END_OF_LIST:
            if event[index].type == _PHONEME:
                events.append((event[index].sample, event[index].id.decode("utf8", "replace")))
            index += 1
        return 0

    callback = _Callback(take)
    library.espeak_SetSynthCallback(callback)
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))
    if library.espeak_SetVoiceByName(order["voice"].encode()) != 0:
        raise RuntimeError(f"no voice is called {order['voice']}")
    for parameter, value in ((_RATE, order["rate"]), (_PITCH, order["pitch"])):
        library.espeak_SetParameter(parameter, int(value), 0)
    text = order["text"].encode() + b"\0"
    library.espeak_Synth(text, ctypes.c_size_t(len(text)), 0, 1, 0, _UTF8, None, None)
    library.espeak_Synchronize()
    Path(order["out"]).write_bytes(bytes(sound))
    times = [sample / rate for sample, _ in events] + [len(sound) / 2 / rate]
    return {"rate": rate, "phones": [phone for _, phone in events], "times": times}


if __name__ == "__main__":
    print(json.dumps(speak(json.load(sys.stdin))))
