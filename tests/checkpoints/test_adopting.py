"""What was adopted is the same network, kept as safetensors, and its card says whose weights they are."""

import errno
import hashlib
import json
from pathlib import Path

import pytest
import torch

from understudy import checkpoints
from understudy.checkpoints import Weights, adopt, names, published, read, tensors_of
from understudy.errors import CheckpointError, DiskError
from understudy.learning import load_weights

from .conftest import Tiny, saved, trained

ARCHITECTURE = {"network": "tiny", "width": 4}


def card(out: Path) -> dict[str, object]:
    return json.loads((out / "card.json").read_text(encoding="utf-8"))


def test_adopted_weights_load_like_those_of_a_run(tiny, place, tmp_path):
    weights = place(saved(trained(tiny)))
    adopt(tmp_path / "run", weights, Tiny(), tensors_of(weights.path, read(weights), "gen"), ARCHITECTURE)
    again = Tiny()
    described = load_weights(tmp_path / "run/weights.safetensors", again, ARCHITECTURE)
    assert described["adopted"]["sha256"] == weights.sha256
    for name, tensor in tiny.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor)
    with pytest.raises(CheckpointError, match="width"):
        load_weights(tmp_path / "run/weights.safetensors", again, {**ARCHITECTURE, "width": 8})


def test_the_card_says_whose_weights_they_are(tiny, place, tmp_path):
    weights = place(saved(tiny.state_dict()), name="my-own", file="gen-final.pth")
    adopt(tmp_path / "run", weights, Tiny(), read(weights), ARCHITECTURE)
    told = card(tmp_path / "run")
    made = hashlib.sha256((tmp_path / "run/weights.safetensors").read_bytes()).hexdigest()
    assert told["state"] == "adopted"
    assert (told["name"], told["file"], told["sha256"]) == ("my-own", "gen-final.pth", weights.sha256)
    assert (told["converted_sha256"], told["tensors"]) == (made, len(tiny.state_dict()))
    assert told["parameters"] == sum(parameter.numel() for parameter in tiny.parameters())
    assert (told["licence"], told["consented"], told["genuine"]) == ("not known", False, None)
    assert str(tmp_path) not in json.dumps(told)


@pytest.mark.parametrize("name", names())
def test_published_weights_are_never_told_to_be_consented(name):
    known = published(name)
    told = checkpoints.adopting.origin(Weights(name=name, path=Path(known.file), sha256=known.sha256 or "1" * 64))
    assert told["consented"] is False
    assert "not asked" in told["trained_on"]
    assert told["genuine"] is (True if known.sha256 else None)
    assert told["licence"] == known.licence
    assert "http" in told["origin"]


def test_what_only_bears_a_published_name_is_not_told_to_be_it():
    told = checkpoints.adopting.origin(Weights(name="vox", path=Path("vox.pt"), sha256="1" * 64))
    assert told["genuine"] is False
    assert told["origin"].startswith("not known")
    assert "VoxCeleb" in told["trained_on"]
    assert "CC BY-NC" in told["licence"]


def test_an_unknown_name_leads_to_the_nearest():
    with pytest.raises(CheckpointError, match="Did you mean 'wav2lip_gan'"):
        published("wav2lip_gn")


def test_a_name_needs_a_whole_hash():
    with pytest.raises(ValueError, match="64 hexadecimal"):
        Weights(name="vox", path=Path("vox.pt"), sha256="bfbce639")


def _without(state):
    return {name: tensor for name, tensor in state.items() if name != "final.bias"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_without, r"'final.bias' is absent in the file and \(2,\) in the network"),
        (lambda state: {**state, "extra.weight": torch.ones(3)}, r"'extra.weight' is \(3,\) in the file and absent"),
        (lambda state: {**state, "final.bias": torch.ones(3)}, r"'final.bias' is \(3,\) in the file and \(2,\)"),
        (lambda state: {**state, "final.bias": torch.ones(2, dtype=torch.int64)}, "holds torch.int64"),
        (lambda state: {**state, "final.bias": torch.tensor([1.0, torch.nan])}, "no finite numbers"),
        (lambda state: {"dec.direction.weight": torch.ones(1), "enc.net_app.convs.0.0.weight": torch.ones(1)}, "LIA"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_written(change, words, tiny, place, tmp_path):
    weights = place(saved(change(tiny.state_dict())))
    network = Tiny()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(CheckpointError, match=words):
        adopt(tmp_path / "run", weights, network, read(weights), ARCHITECTURE)
    assert not (tmp_path / "run").exists()
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


def test_weights_saved_in_parallel_and_by_half_fit(tiny, place, tmp_path):
    halved = {f"module.{name}": t.half() if t.is_floating_point() else t for name, t in tiny.state_dict().items()}
    weights = place(saved({"state_dict": halved, "global_step": 7}))
    network = Tiny()
    adopt(tmp_path / "run", weights, network, tensors_of("f", read(weights), "state_dict"), ARCHITECTURE)
    assert card(tmp_path / "run")["precision"] == ["float16", "int64"]
    for name, tensor in tiny.state_dict().items():
        assert network.state_dict()[name].dtype == tensor.dtype
        assert torch.allclose(network.state_dict()[name], tensor, atol=1e-3)


def test_a_full_disk_leaves_no_half_of_it(tiny, place, tmp_path, monkeypatch):
    weights = place(saved(tiny.state_dict()))

    def full(path: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskError, match="disk is full"):
        adopt(tmp_path / "run", weights, Tiny(), read(weights), ARCHITECTURE)
    assert list((tmp_path / "run").iterdir()) == []
