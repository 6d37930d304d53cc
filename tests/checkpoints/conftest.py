"""A network small enough to be saved in every way there is, and its files."""

import argparse
import hashlib
import io
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from understudy.checkpoints import Weights


class Tiny(nn.Module):
    """Layers of every sort that the published networks have: nested, numbered, with buffers that are no floats."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.blocks = nn.Sequential(nn.Conv2d(3, width, 3), nn.BatchNorm2d(width))
        self.final = nn.Linear(width, 2)
        self.register_buffer("kernel", torch.arange(4.0).reshape(2, 2))

    def forward(self, picture_BCHW: Tensor) -> Tensor:
        return self.final(self.blocks(picture_BCHW).mean((2, 3)))


@pytest.fixture
def tiny() -> nn.Module:
    """A network with known weights."""
    torch.manual_seed(1)
    network = Tiny()
    network(torch.randn(4, 3, 8, 8))  # so that the batch norm's counters are not at zero
    return network.eval()


def saved(content: Any, **options: Any) -> bytes:
    """What torch.save writes."""
    held = io.BytesIO()
    torch.save(content, held, **options)
    return held.getvalue()


def scripted(network: nn.Module, *, trace: bool = False) -> bytes:
    """What torch.jit.save writes."""
    held = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = torch.jit.trace(network, torch.zeros(1, 3, 8, 8)) if trace else torch.jit.script(network)
        torch.jit.save(made, held)
    return held.getvalue()


def trained(network: nn.Module) -> dict[str, Any]:
    """What a trainer saves: states by name, an optimizer's, counters, its arguments."""
    optimiser = torch.optim.Adam(network.parameters())
    network(torch.randn(2, 3, 8, 8)).sum().backward()
    optimiser.step()
    arguments = argparse.Namespace(size=256, lr=0.002, name="vox")
    return {"gen": network.state_dict(), "g_optim": optimiser.state_dict(), "args": arguments, "iter": 7}


FORMS: Mapping[str, Callable[[nn.Module], bytes]] = {
    "archive": lambda network: saved(network.state_dict()),
    "pickle": lambda network: saved(network.state_dict(), _use_new_zipfile_serialization=False),
    "script": scripted,
    "trace": lambda network: scripted(network, trace=True),
    "safetensors": lambda network: safetensors.torch.save(network.state_dict()),
}


@pytest.fixture
def place(tmp_path: Path) -> Callable[..., Weights]:
    """Puts bytes into a file and names it with its hash."""

    def put(content: bytes, name: str = "mine", file: str = "weights.pth", sha256: str | None = None) -> Weights:
        path = tmp_path / file
        path.write_bytes(content)
        return Weights(name=name, path=path, sha256=sha256 or hashlib.sha256(content).hexdigest())

    return put
