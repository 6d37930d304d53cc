"""Bending a face: a picture whose landmarks move to other places, and all between and around them along, smoothly.

A thin-plate spline (Bookstein, Principal Warps, IEEE TPAMI 11(6), 1989) tells for each place of the result where it was
in the picture. It is evaluated on a coarse grid, since it is smooth, and has no triangles to tear.

Legend of shapes: P control points, G grid nodes, H height, W width, C = 3 channels; 682 = 68 landmarks of (x, y).
"""

import functools

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.faces import masks

Points = NDArray[np.float64]

_STEP = 8  # pixels between the nodes at which the spline is evaluated
_NO_MAP: NDArray[np.float32] = np.zeros((0,), np.float32)  # the map is one array of pairs, not two


def bend(picture_HWC: NDArray[np.uint8], here_682: Points, there_682: Points, stiffness: float) -> NDArray[np.uint8]:
    """The picture with its landmarks moved from `here` to `there` (pixels), and everything else along, smoothly."""
    size = picture_HWC.shape[0]
    to, back = controls(here_682, there_682, size)
    nodes_G2 = _nodes(size)
    moved = spline(to / size, back / size, nodes_G2 / size, stiffness) * size - nodes_G2
    side = round(len(nodes_G2) ** 0.5)
    field = moved.reshape(side, side, 2).astype(np.float32)
    # Node (0, 0) lies at -2 steps; smooth between nodes.
    scale = np.array([[1 / _STEP, 0, 2], [0, 1 / _STEP, 2]])
    shift = cv2.warpAffine(field, scale, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    field = np.asarray(shift + _pixels(size), np.float32)
    bent = cv2.remap(picture_HWC, field, _NO_MAP, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(bent, np.uint8)


def controls(here_682: Points, there_682: Points, size: int) -> tuple[Points, Points]:
    """The spline's control points (P2): where they are to lie, and where they lie in the picture.

    The landmarks, the brows once more raised over the forehead, and eight points of the border, which follow the
    landmarks' best affine map, so that what lies outside the face goes along.
    """
    there, here = masks.raised(there_682), masks.raised(here_682)
    to, back = (np.vstack([points, up[17:27]]) for points, up in ((there_682, there), (here_682, here)))
    far = size - 1.0
    steps = np.array([0, far / 2, far])
    border = np.array([(x, y) for x in steps for y in steps if (x, y) != (far / 2, far / 2)])
    affine, *_ = np.linalg.lstsq(np.column_stack([to, np.ones(len(to))]), back, rcond=None)
    return np.vstack([to, border]), np.vstack([back, np.column_stack([border, np.ones(len(border))]) @ affine])


def spline(at_P2: Points, values_P2: Points, asked_G2: Points, stiffness: float) -> Points:
    """The thin-plate spline through `values` at the control points (near them, with stiffness); G2.

    Bookstein 1989, equations 3 to 7; the stiffness is Wahba's lambda on the diagonal. Affine maps are kept exactly.
    """
    count = len(at_P2)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _plate(at_P2, at_P2) + (stiffness + 1e-9) * np.eye(count)
    system[:count, count], system[:count, count + 1 :] = 1, at_P2
    system[count:, :count] = system[:count, count:].T
    weights = np.linalg.solve(system, np.vstack([values_P2, np.zeros((3, 2))]))
    linear = weights[count] + asked_G2 @ weights[count + 1 :]
    return np.asarray(linear + _plate(asked_G2, at_P2) @ weights[:count])


def _plate(one_N2: Points, other_P2: Points) -> Points:
    """r^2 log r^2 of all distances."""
    squares = np.square(one_N2[:, None, 0] - other_P2[None, :, 0]) + np.square(
        one_N2[:, None, 1] - other_P2[None, :, 1]
    )
    return np.asarray(squares * np.log(np.maximum(squares, 1e-12)))


@functools.lru_cache(maxsize=8)
def _nodes(size: int) -> Points:
    """The places (pixels) at which the spline is evaluated: a square grid that reaches two steps beyond the crop."""
    steps = np.arange(-2, size // _STEP + 3) * float(_STEP)
    x, y = np.meshgrid(steps, steps)
    nodes = np.column_stack([x.ravel(), y.ravel()])
    nodes.flags.writeable = False
    return nodes


@functools.lru_cache(maxsize=8)
def _pixels(size: int) -> NDArray[np.float32]:
    """The place of each pixel (HW2)."""
    x, y = np.meshgrid(np.arange(size, dtype=np.float32), np.arange(size, dtype=np.float32))
    pixels = np.stack([x, y], axis=-1)
    pixels.flags.writeable = False
    return pixels
