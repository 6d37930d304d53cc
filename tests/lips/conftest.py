"""Clips of talking faces whose landmarks are known."""

from collections.abc import Callable

import numpy as np
import pytest

from understudy import cast, media

from .talk import Array, Talk, known, picture, points, talking, voice, write_sound


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Talk]:
    """Makes a clip of a drawn mouth that opens as its voice is loud."""
    folder = tmp_path_factory.mktemp("drawn")

    def make(seed: int, *, fps: float = 25.0, seconds: float = 3.0, late: float = 0.0) -> Talk:
        t = np.arange(round(fps * seconds)) / fps
        opening = 0.25 * talking(t - late, seed)
        landmarks = np.stack([points(each) for each in opening])
        path = folder / f"talk-{seed}-{fps:g}-{late:g}.mp4"
        sound = write_sound(path.with_suffix(".wav"), voice(seconds, seed))
        media.write(path, (picture(each, seed) for each in landmarks), fps=fps, sound=sound, metadata={}, crf=12)
        return Talk(path, landmarks, known(path, landmarks, fps))

    return make


@pytest.fixture(scope="session")
def filmed() -> Callable[[str, str], Array]:
    """Films an actor's landmarks, the exact ones, without drawing a pixel."""
    from understudy.cast.camera import pose, project
    from understudy.cast.landmarks import LANDMARKS
    from understudy.cast.pack import load_pack
    from understudy.cast.performance import poses

    def film(actor: str, performance: str) -> Array:
        somebody = cast.Actor(cast.load_actor(actor))
        moves = poses(cast.load_performance(performance), somebody.identity.speaking)
        count = len(load_pack().rest_V3)
        screens = [project(pose(somebody, move).points_V3, 512)[:count, :2] for move in moves]
        return np.stack([screen[LANDMARKS] / 2 - 0.5 for screen in screens])

    return film
