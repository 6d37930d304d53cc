"""Colour transfers that look at the three channels together: by covariance, and by the whole distribution.

Each gives `crop` the colours of `like`, both weighed by `mask` (not all 0): pictures are float RGB in [0, 1], results
are not clipped. Nothing is drawn at random while they run, so that like frames get like colours.

Legend of shapes: H height, W width, C = 3 channels, RGB; N pixels, D directions in colour space, L = levels.
"""

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
Floats = NDArray[np.float64]

# A standard deviation (of 1) added to those of both pictures: a flat one has none to divide by.
_GRAIN = 0.5 / 255
# No direction's contrast changes by more: beyond, it would blow up noise, as in Reinhard's transfer.
_GAIN = (0.4, 2.5)
_SMALL = 64  # pixels a side at which distributions are compared: what is finer is grain
_STEPS = 10
_BATCH = 30  # directions a step of the sliced transport
_LEVELS = 512  # of a projection, over a range of 2: as fine as 8 bits
_PLACES = np.linspace(-1, 1, _LEVELS + 1)
_TAILS = (0.005, 0.995)  # glints and hairs beyond are moved along, not matched, as in the histogram's transfer
_REACH = 2  # pixels of _SMALL within which like colours are held to move alike
_SMOOTH = 0.02  # contrast (of 1) below which unlike ones are too


def lct(crop_HWC: Picture, like_HWC: Picture, mask_HW: Picture) -> Picture:
    """The affine map that gives the mean and covariance of `like`, in its triangular form.

    With A = L L' and B = M M' the covariances' Cholesky factors, colours move by M / L. The form by eigenvectors (Xiao
    and Ma, Color transfer in correlated color space, VRCIA 2006) leaves their signs and order open, which may turn hues
    over from one frame to the next; this one does not. Red is matched first, then green given red, then blue.
    """
    (mean, cov), (wanted, cov_like) = _moments(crop_HWC, mask_HW), _moments(like_HWC, mask_HW)
    factor, factor_like = np.linalg.cholesky(cov), np.linalg.cholesky(cov_like)
    return _moved(crop_HWC, np.asarray(factor_like @ np.linalg.inv(factor), np.float64), mean, wanted)


def mkl(crop_HWC: Picture, like_HWC: Picture, mask_HW: Picture) -> Picture:
    """The affine map that gives the mean and covariance of `like` and moves colours the least.

    Pitie and Kokaram, The linear Monge-Kantorovitch linear colour mapping for example-based colour transfer (CVMP
    2007), equation 13: A^-1/2 (A^1/2 B A^1/2)^1/2 A^-1/2.
    """
    (mean, cov), (wanted, cov_like) = _moments(crop_HWC, mask_HW), _moments(like_HWC, mask_HW)
    root, back = _power(cov, 0.5), _power(cov, -0.5)
    return _moved(crop_HWC, back @ _power(root @ cov_like @ root, 0.5) @ back, mean, wanted)


def idt(crop_HWC: Picture, like_HWC: Picture, mask_HW: Picture, steps: int = _STEPS) -> Picture:
    """The distribution of `like`, by matching the three marginals of one rotation of colour space after another.

    Pitie, Kokaram, Dahyot, N-dimensional probability density function transfer (ICCV 2005), section 3; see `_smoothed`
    for what is done against grain.
    """
    return _transported(crop_HWC, like_HWC, mask_HW, _rotations()[:steps])


def sot(crop_HWC: Picture, like_HWC: Picture, mask_HW: Picture, steps: int = _STEPS) -> Picture:
    """The distribution of `like`, by sliced optimal transport: ten steps of thirty directions.

    Rabin, Peyre, Delon, Bernot, Wasserstein barycenter and its application to texture mixing (SSVM 2011), section 3.2,
    with the Newton step of equation 12; see `_smoothed` for what is done against grain.
    """
    return _transported(crop_HWC, like_HWC, mask_HW, _slices()[:steps])


