"""The First Order Motion Model: its geometry, its losses, what it draws and streams, and that it learns to move."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from understudy import files, media, settings
from understudy.checkpoints import Weights
from understudy.errors import CheckpointError, ConfigError, Stopped
from understudy.learning import Draws, Run
from understudy.methods import Footage, fomm
from understudy.methods._animation.perceptual import perception
from understudy.methods._animation.pool import gather
from understudy.methods.fomm import drawing, equivariance
from understudy.methods.fomm.blocks import Shrink, grid, sampled
from understudy.methods.fomm.equivariance import Bending
from understudy.methods.fomm.folding import Quartered, doubled
from understudy.methods.fomm.keypoints import Glass, KeyPoints, area, inverse, product, relative, scale
from understudy.methods.fomm.lessons import Lessons, step
from understudy.methods.fomm.motion import affine, gaussians
from understudy.methods.fomm.network import FOMM, Painter

from .animation_footage import face, faceset
from .fomm_reference import TINY as REFERENCE
from .fomm_reference import filled, tiny

CPU = torch.device("cpu")
TINY = fomm.PRESETS["fomm-tiny"]()
SMALL = replace(
    TINY,
    size=32,
    num_kp=4,
    detector=Glass(width=8, most=32, blocks=3, shrink=1),
    dense=Glass(width=8, most=32, blocks=3, shrink=1),
    generator=Painter(width=16, most=32, downs=1, blocks=1),
    critic=replace(TINY.critic, width=4, most=8, blocks=2),
    augmentation=replace(TINY.augmentation, brightness=0.0, contrast=0.0, saturation=0.0, hue=0.0),
    learning=replace(TINY.learning, steps=6, batch=4, warmup=0, rate=2e-3, preview_every=3, snapshot_every=2),
    precision="fp32",
)
RIVALS = replace(SMALL, loss=replace(SMALL.loss, gan=1.0))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def square(folder: Path, name: str, path: np.ndarray, colour: tuple[int, int, int]) -> Path:
    """A clip of a bright disc before a still wall; path: its middle in each frame (T, 2), of 32 pixels."""
    y, x = np.mgrid[:32, :32]
    wall = np.stack([60 + 2 * x, 80 + 0 * x, 110 - y], axis=-1).astype(np.float64)
    frames = []
    for middle in path:
        inside = np.clip(6.5 - np.hypot(x - middle[0], y - middle[1]), 0, 1)[..., None]
        frames.append(np.rint(wall * (1 - inside) + np.array(colour) * inside).astype(np.uint8))
    media.write(folder / f"{name}.mp4", frames, fps=25, crf=4, preset="ultrafast")
    return folder / f"{name}.mp4"


def line(start: tuple[float, float], end: tuple[float, float], count: int = 9) -> np.ndarray:
    return np.linspace(start, end, count)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> list[Footage]:
    folder = tmp_path_factory.mktemp("clips")
    ways = [((9, 9), (22, 22)), ((22, 10), (10, 21)), ((8, 16), (24, 15)), ((16, 8), (15, 24))]
    colours = [(230, 60, 40), (50, 90, 240)]
    return [
        Footage(f"p{n}", (), tuple(square(folder, f"{n}-{k}", line(*way), colour) for k, way in enumerate(ways)))
        for n, colour in enumerate(colours)
    ]


def train(folder: Path, sides: list[Footage], config=SMALL, allowed=lambda: None) -> FOMM:
    return fomm.train(sides, config, Run(folder=folder, seed=1, device=CPU, code="abc", allowed=allowed))


def random_points(count: int = 3, points: int = 4, seed: int = 0) -> KeyPoints:
    generator = torch.Generator().manual_seed(seed)
    value = torch.rand(count, points, 2, generator=generator) * 1.4 - 0.7
    return KeyPoints(value, torch.eye(2) + 0.2 * torch.randn(count, points, 2, 2, generator=generator))


# --- geometry


def test_inverses_and_products_are_those_of_linear_algebra() -> None:
    one, other = random_points().jacobian, random_points(seed=1).jacobian
    torch.testing.assert_close(inverse(one), torch.linalg.inv(one))
    whole = one @ other
    with torch.autocast("cpu", torch.bfloat16):  # which would round a matrix product to three digits
        torch.testing.assert_close(product(one, other), whole)


def test_a_key_points_map_takes_it_from_driver_to_source() -> None:
    source, driving = random_points(1), random_points(3, seed=2)
    places = affine(source, driving, 9, 9)
    assert places.shape == (3, 5, 9, 9, 2)
    torch.testing.assert_close(places[:, 0], grid(9, 9, places).expand(3, 9, 9, 2))  # the background stays
    at = KeyPoints(grid(9, 9, places)[4, 6].expand(3, 4, 2), driving.jacobian)  # a key point on a pixel
    torch.testing.assert_close(affine(source, at, 9, 9)[:, 1:, 4, 6], source.value.expand(3, 4, 2))
    bells = gaussians(at.value, 9, 9)
    assert (bells.flatten(2).argmax(-1) == 4 * 9 + 6).all()
    torch.testing.assert_close(bells.amax((2, 3)), torch.ones(3, 4))


def test_relative_motion_adds_to_the_source_what_the_driver_did() -> None:
    source, first, driving = random_points(1), random_points(1, seed=1), random_points(3, seed=2)
    still = relative(source, first, first)
    torch.testing.assert_close(still.value, source.value)
    torch.testing.assert_close(still.jacobian, source.jacobian)
    back = relative(first, driving, first)  # a driver who moves its own picture
    torch.testing.assert_close(back.value, driving.value)
    torch.testing.assert_close(back.jacobian, driving.jacobian)
    moved = relative(source, driving, first, 2.0)
    torch.testing.assert_close(moved.value - source.value, 2 * (driving.value - first.value))


def test_motion_grows_with_the_faces_size() -> None:
    corners = torch.tensor([[[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5], [0.1, 0.2]]])
    large, small = (KeyPoints(times * corners, torch.eye(2).expand(1, 5, 2, 2)) for times in (1.0, 0.5))
    assert area(large.value[0]) == pytest.approx(1)
    assert scale(large, small) == pytest.approx(2)
    flat = KeyPoints(corners * torch.tensor([1.0, 0.0]), large.jacobian)
    assert scale(large, flat) == 1


def test_an_unmoved_grid_leaves_a_picture_as_it_is() -> None:
    picture = torch.rand(2, 3, 12, 16)
    torch.testing.assert_close(sampled(picture, grid(12, 16, picture).expand(2, 12, 16, 2), True), picture)
    many = grid(12, 16, picture) + torch.rand(5, 1, 1, 2) * 0.3
    once = sampled(picture[:1], many, False)  # one picture and many grids
    torch.testing.assert_close(once, sampled(picture[:1].expand(5, 3, 12, 16), many, False))


def test_shrinking_leaves_flat_colour_and_removes_fine_stripes() -> None:
    flat, stripes = torch.full((1, 3, 64, 64), 0.7), torch.zeros(1, 3, 64, 64)
    stripes[..., ::2] = 1
    shrink = Shrink(3, 4)
    assert shrink.weight.shape == (3, 1, 13, 13)
    assert shrink(flat).shape == (1, 3, 16, 16)
    torch.testing.assert_close(shrink(flat)[..., 3:-3, 3:-3], flat[..., :10, :10])
    torch.testing.assert_close(shrink(stripes)[..., 3:-3, 3:-3], torch.full((1, 3, 10, 10), 0.5), atol=0.01, rtol=0)


def test_bends_are_smooth_maps_with_the_jacobians_that_autograd_finds() -> None:
    bend = equivariance.drawn(Draws(3).at(0), 2, Bending(affine=0.1, spline=0.02, points=5))
    places = random_points(2).value.requires_grad_()
    found = equivariance.jacobian(places, bend)
    moved = equivariance.bent(places, bend)
    for axis in (0, 1):
        (slope,) = torch.autograd.grad(moved[..., axis].sum(), places, retain_graph=True)
        torch.testing.assert_close(found[:, :, axis], slope)
    unbent = equivariance.drawn(Draws(3).at(0), 2, Bending(affine=0.0, spline=0.0, points=5))
    torch.testing.assert_close(equivariance.bent(places, unbent), places)


def test_key_points_that_follow_a_bend_cost_nothing() -> None:
    """What the equivariance losses ask for: the bent picture's point p shows what was at the bent p."""
    bend = equivariance.drawn(Draws(1).at(4), 3, Bending(affine=0.05, spline=0.005, points=5))
    shown = random_points()
    true = KeyPoints(
        equivariance.bent(shown.value, bend), product(equivariance.jacobian(shown.value, bend), shown.jacobian)
    )
    assert equivariance.values_apart(true, shown, bend) < 1e-6
    assert equivariance.jacobians_apart(true, shown, bend) < 1e-5
    assert equivariance.values_apart(shown, shown, bend) > 0.01
    assert equivariance.jacobians_apart(shown, shown, bend) > 0.01
    ramp = grid(33, 33, shown.value).permute(2, 0, 1).expand(3, 2, 33, 33) / 4 + 0.5
    bent = equivariance.pictures(ramp, bend, align_corners=True)[:, :, 16, 16]
    middle = equivariance.bent(torch.zeros(3, 1, 2), bend)[:, 0]
    torch.testing.assert_close(bent, middle / 4 + 0.5, atol=1e-5, rtol=0)


