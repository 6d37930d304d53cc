"""The layers of StyleGAN2 that LIA is made of, under the names of its published weights.

Weights are kept with unit spread and scaled when they are used ("equalised learning rate", Karras et al. 2018). Every
layer folds into its weights all that is constant in a forward pass (that scale, the gain of its activation, the square
root of two of a residual sum) and convolves with those; where nothing learns, `kept` folds them once.

A convolution that is modulated by a latent (Karras et al. 2020, equations 1 to 3) multiplies its input's channels by
the style and its output's by the norm that this takes, in place of making other weights for every picture: the same
products, summed in another order.

Legend of shapes: B batch, C and I channels in, O channels out, K side of a kernel, H height, W width, D length of a
latent.
"""

import copy
import math
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.methods.lia.lowpass import Blur

SLOPE, GAIN = 0.2, math.sqrt(2)  # of the leaky activation, and what keeps its spread
EPSILON = 1e-8  # within the norm of modulated weights
Folded = tuple[Tensor, ...]
N = TypeVar("N", bound=nn.Module)


class Kept(nn.Module):
    """A layer that folds its weights once while nothing learns.

    `fold` computes them, `folded` returns the kept ones, if there are. exact: whether its kernels stay in float32.
    """

    kept: Folded | None = None
    exact: bool = False

    def fold(self) -> Folded:
        """What the layer computes with: a differentiable function of its parameters."""
        raise NotImplementedError

    def folded(self) -> Folded:
        """The kept weights, else those of now."""
        return self.fold() if self.kept is None else self.kept


def kept(network: N, kind: torch.dtype = torch.float32) -> N:
    """A copy that computes in a precision with weights folded once; it shares the network's own, which it never reads
    again."""
    found = copy.deepcopy(network, {id(each): each for each in network.parameters()})
    with torch.no_grad():
        for layer in (module for module in found.modules() if isinstance(module, Kept)):
            own = torch.float32 if layer.exact else kind
            layer.kept = tuple(_laid(value.detach(), own) for value in layer.fold())
    return found


def _laid(value: Tensor, kind: torch.dtype) -> Tensor:
    """Kernels in a precision, their channels last as those of pictures; what makes styles and norms stays as it is."""
    return value.to(kind, memory_format=torch.channels_last) if value.dim() == 4 else value.contiguous()


def whole(like: Tensor) -> torch.autocast:
    """The context in which what stands in float32 is computed so."""
    return torch.autocast(like.device.type, enabled=False)


class Convolution(Kept):
    """Maps BIHW to BOHW. gain: what the result is multiplied by."""

    def __init__(
        self, before: int, after: int, side: int, stride: int = 1, padding: int = 0, gain: float = 1.0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(after, before, side, side))
        self.stride, self.padding = stride, padding
        self.gain = gain / math.sqrt(before * side**2)

    def fold(self) -> Folded:
        return (self.weight * self.gain,)

    def forward(self, x_BIHW: Tensor, bias_O: Tensor | None = None) -> Tensor:
        (weight,) = self.folded()
        return functional.conv2d(x_BIHW, weight, bias_O, stride=self.stride, padding=self.padding)


class Activation(Kept):
    """The bias of each channel, and the leaky rectifier whose input has its gain already."""

    def __init__(self, channels: int, gain: float = GAIN) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.gain = gain

    def fold(self) -> Folded:
        return (self.bias * self.gain,)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return functional.leaky_relu_(x_BCHW, SLOPE)


