"""What extraction costs a frame, in milliseconds of one core: CPU time of this process, one thread.

Run: OMP_NUM_THREADS=1 python benchmarks/extraction.py

Two figures are promised: all but detection (landmarks, sharpness, pose, alignment, smoothing, crop, writing) stays
within 7 ms a frame for crops of 256 px, and detection, spread over the frames, within 15 ms of a 720p frame. Decoding
twice is not in them; recognising a face happens once in `identity_every` seconds and is shown beside them.
"""

import dataclasses
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy import cast
from understudy.faces import faceset, models, timeline, track
from understudy.faces.align import align, crop
from understudy.faces.pose import pose
from understudy.faces.quality import sharpness
from understudy.faces.smooth import smooth
from understudy.faces.survey import Extraction

FRAMES = 60
WIDTH, HEIGHT = 1280, 720


def clip() -> list[NDArray[np.uint8]]:
    """A 720p clip: an actor filmed at 640 px, standing in a noisy room."""
    performance = dataclasses.replace(cast.load_performance(cast.performances()[0]), frames=FRAMES)
    actor = cast.Actor(cast.load_actor(cast.actors()[0]))
    room = cv2.resize(np.random.default_rng(0).integers(0, 255, (90, 160, 3), np.uint8), (WIDTH, HEIGHT))
    frames = []
    for shot in cast.render(actor, performance, size=640):
        frame = room.copy()
        frame[40:680, 320:960] = shot.rgb_HWC
        frames.append(frame)
    return frames


def spent(work: Callable[[], Any], frames: int = FRAMES) -> float:
    """Milliseconds of CPU a frame."""
    start = time.process_time()
    work()
    return 1000 * (time.process_time() - start) / frames


def following(frames: list[NDArray[np.uint8]], settings: Extraction) -> list[NDArray[np.float32]]:
    """The landmarks of every frame, as the tracker finds them."""
    tracker = track.Tracker(settings.tracking(), 25.0)
    return [
        tracker.step(np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8))[0].landmarks_682 for frame in frames
    ]


def without_detection(
    frames: list[NDArray[np.uint8]], near: list[NDArray[np.float32]], settings: Extraction, folder: Path
) -> dict[str, Callable[[], Any]]:
    """The steps of extraction but for detection, each over all frames."""
    greys = [np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8) for frame in frames]
    flat = np.array(near).reshape(len(near), -1)
    matrices = [align(points, settings.size, settings.coverage) for points in near]

    def steady() -> None:
        smooth(flat, 25.0, settings.smoothing)
        stands = np.array([timeline.stand(matrix, settings.size) for matrix in matrices])
        for stand in smooth(stands, 25.0, settings.steadiness):
            timeline.matrix(stand, settings.size)

    def crops() -> Iterator[NDArray[np.uint8]]:
        return (crop(frame, matrix, settings.size) for frame, matrix in zip(frames, matrices, strict=True))

    return {
        "grey": lambda: [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames],
        "landmarks": lambda: [track.fit(grey, points) for grey, points in zip(greys, near, strict=True)],
        "sharpness": lambda: [sharpness(grey, points) for grey, points in zip(greys, near, strict=True)],
        "pose": lambda: [pose(points, WIDTH, HEIGHT) for points in near],
        "alignment": lambda: [align(points, settings.size, settings.coverage) for points in near],
        "smoothing": steady,
        "crop and write": lambda: faceset.write_crops(folder / "crops.npy", crops(), len(frames), settings.size),
    }


def main() -> None:
    """Prints the table."""
    cv2.setNumThreads(1)
    settings = Extraction()
    frames = clip()
    near = following(frames[:2], settings) and following(frames, settings)
    whole = spent(lambda: following(frames, settings))
    with tempfile.TemporaryDirectory() as folder:
        steps = {name: spent(work) for name, work in without_detection(frames, near, settings, Path(folder)).items()}
    total = sum(steps.values())
    detection = whole - steps["grey"] - steps["landmarks"]
    print(f"{WIDTH}x{HEIGHT}, crops of {settings.size} px, {settings.coverage}; ms of one core a frame")
    for name, cost in steps.items():
        print(f"  {name:16} {cost:6.2f}")
    print(f"without detection  {total:6.2f}   (at most 7)")
    print(f"detection          {detection:6.2f}   (at most 15; every {settings.every} frames, confirmed in each)")
    recognition = spent(lambda: models.embed(frames[0], near[0]), 1) / (settings.identity_every * 25)
    print(f"recognition        {recognition:6.2f}   (every {settings.identity_every:g} s)")


if __name__ == "__main__":
    main()
