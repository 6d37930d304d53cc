"""Images a CPU-second of the face swaps in training: `python benchmarks/training.py [--write]`.

First `original` at full width and batch 16: deepfakes/faceswap's recipe as a stand-in (see `standin`), the plain
float32 loop, and this package, all in one process, one thread, in turn, so that a busy machine slows all alike: what
counts is the ratio. Then every preset of every swap, each through its own `train`: the difference of a longer and a
shorter run. An image is a face that went forward and backward, with its share of the optimiser's step.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Container, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is loaded

import cv2
import numpy as np
import standin
import torch

from understudy.faces import align
from understudy.files import read_json
from understudy.job import machine
from understudy.learning import Run, autocast, kept
from understudy.methods import Footage, method, names, original, pretrains
from understudy.methods._faces.pool import Pool
from understudy.methods._faces.samples import Batch, Pairs
from understudy.methods.original import recipe_2018, recipe_present
from understudy.methods.original.network import Original

BATCH = 16
CPU = torch.device("cpu")


def pairs(config: original.Config) -> Pairs:
    """Batches of noise faces: what is in a picture costs nothing."""
    generator = np.random.default_rng(0)
    side = round(config.size * 1.5 / 2) * 2
    pools = [
        Pool(generator.integers(0, 256, (64, side, side, 3), np.uint8), generator.uniform(0, side, (64, 92, 2)))
        for _ in range(2)
    ]
    return Pairs(pools, config.learning.batch, config.size, config.augmentation, config.loss, seed=0, apart=False)


def plain(config: original.Config) -> Callable[[], int]:
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


def ours(config: original.Config) -> Callable[[], int]:
    """The package's step: both sides in one batch, channels last, in the precision asked for, a fused Adam."""
    network, batches = Original(config.architecture).to(memory_format=torch.channels_last), pairs(config)
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-5, betas=(0.5, 0.999), fused=True)
    steps = iter(range(10**6))

    def once() -> int:
        with autocast(config.learning.precision, CPU):
            losses = original.step(network, batches.at(next(steps)), config)
        optimiser.zero_grad(set_to_none=True)
        losses["loss"].backward()
        optimiser.step()
        return batches.images

    return once


def sampling(config: original.Config) -> float:
    """Milliseconds of CPU for one training sample: input, aim, masks, weights."""
    batches = pairs(config)
    times = []
    for number in range(30):
        begun = time.process_time()
        batch: Batch = batches.at(number)
        times.append((time.process_time() - begun) / sum(len(faces.inputs) for _, faces in batch))
    return 1000 * statistics.median(times)


def their_sampling(folder: Path) -> float:
    """The same of the stand-in."""
    faces, generator, times = standin.written(folder), np.random.default_rng(0), []
    for _ in range(10):
        begun = time.process_time()
        standin.sample(faces, generator)
        times.append((time.process_time() - begun) / BATCH)
    return 1000 * statistics.median(times)


def in_turn(rows: dict[str, Callable[[], int]], rounds: int) -> dict[str, float]:
    """Images a CPU-second of each row, the median over the rounds."""
    rates: dict[str, list[float]] = {name: [] for name in rows}
    for number in range(rounds + 1):
        for name, once in rows.items():
            begun = time.process_time()
            images = once()
            if number:  # the first round prepares kernels
                rates[name].append(images / (time.process_time() - begun))
    return {name: statistics.median(values) for name, values in rates.items()}


def full_width(rounds: int, folder: Path) -> dict[str, float]:
    """Images a CPU-second of `original` at full width, each way."""
    old = replace(recipe_2018(), update="summed", learning=replace(recipe_2018().learning, batch=BATCH))
    now = recipe_present()
    rows = {
        "stand-in of faceswap's recipe, float32": standin.training(folder),
        "plain loop of 2018's recipe, float32": plain(old),
        "this package, today's recipe, float32": ours(replace(now, learning=replace(now.learning, precision="fp32"))),
        "this package, today's recipe": ours(now),
        "this package, 2018's recipe": ours(old),
    }
    return in_turn(rows, rounds)


