"""What merging costs: each colour transfer, and each setting of the paste, in milliseconds of one core a face.

Run: python benchmarks/merging.py [--frames 24]

Crops of one synthetic actor, under a cast of orange, are matched to and pasted into the frames of another, 1280x720.
Beside the time of each colour transfer stand what of the distance between the two faces' colours it leaves (sliced
Wasserstein distance, levels of 255) and how much its correction changes from one frame to the next (levels, mean).
"""

import argparse
import dataclasses
import functools
import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

os.environ["OMP_NUM_THREADS"] = "1"  # read when numpy is loaded
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import cv2
import numpy as np
from numpy.typing import NDArray

from understudy import cast
from understudy.faces import align, alpha, paste
from understudy.faces.colour import Colour, match
from understudy.job import machine

Picture = NDArray[np.uint8]
WIDTH, HEIGHT = 1280, 720
SIZES = (128, 256)
CAST = (1.12, 0.92, 0.78)
PLAIN = paste.Paste(
    mask="extended", erode=0.05, blur=0.12, colour="none", seamless=False, interpolation="cubic", sharpen=0.0
)
SETTINGS: dict[str, dict[str, Any]] = {
    "extended mask, eroded, blurred": {},
    "grown instead of eroded": {"erode": -0.05},
    "hard edge": {"blur": 0.0},
    "supersample 2": {"blur": 0.0, "supersample": 2},
    "supersample 4": {"blur": 0.0, "supersample": 4},
    "supersample 8": {"blur": 0.0, "supersample": 8},
    "sharpen, gaussian": {"sharpen": 1.0},
    "sharpen, box": {"sharpen": 1.0, "sharpener": "box"},
    "sharpen, unsharp": {"sharpen": 1.0, "sharpener": "unsharp"},
    "shutter, a streak of 4 px": {"shutter": 0.1},
    "shutter, a streak of 20 px": {"shutter": 0.5},
    "seamless": {"seamless": True},
}
MOTION = np.array([32.0, -24.0])  # 40 px a frame


@dataclasses.dataclass(frozen=True)
class Scene:
    """A driver's frame at 720 lines, its landmarks, and the source's crops by size, in the same pose."""

    frame_HWC: Picture
    landmarks_682: NDArray[np.float64]
    crops: dict[int, Picture]


def scenes(count: int) -> list[Scene]:
    """Both actors in the same performance; the source's crops under a cast."""
    performance = dataclasses.replace(cast.load_performance(cast.performances()[0]), frames=count)
    driver, source = (cast.Actor(cast.load_actor(name)) for name in (cast.actors()[0], cast.actors()[5]))
    films = zip(*(cast.render(each, performance, size=512) for each in (driver, source)), strict=True)
    return [_scene(shot.rgb_HWC, shot.landmarks_682, other.rgb_HWC, other.landmarks_682) for shot, other in films]


def _scene(driver: Picture, driver_682: NDArray[Any], source: Picture, source_682: NDArray[Any]) -> Scene:
    scale, left = HEIGHT / 512, (WIDTH - HEIGHT) // 2
    frame = np.full((HEIGHT, WIDTH, 3), 110, np.uint8)
    frame[:, left : left + HEIGHT] = cv2.resize(driver, (HEIGHT, HEIGHT), interpolation=cv2.INTER_CUBIC)
    landmarks = (driver_682.astype(np.float64) + 0.5) * scale - 0.5 + (left, 0)
    crops = {}
    for size in SIZES:
        crop = align.crop(source, align.align(source_682, size, "full"), size)
        crops[size] = np.clip(crop * np.array(CAST), 0, 255).astype(np.uint8)
    return Scene(frame, landmarks, crops)


def cost(work: Callable[[Scene], object], filmed: list[Scene]) -> float:
    """Milliseconds of CPU a scene: the median, after one round to warm up."""
    work(filmed[0])
    return 1e3 * float(np.median([_seconds(work, scene) for scene in filmed]))


def _seconds(work: Callable[[Scene], object], scene: Scene) -> float:
    start = time.process_time()
    work(scene)
    return time.process_time() - start


def matched(scene: Scene, size: int, how: Colour) -> tuple[Picture, Picture, NDArray[np.float32]]:
    """The crop in the driver's colours, the driver's own crop, and the mask that weighs both."""
    matrix = align.align(scene.landmarks_682, size, "full")
    mask = paste.mask(scene.landmarks_682, matrix, size, PLAIN)
    like, mask = align.crop(scene.frame_HWC, matrix, size), cv2.resize(mask, (size, size))
    return match(scene.crops[size], like, np.asarray(mask, np.float32), how), like, np.asarray(mask, np.float32)


