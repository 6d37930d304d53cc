"""What a lip-synced frame costs, in milliseconds of one core, beside the authors' order of work, in the same run.

Run: python benchmarks/wav2lip.py [--frames 32] [--write]

All see the same clip of a synthetic actor, draw with the full-width network of random weights (they cost what trained
ones cost) and put the face back. Stand-in: the authors' order of work. Their detector, S3FD, searches every frame; here
its layers, a VGG-16 with random weights, in our own words; then the network in float32, its normalisation apart, and a
hard paste. Ours: faces followed by landmarks and searched for every tenth frame; normalisation folded, bf16, channels
last, and only those rows drawn that are blended in. "A search a frame": ours, but for a detector that looks at every
frame. Stills are seen once. CPU time of one thread; decoding and encoding, which are alike, are left out.
"""

import argparse
import itertools
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is loaded

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from understudy import cast
from understudy.faces.track import Tracker, Tracking
from understudy.job import machine
from understudy.lips import boxes
from understudy.methods.wav2lip import compositing
from understudy.methods.wav2lip.boxes import within
from understudy.methods.wav2lip.compositing import FIRST, pictures, put, taken
from understudy.methods.wav2lip.inference import Drawing, beside
from understudy.methods.wav2lip.network import SIDE, Wav2Lip

WIDTH, HEIGHT, BATCH = 360, 288, 16  # of GRID's clips, which actors are put into
Frame = NDArray[np.uint8]
Seconds = dict[str, float]


class Searching(nn.Module):
    """S3FD's layers (Zhang et al. 2017, figure 3): VGG-16 up to conv5, fc6 and fc7 as convolutions, two levels more."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for channels, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
            for _ in range(count):
                layers += [nn.Conv2d(before, channels, 3, padding=1), nn.ReLU(inplace=True)]
                before = channels
            layers.append(nn.MaxPool2d(2))
        layers += [
            nn.Conv2d(512, 1024, 3, padding=3),
            nn.ReLU(inplace=True),
            nn.Conv2d(1024, 1024, 1),
            nn.ReLU(inplace=True),
        ]
        layers += [nn.Conv2d(1024, 256, 1), nn.ReLU(inplace=True), nn.Conv2d(256, 512, 3, stride=2, padding=1)]
        self.layers = nn.Sequential(*layers)

    def forward(self, frames_NCHW: torch.Tensor) -> torch.Tensor:
        """The last level's features; what is read from them costs next to nothing."""
        found: torch.Tensor = self.layers(frames_NCHW)
        return found


def film(count: int) -> list[Frame]:
    """Frames of an actor in the middle of a grey wall."""
    actor = cast.Actor(cast.load_actor(cast.actors()[0]))
    shots = itertools.islice(cast.render(actor, cast.load_performance("reading-1"), size=256), min(count, 24))
    seen = [cv2.copyMakeBorder(shot.rgb_HWC, 16, 16, 52, 52, cv2.BORDER_REPLICATE) for shot in shots]
    return [np.asarray(frame, np.uint8) for frame in itertools.islice(itertools.cycle([*seen, *seen[-2:0:-1]]), count)]


def spent(work: Callable[[], Any]) -> tuple[float, Any]:
    """The processor's seconds that something takes, and what comes of it."""
    begun = time.process_time()
    found = work()
    return time.process_time() - begun, found


def followed(frames: list[Frame], every: int) -> NDArray[np.float32]:
    """Landmarks (T682), as an extraction finds them."""
    tracker = Tracker(Tracking(every=every), 25.0)
    return np.stack([tracker.step(frame)[0].landmarks_682 for frame in frames])


@torch.inference_mode()
def searched(frames: list[Frame], network: Searching) -> None:
    """The stand-in's detector on every frame."""
    for frame in frames:
        network(torch.from_numpy(frame).permute(2, 0, 1)[None].float())


@torch.inference_mode()
def theirs(frames: list[Frame], boxes_T4: NDArray[np.int64], mels: torch.Tensor, network: Wav2Lip) -> Seconds:
    """The authors' order: all faces of a batch cut out and resized, the network, every face pasted."""
    seconds = dict.fromkeys(("network", "face"), 0.0)
    for first in range(0, len(frames), BATCH):
        part = range(first, min(first + BATCH, len(frames)))
        cost, faces = spent(lambda part=part: np.stack([taken(frames[i], boxes_T4[i], SIDE, "hard") for i in part]))
        whole = torch.from_numpy(faces).permute(0, 3, 1, 2).float() / 255
        seen = beside(whole, whole)
        drawing, drawn = spent(lambda part=part, seen=seen: network(mels[part.start : part.stop, None], seen))
        pasting, _ = spent(
            lambda part=part, drawn=drawn: [
                put(frames[i].copy(), each[..., ::-1], boxes_T4[i], "hard")
                for i, each in zip(part, pictures(drawn), strict=True)
            ]
        )
        seconds["network"] += drawing
        seconds["face"] += cost + pasting
    return seconds


