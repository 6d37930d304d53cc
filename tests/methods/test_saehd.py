"""SAEHD's networks, losses, warps and critics: the published sizes and costs, and what each says of itself."""

import itertools
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from understudy import settings
from understudy.errors import ConfigError
from understudy.methods import saehd
from understudy.methods._faces import warps as shared
from understudy.methods.saehd import losses
from understudy.methods.saehd.architecture import Architecture, Dims
from understudy.methods.saehd.critics import CodeCritic, PictureCritic, sees, strides, taken_for
from understudy.methods.saehd.network import SAEHD, Encoder, PixelNorm, spread
from understudy.methods.saehd.warps import Augmentation, bends, plan

PUBLISHED = Dims(ae=256, e=64, d=64, d_mask=22)
SMALL = Dims(ae=16, e=4, d=4, d_mask=2)
FULL = saehd.PRESETS["liae-full"]()
STILL = replace(FULL.augmentation, rotation=0.0, scale=0.0, shift=0.0, flip=0.0, warp="off")
LAYOUTS = ["df", "df-ud", "df-t", "df-utdc", "liae", "liae-c", "liae-ud", "liae-utdc"]


def small(layout: str, size: int = 32) -> SAEHD:
    torch.manual_seed(0)
    return SAEHD(Architecture(layout=layout, size=size, dims=SMALL))


# --- the networks


@pytest.mark.parametrize(
    ("layout", "size", "millions", "gigaflops"),
    [
        ("df", 128, 57.5, 55.5),
        ("df-ud", 128, 54.5, 15.2),
        ("liae-ud", 128, 82.4, 18.2),
        ("df", 256, 95.3, None),
        ("df-ud", 256, 82.8, None),
        ("liae-ud", 256, 145.3, None),
    ],
)
def test_the_published_networks_have_their_size_and_cost(layout, size, millions, gigaflops):
    with torch.device("meta"):
        network = SAEHD(Architecture(layout=layout, size=size, dims=PUBLISHED))
        assert sum(each.numel() for each in network.parameters()) / 1e6 == pytest.approx(millions, abs=0.05)
        if gigaflops:
            with FlopCounterMode(display=False) as counted:
                network(torch.empty(1, 3, size, size), 1)
            assert counted.get_total_flops() / 1e9 == pytest.approx(gigaflops, abs=0.05)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [32, 64])
def test_every_network_draws_what_it_was_shown_the_size_of(layout, size):
    network = small(layout, size)
    drawn = network(torch.rand(2, 3, size, size), 1)
    assert drawn.shape == (2, 4, size, size)
    assert 0 <= drawn.min() <= drawn.max() <= 1
    flat = network.encoded(torch.rand(2, 3, size, size))
    assert flat.shape == (2, network.architecture.flat)
    assert network.shared(flat).shape[-1] == network.architecture.coded


def test_pixel_norm_gives_every_code_unit_power():
    rows = torch.randn(5, 300) * torch.tensor([[1e-2], [1], [10], [100], [1000]])
    normed = PixelNorm()(rows)
    torch.testing.assert_close(normed.square().mean(dim=1), torch.ones(5), atol=2e-2, rtol=0)
    torch.testing.assert_close(normed[2] / normed[2, 0], rows[2] / rows[2, 0])
    crops = torch.rand(3, 3, 32, 32)
    with_u, without = (Encoder(Architecture(layout=name, size=32, dims=SMALL)) for name in ("df-u", "df"))
    without.load_state_dict(with_u.state_dict())
    torch.testing.assert_close(with_u(crops), PixelNorm()(without(crops)))


def test_depth_to_space_is_the_inverse_of_taking_every_second_pixel():
    picture = torch.rand(2, 3, 8, 10)
    parts = [picture[:, :, row::2, column::2] for row, column in itertools.product((0, 1), (0, 1))]
    assert torch.equal(spread(parts), picture)
    network = small("df-d")
    seen = []
    network.decoders[0].picture.register_forward_hook(lambda module, given, made: seen.append(made))
    drawn = network(torch.rand(1, 3, 32, 32), 0)
    upper_left = torch.sigmoid(network.decoders[0].heads[0](seen[0]).float())  # the head that sees its place alone
    torch.testing.assert_close(drawn[:, :3, ::2, ::2], upper_left)


