"""The optimisers: against their papers' algorithms in plain numbers, and what rate_dropout does to them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from understudy import settings as typed
from understudy.errors import ConfigError
from understudy.learning import Draws, Learning, optimisers
from understudy.learning.optimisers import AdaBelief, Adam, Blockwise, RMSprop, optimiser

RATE, BETAS, EPSILON = 1e-2, (0.8, 0.95), 1e-3
KINDS = (Adam, AdaBelief, RMSprop)


def adam(g: Iterator[float], corrected: bool) -> Iterator[float]:
    """Kingma, Ba 2015, algorithm 1: the moves of one weight, one number at a time."""
    m = v = 0.0
    for t, gradient in enumerate(g, 1):
        m = BETAS[0] * m + (1 - BETAS[0]) * gradient
        v = BETAS[1] * v + (1 - BETAS[1]) * gradient**2
        first, second = (1 - BETAS[0] ** t, 1 - BETAS[1] ** t) if corrected else (1.0, 1.0)
        yield RATE * (m / first) / ((v / second) ** 0.5 + EPSILON)


def adabelief(g: Iterator[float], corrected: bool) -> Iterator[float]:
    """Zhuang et al. 2020, algorithm 2; without correction as DeepFaceLab has it, with no epsilon in the mean."""
    m = s = 0.0
    for t, gradient in enumerate(g, 1):
        m = BETAS[0] * m + (1 - BETAS[0]) * gradient
        s = BETAS[1] * s + (1 - BETAS[1]) * (gradient - m) ** 2 + (EPSILON if corrected else 0.0)
        first, second = (1 - BETAS[0] ** t, 1 - BETAS[1] ** t) if corrected else (1.0, 1.0)
        yield RATE * (m / first) / ((s / second) ** 0.5 + EPSILON)


def rmsprop(g: Iterator[float], corrected: bool) -> Iterator[float]:
    """Tieleman, Hinton 2012."""
    s = 0.0
    for t, gradient in enumerate(g, 1):
        s = BETAS[1] * s + (1 - BETAS[1]) * gradient**2
        yield RATE * gradient / ((s / (1 - BETAS[1] ** t if corrected else 1.0)) ** 0.5 + EPSILON)


def run(kind: type[Blockwise], weights: list[nn.Parameter], steps: int, **more: object) -> list[list[torch.Tensor]]:
    """The weights before the first and after every step, whose gradients are drawn from the step's number alone."""
    made = kind(weights, rate=RATE, betas=BETAS, epsilon=EPSILON, **more)
    seen = [[weight.detach().clone() for weight in weights]]
    for step in range(steps):
        for number, weight in enumerate(weights):
            drawn = Draws(7, number).at(step).normal(size=tuple(weight.shape))
            weight.grad = torch.from_numpy(np.asarray(drawn, np.float32))  # row by row, however the weights lie
        made.step()
        seen.append([weight.detach().clone() for weight in weights])
    return seen


def weights() -> list[nn.Parameter]:
    """Of every layout that a network has: a matrix, channels last, a single number, 1x1 kernels."""
    torch.manual_seed(1)
    kernels = torch.randn(5, 3, 4, 4).to(memory_format=torch.channels_last)
    points = torch.randn(6, 4, 1, 1).to(memory_format=torch.channels_last)
    return [nn.Parameter(torch.randn(7, 9)), nn.Parameter(kernels), nn.Parameter(torch.randn(())), nn.Parameter(points)]


