"""The perceptual loss of animations, against independent implementations, and the preview of their trainings."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from torch.nn import functional

from understudy import files
from understudy.errors import CheckpointError, ConfigError
from understudy.learning import Learning, Run, save_weights
from understudy.methods import Footage
from understudy.methods._animation import perceptual, pool, preview, teaching
from understudy.methods._vgg import FeatureNetwork

from .animation_footage import SIDE, footage

CPU = torch.device("cpu")
FREE = perceptual.Features(path=None, sha256=None, scales=4)


def run(folder: Path) -> Run:
    return Run(folder=folder, seed=1, device=CPU)


@pytest.fixture(scope="module")
def vgg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of VGG-19's shapes, made up, in torchvision's layout."""
    torch.manual_seed(0)
    network = FeatureNetwork(deepest="relu5_4")
    path = tmp_path_factory.mktemp("weights") / "vgg.pth"
    torch.save({**network.state_dict(), "classifier.0.bias": torch.zeros(1)}, path)
    return path


def test_the_layers_lie_where_torchvision_has_them():
    network = FeatureNetwork(deepest="relu5_4")
    at = {"relu1_1": 1, "relu2_1": 6, "relu3_1": 11, "relu4_1": 20, "relu5_1": 29, "relu5_4": 35}
    assert {name: network.places[name] for name in at} == at
    published = 20_024_384  # weights and biases of the sixteen convolutions
    assert sum(weight.numel() for weight in network.parameters()) == published


def test_equal_pictures_cost_nothing_and_the_loss_falls_towards_the_aim():
    torch.manual_seed(0)
    aim, start = torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64)
    network = FeatureNetwork(0.125, "relu5_1").requires_grad_(False)
    for seen in (perceptual.Perception(None, 3, ""), perceptual.Perception(network, 2, "")):
        assert seen(aim, aim).item() == pytest.approx(0, abs=1e-6)
        moved = start.clone().requires_grad_()
        optimiser = torch.optim.Adam([moved], 0.02)
        first = seen(moved, aim).item()
        for _ in range(25):
            optimiser.zero_grad()
            loss = seen(moved, aim)
            loss.backward()
            optimiser.step()
        assert loss.item() < first / 1.5


def test_features_are_compared_as_the_papers_say(vgg):
    """Over 4 scales and 5 layers, mean absolute differences, each scale blurred and thinned out: written out."""
    torch.manual_seed(1)
    drawn, aim = torch.rand(1, 3, 256, 256), torch.rand(1, 3, 256, 256)
    seen = perceptual.perception(replace(FREE, path=vgg), run(vgg.parent), "fp32")
    assert files.sha256(vgg) in seen.told
    network = FeatureNetwork(deepest="relu5_4")
    network.load_state_dict(torch.load(vgg, weights_only=True), strict=False)
    total = 0.0
    with torch.no_grad():
        for factor in (1, 2, 4, 8):
            pair = []
            for picture in (drawn, aim):
                if factor > 1:
                    sigma = (factor - 1) / 2
                    reach = round(4 * sigma)
                    line = torch.arange(2 * reach + 1) - float(reach)
                    bell = torch.exp(-(line[:, None] ** 2 + line[None] ** 2) / (2 * sigma**2))
                    kernel = (bell / bell.sum()).expand(3, 1, -1, -1)
                    picture = functional.conv2d(functional.pad(picture, (reach,) * 4), kernel, groups=3)
                    picture = picture[:, :, ::factor, ::factor]
                assert picture.shape[-1] == 256 // factor
                pair.append(network(picture, perceptual.LAYERS))
            total += sum((pair[0][name] - pair[1][name]).abs().mean().item() for name in perceptual.LAYERS)
        assert seen(drawn, aim).item() == pytest.approx(total, rel=1e-4)


def test_small_scales_are_left_out():
    picture = torch.rand(1, 3, 64, 64)
    assert [each.shape[-1] for each in perceptual.pyramid(picture, 4, 32)] == [64, 32]
    assert [each.shape[-1] for each in perceptual.pyramid(picture, 4, 16)] == [64, 32, 16]
    assert [each.shape[-1] for each in perceptual.pyramid(picture, 4, 128)] == [64]


