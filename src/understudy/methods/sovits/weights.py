"""A learned voice as it is kept: tensors and their description in one safetensors file, and the way back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from understudy.errors import CheckpointError
from understudy.files import whole
from understudy.learning.weights import Description, read_tensors, save_tensors

NETWORK = "sovits"
CLUSTERS = "clusters.centres"
_ARCHITECTURE = ("config", "speaker", "encoder", "f0")


class Voice(nn.Module):
    """A generator's tensors, which the package makes a network of. place: the device that it is to say things on."""

    def __init__(self, tensors: Mapping[str, Tensor], description: Mapping[str, Any], place: torch.device) -> None:
        super().__init__()
        self.description, self.place = dict(description), place
        for name, tensor in tensors.items():
            self.register_buffer(name.replace(".", "/"), tensor)  # a buffer's own name may hold no dot

    @property
    def architecture(self) -> dict[str, Any]:
        """The package's configuration, the speaker's name, the encoder's digest, the f0 method."""
        found: dict[str, Any] = self.description["architecture"]
        return found

    @property
    def subjects(self) -> tuple[str, ...]:
        """Whose voice it is."""
        return tuple(self.description.get("subjects", ()))

    def tensors(self) -> dict[str, Tensor]:
        """All of it by the package's names."""
        return {name.replace("/", "."): tensor for name, tensor in self.named_buffers()}

    def lay(self, folder: Path) -> tuple[Path, Path | None]:
        """Writes the network as the package reads it into an empty folder, and the clusters where there are any."""
        tensors = {name: tensor.cpu() for name, tensor in self.tensors().items()}
        centres = tensors.pop(CLUSTERS, None)
        network = folder / "G_1.pth"
        with whole(network) as part:
            torch.save({"model": tensors, "iteration": 1, "optimizer": None, "learning_rate": 0.0}, part)
        if centres is None:
            return network, None
        clusters = folder / "centres.pt"
        with whole(clusters) as part:
            torch.save({"centres": centres}, part)
        return network, clusters


def read_generator(path: Path) -> dict[str, Tensor]:
    """The tensors of a generator that the package saved. Raises CheckpointError for what is none, or no numbers."""
    try:
        held = torch.load(path, map_location="cpu", weights_only=True)["model"]
    except Exception as error:  # what a damaged file leads to is anything at all
        raise CheckpointError(path, f"is no checkpoint of the package ({error})", "Train again.") from error
    for name, tensor in held.items():
        if not torch.isfinite(tensor).all():
            raise CheckpointError(path, f"'{name}' holds what is no number", "Lower learning.rate and train again.")
    return dict(held)


def read_clusters(path: Path) -> dict[str, Tensor]:
    """The clusters' centres under the name that a voice keeps them by."""
    return {CLUSTERS: torch.load(path, map_location="cpu", weights_only=True)["centres"]}


def save(path: Path, tensors: Mapping[str, Tensor], description: Mapping[str, Any]) -> None:
    """Writes a voice."""
    save_tensors(path, tensors, description)


def load(path: Path, device: torch.device) -> Voice:
    """The voice that a run left in the folder or weights file `path`.

    Raises CheckpointError when it is missing, damaged, or another method's.
    """
    path = Path(path)
    file = path / "weights.safetensors" if path.is_dir() else path
    tensors, description = read_tensors(file)
    require_voice(file, description)
    return Voice(tensors, description, device).eval()


def require_voice(file: Path, description: Description) -> None:
    """Raises CheckpointError when a file describes something else than a voice of this method."""
    architecture = description.get("architecture", {})
    if architecture.get("network") != NETWORK or any(name not in architecture for name in _ARCHITECTURE):
        raise CheckpointError(file, "holds the weights of another method", f"Name a run of the method '{NETWORK}'.")
    if architecture["config"].get("spk") != {architecture["speaker"]: 0}:
        fact = f"knows the speakers {architecture['config'].get('spk')}, and '{architecture['speaker']}' is to speak"
        raise CheckpointError(file, fact, "Train again.")