@pytest.mark.parametrize("corrected", [True, False])
@pytest.mark.parametrize(("kind", "paper"), [(Adam, adam), (AdaBelief, adabelief), (RMSprop, rmsprop)])
@pytest.mark.parametrize("block", [17, 2**17])
def test_each_weight_moves_as_the_paper_says(
    kind: type[Blockwise],
    paper: Callable[[Iterator[float], bool], Iterator[float]],
    corrected: bool,
    block: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(optimisers, "BLOCK", block)
    seen = run(kind, weights(), 12, bias_correction=corrected)
    for number, (first, last) in enumerate(zip(seen[0], seen[-1], strict=True)):
        gradients = np.stack([Draws(7, number).at(step).normal(size=tuple(first.shape)) for step in range(12)])
        moved = [sum(paper(iter(row), corrected)) for row in gradients.reshape(12, -1).T]
        expected = first.numpy() - np.reshape(moved, tuple(first.shape))
        np.testing.assert_allclose(last.numpy(), expected, atol=3e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_parameter_that_sometimes_has_no_gradient_counts_its_own_steps(kind: type[Blockwise]) -> None:
    """Stepped at every other step it goes where it would have gone alone."""
    both, alone = weights()[:2], weights()[:1]
    made = kind(both, rate=RATE, betas=BETAS, epsilon=EPSILON)
    single = kind(alone, rate=RATE, betas=BETAS, epsilon=EPSILON)
    for step in range(6):
        gradient = torch.from_numpy(Draws(2).at(step).normal(size=(7, 9)).astype(np.float32))
        both[0].grad = gradient if step % 2 else None
        both[1].grad = torch.ones_like(both[1])
        made.step()
        if step % 2:
            alone[0].grad = gradient
            single.step()
    torch.testing.assert_close(both[0], alone[0], rtol=0, atol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_it_finds_the_bottom_of_a_bowl(kind: type[Blockwise]) -> None:
    """A quadratic whose axes differ a hundredfold in steepness, from a point that lies off all of them."""
    bottom, steepness = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([0.1, 1.0, 10.0])
    place = nn.Parameter(torch.zeros(3))
    made = kind([place], rate=0.05, betas=(0.9, 0.99), epsilon=1e-8)
    for step in range(1500):
        made.param_groups[0]["lr"] = 0.05 * (1 - step / 1500)
        place.grad = steepness * (place.detach() - bottom)
        made.step()
    torch.testing.assert_close(place.detach(), bottom, atol=2e-3, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_dropout_steps_that_share_of_the_weights_and_other_ones_each_time(kind: type[Blockwise], share: float) -> None:
    many = [nn.Parameter(torch.zeros(200, 300)), nn.Parameter(torch.zeros(40_000))]
    seen = run(kind, many, 4, rate_dropout=share)
    stepped = [torch.cat([(b != a).flatten() for a, b in zip(*pair, strict=True)]).numpy() for pair in pairwise(seen)]
    deviation = (share * (1 - share) / 100_000) ** 0.5
    assert all(abs(found.mean() - share) < 4 * deviation for found in stepped)
    for one, other in pairwise(stepped):  # independent: both at once as often as chance has it
        assert abs((one & other).mean() - share**2) < 5 * deviation
    first = stepped[0]
    assert abs((first[1:] & first[:-1]).mean() - share**2) < 5 * deviation


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_stepped_is_stepped_as_far_and_the_means_go_on(kind: type[Blockwise]) -> None:
    whole, some = run(kind, weights(), 9), run(kind, weights(), 9, rate_dropout=0.5)
    for step in range(9):
        for number in range(4):
            full = (whole[step + 1][number] - whole[step][number]).flatten()
            part = (some[step + 1][number] - some[step][number]).flatten()
            assert all(torch.isclose(part, full, atol=1e-6) | (part == 0))


def test_what_is_stepped_follows_from_the_seed_and_the_step() -> None:
    settings = typed.build(Learning, PLAIN)
    again = [moved(settings, seed) for seed in (1, 1, 2)]
    assert torch.equal(again[0], again[1])
    assert not torch.equal(again[0], again[2])
    assert not torch.equal(again[0], moved(settings, 1, part=1))
    assert bool((moved(replace(settings, rate_dropout=1.0), 1) != 0).all())
    assert bool((moved(replace(settings, rate_dropout=0.0), 1) != 0).all())


def moved(settings: Learning, seed: int, part: int = 0) -> torch.Tensor:
    """How far a thousand weights go in one step."""
    weight = nn.Parameter(torch.zeros(1000))
    weight.grad = torch.ones(1000)
    optimiser([weight], settings, seed, part).step()
    return weight.detach()


PLAIN = {
    "steps": 100, "batch": 2, "rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "warmup": 10,
    "schedule": "cosine", "precision": "auto", "threads": 1, "preview_every": 0, "snapshot_every": 0,
    "optimiser": "adabelief", "rate_dropout": 0.3,
}  # fmt: skip


def test_the_settings_choose_the_optimiser() -> None:
    settings = typed.build(Learning, {**PLAIN, "rate_dropout": 0.0})
    for name, kind in (("adam", torch.optim.Adam), ("adabelief", AdaBelief)):
        assert type(optimiser([nn.Parameter(torch.zeros(2))], replace(settings, optimiser=name), 0)) is kind
    squares = replace(settings, optimiser="rmsprop", beta1=0.0)
    assert type(optimiser([nn.Parameter(torch.zeros(2))], squares, 0)) is RMSprop
    dropped = replace(settings, optimiser="adam", rate_dropout=0.5)
    assert type(optimiser([nn.Parameter(torch.zeros(2))], dropped, 0)) is Adam


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"optimiser": "adamw"}, "learning.optimiser.*Did you mean 'adam'"),
        ({"optimiser": "rmsprop"}, "beta1 must be 0 with rmsprop"),
        ({"beta1": 0.0}, "beta1 must be above 0 with adabelief"),
        ({"rate_dropout": 1.5}, "rate_dropout must be from 0 to 1"),
        ({"clip": -1}, "clip"),
        ({"seconds": 0}, "seconds must be above 0"),
        ({"flops": -5.0}, "flops must be above 0"),
    ],
)
def test_senseless_choices_are_refused_by_name(changed: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        typed.build(Learning, {**PLAIN, **changed}, "learning")


def test_a_parameter_with_gaps_is_refused() -> None:
    gappy = nn.Parameter(torch.zeros(4, 6)[:, ::2])
    gappy.grad = torch.ones(4, 3)
    with pytest.raises(ValueError, match="gaps"):
        AdaBelief([gappy], rate=0.1).step()