def test_structure_is_that_of_an_independent_implementation():
    random = np.random.default_rng(0)
    a, b = random.random((2, 3, 40, 52)).astype(np.float32)
    found = perceptual.ssim(torch.from_numpy(a)[None], torch.from_numpy(b)[None]).mean().item()
    expected = structural_similarity(
        a, b, win_size=7, channel_axis=0, data_range=1.0, use_sample_covariance=False, gaussian_weights=False
    )
    assert found == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("precision", "within"), [(torch.float64, 1e-13), (torch.float32, 1e-6)])
@pytest.mark.parametrize("shape", [(2, 3, 64, 64), (1, 3, 16, 23), (1, 1, 7, 7)])
def test_structure_and_its_gradient_are_those_of_average_pooling(monkeypatch, shape, precision, within):
    random = torch.Generator().manual_seed(1)
    a, noise = (torch.rand(shape, generator=random, dtype=torch.float64).to(precision) for _ in range(2))
    b = (0.7 * a + 0.3 * noise).requires_grad_()
    found = perceptual.ssim(a, b)
    (slope,) = torch.autograd.grad(found.mean(), b)
    pooled = {2: lambda values: values, 3: lambda values: torch.nn.functional.avg_pool2d(values, 7, 1) * 49}
    monkeypatch.setattr(perceptual, "_summed", lambda values, axis: pooled[axis](values))
    expected = perceptual.ssim(a, b)
    (steep,) = torch.autograd.grad(expected.mean(), b)
    assert found.mean().item() == pytest.approx(expected.mean().item(), abs=within)
    torch.testing.assert_close(slope, steep, rtol=0, atol=within)


def test_a_shifted_edge_costs_more_than_a_change_of_light():
    """What an animation must get right is where things are."""
    aim = torch.full((1, 3, 64, 64), 0.3)
    aim[..., 20:44, 20:44] = 0.8
    seen = perceptual.Perception(None, 3, "")
    shifted = aim.roll(6, 3)
    change = (shifted - aim).abs().mean()
    assert seen(shifted, aim) > 2 * seen(aim + change, aim)


def test_other_weights_are_refused_and_none_are_said(vgg, tmp_path):
    assert "no network" in perceptual.perception(FREE, run(tmp_path)).told
    with pytest.raises(ConfigError, match="no such file"):
        perceptual.perception(replace(FREE, path=tmp_path / "none.pth"), run(tmp_path))
    with pytest.raises(ConfigError, match="sha256 is"):
        perceptual.perception(replace(FREE, path=vgg, sha256="0" * 64), run(tmp_path))
    torch.save(FeatureNetwork(deepest="relu4_2").state_dict(), tmp_path / "short.pth")
    with pytest.raises(CheckpointError, match=r"features\.23\.weight' is absent"):
        perceptual.perception(replace(FREE, path=tmp_path / "short.pth"), run(tmp_path))
    with pytest.raises(ValueError, match="path names none"):
        replace(FREE, sha256="0" * 64)
    with pytest.raises(ValueError, match="scales"):
        replace(FREE, scales=0)


# --- features learned in the pipeline

LEARNING = Learning(
    steps=5, batch=2, rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, warmup=0, schedule="constant", precision="fp32",
    threads=1, preview_every=0, snapshot_every=1000,
)  # fmt: skip
TAUGHT = replace(FREE, scales=2, width=0.125, steps=40)


