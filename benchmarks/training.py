"""Images a CPU-second of `original` at full width, beside the plain loop: `python benchmarks/training.py [--write]`.

One thread, batches of 16, one process, the rows taken in turn, so that a busy machine slows all alike: what counts is
the ratio. An image is a face that went forward and backward, with its share of the optimiser's step.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch

from understudy.job import machine
from understudy.learning import autocast
from understudy.methods._faces.pool import Pool
from understudy.methods._faces.samples import Batch, Pairs
from understudy.methods.original import recipe_2018, step
from understudy.methods.original.config import Config
from understudy.methods.original.network import Original

BATCH = 16
CPU = torch.device("cpu")


def pairs(config: Config) -> Pairs:
    """Batches of noise faces: what is in a picture costs nothing."""
    generator = np.random.default_rng(0)
    side = round(config.size * 1.5 / 2) * 2
    pools = [
        Pool(generator.integers(0, 256, (64, side, side, 3), np.uint8), generator.uniform(0, side, (64, 92, 2)))
        for _ in range(2)
    ]
    return Pairs(pools, config.learning.batch, config.size, config.augmentation, config.loss, seed=0, apart=False)


def plain(config: Config) -> Callable[[], int]:
    """The loop as it is usually written: float32, eager, channels first, a pass and a step of Adam for each side."""
    network, batches = Original(config.architecture), pairs(config)
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-5, betas=(0.5, 0.999), foreach=False, fused=False)

    def once() -> int:
        for side, faces in batches.at(0):
            optimiser.zero_grad()
            drawn = network(faces.inputs.contiguous(), side)
            (drawn - faces.aims).abs().mean().backward()
            optimiser.step()
        return batches.images

    return once


def ours(config: Config) -> Callable[[], int]:
    """The package's step: both sides in one batch, channels last, in the precision asked for, a fused Adam."""
    network, batches = Original(config.architecture).to(memory_format=torch.channels_last), pairs(config)
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-5, betas=(0.5, 0.999), fused=True)

    def once() -> int:
        with autocast(config.learning.precision, CPU):
            losses = step(network, batches.at(0), config)
        optimiser.zero_grad(set_to_none=True)
        losses["loss"].backward()
        optimiser.step()
        return batches.images

    return once


def sampling(config: Config) -> float:
    """Milliseconds of CPU for one training sample: input, aim, masks, weights."""
    batches = pairs(config)
    times = []
    for number in range(30):
        begun = time.process_time()
        batch: Batch = batches.at(number)
        times.append((time.process_time() - begun) / sum(len(faces.inputs) for _, faces in batch))
    return 1000 * statistics.median(times)


def measure(rounds: int) -> list[tuple[str, float]]:
    """Images a CPU-second of each row, the median over the rounds."""
    config = replace(recipe_2018(), update="summed", learning=replace(recipe_2018().learning, batch=BATCH))
    in_float32 = replace(config, learning=replace(config.learning, precision="fp32"))
    rows = {
        "plain loop, float32": plain(config),
        "this package, float32": ours(in_float32),
        "this package, precision auto": ours(config),
    }
    rates: dict[str, list[float]] = {name: [] for name in rows}
    for number in range(rounds + 1):
        for name, once in rows.items():
            begun = time.process_time()
            images = once()
            if number:  # the first round prepares kernels
                rates[name].append(images / (time.process_time() - begun))
    return [(name, statistics.median(values)) for name, values in rates.items()]


def table(rows: list[tuple[str, float]], sample: float) -> str:
    """The result as Markdown."""
    first = rows[0][1]
    lines = [f"| {name} | {rate:.2f} | {rate / first:.2f} |" for name, rate in rows]
    head = [
        "| `original`, full width, 64 px, batch 16 | images a CPU-second | against the plain loop |",
        "|---|---|---|",
    ]
    here = machine()
    return "\n".join(
        [
            *head,
            *lines,
            "",
            f"One training sample with the 2018 augmentation: {sample:.2f} ms of CPU.",
            "",
            f"{here['processor']}, one thread, torch {here['packages']['torch']}.",
        ]
    )


def main() -> None:
    """Measures, prints, and with --write leaves the table in training.md beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    sample = sampling(recipe_2018())
    result = table(measure(chosen.rounds), sample)
    print(result)
    if chosen.write:
        text = f"# Training\n\n`python benchmarks/training.py --write`\n\n{result}\n"
        Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
