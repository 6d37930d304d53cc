"""A mixture of Gaussians of two voices' frames together, and what it says of one voice where it hears the other.

Toda, Black, Tokuda 2007, "Voice conversion based on maximum-likelihood estimation of spectral parameter trajectory":
the joint density (section II-B) and the trajectory that its features and their changes agree on most (section III).

Shapes: T frames, D coefficients, F = 2 D features (coefficients, then their changes), N pairs of frames, J = 2 F, the
joint features (one voice's, then the other's), M components.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

Array = NDArray[np.float64]

_LEAST = 0.02  # of each feature's variance, added to every component's: it keeps small components whole


@dataclass(frozen=True, kw_only=True, eq=False)
class Mixture:
    """weights_M sum to 1; means_MJ; covariances_MJJ."""

    weights_M: Array
    means_MJ: Array
    covariances_MJJ: Array


def features(mcep_TD: Array) -> Array:
    """Coefficients and their changes (half of next less previous; at the ends, to the frame itself), (T, F)."""
    padded = np.pad(mcep_TD, ((1, 1), (0, 0)), mode="edge")
    return np.concatenate([mcep_TD, (padded[2:] - padded[:-2]) / 2], axis=1)


def fit(joint_NJ: Array, components: int, iterations: int, full: bool, seed: int) -> Iterator[tuple[Mixture, float]]:
    """Expectation and maximisation: after each iteration the mixture and the mean log likelihood of a pair before it.

    full: whether a component's features may vary together; else each does so with its counterpart alone. Components
    begin as clusters of the first voice's and second's frames (k-means), drawn by the seed.
    """
    pairs, width = joint_NJ.shape
    floor_J = np.maximum(_LEAST * joint_NJ.var(0), 1e-8)
    mask_JJ = np.ones((width, width)) if full else _counterparts(width)
    shares_NM = _clusters(joint_NJ / np.sqrt(floor_J), min(components, max(pairs // width, 1)), seed)
    for _ in range(iterations):
        mixture = _maximised(joint_NJ, shares_NM, floor_J, mask_JJ)
        logs_NM = _logs(joint_NJ, mixture.weights_M, mixture.means_MJ, mixture.covariances_MJJ)
        total_N = _sum_of_logs(logs_NM)
        shares_NM = np.exp(logs_NM - total_N[:, None])
        yield mixture, float(total_N.mean())


def converted(heard_TF: Array, mixture: Mixture, forwards: bool) -> Array:
    """The other voice's coefficients (T, D) for one voice's features: the likeliest trajectory (Toda 2007, eq. 39).

    forwards: from the first voice to the second. A frame's mixture is taken for its expectation and its diagonal
    covariance, weighted by how likely each component is where the frame was heard (the suboptimal sequence of III-B
    without a hard choice).
    """
    width = heard_TF.shape[1]
    known, asked = (slice(None, width), slice(width, None)) if forwards else (slice(width, None), slice(None, width))
    means_MF, covariances_MFF = mixture.means_MJ[:, known], mixture.covariances_MJJ[:, known, known]
    logs_TM = _logs(heard_TF, mixture.weights_M, means_MF, covariances_MFF)
    shares_TM = np.exp(logs_TM - _sum_of_logs(logs_TM)[:, None])
    expected_TF, precision_TF = np.zeros_like(heard_TF), np.zeros_like(heard_TF)
    for m, share_T in enumerate(shares_TM.T):
        cross_FF = mixture.covariances_MJJ[m, asked, known]
        slope_FF = np.linalg.solve(covariances_MFF[m], cross_FF.T).T
        left_F = np.diagonal(mixture.covariances_MJJ[m, asked, asked] - slope_FF @ cross_FF.T)
        expected_TF += share_T[:, None] * (mixture.means_MJ[m, asked] + (heard_TF - means_MF[m]) @ slope_FF.T)
        precision_TF += share_T[:, None] / np.maximum(left_F, 1e-8)
    return trajectory(expected_TF, precision_TF)


def trajectory(expected_TF: Array, precision_TF: Array) -> Array:
    """The coefficients (T, D) whose values and changes are least off what is expected, weighted by precision.

    Tokuda et al. 2000, "Speech parameter generation algorithms for HMM-based speech synthesis": (W' P W) y = W' P e, W
    the matrix of `features`, of five bands here.
    """
    frames, dims = len(expected_TF), expected_TF.shape[1] // 2
    static_TD, change_TD = precision_TF[:, :dims], precision_TF[:, dims:]
    pull_TD = static_TD * expected_TF[:, :dims]
    force_TD = change_TD * expected_TF[:, dims:] / 2
    after, before = np.minimum(np.arange(frames) + 1, frames - 1), np.maximum(np.arange(frames) - 1, 0)
    np.add.at(pull_TD, after, force_TD)
    np.add.at(pull_TD, before, -force_TD)
    bands_3TD = np.zeros((3, frames, dims))  # the diagonal, and those above it
    bands_3TD[0] = static_TD
    np.add.at(bands_3TD[0], after, change_TD / 4)
    np.add.at(bands_3TD[0], before, change_TD / 4)
    inner = np.arange(1, frames - 1)
    bands_3TD[2][before[inner]] -= change_TD[inner] / 4
    for end in {0, frames - 1} if frames > 1 else ():
        bands_3TD[1][before[end]] -= change_TD[end] / 4
    if frames == 1:
        bands_3TD[0] = static_TD
    return np.stack([_solved(bands_3TD[:, :, d], pull_TD[:, d]) for d in range(dims)], axis=1)


def _solved(bands_3T: Array, pull_T: Array) -> Array:
    """The solution of a symmetric system of five bands."""
    upper = np.zeros_like(bands_3T)
    upper[2] = bands_3T[0]
    upper[1, 1:] = bands_3T[1, :-1]
    upper[0, 2:] = bands_3T[2, :-2]
    return np.asarray(scipy.linalg.solveh_banded(upper[-len(pull_T) :], pull_T))


def _counterparts(width: int) -> Array:
    """Which features of a pair may vary together where each does so with its own counterpart alone."""
    half = width // 2
    eye = np.eye(half)
    return np.block([[eye, eye], [eye, eye]])


def _maximised(joint_NJ: Array, shares_NM: Array, floor_J: Array, mask_JJ: Array) -> Mixture:
    """The likeliest mixture when each pair belongs to the components by these shares."""
    heavy_M = np.maximum(shares_NM.sum(0), 1e-6)
    means_MJ = shares_NM.T @ joint_NJ / heavy_M[:, None]
    covariances = []
    for m, mean_J in enumerate(means_MJ):
        apart_NJ = joint_NJ - mean_J
        covariance = (apart_NJ * shares_NM[:, m : m + 1]).T @ apart_NJ / heavy_M[m]
        covariances.append(covariance * mask_JJ + np.diag(floor_J))
    return Mixture(weights_M=heavy_M / heavy_M.sum(), means_MJ=means_MJ, covariances_MJJ=np.stack(covariances))


def _logs(seen_NF: Array, weights_M: Array, means_MF: Array, covariances_MFF: Array) -> Array:
    """The logarithm of each component's weight times its density at each frame, (N, M)."""
    logs = []
    for weight, mean_F, covariance_FF in zip(weights_M, means_MF, covariances_MFF, strict=True):
        root = np.linalg.cholesky(covariance_FF)
        away_FN = scipy.linalg.solve_triangular(root, (seen_NF - mean_F).T, lower=True, check_finite=False)
        volume = 2 * np.log(np.diagonal(root)).sum() + len(mean_F) * np.log(2 * np.pi)
        logs.append(np.log(weight) - 0.5 * ((away_FN**2).sum(0) + volume))
    return np.stack(logs, axis=1)


def _sum_of_logs(logs_NM: Array) -> Array:
    top_N = logs_NM.max(1)
    return np.asarray(top_N + np.log(np.exp(logs_NM - top_N[:, None]).sum(1)))


def _clusters(seen_NJ: Array, count: int, seed: int, rounds: int = 10) -> Array:
    """Hard shares (N, M) of pairs in clusters: k-means from distinct pairs drawn by the seed."""
    draw = np.random.default_rng(seed)
    centres_MJ = seen_NJ[np.sort(draw.choice(len(seen_NJ), count, replace=False))]
    for _ in range(rounds):
        away_NM = (centres_MJ**2).sum(1) - 2 * seen_NJ @ centres_MJ.T
        own_N = away_NM.argmin(1)
        shares_NM = (own_N[:, None] == np.arange(count)).astype(np.float64)
        filled = shares_NM.sum(0) > 0
        centres_MJ[filled] = (shares_NM.T @ seen_NJ)[filled] / shares_NM.sum(0)[filled, None]
    return np.asarray(shares_NM + 1e-6)
