"""Finding the mark in pictures: one spectrum of all frames, and a search in it over scale and place.

Scaling a picture moves the lines that its tiles have in the spectrum, and cropping turns their phases. So at each scale
the sync waves are looked up where they would lie, their keyed phases are taken off, and one inverse FFT of the tile's
size gives the fit at every place at once. The best places are made exact and decoded; a payload is believed when its
check is right and the fit of the whole mark leaves no room for chance (see found.chance).
"""

import dataclasses
import heapq
import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from understudy.watermark.found import Found
from understudy.watermark.reading import read
from understudy.watermark.residue import Residue, Spectrum
from understudy.watermark.tile import SIDE, SYNC, Waves, waves

SMALLEST_SCALE, LARGEST_SCALE = 0.45, 1.7
# From one scale tried to the next, for a picture whose longer side is 1 px: 0.6 % at 256 px, where a wave at the edge
# is then at most a twelfth of its length off.
_SCALE_STEP = 1.5
# Cycles a pixel beyond which a wave has left the picture.
_HIGHEST = 0.47
_CANDIDATES = 16
_READINGS = 4  # around each of them: what reads best is not always what fits the sync waves best
# A look costs as much as some dozens of frames: it is taken after the first, and whenever there are so many times more.
_PATIENCE = 8


@dataclasses.dataclass(frozen=True, kw_only=True, order=True)
class Place:
    """Where the mark may lie, ordered by how well its sync waves fit. down, across: px of the tile, unscaled."""

    fit: float
    scale_down: float
    scale_across: float
    down: float
    across: float
    mirrored: bool


def detect_pictures(frames: Iterable[NDArray[np.uint8]], key: bytes) -> Found | None:
    """The mark in a clip, or in one picture; None where there is none to be found.

    frames: RGB, uint8, HWC, of one size, streamed: they are read only until the mark is found. key: 32 bytes. Finds
    marks scaled to 45-170 % (each side by itself within a percent), cropped, mirrored; turned by a degree at most.
    """
    residue, tried, looked = Residue(), 0, 0
    for frame_HWC in frames:
        residue.add(frame_HWC)
        if residue.frames >= _PATIENCE * looked:
            looked = residue.frames
            found, more = _look(residue, key, tried)
            tried += more
            if found:
                return found
    return _look(residue, key, tried)[0] if residue.frames > looked else None


def _look(residue: Residue, key: bytes, tried: int) -> tuple[Found | None, int]:
    """The mark in what was added up so far, and how many places were tried for it."""
    sought, spectrum = waves(key), residue.spectrum()
    best: list[Place] = []
    count = 0
    for scale in _scales(spectrum.side).tolist():
        for mirrored in (False, True):
            count += SIDE * SIDE
            place = _best(spectrum, sought, (scale, scale), mirrored)
            (heapq.heappush if len(best) < _CANDIDATES else heapq.heappushpop)(best, place)
    for place in sorted(best, reverse=True):
        exact, more = _exact(spectrum, sought, place)
        count += more
        for each in exact:
            found = _read(spectrum, sought, each, tried + count, residue.frames)
            if found:
                return found, count
    return None, count


def _scales(side: int) -> NDArray[np.float64]:
    """The scales to be tried, evenly spaced by ratio, 1 among them."""
    step = _SCALE_STEP / side
    return np.asarray(
        np.exp(np.arange(math.ceil(math.log(SMALLEST_SCALE) / step), math.log(LARGEST_SCALE) / step) * step)
    )


def _values(
    spectrum: Spectrum, sought: Waves, scales: tuple[float, float], mirrored: bool, only: NDArray[np.bool_]
) -> NDArray[np.complex64]:
    """What the spectrum holds where the waves `only` would lie."""
    frequencies_K2 = sought.waves_K2[only] / (SIDE * np.array(scales))
    if mirrored:
        frequencies_K2[:, 1] *= -1
    values_K = spectrum.at(frequencies_K2)
    values_K[np.abs(frequencies_K2).max(1) > _HIGHEST] = 0
    return values_K


def fits(
    spectrum: Spectrum, sought: Waves, scales: tuple[float, float] = (1.0, 1.0), mirrored: bool = False
) -> NDArray[np.float32]:
    """fits_HW: how well the sync waves fit at every place of the tile, in standard deviations of what chance gives."""
    sync_K = sought.bits_K == SYNC
    values_K = _values(spectrum, sought, scales, mirrored, sync_K)
    field = np.zeros((SIDE, SIDE), np.complex64)
    down_K, across_K = sought.waves_K2[sync_K].T
    field[down_K, across_K] = values_K * np.exp(-1j * sought.phases_K[sync_K])
    spread = math.sqrt(float(np.vdot(values_K, values_K).real) / 2) + 1e-12
    return np.asarray(np.fft.ifft2(field).real * np.float32(SIDE**2 / spread), np.float32)


def _best(spectrum: Spectrum, sought: Waves, scales: tuple[float, float], mirrored: bool) -> Place:
    """The place at one scale where the sync waves fit best, to the px of the tile."""
    fits_HW = fits(spectrum, sought, scales, mirrored)
    down, across = np.unravel_index(fits_HW.argmax(), fits_HW.shape)
    return Place(
        fit=float(fits_HW[down, across]),
        scale_down=scales[0],
        scale_across=scales[1],
        down=float(down),
        across=float(across),
        mirrored=mirrored,
    )


def _exact(spectrum: Spectrum, sought: Waves, place: Place) -> tuple[list[Place], int]:
    """The place with both scales and its px made exact, the next best beside it, and how many were tried for them."""
    step, count = _SCALE_STEP / spectrum.side, 0
    for _ in range(3):
        nudges = [math.exp(step * nudge) for nudge in (-0.5, 0.0, 0.5)]
        around = [(place.scale_down * a, place.scale_across * b) for a in nudges for b in nudges]
        place = max(place, *(_best(spectrum, sought, scales, place.mirrored) for scales in around))
        count += len(around) * SIDE * SIDE
        step /= 2
    nudges = [-0.5, -0.25, 0.0, 0.25, 0.5]
    nearby = [dataclasses.replace(place, down=place.down + a, across=place.across + b) for a in nudges for b in nudges]
    sync_K = sought.bits_K == SYNC
    sums = [_fits(spectrum, sought, each, sync_K).sum() for each in nearby]
    return [nearby[each] for each in np.argsort(sums)[::-1][:_READINGS]], count + len(nearby)


def _fits(spectrum: Spectrum, sought: Waves, place: Place, only: NDArray[np.bool_]) -> NDArray[np.float64]:
    """fits_K: how much of each wave is in phase with the key's at a place, over the spread of their sum."""
    values_K = _values(spectrum, sought, (place.scale_down, place.scale_across), place.mirrored, only)
    shift_K = sought.waves_K2[only] @ np.array([place.down, place.across]) * (2 * np.pi / SIDE)
    spread = math.sqrt(float(np.vdot(values_K, values_K).real) / 2) + 1e-12
    fits_K: NDArray[np.float64] = (values_K * np.exp(1j * (shift_K - sought.phases_K[only]))).real / spread
    return fits_K


def _read(spectrum: Spectrum, sought: Waves, place: Place, tried: int, frames: int) -> Found | None:
    """What is written at a place, if it can be believed."""
    fits_K = _fits(spectrum, sought, place, np.ones(len(sought.bits_K), bool))
    detail = {
        "frames": frames,
        "scale_down": place.scale_down,
        "scale_across": place.scale_across,
        "mirrored": float(place.mirrored),
        "down": place.down,
        "across": place.across,
    }
    return read(fits_K, sought.bits_K, tried, detail)
