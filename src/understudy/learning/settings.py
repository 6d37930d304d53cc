"""What a training is told: how to learn, and of its place in the study."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch

Precision = Literal["auto", "fp32", "bf16"]
Schedule = Literal["constant", "cosine"]
Optimiser = Literal["adam", "adabelief", "rmsprop"]

_OPTIONAL = {"optional": True}  # the YAML may leave it out


@dataclass(frozen=True, kw_only=True)
class Learning:
    """How the loop learns. Every field is written in the study's YAML, but for those that have a default.

    steps: optimiser steps, the most of them. batch: pictures of each subject in a step.
    rate: learning rate after the warm-up. beta1, beta2, epsilon: of the optimiser, see `optimisers`; rmsprop keeps no
        mean of the gradients, so that its beta1 is 0, and its beta2 is the share of its mean of their squares.
    warmup: steps over which the rate rises from nothing. schedule: what follows; "cosine" falls to nothing at the end.
    precision: bf16 is autocast around the step; "auto" takes it where the machine computes in it (see `uses_bf16`).
    threads: of one training on a CPU; 0 leaves what is set.
    preview_every, snapshot_every: in steps; 0 for never, but for the preview at the end. Neither changes what is
        learned.
    optimiser: whose rule every step follows. bias_correction: whether its means are freed of their start at nothing;
        the papers' AdaBelief does so, DeepFaceLab's does not.
    rate_dropout: 0 steps every weight; p steps each weight with the probability p, drawn anew at every step.
    clip: the largest norm of a part's gradients, all together; 0 leaves them.
    seconds: of the processor, all threads together (on an accelerator: of the clock), spent in steps; None for as many
        as they take. flops: floating-point operations of forward and backward passes; None likewise. The training ends
        with the first of steps, seconds and flops that is used up.
    """

    steps: int
    batch: int
    rate: float
    beta1: float
    beta2: float
    epsilon: float
    warmup: int
    schedule: Schedule
    precision: Precision
    threads: int
    preview_every: int
    snapshot_every: int
    optimiser: Optimiser = field(default="adam", metadata=_OPTIONAL)
    bias_correction: bool = field(default=True, metadata=_OPTIONAL)
    rate_dropout: float = field(default=0.0, metadata=_OPTIONAL)
    clip: float = field(default=0.0, metadata=_OPTIONAL)
    seconds: float | None = field(default=None, metadata=_OPTIONAL)
    flops: float | None = field(default=None, metadata=_OPTIONAL)

    def __post_init__(self) -> None:
        for name, least in (("steps", 1), ("batch", 1), ("warmup", 0), ("threads", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be {least} or more")
        for name in ("preview_every", "snapshot_every"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be 0 or more")
        if not 0 < self.rate < math.inf or not self.epsilon > 0:
            raise ValueError("rate and epsilon must be above 0")
        for name in ("beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be from 0 up to, not including, 1")
        if not 0 <= self.rate_dropout <= 1 or not 0 <= self.clip < math.inf:
            raise ValueError("rate_dropout must be from 0 to 1, and clip 0 or more")
        if self.optimiser == "rmsprop" and self.beta1:
            raise ValueError("beta1 must be 0 with rmsprop, which keeps no mean of the gradients")
        if self.optimiser == "adabelief" and not self.beta1:
            raise ValueError("beta1 must be above 0 with adabelief, which holds gradients against their mean")
        for name in ("seconds", "flops"):
            amount = getattr(self, name)
            if amount is not None and not 0 < amount < math.inf:
                raise ValueError(f"{name} must be above 0, or null")

    def rate_at(self, step: int, share: float | None = None) -> float:
        """The learning rate of step number `step`, counted from 0, when `share` of the budget is spent.

        share: None where the steps are all of the budget.
        """
        rise = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
        angle = math.pi * step / self.steps if share is None else math.pi * min(share, 1.0)
        fall = 0.5 + 0.5 * math.cos(angle) if self.schedule == "cosine" else 1.0
        return self.rate * rise * fall


# What may differ between a snapshot and the training that resumes from it: it changes nothing that is learned.
FREE = frozenset({"preview_every", "snapshot_every", "threads"})


def exact(settings: Learning) -> dict[str, Any]:
    """The settings that must be the same for a snapshot to be resumed."""
    return {key: value for key, value in dataclasses.asdict(settings).items() if key not in FREE}


@dataclass(frozen=True, kw_only=True)
class Run:
    """The place of one training in a study.

    folder: where it leaves its work. code: fingerprint of the program. consents: ids of the records that allow it.
    log_head: hash of the consent log's last event when they were asked.
    settings: the method's own settings, plain, for the card.
    subjects: whose footage it learns from, in the method's order. allowed: why the training may not go on; None while
    it may. It is asked often and must be cheap.
    keep: shares of the budget at which weights are kept beside the final ones (those of share 1), in the files that
    `kept` names; which they are changes nothing that is learned. pretrained: weights that the method may start from.
    strangers: whom those were learned from: the training is of them, too.
    """

    folder: Path
    seed: int
    device: torch.device
    consents: tuple[str, ...] = ()
    log_head: str = ""
    code: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    subjects: tuple[str, ...] = ()
    allowed: Callable[[], str | None] = field(default=lambda: None, compare=False)
    keep: tuple[float, ...] = ()
    pretrained: Path | None = None
    strangers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not all(0 < share <= 1 for share in self.keep):
            raise ValueError(f"keep must hold shares above 0, up to 1, and holds {self.keep}")