# --- faster layers


def test_faster_layers_draw_the_same() -> None:
    torch.manual_seed(0)
    conv, last = torch.nn.Conv2d(5, 7, 3, padding=1), torch.nn.Conv2d(5, 3, 7, padding=3)
    x = torch.randn(2, 5, 8, 6)
    copied = conv(torch.nn.functional.interpolate(x, scale_factor=2.0))
    torch.testing.assert_close(doubled(conv)(x), copied, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(Quartered(last)(x), last(x), atol=1e-5, rtol=1e-5)


def test_a_frame_costs_less_than_two_thirds_of_the_authors_order_of_work() -> None:
    """Operations of the full-size networks: the source is not encoded again, pixels are copied within a product."""
    config = fomm.PRESETS["fomm-vox"]()
    with torch.device("meta"):
        network = FOMM(config.architecture).eval()
        source, driving = torch.rand(2, 1, 3, 256, 256)
    with torch.inference_mode(), FlopCounterMode(display=False) as theirs:
        network(source, driving)
    animator = drawing.Animator(network, replace(config, precision="fp32"))
    still = animator.still(source[0])
    with FlopCounterMode(display=False) as ours:
        animator.moved(still, driving, None)
    assert ours.get_total_flops() < 0.7 * theirs.get_total_flops()


# --- drawing


@pytest.fixture(scope="module")
def learned(people: list[Footage], tmp_path_factory: pytest.TempPathFactory) -> FOMM:
    """A network after a training that is long enough to move things. See the last test for how well."""
    folder = tmp_path_factory.mktemp("run") / "run"
    # seeds 1 to 3 then all draw within a third of what a held picture errs; at 4e-3 rounding decides whether they do
    longer = replace(SMALL.learning, steps=300, rate=2e-3, preview_every=0, snapshot_every=0, warmup=20)
    train(folder, people, replace(SMALL, learning=longer))
    network = fomm.load(folder, CPU)
    assert isinstance(network, FOMM)
    network.folder = folder  # type: ignore[assignment] # nn.Module takes any attribute
    return network


@pytest.fixture
def small_reference() -> dict[str, np.ndarray]:
    with np.load(REFERENCE) as held:
        return dict(held)


def frames_of(made: Iterator[torch.Tensor]) -> torch.Tensor:
    return torch.cat(list(made))


def middle(frame_HWC: torch.Tensor, wall_HWC: torch.Tensor) -> np.ndarray:
    """Where the disc is: the mean place of what differs from the wall."""
    apart = (frame_HWC[..., :3].float() - wall_HWC.float()).abs().sum(-1)
    apart = torch.where(apart > 120, apart, 0)
    y, x = torch.meshgrid(torch.arange(32), torch.arange(32), indexing="ij")
    return np.array([(apart * axis).sum() / apart.sum() for axis in (x, y)])


def test_convert_streams_one_whole_frame_for_each_of_the_drivers(
    learned: FOMM, people: list[Footage], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, driver = people
    whole = frames_of(fomm.convert(learned, source, driver, SMALL))
    assert whole.shape == (9, 32, 32, 4)
    assert whole.dtype == torch.uint8
    assert (whole[..., 3] == 255).all()
    monkeypatch.setattr(drawing, "BATCH", 4)
    batches = list(fomm.convert(learned, source, driver, SMALL))
    assert [len(each) for each in batches] == [4, 4, 1]
    assert (torch.cat(batches).int() - whole.int()).abs().max() <= 1


def test_the_fast_path_draws_what_the_network_does(learned: FOMM, people: list[Footage]) -> None:
    source, driver = people
    drawn = frames_of(fomm.convert(learned, source, driver, replace(SMALL, motion="absolute")))[..., :3]
    stills, shown = (
        torch.stack([torch.from_numpy(each) for each in media.frames(side.clips[0])]).permute(0, 3, 1, 2).float() / 255
        for side in people
    )
    with torch.inference_mode():
        plain = learned(stills[:1].expand(len(shown), 3, 32, 32), shown)
    torch.testing.assert_close(drawn.permute(0, 3, 1, 2).float() / 255, plain, atol=1.5 / 255, rtol=0)
    half = frames_of(fomm.convert(learned, source, driver, replace(SMALL, motion="absolute", precision="bf16")))
    assert (half[..., :3].float() - drawn.float()).abs().mean() < 3


def test_half_precision_shakes_no_key_point(small_reference: dict[str, np.ndarray]) -> None:
    network, picture = filled(tiny()), torch.from_numpy(small_reference["in_source"]).float() / 255
    with torch.inference_mode():
        whole, half = (
            drawing.prepared(network, precision, CPU).kp_detector(picture[None]) for precision in ("fp32", "bf16")
        )
    assert torch.equal(whole.value, half.value)
    assert drawing.prepared(network, "bf16", CPU).generator.final.weight.dtype == torch.bfloat16


def test_relative_motion_begins_with_the_source_as_it_is_drawn_unmoved(learned: FOMM, people: list[Footage]) -> None:
    source, driver = people
    drawn = frames_of(fomm.convert(learned, source, driver, replace(SMALL, adapt_scale=False)))
    own = frames_of(fomm.convert(learned, source, source, replace(SMALL, motion="absolute")))
    assert (drawn[0].int() - own[0].int()).abs().max() <= 1
    grown = frames_of(fomm.convert(learned, source, driver, replace(SMALL, adapt_scale=True)))
    assert (grown[0].int() - own[0].int()).abs().max() <= 1  # nothing has moved yet, however much it will count


def test_motion_is_counted_from_the_frame_that_looks_most_like_the_picture(
    learned: FOMM, people: list[Footage]
) -> None:
    source, driver = people
    opened = [0.3, 0.25, 0.2, 0.1, 0.0, 0.1, 0.2, 0.3, 0.3]
    track = np.stack([30 * face(opened=each) + 16 for each in opened])
    own = Footage(source.subject, (faceset(8 * track[4:5].repeat(9, 0) + 3),), source.clips[:1])
    told = Footage(driver.subject, (faceset(track),), driver.clips[:1])
    drawn = frames_of(fomm.convert(learned, own, told, replace(SMALL, initial="best")))
    still = frames_of(fomm.convert(learned, source, source, replace(SMALL, motion="absolute")))[0]
    apart = (drawn.int() - still.int()).abs().amax((1, 2, 3))
    assert apart[4] <= 1
    assert apart.argmin() == 4
    assert apart[0] > 8


def test_another_networks_settings_are_refused(learned: FOMM, people: list[Footage]) -> None:
    with pytest.raises(CheckpointError, match="num_kp=5"):
        list(fomm.convert(learned, *people, replace(SMALL, num_kp=5)))
    with pytest.raises(CheckpointError, match="the settings ask for"):
        list(fomm.convert(learned, *people, replace(SMALL, align_corners=False)))
    assert len(frames_of(fomm.convert(learned, *people, RIVALS))) == 9  # a critic draws nothing


# --- learning


def lesson_of(people: list[Footage], folder: Path, config=SMALL):
    pool = gather(people, config.size, folder)
    return Lessons(pool, config.learning.batch, config.augmentation, config.loss.bending, 1).at(2)


def test_a_steps_losses_sum_to_what_is_minimised_and_the_critic_has_its_own(people, tmp_path) -> None:
    lesson, torch_seed = lesson_of(people, tmp_path), torch.manual_seed(0)
    seen = perception(SMALL.loss.features, Run(folder=tmp_path, seed=1, device=CPU), "fp32")
    assert torch_seed
    alone = step(FOMM(SMALL.architecture), lesson, SMALL.loss, seen)
    names = {"perceptual", "equivariance_value", "equivariance_jacobian"}
    assert set(alone) == names | {"loss"}
    torch.testing.assert_close(alone["loss"], sum(alone[name] for name in names))
    for critic in (SMALL.critic, replace(SMALL.critic, spectral=True, keypoints=False, shrinks=(1, 2))):
        network = FOMM(replace(RIVALS, critic=critic).architecture)
        found = step(network, lesson, RIVALS.loss, seen)
        assert set(found) == names | {"gan", "matching", "loss", "critic"}
        torch.testing.assert_close(found["loss"], sum(found[name] for name in names | {"gan", "matching"}))
        parts = {name: list(each) for name, each in network.parts().items()}
        assert {id(one) for part in parts.values() for one in part} == {id(one) for one in network.parameters()}
        for part, loss in (("loss", found["loss"]), ("critic", found["critic"])):
            slopes = torch.autograd.grad(loss, parts[part], retain_graph=True)
            assert all(torch.isfinite(slope).all() for slope in slopes)
            assert all(slope.abs().max() > 0 for slope in slopes if slope.dim() > 1 and slope.shape[1:] != (1, 1, 1))


def test_a_lesson_is_of_the_seed_and_the_step_alone(people, tmp_path) -> None:
    first, again = lesson_of(people, tmp_path), lesson_of(people, tmp_path)
    torch.testing.assert_close(first, again, atol=0, rtol=0)


def test_training_leaves_its_work_and_goes_on_exactly(people, tmp_path) -> None:
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    train(whole, people, RIVALS)
    names = {path.name for path in whole.iterdir()}
    assert names == {"weights.safetensors", "card.json", "loss.csv", "preview.png", "previews", "timelapse.mp4"}
    card = files.read_json(whole / "card.json")
    assert (card["subjects"], card["steps"], card["images"]) == (["p0", "p1"], 6, 24)
    with pytest.raises(Stopped):
        train(halves, people, RIVALS, allowed=lambda: "Enough for now.")
    train(halves, people, RIVALS)
    assert (halves / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()
    with pytest.raises(Stopped):
        train(tmp_path / "other", people, RIVALS, allowed=lambda: "Enough for now.")
    louder = replace(RIVALS, loss=replace(RIVALS.loss, matching=5.0))
    with pytest.raises(CheckpointError, match=r"recipe\.loss\.matching is 10\.0 there, 5\.0 here"):
        train(tmp_path / "other", people, louder)
    kept = fomm.load(whole, CPU)
    assert kept.discriminator is not None
    assert kept.subjects == ("p0", "p1")


def test_features_are_pretrained_where_a_training_looks_through_them(people, tmp_path) -> None:
    taught = replace(SMALL, loss=replace(SMALL.loss, features=replace(SMALL.loss.features, steps=5)))
    assert fomm.pretrains(taught)
    assert not fomm.pretrains(SMALL)
    weights = Weights(name="mine", path=tmp_path, sha256="0" * 64)
    assert not fomm.pretrains(replace(taught, weights=weights))
    with pytest.raises(ConfigError, match="nothing was"):
        train(tmp_path, people, taught)


def test_nobody_and_nothing_are_refused(tmp_path) -> None:
    with pytest.raises(ConfigError, match="given nobody"):
        train(tmp_path, [])
    with pytest.raises(CheckpointError):
        fomm.load(tmp_path / "nothing", CPU)


def test_it_learns_to_move_things_that_it_was_never_told_of(learned: FOMM, people: list[Footage], tmp_path) -> None:
    """A disc on a way that no clip of the training shows: drawn again from its first frame, it goes that way."""
    table = np.genfromtxt(learned.folder / "loss.csv", delimiter=",", names=True)
    assert table["perceptual"][-20:].mean() < 0.5 * table["perceptual"][:20].mean()
    ways = line((10, 20), (21, 12))
    clip = square(tmp_path, "held-out", ways, (230, 60, 40))
    empty = square(tmp_path, "empty", np.full((1, 2), -50.0), (0, 0, 0))
    own = Footage("p0", (), (clip,))
    drawn = frames_of(fomm.convert(learned, own, own, replace(SMALL, motion="absolute")))
    true = torch.stack([torch.from_numpy(each) for each in media.frames(clip)])
    wall = torch.from_numpy(next(iter(media.frames(empty))))
    ours = (drawn[..., :3].float() - true.float()).abs().mean()
    copied = (true[:1].float() - true.float()).abs().mean()
    assert ours < 0.6 * copied
    assert np.linalg.norm(middle(drawn[-1], wall) - ways[-1]) < 0.3 * np.linalg.norm(ways[-1] - ways[0])


# --- published weights, settings


def published(folder: Path, network: FOMM, name: str = "mine", **changed: object) -> Weights:
    """A checkpoint as the authors' trainer saves one."""
    content = {
        "generator": network.generator.state_dict(),
        "kp_detector": network.kp_detector.state_dict(),
        "discriminator": {},
        "optimizer_generator": torch.optim.Adam(network.generator.parameters()).state_dict(),
        "epoch": 99,
    }
    path = folder / f"{name}.pth.tar"
    torch.save(content | changed, path)
    return Weights(name=name, path=path, sha256=files.sha256(path))


def test_published_weights_draw_like_a_training_of_ones_own(learned: FOMM, people: list[Footage], tmp_path) -> None:
    weights = published(tmp_path, learned)
    config = replace(SMALL, weights=weights)
    assert fomm.adopts(config) == weights
    assert fomm.adopts(SMALL) is None
    fomm.adopt(weights, config, tmp_path / "adopted")
    card = files.read_json(tmp_path / "adopted/card.json")
    assert (card["state"], card["consented"], card["subjects"]) == ("adopted", False, [])
    network = fomm.load(tmp_path / "adopted/weights.safetensors", CPU)
    made, there = (frames_of(fomm.convert(each, *people, config)) for each in (network, learned))
    assert torch.equal(made, there)


def test_weights_that_do_not_fit_are_refused_by_name(learned: FOMM, tmp_path) -> None:
    (tmp_path / "adopted").mkdir()
    others = FOMM(replace(SMALL, num_kp=5).architecture)
    wrong = published(tmp_path, learned, "five", generator=others.generator.state_dict())
    with pytest.raises(CheckpointError, match=r"generator\.dense_motion_network\.hourglass"):
        fomm.adopt(wrong, SMALL, tmp_path / "adopted")
    half = published(tmp_path, learned, "half", kp_detector=None)
    with pytest.raises(CheckpointError, match="kp_detector"):
        fomm.adopt(half, SMALL, tmp_path / "adopted")
    with pytest.raises(CheckpointError, match="sha256"):
        fomm.adopt(replace(half, sha256="0" * 64), SMALL, tmp_path / "adopted")
    assert not list((tmp_path / "adopted").iterdir())


@pytest.mark.parametrize("name", sorted(fomm.PRESETS))
def test_presets_are_whole_settings_that_yaml_can_hold(name: str) -> None:
    config = fomm.PRESETS[name]()
    assert settings.build(fomm.Config, settings.plain(config), "fomm") == config
    assert fomm.crop_space(config)[1] == config.size
    assert (config.architecture.critic is None) == (name != "fomm-vox-adv")


def test_the_full_presets_are_the_published_networks_and_the_small_one_is_small() -> None:
    with torch.device("meta"):
        plain, rival, small = (
            FOMM(fomm.PRESETS[name]().architecture) for name in ("fomm-vox", "fomm-vox-adv", "fomm-tiny")
        )

    def count(module: torch.nn.Module) -> int:
        return sum(each.numel() for each in module.parameters())

    assert (count(plain.generator), count(plain.kp_detector)) == (45_575_391, 14_215_368)
    assert rival.discriminator is not None
    assert count(rival.discriminator) == 2_769_089
    assert count(small) < 0.01 * count(plain)


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"size": 40}, "multiple of"),
        ({"num_kp": 0}, "num_kp"),
        ({"temperature": 0.0}, "temperature"),
        ({"detector": Glass(width=4, most=16, blocks=1, shrink=16)}, "8 pixels"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(changes: dict[str, object], fact: str) -> None:
    with pytest.raises(ValueError, match=fact):
        replace(TINY, **changes)
    with pytest.raises(ValueError, match="perceptual"):
        replace(TINY.loss, perceptual=0.0)
