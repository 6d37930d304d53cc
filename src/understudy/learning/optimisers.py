"""The optimisers, each after its paper, with the choice to step only some of the weights at a time.

    adam        Kingma, Ba 2015, "Adam", algorithm 1
    adabelief   Zhuang et al. 2020, "AdaBelief optimizer", algorithm 2: the squares are of the gradient's distance from
                its mean, and epsilon is added to their mean as well as to its root
    rmsprop     Tieleman, Hinton 2012: the gradient over the root of the mean of its squares

Without `bias_correction` the means, which start at nothing, are taken as they are, so that the first steps are larger,
and epsilon is added to the root alone: DeepFaceLab's choice for AdaBelief and RMSprop.
`rate_dropout` p steps each weight with the probability p; the means go on for all of them.

A block of weights passes every operation while it lies in the processor's cache; that makes these operations cost
little more than one fused pass. Legend: g gradient, m mean of the gradients, s mean of the squares.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from understudy.learning.sampling import Draws
from understudy.learning.settings import Learning

BLOCK = 2**17  # weights of a block on a CPU: with gradient, means and scratch 3 MiB; fastest of the powers tried
_GRAIN = 2**16  # a draw is a number below this: the probability to be stepped is a whole number of 65536ths
_STREAM = 2**40  # of the draws, far from those that methods count for their batches

Moments = Mapping[str, list[Tensor]]


def optimiser(
    parameters: Iterable[nn.Parameter], settings: Learning, seed: int, part: int = 0
) -> torch.optim.Optimizer:
    """The optimiser that the settings ask for. part: its number among those of the training: each has its own draws."""
    chosen, betas = list(parameters), (settings.beta1, settings.beta2)
    if settings.optimiser == "adam" and settings.bias_correction and not settings.rate_dropout:
        fused = all(parameter.device.type in ("cpu", "cuda") for parameter in chosen)
        return torch.optim.Adam(chosen, lr=settings.rate, betas=betas, eps=settings.epsilon, fused=fused)
    kind = {"adam": Adam, "adabelief": AdaBelief, "rmsprop": RMSprop}[settings.optimiser]
    return kind(
        chosen,
        rate=settings.rate,
        betas=betas,
        epsilon=settings.epsilon,
        bias_correction=settings.bias_correction,
        rate_dropout=settings.rate_dropout,
        draws=Draws(seed, _STREAM + part),
    )


class Blockwise(torch.optim.Optimizer):
    """What the three have in common: the blocks, the count of the steps, and which weights are stepped."""

    MOMENTS: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        *,
        rate: float,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        bias_correction: bool = True,
        rate_dropout: float = 0.0,
        draws: Draws | None = None,
    ) -> None:
        choices = {"bias_correction": bias_correction, "rate_dropout": rate_dropout}
        super().__init__(parameters, {"lr": rate, "betas": betas, "eps": epsilon, "count": 0, **choices})
        self.draws = draws or Draws(0, _STREAM)
        self._known: dict[int, tuple[tuple[int, ...], list[_Block]]] = {}

    def directions(
        self, gradients: list[Tensor], moments: Moments, steps: list[int], group: Mapping[str, Any]
    ) -> list[Tensor]:
        """What, times the rate, is subtracted from pieces that are at these steps; brings their moments up to date."""
        raise NotImplementedError

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override] # as torch's own
        """One step of every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for number, group in enumerate(self.param_groups):
            given = [parameter for parameter in group["params"] if parameter.grad is not None]
            for parameter in given:
                self._begin(parameter)
            group["count"] += 1
            drawn = _Drawn(Draws(self.draws.seed, self.draws.stream + (number << 20)), group)
            gradients = [_flat(_as_laid(parameter.grad, parameter)) for parameter in given]
            for block in self._blocks(number, given):
                pieces = [gradients[owner][start:stop] for owner, start, stop in block.spans]
                steps = [self.state[given[owner]]["step"] for owner, _, _ in block.spans]
                directions = self.directions(pieces, block.moments, steps, group)
                drawn.cut(directions)
                torch._foreach_add_(block.weights, directions, alpha=-group["lr"])
        return loss

    def _begin(self, parameter: nn.Parameter) -> None:
        """Counts a parameter's step; before its first its moments are made."""
        state = self.state[parameter]
        for name in self.MOMENTS:
            if name not in state:
                state[name] = torch.zeros_like(parameter)
        state["step"] = state.get("step", 0) + 1

    def _blocks(self, number: int, given: Sequence[nn.Parameter]) -> list["_Block"]:
        """The blocks of a group, made anew when other tensors than last time take part."""
        tensors = [[parameter, *(self.state[parameter][name] for name in self.MOMENTS)] for parameter in given]
        key = tuple(tensor.data_ptr() for row in tensors for tensor in row)
        if number not in self._known or self._known[number][0] != key:
            self._known[number] = key, list(_blocks(tensors, self.MOMENTS))
        return self._known[number][1]


class Adam(Blockwise):
    """Adam where PyTorch's fused one does not do: with rate_dropout, or without bias correction."""

    MOMENTS = ("mean", "square")

    def directions(
        self, gradients: list[Tensor], moments: Moments, steps: list[int], group: Mapping[str, Any]
    ) -> list[Tensor]:
        """m / (root s + epsilon)."""
        beta1, beta2 = group["betas"]
        torch._foreach_lerp_(moments["mean"], gradients, 1 - beta1)
        torch._foreach_mul_(moments["square"], beta2)
        torch._foreach_addcmul_(moments["square"], gradients, gradients, 1 - beta2)
        return _ratio(moments["mean"], moments["square"], steps, group)


