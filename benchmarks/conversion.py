"""What it costs to convert a 720p face, in milliseconds of one core a frame, beside two other ways, in the same run.

Run: python benchmarks/conversion.py [--frames 96] [--write]

All decode the same H.264 clip of a synthetic actor before a moving background, draw the face with the full-width
`original` network at 64 px, paste it into the frame, and encode with x264. Ours: batches of 16 in bf16, 8-bit blending
in the region of the face. Naive: one frame at a time in float32, whole frames blended in float. Stand-in: the way of
deepfakes/faceswap (see `standin`). The weights are random: they cost what trained ones cost. CPU time, one thread.
Then the network and the paste of every swap's every preset, by itself.
"""

import argparse
import itertools
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is loaded

import cv2
import numpy as np
import standin
import torch
from numpy.typing import NDArray
from training import presets, trained

from understudy import cast, media
from understudy.faces import align, masks
from understudy.faces.paste import Paste, paste, pictures
from understudy.faces.track import Tracker
from understudy.job import machine
from understudy.learning import halved
from understudy.methods import Footage, method
from understudy.methods.original.network import Architecture, Original

Frame = NDArray[np.uint8]
CRF = 23  # at which faceswap writes its videos
WIDTH, HEIGHT, SIZE, COVERAGE, BATCH = 1280, 720, 64, "face", 16
SETTINGS = Paste(
    mask="extended", erode=0.05, blur=0.12, colour="reinhard", seamless=False, interpolation="cubic", sharpen=0.0
)
STEPS = ("decode", "crop", "network", "paste", "encode")


class Clock:
    """CPU time of the process, summed by step."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.last = time.process_time()

    def lap(self, step: str) -> None:
        """Books the time since the last lap under `step`."""
        now = time.process_time()
        self.seconds[step] += now - self.last
        self.last = now


def film(path: Path, count: int) -> list[NDArray[np.float64]]:
    """Writes the clip: an actor at 720 lines before drifting noise. Returns the landmarks of each frame."""
    actor = cast.Actor(cast.load_actor(cast.actors()[0]))
    performance = cast.load_performance(cast.performances()[0])
    noise = np.random.default_rng(0).normal(size=(HEIGHT, WIDTH + 2 * count, 3)).astype(np.float32)
    wall = np.clip(110 + 400 * cv2.GaussianBlur(noise, (0, 0), 3) + 2 * noise, 0, 255).astype(np.uint8)
    scale, left = HEIGHT / 256, (WIDTH - HEIGHT) // 2
    landmarks, tracker = [], Tracker()
    with media.Writer(path, fps=25, width=WIDTH, height=HEIGHT) as writer:
        for number, frame in enumerate(itertools.islice(cast.render(actor, performance, size=256), count)):
            picture = wall[:, 2 * number : 2 * number + WIDTH].copy()
            large = cv2.resize(frame.rgb_HWC, (HEIGHT, HEIGHT), interpolation=cv2.INTER_CUBIC)
            picture[:, left : left + HEIGHT] = large
            writer.write(picture)
            points = tracker.step(frame.rgb_HWC)[0].landmarks_682.astype(np.float64)
            landmarks.append((points + 0.5) * scale - 0.5 + (left, 0))
    return landmarks


def ours(
    clip: Path, out: Path, landmarks: list[NDArray[np.float64]], network: Original, preset: str = "medium"
) -> Clock:
    """The pipeline's way: streamed in batches, blended in the region. preset: of x264."""
    network = halved(network, "bf16", torch.device("cpu"))  # once a clip, as reading the weights is
    clock = Clock()
    frames: Iterator[Frame] = media.frames(clip)
    with media.Writer(out, fps=25, width=WIDTH, height=HEIGHT, crf=CRF, preset=preset) as writer:
        for points in _batches(landmarks, BATCH):
            taken = list(itertools.islice(frames, len(points)))
            clock.lap("decode")
            matrices = [align.align(each, SIZE, COVERAGE) for each in points]
            crops = np.stack([align.crop(*pair, SIZE) for pair in zip(taken, matrices, strict=True)])
            clock.lap("crop")
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
                swapped = network(torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255, 0)
            clock.lap("network")
            for frame, crop, matrix, each in zip(taken, pictures(swapped.numpy())[0], matrices, points, strict=True):
                fake = paste(frame, crop, matrix, each, SETTINGS)
                clock.lap("paste")
                writer.write(fake)
                clock.lap("encode")
    clock.lap("encode")
    return clock


