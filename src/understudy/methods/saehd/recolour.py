"""Colour transfer as a variation: some faces take on the colours of a face of the other subject.

After Reinhard et al., "Color transfer between images" (IEEE CG&A 21(5), 2001), eq. 10-11, in CIELAB, within the face.

Legend of shapes: B batch, H height, W width, C = 3 channels, RGB in [0, 1].
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy.methods._faces.samples import Batch, Faces

Floats = NDArray[np.float32]
_GAIN = (0.4, 2.5)  # least and most by which a channel is spread: noise is not to be blown up


@dataclass(frozen=True)
class Colours:
    """Mean and standard deviation of a face in CIELAB (3 each)."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    @classmethod
    def of(cls, picture_HWC: Floats, mask_HW: Floats) -> "Colours":
        """The colours of a picture within a mask; of all of it when the mask is empty."""
        lab = np.asarray(cv2.cvtColor(picture_HWC, cv2.COLOR_RGB2LAB), np.float64).reshape(-1, 3)
        weights = mask_HW.reshape(-1).astype(np.float64) if mask_HW.any() else np.ones(len(lab))
        mean = np.average(lab, axis=0, weights=weights)
        return cls(mean, np.sqrt(np.average((lab - mean) ** 2, axis=0, weights=weights)))

    def given(self, picture_HWC: Floats, own: "Colours") -> Floats:
        """A picture whose colours are `own` with these instead."""
        gain = np.clip((self.deviation + 1e-3) / (own.deviation + 1e-3), *_GAIN)
        lab = np.asarray(cv2.cvtColor(np.ascontiguousarray(picture_HWC), cv2.COLOR_RGB2LAB), np.float64)
        moved = ((lab - own.mean) * gain + self.mean).astype(np.float32)
        return np.clip(np.asarray(cv2.cvtColor(moved, cv2.COLOR_LAB2RGB), np.float32), 0, 1)


def recoloured(sides: Batch, generator: np.random.Generator, probability: float) -> Batch:
    """Each face, with a probability, in the colours of one of the other side; input, aim and skin alike."""
    colours = [
        [
            Colours.of(aim, inside[..., 0])
            for aim, inside in zip(_pictures(faces.aims), _pictures(faces.inside), strict=True)
        ]
        for _, faces in sides
    ]
    found: list[tuple[int, Faces]] = []
    for place, (side, faces) in enumerate(sides):
        own, other = colours[place], colours[1 - place]
        like = generator.integers(0, len(other), len(own))
        chosen = generator.random(len(own)) < probability
        changed: dict[str, Any] = {}
        for name in ("inputs", "aims", "input_skins", "aim_skins"):
            before = _pictures(getattr(faces, name))
            rows = [
                other[like[row]].given(picture, own[row]) if chosen[row] else picture
                for row, picture in enumerate(before)
            ]
            changed[name] = torch.from_numpy(np.stack(rows)).permute(0, 3, 1, 2)
        found.append((side, faces._replace(**changed)))
    return tuple(found)


def _pictures(tensor_BCHW: Tensor) -> list[Floats]:
    """A batch as pictures with the channels last."""
    return list(np.ascontiguousarray(tensor_BCHW.permute(0, 2, 3, 1).numpy()))
