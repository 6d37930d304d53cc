"""LIA at work: what it yields of a source and a driver, and with whose weights."""

import argparse
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from understudy import files, media
from understudy.checkpoints import Weights
from understudy.errors import CheckpointError, FaceError
from understudy.methods import Footage, lia
from understudy.methods.lia.architecture import Architecture
from understudy.methods.lia.critic import Critic

from ..animation_footage import SIDE, face, faceset

CPU = torch.device("cpu")
SMALL = lia.PRESETS["lia-tiny"]()
CONFIG = replace(SMALL, size=SIDE, style_dim=32, motion_dim=6, channel_max=8, precision="fp32")
COUNT = 11
LIKE = 7  # the driver's frame that looks like the source's picture


def clip(path: Path, seed: int, count: int = COUNT) -> Path:
    """Coarse noise that drifts, so that every frame has a motion of its own."""
    start, end = np.random.default_rng(seed).integers(40, 215, (2, 8, 8, 3))
    shares = np.linspace(0, 1, count)
    frames = [np.kron(start * (1 - share) + end * share, np.ones((8, 8, 1))).astype(np.uint8) for share in shares]
    media.write(path, frames, fps=Fraction(25), crf=4, preset="ultrafast")
    return path


@pytest.fixture(scope="module")
def network() -> lia.LIA:
    torch.manual_seed(3)
    return lia.LIA(CONFIG.architecture).to(memory_format=torch.channels_last).eval()


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> tuple[Footage, Footage]:
    """Two people; the driver's face turns from frame to frame, and stands as the source's does in one of them."""
    folder = tmp_path_factory.mktemp("clips")
    upright = 20 * face() + 32
    turned = np.stack([20 * face(turn=0.05 * abs(number - LIKE)) + 32 for number in range(COUNT)])
    source = Footage("one", (faceset(np.repeat(upright[None], COUNT, axis=0)),), (clip(folder / "one.mp4", 1),))
    return source, Footage("two", (faceset(turned),), (clip(folder / "two.mp4", 2),))


def converted(network: lia.LIA, sides: tuple[Footage, Footage], **changes: object) -> Tensor:
    return torch.cat(list(lia.convert(network, *sides, replace(CONFIG, **changes))))


def pictures(path: Path) -> Tensor:
    frames = np.stack(list(media.frames(path)))
    return (torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255 - 0.5) * 2


def shown(drawn: Tensor) -> np.ndarray:
    return np.floor(np.clip(drawn.permute(0, 2, 3, 1).numpy() * 127.5 + 128, 0, 255))


def alike(frames: Tensor, drawn: Tensor) -> None:
    """Equal but for the rounding of a value that lies between two levels."""
    apart = np.abs(frames[..., :3].numpy().astype(float) - shown(drawn))
    assert apart.max() <= 1
    assert apart.mean() < 0.01


@torch.inference_mode()
def test_every_frame_of_the_driver_is_drawn_once_in_order(network, sides):
    """Whatever the batches; here by the definition, one frame at a time, with the network as it learns."""
    found = converted(network, sides, motion="absolute")
    assert (found.shape, found.dtype) == ((COUNT, SIDE, SIDE, 4), torch.uint8)
    assert (found[..., 3] == 255).all()
    source, driving = (pictures(side.clips[0]) for side in sides)
    alike(found, torch.cat([network(source[:1], each[None]) for each in driving]))
    assert all((found[number] != found[number + 1]).any() for number in range(COUNT - 1))


@torch.inference_mode()
def test_relative_motion_begins_with_the_sources_own(network, sides):
    """At the frame from which motion is counted the source is drawn as it is, whoever drives."""
    own = network(pictures(sides[0].clips[0])[:1], pictures(sides[0].clips[0])[:1])
    first, best = (converted(network, sides, initial=choice) for choice in ("first", "best"))
    alike(first[:1], own)
    alike(best[LIKE : LIKE + 1], own)
    assert (first[LIKE] != best[LIKE]).any()
    driving = pictures(sides[1].clips[0])
    start = network.enc(driving[LIKE : LIKE + 1])[1]
    alike(best[3:4], network(pictures(sides[0].clips[0])[:1], driving[3:4], start))


