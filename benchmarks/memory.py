"""What it is worth that a job keeps the memory that it frees (`understudy.stages.keep_memory`).

Run: python benchmarks/memory.py [--rounds 3]

Four jobs of the workflow, each in a process of its own, by turns with and without: an actor is drawn (75 frames of 256
pixels), her faces are extracted, `df` learns two people for forty steps, and draws one of them. CPU seconds of the work
without its imports, the least of the rounds; pages that the kernel had to clear.
Writes benchmarks/memory.md.
"""

import argparse
import dataclasses
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is loaded

import cv2
import torch

from understudy import cast, media
from understudy.faces.extract import extract
from understudy.faces.faceset import Faceset
from understudy.faces.survey import Extraction
from understudy.job import machine
from understudy.learning import Run
from understudy.methods import Footage, saehd
from understudy.stages import keep_memory
from understudy.stages.convert import merged

ACTORS = ("ada", "clara")


def config() -> saehd.Config:
    """`df` for forty steps."""
    small = saehd.PRESETS["df"]()
    return dataclasses.replace(small, learning=dataclasses.replace(small.learning, steps=40, preview_every=0))


def draw(folder: Path, actor: str = ACTORS[0]) -> None:
    """An actor's clip."""
    brief = dataclasses.replace(cast.load_performance("answer-1"), frames=75)
    shots = cast.render(cast.Actor(cast.load_actor(actor)), brief, size=256)
    path = folder / f"{actor}.mp4"
    media.write(path, (shot.rgb_HWC for shot in shots), fps=Fraction(brief.fps), crf=12, preset="medium")


def find(folder: Path, actor: str = ACTORS[0]) -> None:
    """Her faceset."""
    extract(folder / f"{actor}.mp4", folder / actor, Extraction(size=256))


def footage(folder: Path, actor: str) -> Footage:
    """What was extracted."""
    return Footage(actor, (Faceset.open(folder / actor),), (folder / f"{actor}.mp4",))


def learn(folder: Path) -> None:
    """The network of both."""
    place, run = torch.device("cpu"), folder / "run"
    shutil.rmtree(run, ignore_errors=True)
    run.mkdir()
    sides = [footage(folder, actor) for actor in ACTORS]
    saehd.train(sides, config(), Run(folder=run, seed=1, device=place, code="benchmark", allowed=lambda: None))


def convert(folder: Path) -> None:
    """One of them as the other."""
    sides = [footage(folder, actor) for actor in ACTORS]
    for _ in merged(folder / "run" / "weights.safetensors", sides[0], sides[1], saehd, config()):
        pass


JOBS: dict[str, Callable[[Path], None]] = {"draw": draw, "extract": find, "learn": learn, "convert": convert}


def one(job: str, how: str, folder: Path) -> None:
    """In a process of its own: the job's figures, on the last line."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    if how == "kept":
        assert keep_memory()
    before = resource.getrusage(resource.RUSAGE_SELF)
    JOBS[job](folder)
    after = resource.getrusage(resource.RUSAGE_SELF)
    figures = {
        "user": after.ru_utime - before.ru_utime,
        "system": after.ru_stime - before.ru_stime,
        "pages": after.ru_minflt - before.ru_minflt,
    }
    print(json.dumps(figures))


def measured(job: str, how: str, folder: Path) -> dict[str, float]:
    """The figures of one round."""
    command = [sys.executable, __file__, "--one", job, how, str(folder)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return dict(json.loads(said.splitlines()[-1]))


def table(rounds: int, folder: Path) -> str:
    """Markdown: two rows a job."""
    rows = [
        "| job | freed memory is | CPU s | of them in the kernel | pages cleared | times as fast |",
        "|---|---|---|---|---|---|",
    ]
    for job in JOBS:
        tries: dict[str, list[dict[str, float]]] = {"given back": [], "kept": []}
        for _ in range(rounds):
            for how, so_far in tries.items():
                so_far.append(measured(job, how, folder))
        best = {how: min(each, key=lambda one: one["user"] + one["system"]) for how, each in tries.items()}
        spent = {how: each["user"] + each["system"] for how, each in best.items()}
        rows += [
            f"| {job} | {how} | {spent[how]:.2f} | {each['system']:.2f} | {each['pages']:,.0f} "
            f"| {spent['given back'] / spent[how]:.2f} |"
            for how, each in best.items()
        ]
    return "\n".join(rows)


def main() -> None:
    """Makes what the jobs need, measures, prints and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="of which the least CPU time counts")
    parser.add_argument("--one", nargs=3, metavar=("JOB", "HOW", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        one(given.one[0], given.one[1], Path(given.one[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        for actor in ACTORS:
            draw(Path(folder), actor)
            find(Path(folder), actor)
        text = (
            f"# Memory that a job keeps\n\n`python benchmarks/memory.py --rounds {given.rounds}`\n\n"
            f"Machine: {machine()['processor']}. CPU time, one thread.\n\n{table(given.rounds, Path(folder))}\n"
        )
    Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