def test_c_is_x_cos_x():
    x = torch.linspace(-4, 4, 50)
    architecture = Architecture(layout="df-c", size=32, dims=SMALL)
    torch.testing.assert_close(
        saehd.network.Activation(architecture)(x), torch.from_numpy(x.numpy() * np.cos(x.numpy()))
    )


def test_liae_draws_each_subject_from_its_own_inters():
    """Side 0 is [AB, AB], side 1 is [B, AB]; inter B is nothing to side 0."""
    network, crops = small("liae-ud"), torch.rand(2, 3, 32, 32)
    flat = network.encoded(crops)
    shared_code = network.shared(flat)
    zero, one = (network.code(flat, shared_code, side) for side in (0, 1))
    torch.testing.assert_close(zero, torch.cat([shared_code, shared_code], dim=1))
    torch.testing.assert_close(one, torch.cat([network.inters[1](flat), shared_code], dim=1))
    network(crops, 0).sum().backward()
    assert all(parameter.grad is None for parameter in network.inters[1].parameters())
    assert all(parameter.grad is not None for parameter in network.inters[0].parameters())


def test_both_sides_at_once_are_each_by_itself():
    for layout in ("df-ud", "liae-ud"):
        network, crops = small(layout).eval(), torch.rand(4, 3, 32, 32)
        flat = network.encoded(crops)
        pairs = zip(flat.chunk(2), network.shared(flat).chunk(2), strict=True)
        drawn = network.both([network.code(*half, side) for side, half in enumerate(pairs)])
        for side, part in enumerate(drawn):
            torch.testing.assert_close(part, network(crops[2 * side : 2 * side + 2], side), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("layout", ["", "fd", "df-", "df-uu", "df-x", "liae_ud", "DF"])
def test_layouts_that_are_none_are_refused(layout):
    with pytest.raises(ConfigError, match="architecture"):
        settings.build(saehd.Config, {**settings.plain(FULL), "architecture": layout})


@pytest.mark.parametrize(("layout", "size"), [("df", 72), ("df-d", 80), ("df-t", 80), ("liae", 0)])
def test_sizes_that_cannot_be_halved_are_refused(layout, size):
    with pytest.raises(ValueError, match="multiple of"):
        Architecture(layout=layout, size=size, dims=SMALL)


# --- the warp


def augmented(**changes) -> Augmentation:
    return replace(FULL.augmentation, **changes)


def test_the_faithful_warp_is_its_own_mirror_image_and_the_fixed_one_is_not():
    for name in ("faithful", "fixed"):
        moved = bends(np.random.default_rng(0), 200, augmented(warp=name))
        mirrored = np.allclose(moved.imag, moved.real.transpose(0, 2, 1), atol=1e-12)
        assert mirrored == (name == "faithful")
        between = np.corrcoef(moved.imag.ravel(), moved.real.transpose(0, 2, 1).ravel())[0, 1]
        assert between == pytest.approx(1.0 if name == "faithful" else 0.0, abs=0.05)
    assert not bends(np.random.default_rng(0), 5, augmented(warp="off")).any()


def in_two(moved_B99: np.ndarray) -> np.ndarray:
    """Which crops are cut in two each way: only then does the warp rise evenly from a corner to the middle."""
    return np.isclose(moved_B99[:, 1, 1] * 16, moved_B99[:, 4, 4]) & (moved_B99[:, 4, 4] != 0)


def test_the_warp_moves_the_inner_corners_of_its_cells_by_truncated_normal_numbers():
    moved = bends(np.random.default_rng(0), 6000, augmented(warp="fixed", bend=0.24))
    assert not moved[:, [0, -1]].any()
    assert not moved[:, :, [0, -1]].any()
    halves = moved[in_two(moved), 4, 4].real
    assert len(halves) / 6000 == pytest.approx(1 / 3, abs=0.02)
    assert np.abs(halves).max() == pytest.approx(0.24 / 2, rel=0.05)
    spread_of = 0.24 / 2 / 2.5 * 0.9545  # standard deviation of a normal number cut off at 2.5: .9545
    assert halves.std() == pytest.approx(spread_of, rel=0.05)
    assert np.abs(moved.real).max() <= 0.24 / 2


def test_coarse_cells_are_the_same_surface_on_the_fine_grid():
    """A crop cut in two each way is bent as OpenCV interpolates its 3x3 corners."""
    generator = np.random.default_rng(1)
    moved = bends(generator, 50, augmented(warp="fixed"))
    moved = moved[in_two(moved)][0]
    fine = shared.spread(64, 9) @ moved.real @ shared.spread(64, 9).T
    coarse = shared.spread(64, 3) @ moved.real[::4, ::4] @ shared.spread(64, 3).T
    np.testing.assert_allclose(fine, coarse, atol=1e-12)


def test_variations_lie_within_what_was_asked():
    how = augmented(rotation=10.0, scale=0.15, shift=0.05, flip=0.4)
    pool = type("Faces", (), {"size": 48, "__len__": lambda self: 7})()
    drawn = plan(np.random.default_rng(0), 4000, pool, 32, how)
    to_crop = shared.inverted(drawn.to_pool_B23)
    scale = np.sqrt(np.abs(np.linalg.det(to_crop[:, :, :2]))) * 48 / 32
    assert scale.min() == pytest.approx(1 / 1.15, abs=2e-3)
    assert scale.max() == pytest.approx(1.15, abs=2e-3)
    assert np.mean(np.linalg.det(to_crop[:, :, :2]) < 0) == pytest.approx(0.4, abs=0.03)
    turn = np.degrees(np.arctan2(-to_crop[:, 0, 1], to_crop[:, 1, 1]))
    assert (turn.min(), turn.max()) == (pytest.approx(-10, abs=0.1), pytest.approx(10, abs=0.1))
    centre = shared.applied(to_crop, np.full((4000, 1, 2), 23.5))[:, 0] - 15.5
    assert np.abs(centre).max() == pytest.approx(0.05 * 32, rel=0.01)
    assert set(drawn.index_B) == set(range(7))
    straight = plan(np.random.default_rng(0), 4000, pool, 32, how, warped=False)
    np.testing.assert_array_equal(straight.to_pool_B23, drawn.to_pool_B23)
    np.testing.assert_array_equal(straight.bend_B55, np.broadcast_to(shared.grid(32, 9), (4000, 9, 9)))


# --- the losses


def test_dssim_is_wang_et_als_by_another_way():
    generator = np.random.default_rng(0)
    one = cv2.GaussianBlur(generator.random((40, 48)), (0, 0), 1)
    two = np.clip(one + generator.normal(0, 0.05, one.shape), 0, 1)
    for window in (5, 11, 22):
        at = np.arange(window) - (window - 1) / 2
        kernel = np.exp(-(at[:, None] ** 2 + at**2) / (2 * 1.5**2))
        views = [np.lib.stride_tricks.sliding_window_view(each, (window, window)) for each in (one, two)]
        weights = kernel / kernel.sum()
        mean = [(view * weights).sum((-1, -2)) for view in views]
        var = [(view**2 * weights).sum((-1, -2)) - m**2 for view, m in zip(views, mean, strict=True)]
        both = (views[0] * views[1] * weights).sum((-1, -2)) - mean[0] * mean[1]
        ssim = (2 * mean[0] * mean[1] + 1e-4) * (2 * both + 9e-4)
        ssim /= (mean[0] ** 2 + mean[1] ** 2 + 1e-4) * (var[0] + var[1] + 9e-4)
        ours = losses.dssim(*(torch.from_numpy(each)[None, None].float() for each in (one, two)), window)
        assert ours.item() == pytest.approx((1 - ssim.mean()) / 2, abs=2e-5)


def test_large_pictures_are_compared_at_two_scales():
    for side, windows in ((64, (5,)), (128, (11,)), (256, (22, 11))):
        one, two = torch.rand(2, 1, 3, side, side).unbind()
        expected = torch.stack([losses.dssim(one, two, window) for window in windows]).mean()
        torch.testing.assert_close(losses.scaled_dssim(one, two), expected)


def test_a_softened_mask_is_whole_within_and_fades_outside():
    mask = np.zeros((64, 64), np.float32)
    mask[16:48, 20:44] = 1
    ours = losses.softened(torch.from_numpy(mask)[None, None])[0, 0].numpy()
    other = 2 * np.clip(ndimage.gaussian_filter(mask.astype(np.float64), 2.0, mode="constant", truncate=12), 0, 0.5)
    np.testing.assert_allclose(ours, other, atol=1e-4)
    assert ours[17:47, 21:43].min() > 0.99
    assert 0.02 < ours[32, 45] < 0.98
    assert ours[32, 56] < 1e-3


def test_the_reconstruction_is_its_definitions():
    drawn, true = torch.rand(2, 4, 32, 32), torch.rand(2, 3, 32, 32)
    mask = torch.zeros(2, 1, 32, 32)
    mask[..., 8:24, 8:24] = 1
    parts = torch.zeros_like(mask)
    parts[..., 10:12, 10:14] = 1
    mix = replace(FULL.loss, dssim=10.0, mse=10.0, mask=10.0, eyes_mouth=300.0)
    found = losses.reconstruction(drawn, true, mask, parts, mix)
    soft = losses.softened(mask)
    torch.testing.assert_close(found["mse"], 10 * ((drawn[:, :3] * soft - true * soft) ** 2).mean())
    torch.testing.assert_close(found["mask"], 10 * ((drawn[:, 3:] - mask) ** 2).mean())
    there = (drawn[:, :3] - true).abs()[..., 10:12, 10:14]
    torch.testing.assert_close(found["eyes_mouth"], 300 * there.sum() / true.numel())
    torch.testing.assert_close(found["dssim"], 10 * losses.dssim(drawn[:, :3] * soft, true * soft, 2))
    outside = drawn.clone()
    outside[:, :3, :2] = 0
    same = losses.reconstruction(outside, true, mask, parts, mix)
    torch.testing.assert_close(same["mse"], found["mse"])
    unmasked = [losses.reconstruction(each, true, mask, parts, replace(mix, masked=False)) for each in (drawn, outside)]
    assert unmasked[0]["mse"] != unmasked[1]["mse"]
    assert set(losses.reconstruction(drawn, true, mask, parts, replace(mix, eyes_mouth=0.0, mask=0.0))) == {
        "dssim",
        "mse",
    }


def test_style_sees_colours_in_the_face_and_everything_around_it():
    driver = torch.rand(1, 3, 32, 32)
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 8:24, 8:24] = 1
    mix = replace(FULL.loss, face_style=10.0, background_style=10.0)
    inside = losses.softened(mask) > 0.5
    shuffled = driver.clone()
    core = driver[..., 12:20, 12:20]
    shuffled[..., 12:20, 12:20] = core.flip(-1)  # the same colours elsewhere in the face
    found = losses.style(shuffled, driver, mask, mix)
    assert found["face_style"].item() == pytest.approx(0, abs=1e-4)
    assert found["background_style"].item() == pytest.approx(0, abs=1e-5)
    tinted = losses.style((driver + 0.1 * inside).clamp(0, 2), driver, mask, mix)
    assert tinted["face_style"].item() == pytest.approx(10_000 * 0.1 * 0.1**2, rel=0.1)
    around = losses.style(driver * inside, driver, mask, mix)
    assert around["background_style"].item() > 0.1
    weights = mask.expand(1, 3, 32, 32)
    mean, deviation = losses.moments(driver, mask)
    chosen = driver[weights > 0].view(3, -1)
    torch.testing.assert_close(mean[0], chosen.mean(dim=1))
    torch.testing.assert_close(deviation[0], chosen.std(dim=1, correction=0), atol=1e-4, rtol=0)


