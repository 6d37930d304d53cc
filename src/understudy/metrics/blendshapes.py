"""Blendshape error: how far jaw, smile, rounding of the lips and blink are from the driver's, as weights of face units.

The weights are fitted to the landmarks of eyes and mouth: those of a frame, brought onto the cast's base head by the
rigid points (`expression`) under the head's own turn (`faces.pose`), leave a residual that is a neutral shape, constant
over the clip and unknown, plus the weights times the base head's own face units (MakeHuman's, by ARKit's names, seen
under that turn). Both are solved for by alternating least squares, the weights with a ridge, and each weight is counted
from its clip's mean, because the neutral shape of a face that nobody knows cannot be told from a weight that never
changes: what is measured is movement. The parting of the lips is fitted beside the four, and not counted, since
landmarks hardly tell it from the jaw. Brows are left out: dlib's brows follow the turn of the head more than the brow.

The driver's weights are fitted in the same way from its own video: `blendshape error`. Synthetic actors' weights are
known: `blendshape error to labels` and `blendshape correlation to labels` compare with those. On the cast, exact
landmarks recover jaw, smile, rounding and blink with correlations of .87 to .98; dlib's with .7 to .95 where the
mouth is free and about half of that under a full beard; a blink is found at a third of its size. So read a fake beside
the driver's and the truth's rows, which show what the estimate loses.

A lip-sync is meant to move the mouth otherwise than its clip, and is not measured so.

Rows, n = frames with a face in both: `blendshape error`, `blendshape error to labels`: mean absolute difference of the
four weights (full strength is 1), lower is better; `blendshape correlation to labels`: Pearson's over the frames, mean
of the four, higher. NaN with fewer than ten frames.
"""

import functools
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from understudy.cast.landmarks import LANDMARKS
from understudy.cast.pack import load_pack
from understudy.errors import MediaError
from understudy.faces.align import umeyama
from understudy.faces.pose import pose, rotation
from understudy.metrics._case import Case, Damage, Meter, Quantity, Row, Stream, row
from understudy.metrics._labels import Labels, labels
from understudy.metrics._moment import Moment, Points
from understudy.metrics.expression import RIGID

FAMILIES = (
    "swap",
    "animate",
)
LOOKS_AT: tuple[Stream, ...] = ("fake", "driver")
ERROR = Quantity("blendshape error", "weight", "lower")
TO_LABELS = Quantity("blendshape error to labels", "weight", "lower")
CORRELATION = Quantity("blendshape correlation to labels", "correlation", "higher")
SEES: dict[str, tuple[Damage, ...]] = dict.fromkeys((ERROR.name, TO_LABELS.name, CORRELATION.name), ("delay",))
UNITS: dict[str, tuple[str, ...]] = {
    "jaw open": ("jawOpen",),
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
    "rounding": ("mouthPucker", "mouthFunnel"),
    "blink": ("eyeBlinkLeft", "eyeBlinkRight"),
    "lips apart": ("mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight"),
}
"""What is fitted -> the face units that move together in it, with one weight."""
COUNTED = 4  # of these, the first
MOVING = np.arange(36, 68)
RIDGE = 0.03  # of the weights, beside residuals in inter-ocular distances
RIGIDITY = 0.01  # of the neutral shape: depth shows only as far as the head turns
ROUNDS = 30
FEWEST = 10  # frames


class _Blendshapes:
    def __init__(self, case: Case) -> None:
        self.case = case
        known = labels(case.labels) if case.labels is not None else None
        self.labels = known if known is not None and known.weights_TE is not None else None
        self.fake: list[NDArray[np.float32]] = []  # half a kilobyte a frame
        self.driver: list[NDArray[np.float32]] = []
        self.at: list[int] = []
        self.frames = 0
        self.size = (0, 0)

    def step(self, moment: Moment) -> None:
        fake_682, driver_682 = moment.fake_landmarks_682, moment.driver_landmarks_682
        self.frames += 1
        if fake_682 is None or driver_682 is None:
            return
        self.fake.append(fake_682.astype(np.float32))
        self.driver.append(driver_682.astype(np.float32))
        self.at.append(self.frames - 1)
        self.size = (moment.fake_HWC.shape[1], moment.fake_HWC.shape[0])

    def rows(self) -> list[Row]:
        n = len(self.at)
        enough = n >= FEWEST
        fake_TE = weights(np.stack(self.fake), *self.size) if enough else np.full((n, COUNTED), np.nan)
        driver_TE = weights(np.stack(self.driver), *self.size) if enough else fake_TE
        rows = [row(ERROR, _apart(fake_TE, driver_TE) if enough else np.nan, n)]
        if self.labels is None:
            return rows
        self.labels.require(self.frames, self.case)
        known_TE = known(self.labels)[self.at]
        error, correlation = (_apart(fake_TE, known_TE), _agreement(fake_TE, known_TE)) if enough else (np.nan, np.nan)
        return [*rows, row(TO_LABELS, error, n), row(CORRELATION, correlation, n)]

    def columns(self) -> Mapping[str, Sequence[float]]:
        return {}


