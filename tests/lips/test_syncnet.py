"""SyncNet is the authors' network: the same keys, and the same numbers on the same weights and inputs."""

import hashlib
import json
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from understudy.errors import CheckpointError
from understudy.learning import save_weights
from understudy.lips import SyncNet, load_expert

CALLS = ("audio_emb", "face_emb", "audio_raw", "face_raw", "face_l4", "audio_l6", "cosine", "loss", "cosine_matrix")


def outputs(network: SyncNet, mels: Tensor, faces: Tensor, in_sync: Tensor) -> dict[str, Tensor]:
    """What the reference holds, by its names."""
    with torch.inference_mode():
        audio, face = network(mels, faces)
        cosine = torch.nn.functional.cosine_similarity(audio, face)
        return {
            "audio_emb": audio,
            "face_emb": face,
            "audio_raw": network.audio_encoder(mels).flatten(1),
            "face_raw": network.face_encoder(faces).flatten(1),
            "face_l4": network.face_encoder[:5](faces)[:2, :8],
            "audio_l6": network.audio_encoder[:7](mels)[:2, :8],
            "cosine": cosine,
            "cosine_matrix": audio @ face.T,
            "loss": torch.nn.functional.binary_cross_entropy(cosine[:, None], in_sync),
        }


def test_keys_and_shapes_are_the_published_ones(shared: Path) -> None:
    listed = json.loads((shared / "golden/syncnet.json").read_text())
    own = {key: [*value.shape] for key, value in SyncNet().state_dict().items()}
    assert own == {key: shape for key, shape, _ in listed["state_dict"]["syncnet"]}


def test_it_is_as_large_as_the_published_one() -> None:
    assert len(SyncNet().state_dict()) == 217
    assert sum(each.numel() for each in SyncNet().parameters()) == 16_435_072


@pytest.fixture(scope="module")
def made(shared: Path) -> dict[str, Tensor]:
    fill = runpy.run_path(str(shared / "golden/fill_rule.py"))["fill_torch"]  # weights that anybody can repeat
    network = fill("syncnet", SyncNet().eval())
    golden = np.load(shared / "golden/syncnet.npz")
    windows = golden["in_windows_bgr"].astype(np.float32) / 255
    faces = windows.transpose(0, 1, 4, 2, 3).reshape(-1, 15, 96, 96)[:, :, 48:]
    return outputs(
        network,
        torch.from_numpy(golden["in_mels"])[:, None],
        torch.from_numpy(faces),
        torch.from_numpy(golden["in_y"]),
    )


@pytest.mark.parametrize("name", CALLS)
def test_it_gives_the_authors_numbers(shared: Path, made: dict[str, Tensor], name: str) -> None:
    told = json.loads((shared / "golden/syncnet.json").read_text())["tensors"][name]
    there = np.load(shared / "golden/syncnet.npz")[f"out_{name}"]
    apart = np.abs(made[name].numpy() - there)
    assert apart.shape == tuple(told["shape"])
    assert apart.max() <= told["tol_max"]
    assert apart.mean() <= told["tol_mean"]


def filled(network: SyncNet) -> SyncNet:
    """Weights that anybody can repeat: normal numbers, seeded by the sha256 of their key."""
    state = network.state_dict()
    for key, value in state.items():
        if not value.is_floating_point():
            continue
        seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
        drawn = np.random.Generator(np.random.PCG64(seed)).standard_normal(tuple(value.shape))
        if key.endswith("running_var"):
            drawn = 1 + 0.1 * np.abs(drawn)
        elif value.dim() == 1:
            drawn = 0.02 * drawn + 1 if key.endswith("weight") else 0.01 * drawn
        else:
            drawn = 1.2 / np.sqrt(np.prod(value.shape[1:])) * drawn
        value.copy_(torch.from_numpy(drawn.astype(np.float32)))
    return network


def test_one_window_gives_the_authors_numbers() -> None:
    """The same as above on one example, which lies beside this file."""
    reference = np.load(Path(__file__).with_name("syncnet.npz"))
    faces = reference["window"].astype(np.float32).transpose(0, 3, 1, 2).reshape(1, 15, 48, 96) / 255
    with torch.inference_mode():
        audio, face = filled(SyncNet().eval())(
            torch.from_numpy(reference["mel"])[None, None], torch.from_numpy(np.ascontiguousarray(faces))
        )
    np.testing.assert_allclose(audio[0].numpy(), reference["audio"], atol=2e-6)
    np.testing.assert_allclose(face[0].numpy(), reference["face"], atol=2.6e-6)


def test_a_narrow_one_is_the_same_network_with_fewer_channels() -> None:
    narrow = SyncNet(0.25)
    own, published = narrow.state_dict(), SyncNet().state_dict()
    assert list(own) == list(published)
    assert own["face_encoder.16.conv_block.0.weight"].shape[0] == 128
    audio, face = narrow.eval()(torch.rand(3, 1, 80, 16), torch.rand(3, 15, 48, 96))
    torch.testing.assert_close(audio.norm(dim=1), torch.ones(3))
    assert face.shape == (3, 128)


def test_an_expert_comes_back_as_it_was(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = SyncNet(0.125).eval()
    path = tmp_path / "weights.safetensors"
    save_weights(path, network, {"architecture": network.architecture})
    again = load_expert(path, torch.device("cpu"))
    assert not again.training
    assert not any(each.requires_grad for each in again.parameters())
    mels, faces = torch.rand(2, 1, 80, 16), torch.rand(2, 15, 48, 96)
    torch.testing.assert_close(again(mels, faces), network(mels, faces), rtol=0, atol=0)


def test_another_network_is_no_expert(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_weights(path, torch.nn.Linear(2, 2), {"architecture": {"network": "linear"}})
    with pytest.raises(CheckpointError, match="holds linear"):
        load_expert(path, torch.device("cpu"))
    with pytest.raises(CheckpointError):
        load_expert(tmp_path / "absent.safetensors", torch.device("cpu"))
