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


@dataclass(frozen=True, kw_only=True)
class Learning:
    """How the loop learns. Every field is written in the study's YAML.

    steps: optimiser steps. batch: pictures of each subject in a step.
    rate: of Adam, after the warm-up. beta1, beta2, epsilon: Adam's.
    warmup: steps over which the rate rises from nothing. schedule: what follows; "cosine" falls to nothing at the end.
    precision: bf16 is autocast around the step; "auto" takes it where the machine computes in it (see `uses_bf16`).
    threads: of one training on a CPU; 0 leaves what is set.
    preview_every, snapshot_every: in steps; 0 for never, but for the preview at the end. Neither changes what is
        learned.
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

    def rate_at(self, step: int) -> float:
        """The learning rate of step number `step`, counted from 0."""
        rise = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
        fall = 0.5 + 0.5 * math.cos(math.pi * step / self.steps) if self.schedule == "cosine" else 1.0
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
