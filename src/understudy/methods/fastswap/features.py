"""The feature network through which faces are compared: the layers of VGG-19 up to relu4_2, and whose weights they are.

They are VGG-19's own, or those of the narrow network that `pretraining` teaches on the cast.
"""

from dataclasses import dataclass
from pathlib import Path

from understudy.methods._vgg import MEAN, NAMES, SPREAD, FeatureNetwork, check, vgg19

__all__ = ["LAYERS", "MEAN", "SPREAD", "FeatureNetwork", "Features", "check", "vgg19"]

LAYERS = NAMES[: NAMES.index("relu4_2") + 1]


@dataclass(frozen=True, kw_only=True)
class Features:
    """The feature network's weights.

    path, sha256: VGG-19's, a file of your own, and its digest (null takes the file as it is). Without a path a network
    of its layers, `width` of its filters wide, is pretrained on the cast in `steps` steps.
    """

    path: Path | None
    sha256: str | None
    width: float
    steps: int

    def __post_init__(self) -> None:
        if self.path is None and self.sha256 is not None:
            raise ValueError("sha256 is of a file, and path names none")
        if not 0 < self.width <= 1 or self.steps < 1:
            raise ValueError("width must be above 0 and at most 1, and steps 1 or more")
