"""The preview of a training: what goes in, what comes out, and the swaps, labelled as the fakes they are.

Legend of shapes: N faces in a row, S side of a crop; pictures are RGB uint8, HWC.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from understudy.methods._faces import Looks, Swapper
from understudy.methods._faces.drawing import Face, drawn, pooled
from understudy.methods._faces.pool import Pool
from understudy.provenance import label_picture

COLUMNS, TILE = 6, 96


class Showing:
    """A few faces of each side, always the same, and the grid that the network makes of them."""

    def __init__(self, pools: Sequence[Pool], config: Looks) -> None:
        self.config = config
        self.faces = [[pooled(pool, number, config.size) for number in _spread(len(pool))] for pool in pools]

    def picture(self, network: Any) -> NDArray[np.uint8]:
        """Rows: of each side what goes in and what is drawn; of a pair, then, side 1 as side 0 and side 0 as side 1."""
        was_training = network.training
        network.eval()
        rows = []
        for side, faces in enumerate(self.faces):
            rows += [[picture for picture, _ in faces], self._drawn(network, side, faces)]
        if len(self.faces) == 2:
            rows += [self._drawn(network, side, self.faces[1 - side]) for side in (0, 1)]
        network.train(was_training)
        return label_picture(np.concatenate([np.concatenate([_tile(each) for each in row], axis=1) for row in rows]))

    @torch.inference_mode()
    def _drawn(self, network: Swapper, side: int, faces: Sequence[Face]) -> list[NDArray[np.uint8]]:
        """Faces as subject `side`, as 8-bit pictures."""
        out = drawn(network, side, faces, self.config)[:, :3]
        return list(np.rint(out.permute(0, 2, 3, 1).numpy(force=True) * 255).astype(np.uint8))


def _spread(count: int) -> list[int]:
    """Numbers of COLUMNS faces, evenly through the clips; fewer faces come again."""
    return [int(number) for number in np.linspace(0, count - 1, COLUMNS).round()]


def _tile(picture_SSC: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A crop at the size of the grid's tiles."""
    return np.asarray(cv2.resize(picture_SSC, (TILE, TILE), interpolation=cv2.INTER_CUBIC), np.uint8)
