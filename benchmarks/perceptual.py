"""What the animations' structural loss costs beside average pooling: `python benchmarks/perceptual.py [--write]`.

In one run, one thread, in turns, so that a busy machine slows both alike: the loss alone, forth and back, in the sizes
of its pyramid, and whole steps of the trainings of config/animate.yaml, on noise. CPU time, the least of the rounds.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is loaded

import numpy as np
import torch
import yaml
from torch import Tensor, nn
from torch.nn import functional

from understudy.job import machine
from understudy.learning import autocast
from understudy.methods import fomm, lia
from understudy.methods._animation import perceptual
from understudy.methods._animation.pool import Pool
from understudy.methods._animation.samples import Pairs
from understudy.methods.fomm import lessons as fomm_lessons
from understudy.methods.lia import lessons as lia_lessons
from understudy.settings import build

ROOT = Path(__file__).resolve().parents[1]
STUDY = yaml.safe_load((ROOT / "config/animate.yaml").read_text(encoding="utf-8"))
BATCH, SIDE = 8, 64


def pooled(values: Tensor, axis: int) -> Tensor:
    """What `_summed` stood in the place of: both axes at once, at the second call."""
    return values if axis == 2 else functional.avg_pool2d(values, 7, 1) * 49


def alone(side: int) -> Callable[[], None]:
    """The loss of a batch of noise of that side, and its slope."""
    drawn, aim = torch.rand(2, BATCH, 3, side, side)
    drawn.requires_grad_()

    def work() -> None:
        torch.autograd.grad(perceptual.ssim(drawn, aim).mean(), drawn)

    return work


def stepping(name: str) -> Callable[[], None]:
    """A training step of a method of the study, but for its optimiser."""
    settings: Any = build({"fomm": fomm.Config, "lia": lia.Config}[name], STUDY["methods"][name], name)
    noise = np.random.default_rng(0).integers(0, 256, (40, SIDE, SIDE, 3), np.uint8)
    pool, seen = Pool(noise, ((range(40),),), ("nobody",)), perceptual.Perception(None, 3, "")
    torch.manual_seed(0)
    network: nn.Module
    if name == "fomm":
        network = fomm.FOMM(settings.architecture)
        given: Any = fomm_lessons.Lessons(pool, BATCH, settings.augmentation, settings.loss.bending, 1).at(0)
        step: Any = fomm_lessons.step
    else:
        network = lia.LIA(settings.architecture)
        given, step = Pairs(pool, BATCH, settings.augmentation, 1).at(0), lia_lessons.step

    def work() -> None:
        network.zero_grad()
        with autocast("auto", torch.device("cpu")):
            step(network, given, settings.loss, seen)["loss"].backward()

    return work


def spent(work: Callable[[], None]) -> float:
    """Milliseconds of the processor."""
    begun = time.process_time()
    work()
    return 1000 * (time.process_time() - begun)


def rows(rounds: int) -> str:
    """Markdown: a row a piece of work."""
    works = {f"the loss, {side} px": alone(side) for side in (64, 32, 16)}
    works |= {f"a step of `{name}`": stepping(name) for name in ("fomm", "lia")}
    lines = [f"| ms, batch of {BATCH} | average pooling | sums | times as fast |", "|---|---|---|---|"]
    for name, work in works.items():
        least = [np.inf, np.inf]
        work()
        for _ in range(rounds):
            with mock.patch.object(perceptual, "_summed", pooled):
                least[0] = min(least[0], spent(work))
            least[1] = min(least[1], spent(work))
        lines.append(f"| {name} | {least[0]:.1f} | {least[1]:.1f} | {least[0] / least[1]:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Measures, prints, and with --write leaves the table in perceptual.md beside this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    text = rows(chosen.rounds)
    print(text)
    if chosen.write:
        command = " ".join(["python benchmarks/perceptual.py", *sys.argv[1:]])
        there = f"{machine()['processor']}, one thread, torch {torch.__version__}"
        head = f"# The structural loss of animations\n\n`{command}`\n\n{there}.\n\n"
        Path(__file__).with_suffix(".md").write_text(f"{head}{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
