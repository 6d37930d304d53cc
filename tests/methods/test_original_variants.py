"""The networks and recipes that users of deepfakes/faceswap know by name: their sizes, their figures, their files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torch.utils.flop_counter import FlopCounterMode

from understudy import settings
from understudy.errors import CheckpointError
from understudy.faces import align
from understudy.learning import Run, save_weights
from understudy.methods import original
from understudy.methods._faces import pool, samples, warps
from understudy.methods.original.network import Architecture, Original, Residual

ROOT = Path(__file__).resolve().parents[2]
CPU = torch.device("cpu")


def count(module: torch.nn.Module) -> float:
    return sum(parameter.numel() for parameter in module.parameters()) / 1e6


@pytest.mark.parametrize(
    ("variant", "encoder", "decoder", "drawn", "gflop"),
    [("original", 69.663, 6.200, 64, 3.80), ("lowmem", 48.166, 6.200, 64, 3.36), ("dfaker", 69.663, 21.834, 128, 17.8)],
)
def test_the_published_networks_have_their_sizes_and_costs(variant, encoder, decoder, drawn, gflop):
    """Summed by hand from the layers: a k x k convolution of a to b filters has a b k k + b numbers."""
    with torch.device("meta"):
        architecture = original.PRESETS["original" if variant == "original" else variant]().architecture
        assert architecture == Architecture(width=1.0, size=64, mask=False, variant=variant)
        network = Original(architecture)
        with FlopCounterMode(display=False) as counted:
            assert network(torch.empty(1, 3, 64, 64), 1).shape == (1, 3, drawn, drawn)
    assert architecture.drawn == drawn
    assert count(network.encoder) == pytest.approx(encoder, abs=0.001)
    assert [count(each) for each in network.decoders] == [pytest.approx(decoder, abs=0.001)] * 2
    assert counted.get_total_flops() / 1e9 == pytest.approx(gflop, rel=0.005)


def test_lowmem_lacks_the_widest_convolution_and_half_the_bottleneck():
    with torch.device("meta"):
        encoder = Original(Architecture(width=1.0, size=64, mask=False, variant="lowmem")).encoder
    assert [convolution.out_channels for convolution in encoder.convolutions] == [128, 256, 512]
    assert (encoder.narrow.in_features, encoder.narrow.out_features) == (8 * 8 * 512, 512)
    assert (encoder.wide.out_features, encoder.up.convolution.out_channels) == (4 * 4 * 1024, 4 * 512)


@pytest.mark.parametrize("variant", ["original", "lowmem", "dfaker"])
@pytest.mark.parametrize("size", [32, 64, 96])
def test_every_variant_draws_at_every_size_with_a_mask(variant, size):
    architecture = Architecture(width=1 / 16, size=size, mask=True, variant=variant)
    drawn = Original(architecture)(torch.rand(2, 3, size, size), 0)
    assert drawn.shape == (2, 4, architecture.drawn, architecture.drawn)
    assert drawn.min() >= 0
    assert drawn.max() <= 1


def test_a_residual_block_adds_to_what_comes_in():
    block = Residual(4)
    torch.nn.init.zeros_(block.second.weight)
    torch.nn.init.zeros_(block.second.bias)
    came = torch.rand(1, 4, 8, 8)
    torch.testing.assert_close(block(came), came)
    network = Original(Architecture(width=0.25, size=32, mask=False, variant="dfaker"))
    blocks = [module for module in network.modules() if isinstance(module, Residual)]
    assert len(blocks) == 6  # three a decoder: none after the last doubling
    assert blocks[0].first.weight.std().item() == pytest.approx(0.02, rel=0.05)


def test_weights_of_before_there_were_variants_load(tmp_path):
    """Such a file's header knows of width, size and mask alone; the published network still writes just that."""
    network = Original(Architecture(width=1 / 16, size=32, mask=True))
    header = {"network": "original", "width": 1 / 16, "size": 32, "mask": True}
    assert network.architecture.plain() == header
    save_weights(tmp_path / "weights.safetensors", network, {"architecture": header, "subjects": ["ada", "bruno"]})
    loaded = original.load(tmp_path, CPU)
    assert loaded.architecture == network.architecture
    assert all(torch.equal(value, network.state_dict()[name]) for name, value in loaded.state_dict().items())


def test_another_variant_is_another_network(tmp_path):
    network = Original(Architecture(width=1 / 16, size=32, mask=False, variant="lowmem"))
    save_weights(
        tmp_path / "weights.safetensors",
        network,
        {"architecture": network.architecture.plain(), "subjects": ["a", "b"]},
    )
    model = original.load(tmp_path, CPU)
    assert model.architecture.variant == "lowmem"
    asked = replace(original.PRESETS["original"](), width=1 / 16, size=32)
    with pytest.raises(CheckpointError, match=r"variant='lowmem'.*variant='original'"):
        list(original.convert(model, None, None, asked))


# --- recipes


@pytest.mark.parametrize("name", original.PRESETS)
def test_a_preset_is_whole_and_goes_through_yaml(name):
    config = original.PRESETS[name]()
    assert isinstance(config, original.Config)
    assert settings.build(original.Config, settings.plain(config)) == config
    assert config.variant == ("original" if name.startswith("original") else name.removesuffix("-small"))
    assert (config.width, config.size) == (0.125 if name.endswith("-small") else 1.0, 64)


