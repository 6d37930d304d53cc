"""The critic is StyleGAN2's: its names and shapes, and that it sees when all pictures of a batch are alike."""

import pytest
import torch

from understudy.methods import lia
from understudy.methods.lia.critic import Critic, spread


def test_it_has_the_names_and_shapes_of_the_authors_trainer():
    with torch.device("meta"):
        state = Critic(lia.PRESETS["lia-vox"]().architecture).state_dict()
    shapes = {name: tuple(value.shape) for name, value in state.items()}
    assert shapes["convs.0.0.weight"] == (64, 3, 1, 1)
    assert shapes["convs.6.conv2.1.weight"] == (512, 512, 3, 3)
    assert shapes["convs.1.skip.1.weight"] == (128, 64, 1, 1)
    assert shapes["final_conv.0.weight"] == (512, 513, 3, 3)
    assert shapes["final_linear.0.weight"] == (512, 512 * 16)
    assert shapes["final_linear.1.bias"] == (1,)


def test_spread_is_the_mean_deviation_of_four_pictures_and_nothing_where_they_are_equal():
    maps = torch.rand(8, 5, 4, 4, generator=torch.Generator().manual_seed(1))
    found = spread(maps)
    assert found.shape == (8, 1, 4, 4)
    together = maps[0::2]  # the groups are interleaved: two of four
    assert found[0].unique().item() == pytest.approx(together.std(dim=0, correction=0).mean().item(), rel=1e-5)
    assert torch.equal(found[0], found[2])
    assert spread(maps[:1].expand(6, -1, -1, -1)).abs().max() < 1e-3  # six: groups of three


def test_judging_is_scaled_to_keep_the_spread_of_its_input():
    """Equalised weights: at the start, judgements of pictures of spread 1 neither vanish nor explode."""
    torch.manual_seed(0)
    critic = Critic(lia.PRESETS["lia-tiny"]().architecture)
    judged = critic(torch.randn(16, 3, 64, 64))
    assert judged.shape == (16, 1)
    assert 0.01 < judged.std() + judged.mean().abs() < 10