def framed(folder: Path, subject: int, lengths: tuple[int, ...]) -> Footage:
    """Made-up footage with the cards of its framing: landmarks lie in a clip of twice the size, shifted."""
    made = footage(folder, subject, lengths)
    for clip in made.clips:
        card = {"matrix_23": [[0.5, 0, -8], [0, 0.5, -6]], "settings": {"size": SIDE}}
        files.write_json(clip.with_suffix(".json"), card)
    return made


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of a short pretraining on two people."""
    folder = tmp_path_factory.mktemp("learned")
    people = [framed(folder, 0, (5, 6)), framed(folder, 2, (9,))]
    teaching.pretrain(people, TAUGHT, 32, LEARNING, replace(run(folder / "run"), subjects=("a", "b")))
    return folder / "run"


def test_lessons_say_whose_picture_it_is_and_where_its_landmarks_lie(tmp_path):
    people = [framed(tmp_path, 0, (5, 6)), framed(tmp_path, 2, (9,))]
    held = pool.gather(people, 32, tmp_path / "pool")
    places = teaching.landmarks(people)
    assert places.shape == (len(held), 68, 2)
    # The middle of the face is at (32, 32) in the clip, (8, 10) in the framed picture of 64 pixels.
    middle = (np.array([8, 10]) + 0.5) / 32 - 1
    inner = places[:, 27:36].mean(axis=(0, 1))
    assert np.abs(inner - middle).max() < 0.1
    lessons = teaching.Teaching(held, places, seed=2)
    for step in range(5):
        batch = lessons.at(step)
        assert len(batch.pictures) == lessons.images == len(batch.landmarks)
        reds = (batch.pictures[:, 0].mean((1, 2)) - batch.pictures[:, 1].mean((1, 2))).numpy()
        assert ((reds > 0.2) == (batch.people.numpy() == 1)).all()


def test_features_are_learned_and_look_instead_of_vgg19(learned, tmp_path):
    table = (learned / "loss.csv").read_text().splitlines()
    columns = table[0].split(",")
    first, last = ([float(each) for each in row.split(",")] for row in (table[1], table[-1]))
    assert last[columns.index("loss")] < first[columns.index("loss")]
    weights = learned / "weights.safetensors"
    seen = perceptual.perception(TAUGHT, replace(run(tmp_path), pretrained=weights), "fp32")
    assert files.sha256(weights) in seen.told
    assert "learned in this study" in seen.told
    picture = torch.rand(2, 3, 64, 64)
    assert seen(picture, picture).item() == pytest.approx(0, abs=1e-6)
    moved = picture.clone().requires_grad_()
    seen(moved, picture.roll(3, 2)).backward()
    assert moved.grad.abs().sum() > 0
    assert not any(weight.requires_grad for weight in seen.network.parameters())


def test_features_of_other_settings_or_none_at_all_are_refused(learned, tmp_path):
    weights = learned / "weights.safetensors"
    with pytest.raises(ConfigError, match="are to be pretrained, and nothing was"):
        perceptual.perception(TAUGHT, run(tmp_path))
    with pytest.raises(CheckpointError, match=r"width is 0\.125 there, 0\.25 here"):
        perceptual.perception(replace(TAUGHT, width=0.25), replace(run(tmp_path), pretrained=weights))
    save_weights(tmp_path / "other.safetensors", torch.nn.Linear(1, 1), {"architecture": {"network": "lia"}})
    with pytest.raises(CheckpointError, match="holds no features"):
        perceptual.perception(TAUGHT, replace(run(tmp_path), pretrained=tmp_path / "other.safetensors"))
    with pytest.raises(ConfigError, match="at least two people"):
        teaching.pretrain([footage(tmp_path, 0, (4,))], TAUGHT, 32, LEARNING, run(tmp_path))
    assert teaching.pretrains(TAUGHT)
    assert not teaching.pretrains(FREE)
    assert not teaching.pretrains(replace(TAUGHT, path=Path("vgg.pth")))
    with pytest.raises(ValueError, match="width"):
        replace(FREE, width=0)


# --- the preview


class Mixing(torch.nn.Module):
    """Draws the mean of both frames, dimmed by its only weight."""

    def __init__(self) -> None:
        super().__init__()
        self.share = torch.nn.Parameter(torch.ones(1))


def test_the_preview_shows_sources_driving_frames_and_what_is_drawn(tmp_path):
    held = pool.gather([footage(tmp_path, 0, (6, 9)), footage(tmp_path, 1, (12,))], 32, tmp_path)
    network = Mixing()
    seen = preview.Showing(held, lambda model, source, driving: (source + driving) / 2 * model.share)
    shown = seen.picture(network)
    assert shown.shape == (6 * preview.TILE, preview.COLUMNS * preview.TILE, 3)
    assert network.training
    tiles = shown.reshape(6, preview.TILE, preview.COLUMNS, preview.TILE, 3).astype(int)[:, 20:70, :, 20:70]
    reds = tiles[..., 0].mean(axis=(1, 3))  # red says who
    assert np.allclose(reds[0], reds[1], atol=2)
    assert np.abs(reds[3] - reds[4]).min() > 40
    means = tiles.mean(axis=(1, 3))
    assert np.allclose((means[0] + means[1]) / 2, means[2], atol=2)
    assert np.allclose(((means[3] + means[4]) / 2)[:4], means[5, :4], atol=2)  # the label lies on the last two
    alone = pool.gather([footage(tmp_path, 2, (4,))], 32, tmp_path)
    assert preview.Showing(alone, lambda model, source, driving: driving).picture(network).shape[0] == 3 * preview.TILE
