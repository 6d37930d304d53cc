"""What it costs to animate a 256-pixel picture with the First Order Motion Model, beside the authors' order of work.

Run: python benchmarks/fomm.py [--frames 16] [--rounds 3] [--write]

Both draw the same frames with the same full-size networks, in the same run, in turns. The stand-in does for every frame
what the authors' program does: blurs at full size before it takes every fourth pixel, encodes the source again, moves
it once for each key point in a copy of its own, draws the moved source beside the prediction, and computes one frame at
a time in float32 with norms apart from convolutions. The weights are random, the norms those of the pictures: they cost
what trained ones cost. CPU time, one thread. On an accelerator: frames a second, batches as chosen.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is loaded

import torch
from torch import Tensor
from torch.nn import functional

from understudy.job import machine
from understudy.learning import uses_bf16
from understudy.methods import fomm
from understudy.methods.fomm.blocks import Shrink, grid
from understudy.methods.fomm.drawing import Animator
from understudy.methods.fomm.keypoints import KeyPoints
from understudy.methods.fomm.motion import Motion
from understudy.methods.fomm.network import FOMM

SIZE = 256
CPU = torch.device("cpu")


class StandIn:
    """The authors' order of work on the plain networks."""

    def __init__(self, network: FOMM) -> None:
        self.network = network

    @torch.inference_mode()
    def frame(self, source_133: Tensor, own: KeyPoints, first: KeyPoints, driving_133: Tensor) -> Tensor:
        """One frame, with all that does not depend on it."""
        generator, dense = self.network.generator, self.network.generator.dense_motion_network
        shown = self.keypoints(driving_133)
        turn = shown.jacobian @ torch.linalg.inv(first.jacobian)
        moved = KeyPoints(own.value + shown.value - first.value, turn @ own.jacobian)
        features = generator.encoded(source_133)
        motion = self.motion(blurred(dense.down, source_133), own, moved)
        generator.moved(source_133, motion)  # shown beside the prediction, whoever asks for it
        return generator.drawn(features, motion)

    def keypoints(self, picture_133: Tensor) -> KeyPoints:
        detector = self.network.kp_detector
        features = detector.predictor(blurred(detector.down, picture_133))
        return detector.read(detector.kp(features), detector.jacobian(features))

    def motion(self, shrunk_133: Tensor, own: KeyPoints, moved: KeyPoints) -> Motion:
        """Every key point moves a copy of the picture; matrices are multiplied pixel by pixel."""
        dense = self.network.generator.dense_motion_network
        _, _, height, width = shrunk_133.shape
        places = grid(height, width, shrunk_133)
        apart = places - moved.value[:, :, None, None]
        turn = (own.jacobian @ torch.linalg.inv(moved.jacobian))[:, :, None, None].repeat(1, 1, height, width, 1, 1)
        led = (turn @ apart[..., None])[..., 0] + own.value[:, :, None, None]
        led = torch.cat([places.expand(1, 1, height, width, 2), led], dim=1)
        copies = shrunk_133[:, None].repeat(1, led.shape[1], 1, 1, 1).flatten(0, 1)
        sparse = functional.grid_sample(copies, led.flatten(0, 1), align_corners=dense.align_corners)[None]
        bells = [torch.exp(-50 * (places - each.value[:, :, None, None]).square().sum(-1)) for each in (moved, own)]
        heat = functional.pad(bells[0] - bells[1], (0, 0, 0, 0, 1, 0))[:, :, None]
        features = dense.hourglass(torch.cat([heat, sparse], dim=2).flatten(1, 2))
        mask = torch.softmax(dense.mask(features), dim=1)
        deformation = (led.permute(0, 1, 4, 2, 3) * mask[:, :, None]).sum(1).permute(0, 2, 3, 1)
        return Motion(mask, sparse, deformation, torch.sigmoid(dense.occlusion(features)))


def blurred(shrink: Shrink, picture: Tensor) -> Tensor:
    """Blurred at full size, then every `times`-th pixel."""
    reach = shrink.weight.shape[-1] // 2
    whole = functional.conv2d(functional.pad(picture, [reach] * 4), shrink.weight, groups=3)
    return functional.interpolate(whole, scale_factor=1 / shrink.times)


def agree(network: FOMM, source: Tensor, driving: Tensor) -> float:
    """The largest difference between both ways in one frame, of 1."""
    animator, rebuilt = Animator(network, settings("fp32")), StandIn(network)
    with torch.inference_mode():
        own, first = rebuilt.keypoints(source), rebuilt.keypoints(driving[:1])
    still = animator.still(source[0])
    ours = animator.moved(still, driving[1:2], animator.keypoints(driving[0]))
    return float((ours - rebuilt.frame(source, own, first, driving[1:2])).abs().max())