def test_the_backdrop_is_held_a_little_and_smoothed_less():
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 8:24, 8:24] = 1
    true = torch.full((1, 3, 32, 32), 0.5)
    brighter = true + 0.2
    around = 1 - losses.softened(mask)
    expected = 0.02 * ((0.2 * around) ** 2).mean()
    torch.testing.assert_close(losses.backdrop(brighter, true, mask), expected)
    ramp = torch.arange(32.0).expand(1, 3, 32, 32) / 32
    assert losses.backdrop(ramp, ramp, mask).item() == pytest.approx(1e-6 / 32**2, rel=1e-3)


# --- the critics


@pytest.mark.parametrize("patch", [8, 12, 16, 32])
def test_a_coarse_judgement_sees_its_patch_and_no_more(patch):
    torch.manual_seed(0)
    critic, picture = PictureCritic(patch, 4), torch.rand(1, 3, 128, 128, requires_grad=True)
    coarse, fine = critic(picture)
    assert fine.shape == (1, 1, 128, 128)
    middle = coarse.shape[-1] // 2
    (grad,) = torch.autograd.grad(coarse[0, 0, middle, middle], picture)
    rows, columns = torch.nonzero(grad[0].abs().sum(dim=0), as_tuple=True)
    seen = sees(strides(patch))
    assert rows.max() - rows.min() + 1 == columns.max() - columns.min() + 1 == seen
    assert abs(seen - patch) <= 1
    (all_of_it,) = torch.autograd.grad(critic(picture)[1][0, 0, 64, 64], picture)
    assert (all_of_it[0].abs().sum(dim=0) > 0).sum() > seen**2  # a pixel's judgement looks about itself


