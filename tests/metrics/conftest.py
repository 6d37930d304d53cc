"""Makes `metric_stage`, which the tests of the metrics share, importable; and writes networks of random weights."""

import sys
from pathlib import Path

import pytest
import torch

from understudy.learning import save_weights
from understudy.lips import SyncNet
from understudy.metrics._alexnet import AlexNet
from understudy.metrics._inception import Inception
from understudy.metrics.lpips import Linear

sys.path.append(str(Path(__file__).resolve().parent))


@pytest.fixture(scope="session")
def random_networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Weights of the right shapes, as the authors' files name them: random, those of channels positive."""
    folder = tmp_path_factory.mktemp("networks")
    torch.manual_seed(0)
    alexnet, inception = AlexNet().state_dict(), Inception().state_dict()
    for weights in inception.values():
        if weights.dim() == 4:  # so that what a picture shows does not die away over so many layers
            torch.nn.init.kaiming_normal_(weights, nonlinearity="relu")
    linear = {name: weights.abs() for name, weights in Linear().state_dict().items()}
    alexnet["classifier.6.bias"] = torch.zeros(1000)
    inception["fc.bias"] = torch.zeros(1008)
    there = {"lpips": alexnet, "lpips-linear": linear, "inception": inception}
    for name, state in there.items():
        torch.save(state, folder / f"{name}.pth")
    expert = SyncNet(width=0.05)
    save_weights(folder / "syncnet.safetensors", expert, {"architecture": expert.architecture})
    return {name: folder / f"{name}.pth" for name in there} | {"syncnet": folder / "syncnet.safetensors"}
