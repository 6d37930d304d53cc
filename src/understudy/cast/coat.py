"""A coat: hair as textured triangles that ride on the head (shells over the skin, or locks). And its strand pattern."""

import functools
from dataclasses import dataclass
from typing import Literal

import numpy as np

from understudy.cast.noise import Floats, Ints, hash_unit


@dataclass(frozen=True, kw_only=True, eq=False)
class Coat:
    """Letters: K the coat's own vertices, T triangles.

    anchor_K: the head's vertex that each rides on; offset_K3 from it; turn_K: how much of the head's turn it follows.
    normal_K3 and along_K3: for shading, at rest (along: the strands' direction). uv_K2 and threshold_K: the cutout (a
    higher threshold is sparser hair). shade_K: 0 dark among the roots to 1 in the open. colour_3: linear RGB.
    region: hair of the head, or of the face.
    """

    anchor_K: Ints
    offset_K3: Floats
    turn_K: Floats
    normal_K3: Floats
    along_K3: Floats
    uv_K2: Floats
    threshold_K: Floats
    shade_K: Floats
    triangles_T3: Ints
    colour_3: Floats
    region: Literal["scalp", "beard"] = "scalp"


@functools.cache
def strands() -> Floats:
    """The pattern of strands, 256 (along, v) x 512 (across, u), values spread evenly over 0 to 1."""
    row, column = np.mgrid[0:64, 0:512]
    fine = np.repeat(hash_unit(row, column, row * 0, 991), 4, 0)
    for _ in range(2):
        fine = (fine + np.roll(fine, 1, 0) + np.roll(fine, -1, 0) + np.roll(fine, 2, 0)) / 4
    rank = np.empty(fine.size)
    rank[np.argsort(fine.ravel(), kind="stable")] = np.arange(fine.size) / fine.size
    return rank.reshape(fine.shape)
