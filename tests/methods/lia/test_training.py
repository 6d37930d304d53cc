"""LIA in training: that it learns to move what it was not told of, steps its rivals apart, and goes on exactly."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from understudy import files, media
from understudy.errors import CheckpointError, ConfigError, FaceError, Stopped
from understudy.learning import Run
from understudy.methods import Footage, lia
from understudy.methods._animation.perceptual import Perception
from understudy.methods._animation.samples import Pair
from understudy.methods.lia.lessons import step

CPU = torch.device("cpu")
SIDE = 32
SMALL = lia.PRESETS["lia-tiny"]()
TINY = replace(
    SMALL,
    size=SIDE,
    style_dim=32,
    motion_dim=6,
    channel_max=16,
    augmentation=replace(SMALL.augmentation, brightness=0.0, contrast=0.0, saturation=0.0, hue=0.0),
    learning=replace(
        SMALL.learning, steps=50, batch=4, rate=4e-3, warmup=5, precision="fp32", preview_every=0, snapshot_every=0
    ),
)
COLOURS = [(230, 60, 40), (40, 200, 70), (60, 90, 240)]


def clip(path: Path, subject: int, count: int, seed: int) -> Path:
    """A disc with two eyes that wanders over a background, both in the subject's colours; only it moves."""
    generator = np.random.default_rng(seed)
    turns, at = generator.uniform(0, 2 * np.pi, 2), np.arange(count) / 6
    frames = []
    for x, y in zip(16 + 6 * np.sin(at + turns[0]), 16 + 6 * np.sin(1.3 * at + turns[1]), strict=True):
        frame = np.full((SIDE, SIDE, 3), COLOURS[(subject + 1) % 3], np.uint8) // 4
        cv2.circle(frame, (round(x * 16), round(y * 16)), 8 * 16, COLOURS[subject % 3], -1, cv2.LINE_AA, 4)
        for side in (-3, 3):
            cv2.circle(frame, (round((x + side) * 16), round((y - 2) * 16)), 24, (20, 20, 20), -1, cv2.LINE_AA, 4)
        frames.append(frame)
    media.write(path, frames, fps=Fraction(25), crf=4, preset="ultrafast")
    return path


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> list[Footage]:
    folder = tmp_path_factory.mktemp("clips")
    return [
        Footage(
            f"person-{who}", (), tuple(clip(folder / f"{who}-{seed}.mp4", who, 24, seed) for seed in (who, who + 9))
        )
        for who in range(3)
    ]


def train(folder: Path, people: list[Footage], config: lia.Config = TINY, **changes):
    return lia.train(people, config, Run(folder=folder, seed=1, device=CPU, code="abc", **changes))


def rows(folder: Path) -> np.ndarray:
    return np.genfromtxt(folder / "loss.csv", delimiter=",", names=True)


def learned(config: lia.Config = TINY, **changes: object) -> lia.Config:
    return replace(config, learning=replace(config.learning, **changes))