def test_the_small_original_is_the_default_studys():
    study = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    written = settings.build(original.Config, study["methods"]["original"])
    assert replace(original.PRESETS["original-small"](), start=written.start) == written


def test_the_recipes_have_their_published_figures():
    then, now = original.PRESETS["original-2018"](), original.PRESETS["original"]()
    assert (then.loss.mae, then.loss.mse, then.loss.ssim, then.loss.even, then.update) == (1, 0, 0, True, "apart")
    assert (then.learning.batch, then.learning.rate, then.learning.beta1, then.learning.beta2) == (64, 5e-5, 0.5, 0.999)
    assert (then.augmentation.flip, then.augmentation.follow, then.augmentation.warp) == (0.4, True, 5 / 160)
    assert (now.loss.ssim, now.loss.mse, now.loss.outside, now.loss.eyes, now.loss.mouth) == (1, 1, 0, 3, 2)
    assert (now.learning.batch, now.learning.rate, now.learning.beta1, now.learning.beta2) == (16, 5e-5, 0.9, 0.999)
    assert (now.learning.epsilon, now.update) == (1e-7, "summed")
    assert (now.augmentation.flip, now.augmentation.warp, now.augmentation.follow) == (0.5, 5 / 256, False)
    assert (now.augmentation.lightness, now.augmentation.tint, now.augmentation.clahe) == (0.3, 0.08, 0.5)
    for recipe in (then, now):
        assert (recipe.augmentation.rotation, recipe.augmentation.zoom, recipe.augmentation.shift) == (10, 0.05, 0.05)


def test_local_equalisation_raises_contrast_where_there_is_little():
    ramp = np.tile(np.linspace(110, 130, 96).astype(np.uint8)[None, :, None], (96, 1, 3))
    plain = samples.recolour(ramp, np.zeros(3, np.float32), 0)
    raised = [samples.recolour(ramp, np.zeros(3, np.float32), cells) for cells in (2, 6)]
    assert all(each.std() > 1.1 * plain.std() for each in raised)
    assert not np.array_equal(*raised)


def test_what_no_equalisation_is_asked_of_is_drawn_as_ever():
    """The cells are drawn after all else: with and without them a plan is the same but for them."""
    faces = pool.Pool(np.zeros((4, 48, 48, 3), np.uint8), np.zeros((4, 92, 2)))
    how = original.PRESETS["original"]().augmentation
    plans = [warps.plan(np.random.default_rng(0), 64, faces, 32, each) for each in (how, replace(how, clahe=0.0))]
    for name in warps.Plan._fields[:-1]:
        if name != "cells_B":
            assert np.array_equal(getattr(plans[0], name), getattr(plans[1], name)), name
    assert not plans[1].cells_B.any()


def test_dfaker_draws_twice_the_size_and_is_pasted_where_it_was_seen(tmp_path):
    """128 px that show what the 64 px did: a moved crop's aim is the input's picture at twice the scale."""
    config = original.PRESETS["dfaker"]()
    assert (config.drawn, original.crop_space(config)) == (128, ("face", 128))
    generator = np.random.default_rng(0)
    side = 192
    pictures = generator.integers(0, 256, (3, 6, 6, 3)).astype(np.uint8)
    smooth = np.stack([align.crop(each, np.array([[32.0, 0, 16], [0, 32.0, 16]]), side) for each in pictures])
    faces = pool.Pool(smooth, np.tile(generator.uniform(40, 150, (1, 92, 2)), (3, 1, 1)))
    still = replace(config.augmentation, rotation=0, zoom=0, shift=0, flip=0, warp=0, lightness=0, tint=0, clahe=0)
    pairs = samples.Pairs([faces, faces], 4, 64, still, config.loss, seed=0, apart=False, drawn=config.drawn)
    _, batch = pairs.at(0)[0]
    assert (batch.inputs.shape[-1], batch.aims.shape[-1], batch.weights.shape[-1]) == (64, 128, 128)
    halved = torch.nn.functional.avg_pool2d(batch.aims, 2)
    assert (halved - batch.inputs).abs().mean() < 0.01


@pytest.mark.parametrize("name", ["lowmem-small", "dfaker-small"])
def test_a_variant_trains_and_is_found_again(name, tmp_path):
    config = original.PRESETS[name]()
    faces = pool.Pool(np.random.default_rng(0).integers(0, 256, (3, 96, 96, 3), np.uint8), np.full((3, 92, 2), 40.0))
    network = Original(config.architecture)
    pairs = samples.Pairs([faces] * 2, 2, 64, config.augmentation, config.loss, seed=0, apart=False, drawn=config.drawn)
    losses = original.step(network, pairs.at(0), config)
    losses["loss"].backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    run = Run(folder=tmp_path, seed=1, device=CPU)
    save_weights(
        run.folder / "weights.safetensors",
        network,
        {"architecture": network.architecture.plain(), "subjects": ["a", "b"]},
    )
    assert original.load(tmp_path, CPU).architecture == config.architecture
