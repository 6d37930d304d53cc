"""Drawing with a trained network: crops in, faces of the other subject out.

Legend of shapes: B batch, S side of a crop, C channels; 23 = a 2x3 matrix. Pictures are RGB in [0, 1], or uint8.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy.faces import masks
from understudy.faces.align import Matrix, compose, invert, square
from understudy.learning import autocast, halved
from understudy.methods._faces import Looks, Swapper, space
from understudy.methods._faces.pool import Pool, crops

if TYPE_CHECKING:
    from understudy.faces.faceset import Faceset

Face = tuple[NDArray[np.uint8], NDArray[Any]]
"""A crop in the network's space (S, S, 3), and its landmarks, the brows raised (68, 2), in its pixels."""
BATCH = 16


@torch.inference_mode()
def converted(model: Any, side: int, faceset: "Faceset", config: Looks, coverage: str, size: int) -> Iterator[Tensor]:
    """One faceset's faces as subject `side`, in batches of crops at `coverage` and `size`.

    The driver's crops lie as the other subject's did in training.
    """
    anchor_23 = model.anchors[1 - side].numpy(force=True)
    change_23 = space.into(faceset.coverage, faceset.size, anchor_23, config.coverage, config.size)
    back_23 = compose(square(size, coverage), compose(invert(anchor_23), invert(square(config.drawn, config.coverage))))
    model = halved(model, config.learning.precision, model.anchors.device)
    waiting: list[Face] = []
    for picture, points in crops(faceset, change_23, config.size):
        waiting.append((picture, masks.raised(points)))
        if len(waiting) == BATCH:
            yield _moved(drawn(model, side, waiting, config), back_23, size)
            waiting = []
    if waiting:
        yield _moved(drawn(model, side, waiting, config), back_23, size)


def drawn(model: Swapper, side: int, faces: Sequence[Face], config: Looks) -> Tensor:
    """Faces, each a picture and its landmarks in the network's space, as subject `side`: B, 3 or 4, O, O."""
    place = model.anchors.device
    shown, _, skins = presented(faces, config, place)
    with autocast(config.learning.precision, place):
        out: Tensor = model(shown, side)
    if config.tone == "canonical":
        out = torch.cat([space.restored(out[:, :3], skins), out[:, 3:]], dim=1)
    return out


def presented(faces: Sequence[Face], config: Looks, place: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Faces as the network is shown them (B3SS), their masks (B1SS) and skins (B311)."""
    pictures = np.stack([picture for picture, _ in faces])
    shown = (torch.from_numpy(pictures).to(place).permute(0, 3, 1, 2).float() / 255).contiguous(
        memory_format=torch.channels_last
    )
    mask = torch.from_numpy(
        np.stack([masks.fill(points, config.size, config.size) for _, points in faces])[:, None]
    ).to(place)
    skins = torch.from_numpy(np.stack([space.skin(*face) for face in faces])[:, :, None, None]).to(place)
    shown = space.canonical(shown, skins) if config.tone == "canonical" else shown
    return (space.hidden(shown, mask) if config.backdrop == "grey" else shown), mask, skins


def pooled(pool: Pool, number: int, size: int) -> Face:
    """A pool's face at the network's size, and its outline there."""
    small = np.asarray(cv2.resize(pool[number], (size, size), interpolation=cv2.INTER_AREA), np.uint8)
    return small, (pool.points_N922[number, :68] + 0.5) * size / pool.size - 0.5


def _moved(crops_BCSS: Tensor, change_23: Matrix, size: int) -> Tensor:
    """Crops moved to the pixels of other crops of `size`, on the CPU.

    Beyond the network's crop a picture's edge repeats, and a mask is nothing.
    """
    pictures = crops_BCSS.permute(0, 2, 3, 1).numpy(force=True)
    if size == pictures.shape[1] and np.allclose(change_23, np.eye(2, 3)):
        return crops_BCSS.cpu().contiguous()
    moved = [_warped(picture[..., :3], change_23, size, cv2.BORDER_REPLICATE) for picture in pictures]
    if pictures.shape[3] == 4:
        masks_SS1 = (_warped(picture[..., 3:], change_23, size, cv2.BORDER_CONSTANT) for picture in pictures)
        moved = [np.concatenate(pair, axis=-1) for pair in zip(moved, masks_SS1, strict=True)]
    return torch.from_numpy(np.clip(np.stack(moved), 0, 1)).permute(0, 3, 1, 2).contiguous()


def _warped(picture_SSC: NDArray[np.float32], change_23: Matrix, size: int, border: int) -> NDArray[np.float32]:
    """One picture moved, smoothly interpolated (size, size, C)."""
    held = np.ascontiguousarray(picture_SSC)
    warped = cv2.warpAffine(held, change_23, (size, size), flags=cv2.INTER_CUBIC, borderMode=border)
    return np.asarray(warped, np.float32).reshape(size, size, -1)