@pytest.fixture(scope="module")
def taught(people: list[Footage], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    train(folder, people)
    return folder


def test_a_short_training_loses_ever_less(taught):
    lost = rows(taught)["loss"]
    assert lost[-6:].mean() < 0.7 * lost[:6].mean()
    assert files.read_json(taught / "card.json")["state"] == "finished"


def test_a_training_may_begin_with_flows_that_move_nothing_and_trust_the_source():
    torch.manual_seed(0)
    network, latent = lia.LIA(TINY.architecture), torch.randn(2, 32)
    network.dec.still()
    flow, wide = None, TINY.architecture.channels(8)
    for each in network.dec.to_flows:
        side = 8 if flow is None else 2 * flow.shape[-1]
        flow = each(torch.randn(2, wide, side, side), latent, flow)
        assert (flow[:, :2] == 0).all()
        middle = flow[:, 2, side // 4 : -side // 4, side // 4 : -side // 4].sigmoid()
        torch.testing.assert_close(middle, torch.full_like(middle, 0.9526), atol=1e-4, rtol=0)
    moved = network(torch.rand(2, 3, SIDE, SIDE), torch.rand(2, 3, SIDE, SIDE)).mean()
    moved.backward()
    assert all(each.conv.weight.grad.abs().sum() > 0 for each in network.dec.to_flows), "and flows can be learned"


def test_what_it_left_is_read_again(taught):
    network = lia.load(taught, CPU)
    assert isinstance(network, lia.LIA)
    assert network.subjects == ("person-0", "person-1", "person-2")
    assert network.architecture == TINY.architecture
    assert network.critic is None
    with pytest.raises(CheckpointError, match="style_dim"):
        list(lia.convert(network, None, None, replace(TINY, style_dim=64)))


def test_generator_and_critic_are_each_stepped_for_their_own_loss(people, tmp_path):
    rivals = learned(replace(TINY, loss=replace(TINY.loss, gan=1.0)), steps=3)
    network = train(tmp_path, people, rivals)
    assert set(network.parts()) == {"loss", "critic"}
    names = rows(tmp_path).dtype.names
    assert {"l1", "perceptual", "gan", "critic"} <= set(names)
    pair = Pair(torch.rand(2, 3, SIDE, SIDE), torch.rand(2, 3, SIDE, SIDE))
    losses = step(network, pair, rivals.loss, Perception(None, 1, ""))
    assert losses["loss"].item() == pytest.approx(sum(losses[each].item() for each in ("l1", "perceptual", "gan")))
    for name, parameters in network.parts().items():
        gradients = torch.autograd.grad(
            losses[name], [each for each in parameters if each.requires_grad], retain_graph=True
        )
        assert all(torch.isfinite(each).all() and each.abs().max() > 0 for each in gradients), name


def test_the_critic_judges_filmed_and_drawn_pictures_apart():
    """How much a batch differs is one of its channels: the two must not be looked at together."""
    judged = []

    def critic(pictures: torch.Tensor) -> torch.Tensor:
        judged.append(pictures)
        return pictures.mean(dim=(1, 2, 3))[:, None]

    class Drawing:
        def __call__(self, source: torch.Tensor, driving: torch.Tensor) -> torch.Tensor:
            return source

    network = Drawing()
    network.critic = critic
    pair = Pair(torch.zeros(2, 3, 8, 8), torch.ones(2, 3, 8, 8))
    losses = step(network, pair, replace(TINY.loss, perceptual=0.0, gan=1.0), Perception(None, 1, ""))
    assert [len(each) for each in judged] == [2, 2]
    assert losses["l1"].item() == pytest.approx(2)
    assert losses["gan"].item() == pytest.approx(np.log1p(np.e))
    assert losses["critic"].item() == pytest.approx(2 * np.log1p(1 / np.e))


def test_an_interrupted_training_goes_on_to_the_same_bytes(people, tmp_path):
    config = learned(steps=6, snapshot_every=3)
    train(tmp_path / "whole", people, config)
    asked = iter([None, "enough for now"])
    with pytest.raises(Stopped, match="enough for now"):
        train(tmp_path / "parts", people, learned(config, snapshot_every=2), allowed=lambda: next(asked))
    train(tmp_path / "parts", people, config)
    first, second = ((tmp_path / each / "weights.safetensors").read_bytes() for each in ("whole", "parts"))
    assert first == second


def test_nobody_and_a_subject_without_a_clip_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="given nobody"):
        train(tmp_path, [])
    with pytest.raises(FaceError, match="person-9"):
        train(tmp_path, [Footage("person-9", (), ())])


@pytest.mark.parametrize(
    ("names", "message"), [({"l1": 0.0, "perceptual": 0.0}, "nothing else"), ({"gan": -1.0}, "0 or")]
)
def test_losses_that_make_no_sense_are_refused(names, message):
    with pytest.raises(ValueError, match=message):
        replace(TINY.loss, **names)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"size": 48}, "power of two"),
        ({"size": 4}, "power of two"),
        ({"motion_dim": 33}, "style_dim"),
        ({"channel_max": 0}, "channel_max"),
    ],
)
def test_networks_that_cannot_be_are_refused(names, message):
    with pytest.raises(ValueError, match=message):
        replace(TINY, **names)
