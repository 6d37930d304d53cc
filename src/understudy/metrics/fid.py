"""FID: how far the distribution of the fake's faces is from that of the exact swap's, in Inception's features.

Frechet Inception Distance (Heusel et al. 2017, equation 6): with means m and covariances C of the 2048 features of the
last pooling, |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)). Both faces are cut out at the square about the truth's face
mask and brought to 299 x 299 pixels, so that what is compared is the face and not the room.

It is biased for few pictures: the covariances of n pictures have rank n - 1 at most, and an estimate from two samples
of one and the same distribution is far above 0, falling about as 1/n (Binkowski et al. 2018; Chong & Forsyth 2020);
papers take ten thousand and more. Here n is one clip's frames, and both samples show the same moments, which makes the
exact truth 0 but leaves the bias of everything else: compare only rows of equal n, never with a published FID.

The weights are given by path and sha256 in the study: `inception`, the file that pytorch-fid publishes
(pt_inception-2015-12-05). Without them, or without a truth, there are no rows.

Row: `FID to truth`, FID, lower is better; n = frames (every k-th, as the setting embed_every says), at least two.
"""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from understudy.metrics._case import Case, Damage, Meter, Quantity, Row, Stream, row
from understudy.metrics._crops import cut, square, tensor
from understudy.metrics._inception import Inception
from understudy.metrics._moment import Moment
from understudy.metrics._pretrained import fill
from understudy.metrics.truth import has_masks

LOOKS_AT: tuple[Stream, ...] = ("fake", "truth", "masks")
NETWORKS = ("inception",)
DISTANCE = Quantity("FID to truth", "FID", "lower")
SEES: dict[str, tuple[Damage, ...]] = {DISTANCE.name: ("blur", "colour cast", "wrong identity")}
SIZE = 299


class _Fid:
    def __init__(self, inception: Inception) -> None:
        self.inception = inception
        self.fake_TF: list[NDArray[np.float32]] = []  # 8 kB a frame that is embedded
        self.truth_TF: list[NDArray[np.float32]] = []

    def step(self, moment: Moment) -> None:
        truth_HWC, mask_HW = moment.truth_HWC, moment.mask_HW
        if truth_HWC is None or mask_HW is None or not mask_HW.any() or not moment.embeds:
            return
        box = square(mask_HW)
        with torch.inference_mode():
            pair = self.inception(tensor(cut(moment.fake_HWC, box, SIZE), cut(truth_HWC, box, SIZE))).numpy()
        self.fake_TF.append(pair[0].copy())
        self.truth_TF.append(pair[1].copy())

    def rows(self) -> list[Row]:
        n = len(self.fake_TF)
        return [row(DISTANCE, frechet(np.stack(self.fake_TF), np.stack(self.truth_TF)) if n > 1 else np.nan, n)]

    def columns(self) -> Mapping[str, Sequence[float]]:
        return {}


def meter(case: Case) -> Meter | None:
    """Compares with the truth; None without one or without weights. Raises CheckpointError for other weights."""
    if case.truth is None or NETWORKS[0] not in case.networks or not has_masks(case):
        return None
    return _Fid(inception(case.networks[NETWORKS[0]]))


@functools.lru_cache(maxsize=1)
def inception(path: Path) -> Inception:
    """The network with the weights of a file."""
    made = Inception()
    fill(path, made, surplus=("fc.",))
    return made


def frechet(a_NF: NDArray[np.floating], b_MF: NDArray[np.floating]) -> float:
    """The Frechet distance of the Gaussians with the samples' means and covariances (n - 1); two samples or more each.

    With A and B the centred samples over the root of n - 1, the covariances are A'A and B'B, and the trace of the root
    of their product is the sum of the singular values of AB': a matrix as large as the samples are, not the features.
    """
    a_NF, b_MF = np.asarray(a_NF, np.float64), np.asarray(b_MF, np.float64)
    apart = a_NF.mean(axis=0) - b_MF.mean(axis=0)
    a_NF = (a_NF - a_NF.mean(axis=0)) / np.sqrt(len(a_NF) - 1)
    b_MF = (b_MF - b_MF.mean(axis=0)) / np.sqrt(len(b_MF) - 1)
    common = np.linalg.svd(a_NF @ b_MF.T, compute_uv=False).sum()
    return max(float(apart @ apart + np.square(a_NF).sum() + np.square(b_MF).sum() - 2 * common), 0.0)
