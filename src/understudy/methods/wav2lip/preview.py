"""What a training shows of itself: faces hidden, drawn and filmed.

Legend of shapes: N faces, H, W; BGR in [0, 1].
"""

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from understudy.methods.wav2lip.inference import beside
from understudy.methods.wav2lip.network import flat
from understudy.provenance import label_picture

if TYPE_CHECKING:
    from understudy.methods.wav2lip.lessons import Lessons
    from understudy.methods.wav2lip.network import Wav2Lip

COLUMNS = 6  # faces in a preview


class Showing:
    """A few windows' faces, and what the network makes of them."""

    def __init__(self, lessons: "Lessons") -> None:
        found = [lessons.at(step) for step in range(COLUMNS)]
        # the first frame of the first window: a lesson may have one frame or five
        self.aims = torch.cat([each.aims[:1, :, :1] for each in found])
        self.references = torch.cat([each.references[:1, :, :1] for each in found])
        self.mels = torch.cat([each.mels[:1, :1] for each in found])

    @torch.inference_mode()
    def picture(self, network: "Wav2Lip") -> NDArray[np.uint8]:
        """Rows: what is shown beside, the face as filmed with its lower half hidden, drawn, and as filmed."""
        place = next(network.parameters()).device
        learning = network.training
        network.eval()
        first = (self.aims.to(place), self.references.to(place))
        seen = beside(*first)
        drawn = network(self.mels.to(place), seen)
        network.train(learning)
        rows = torch.stack([flat(each) for each in (first[1], seen[:, :3], drawn.float(), first[0])]).flip(2)
        grid = np.rint(rows.permute(0, 3, 1, 4, 2).numpy(force=True) * 255).astype(np.uint8)
        return label_picture(np.ascontiguousarray(grid.reshape(grid.shape[0] * grid.shape[1], -1, 3)))
