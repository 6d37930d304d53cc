"""SAEHD in training: what a step minimises over what, that it goes on exactly, and that both directions swap."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from understudy import files
from understudy.errors import CheckpointError, ConfigError, Stopped
from understudy.faces import align
from understudy.learning import Run
from understudy.methods import Footage, saehd
from understudy.methods._faces import pool, space
from understudy.methods._faces.pair import gathered
from understudy.methods.saehd.architecture import Dims
from understudy.methods.saehd.lessons import Lessons, step
from understudy.methods.saehd.network import SAEHD

CPU = torch.device("cpu")
SMALL = saehd.PRESETS["df"]()
TINY = replace(
    SMALL,
    dims=Dims(ae=16, e=4, d=4, d_mask=2),
    size=32,
    coverage="face",
    anchor="eyes",
    augmentation=replace(SMALL.augmentation, rotation=0.0, scale=0.0, shift=0.0, bend=0.1),
    learning=replace(SMALL.learning, steps=12, batch=2, warmup=0, rate=2e-3, preview_every=6, snapshot_every=5),
)
BLUE, GREEN = (20, 60, 220), (40, 190, 60)


def footage(
    subject: str, seed: int, eyes: tuple[int, int, int], skin: tuple[int, int, int] = (200, 150, 120)
) -> Footage:
    """Twenty frames of a face with coloured eyes and a red mouth, in various places and turns."""
    generator = np.random.default_rng(seed)
    angle = np.linspace(0, np.pi, 17)
    jaw = np.column_stack([0.5 - 0.75 * np.cos(angle), 0.3 + 0.95 * np.sin(angle)])
    shape = np.concatenate([jaw, align.MEAN_51])
    crops, places, matrices = [], [], []
    for _ in range(20):
        turn, scale = generator.uniform(-0.15, 0.15), generator.uniform(50, 60)
        rotation = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        points = (shape - 0.5) @ rotation.T + generator.uniform(74, 86, 2)
        frame = np.full((160, 160, 3), 90, np.uint8)
        parts = [
            (slice(0, 27), skin),
            (slice(36, 42), eyes),
            (slice(42, 48), eyes),
            (slice(48, 60), (170, 40, 50)),
        ]
        for part, colour in parts:
            cv2.fillConvexPoly(frame, cv2.convexHull(np.rint(points[part] * 16).astype(np.int32)), colour, shift=4)
        matrix = align.align(points, 128, "full")
        crops.append(align.crop(frame, matrix, 128))
        places.append(points)
        matrices.append(matrix)
    faceset = SimpleNamespace(
        crops_NHWC=np.stack(crops),
        landmarks_N682=np.stack(places),
        matrices_N23=np.stack(matrices),
        size=128,
        coverage="full",
        height=160,
    )
    return Footage(subject, (faceset,), ())


@pytest.fixture(scope="module")
def ada() -> Footage:
    return footage("ada", 1, BLUE)


@pytest.fixture(scope="module")
def bruno() -> Footage:
    return footage("bruno", 2, GREEN)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def train(folder: Path, sides, config=TINY, allowed=lambda: None):
    return saehd.train(sides, config, Run(folder=folder, seed=1, device=CPU, code="abc", allowed=allowed))


def lesson(sides, config, folder):
    return Lessons(gathered(sides, config, folder, "saehd")[1], config, 1)


def learned(config, **changes):
    return replace(config, learning=replace(config.learning, preview_every=0, **changes))


# --- a step


def test_a_step_without_variation_shows_the_face_that_it_aims_at(ada, bruno, tmp_path):
    config = replace(TINY, tone="kept", augmentation=replace(TINY.augmentation, warp="off"))
    for _, faces in lesson((ada, bruno), config, tmp_path).at(3).sides:
        torch.testing.assert_close(faces.inputs, faces.aims, atol=1.5 / 255, rtol=0)
    for _, faces in lesson((ada, bruno), replace(TINY, tone="kept"), tmp_path).at(3).sides:
        assert (faces.inputs - faces.aims).abs().max() > 0.1


def test_the_warp_ends_where_it_is_told_to_and_freezes_what_both_subjects_share(ada, bruno, tmp_path):
    config = replace(TINY, layout="liae-ud", augmentation=replace(TINY.augmentation, warped=0.5))
    lessons, network = lesson((ada, bruno), config, tmp_path), SAEHD(config.architecture)
    assert [lessons.at(number).warped for number in (0, 5, 6, 11)] == [True, True, False, False]
    for number, learns in ((0, True), (6, False), (1, True)):
        network.zero_grad(set_to_none=True)
        step(network, lessons.at(number), config)["loss"].backward()
        assert all((each.grad is not None) == learns for each in network.inters[0].parameters())
        assert all(each.grad is not None for each in network.inters[1].parameters())
        assert all(each.grad is not None for each in network.encoder.parameters())


def test_recoloured_faces_have_the_other_subjects_colours_and_their_own_shape(ada, tmp_path):
    dark = footage("dark", 3, GREEN, skin=(120, 70, 50))
    config = replace(TINY, tone="kept", augmentation=replace(TINY.augmentation, recolour=1.0))
    plain = lesson((ada, dark), replace(config, augmentation=TINY.augmentation), tmp_path).at(0).sides
    for (_, faces), (_, before), (_, other) in zip(
        lesson((ada, dark), config, tmp_path).at(0).sides, plain, reversed(plain), strict=True
    ):
        colour, own, theirs = (
            (each.aims * each.inside).sum((0, 2, 3)) / each.inside.sum() for each in (faces, before, other)
        )
        assert (own - theirs).abs().min() > 0.15
        torch.testing.assert_close(colour, theirs, atol=0.05, rtol=0)
        torch.testing.assert_close(faces.aim_skins.mean(0)[:, 0, 0], other.aim_skins.mean(0)[:, 0, 0], atol=0.1, rtol=0)
        assert torch.equal(faces.inside, before.inside)


def test_every_loss_is_there_when_asked_and_they_sum_to_what_is_minimised(ada, bruno, tmp_path):
    styles = {"eyes_mouth": 300.0, "face_style": 1.0, "background_style": 1.0}
    rich = {**styles, "gan": 0.1, "gan_base": 4, "true_face": 0.01}
    for layout in ("df-ud", "liae-ud"):
        config = replace(TINY, layout=layout, loss=replace(TINY.loss, **rich))
        network = SAEHD(config.architecture)
        found = step(network, lesson((ada, bruno), config, tmp_path).at(0), config)
        each = ("dssim", "mse", "mask", "eyes_mouth", "face_style", "background_style", "gan", "backdrop")
        names = {f"{name}_{side}" for name in each for side in (0, 1)} | {"true_face"}
        assert set(found) == names | {"loss", "critic"}
        torch.testing.assert_close(found["loss"], sum(found[name] for name in names))
        parts = network.parts()
        assert {id(one) for part in parts.values() for one in part} == {id(one) for one in network.parameters()}
        bare = SAEHD(replace(TINY, layout=layout).architecture)
        assert sum(one.numel() for one in parts["loss"]) == sum(one.numel() for one in bare.parameters())
        own = torch.autograd.grad(found["critic"], parts["loss"], retain_graph=True, allow_unused=True)
        assert all(grad is None for grad in own)  # what the critics learn is nothing to the networks
        assert all(torch.isfinite(grad).all() for grad in torch.autograd.grad(found["critic"], parts["critic"]))


def test_a_training_with_critics_moves_both_parts(ada, bruno, tmp_path):
    config = learned(replace(TINY, loss=replace(TINY.loss, gan=0.1, gan_base=4, true_face=0.01)), steps=3)
    torch.manual_seed(1)
    before = SAEHD(config.architecture).state_dict()
    after = train(tmp_path, (ada, bruno), config).state_dict()
    moved = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert moved - {"anchors"} == set(before) - {"anchors"}
    again = saehd.load(tmp_path, CPU)
    assert len(again.picture_critics) == 2


# --- a training


def test_training_leaves_its_work_and_goes_on_exactly(ada, bruno, tmp_path):
    config = replace(TINY, loss=replace(TINY.loss, gan=0.05, gan_base=4))
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    train(whole, (ada, bruno), config)
    names = {path.name for path in whole.iterdir()}
    assert names == {"weights.safetensors", "card.json", "loss.csv", "preview.png", "previews", "timelapse.mp4"}
    card = files.read_json(whole / "card.json")
    assert (card["subjects"], card["steps"], card["images"]) == (["ada", "bruno"], 12, 48)
    assert cv2.imread(str(whole / "preview.png")).shape == (6 * 96, 6 * 96, 3)
    with pytest.raises(Stopped):
        train(halves, (ada, bruno), config, allowed=lambda: "Enough for now.")
    assert (halves / "snapshot.safetensors").exists()
    train(halves, (ada, bruno), config)
    assert (halves / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()
    with pytest.raises(Stopped):
        train(tmp_path / "other", (ada, bruno), config, allowed=lambda: "Enough for now.")
    bent = replace(config, augmentation=replace(config.augmentation, warp="faithful"))
    with pytest.raises(CheckpointError, match=r"recipe\.augmentation\.warp is fixed there, faithful here"):
        train(tmp_path / "other", (ada, bruno), bent)


@pytest.mark.parametrize("anchor", ["features", "camera"])
def test_conversion_draws_the_source_in_the_drivers_order(ada, bruno, tmp_path, anchor):
    config = learned(replace(TINY, anchor=anchor), steps=2)
    train(tmp_path, (ada, bruno), config)
    model = saehd.load(tmp_path, CPU)
    coverage, size = saehd.crop_space(config)
    assert (coverage, size) == (("face", 32) if anchor == "features" else ("head", 96))
    swapped = torch.cat(list(saehd.convert(model, ada, bruno, config)))
    assert swapped.shape == (20, 4, size, size)
    assert swapped.dtype == torch.float32
    assert 0 <= swapped.min() <= swapped.max() <= 1
    for head in model.decoders[0].heads:  # ada's decoder draws grey from now on
        torch.nn.init.zeros_(head.weight)
        torch.nn.init.zeros_(head.bias)
    grey, other = (torch.cat(list(saehd.convert(model, *pair, config)))[:, :3] for pair in ((ada, bruno), (bruno, ada)))
    middle = slice(size * 3 // 8, size * 5 // 8)
    assert grey[0, :, middle, middle].std(dim=(1, 2)).max() < 1e-3
    assert other[0, :, middle, middle].std(dim=(1, 2)).max() > 1e-3


def test_what_does_not_fit_is_refused_by_name(ada, bruno, tmp_path):
    train(tmp_path, (ada, bruno), learned(TINY, steps=1))
    model = saehd.load(tmp_path, CPU)
    with pytest.raises(CheckpointError, match="layout='liae-ud'"):
        list(saehd.convert(model, ada, bruno, replace(TINY, layout="liae-ud")))
    with pytest.raises(CheckpointError, match="ada and bruno, not clara"):
        list(saehd.convert(model, Footage("clara", ada.facesets, ()), bruno, TINY))
    with pytest.raises(CheckpointError):
        saehd.load(tmp_path / "nothing", CPU)
    with pytest.raises(ConfigError, match="pair"):
        train(tmp_path, (ada,))


def eyes(picture_BCHW: torch.Tensor, points: list[np.ndarray]) -> float:
    """How much bluer than green the eyes are, on average, of 255."""
    found = []
    for picture, face in zip(picture_BCHW.numpy(), points, strict=True):
        for part in (slice(36, 42), slice(42, 48)):
            x, y = face[part].mean(axis=0).round().astype(int)
            found.append(255 * float(picture[2, y, x] - picture[1, y, x]))
    return float(np.mean(found))


@pytest.mark.parametrize("layout", ["df-ud", "liae-ud"])
def test_it_learns_to_swap_both_ways(ada, bruno, tmp_path, layout):
    """Ada's eyes are blue and bruno's green: drawn as the other, each has the other's. Of LIAE the second direction
    goes through an inter that never saw ada."""
    config = learned(replace(TINY, layout=layout), steps=250, batch=4, rate=3e-3, warmup=10)
    config = replace(config, dims=Dims(ae=32, e=8, d=8, d_mask=2), loss=replace(config.loss, eyes_mouth=100.0))
    model = train(tmp_path, (ada, bruno), config)
    change = space.into("full", 128, np.eye(2, 3), *saehd.crop_space(config))
    blueness = {}
    for source, driver in ((ada, bruno), (bruno, ada)):
        points = [each for _, each in pool.crops(driver.facesets[0], change, 96)]
        blueness[source.subject] = eyes(torch.cat(list(saehd.convert(model, source, driver, config))), points)
    assert blueness["ada"] > 30
    assert blueness["bruno"] < -30
    table = np.genfromtxt(tmp_path / "loss.csv", delimiter=",", names=True)
    assert table["loss"][-10:].mean() < 0.5 * table["loss"][:10].mean()