@torch.no_grad()
def normed(network: FOMM, source: Tensor, driving: Tensor) -> None:
    """Gives the norms the statistics of two pictures, without which random weights draw one grey."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    network.train()(source, driving)
    network.eval()


def settings(precision: str) -> fomm.Config:
    return replace(fomm.PRESETS["fomm-vox"](), precision=precision, adapt_scale=False)  # type: ignore[arg-type] # a name from the command line


def ways(network: FOMM, source: Tensor, driving: Tensor) -> dict[str, Callable[[], object]]:
    """What is measured, by name; each draws every driving frame, with what it does once a clip."""
    rebuilt = StandIn(network)

    def theirs() -> None:
        with torch.inference_mode():
            own, first = rebuilt.keypoints(source), rebuilt.keypoints(driving[:1])
        for frame in driving:
            rebuilt.frame(source, own, first, frame[None])

    def ours(animator: Animator) -> Callable[[], None]:
        def run() -> None:
            still, first = animator.still(source[0]), animator.keypoints(driving[0])
            for at in range(0, len(driving), animator.batch):
                animator.moved(still, driving[at : at + animator.batch], first)

        return run

    found: dict[str, Callable[[], object]] = {"the authors' order, float32": theirs}
    found["ours, float32"] = ours(Animator(network, settings("fp32")))
    if uses_bf16("auto", CPU):
        found["ours, bf16"] = ours(Animator(network, settings("bf16")))
    return found


def costs(frames: int, rounds: int) -> tuple[dict[str, float], float]:
    """The least CPU-seconds a frame of each way over the rounds, and how far ours is from theirs."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = FOMM(settings("fp32").architecture)
    pictures = functional.interpolate(torch.rand(1 + frames, 3, 8, 8), size=SIZE, mode="bicubic").clamp(0, 1)
    source, driving = pictures[:1], pictures[1:]
    normed(network, source, driving[:1])
    measured = ways(network, source, driving)
    least: dict[str, float] = {}
    for _ in range(rounds):
        for name, run in measured.items():
            begun = time.process_time()
            run()
            spent = (time.process_time() - begun) / frames
            least[name] = min(spent, least.get(name, spent))
    return least, agree(network, source, driving)


def speeds(seconds: float = 3.0) -> dict[str, tuple[int, float]]:
    """On an accelerator: the batch that is chosen and frames a second, from frames in its memory, by precision."""
    found = {}
    for precision in ("bf16", "fp16", "fp32"):
        network = FOMM(settings(precision).architecture).eval().cuda()
        animator = Animator(network, settings(precision))
        driving = torch.rand(animator.batch, 3, SIZE, SIZE, device="cuda")
        still, first = animator.still(driving[0]), animator.keypoints(driving[0])
        count = -3  # the first are not counted: kernels are chosen
        begun = time.monotonic()
        while count < 1 or time.monotonic() - begun < seconds:
            animator.moved(still, driving, first)
            torch.cuda.synchronize()
            count += 1
            begun = time.monotonic() if count == 0 else begun
        found[precision] = animator.batch, count * animator.batch / (time.monotonic() - begun)
    return found


def told(arguments: argparse.Namespace) -> str:
    """The table."""
    least, apart = costs(arguments.frames, arguments.rounds)
    base = least["the authors' order, float32"]
    lines = [
        "# Animating a picture with the First Order Motion Model",
        "",
        f"`python benchmarks/fomm.py --frames {arguments.frames} --rounds {arguments.rounds} --write`",
        "",
        f"Milliseconds of CPU time a frame, one thread, {SIZE} px, full-size networks, the least of {arguments.rounds} "
        f"rounds in turns. In float32 both ways differ by at most {apart:.1e} of 1. {machine()['processor']}, "
        f"torch {torch.__version__}.",
        "",
        "| | ms a frame | times as fast |",
        "|---|---|---|",
        *(f"| {name} | {1000 * cost:.0f} | {base / cost:.2f} |" for name, cost in least.items()),
    ]
    if torch.cuda.is_available():
        lines += ["", f"On one {torch.cuda.get_device_name()}, frames a second:", "", "| | batch | frames a second |"]
        lines += ["|---|---|---|", *(f"| {name} | {batch} | {rate:.0f} |" for name, (batch, rate) in speeds().items())]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="write the table to fomm.md")
    arguments = parser.parse_args()
    table = told(arguments)
    print(table)
    if arguments.write:
        Path(__file__).with_suffix(".md").write_text(table, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