def _moments(picture_HWC: Picture, mask_HW: Picture) -> tuple[Floats, Floats]:
    """Weighted mean (3) and covariance (33), the grain's added."""
    weights_N = (mask_HW / mask_HW.sum(dtype=np.float64)).astype(np.float32).ravel()
    colours_N3 = picture_HWC.reshape(-1, 3)
    rough = weights_N @ colours_N3
    away_N3 = colours_N3 - rough
    rest = weights_N @ away_N3  # the second pass takes float32's rounding out of the first
    second = (away_N3 * weights_N[:, None]).T @ away_N3 - np.outer(rest, rest)
    return (rough + rest).astype(np.float64), second.astype(np.float64) + _GRAIN**2 * np.eye(3)


def _power(symmetric_33: Floats, exponent: float) -> Floats:
    """A power of a positive definite matrix."""
    values, vectors = np.linalg.eigh(symmetric_33)
    return np.asarray((vectors * np.maximum(values, 1e-12) ** exponent) @ vectors.T, np.float64)


def _moved(picture_HWC: Picture, map_33: Floats, mean: Floats, wanted: Floats) -> Picture:
    """The colours' offsets from `mean` mapped, none stretched beyond the gain's limits, and added to `wanted`."""
    left, gains, right = np.linalg.svd(map_33)
    held_33 = (left * np.clip(gains, *_GAIN)) @ right
    return np.asarray(cv2.transform(picture_HWC, np.column_stack([held_33, wanted - held_33 @ mean])), np.float32)


def _transported(crop_HWC: Picture, like_HWC: Picture, mask_HW: Picture, directions_SD3: Floats) -> Picture:
    """The crop after one step of transport for each set of directions, computed small, applied whole."""
    side = min(_SMALL, crop_HWC.shape[0])
    crop, like, mask = (
        np.asarray(cv2.resize(each, (side, side), interpolation=cv2.INTER_AREA), np.float32)
        for each in (crop_HWC, like_HWC, mask_HW)
    )
    inside = mask > 0
    weights_N = mask[inside] / mask.sum(dtype=np.float64)
    colours_N3, like_N3 = (each[inside] - np.float32(0.5) for each in (crop, like))
    moved_N3 = colours_N3.copy()
    for directions_D3 in directions_SD3:
        moved_N3 += _step(moved_N3, like_N3, weights_N, directions_D3)
    moves = np.empty_like(crop)
    moves[:] = weights_N.astype(np.float32) @ (moved_N3 - colours_N3)  # outside of the mask, as its mean
    moves[inside] = moved_N3 - colours_N3
    return _smoothed(crop_HWC, crop, moves, mask)


def _step(colours_N3: Picture, like_N3: Picture, weights_N: Floats, directions_D3: Floats) -> Picture:
    """How colours move (N3) when each direction's marginal is matched, as far as the directions agree."""
    axes_D3 = directions_D3.astype(np.float32)
    at_DN, wanted_DN = axes_D3 @ colours_N3.T, axes_D3 @ like_N3.T
    cells_DN, parts_DN = _cells(at_DN)
    ranks_DL, wanted_DL = _ranks(cells_DN, parts_DN, weights_N), _ranks(*_cells(wanted_DN), weights_N)
    shifts = np.concatenate([_shift(*pair) for pair in zip(ranks_DL, wanted_DL, strict=True)]).astype(np.float32)
    lower_DN = shifts[cells_DN]
    moves_DN = lower_DN + parts_DN * (shifts[cells_DN + 1] - lower_DN)
    return np.asarray(np.linalg.solve(axes_D3.T @ axes_D3, axes_D3.T @ moves_DN).T)


def _cells(at_DN: Picture) -> tuple[NDArray[np.int32], Picture]:
    """The level (of L + 1 a direction, from -1 to 1) below each projection, and how far up to the next it is."""
    places_DN = np.clip((at_DN + 1) * np.float32(_LEVELS / 2), 0, np.float32(_LEVELS - 1e-3))
    cells_DN = places_DN.astype(np.int32)
    places_DN -= cells_DN
    return cells_DN + (_LEVELS + 1) * np.arange(len(at_DN), dtype=np.int32)[:, None], places_DN


