"""A recording at the rates that extraction needs, held on the disk so that memory does not grow with its length.

Shapes: N samples.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from understudy.errors import MediaError, SpeechError
from understudy.media.container import opened
from understudy.media.read import blocks

HEARD = 16_000  # Hz: the rate at which speech is found and described
_SILENCE = 1e-3  # largest sample of what is taken for silence: 60 dB below full scale
_CHUNK = 2**20  # samples in memory at once
_RUN, _TOP = 3, 0.999  # samples in a row, share of the largest: what a limiter or converter cut off


@dataclass(frozen=True, kw_only=True, eq=False)
class Recording:
    """One channel of a file's sound. native: its own rate, Hz. seconds: its length.

    full_N: samples at the rate that was asked for; heard_N: at 16 kHz; own_N: at its own. All in [-1, 1], memory maps.
    """

    path: Path
    native: int
    seconds: float
    rate: int
    full_N: NDArray[np.float32]
    heard_N: NDArray[np.float32]
    own_N: NDArray[np.float32]
    peak: float

    def clipped(self, start: float, stop: float) -> float:
        """The share of samples from `start` to `stop` (s) that were cut off: three or more in a row within 0.1 % of
        the recording's largest, on one side."""
        own_N = self.own_N[round(start * self.native) : round(stop * self.native)]
        if len(own_N) < _RUN:
            return 0.0
        cut = sum(int(_lasting(side * own_N >= _TOP * self.peak).sum()) for side in (1, -1))
        return cut / len(own_N)


def _lasting(mask_N: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The true entries that stand in runs of at least _RUN."""
    core = np.lib.stride_tricks.sliding_window_view(mask_N, _RUN).all(1)
    out = np.zeros_like(mask_N)
    for shift in range(_RUN):
        out[shift : len(out) - _RUN + 1 + shift] |= core
    return out


def record(path: Path, folder: Path, rate: int) -> Recording:
    """Decodes the first sound track of a media file into spool files in `folder`.

    Raises MediaError when it cannot be read, has no sound, or values that are no numbers, SpeechError when it is
    nothing but silence.
    """
    with opened(path) as container:
        if not container.streams.audio:
            raise MediaError(path, "it has no sound", "Give a file with a sound track.")
        native = int(container.streams.audio[0].codec_context.sample_rate)
    held = {each: _spool(path, folder, each) for each in {native, rate, HEARD}}
    peak = max((float(np.abs(part).max()) for part in _chunks(held[native])), default=0.0)
    if not math.isfinite(peak):
        raise MediaError(path, "its sound holds values that are no numbers", "Export it again.")
    if not len(held[native]) or peak < _SILENCE:
        fact = f"its sound is silence (its loudest sample is {peak:.1g} of full scale)"
        raise SpeechError(path, fact, "Give a file in which somebody speaks, or record it louder.")
    seconds = len(held[native]) / native
    return Recording(
        path=path,
        native=native,
        seconds=seconds,
        rate=rate,
        full_N=held[rate],
        heard_N=held[HEARD],
        own_N=held[native],
        peak=peak,
    )


def _spool(path: Path, folder: Path, rate: int) -> NDArray[np.float32]:
    """The samples of a file at `rate` Hz, as a memory map of a file in `folder`."""
    place = folder / f"{rate}.spool"
    with place.open("wb") as file:
        for samples_N in blocks(path, rate):
            file.write(samples_N.tobytes())
    if not place.stat().st_size:
        return np.zeros(0, np.float32)
    return np.memmap(place, np.float32, "r")


def _chunks(samples_N: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return [samples_N[start : start + _CHUNK] for start in range(0, len(samples_N), _CHUNK)]
