"""The feature network through which faces are compared: the layers of VGG-19 up to relu4_2, and their names.

Its weights are VGG-19's own (Simonyan & Zisserman 2014), in the layout of torchvision's state dict, or those of the
narrow network that `pretraining` teaches on the cast.

Legend of shapes: B batch, C channels, H height, W width; crops are RGB in [0, 1].
"""

import pickle
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from understudy import files
from understudy.errors import CheckpointError, ConfigError

LEVELS = ((64, 2), (128, 2), (256, 4), (512, 2))  # filters and convolutions of each level; a pool follows but the last
LAYERS = tuple(
    f"relu{level}_{number}" for level, (_, count) in enumerate(LEVELS, start=1) for number in range(1, count + 1)
)
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's colours, which VGG-19 was shown


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


class FeatureNetwork(nn.Module):
    """Crops (B, 3, H, W) to what its layers see, by their names: relu1_1 ... relu4_2. width: share of the filters.

    The state dict's names are torchvision's.
    """

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        self.places: dict[str, int] = {}
        before = 3
        for level, (published, count) in enumerate(LEVELS, start=1):
            after = max(8, round(published * width / 8) * 8)
            for number in range(1, count + 1):
                layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(inplace=False)]
                self.places[f"relu{level}_{number}"] = len(layers) - 1
                before = after
            if level < len(LEVELS):
                layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.deep = before
        for module in self.features:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        for name, values in (("mean", MEAN), ("spread", SPREAD)):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)

    def forward(self, crops_BCHW: Tensor, names: Collection[str]) -> dict[str, Tensor]:
        """What the layers `names` see."""
        x = (crops_BCHW - self.get_buffer("mean")) / self.get_buffer("spread")
        asked = {self.places[name]: name for name in names}
        seen: dict[str, Tensor] = {}
        for place in range(max(asked) + 1):
            x = self.features[place](x)
            if place in asked:
                seen[asked[place]] = x
        return seen


def check(path: Path, sha256: str | None) -> str:
    """The sha256 of the file of weights. Raises ConfigError when there is none, or another than was named."""
    if not path.is_file():
        raise ConfigError(
            f"features.path '{path}'",
            "there is no such file",
            "Name VGG-19's weights, or null to learn features on the cast.",
        )
    digest = files.sha256(path)
    if sha256 is not None and digest != sha256.lower():
        raise ConfigError(
            path,
            f"its sha256 is {digest}, and features.sha256 says {sha256}",
            "Name the file that was meant, or its own sha256.",
        )
    return digest


def vgg19(path: Path, sha256: str | None) -> tuple[FeatureNetwork, str]:
    """VGG-19 up to relu4_2, and the sha256 of its file.

    Raises ConfigError when the file is missing or another, CheckpointError when it holds no VGG-19.
    """
    digest = check(path, sha256)
    network = FeatureNetwork()
    remedy = "Name the state dict of torchvision's vgg19 (without batch normalisation)."
    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise CheckpointError(path, f"cannot be read as weights ({type(error).__name__})", remedy) from error
    held = held if isinstance(held, dict) else {}
    for name, wanted in network.state_dict().items():
        found = held.get(name)
        shape = tuple(found.shape) if isinstance(found, Tensor) else "absent"
        if shape != tuple(wanted.shape):
            fact = f"holds no VGG-19: '{name}' is {shape}, and {tuple(wanted.shape)} in VGG-19"
            raise CheckpointError(path, fact, remedy)
    network.load_state_dict({name: held[name].float() for name in network.state_dict()})
    return network, digest
