"""Randomness and batches of the seed and the step alone, so that resuming is exact and workers change nothing."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

B = TypeVar("B")


class Draws:
    """One generator a step: Philox, keyed by the seed, counted by (stream, step).

    Whoever draws from it needs no more state than the step's number: Salmon et al. 2011, "Parallel random numbers: as
    easy as 1, 2, 3".
    """

    def __init__(self, seed: int, stream: int = 0) -> None:
        self.seed, self.stream = seed, stream

    def at(self, step: int) -> np.random.Generator:
        """The generator of a step."""
        # The low words of the counter run within a step; the high ones tell streams and steps apart.
        return np.random.Generator(np.random.Philox(key=self.seed, counter=[0, 0, self.stream, step]))


class Steps(Generic[B]):
    """The sampler of whoever can say what the batch of any step is.

    at: makes a step's batch, on the CPU. images: pictures in a batch. ahead: batches that are made in the background
    while an accelerator works; on a CPU it would only take the network's core.
    """

    def __init__(self, at: Callable[[int], B], images: int, place: torch.device, ahead: int = 4) -> None:
        self.at, self.images, self.place = at, images, place
        self.step = 0
        self._ahead = 0 if place.type == "cpu" else ahead
        self._worker = ThreadPoolExecutor(1) if self._ahead else None
        self._made: deque[Future[B]] = deque()

    def __next__(self) -> B:
        """The batch of this step, on the device; the step is counted."""
        if self._worker is None:
            batch = self.at(self.step)
        else:
            while len(self._made) <= self._ahead:
                self._made.append(self._worker.submit(self.at, self.step + len(self._made)))
            batch = self._made.popleft().result()
        self.step += 1
        moved: B = moved_to(batch, self.place)
        return moved

    def state_dict(self) -> dict[str, Any]:
        """The number of the step whose batch comes next."""
        return {"step": self.step}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes to a step; what was made ahead is dropped."""
        self.step = int(state["step"])
        self._made.clear()


def moved_to(value: Any, place: torch.device) -> Any:
    """`value` with every tensor in it on `place`: tuples, named or not, lists and dicts are gone through."""
    if isinstance(value, Tensor):
        return value.to(place, non_blocking=True)
    if isinstance(value, dict):
        return {key: moved_to(item, place) for key, item in value.items()}
    if isinstance(value, tuple | list):
        items = [moved_to(item, place) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value
