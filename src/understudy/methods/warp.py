"""`warp`: the source's face bent onto the driver's landmarks, frame by frame. Nothing is learned.

For each frame of the driver a frame of the source is chosen that is near in pose and expression and follows on from the
one before (the cheapest path, Viterbi 1967), then bent so that its landmarks come to lie on the driver's, by a
thin-plate spline, which has no triangles to tear (understudy.faces.bend). The face takes on the
driver's shading; colour and edges are the paste's affair.

Legend of shapes: T driver frames, M source frames of the pool, K candidates a frame, F features; B, H, W, C as usual;
682 = 68 landmarks of (x, y); 23 = an affine matrix.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from understudy.errors import FaceError
from understudy.faces import align, masks
from understudy.faces.bend import bend
from understudy.faces.colour import relight
from understudy.faces.paste import Paste, soften
from understudy.methods import Footage, Needs

if TYPE_CHECKING:
    from understudy.faces.faceset import Faceset, View
    from understudy.learning import Run

FAMILY: Final = "swap"
TRAINS_ON: Final = "nothing"
NEEDS: Final = Needs(source="faces", driver="faces")
YIELDS: Final = "crops"
# No trained model: "a composite of several elements, any of which may or may not be generative".
DIGITAL_SOURCE_TYPE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/composite"

Points = NDArray[np.float64]

# How much a landmark's place says about expression. Jaw, nose and brows say little that pose has not said.
_WEIGHTS: Points = np.repeat([0.2, 0.5, 0.3, 1.5, 2.0], [17, 10, 9, 12, 20])
_WEIGHTS[[37, 38, 40, 41, 43, 44, 46, 47]] = 12.0  # the lids, which move little and are missed the most
_DEGREES = 150.0  # so many degrees of yaw or pitch weigh as much as one side of the mean face
_CANDIDATES = 48  # of each driver frame, on the path
_OTHER_CLIP = 0.3  # what it costs to go on in another clip of the source, under another light
_BATCH = 16


@dataclass(frozen=True, kw_only=True)
class Config:
    """How the source's face is chosen and bent.

    coverage, size: of the crops that are made. pool: at most so many source frames are considered, evenly spread.
    steadiness: what a change of source frame costs, relative to its misfit; 0 takes the nearest in each frame.
    fade: over how many frames on either side a change of source frame is blended.
    shape: 0 bends onto the driver's landmarks as they are; 1 keeps the source's own proportions within the face (the
        jaw line stays the driver's) and takes only pose and expression from the driver.
    light: the share of the driver's shading that the face takes on, 0 to 1; see understudy.faces.colour.relight.
    stiffness: how far the spline may miss a landmark for smoothness, 0 (not at all) upwards.
    """

    coverage: Literal["face", "full", "head"]
    size: int
    pool: int
    steadiness: float
    fade: int
    shape: float
    light: float
    stiffness: float
    paste: Paste

    def __post_init__(self) -> None:
        for name in ("shape", "light"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1, and is {getattr(self, name)}")
        if min(self.pool, self.size) < 1 or min(self.steadiness, self.fade, self.stiffness) < 0:
            raise ValueError("size and pool must be positive, and steadiness, fade and stiffness not negative")


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Frames of one subject, ready to be chosen from.

    views, members_M2: where each crop is (number of the view, number in it). points_M682: landmarks in crop pixels.
    poses_M2: yaw, pitch, degrees.
    """

    views: tuple["View", ...]
    members_M2: NDArray[np.int64]
    points_M682: Points
    poses_M2: Points

    def crop(self, number: int) -> NDArray[np.uint8]:
        """The picture of frame `number` of the pool."""
        view, index = self.members_M2[number]
        return self.views[int(view)][int(index)]


def crop_space(config: Config) -> tuple[str, int]:
    """The coverage and the size in pixels of the crops that `convert` yields."""
    return config.coverage, config.size


def train(footage: Sequence[Footage], config: Config, run: "Run") -> nn.Module:
    """Learns nothing."""
    return nn.Identity()


def load(path: Path, device: torch.device) -> nn.Module:
    """Loads nothing."""
    return nn.Identity()


def convert(model: nn.Module, source: Footage, driver: Footage, config: Config) -> Iterator[Tensor]:
    """Batches crops_BCHW, float32 in [0, 1]: the source's face on the landmarks of each kept frame of the driver.

    Raises FaceError when the source has no usable frame.
    """
    pool = gather(source.facesets, config)
    if not len(pool.members_M2):
        raise FaceError(
            source.subject, "not one usable face of the source was found", "Add a clip that shows the face."
        )
    for faceset in driver.facesets:
        target = gather((faceset,), config, every=True)
        if not len(target.members_M2):
            continue
        chosen = choose(*features(pool, target), pool.members_M2[:, 0], config.steadiness)
        wanted_T682 = placed(pool, target, config.shape)
        batch = []
        for time in range(len(wanted_T682)):
            face_HWC = _frame(pool, wanted_T682[time], faded(chosen, time, config.fade), config)
            batch.append(_lit(face_HWC, target, time, config))
            if len(batch) == _BATCH or time == len(wanted_T682) - 1:
                yield torch.from_numpy(np.stack(batch)).permute(0, 3, 1, 2).float() / 255
                batch = []


def gather(facesets: "Sequence[Faceset]", config: Config, *, every: bool = False) -> Pool:
    """The frames of some facesets in the crop space of `config`: `every` one of them, or config.pool of them."""
    views = tuple(faceset.view(config.coverage, config.size) for faceset in facesets)
    members = np.array([(v, i) for v, view in enumerate(views) for i in range(len(view))], np.int64).reshape(-1, 2)
    points = [
        _carried(view.matrices_N23, faceset.landmarks_N682) for view, faceset in zip(views, facesets, strict=True)
    ]
    poses = [faceset.kept[["yaw", "pitch"]].to_numpy(np.float64) for faceset in facesets]
    count = len(members) if every else min(config.pool, len(members))
    spread = np.unique(np.linspace(0, len(members) - 1, count).round().astype(np.int64)) if count else slice(0, 0)
    return Pool(
        views=views,
        members_M2=members[spread],
        points_M682=np.concatenate([*points, np.zeros((0, 68, 2))])[spread],
        poses_M2=np.nan_to_num(np.concatenate([*poses, np.zeros((0, 2))])[spread]),
    )


def features(pool: Pool, target: Pool) -> tuple[Points, Points]:
    """What is compared, of the source's pool (MF) and of the driver's frames (TF): expression and pose.

    Expression is what is left of the landmarks when the subject's own face and the turn of the head are taken out; the
    turn's effect is fitted on both subjects together, since a clip of a still head alone does not tell it.
    """
    side = _face_side(pool)
    rests, moves = [], []
    for some in (pool, target):
        moves.append(some.poses_M2 - np.median(some.poses_M2, axis=0))
        rests.append((some.points_M682 - np.median(some.points_M682, axis=0)).reshape(-1, 136) / side)
    turns, offsets = np.concatenate(moves), np.concatenate(rests)
    slopes = np.linalg.solve(turns.T @ turns + len(turns) * np.eye(2), turns.T @ offsets)
    made = []
    for some in (pool, target):
        shown = some.points_M682.reshape(-1, 136) / side - some.poses_M2 @ slopes
        expression = (shown - np.median(shown, axis=0)) * np.repeat(_WEIGHTS, 2)
        made.append(np.hstack([expression, some.poses_M2 * (np.sqrt(20) / _DEGREES)]))
    return made[0], made[1]


def choose(pool_MF: Points, target_TF: Points, clips_M: NDArray[np.int64], steadiness: float) -> NDArray[np.int64]:
    """The source frame (M) for each driver frame (T): the path with the least misfit + steadiness x change.

    Misfit and change are distances between features; the candidates of a frame are those nearest to it.
    """
    count = min(_CANDIDATES, len(pool_MF))
    candidates_TK, misfits_TK = _nearest(pool_MF, target_TF, count)
    totals, back = misfits_TK[0], np.zeros(candidates_TK.shape, np.int64)
    for time in range(1, len(target_TF)):
        before, now = candidates_TK[time - 1], candidates_TK[time]
        change = np.linalg.norm(pool_MF[before][:, None] - pool_MF[now][None], axis=2)
        change += _OTHER_CLIP * (clips_M[before][:, None] != clips_M[now][None])
        ways = totals[:, None] + steadiness * change
        back[time] = ways.argmin(axis=0)
        totals = ways.min(axis=0) + misfits_TK[time]
    path = np.zeros(len(target_TF), np.int64)
    place = int(totals.argmin())
    for time in reversed(range(len(target_TF))):
        path[time] = candidates_TK[time, place]
        place = back[time, place]
    return path


def placed(pool: Pool, target: Pool, shape: float) -> Points:
    """Where the source's landmarks are to lie in each driver frame (T682): see Config.shape."""
    difference_682 = np.median(pool.points_M682, axis=0) - np.median(target.points_M682, axis=0)
    difference_682[:17] = 0
    return target.points_M682 + shape * difference_682


def faded(chosen_T: NDArray[np.int64], time: int, fade: int) -> dict[int, float]:
    """The source frames seen at `time` and their shares: a triangle over `fade` frames on either side, summing to 1."""
    shares: dict[int, float] = {}
    for other in range(max(0, time - fade), min(len(chosen_T), time + fade + 1)):
        number = int(chosen_T[other])
        shares[number] = shares.get(number, 0.0) + 1 - abs(other - time) / (fade + 1)
    whole = sum(shares.values())
    return {number: share / whole for number, share in shares.items()}


def _frame(pool: Pool, wanted_682: Points, shares: dict[int, float], config: Config) -> NDArray[np.uint8]:
    """One crop: the chosen source frames, each bent to `wanted`, mixed by their shares."""
    bent = {
        number: bend(pool.crop(number), pool.points_M682[number], wanted_682, config.stiffness) for number in shares
    }
    if len(bent) == 1:
        return next(iter(bent.values()))
    mixed = sum(np.float32(share) * bent[number].astype(np.float32) for number, share in shares.items())
    return np.asarray(np.rint(mixed), np.uint8)


def _lit(face_HWC: NDArray[np.uint8], target: Pool, time: int, config: Config) -> NDArray[np.uint8]:
    """The face in the light of the driver's face at `time`, compared well inside of both."""
    if not config.light:
        return face_HWC
    mask_HW = soften(masks.hull(target.points_M682[time], config.size), 0.03, 0.0)
    return relight(face_HWC, target.crop(time), mask_HW, config.light)


def _nearest(pool_MF: Points, target_TF: Points, count: int) -> tuple[NDArray[np.int64], Points]:
    """For each driver frame the `count` nearest source frames (TK) and their distances (TK); never TM at once."""
    numbers, distances = [], []
    for target_F in target_TF:
        distance_M = np.linalg.norm(pool_MF - target_F, axis=1)
        near = np.argpartition(distance_M, count - 1)[:count]
        numbers.append(near)
        distances.append(distance_M[near])
    return np.array(numbers, np.int64).reshape(-1, count), np.array(distances, np.float64).reshape(-1, count)


def _carried(matrices_N23: NDArray[np.float64], landmarks_N682: NDArray[Any]) -> Points:
    """Landmarks of frames in the pixels of their crops."""
    linear = np.einsum("nij,npj->npi", matrices_N23[:, :, :2], landmarks_N682.astype(np.float64))
    return np.asarray(linear + matrices_N23[:, None, :, 2])


def _face_side(pool: Pool) -> float:
    """The side of the mean face's unit square in crop pixels."""
    view = pool.views[0]
    return float(align.square(view.size, view.coverage)[0, 0])