def _ranks(cells_DN: NDArray[np.int32], parts_DN: Picture, weights_N: Floats) -> Floats:
    """The weight below each level and half of that at it, strictly rising, in each direction; D by L + 1.

    Each projection's weight is shared by the two levels that it lies between, so that its rank rises as it does, and
    that of a single one is one half wherever it lies.
    """
    rows = len(cells_DN)
    upper_DN = weights_N * parts_DN
    counts = np.bincount(cells_DN.ravel(), (weights_N - upper_DN).ravel(), (_LEVELS + 1) * rows)
    counts[1:] += np.bincount(cells_DN.ravel(), upper_DN.ravel(), (_LEVELS + 1) * rows)[:-1]
    counts_DL = counts.reshape(rows, -1) + 1e-6 / _LEVELS
    return np.asarray(np.cumsum(counts_DL, axis=1) - counts_DL / 2)


def _shift(ranks_L: Floats, wanted_L: Floats) -> Floats:
    """How far each level moves for its rank to become that of the wanted; beyond the central ones as the last does."""
    low, high = np.interp(_TAILS, ranks_L, _PLACES)
    return np.asarray(np.interp(np.clip(ranks_L, *_TAILS), wanted_L, _PLACES) - np.clip(_PLACES, low, high))


def _smoothed(whole_HWC: Picture, crop_HWC: Picture, moves_HWC: Picture, mask_HW: Picture) -> Picture:
    """The whole picture, its colours moved as those of its small copy `crop`, by a map that is smooth in both.

    Moves pixel by pixel would turn the compression's blocks and the network's noise into grain (Pitie et al., Automated
    colour grading using colour distribution transfer, CVIU 2007, section 5). Around each pixel they are fitted by an
    affine function of the colour instead: the guided filter (He, Sun, Tang, TPAMI 35(6), 2013, equations 19 and 20),
    weighed by the mask, its coefficients enlarged to the whole (He and Sun, Fast guided filter, 2015).
    """
    # Outside of the mask too a map is needed; there any will do.
    weights = (mask_HW / mask_HW.max() + np.float32(1e-6))[..., None]
    terms = np.concatenate([crop_HWC, moves_HWC, np.ones_like(weights)], axis=-1)
    products = np.concatenate([terms, (crop_HWC[..., :, None] * terms[..., None, :6]).reshape(*mask_HW.shape, 18)], -1)
    wide = 2 * _REACH + 1
    sums = np.asarray(cv2.blur(products * weights, (wide, wide), borderType=cv2.BORDER_REFLECT_101), np.float64)
    means = sums / sums[..., 6:7]
    colour, move = means[..., :3], means[..., 3:6]
    second = means[..., 7:].reshape(*mask_HW.shape, 3, 6) - colour[..., :, None] * means[..., None, :6]
    slope = np.linalg.solve(second[..., :3] + _SMOOTH**2 * np.eye(3), second[..., 3:])  # of the moves, by the colour
    offset = move - (colour[..., None, :] @ slope)[..., 0, :]
    size = whole_HWC.shape[1::-1]
    rows = [*np.moveaxis(slope, -2, 0), offset]
    first, second_, third, base = (cv2.resize(each.astype(np.float32), size) for each in rows)
    red, green, blue = (whole_HWC[..., channel, None] for channel in range(3))
    return np.asarray(whole_HWC + base + red * first + green * second_ + blue * third, np.float32)


@functools.cache
def _rotations() -> Floats:
    """The axes (steps, 3, 3) of ten rotations, the first none; from a fixed seed."""
    drawn = np.random.default_rng(2005).normal(size=(_STEPS - 1, 3, 3))
    return np.concatenate([np.eye(3)[None], np.linalg.qr(drawn)[0]])


@functools.cache
def _slices() -> Floats:
    """Unit vectors (steps, batch, 3), even over the sphere on average; from a fixed seed."""
    drawn = np.random.default_rng(2011).normal(size=(_STEPS, _BATCH, 3))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=-1, keepdims=True))
