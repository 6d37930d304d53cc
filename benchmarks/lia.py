"""CPU-seconds a frame of LIA at 256 pixels: `python benchmarks/lia.py [--frames 5] [--write]`.

In one run, one thread, in turn, so that a busy machine slows all alike: the authors' order of work as a stand-in (see
`lia_standin`), and this package's drawing in float32 and in bfloat16, with the same weights of the published size. The
weights are random: they cost what trained ones cost. Each row also says how far it lies from the stand-in's pictures.
Then what a driver's clip costs end to end, with reading its video; and the size of the process on the way.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is loaded

import lia_standin
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy import media
from understudy.job import machine
from understudy.learning import uses_bf16
from understudy.methods import Footage, lia
from understudy.methods.lia.config import Precision
from understudy.methods.lia.drawing import Animator

SIZE = 256
CPU = torch.device("cpu")
Drawing = Callable[[], Tensor]


def field(seed: int, count: int) -> NDArray[np.uint8]:
    """A smooth picture that drifts (T, S, S, 3)."""
    generator = np.random.default_rng(seed)
    line = np.arange(SIZE) / SIZE
    frames = np.zeros((count, SIZE, SIZE, 3))
    for _ in range(24):
        across, down = generator.uniform(-8, 8, 2)
        phase = 2 * np.pi * (across * line + down * line[:, None]) + generator.uniform(0, 6)
        drift = np.arange(count)[:, None, None] * generator.uniform(-0.5, 0.5)
        frames += np.cos(phase + drift)[..., None] * generator.standard_normal(3) / (1 + np.hypot(across, down))
    low, high = frames.min(), frames.max()
    return np.asarray((frames - low) / (high - low) * 255, np.uint8)


def quiet(network: lia.LIA) -> lia.LIA:
    """Random weights whose flows and pictures are of the size of trained ones."""
    with torch.no_grad():
        for name, value in network.named_parameters():
            if name.startswith("dec.to_flows") and name.endswith("conv.weight"):
                value.mul_(0.1)
    return network.to(memory_format=torch.channels_last).eval()  # type: ignore[call-overload] # stubs lack it


def ours(network: lia.LIA, source: Tensor, driving: Tensor, precision: Precision) -> tuple[Animator, Drawing]:
    """What this package does with one of its batches, the source looked at before."""
    animator = Animator(network, replace(lia.PRESETS["lia-vox"](), precision=precision))
    still, start = animator.still(source), animator.motion(driving[:1])
    return animator, lambda: animator.moved(still, driving[1 : 1 + animator.batch], start)


def theirs(network: lia.LIA, source: Tensor, driving: Tensor) -> Drawing:
    """What the authors do for one frame."""
    state = {name: value.detach().contiguous() for name, value in network.state_dict().items()}
    pictures = (driving.permute(0, 3, 1, 2).float() / 255 - 0.5) * 2
    still = (source[None] - 0.5) * 2

    def once() -> Tensor:
        return lia_standin.frame(state, still, pictures[1:2].contiguous(), start)

    with torch.inference_mode():
        start = lia_standin.motion(state, lia_standin.encoded(state, pictures[:1].contiguous())[0])
    return torch.inference_mode()(once)


def in_turn(rows: dict[str, Drawing], rounds: int) -> dict[str, tuple[float, Tensor]]:
    """CPU-seconds a frame of each row, the median over the rounds, and the first picture that it draws."""
    seconds: dict[str, list[float]] = {name: [] for name in rows}
    drawn: dict[str, Tensor] = {}
    for number in range(rounds + 1):
        for name, once in rows.items():
            begun = time.process_time()
            drawn[name] = once()
            if number:  # the first round prepares kernels
                seconds[name].append((time.process_time() - begun) / len(drawn[name]))
    return {name: (statistics.median(values), drawn[name][0]) for name, values in seconds.items()}


def end_to_end(network: lia.LIA, lengths: Sequence[int], folder: Path) -> list[str]:
    """Rows: CPU-seconds a frame of `convert`, and the process's size after each length, in MiB."""
    rows = []
    config = lia.PRESETS["lia-vox"]()
    for count in lengths:
        clip = folder / f"{count}.mp4"
        media.write(clip, list(np.resize(field(2, 20), (count, SIZE, SIZE, 3))), fps=Fraction(25))
        side = Footage("nobody", (), (clip,))
        begun, frames = time.process_time(), 0
        for batch in lia.convert(network, side, side, config):
            frames += len(batch)
        spent = (time.process_time() - begun) / frames
        rows.append(f"| {frames} | {spent:.3f} | {resident():.0f} |")
    return rows


def resident() -> float:
    """MiB that the process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def table(found: dict[str, tuple[float, Tensor]], clips: list[str]) -> str:
    """The result as Markdown."""
    first, wanted = next(iter(found.values()))
    here = machine()
    lines = [
        "| LIA, 256 px | CPU-seconds a frame | times as fast | largest, mean difference (of -1 to 1) |",
        "|---|---|---|---|",
    ]
    for name, (seconds, picture) in found.items():
        apart = (picture.float() - wanted).abs()
        lines.append(f"| {name} | {seconds:.3f} | {first / seconds:.2f} | {apart.max():.1e}, {apart.mean():.1e} |")
    return "\n".join(
        [
            *lines,
            "",
            "`convert`, with reading and unpacking the clip and with looking at the source:",
            "",
            "| frames | CPU-seconds a frame | MiB held after |",
            "|---|---|---|",
            *clips,
            "",
            f"{here['processor']}, one thread, torch {here['packages']['torch']}.",
        ]
    )


def main() -> None:
    """Measures, prints, and with --write leaves the table in lia.md beside this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lengths", type=int, nargs="*", default=[20, 80], help="frames of the clips of `convert`")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = quiet(lia.LIA(lia.PRESETS["lia-vox"]().architecture))
    network.critic = None
    network.architecture = replace(network.architecture, critic=False)
    source = torch.from_numpy(field(1, 1)[0]).permute(2, 0, 1).float().div(255)
    driving = torch.from_numpy(field(2, 12))
    rows = {"the authors' order of work, a stand-in": theirs(network, source, driving)}
    precisions: list[tuple[str, Precision]] = [("float32", "fp32")]
    if uses_bf16("auto", CPU):
        precisions.append(("bfloat16", "bf16"))
    for words, precision in precisions:
        animator, once = ours(network, source, driving, precision)
        rows[f"this package, {words}, batches of {animator.batch}"] = once
    found = in_turn(rows, chosen.rounds)
    with tempfile.TemporaryDirectory() as folder:
        result = table(found, end_to_end(network, chosen.lengths, Path(folder)))
    print(result)
    if chosen.write:
        text = f"# LIA\n\n`python benchmarks/lia.py {' '.join(sys.argv[1:])}`\n\n{result}\n"
        Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