def naive(clip: Path, out: Path, landmarks: list[NDArray[np.float64]], network: Original) -> Clock:
    """The plain way: frame by frame, fp32, masks and blending over the whole frame in float."""
    clock = Clock()
    with media.Writer(out, fps=25, width=WIDTH, height=HEIGHT, crf=CRF) as writer:
        for frame, points in zip(media.frames(clip), landmarks, strict=False):
            clock.lap("decode")
            matrix = align.align(points, SIZE, COVERAGE)
            crop = align.crop(frame, matrix, SIZE)
            clock.lap("crop")
            with torch.inference_mode():
                swapped = network(torch.from_numpy(crop[None]).permute(0, 3, 1, 2).float() / 255, 0)
            clock.lap("network")
            fake = _whole(frame, swapped[0].permute(1, 2, 0).numpy(), matrix, points)
            clock.lap("paste")
            writer.write(fake)
            clock.lap("encode")
    clock.lap("encode")
    return clock


def as_faceswap(clip: Path, out: Path, landmarks: list[NDArray[np.float64]], network: standin.Original) -> Clock:
    """The stand-in's way: frame by frame, float32, every picture as large as the frame."""
    clock = Clock()
    with media.Writer(out, fps=25, width=WIDTH, height=HEIGHT, crf=CRF) as writer:
        for frame, points in zip(media.frames(clip), landmarks, strict=False):
            clock.lap("decode")
            matrix = align.align(points, SIZE, COVERAGE)
            crop = standin.seen(frame, matrix)
            clock.lap("crop")
            with torch.inference_mode():
                swapped = network(torch.from_numpy(crop[None]).permute(0, 3, 1, 2), 0)
            clock.lap("network")
            fake = standin.pasted(frame, swapped[0].permute(1, 2, 0).numpy(), matrix, points)
            clock.lap("paste")
            writer.write(fake)
            clock.lap("encode")
    clock.lap("encode")
    return clock