class AdaBelief(Blockwise):
    """Steps far where the gradient is as its mean foretold, and little where it is not."""

    MOMENTS = ("mean", "belief")

    def directions(
        self, gradients: list[Tensor], moments: Moments, steps: list[int], group: Mapping[str, Any]
    ) -> list[Tensor]:
        """m / (root s + epsilon), s of the squares of g - m."""
        beta1, beta2 = group["betas"]
        torch._foreach_lerp_(moments["mean"], gradients, 1 - beta1)
        surprises = torch._foreach_sub(gradients, moments["mean"])
        torch._foreach_mul_(moments["belief"], beta2)
        torch._foreach_addcmul_(moments["belief"], surprises, surprises, 1 - beta2)
        if group["bias_correction"]:
            torch._foreach_add_(moments["belief"], group["eps"])
        return _ratio(moments["mean"], moments["belief"], steps, group)


class RMSprop(Blockwise):
    """The gradient in units of its own size. Only the second of `betas` is used."""

    MOMENTS = ("square",)

    def directions(
        self, gradients: list[Tensor], moments: Moments, steps: list[int], group: Mapping[str, Any]
    ) -> list[Tensor]:
        """g / (root s + epsilon)."""
        beta2 = group["betas"][1]
        torch._foreach_mul_(moments["square"], beta2)
        torch._foreach_addcmul_(moments["square"], gradients, gradients, 1 - beta2)
        return _ratio(gradients, moments["square"], steps, {**group, "betas": (0.0, beta2)})


def _ratio(means: list[Tensor], squares: list[Tensor], steps: list[int], group: Mapping[str, Any]) -> list[Tensor]:
    """means / (root of squares + epsilon), both freed of their start at nothing where the group asks for it."""
    roots = torch._foreach_sqrt(squares)
    if group["bias_correction"]:
        beta1, beta2 = group["betas"]
        firsts = [1 - beta1**step for step in steps]
        seconds = [math.sqrt(1 - beta2**step) for step in steps]
        # The first correction is taken into the divisor, where it needs no pass of its own.
        torch._foreach_mul_(roots, [first / second for first, second in zip(firsts, seconds, strict=True)])
        torch._foreach_add_(roots, [group["eps"] * first for first in firsts])
    else:
        torch._foreach_add_(roots, group["eps"])
    return list(torch._foreach_div(means, roots))


class _Drawn:
    """Which weights are stepped in one step: a function of the seed and the step alone."""

    def __init__(self, draws: Draws, group: Mapping[str, Any]) -> None:
        self.share = group["rate_dropout"]
        self.all = not 0 < self.share < 1
        self.seed = 0 if self.all else int(draws.at(group["count"]).integers(2**63))
        self.bits = np.random.SFC64(self.seed)  # the fastest of numpy's, and fast is what this has to be
        self.there: torch.Generator | None = None

    def cut(self, directions: list[Tensor]) -> None:
        """Sets to nothing what is not stepped."""
        if not self.all:
            torch._foreach_mul_(directions, [self._mask(direction) for direction in directions])

    def _mask(self, piece: Tensor) -> Tensor:
        """1 where a weight is stepped, else 0; as numbers, since PyTorch multiplies by truths a tenth as fast."""
        mask = torch.empty_like(piece)
        if piece.device.type == "cpu":  # raw bits take a tenth of the time of torch's own draws
            bits = np.asarray(self.bits.random_raw(-(-piece.numel() // 4))).view(np.int16)[: piece.numel()]
            below = min(max(round(self.share * _GRAIN), 1), _GRAIN - 1) - _GRAIN // 2
            return torch.lt(torch.from_numpy(bits), below, out=mask)
        if self.there is None:
            self.there = torch.Generator(piece.device).manual_seed(self.seed)
        return torch.lt(mask.uniform_(generator=self.there), self.share, out=mask)


@dataclass
class _Block:
    """Pieces of parameters that are stepped together. spans: each one's parameter, its first weight, and its end."""

    spans: list[tuple[int, int, int]]
    weights: list[Tensor]
    moments: dict[str, list[Tensor]]


def _blocks(rows: Sequence[Sequence[Tensor]], names: Sequence[str]) -> Iterator[_Block]:
    """Blocks of parameters, a row of tensors each: its weights and its moments. On an accelerator all is one block."""
    most = BLOCK if all(row[0].device.type == "cpu" for row in rows) else max(1, sum(row[0].numel() for row in rows))
    spans = [
        (owner, start, min(start + most, row[0].numel()))
        for owner, row in enumerate(rows)
        for start in range(0, row[0].numel(), most)
    ]
    flat = [[_flat(tensor) for tensor in row] for row in rows]
    filled = itertools.accumulate(stop - start for _, start, stop in spans)
    for _, group in itertools.groupby(zip(spans, filled, strict=True), key=lambda pair: (pair[1] - 1) // most):
        chosen = [span for span, _ in group]
        columns = [[flat[owner][place][start:stop] for owner, start, stop in chosen] for place in range(len(names) + 1)]
        yield _Block(chosen, columns[0], dict(zip(names, columns[1:], strict=True)))


def _as_laid(gradient: Tensor | None, parameter: Tensor) -> Tensor:
    """A gradient with the strides of its parameter: they are gone through side by side."""
    assert gradient is not None
    alike = gradient.stride() == parameter.stride()
    return gradient if alike else torch.empty_like(parameter).copy_(gradient)


def _flat(tensor: Tensor) -> Tensor:
    """All of a tensor as one row, in the order in which it lies in memory. Raises ValueError when it has gaps."""
    if torch.empty_like(tensor, device="meta").stride() != tensor.stride():
        raise ValueError(f"a parameter of strides {tensor.stride()} has gaps, and cannot be stepped")
    return tensor.detach().as_strided((tensor.numel(),), (1,), tensor.storage_offset())
