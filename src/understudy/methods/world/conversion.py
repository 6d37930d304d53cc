"""One voice's sound in the other's.

Shapes: N samples, T frames of 5 ms, F bins, D coefficients from the 1st.
"""

from collections.abc import Iterable

import numpy as np
import pyworld
from numpy.typing import NDArray

from understudy import job
from understudy.methods.world.config import RATE, Config
from understudy.methods.world.differential import filtered, repitched
from understudy.methods.world.mixture import Array
from understudy.methods.world.network import World
from understudy.methods.world.voice import level, powers, spoken
from understudy.speech import cepstrum, pitch
from understudy.speech.peaks import bent
from understudy.speech.pieces import pieces

_LEAST_VOICED = 0.1  # seconds of voiced speech in a piece, without which it passes as it is
_KNEE, _TOP = 0.9, 0.99  # where peaks begin to be bent, and what they never pass


class Conversion:
    """The change of a piece of sound: called for each, it keeps account of what passed unchanged.

    to: the number of the voice that is asked for. mean: the mean power of the driver's speech in the whole sound.
    """

    def __init__(self, network: World, to: int, mean: float, config: Config) -> None:
        self.network, self.to, self.mean, self.config = network, to, mean, config
        wanted = network.of("power_2")[to] if config.level == "source" else mean
        self.gain = float(np.sqrt(wanted / mean)) if mean > 0 and wanted > 0 else 1.0
        self.passed = 0

    def __call__(self, samples_N: Array) -> Array:
        """A piece in the other voice, as long as it is."""
        f0_T = pitch.f0(samples_N, RATE)
        if (f0_T > 0).sum() * pitch.HOP < _LEAST_VOICED or not self.mean:
            self.passed += len(samples_N)
            return samples_N
        envelope_TF = cepstrum.envelope(samples_N, RATE, f0_T)
        change_TF = self._change(samples_N, f0_T, envelope_TF)
        target_T = self.network.pitched_as(f0_T, self.to)
        if self.config.synthesis == "differential":
            made_N = filtered(repitched(samples_N, RATE, f0_T, target_T), RATE, change_TF)
        else:
            made_N = vocoded(samples_N, f0_T, target_T, envelope_TF, envelope_TF * change_TF)
        return bent(self.gain * made_N, _KNEE, _TOP)

    def _change(self, samples_N: Array, f0_T: Array, envelope_TF: Array) -> Array:
        """By how much the power of each frame is to change at each frequency; frames keep their own power."""
        mcep_TD = cepstrum.encode(envelope_TF, RATE, self.config.order)
        said_T = spoken(samples_N, self.mean, len(f0_T))
        apart_TD = np.zeros_like(mcep_TD)
        apart_TD[:, 1:] = self.network.said_as(mcep_TD[:, 1:], self.to, self.config.variance) - mcep_TD[:, 1:]
        change_TF = cepstrum.decode(apart_TD * said_T[:, None], RATE)
        kept_T = envelope_TF.sum(1) / (envelope_TF * change_TF).sum(1)
        return np.asarray(change_TF * kept_T[:, None])

    def tell(self, thing: object) -> None:
        """Says in the log how much passed as it was."""
        if self.passed:
            seconds = self.passed / RATE
            job.log(f"{thing}: {seconds:.1f} s of it hold no voiced speech (silence or whispers) and pass as they are")


def vocoded(samples_N: Array, f0_T: Array, target_T: Array, envelope_TF: Array, wanted_TF: Array) -> Array:
    """The sound made anew with another pitch and envelope; its breath, as D4C measures it, stays."""
    at_T = np.arange(len(f0_T)) * pitch.HOP
    size = 2 * (envelope_TF.shape[1] - 1)
    breath_TF = pyworld.d4c(samples_N, f0_T, at_T, RATE, fft_size=size)
    breath_TF = np.nan_to_num(breath_TF, nan=1.0)
    made_N = pyworld.synthesize(target_T, np.ascontiguousarray(wanted_TF), breath_TF, RATE, 1000 * pitch.HOP)
    out_N = np.zeros(len(samples_N))
    out_N[: len(made_N)] = np.nan_to_num(made_N[: len(out_N)])
    return out_N


def mean_power(sound: Iterable[NDArray[np.floating]]) -> float:
    """The mean power of the speech in a stream of sound, as `voice.level` has it, in memory that does not grow."""
    parts = [powers(piece.samples_N[piece.first : piece.last]) for piece in pieces(sound, RATE, 20.0)]
    return level(np.concatenate(parts)) if parts else 0.0