def test_the_code_critic_shrinks_a_code_by_one_and_an_eighth_of_its_side():
    for side, layers in ((4, 1), (8, 2), (16, 3), (32, 5)):
        critic = CodeCritic(6, side, 4)
        assert len(critic.convolutions) == layers
        assert critic(torch.rand(2, 6, side, side)).shape[:2] == (2, 1)
        assert critic.convolutions[0].kernel_size == (4, 4)


def test_judgements_are_binary_cross_entropy():
    logits = torch.tensor([-2.0, 0.0, 3.0])
    sure = 1 / (1 + np.exp(-logits.numpy()))
    assert taken_for(logits, real=True).item() == pytest.approx(-np.log(sure).mean(), rel=1e-5)
    assert taken_for((logits, logits), real=False).item() == pytest.approx(-2 * np.log(1 - sure).mean(), rel=1e-5)


def test_true_face_pushes_two_clouds_of_codes_together():
    """Codes of two subjects that lie apart: their maps learn to mix them, the critic to tell them apart."""
    torch.manual_seed(0)
    moves = [nn.Parameter(torch.full((1, 4, 1, 1), value)) for value in (-1.0, 1.0)]
    critic = CodeCritic(4, 4, 8)
    own, theirs = torch.optim.Adam(moves, lr=0.01), torch.optim.Adam(critic.parameters(), lr=0.02)
    apart = []
    for _ in range(300):
        codes = [torch.randn(16, 4, 4, 4) * 0.3 + move for move in moves]
        found: dict[str, torch.Tensor] = {}
        network = SimpleNamespace(code_critics=[critic])
        (judged,) = saehd.lessons._told_apart(network, codes, replace(FULL.loss, true_face=1.0), found)
        grads = [torch.autograd.grad(found["true_face"], moves, retain_graph=True)]
        grads.append(torch.autograd.grad(judged, list(critic.parameters())))
        for optimiser, grad in zip((own, theirs), grads, strict=True):
            for parameter, value in zip(optimiser.param_groups[0]["params"], grad, strict=True):
                parameter.grad = value
            optimiser.step()
        apart.append((moves[1] - moves[0]).detach().mean().item())
    assert apart[0] > 1.9
    assert abs(np.mean(apart[-50:])) < 0.6


# --- settings


@pytest.mark.parametrize("name", sorted(saehd.PRESETS))
def test_presets_come_from_yaml_and_go_back(name):
    preset = saehd.PRESETS[name]()
    assert settings.build(saehd.Config, settings.plain(preset)) == preset
    assert preset.size == (128 if name.endswith("-full") else 64)
    if name.endswith("-full"):
        assert preset.dims == PUBLISHED


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("loss", "gan", -1.0),
        ("loss", "face_style", 101.0),
        ("augmentation", "bend", 0.7),
        ("augmentation", "warp", "on"),
        ("dims", "ae", 0),
    ],
)
def test_settings_out_of_range_are_refused_by_name(part, key, value):
    wrong = settings.plain(FULL)
    wrong[part] = {**wrong[part], key: value}
    with pytest.raises(ConfigError, match=part):
        settings.build(saehd.Config, wrong)
