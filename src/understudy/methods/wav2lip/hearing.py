"""What a fake says: the driver's speech, cut into the mel window of each frame.

Legend of shapes: K frames of the fake; 80 bands, T mel frames, 16 of them a window.
"""

from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from understudy import speech
from understudy.errors import MediaError

if TYPE_CHECKING:
    from understudy.methods import Footage

Speech = Literal["own", "shuffled"]
_SEED = 0  # of the one order in which shuffled speech is said


class Hearing:
    """A driver's speech at a clip's frame rate.

    frames: how many the speech lasts.

    order: "shuffled" gives the network the same sounds at other times: a control. Raises MediaError for a driver
    without speech, for speech that is too short or silent, and for a rate outside 10 to 60 frames a second.
    """

    def __init__(self, driver: "Footage", fps: Fraction, lead: float, order: Speech) -> None:
        if driver.speech is None:
            raise MediaError(driver.subject, "has no speech to be said", "Name a clip of theirs with sound.")
        samples_N = speech.read(driver.speech)
        self.frames = speech.frames(driver.speech, fps)
        said_N = speech.shuffled(samples_N, _SEED) if order == "shuffled" else samples_N
        self.mel_80T, self.fps, self.lead = speech.mel(said_N), float(fps), lead
        speech.starts(self.mel_80T.shape[1], self.fps)  # is the rate one at which windows can be cut?
        self.quiet_80 = self.mel_80T[:, self.mel_80T.mean(axis=0).argmin()]

    def windows(self, first: int, count: int) -> NDArray[np.float32]:
        """The windows (K, 80, 16) of frames from number `first` on.

        Before the speech and after it, it is as quiet as at its quietest: the lips close, where a window held back
        would go on saying the last sound.
        """
        at_K = starts(np.arange(first, first + count), self.fps, self.lead)
        inside_K16 = at_K[:, None] + np.arange(speech.LENGTH)
        known = np.clip(inside_K16, 0, self.mel_80T.shape[1] - 1)
        outside_K16 = known != inside_K16
        found_K8016 = self.mel_80T[:, known].transpose(1, 0, 2)
        return np.where(outside_K16[:, None], self.quiet_80[None, :, None], found_K8016).astype(np.float32)


def starts(frames_K: NDArray[np.integer], fps: float, lead: float) -> NDArray[np.int64]:
    """The mel frame with which the window of each video frame begins: `lead` seconds before the frame, whole frames cut
    as published. It may lie before the first."""
    step = speech.MEL_RATE / fps  # rounded before it is multiplied, as the authors do
    return np.asarray(np.floor(np.asarray(frames_K) * step - lead * speech.MEL_RATE + 1e-9), np.int64)