def meter(case: Case) -> Meter | None:
    """Compares the weights with the driver's, and with the known ones where labels hold them."""
    return _Blendshapes(case)


def known(there: Labels) -> NDArray[np.floating]:
    """The weights (T, 4) that labels tell: means of the units that move together. A unit that is not named rests."""
    if there.weights_TE is None:
        raise MediaError(there.path, "holds no weights of face units", "Render the clip again.")
    column = {name: there.weights_TE[:, number] for number, name in enumerate(there.units_E)}
    still = np.zeros(len(there.weights_TE))
    return np.stack(
        [np.mean([column.get(unit, still) for unit in units], axis=0) for units in list(UNITS.values())[:COUNTED]],
        axis=1,
    )


def weights(points_T682: Points, width: int, height: int) -> NDArray[np.floating]:
    """The weights (T, 4) fitted to a clip's landmarks in frames of width x height, each from its mean over the clip."""
    neutral_683, units_E683 = base()
    turn_T23 = np.stack([_turn(points_682, width, height) for points_682 in points_T682])
    frames = zip(points_T682, turn_T23, strict=True)
    residual_TP2 = np.stack([_residual(points_682, neutral_683 @ turn_23.T) for points_682, turn_23 in frames])
    frames_T, count = len(points_T682), len(UNITS)
    moves_TEX = np.einsum("tij,epj->tepi", turn_T23, units_E683[:, MOVING]).reshape(frames_T, count, -1)
    normal_TEE = moves_TEX @ moves_TEX.transpose(0, 2, 1) + RIDGE * np.eye(count)
    depth_33 = np.linalg.inv(np.einsum("tij,tik->jk", turn_T23, turn_T23) + RIGIDITY * frames_T * np.eye(3))
    found_TE = np.zeros((frames_T, count))
    for _ in range(ROUNDS):
        left_TP2 = residual_TP2 - np.einsum("te,tex->tx", found_TE, moves_TEX).reshape(residual_TP2.shape)
        shape_P3 = np.einsum("tij,tpi->pj", turn_T23, left_TP2) @ depth_33
        left_TX = (residual_TP2 - np.einsum("tij,pj->tpi", turn_T23, shape_P3)).reshape(frames_T, -1)
        found_TE = np.linalg.solve(normal_TEE, np.einsum("tex,tx->te", moves_TEX, left_TX)[..., None])[..., 0]
    return _moving(found_TE[:, :COUNTED])


@functools.cache
def base() -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """The base head's landmarks (68, 3) and what each of UNITS adds to them (E, 68, 3), in inter-ocular distances."""
    pack = load_pack()
    points_683 = pack.rest_V3[LANDMARKS]
    unit = np.linalg.norm(points_683[36] - points_683[45])
    moves = [sum(pack.units_EV3[pack.units.index(name)][LANDMARKS] for name in names) for names in UNITS.values()]
    return (points_683 - points_683[RIGID].mean(axis=0)) / unit, np.stack(moves) / unit


def _turn(points_682: Points, width: int, height: int) -> NDArray[np.floating]:
    """The head's turn as the two rows (23) that take x, y, z of the head to x and y, down, of the picture."""
    return rotation(*pose(points_682, width, height))[:2] * [[1.0], [-1.0]]


def _residual(points_682: Points, model_682: Points) -> NDArray[np.floating]:
    """The moving landmarks (P, 2) less the model's, once the rigid ones lie on the model's as well as they can."""
    matrix_23 = umeyama(points_682[RIGID], model_682[RIGID])
    moved_P2: NDArray[np.floating] = points_682[MOVING] @ matrix_23[:, :2].T + matrix_23[:, 2] - model_682[MOVING]
    return moved_P2


def _apart(a_TE: NDArray[np.floating], b_TE: NDArray[np.floating]) -> float:
    """The mean absolute difference, each weight from its mean."""
    return float(np.abs(_moving(a_TE) - _moving(b_TE)).mean())


def _moving(weights_TE: NDArray[np.floating]) -> NDArray[np.floating]:
    """Each weight from its mean over the clip."""
    moving_TE: NDArray[np.floating] = weights_TE - weights_TE.mean(axis=0)
    return moving_TE


def _agreement(a_TE: NDArray[np.floating], b_TE: NDArray[np.floating]) -> float:
    """The mean of the weights' correlations, over those that change in both; NaN when none does."""
    pairs = [(a_T, b_T) for a_T, b_T in zip(a_TE.T, b_TE.T, strict=True) if np.ptp(a_T) > 1e-6 and np.ptp(b_T) > 1e-6]
    return float(np.mean([np.corrcoef(a_T, b_T)[0, 1] for a_T, b_T in pairs])) if pairs else np.nan
