"""The feature network through which pictures are compared: the layers of VGG-19 by their names, at any width.

Its weights are VGG-19's own (Simonyan & Zisserman 2014), in the layout of torchvision's state dict, or those that a
narrower network of the same layers learned in this pipeline.

Legend of shapes: B batch, C channels, H height, W width; pictures are RGB in [0, 1].
"""

import pickle
from collections.abc import Collection
from pathlib import Path

import torch
from torch import Tensor, nn

from understudy import files
from understudy.errors import CheckpointError, ConfigError

LEVELS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))  # filters and convolutions of each; a pool lies between two
NAMES = tuple(
    f"relu{level}_{number}" for level, (_, count) in enumerate(LEVELS, start=1) for number in range(1, count + 1)
)
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's colours, which VGG-19 was shown


class FeatureNetwork(nn.Module):
    """Pictures (B, 3, H, W) to what its layers see, by their names: relu1_1 ... `deepest`. width: share of the filters.

    The state dict's names are torchvision's. deep: channels of the deepest layer.
    """

    def __init__(self, width: float = 1.0, deepest: str = "relu4_2") -> None:
        super().__init__()
        self.width = width
        layers: list[nn.Module] = []
        self.places: dict[str, int] = {}
        before = 3
        for name in NAMES[: NAMES.index(deepest) + 1]:
            if name[4:] != "1_1" and name.endswith("_1"):
                layers.append(nn.MaxPool2d(2))
            after = self.filters(name)
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU(inplace=False)]
            self.places[name] = len(layers) - 1
            before = after
        self.features = nn.Sequential(*layers)
        self.deep = before
        for module in self.features:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        for name, values in (("mean", MEAN), ("spread", SPREAD)):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)

    def filters(self, name: str) -> int:
        """How many channels a layer has."""
        return max(8, round(LEVELS[int(name[4]) - 1][0] * self.width / 8) * 8)

    def forward(self, pictures_BCHW: Tensor, names: Collection[str]) -> dict[str, Tensor]:
        """What the layers `names` see."""
        x = (pictures_BCHW - self.get_buffer("mean")) / self.get_buffer("spread")
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
            "Name VGG-19's weights, or null to do with what is learned in the pipeline.",
        )
    digest = files.sha256(path)
    if sha256 is not None and digest != sha256.lower():
        raise ConfigError(
            path,
            f"its sha256 is {digest}, and features.sha256 says {sha256}",
            "Name the file that was meant, or its own sha256.",
        )
    return digest


def vgg19(path: Path, sha256: str | None, deepest: str = "relu4_2") -> tuple[FeatureNetwork, str]:
    """VGG-19 up to a layer, and the sha256 of its file.

    Raises ConfigError when the file is missing or another, CheckpointError when it holds no VGG-19.
    """
    digest = check(path, sha256)
    network = FeatureNetwork(deepest=deepest)
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
