"""Ladders of known damage: the exact fake made worse step by step, so that a metric can be seen to fall.

Rung 0 is the exact fake as a method would publish it: encoded, nothing else. Every further rung of a ladder damages it
more, by an amount that is known, inside the convex hull of the truth's face mask, where a swap's faults are; of a
lip-sync that is the lower face. Where no mask is known, as of who is animated by a clip of their own, it is the whole
frame, whose face is taken to be half as wide as it. A metric is valid for a fault when it worsens at every rung.
Amounts in face widths count the median width of the hull.

blur: Gaussian of that sigma. shift: the face set that far to the right and down. colour cast: CIELAB moved by that
delta E towards red and yellow. wrong identity: the last share of the frames shows another source's exact fake. jitter:
each frame's face set off by a normal shift of that deviation along both axes, and turned by as many degrees as that is
hundredths. delay: the face of so many frames ago. The same draws serve all rungs of a ladder. A voice has ladders of
its own (`_spoilt`): its sound is damaged and lies beside the truth's pictures.

Shapes: H, W the frame.
"""

import dataclasses
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from understudy import media
from understudy.errors import MediaError
from understudy.media.read import blocks
from understudy.media.wav import write_wav
from understudy.metrics._case import Case, Damage
from understudy.metrics._moment import Frame
from understudy.metrics._streams import load_masks
from understudy.metrics.seam import hull
from understudy.metrics.truth import has_masks


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """A kind of damage, and how much of it each rung from 1 on has."""

    name: Damage
    unit: str
    amounts: tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Rung:
    """A case whose fake is damaged by a known amount. Rung 0 belongs to every ladder, and its `ladder` is empty."""

    ladder: str
    rung: int
    amount: float
    amount_unit: str
    case: Case


def ladders(family: str = "swap") -> tuple[Ladder, ...]:
    """The ladders of a family; the smallest amounts are those that are just seen, or heard, side by side."""
    if family == "voice":
        return (
            Ladder(name="noise", unit="dB below the voice", amounts=(30.0, 20.0, 10.0)),
            Ladder(name="muffling", unit="Hz", amounts=(4000.0, 2000.0, 1000.0)),
            Ladder(name="pitch shift", unit="semitones", amounts=(2.0, 4.0, 8.0)),
            Ladder(name="monotone", unit="share of the movement", amounts=(1 / 3, 2 / 3, 1.0)),
            Ladder(name="wrong speaker", unit="share of the time", amounts=(1 / 3, 2 / 3, 1.0)),
            Ladder(name="other words", unit="share of the time", amounts=(1 / 3, 2 / 3, 1.0)),
            Ladder(name="delay", unit="frames", amounts=(1.0, 2.0, 4.0)),
        )
    return (
        Ladder(name="blur", unit="face widths", amounts=(0.01, 0.02, 0.04)),
        Ladder(name="shift", unit="face widths", amounts=(0.02, 0.04, 0.08)),
        Ladder(name="colour cast", unit="delta E", amounts=(4.0, 8.0, 16.0)),
        Ladder(name="wrong identity", unit="share of frames", amounts=(1 / 3, 2 / 3, 1.0)),
        Ladder(name="jitter", unit="face widths", amounts=(0.01, 0.02, 0.04)),
        Ladder(name="delay", unit="frames", amounts=(1.0, 2.0, 4.0)),
    )


def degraded(case: Case, folder: Path, *, wrong: Path | None = None, crf: int = 18, seed: int = 0) -> Iterator[Rung]:
    """The rungs made from the truth of any `case` (its fake is not read), rung 0 first; each is a video in `folder`.

    wrong: the exact fake of another source by the same driver's clip; without it there is no ladder of identity, and
    the wrong speaker of a voice is the driver. A file is removed when the next rung is asked for. Raises MediaError
    without a truth or masks (a voice needs none), or when `wrong` is shorter than a truth that is seen.
    """
    if case.truth is None:
        raise MediaError(case.driver, "has no exact fake to damage", "Take a clip of a synthetic actor.")
    if case.family == "voice":
        yield from _spoken(case, folder, wrong, seed)
        return
    has_masks(case)
    heard = case.truth if case.family == "lipsync" else case.driver
    sound = heard if media.probe(heard).sound is not None else None
    kinds = [ladder for ladder in ladders() if ladder.name != "wrong identity" or wrong is not None]
    steps = [("", 0, 0.0, ""), *((one.name, k, a, one.unit) for one in kinds for k, a in enumerate(one.amounts, 1))]
    for name, rung, amount, unit in steps:
        path = folder / f"{name.replace(' ', '-') or 'truth'}-{rung}.mp4"
        pictures = _pictures(case, name, amount, wrong, seed)
        media.write(path, pictures, fps=case.fps, sound=sound, metadata={}, crf=crf)
        fake = dataclasses.replace(case, fake=path, region=None, sound=None)
        yield Rung(ladder=name, rung=rung, amount=amount, amount_unit=unit, case=fake)
        path.unlink(missing_ok=True)


def _spoken(case: Case, folder: Path, wrong: Path | None, seed: int) -> Iterator[Rung]:
    """The rungs of a voice: the truth's pictures, with its sound damaged beside them."""
    from understudy.metrics._spoilt import Voice  # here: the study's reader imports this where WORLD is not installed

    assert case.truth is not None  # `degraded` made sure
    samples_N, rate = media.sound(case.truth)
    other_N = np.concatenate([*blocks(wrong or case.driver, rate), np.zeros(len(samples_N), np.float32)])
    voice = Voice(samples_N, rate, case.fps, other_N[: len(samples_N)], seed)
    exact = dataclasses.replace(case, fake=case.truth, region=None, sound=None)
    yield Rung(ladder="", rung=0, amount=0.0, amount_unit="", case=exact)
    for one in ladders("voice"):
        for number, amount in enumerate(one.amounts, 1):
            path = folder / f"{one.name.replace(' ', '-')}-{number}.wav"
            write_wav(path, voice.spoilt(one.name, amount), rate)
            spoilt = dataclasses.replace(exact, sound=path)
            yield Rung(ladder=one.name, rung=number, amount=amount, amount_unit=one.unit, case=spoilt)
            path.unlink(missing_ok=True)


