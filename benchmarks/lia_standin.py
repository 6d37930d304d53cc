"""LIA in its authors' order of work, rebuilt from what is known of it, in the names of its published weights.

For every frame: source and driver are both encoded, the directions are made orthogonal again, every modulated layer
makes weights of its own, and the low pass is a convolution of one channel over each channel in turn, with zeros put in
between first where it doubles the side. Channels first, float32, one frame at a time.

Legend of shapes: C channels, S side of a map, M directions, D length of a latent.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

State = Mapping[str, Tensor]


def low_pass(x_1CSS: Tensor, kernel: Tensor, before: int, after: int, up: int = 1) -> Tensor:
    """The low pass over every channel, zeros between pixels where it goes up, so many zeros around."""
    _, channels, height, width = x_1CSS.shape
    each = x_1CSS.reshape(channels, 1, height, width)
    if up > 1:
        spaced = each.new_zeros(channels, 1, height, up, width, up)
        spaced[:, :, :, 0, :, 0] = each
        each = spaced.reshape(channels, 1, height * up, width * up)
    each = functional.pad(each, (before, after, before, after))
    found = functional.conv2d(each, kernel.flip(0, 1)[None, None])
    return found.reshape(1, channels, *found.shape[2:])


def activated(x: Tensor, bias: Tensor) -> Tensor:
    return functional.leaky_relu(x + bias, 0.2) * math.sqrt(2)


def scaled(weight: Tensor) -> Tensor:
    return weight / math.sqrt(weight[0].numel())


def residual(state: State, name: str, x: Tensor) -> Tensor:
    """A block of the encoder that halves the side."""
    straight = functional.conv2d(
        low_pass(x, state[f"{name}.skip.0.kernel"], 1, 1), scaled(state[f"{name}.skip.1.weight"]), stride=2
    )
    x = activated(
        functional.conv2d(x, scaled(state[f"{name}.conv1.0.weight"]), padding=1), state[f"{name}.conv1.1.bias"]
    )
    x = low_pass(x, state[f"{name}.conv2.0.kernel"], 2, 2)
    x = activated(
        functional.conv2d(x, scaled(state[f"{name}.conv2.1.weight"]), stride=2), state[f"{name}.conv2.2.bias"]
    )
    return (x + straight) / math.sqrt(2)


def encoded(state: State, picture_13SS: Tensor) -> tuple[Tensor, list[Tensor]]:
    """A picture's latent 1D and its features, coarse first."""
    name = "enc.net_app.convs"
    x = activated(functional.conv2d(picture_13SS, scaled(state[f"{name}.0.0.weight"])), state[f"{name}.0.1.bias"])
    found, number = [x], 1
    while f"{name}.{number}.skip.1.weight" in state:
        x = residual(state, f"{name}.{number}", x)
        found.append(x)
        number += 1
    return functional.conv2d(x, scaled(state[f"{name}.{number}.weight"])).flatten(1), found[-2::-1]


def motion(state: State, latent_1D: Tensor) -> Tensor:
    for number in range(5):
        weight, bias = state[f"enc.fc.{number}.weight"], state[f"enc.fc.{number}.bias"]
        latent_1D = functional.linear(latent_1D, scaled(weight), bias)
    return latent_1D


def modulated(state: State, name: str, x: Tensor, latent_1D: Tensor, norm: bool) -> Tensor:
    """A convolution by weights that are made for this latent."""
    weight = state[f"{name}.weight"]
    style = functional.linear(latent_1D, scaled(state[f"{name}.modulation.weight"]), state[f"{name}.modulation.bias"])
    weight = weight / math.sqrt(weight[0, 0].numel()) * style.reshape(1, 1, -1, 1, 1)
    if norm:
        weight = weight * torch.rsqrt(weight.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8)
    if f"{name}.blur.kernel" in state:
        x = functional.conv_transpose2d(x, weight[0].transpose(0, 1), stride=2)
        return low_pass(x, state[f"{name}.blur.kernel"], 1, 1)
    return functional.conv2d(x, weight[0], padding=weight.shape[-1] // 2)


def styled(state: State, name: str, x: Tensor, latent_1D: Tensor) -> Tensor:
    return activated(modulated(state, f"{name}.conv", x, latent_1D, norm=True), state[f"{name}.activate.bias"])


def frame(state: State, source_13SS: Tensor, driver_13SS: Tensor, start_1M: Tensor | None) -> Tensor:
    """The source as it is in one of the driver's frames."""
    latent, features = encoded(state, source_13SS)
    moved = motion(state, encoded(state, driver_13SS)[0])
    if start_1M is not None:
        moved = moved - start_1M + motion(state, latent)
    latent = latent + moved @ torch.linalg.qr(state["dec.direction.weight"] + 1e-8)[0].t()
    x = styled(state, "dec.conv1", state["dec.input.input"], latent)
    flow: Tensor | None = None
    picture: Tensor | None = None
    for level, feature in enumerate(features):
        x = styled(state, f"dec.convs.{2 * level}", x, latent)
        x = styled(state, f"dec.convs.{2 * level + 1}", x, latent)
        flow = grown(
            state, f"dec.to_flows.{level}", modulated(state, f"dec.to_flows.{level}.conv", x, latent, False), flow
        )
        line = torch.linspace(-1, 1, feature.shape[-1])
        grid = torch.stack(torch.meshgrid(line, line, indexing="xy"), dim=-1)
        warped = functional.grid_sample(feature, flow[:, :2].tanh().permute(0, 2, 3, 1) + grid, align_corners=False)
        warped = warped * flow[:, 2:].sigmoid()
        name = f"dec.to_rgbs.{level}"
        seen = activated(
            functional.conv2d(warped, scaled(state[f"{name}.conv.0.weight"])), state[f"{name}.conv.1.bias"]
        )
        picture = grown(state, name, seen, picture)
        x = warped + x * (1 - flow[:, 2:].sigmoid())
    assert picture is not None
    return picture


def grown(state: State, name: str, x: Tensor, before: Tensor | None) -> Tensor:
    """What a level adds to the map of half its side."""
    x = x + state[f"{name}.bias"]
    return x if before is None else x + low_pass(before, state[f"{name}.upsample.kernel"], 2, 1, up=2)
