"""The parts of a network that are minimised apart: a loss, its parameters, and an optimiser for each."""

import itertools
import math
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from understudy.learning.optimisers import optimiser
from understudy.learning.settings import Learning


class Parts:
    """Loss name -> the parameters that it is minimised over, and their optimiser.

    parts: None for all parameters of the network under "loss". Raises ValueError when two parts share a parameter.
    """

    def __init__(
        self, network: nn.Module, parts: Mapping[str, Iterable[nn.Parameter]] | None, settings: Learning, seed: int
    ) -> None:
        named = {"loss": network.parameters()} if parts is None else parts
        self.parameters = {name: list(parameters) for name, parameters in named.items()}
        owned = [id(parameter) for parameter in itertools.chain.from_iterable(self.parameters.values())]
        if len(set(owned)) < len(owned):
            raise ValueError(f"a parameter belongs to two of the parts {', '.join(self.parameters)}")
        self.optimisers = {
            name: optimiser(parameters, settings, seed, number)
            for number, (name, parameters) in enumerate(self.parameters.items())
        }
        self.clip, self._all = settings.clip, parts is None

    def backward(self, losses: Mapping[str, Tensor]) -> tuple[str, ...]:
        """The gradients of each part's own loss, and the names of the parts that this step has a loss for.

        All before any weight is stepped: a rival's loss goes through the weights as they were.
        """
        present = tuple(name for name in self.optimisers if name in losses)
        if not present:
            raise ValueError(f"a step returned {sorted(losses)}, none of which is one of {sorted(self.optimisers)}")
        for name in present:
            self.optimisers[name].zero_grad(set_to_none=True)
        for name in present:
            torch.autograd.backward(
                losses[name],
                inputs=None if self._all else [each for each in self.parameters[name] if each.requires_grad],
                retain_graph=name != present[-1],  # two losses may come from the same forward pass
            )
        return present

    def step(self, present: Iterable[str], rate: float) -> None:
        """Steps these parts at this learning rate."""
        for name in present:
            if self.clip:
                nn.utils.clip_grad_norm_(self.parameters[name], self.clip)
            for group in self.optimisers[name].param_groups:
                group["lr"] = rate
            self.optimisers[name].step()

    def sound(self, network: nn.Module) -> bool:
        """Whether everything that a snapshot holds of the network and the optimisers is a finite number."""
        states = [
            entry for each in self.optimisers.values() for state in each.state.values() for entry in state.values()
        ]
        tensors = [value for value in (*network.state_dict().values(), *states) if isinstance(value, Tensor)]
        numbers = [tensor.detach() for tensor in tensors if tensor.is_floating_point() and tensor.numel()]
        return all(math.isfinite(torch.linalg.vector_norm(tensor, math.inf)) for tensor in numbers)