def climb(
    case: Case, folder: Path, measured: Callable[[Case], pd.DataFrame], *, wrong: Path | None = None, crf: int = 18,
    seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """The rows of every rung as the validity table has them: ladder, rung, amount, amount_unit, then the rows' own.

    measured: gives the rows of a case, as `measure` does. Rung 0 is measured once and stands in every ladder.
    """
    tables: list[pd.DataFrame] = []
    first, *others = ((rung, measured(rung.case)) for rung in degraded(case, folder, wrong=wrong, crf=crf, seed=seed))
    for ladder in dict.fromkeys(rung.ladder for rung, _ in others):
        of = [(rung, rows) for rung, rows in others if rung.ladder == ladder]
        start = dataclasses.replace(first[0], ladder=ladder, amount_unit=of[0][0].amount_unit)
        for rung, rows in [(start, first[1]), *of]:
            named = {"ladder": rung.ladder, "rung": rung.rung, "amount": rung.amount, "amount_unit": rung.amount_unit}
            tables.append(pd.concat([pd.DataFrame(named, index=rows.index), rows], axis=1))
    return pd.concat(tables, ignore_index=True)


def _pictures(case: Case, ladder: str, amount: float, wrong: Path | None, seed: int) -> Iterator[Frame]:
    """The truth's frames, damaged inside the face."""
    assert case.truth is not None  # `degraded` made sure
    masks_THW, width = _faces(case)
    damage = _damage(ladder, amount, width, len(masks_THW), seed)
    others: Iterator[Frame | None] = repeat(None)
    if ladder == "wrong identity" and wrong is not None:
        others = chain(media.frames(wrong), repeat(None))
    for index, (frame_HWC, other_HWC) in enumerate(zip(media.frames(case.truth), others, strict=False)):
        if index >= len(masks_THW) or (ladder == "wrong identity" and other_HWC is None):
            short = case.masks or case.truth if index >= len(masks_THW) else wrong
            raise MediaError(short, f"ends before {case.truth}", "Render the truths again.")
        inside_HW1 = hull(np.asarray(masks_THW[index], bool))[..., None]
        yield np.where(inside_HW1, damage(index, frame_HWC, other_HWC), frame_HWC)


def _faces(case: Case) -> tuple[NDArray[np.generic], float]:
    """Where the face is in the truth (T, H, W), and its median width in pixels."""
    if case.masks is None:
        assert case.truth is not None
        film = media.probe(case.truth)
        return np.broadcast_to(np.True_, (film.frames, film.height, film.width)), film.width / 2
    masks_THW = load_masks(case.masks)
    widths = [int(np.ptp(np.flatnonzero(mask.any(axis=0)))) + 1 for mask in masks_THW if mask.any()]
    return masks_THW, float(np.median(widths or [1]))


def _damage(
    ladder: str, amount: float, width: float, count: int, seed: int
) -> Callable[[int, Frame, Frame | None], Frame]:
    """What happens to a frame: (index, frame, the wrong source's frame) -> the damaged frame."""
    draws_T3 = np.random.default_rng(seed).normal(size=(count, 3))
    past: deque[Frame] = deque(maxlen=round(amount) + 1 if ladder == "delay" else 1)

    def late(index: int, frame: Frame, other: Frame | None) -> Frame:
        past.append(frame)
        return past[0]

    def shaken(index: int, frame: Frame, other: Frame | None) -> Frame:
        right, down, turn = draws_T3[index] * amount
        return moved(frame, (right * width, down * width), 100 * turn)

    def swapped(index: int, frame: Frame, other: Frame | None) -> Frame:
        return frame if other is None or index < round((1 - amount) * count) else other

    kinds: dict[str, Callable[[int, Frame, Frame | None], Frame]] = {
        "": lambda index, frame, other: frame,
        "blur": lambda index, frame, other: np.asarray(cv2.GaussianBlur(frame, (0, 0), amount * width), np.uint8),
        "shift": lambda index, frame, other: moved(frame, (amount * width / 2**0.5,) * 2, 0.0),
        "colour cast": lambda index, frame, other: tinted(frame, (0.0, amount / 2**0.5, amount / 2**0.5)),
        "wrong identity": swapped,
        "jitter": shaken,
        "delay": late,
    }
    return kinds[ladder]


def moved(frame_HWC: Frame, by: tuple[float, float], degrees: float) -> Frame:
    """The frame turned about its middle and shifted right and down by pixels."""
    height, width = frame_HWC.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    matrix[:, 2] += np.asarray(by)
    size, edge = (width, height), cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpAffine(frame_HWC, matrix, size, flags=cv2.INTER_CUBIC, borderMode=edge), np.uint8)


def tinted(frame_HWC: Frame, by: Sequence[float]) -> Frame:
    """The frame with L, a and b of CIELAB moved, clipped to what a screen shows."""
    lab_HWC = cv2.cvtColor(frame_HWC.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) + np.asarray(by, np.float32)
    shown: NDArray[np.floating] = np.clip(cv2.cvtColor(lab_HWC, cv2.COLOR_LAB2RGB), 0, 1)
    return np.asarray(np.rint(shown * 255), np.uint8)
