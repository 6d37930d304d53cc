"""What of a clip's pictures may be the mark: the restless part of the luma, summed over frames, and its spectrum."""

import dataclasses

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.errors import Error

# Grey levels, and shares of a grey level's worth after that, below which rest is not blown up into noise.
_FRAME_FLOOR, _SUM_FLOOR = 1.0, 0.2
_FRAME_WINDOW, _SUM_WINDOW = 7, 15
# Lines of the spectrum count by their strength beside their neighbours', and none for more than this.
_LOUDEST = 2.0
_NEIGHBOURHOOD = 12.0  # cycles a picture
_LARGEST = 1024


class Residue:
    """Adds up what differs from its surroundings in each frame: the mark stays, moving pictures average out."""

    def __init__(self) -> None:
        self.frames = 0
        self._sum_HW: NDArray[np.float32] | None = None

    def add(self, frame_HWC: NDArray[np.uint8]) -> None:
        """Adds one frame, RGB; all must have one size."""
        luma_HW = cv2.cvtColor(_middle(frame_HWC), cv2.COLOR_RGB2GRAY).astype(np.float32)
        rest_HW = _calmed(luma_HW - cv2.GaussianBlur(luma_HW, (0, 0), 4), _FRAME_WINDOW, _FRAME_FLOOR)
        if self._sum_HW is None:
            self._sum_HW = rest_HW
        elif self._sum_HW.shape == rest_HW.shape:
            self._sum_HW += rest_HW
        else:
            fact = f"frame {self.frames} is {rest_HW.shape[1]}x{rest_HW.shape[0]} px, those before were not"
            raise Error("a clip to be searched for a mark", fact, "Search its parts one by one.")
        self.frames += 1

    def spectrum(self) -> "Spectrum":
        """The spectrum of the sum so far, every line relative to its neighbourhood."""
        if self._sum_HW is None:
            raise Error("a clip to be searched for a mark", "it has no frames", "Check what should have made them.")
        mean_HW = _calmed(self._sum_HW / np.float32(self.frames), _SUM_WINDOW, _SUM_FLOOR)
        height, width = mean_HW.shape
        size = 2 * cv2.getOptimalDFTSize(max(height, width))
        padded = np.zeros((size, size), np.float32)
        padded[:height, :width] = mean_HW
        # The picture's middle is the origin, so that phases turn slowly from line to line and can be interpolated.
        padded = np.roll(padded, (-(height // 2), -(width // 2)), (0, 1))
        lines = np.fft.fftshift(np.fft.fft2(padded))
        window = int(_NEIGHBOURHOOD * size / max(height, width)) | 1
        # Running sums may end a little below zero where there is nothing.
        power = cv2.blur(lines.real**2 + lines.imag**2, (window, window), borderType=cv2.BORDER_REFLECT)
        lines /= np.sqrt(np.maximum(power, 0)) + 1e-9
        return Spectrum(np.stack([lines.real, lines.imag], -1).astype(np.float32), max(height, width))


@dataclasses.dataclass(frozen=True)
class Spectrum:
    """lines_FF2: real and imaginary part, frequency zero in the middle. side: the longer side in px of what was
    looked at."""

    lines_FF2: NDArray[np.float32]
    side: int

    def at(self, frequencies_K2: NDArray[np.float64]) -> NDArray[np.complex64]:
        """values_K at frequencies (down, across) in cycles a pixel."""
        size = len(self.lines_FF2)
        places_K2 = (frequencies_K2 * size + size // 2).astype(np.float32)
        pairs_K2 = cv2.remap(self.lines_FF2, places_K2[:, 1:], places_K2[:, :1], cv2.INTER_CUBIC)[:, 0]
        values_K = (pairs_K2[:, 0] + 1j * pairs_K2[:, 1]).astype(np.complex64)
        return np.asarray(values_K / np.maximum(np.abs(values_K) / _LOUDEST, 1), np.complex64)


def _middle(frame_HWC: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle of a large frame: it holds tiles enough, and what it costs stays bounded."""
    down, across = (max(side - _LARGEST, 0) // 2 for side in frame_HWC.shape[:2])
    return np.ascontiguousarray(frame_HWC[down : down + _LARGEST, across : across + _LARGEST])


def _calmed(rest_HW: NDArray[np.float32], window: int, floor: float) -> NDArray[np.float32]:
    """`rest_HW` relative to how strong it is around each pixel, so that no edge outshouts the rest."""
    spread_HW = np.sqrt(np.maximum(cv2.blur(rest_HW * rest_HW, (window, window)), 0))
    return np.asarray(rest_HW / (spread_HW + floor), np.float32)