def ours(
    frames: list[Frame], boxes_T4: NDArray[np.int64], mels: torch.Tensor, drawing: Drawing, blend: compositing.Blend
) -> Seconds:
    """This package's order, without decoding."""
    seconds = dict.fromkeys(("network", "face"), 0.0)
    for first in range(0, len(frames), BATCH):
        part = range(first, min(first + BATCH, len(frames)))
        cost, faces = spent(lambda part=part: np.stack([taken(frames[i], boxes_T4[i], SIDE, blend) for i in part]))
        drawn_in, drawn = spent(
            lambda part=part, faces=faces: drawing(torch.from_numpy(faces), mels[part.start : part.stop])
        )
        pasting, _ = spent(
            lambda part=part, drawn=drawn: [
                put(frames[i].copy(), each[..., ::-1], boxes_T4[i], blend)
                for i, each in zip(part, pictures(drawn), strict=True)
            ]
        )
        seconds["network"] += drawn_in
        seconds["face"] += cost + pasting
    return seconds


def measured(count: int) -> dict[str, Seconds]:
    """Seconds of every way, by step, for all frames."""
    frames, network, detector = film(count), Wav2Lip().eval(), Searching().eval()
    mels = torch.rand(count, 80, 16) * 8 - 4
    followed(frames[:2], 1)  # the models are read
    tracking, landmarks = spent(lambda: followed(frames, 10))
    each_frame, _ = spent(lambda: followed(frames, 1))
    few = min(count, 4)
    searching = spent(lambda: searched(frames[:few], detector))[0] * count / few
    boxes_T4 = within(boxes(landmarks, 25.0), WIDTH, HEIGHT)
    still = np.repeat(boxes_T4[:1], count, axis=0)
    found = {"stand-in": {"detection": searching, **theirs(frames, boxes_T4, mels, network)}}
    full = Drawing(network, "fp32", False, FIRST)
    whole, lower = Drawing(network, "bf16", False), Drawing(network, "bf16", False, FIRST)
    picture = Drawing(network, "bf16", True, FIRST)
    for drawing in (full, whole, lower, picture):
        ours(frames[:BATCH], boxes_T4, mels, drawing, "lower")
    found["ours, a search a frame"] = {"detection": each_frame, **ours(frames, boxes_T4, mels, lower, "lower")}
    found["ours, float32"] = {"detection": tracking, **ours(frames, boxes_T4, mels, full, "lower")}
    found["ours, whole box"] = {"detection": tracking, **ours(frames, boxes_T4, mels, whole, "box")}
    found["ours"] = {"detection": tracking, **ours(frames, boxes_T4, mels, lower, "lower")}
    found["ours, a still"] = {"detection": tracking / count, **ours(frames[:1] * count, still, mels, picture, "lower")}
    return found


def table(found: dict[str, Seconds], count: int) -> str:
    """Markdown: a row a way, ms a frame."""
    steps = ("detection", "network", "face")
    lines = [
        "| ms a frame | detection | network | taking and putting the face | all | stand-in over this |",
        "|---|---|---|---|---|---|",
    ]
    base = sum(found["stand-in"].values())
    for name, seconds in found.items():
        times = [1000 * seconds[step] / count for step in steps]
        lines.append(
            f"| {name} | "
            + " | ".join(f"{each:.1f}" for each in (*times, sum(times)))
            + f" | {base / sum(seconds.values()):.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measures, prints, and with --write leaves the table in wav2lip.md beside this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=32, help="frames drawn each way")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(0)
    text = table(measured(chosen.frames), chosen.frames)
    note = (
        f"# What a lip-synced frame costs\n\n`python benchmarks/wav2lip.py {' '.join(sys.argv[1:])}`\n\n"
        f"Milliseconds of CPU time a frame, one thread, {WIDTH}x{HEIGHT}, the full-width network (36.3 M parameters, "
        f"7.9 GFLOPs a face), batches of {BATCH}. Detection of ours is the whole following of the face, landmarks in "
        f"every frame included; the stand-in's is S3FD's layers. Machine: {machine()['processor']}.\n\n"
    )
    print(text)
    if chosen.write:
        Path(__file__).with_suffix(".md").write_text(note + text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
