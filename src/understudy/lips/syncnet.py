"""SyncNet: whether lips and speech belong together (Chung & Zisserman 2016, in the form of Prajwal et al. 2020).

Two encoders take 0.2 s of a face and of its sound into one space; the cosine between them tells how well they agree.
Keys and shapes are those of Wav2Lip's lip-sync expert, so that its published weights load as they are.

Legend of shapes: N examples; 15 = 5 frames of 3 channels, BGR; 48 x 96 the lower half of a face; 80 x 16 a mel window.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from understudy.errors import CheckpointError
from understudy.learning.weights import describe, load_weights

FRAMES = 5  # in a window
SIZE = 96  # side of the face that the frames show; the network sees its lower half
NETWORK = "syncnet"

# Channels out, side of the kernel, stride, padding of each layer; a "+" layer adds its input.
_FACE: tuple[tuple[int, int, int | tuple[int, int], int, str], ...] = (
    (32, 7, 1, 3, ""),
    (64, 5, (1, 2), 1, ""),
    *[(64, 3, 1, 1, "+")] * 2,
    (128, 3, 2, 1, ""),
    *[(128, 3, 1, 1, "+")] * 3,
    (256, 3, 2, 1, ""),
    *[(256, 3, 1, 1, "+")] * 2,
    (512, 3, 2, 1, ""),
    *[(512, 3, 1, 1, "+")] * 2,
    (512, 3, 2, 1, ""),
    (512, 3, 1, 0, ""),
    (512, 1, 1, 0, ""),
)
_AUDIO: tuple[tuple[int, int, int | tuple[int, int], int, str], ...] = (
    (32, 3, 1, 1, ""),
    *[(32, 3, 1, 1, "+")] * 2,
    (64, 3, (3, 1), 1, ""),
    *[(64, 3, 1, 1, "+")] * 2,
    (128, 3, 3, 1, ""),
    *[(128, 3, 1, 1, "+")] * 2,
    (256, 3, (3, 2), 1, ""),
    *[(256, 3, 1, 1, "+")] * 2,
    (512, 3, 1, 0, ""),
    (512, 1, 1, 0, ""),
)


class _Block(nn.Module):
    """Convolution, batch norm, ReLU; a residual one adds its input before the ReLU."""

    def __init__(self, inward: int, outward: int, side: int, stride: Any, padding: int, residual: bool) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(nn.Conv2d(inward, outward, side, stride, padding), nn.BatchNorm2d(outward))
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv_block(x)
        return torch.relu_(out + x if self.residual else out)


class SyncNet(nn.Module):
    """The expert. width: channels over the published ones; 1 is Wav2Lip's, of 16,435,072 parameters.

    Its embeddings end in a ReLU, so that a cosine is never below 0.
    """

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        self.width = float(width)
        self.face_encoder = _encoder(3 * FRAMES, _FACE, width)
        self.audio_encoder = _encoder(1, _AUDIO, width)

    @property
    def architecture(self) -> dict[str, Any]:
        """What tells this network from another, for the header of its weights."""
        return {"network": NETWORK, "width": self.width}

    def forward(self, mels_N18016: Tensor, faces_N154896: Tensor) -> tuple[Tensor, Tensor]:
        """The embeddings of sound and of faces, each (N, D) of length 1; D is 512 at width 1."""
        return self.hear(mels_N18016), self.see(faces_N154896)

    def hear(self, mels_N18016: Tensor) -> Tensor:
        """Embeddings (N, D), of length 1, of mel windows in [-4, 4]."""
        return nn.functional.normalize(self.audio_encoder(mels_N18016).flatten(1))

    def see(self, faces_N154896: Tensor) -> Tensor:
        """Embeddings (N, D), of length 1, of the lower halves of FRAMES faces each, BGR in [0, 1]."""
        return nn.functional.normalize(self.face_encoder(faces_N154896).flatten(1))


def _encoder(channels: int, layers: tuple[tuple[int, int, Any, int, str], ...], width: float) -> nn.Sequential:
    blocks = []
    for published, side, stride, padding, kind in layers:
        outward = max(1, round(published * width))
        blocks.append(_Block(channels, outward, side, stride, padding, kind == "+"))
        channels = outward
    return nn.Sequential(*blocks)


def load_expert(path: Path, device: torch.device) -> SyncNet:
    """The expert whose weights lie in `path`, a trained run's or adopted ones, ready to judge: frozen, in eval mode.

    Raises CheckpointError when the file is missing, damaged, or another network's.
    """
    architecture = describe(path).get("architecture", {})
    if architecture.get("network") != NETWORK:
        named = architecture.get("network", "another network")
        raise CheckpointError(path, f"holds {named}, no lip-sync expert", "Name the weights of an expert.")
    network = SyncNet(float(architecture["width"]))
    load_weights(path, network, architecture)
    return network.to(device).eval().requires_grad_(False)
