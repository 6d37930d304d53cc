"""A training of two rivals that takes milliseconds, for the tests of what surrounds it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from understudy.learning import Draws, Learning, Run, Steps, learn

CPU = torch.device("cpu")
SETTINGS = Learning(
    steps=24,
    batch=4,
    rate=1e-2,
    beta1=0.0,
    beta2=0.99,
    epsilon=1e-8,
    warmup=3,
    schedule="cosine",
    precision="fp32",
    threads=1,
    preview_every=0,
    snapshot_every=5,
)


class Rivals(nn.Module):
    """A painter, a critic of what it paints, and a third that nobody trains."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.painter = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Dropout(0.3), nn.Conv2d(4, 3, 1))
        self.critic = nn.Sequential(nn.Conv2d(3, 4, 4, stride=4), nn.Flatten(), nn.Linear(16, 1))
        self.bystander = nn.Linear(3, 2)


def batch(step: int) -> Tensor:
    """Four noise pictures of 8 x 8."""
    return torch.from_numpy(Draws(5).at(step).normal(size=(4, 3, 8, 8)).astype(np.float32))


def step(model: Any, pictures: Tensor) -> dict[str, Tensor]:
    """Both losses from one pass: the painter's goes through the critic, and the critic's through the painter."""
    painted = model.painter(pictures)
    real, fake = model.critic(pictures), model.critic(painted)
    away = (painted - pictures).square().mean()
    touched = model.bystander.weight.sum()
    return {
        "loss": away - fake.mean() + touched,
        "critic": (fake - real).mean() + 0.1 * real.square().mean() + touched,
        "away": away,
    }


def parts(model: Rivals) -> dict[str, Any]:
    """Who minimises what."""
    return {"loss": model.painter.parameters(), "critic": model.critic.parameters()}


def train(
    folder: Path,
    *,
    step: Callable[[Any, Tensor], Mapping[str, Tensor]] = step,
    settings: Learning = SETTINGS,
    model: nn.Module | None = None,
    rivals: bool = True,
    keep: tuple[float, ...] = (),
    **more: Any,
) -> Any:
    """The training in `folder`, or what is left of it."""
    chosen = model or Rivals()
    run = Run(folder=folder, seed=3, device=CPU, subjects=("ada",), keep=keep)
    split = parts(chosen) if rivals and isinstance(chosen, Rivals) else None
    return learn(chosen, step, Steps(batch, 4, CPU), run, settings, architecture={"width": 4}, parts=split, **more)
