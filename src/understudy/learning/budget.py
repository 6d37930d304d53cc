"""What a training may spend and has spent: steps, seconds, floating-point operations."""

import contextlib
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from understudy.errors import ConfigError
from understudy.learning.settings import Learning
from understudy.learning.snapshot import Progress

UNCOUNTED = -1
Shape = Sequence[int]


class Count:
    """What is learned of a step while it is counted. kind: the losses that it minimised."""

    kind = ""
    flops = UNCOUNTED


class Budget:
    """The budget of one training, of which `progress` holds what is spent.

    Seconds count while batches are made and weights are learned, not while previews are drawn or files written: of the
    processor, all threads together, on a CPU; of the clock on an accelerator. Operations are those of matrix products
    and convolutions, forward and backward, counted at the first step of each kind (of the same losses) and taken to be
    the same in all of its kind.
    """

    def __init__(self, settings: Learning, progress: Progress, place: torch.device) -> None:
        self.settings, self.progress, self.place = settings, progress, place
        self._clock = time.process_time if place.type == "cpu" else time.monotonic

    @property
    def steps_alone(self) -> bool:
        """Whether nothing but the number of steps ends the training: it is then known beforehand."""
        return self.settings.seconds is None and self.settings.flops is None

    @property
    def share(self) -> float:
        """The share that is spent of whichever of steps, seconds and operations is nearest its end; 1 or more then."""
        progress, settings = self.progress, self.settings
        shares = [progress.step / settings.steps]
        if settings.seconds is not None:
            shares.append(progress.seconds / settings.seconds)
        if settings.flops is not None:
            shares.append(self.flops / settings.flops)
        return max(shares)

    @property
    def flops(self) -> int:
        """The operations of all steps so far. A kind of step that is not yet counted is taken for the largest."""
        kinds = self.progress.kinds.values()
        largest = max((flops for _, flops in kinds), default=0)
        return sum(steps * (largest if flops == UNCOUNTED else flops) for steps, flops in kinds)

    def rate(self) -> float:
        """The learning rate of the step that comes next."""
        return self.settings.rate_at(self.progress.step, None if self.steps_alone else self.share)

    @contextlib.contextmanager
    def spending(self) -> Iterator[None]:
        """What is done within is taken from the seconds."""
        begun = self._clock()
        yield
        if self.progress.step == 1 and self.place.type != "cpu":
            torch.accelerator.synchronize(self.place)  # the first step is judged by itself, see `require_room`
        self.progress.seconds += self._clock() - begun

    @contextlib.contextmanager
    def counted(self) -> Iterator["Count"]:
        """Counts the operations within, where they are not known yet; the kind of the step is told at its end.

        A kind that comes for the first time when all others are counted is counted when it comes again.
        """
        count, kinds = Count(), self.progress.kinds
        if kinds and all(flops != UNCOUNTED for _, flops in kinds.values()):
            yield count
        else:
            with FlopCounterMode(display=False, custom_mapping=_COUNTS) as counter:
                yield count
            count.flops = counter.get_total_flops()
        known = kinds.setdefault(count.kind, [0, UNCOUNTED])
        known[0] += 1
        known[1] = max(known[1], count.flops)

    def require_room(self, folder: Path) -> None:
        """Raises ConfigError after the first step when the budget was too short even for that."""
        if self.progress.step != 1:
            return
        asked = {"seconds": (self.settings.seconds, self.progress.seconds), "flops": (self.settings.flops, self.flops)}
        for name, (budget, spent) in asked.items():
            if budget is not None and spent > budget:
                raise ConfigError(
                    f"{folder}: learning.{name}",
                    f"the budget is {_number(budget, name)}, and one step of batch {self.settings.batch} took "
                    f"{_number(spent, name)}",
                    f"Give {_number(100 * spent, name)} or more for a hundred steps, or lower learning.batch, or the "
                    "width or size of the network.",
                )
        if self.settings.flops is not None and not self.flops:
            fact = "a step of this method has no operations that can be counted"
            raise ConfigError(f"{folder}: learning.flops", fact, "Give the budget in steps or seconds.")

    def told(self, network: nn.Module) -> dict[str, Any]:
        """What the card says of it. parameters: numbers that the network holds, learned or not."""
        progress, settings = self.progress, self.settings
        mean = self.flops / max(progress.step, 1)
        return {
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
            "flops_per_step": int(mean) if mean.is_integer() else mean,
            "budget": {
                "asked": {"steps": settings.steps, "seconds": settings.seconds, "flops": settings.flops},
                "spent": {"steps": progress.step, "seconds": round(progress.seconds, 3), "flops": self.flops},
                "share": self.share,
            },
        }


def _convolution_backward(gradient: Shape, x: Shape, weight: Shape, *rest: Any, **unused: Any) -> int:
    """The operations of a convolution's backward pass, from the shapes: those of its forward pass for each gradient.

    PyTorch 2.13 takes the gradient of grouped weights for that of whole ones.
    """
    _bias, _stride, _padding, _dilation, transposed, _output_padding, _groups, wanted = rest[:8]
    places = math.prod((x if transposed else gradient)[2:])
    return 2 * x[0] * places * math.prod(weight) * sum(map(bool, wanted[:2]))


_COUNTS = {torch.ops.aten.convolution_backward: _convolution_backward}


def _number(value: float, name: str) -> str:
    return f"{value:.3g} s" if name == "seconds" else f"{value:.3g} FLOPs"