def left(one: Picture, other: Picture, mask: NDArray[np.float32]) -> float:
    """The sliced Wasserstein distance of two pictures' colours inside the mask, in levels."""
    inside, total = mask > 0.5, []
    directions = np.random.default_rng(0).normal(size=(24, 3))
    for direction in directions / np.linalg.norm(directions, axis=1, keepdims=True):
        ranks = [np.sort(picture[inside].astype(np.float64) @ direction) for picture in (one, other)]
        total.append(np.abs(ranks[0] - ranks[1]).mean())
    return float(np.mean(total))


def colours(filmed: list[Scene]) -> Iterator[str]:
    """Markdown: a row a transfer."""
    yield "| colour | ms at 128 px | ms at 256 px | distance left | change a frame |"
    yield "|---|---|---|---|---|"
    bare = [cost(functools.partial(matched, size=size, how="none"), filmed) for size in SIZES]
    for how in get_args(Colour):
        took = [cost(functools.partial(matched, size=size, how=how), filmed) for size in SIZES]
        each = [max(0, whole - base) for whole, base in zip(took, bare, strict=True)]
        made = [matched(scene, 256, how) for scene in filmed]
        inside = made[0][2] > 0.5
        moves = [out.astype(float) - scene.crops[256] for (out, *_), scene in zip(made, filmed, strict=True)]
        change = np.mean([np.abs(after - before)[inside].mean() for before, after in itertools.pairwise(moves)])
        rest = np.mean([left(*three) for three in made])
        yield f"| {how} | {each[0]:.1f} | {each[1]:.1f} | {rest:.1f} | {change:.2f} |"


def pastes(filmed: list[Scene]) -> Iterator[str]:
    """Markdown: a row a setting."""
    yield "| setting | ms a face at 256 px |"
    yield "|---|---|"
    for name, changes in SETTINGS.items():
        settings = dataclasses.replace(PLAIN, **changes)
        yield f"| {name} | {cost(functools.partial(_pasted, settings=settings), filmed):.1f} |"


def _pasted(scene: Scene, settings: paste.Paste) -> paste.Blend:
    matrix = align.align(scene.landmarks_682, 256, "full")
    return paste.blend(scene.frame_HWC, scene.crops[256], matrix, scene.landmarks_682, settings, motion_2=MOTION)


def recorded(filmed: list[Scene]) -> str:
    """A sentence: what it costs to record which pixels are the fake's."""
    masks = [_pasted(scene, PLAIN).fake_HW() for scene in filmed]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fake.alpha"
        start = time.process_time()
        with alpha.Writer(path, height=HEIGHT, width=WIDTH) as writer:
            for mask in masks:
                writer.write(mask)
        wrote, size, start = time.process_time() - start, path.stat().st_size, time.process_time()
        assert all((back == mask).all() for back, mask in zip(alpha.frames(path), masks, strict=True))
        read = time.process_time() - start
    each = 1e3 / len(masks)
    return (
        f"Which pixels are the fake's: {wrote * each:.1f} ms to write, {read * each:.1f} ms to read, "
        f"{size / len(masks):.0f} bytes a frame."
    )


def main() -> None:
    """Films, measures, prints and writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=24, help="frames merged with each setting")
    count = parser.parse_args().frames
    cv2.setNumThreads(1)
    filmed = scenes(count)
    face = np.mean([np.ptp(scene.landmarks_682[:, 0]) for scene in filmed])
    parts = [
        f"# What merging costs\n\n`python benchmarks/merging.py --frames {count}`\n",
        f"Median CPU time of a face, one thread; frames {WIDTH}x{HEIGHT}, faces {face:.0f} px wide. "
        f"Machine: {machine()['processor']}.\n",
        "## Colours\n\nThe matching alone. Distance left: between the colours of the pasted and the driver's face "
        "inside the mask, levels of 255.\nChange a frame: of the correction, levels, while both actors perform.\n",
        "\n".join(colours(filmed)),
        "\n## The paste\n\nWhole, colours unmatched, each setting by itself; the second row and those after it change "
        "the first.\n",
        "\n".join(pastes(filmed)),
        f"\n{recorded(filmed)}",
    ]
    text = "\n".join(parts)
    Path(__file__).with_suffix(".md").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
