"""The First Order Motion Model is the authors': the same names and shapes, and the same numbers on the same inputs."""

import json
import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from understudy.methods.fomm.critic import Critic, named
from understudy.methods.fomm.folding import folded
from understudy.methods.fomm.network import FOMM

from .fomm_reference import TINY, described, filled, outputs, thinned, tiny

PARTS = {"generator": 196, "kp_detector": 75, "discriminator": 16}
MODELS = [("fomm_tiny", 64), ("fomm", 256)]
# Of the fused network, which computes in another order: what the reference allows, and no more.
ONLY_DRAWN = ("kp_", "kpnorm_", "mask", "deformation", "occlusion", "sparse", "pred_")


def golden(shared: Path, name: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((shared / f"golden/{name}.json").read_text())
    return told


def close(made: np.ndarray, there: np.ndarray, told: dict[str, Any]) -> None:
    apart = np.abs(made.astype(np.float64) - there)
    assert made.shape == there.shape
    assert apart.max() <= told["tol_max"]
    assert apart.mean() <= told["tol_mean"]


# --- with the committed reference


@pytest.fixture(scope="module")
def small() -> dict[str, np.ndarray]:
    with np.load(TINY) as held:
        return dict(held)


@pytest.fixture(scope="module")
def made(small: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    with torch.inference_mode():
        found = outputs(filled(tiny()), small["in_source"], small["in_driving"])
    return {name: thinned(name, tensor.numpy()) for name, tensor in found.items()}


def test_a_small_network_gives_the_authors_numbers(small: dict[str, np.ndarray], made: dict[str, np.ndarray]) -> None:
    kept = {name.removeprefix("out_") for name in small if name.startswith("out_")}
    assert {"kp_value", "mask", "deformation", "occlusion", "pred_rel_adapt_1", "disc_map"} <= kept
    for name in sorted(kept):
        most, mean = small[f"tol_{name}"]
        close(made[name], small[f"out_{name}"], {"tol_max": most, "tol_mean": mean})


def test_folded_it_still_gives_them(small: dict[str, np.ndarray]) -> None:
    network = filled(tiny())
    with torch.inference_mode():
        fast = folded(network)
        fast.discriminator = network.discriminator
        found = outputs(fast, small["in_source"], small["in_driving"])
    for name in found:
        if name.startswith(ONLY_DRAWN) and f"out_{name}" in small:
            most, mean = small[f"tol_{name}"]
            close(thinned(name, found[name].numpy()), small[f"out_{name}"], {"tol_max": most, "tol_mean": mean})


def test_the_switch_for_older_pytorch_changes_what_is_sampled(small: dict[str, np.ndarray]) -> None:
    """align_corners as the published weights were learned: with it an unmoved picture stays where it is."""
    still = torch.from_numpy(small["in_source"]).float()[None] / 255
    old, new = (filled(tiny(align_corners=switch)).generator for switch in (True, False))
    own = filled(tiny()).kp_detector(still)
    with torch.inference_mode():
        shrunk = old.dense_motion_network.shrunk(still)
        kept, pulled = (each.motion(shrunk, own, own).sparse[0, 0] for each in (old, new))
        torch.testing.assert_close(kept, shrunk[0], atol=1e-5, rtol=0)
        assert (pulled - shrunk[0]).abs().max() > 0.01
        assert (old(still, own, own) - new(still, own, own)).abs().max() > 0.01


# --- with the whole reference


@pytest.mark.parametrize(("name", "size"), MODELS)
def test_keys_shapes_and_sizes_are_the_published_ones(shared: Path, name: str, size: int) -> None:
    told = golden(shared, name)
    with torch.device("meta"):
        network = FOMM(described(told["constructor"], size))
    for part, count in PARTS.items():
        module = getattr(network, part)
        own = {key: [*tensor.shape] for key, tensor in module.state_dict().items()}
        assert own == {key: shape for key, shape, _ in told["state_dict"][part]}
        assert sum(each.numel() for each in module.parameters()) == told["params"][part]
        assert name != "fomm" or len(own) == count


@pytest.mark.parametrize(("name", "size"), MODELS)
def test_every_tensor_of_the_reference_is_met(shared: Path, name: str, size: int) -> None:
    told = golden(shared, name)
    network = FOMM(described(told["constructor"], size)).eval()
    rule = runpy.run_path(str(shared / "golden/fill_rule.py"))
    for part in PARTS:
        module = rule["fill_torch"]("fomm", getattr(network, part))
        state = {key: each.numpy() for key, each in module.state_dict().items() if each.is_floating_point()}
        assert rule["weights_digest"](state) == told["weights_sha256"][part]  # the fixed kernels too, to the bit
    with np.load(shared / f"golden/{name}.npz") as there, torch.inference_mode():
        found = outputs(network, there["in_source"], there["in_driving"])
        assert set(found) == set(told["tensors"])
        for key, tensor in found.items():
            close(tensor.numpy(), there[f"out_{key}"], told["tensors"][key])
        fast = folded(network)
        fast.discriminator = network.discriminator
        for key, tensor in outputs(fast, there["in_source"], there["in_driving"]).items():
            if key.startswith(ONLY_DRAWN):
                close(tensor.numpy(), there[f"out_{key}"], told["tensors"][key])


def test_the_critic_of_the_plain_model_is_held_to_norm_one() -> None:
    """vox has spectral norm and no key points, vox-adv the reverse: other names, other channels."""
    shape = Critic(width=32, most=512, blocks=4, shrinks=(1,), spectral=True, keypoints=False)
    network = FOMM(replace(tiny(), critic=shape)).discriminator
    assert network is not None
    state = network.state_dict()
    names = {f"discs.1.down_blocks.0.conv.{name}" for name in ("bias", "weight_orig", "weight_u", "weight_v")}
    assert {name for name in state if name.startswith("discs.1.down_blocks.0.")} == names
    assert state["discs.1.down_blocks.0.conv.weight_orig"].shape == (64, 3, 4, 4)
    for _ in range(30):
        network({1: torch.rand(1, 3, 64, 64)}, torch.zeros(1, 5, 2))
    block = network.discs["1"].down_blocks[1].conv  # type: ignore[union-attr,index] # nn.Module has no types for its parts
    assert torch.linalg.matrix_norm(block.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.05)
    assert [named(times) for times in (1, 2, 4)] == ["1", "0-5", "0-25"]
