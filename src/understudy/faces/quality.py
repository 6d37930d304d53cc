"""How usable a face is: its sharpness, and how much its landmarks look like a face.

Shapes: HWC a frame, 682 = 68 points of (x, y).
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy.faces.align import MEAN_51, align, apply, umeyama

_SIDE = 160  # pixels from brow end to brow end at which detail is judged
_INSIDE = slice(_SIDE // 8, _SIDE - _SIDE // 8)


def sharpness(frame: NDArray[np.uint8], landmarks_682: NDArray[Any]) -> float:
    """Energy of the Laplacian of the face over its variance, times 1000, at a fixed face size; `frame` is RGB or grey.

    The share makes it blind to contrast and light. It falls with blur as the fourth power of the frequencies lost, so a
    frame blurred by motion stands far below its neighbours; between clips it also tells cameras apart, so compare it
    within one clip only.
    """
    face = cv2.warpAffine(frame, align(landmarks_682, _SIDE, "half"), (_SIDE, _SIDE), flags=cv2.INTER_LINEAR)
    grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY) if face.ndim == 3 else face
    grey = grey[_INSIDE, _INSIDE]
    detail = cv2.Laplacian(grey, cv2.CV_32F)
    return float(1000 * np.square(detail).mean() / max(float(grey.var()), 1.0))


def misshape(landmarks_682: NDArray[Any]) -> float:
    """Root mean square distance of landmarks 17-67 to the mean face after alignment, in face widths.

    People and expressions give .02 to .06, a turned head up to .12, a landmark fit to no face often more.
    """
    inner = np.asarray(landmarks_682, np.float64)[17:68]
    gap = apply(umeyama(inner, MEAN_51), inner) - MEAN_51
    return float(np.sqrt(np.square(gap).sum(axis=1).mean()))