def _whole(frame: Frame, crop: NDArray[np.float32], matrix: NDArray[np.float64], points: NDArray[np.float64]) -> Frame:
    """The same paste (mask, erosion, blur, Reinhard) with every picture as large as the frame, in float."""
    size, flags = (WIDTH, HEIGHT), cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    target = frame.astype(np.float32) / 255
    face = cv2.warpAffine(crop, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    mask = masks.fill(masks.raised(points), HEIGHT, WIDTH)
    side = SIZE / np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    mask = cv2.erode(mask, np.ones((round(0.1 * side) | 1, round(0.1 * side) | 1)))
    mask = cv2.GaussianBlur(mask, (0, 0), 0.03 * side)
    lab, like = (cv2.cvtColor(np.clip(each, 0, 1), cv2.COLOR_RGB2LAB) for each in (face, target))
    inside = mask > 0.5
    gain = like[inside].std(axis=0) / (lab[inside].std(axis=0) + 1e-3)
    moved = (lab - lab[inside].mean(axis=0)) * gain + like[inside].mean(axis=0)
    face = cv2.cvtColor(moved.astype(np.float32), cv2.COLOR_LAB2RGB)
    blended = target * (1 - mask[..., None]) + face * mask[..., None]
    return np.rint(np.clip(blended * 255, 0, 255)).astype(np.uint8)


def _batches(items: list[NDArray[np.float64]], count: int) -> Iterator[list[NDArray[np.float64]]]:
    return (items[start : start + count] for start in range(0, len(items), count))


def models(clip: Path, landmarks: list[NDArray[np.float64]], only: list[str] | None) -> list[str]:
    """Milliseconds a face of every preset's network, in batches, and of its paste. only: these presets."""
    frames = list(itertools.islice(media.frames(clip), BATCH))
    points = np.stack(landmarks[:BATCH])
    faceset = SimpleNamespace(
        crops_NHWC=np.stack(
            [align.crop(f, align.align(p, 256, "full"), 256) for f, p in zip(frames, points, strict=True)]
        ),
        landmarks_N682=points,
        matrices_N23=np.stack([align.align(each, 256, "full") for each in points]),
        size=256,
        coverage="full",
        height=HEIGHT,
    )
    driver = Footage("two", (faceset,), ())  # type: ignore[arg-type] # as much of a faceset as a conversion asks for
    lines = []
    for name, preset, config in presets(only):
        module = method(name)
        model = fresh(name, config)
        list(module.convert(model, Footage("one", (), ()), driver, config))
        begun = time.process_time()
        crops = torch.cat(list(module.convert(model, Footage("one", (), ()), driver, config)))
        drawn = time.process_time()
        coverage, size = module.crop_space(config)
        faces, learned = pictures(crops.numpy())
        matrices = [align.align(each, size, coverage) for each in points]
        masked = learned if learned is not None else [None] * len(frames)
        for frame, face, matrix, each, mask in zip(frames, faces, matrices, points, masked, strict=True):
            paste(frame, face, matrix, each, config.paste, mask)
        both = [
            1000 * (after - before) / len(frames) for before, after in ((begun, drawn), (drawn, time.process_time()))
        ]
        lines.append(f"| `{name}`: {preset} | {both[0]:.1f} | {both[1]:.1f} |")
    return lines


def fresh(name: str, config: Any) -> Any:
    """A network of a preset, hardly trained."""
    with tempfile.TemporaryDirectory() as folder:
        trained(name, replace(config, learning=replace(config.learning, batch=1)), 1, Path(folder))
        return method(name).load(Path(folder), torch.device("cpu"))


def table(clocks: dict[str, Clock], frames: int) -> str:
    """Markdown: a row a step, ms a frame, and last how many times ours each way takes."""
    each = {name: {step: 1e3 * clock.seconds[step] / frames for step in STEPS} for name, clock in clocks.items()}
    rows = [(step, [times[step] for times in each.values()]) for step in STEPS]
    totals = [sum(times.values()) for times in each.values()]
    rows.append(("**all**", totals))
    lines = [f"| {step} | " + " | ".join(f"{value:.1f}" for value in values) + " |" for step, values in rows]
    ratios = " | ".join(f"{total / totals[0]:.1f}" for total in totals)
    head = f"| ms a frame | {' | '.join(each)} |"
    return "\n".join([head, "|---" * (len(each) + 1) + "|", *lines, f"| times ours | {ratios} |"])


def main() -> None:
    """Films, converts each way, prints, and with --write leaves the tables in conversion.md beside this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=96, help="frames converted each way")
    parser.add_argument("--presets", nargs="*", help="only these (default: every one)")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    count = chosen.frames
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(0)
    network = Original(Architecture(width=1.0, size=SIZE, mask=False)).eval()
    theirs = standin.Original().eval()
    with tempfile.TemporaryDirectory() as folder:
        clip, out = Path(folder) / "clip.mp4", Path(folder) / "out.mp4"
        landmarks = film(clip, count)
        face = np.ptp(np.array(landmarks)[:, :, 0], axis=1).mean()
        ours(clip, out, landmarks[:BATCH], network)
        clocks = {
            "ours": ours(clip, out, landmarks, network),
            "ours, x264 veryfast": ours(clip, out, landmarks, network, "veryfast"),
            "naive": naive(clip, out, landmarks, network),
            "stand-in": as_faceswap(clip, out, landmarks, theirs),
        }
        rows = models(clip, landmarks, chosen.presets)
    text = table(clocks, len(landmarks))
    text += "\n\n| preset | network, ms a face | paste, ms a face |\n|---|---|---|\n" + "\n".join(rows)
    host = machine()
    note = (
        f"# Converting a 720p face\n\n`python benchmarks/conversion.py {' '.join(sys.argv[1:])}`\n\n"
        f"Milliseconds of CPU time a frame, one thread, {WIDTH}x{HEIGHT}, faces {face:.0f} px wide, "
        f"x264 medium (but where it says veryfast) at crf {CRF}, "
        f"full-width `original` at {SIZE} px. Machine: {host['processor']}.\n\n"
    )
    print(text)
    if chosen.write:
        Path(__file__).with_suffix(".md").write_text(note + text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