def test_who_drives_their_own_picture_is_drawn_alike_relatively_and_absolutely(network, sides):
    same = (sides[1], sides[1])
    assert (converted(network, same, motion="relative") != converted(network, same, motion="absolute")).sum() < 20


@torch.inference_mode()
def test_levels_are_fixed_or_stretched_over_the_clip(network, sides):
    faint = lia.LIA(CONFIG.architecture)
    faint.load_state_dict(network.state_dict())
    for layer in faint.dec.to_rgbs:
        layer.conv[0].weight.mul_(0.02)
    faint = faint.to(memory_format=torch.channels_last).eval()
    fixed, stretched = (converted(faint, sides, levels=levels)[..., :3].float() for levels in ("fixed", "stretched"))
    assert fixed.min() > 0
    assert fixed.max() < 255
    assert (stretched.min(), stretched.max()) == (0, 255)
    scale = 255 / (fixed.max() - fixed.min())
    assert ((fixed - fixed.min()) * scale - stretched).abs().max() < 1.5 * scale + 1


def test_half_precision_draws_nearly_the_same(network, sides):
    whole, half = (converted(network, sides, precision=precision).float() for precision in ("fp32", "bf16"))
    assert (whole - half).abs().mean() < 4
    assert (whole != half).any()


def test_a_driver_whose_first_frame_shows_no_face_is_refused_unless_another_is_looked_for(network, sides):
    track = sides[1].facesets[0].track_T682.copy()
    track[0] = np.nan
    hidden = replace(sides[1], facesets=(faceset(track),))
    with pytest.raises(FaceError, match="initial: best"):
        converted(network, (sides[0], hidden))
    assert len(converted(network, (sides[0], hidden), initial="best")) == COUNT


# --- weights that others published


def saved(path: Path, content: object) -> Weights:
    torch.save(content, path)
    return Weights(name="mine", path=path, sha256=files.sha256(path))


def test_a_trainers_checkpoint_is_adopted_and_drawn_with(network, sides, tmp_path):
    """As LIA's trainer saves one: generator, critic, their optimisers and its arguments."""
    content = {
        "gen": {f"module.{name}": value for name, value in network.state_dict().items()},
        "dis": Critic(CONFIG.architecture).state_dict(),
        "g_optim": {"state": {}, "param_groups": []},
        "args": argparse.Namespace(size=SIDE, latent_dim_style=32),
    }
    config = replace(CONFIG, weights=saved(tmp_path / "mine.pt", content), loss=replace(CONFIG.loss, gan=1.0))
    assert lia.adopts(CONFIG) is None
    assert lia.adopts(config) == config.weights
    lia.adopt(config.weights, config, tmp_path / "run")
    assert files.read_json(tmp_path / "run/card.json")["state"] == "adopted"
    opened = lia.load(tmp_path / "run", CPU)
    assert torch.equal(torch.cat(list(lia.convert(opened, *sides, config))), converted(network, sides))


def test_another_networks_weights_are_refused_by_name(tmp_path):
    critic = saved(tmp_path / "critic.pt", {"gen": Critic(CONFIG.architecture).state_dict()})
    with pytest.raises(CheckpointError, match="StyleGAN2 discriminator"):
        lia.adopt(critic, CONFIG, tmp_path / "run")
    wider = lia.LIA(Architecture(size=SIDE, style_dim=64, motion_dim=6, channel_max=8)).state_dict()
    with pytest.raises(CheckpointError, match=r"dec\.conv1\.conv\.modulation\.weight.*\(8, 64\) in the file"):
        lia.adopt(saved(tmp_path / "wider.pt", {"gen": wider}), CONFIG, tmp_path / "run")


def test_another_methods_run_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"weights\.safetensors"):
        lia.load(tmp_path, CPU)
