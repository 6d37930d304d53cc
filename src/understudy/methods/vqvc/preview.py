"""What a training shows of itself: spectra as they were heard, as they are said again, and as others would say them.

Legend of shapes: N windows, T frames, B bands.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from understudy.methods.vqvc.lessons import Lessons
from understudy.methods.vqvc.network import Converter
from understudy.provenance import label_picture

COLUMNS = 3
_RANGE = 14.0  # nepers of power from black to white
_TALL = 2  # pixels a band


class Showing:
    """A few windows, always the same, and what the network makes of them."""

    def __init__(self, lessons: Lessons) -> None:
        self.lesson = lessons.at(0)
        self.subjects = len(lessons.voices)

    @torch.inference_mode()
    def picture(self, network: Converter) -> NDArray[np.uint8]:
        """Rows: envelopes as they were said, said again by the same subject, and by the next; a column a window."""
        place, learning = next(network.parameters()).device, network.training
        network.eval()
        lesson = self.lesson
        own = lesson.subjects[:COLUMNS].to(place)
        shape, told = (each[:COLUMNS].to(place) for each in (lesson.shape, lesson.told))
        again, other = (network(shape, told, each)[0] for each in (own, (own + 1) % self.subjects))
        network.train(learning)
        return label_picture(grid([lesson.bands[:COLUMNS], again.cpu(), other.cpu()]))


def grid(rows: list[torch.Tensor]) -> NDArray[np.uint8]:
    """Rows of envelopes (N, B, T) as a picture, low frequencies below; the loudest of all is white."""
    tall = torch.cat([torch.cat(list(row), dim=1).flip(0) for row in rows]).numpy(force=True)
    light = 1 + (tall - tall.max()) / _RANGE
    grey = np.rint(255 * light.clip(0, 1)).astype(np.uint8).repeat(_TALL, axis=0)
    return np.ascontiguousarray(np.repeat(grey[:, :, None], 3, axis=2))
