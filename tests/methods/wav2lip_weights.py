"""Weights that anybody can repeat, from their names alone: the rule by which the reference numbers were made."""

import hashlib

import numpy as np
import torch
from torch import nn

GAIN = 1.2


def fill(network: nn.Module) -> nn.Module:
    """The network with every weight drawn by the sha256 of its name."""
    state = network.state_dict()
    with torch.no_grad():
        for name, value in state.items():
            if value.is_floating_point():
                value.copy_(torch.from_numpy(drawn(name, tuple(value.shape), state).astype(np.float32)))
    return network.eval()


def drawn(name: str, shape: tuple[int, ...], names: object) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    values = np.random.Generator(np.random.PCG64(seed)).standard_normal(shape)
    if name.endswith("running_var"):
        return 1 + 0.1 * np.abs(values)
    if name.endswith(("bias", "running_mean")):
        return 0.01 * values
    if len(shape) == 1:
        return 1 + 0.02 * values
    return GAIN / np.sqrt(np.prod(shape[1:])) * values
