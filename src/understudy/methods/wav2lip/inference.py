"""A trained generator made ready to draw: normalisation folded into the convolutions, in half precision where it pays.

Legend of shapes: N pictures, C channels, H, W; T frames.
"""

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from understudy.learning import halved
from understudy.methods.wav2lip.network import Block, Wav2Lip

if TYPE_CHECKING:
    from understudy.learning.settings import Precision


def folded(network: Wav2Lip) -> Wav2Lip:
    """A copy for drawing alone whose convolutions do what their normalisation did: the same numbers but for rounding.

    It has other keys than the network, and no judge.
    """
    judge, network.judge = network.judge, None
    try:
        alone = copy.deepcopy(network).eval().requires_grad_(False)
    finally:
        network.judge = judge
    for module in alone.modules():
        if isinstance(module, Block):
            convolution: Any = module.conv_block[0]
            normalisation: Any = module.conv_block[1]
            transposed = isinstance(convolution, nn.ConvTranspose2d)
            module.conv_block = nn.Sequential(fuse_conv_bn_eval(convolution, normalisation, transposed))
    return alone


class Drawing:
    """Draws batches of faces that say something; what a still picture shows is seen once.

    still: whether every face that comes is the same one. first: the row above which nothing has to be drawn.
    """

    def __init__(self, network: Wav2Lip, precision: "Precision", still: bool, first: int = 0) -> None:
        self.place = next(network.parameters()).device
        ready = folded(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload] # stubs lack it
        self.network: Wav2Lip = halved(ready, precision, self.place)
        self.kind = next(self.network.parameters()).dtype
        self.still, self.first = still, first
        self.seen: list[Tensor] | None = None

    @torch.inference_mode()
    def __call__(self, faces_NHWC: Tensor, mels_N8016: Tensor) -> Tensor:
        """Faces (N, 3, H, W), BGR in [0, 1], float32, black above `first`. faces: uint8, BGR. mels: float32."""
        heard = self.network.hear(mels_N8016[:, None].to(self.place, self.kind))
        if self.still and self.seen is None:
            self.seen = self.network.see(self.shown(faces_NHWC[:1]))
        seen = self.seen if self.seen is not None else self.network.see(self.shown(faces_NHWC))
        drawn = self.network.decode(heard, [maps.expand(len(heard), -1, -1, -1) for maps in seen], self.first)
        return nn.functional.pad(drawn, (0, 0, self.first, 0))

    def shown(self, faces_NHWC: Tensor) -> Tensor:
        """What the generator sees of faces: lower halves black, beside the whole faces (N, 6, H, W)."""
        whole = faces_NHWC.to(self.place).permute(0, 3, 1, 2).to(self.kind) / 255
        return beside(whole, whole).contiguous(memory_format=torch.channels_last)


def beside(hidden_NCHW: Tensor, reference_NCHW: Tensor) -> Tensor:
    """Faces with their lower halves made black, and references, on their channels; clips (N, C, T, H, W) likewise."""
    upper = hidden_NCHW.clone()
    upper[..., upper.shape[-2] // 2 :, :] = 0
    return torch.cat([upper, reference_NCHW], dim=1)
