"""What each metric costs on a clip of 75 frames of 256 x 256 pixels, in milliseconds of one core a frame.

Run: python benchmarks/metrics.py [--frames 75]

A fake (the exact swap, blurred a little) of a synthetic actor is measured as the workflow does it, each step timed by
itself: decoding, what several metrics share (landmarks of fake and driver, the face's embedding), each metric's own
frames and its rows. LPIPS and FID run with random weights, which cost what trained ones cost. `before` are the
metrics of the first study; what the others without networks add to them must stay within 30 %. CPU time, one thread.
Writes benchmarks/metrics.md.
"""

import argparse
import dataclasses
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is loaded

import cv2
import numpy as np
import torch

from understudy import cast, media, metrics
from understudy.cast.performance import poses
from understudy.faces import alpha
from understudy.faces.models import embed
from understudy.faces.track import Tracker
from understudy.job import machine
from understudy.metrics._alexnet import AlexNet
from understudy.metrics._inception import Inception
from understudy.metrics._streams import moments
from understudy.metrics.lpips import Linear

BEFORE = ("detection", "identity", "landmarks", "pose", "expression", "truth", "flicker", "sync")
SHARED = ("decoding", "fake's landmarks", "driver's landmarks", "embedding")
AT_MOST = 1.3


class Clock:
    """CPU seconds of the process, summed by step."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        begin = time.process_time()
        yield
        self.seconds[step] += time.process_time() - begin


def film(folder: Path, count: int) -> metrics.Case:
    """Renders the driver and the exact swap, and everything else that a case can have."""
    driver, source = (cast.Actor(cast.load_actor(name)) for name in ("ada", "clara"))
    script = cast.load_performance("answer-1")
    script = dataclasses.replace(script, frames=min(count, script.frames))
    drivers = list(cast.render(driver, script))
    truths = list(cast.render(cast.swapped(driver, source), script))
    sound = folder / "speech.wav"
    cast.speak(script, sound, driver.identity.voice)
    media.write(folder / "driver.mp4", (f.rgb_HWC for f in drivers), fps=script.fps, sound=sound, crf=12)
    media.write(folder / "truth.mp4", (f.rgb_HWC for f in truths), fps=script.fps, crf=12)
    soft = (np.asarray(cv2.GaussianBlur(f.rgb_HWC, (0, 0), 1.0)) for f in truths)
    media.write(folder / "fake.mp4", soft, fps=script.fps, sound=sound, crf=18)
    np.save(folder / "masks.npy", np.stack([f.face_HW for f in truths]))
    with alpha.Writer(folder / "fake.alpha", height=256, width=256) as file:
        for frame in truths:
            file.write(np.asarray(cv2.dilate(frame.face_HW.astype(np.uint8), np.ones((5, 5)))).astype(bool))
    weights = [pose.units for pose in poses(script, driver.identity.speaking)]
    units = sorted({name for at in weights for name in at})
    np.savez(
        folder / "labels.npz",
        pose_T3=np.array([(f.yaw, f.pitch, f.roll) for f in drivers]),
        units_E=np.array(units),
        weights_TE=np.array([[at.get(name, 0.0) for name in units] for at in weights]),
    )
    references = {}
    for name, frames in (("ada", drivers), ("clara", truths)):
        face = Tracker().step(frames[0].rgb_HWC)[0]
        references[name] = embed(frames[0].rgb_HWC, face.landmarks_682)[None]
    return metrics.Case(
        fake=folder / "fake.mp4", driver=folder / "driver.mp4", fps=script.fps, truth=folder / "truth.mp4",
        masks=folder / "masks.npy", region=folder / "fake.alpha", labels=folder / "labels.npz",
        source_references_N128=references["clara"], driver_references_N128=references["ada"],
        gallery=references, source="clara", networks=_random(folder),
    )  # fmt: skip


def _random(folder: Path) -> dict[str, Path]:
    """Networks of random weights."""
    made = {"lpips": AlexNet(), "lpips-linear": Linear(), "inception": Inception()}
    for name, network in made.items():
        torch.save(network.state_dict(), folder / f"{name}.pth")
    return {name: folder / f"{name}.pth" for name in made}


def timed(case: metrics.Case, embed_every: int) -> tuple[dict[str, float], int]:
    """CPU seconds of every step and metric over the clip, and how many frames it has."""
    clock, count = Clock(), 0
    meters = {name: metrics.metric(name).meter(case) for name in metrics.names()}
    streams = {stream for name in meters for stream in metrics.metric(name).LOOKS_AT}
    there = moments(case, streams, embed_every=embed_every, sight=metrics.by_dlib(case.fps))
    while True:
        with clock("decoding"):
            moment = next(there, None)
        if moment is None:
            break
        count += 1
        with clock("driver's landmarks"):
            _ = moment.driver_landmarks_682
        with clock("fake's landmarks"):
            _ = moment.fake_landmarks_682
        with clock("embedding"):
            _ = moment.fake_embedding_128
        for name, meter in meters.items():
            with clock(name):
                meter.step(moment)
    for name, meter in meters.items():
        with clock(name):
            meter.rows()
    return dict(clock.seconds), count


def page(frames: int) -> str:
    """The benchmark's text."""
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        case = film(Path(folder), frames)
        timed(case, frames)  # the models are read, and the caches are warm
        for every in (1, 5):
            seconds, count = timed(case, every)
            cost = {name: 1000 * spent / count for name, spent in seconds.items()}
            shared = sum(cost[name] for name in SHARED)
            before = shared + sum(cost[name] for name in BEFORE)
            free = [name for name in metrics.names() if name not in BEFORE and not metrics.networks(name)]
            paid = [name for name in metrics.names() if metrics.networks(name)]
            after = before + sum(cost[name] for name in free)
            lines += [f"{count} frames of 256x256, embed_every {every}; ms of one core a frame"]
            lines += [f"  {name:<20}{cost[name]:8.2f}" for name in (*SHARED, *BEFORE)]
            lines += [f"before                {before:8.2f}", *(f"  {name:<20}{cost[name]:8.2f}" for name in free)]
            lines += [f"with these            {after:8.2f}   {after / before:.2f} times (at most {AT_MOST})"]
            lines += [*(f"  {name:<20}{cost[name]:8.2f}   with weights" for name in paid), ""]
    return "\n".join(lines)


def main() -> None:
    """Measures and writes benchmarks/metrics.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=75)
    frames = parser.parse_args().frames
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    text = page(frames)
    head = "# Metrics\n\n`OMP_NUM_THREADS=1 python benchmarks/metrics.py`\n\n```\n"
    there = machine()["processor"]
    out = Path(__file__).with_suffix(".md")
    out.write_text(f"{head}{text.rstrip()}\n```\n\nMachine: {there}. CPU time, one thread.\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
