"""The preview of a training: sources, driving frames and what is drawn of them, labelled as the fakes they are.

Legend of shapes: B pairs, S side of the network's pictures; pictures are RGB.
"""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy.methods._animation.pool import Pool
from understudy.provenance import label_picture

COLUMNS, TILE = 6, 96

Drawing = Callable[[Any, Tensor, Tensor], Tensor]
"""drawing(network, source_B3SS, driving_B3SS) -> the sources moved as the driving frames (B3SS)."""


class Showing:
    """A few pairs of frames, always the same, and the contact sheet that a network makes of them.

    Rows: source, driving, drawn for people who drive themselves; then, where there are several, the same for people
    whom others drive.
    """

    def __init__(self, pool: Pool, drawing: Drawing) -> None:
        self.drawing = drawing
        own, others = _chosen(pool)
        self.pairs = [_pictures(pool, numbers) for numbers in (own, others) if numbers]

    def picture(self, network: Any) -> NDArray[np.uint8]:
        """The sheet (HWC, uint8): what is to be handed to `learning.learn`."""
        was_training = network.training
        network.eval()
        rows = [
            row for source, driving in self.pairs for row in (source, driving, self._drawn(network, source, driving))
        ]
        network.train(was_training)
        return label_picture(sheet(rows))

    @torch.inference_mode()
    def _drawn(self, network: Any, source_B3SS: Tensor, driving_B3SS: Tensor) -> Tensor:
        place = next(network.parameters()).device
        return self.drawing(network, source_B3SS.to(place), driving_B3SS.to(place)).float().cpu()


def sheet(rows: list[Tensor]) -> NDArray[np.uint8]:
    """Rows of pictures (B3SS in [0, 1]) as one picture (HWC), each at the size of a tile."""
    return np.concatenate(
        [np.concatenate([_tile(each) for each in row.permute(0, 2, 3, 1).numpy(force=True)], axis=1) for row in rows]
    )


def _chosen(pool: Pool) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Numbers of frames (source, driving): of the same clip, and of the next subject's; through the subjects and their
    clips, sources at the beginning and driving frames ever later."""
    own, others = [], []
    for column in range(COLUMNS):
        subject = column % len(pool.subjects)
        clip, next_clip = (
            pool.clips[who % len(pool.subjects)][
                column // len(pool.subjects) % len(pool.clips[who % len(pool.subjects)])
            ]
            for who in (subject, subject + 1)
        )
        share = (column + 1) / COLUMNS
        own.append((clip[0], clip[round(share * (len(clip) - 1))]))
        others.append((clip[0], next_clip[round(share * (len(next_clip) - 1))]))
    return own, others if len(pool.subjects) > 1 else []


def _pictures(pool: Pool, numbers: list[tuple[int, int]]) -> tuple[Tensor, Tensor]:
    """The frames of these numbers, as sources and as driving frames (B3SS)."""
    held = pool.pictures_NSSC[np.array(numbers)].astype(np.float32) / 255
    source, driving = torch.from_numpy(held).permute(1, 0, 4, 2, 3)
    return source, driving


def _tile(picture_SSC: NDArray[np.float32]) -> NDArray[np.uint8]:
    bytes_SSC = np.rint(np.clip(picture_SSC, 0, 1) * 255).astype(np.uint8)
    return np.asarray(cv2.resize(bytes_SSC, (TILE, TILE), interpolation=cv2.INTER_CUBIC), np.uint8)