class Convolved(nn.Sequential):
    """A convolution of the encoder or the critic, after the low pass where it halves the side, before its activation.

    gain: what the result is multiplied by.
    """

    def __init__(
        self, before: int, after: int, side: int, *, down: bool = False, active: bool = True, gain: float = 1.0
    ) -> None:
        gain *= GAIN if active else 1.0
        layers: list[nn.Module] = []
        if down and side == 1:  # a 1x1 convolution looks at every second pixel of the low pass alone
            layers += [Blur(1, stride=2), Convolution(before, after, 1, gain=gain)]
        elif down:
            layers += [Blur((side + 1) // 2), Convolution(before, after, side, stride=2, gain=gain)]
        else:
            layers.append(Convolution(before, after, side, padding=side // 2, gain=gain))
        super().__init__(*layers, *([Activation(after, gain)] if active else []))

    def forward(self, x_BIHW: Tensor) -> Tensor:
        """Maps BOHW, in the weights' precision."""
        layers: list[nn.Module] = list(self)
        bias = layers[-1].folded()[0].flatten() if isinstance(layers[-1], Activation) else None
        for layer in layers:
            x_BIHW = layer(x_BIHW, bias) if isinstance(layer, Convolution) else layer(x_BIHW)
        return x_BIHW


class Linear(Kept):
    """Vectors BI to BO. gain: what the result is multiplied by."""

    def __init__(self, before: int, after: int, bias: float = 0.0, gain: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(after, before))
        self.bias = nn.Parameter(torch.full((after,), bias))
        self.gain, self.scale = gain, gain / math.sqrt(before)

    def fold(self) -> Folded:
        return self.weight * self.scale, self.bias * self.gain

    def forward(self, x_BI: Tensor) -> Tensor:
        weight, bias = self.folded()
        return functional.linear(x_BI, weight, bias)


class Modulated(Kept):
    """A 3x3 convolution whose weights a latent scales, and brings back to unit norm: maps BIHW, latents BD to BOHW.

    up: whether it doubles the side, by a transposed convolution and the low pass.
    """

    def __init__(self, before: int, after: int, latent: int, *, up: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(after, before, 3, 3))
        self.modulation = Linear(latent, before, bias=1.0)
        self.up, self.scale = up, 1 / math.sqrt(before * 9)
        if up:
            self.blur = Blur(1, gain=4.0)
        _published(self)

    def fold(self) -> Folded:
        """The weights (OIKK, or IOKK to go up) and the squares of their norms (IO), which no style has touched."""
        weight_OIKK = self.weight * self.scale
        squares_IO = weight_OIKK.float().square().sum(dim=(2, 3)).t()
        return (weight_OIKK.transpose(0, 1) if self.up else weight_OIKK), squares_IO

    def forward(self, x_BIHW: Tensor, latent_BD: Tensor, bias_1O11: Tensor) -> Tensor:
        """Maps BOHW, with the gain of the activation that follows, and the bias, which has it."""
        weight, squares_IO = self.folded()
        style_BI = self.modulation(latent_BD).float()
        x_BIHW = x_BIHW * style_BI[:, :, None, None].to(x_BIHW.dtype)
        if self.up:
            x_BOHW = self.blur(functional.conv_transpose2d(x_BIHW, weight, stride=2))
        else:
            x_BOHW = functional.conv2d(x_BIHW, weight, padding=1)
        norm_BO = torch.rsqrt(style_BI.square() @ squares_IO + EPSILON) * GAIN
        return torch.addcmul(bias_1O11.to(x_BOHW.dtype), x_BOHW, norm_BO[:, :, None, None].to(x_BOHW.dtype))


class Mixture(Kept):
    """Channels mixed at each pixel by weights that a latent scales: maps BIHW, latents BD to BOHW, float32."""

    exact = True

    def __init__(self, before: int, after: int, latent: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(after, before, 1, 1))
        self.modulation = Linear(latent, before, bias=1.0)
        self.scale = 1 / math.sqrt(before)
        _published(self)

    def fold(self) -> Folded:
        return (self.weight[:, :, 0, 0] * self.scale,)

    def forward(self, x_BIHW: Tensor, latent_BD: Tensor) -> Tensor:
        (weight_OI,) = self.folded()
        weight_BOI = weight_OI * self.modulation(latent_BD)[:, None]
        pixels_BNI = x_BIHW.float().permute(0, 2, 3, 1).flatten(1, 2)
        mixed: Tensor = weight_BOI @ pixels_BNI.transpose(1, 2)
        return mixed.reshape(*mixed.shape[:2], *x_BIHW.shape[2:])


def _published(layer: Any) -> None:
    """Lets a layer's weights be saved and loaded as published: with one dimension more, of size 1, before the others.

    As parameters they have four, as all that works with kernels expects.
    """
    layer.register_state_dict_post_hook(_widened)
    layer.register_load_state_dict_pre_hook(_narrowed)


def _widened(layer: nn.Module, state: dict[str, Any], prefix: str, _: Any) -> None:
    state[f"{prefix}weight"] = state[f"{prefix}weight"].unsqueeze(0)


def _narrowed(layer: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    name = f"{prefix}weight"
    if name in state and state[name].dim() == 5:
        state[name] = state[name].squeeze(0)
