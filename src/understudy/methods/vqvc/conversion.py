"""A driver's speech in another voice, piece by piece.

Twice through the sound: once to know how the driver speaks, and once to say it otherwise. Between the two the contour
is all that is kept.

Legend of shapes: N samples, M values of a contour, T frames, B bands.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy.errors import MediaError
from understudy.media.read import blocks
from understudy.methods.vqvc.config import Config
from understudy.methods.vqvc.lessons import shapes
from understudy.methods.vqvc.manner import Manner, Tally, floored, moved, told
from understudy.methods.vqvc.network import STRIDE, Converter
from understudy.methods.vqvc.vocoder import FINE, HOP, RATE, enveloped, synthesised
from understudy.speech import pitch
from understudy.speech.peaks import bent
from understudy.speech.pieces import Piece, joined, pieces

GRAIN = STRIDE * round(HOP * RATE)  # samples of a code of the network
LONGEST, MARGIN = 10.0, 1.0  # seconds of a piece, and on either side of it
_KNEE = 0.8  # of full scale, above which peaks are bent so that none is cut
_FAINT = -20.0  # mean log power of bands, some 50 dB below speech: what is fainter on the whole stays so


@dataclass(frozen=True, kw_only=True, eq=False)
class Speech:
    """What is known of the driver's speech beforehand: contours of its pieces, and how the driver speaks."""

    contours: tuple[NDArray[np.float32], ...]
    manner: Manner


def heard(path: Path, estimator: pitch.Estimator) -> Speech:
    """Goes through a file's speech."""
    tally, contours = Tally(), []
    for piece in cut(path):
        contour_M = pitch.f0(piece.samples_N, RATE, FINE, estimator=estimator)
        bands_TB = enveloped(piece.samples_N, contour_M)
        first, last = (at / RATE for at in (piece.first, piece.last))
        tally.add(bands_TB[round(first / HOP) : round(last / HOP)], contour_M[round(first / FINE) : round(last / FINE)])
        contours.append(contour_M.astype(np.float32))
    return Speech(contours=tuple(contours), manner=tally.manner())


def spoken(network: Converter, path: Path, source: str, driver: str, config: Config) -> Iterator[Tensor]:
    """The speech of a file in the voice of a subject that the network knows: pieces, together as long as its sound.

    A driver whom the network knows, too, has the height and the colour that it learned of them; how loud they are in
    this file is always measured in it. The loudness on the whole is the source's.
    Raises MediaError when there is no sound.
    """
    speech = heard(path, config.estimator)
    if not speech.contours:
        raise MediaError(path, "it has no sound", "Give a file with a sound track.")
    there = speech.manner
    if driver in network.subjects:
        known = network.manner(driver)
        there = replace(known, level=there.level, floor=there.floor)
    here = network.manner(source)
    converted = (
        (piece, said(network, piece, contour_M, there, here, source, config))
        for piece, contour_M in zip(cut(path), speech.contours, strict=True)
    )
    for sound_N in joined(converted, RATE):
        yield torch.from_numpy(sound_N.astype(np.float32))


def cut(path: Path) -> Iterator[Piece]:
    """A file's sound in pieces of whole codes: what is known of a frame is the same whichever piece it is found in."""
    return pieces(blocks(path, RATE), RATE, LONGEST, margin=MARGIN, grain=GRAIN)


def said(
    network: Converter,
    piece: Piece,
    contour_M: NDArray[np.float32],
    there: Manner,
    here: Manner,
    source: str,
    config: Config,
) -> NDArray[np.float64]:
    """A piece in the source's voice, as many samples as it holds."""
    bands_TB, airy_TA = decoded(network, enveloped(piece.samples_N, contour_M), contour_M, there, source)
    level_T1 = bands_TB.mean(axis=1, keepdims=True)
    shape_TB = bands_TB - level_T1
    sharp_TB = here.shape_B + config.sharpness * (shape_TB - here.shape_B)
    quieter = min(there.level[0] - _FAINT, 0.0)
    sound_N = synthesised(moved(contour_M, there, here), sharp_TB + level_T1 + quieter, airy_TA, len(piece.samples_N))
    return bent(sound_N, _KNEE, 1.0)


@torch.inference_mode()
def decoded(
    network: Converter,
    bands_TB: NDArray[np.float32],
    contour_M: NDArray[np.floating],
    there: Manner,
    source: str,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The bands (T, B) and the aperiodicity (T, A) that the network has for what a driver of that manner said."""
    place = next(network.parameters()).device
    count = len(bands_TB)
    padded_TB = np.pad(floored(bands_TB, there), ((0, -count % STRIDE), (0, 0)), mode="edge")
    told_KT = np.pad(told(bands_TB, contour_M, there), ((0, 0), (0, -count % STRIDE)), mode="edge")
    usual_1B = torch.from_numpy(there.shape_B)[None]
    shape_1BT = shapes(torch.from_numpy(np.ascontiguousarray(padded_TB.T))[None], usual_1B)
    subject = torch.tensor([network.subjects.index(source)], device=place)
    found = network(shape_1BT.to(place), torch.from_numpy(told_KT)[None].to(place), subject)
    bands, airy = (each[0].T.numpy(force=True)[:count] for each in found)
    return bands, airy