def footage(subject: str, seed: int, count: int = 24) -> Footage:
    """Faces of noise with landmarks of the mean face, in frames of 256 px."""
    generator = np.random.default_rng(seed)
    angle = np.linspace(0, np.pi, 17)
    shape = np.concatenate([np.column_stack([0.5 - 0.75 * np.cos(angle), 0.3 + 0.95 * np.sin(angle)]), align.MEAN_51])
    points = (shape - 0.5) * 90 + generator.uniform(120, 136, (count, 1, 2))
    faceset = SimpleNamespace(
        crops_NHWC=generator.integers(0, 256, (count, 256, 256, 3), np.uint8),
        landmarks_N682=points,
        matrices_N23=np.stack([align.align(each, 256, "full") for each in points]),
        size=256,
        coverage="full",
        height=256,
    )
    return Footage(subject, (faceset,), ())  # type: ignore[arg-type] # as much of a faceset as a training asks for


def presets(only: Container[str] | None) -> Iterator[tuple[str, str, Any]]:
    """Every preset of every swap that learns a pair, or of `only` these: the method, the preset, its settings."""
    for name in names():
        module = method(name)
        if module.TRAINS_ON == "pair":
            for preset, make in getattr(module, "PRESETS", {}).items():
                if only is None or preset in only:
                    yield name, preset, make()


def begun(name: str, config: Any, folder: Path) -> Path | None:
    """What a method that wants a pretraining may begin from: one of a single step, which costs what any does."""
    module: Any = method(name)
    if not pretrains(module, config):
        return None
    if hasattr(config, "features"):
        config = replace(config, features=replace(config.features, steps=1))
    people = [footage(subject, number) for number, subject in enumerate(("three", "four", "five", "six"), 3)]
    module.pretrain(people, config, Run(folder=folder, seed=0, device=CPU))
    return folder / kept(1)


def trained(name: str, config: Any, steps: int, folder: Path) -> dict[str, Any]:
    """The card of a run of so many steps, which it leaves in `folder`."""
    learning = replace(config.learning, steps=steps, preview_every=0, snapshot_every=0, threads=1)
    config = replace(config, learning=learning)
    run = Run(folder=folder, seed=0, device=CPU, pretrained=begun(name, config, folder / "begun"))
    method(name).train([footage("one", 1), footage("two", 2)], config, run)
    card: dict[str, Any] = read_json(folder / "card.json")
    return card


def through_train(name: str, config: Any, seconds: float) -> str:
    """A row's numbers of one preset: batch, parameters, images a CPU-second."""
    with tempfile.TemporaryDirectory() as folder:
        short = trained(name, config, 2, Path(folder) / "short")
        more = int(np.clip(seconds / (short["seconds"]["cpu"] / 2), 2, 100))
        long = trained(name, config, 2 + more, Path(folder) / "long")
    images, spent = (long[key] for key in ("images", "seconds"))
    rate = (images - short["images"]) / (spent["cpu"] - short["seconds"]["cpu"])
    return f"| {config.learning.batch} | {long['parameters'] / 1e6:.2f} | {rate:.1f} |"


def table(rows: dict[str, float], samples: tuple[float, float], models: list[str]) -> str:
    """The result as Markdown."""
    first = next(iter(rows.values()))
    here = machine()
    head = ["| `original`, full width, 64 px, batch 16 | images a CPU-second | of the stand-in's |", "|---|---|---|"]
    return "\n".join(
        [
            *head,
            *(f"| {name} | {rate:.2f} | {rate / first:.2f} |" for name, rate in rows.items()),
            "",
            f"One training sample, varied as today: {samples[0]:.2f} ms of CPU; the stand-in's: {samples[1]:.2f}.",
            "",
            "| preset | batch a side | M parameters | images a CPU-second |",
            "|---|---|---|---|",
            *models,
            "",
            f"{here['processor']}, one thread, torch {here['packages']['torch']}.",
        ]
    )


def main() -> None:
    """Measures, prints, and with --write leaves the table in training.md beside this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each preset's longer run, about")
    parser.add_argument("--presets", nargs="*", help="only these (default: every one)")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        samples = sampling(recipe_present()), their_sampling(Path(folder))
        rows = full_width(chosen.rounds, Path(folder))
    models = [
        f"| `{name}`: {preset} {through_train(name, config, chosen.seconds)}"
        for name, preset, config in presets(chosen.presets)
    ]
    result = table(rows, samples, models)
    print(result)
    if chosen.write:
        text = f"# Training\n\n`python benchmarks/training.py {' '.join(sys.argv[1:])}`\n\n{result}\n"
        Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
