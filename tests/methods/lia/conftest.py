"""Made-up weights that anybody can repeat, in a LIA of the published widths at 64 pixels, and what its authors' own
network gave with them."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy.methods.lia.architecture import Architecture
from understudy.methods.lia.network import LIA

LOUDER = {"enc.net_app.convs.7.weight": 6.0, "enc.fc.4.weight": 2.0}  # so that motion differs from picture to picture


def filled(network: LIA) -> LIA:
    """The network, every weight drawn by its name: normal numbers of the generator that the name's digest seeds."""
    with torch.no_grad():
        for key, value in network.state_dict().items():
            if not key.endswith(".kernel"):
                seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
                drawn = np.random.Generator(np.random.PCG64(seed)).standard_normal(tuple(value.shape))
                value.copy_(torch.from_numpy((spread(key)[0] + spread(key)[1] * drawn).astype(np.float32)))
    return network.to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload] # stubs lack it


def spread(key: str) -> tuple[float, float]:
    """The mean and the standard deviation of a weight's numbers."""
    if key.endswith("noise.weight"):
        return 0.0, 0.1
    if key.endswith("modulation.bias"):
        return 1.0, 0.02
    return 0.0, 0.01 if key.endswith("bias") else LOUDER.get(key, 1.0)


def picture(values_3HW: NDArray[np.uint8]) -> Tensor:
    """A picture as the network sees it."""
    return (torch.from_numpy(values_3HW)[None].float() / 255 - 0.5) * 2


@pytest.fixture(scope="session")
def published() -> LIA:
    return filled(LIA(Architecture(size=64, style_dim=512, motion_dim=20)))


@pytest.fixture(scope="session")
def reference() -> dict[str, NDArray[np.generic]]:
    """The authors' network's outputs and inputs, and the largest and the mean difference that rounding may make."""
    with np.load(Path(__file__).with_name("reference.npz")) as held:
        return dict(held)
