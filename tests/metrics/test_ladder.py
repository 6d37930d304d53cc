"""On rendered actors, seen by dlib, every metric can fail: a fake made worse step by step is called worse."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from understudy import cast, media, metrics
from understudy.faces.models import embed
from understudy.faces.track import Tracker
from understudy.metrics._validity import tinted

FRAMES = 8
Image = NDArray[np.uint8]


@dataclasses.dataclass(frozen=True)
class Film:
    """What was rendered, and the case of which the driver unchanged is the fake."""

    folder: Path
    case: metrics.Case
    truths: list[Image]
    faces: list[NDArray[np.bool_]]

    def spoilt(self, name: str, spoil: Callable[[int, Image], Any]) -> pd.Series:
        """The values of the truth, its face spoilt, as published."""
        path = self.folder / f"{name}.mp4"
        pictures = (
            np.where(face[..., None], spoil(t, image), image).astype(np.uint8)
            for t, (image, face) in enumerate(zip(self.truths, self.faces, strict=True))
        )
        media.write(path, pictures, fps=25)
        return self.values(path)

    def values(self, fake: Path) -> pd.Series:
        rows, _ = metrics.measure(dataclasses.replace(self.case, fake=fake), metrics.names(), embed_every=4)
        return rows.set_index("metric")["value"]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    folder = tmp_path_factory.mktemp("film")
    driver, source = (cast.Actor(cast.load_actor(name)) for name in ("ada", "bruno"))

    def shoot(actor: cast.Actor, performance: str, count: int) -> list[cast.Frame]:
        # Few frames far apart, so that there is movement in them.
        sparse = dataclasses.replace(cast.load_performance(performance), fps=8, frames=count)
        return list(cast.render(actor, sparse))

    def references(actor: cast.Actor) -> NDArray[np.floating]:
        there = shoot(actor, "reading-2", 2)
        faces = [Tracker().step(frame.rgb_HWC)[0] for frame in there]
        return np.stack([embed(frame.rgb_HWC, face.landmarks_682) for frame, face in zip(there, faces, strict=True)])

    drivers, truths = shoot(driver, "answer-1", FRAMES), shoot(cast.swapped(driver, source), "answer-1", FRAMES)
    media.write(folder / "driver.mp4", (frame.rgb_HWC for frame in drivers), fps=25)
    media.write(folder / "truth.mp4", (frame.rgb_HWC for frame in truths), fps=25)
    np.save(folder / "masks.npy", np.stack([frame.face_HW for frame in truths]))
    gallery = {"ada": references(driver), "bruno": references(source)}
    case = metrics.Case(
        fake=folder / "driver.mp4", driver=folder / "driver.mp4", truth=folder / "truth.mp4", fps=25,
        masks=folder / "masks.npy",
        source_references_N128=gallery["bruno"], driver_references_N128=gallery["ada"],
        gallery=gallery, source="bruno",
    )  # fmt: skip
    return Film(folder, case, [frame.rgb_HWC for frame in truths], [frame.face_HW for frame in truths])


@pytest.fixture(scope="module")
def published(film: Film) -> pd.Series:
    """The truth as a perfect method would publish it: encoded, nothing else."""
    return film.spoilt("published", lambda t, image: image)


def test_the_driver_and_the_truth_stand_at_their_ends(film: Film, published: pd.Series) -> None:
    copy = film.values(film.case.driver)
    for name in ("landmark error", "expression error", "pose error", "flicker"):
        assert copy[name] == 0
    assert copy["identity distance to driver"] < 0.35 < 0.5 < copy["identity distance to source"]
    assert published["identity distance to source"] < 0.35 < 0.5 < published["identity distance to driver"]
    assert (copy["nearer to source"], published["nearer to source"]) == (0, 1)
    assert (copy["identity retrieval"], published["identity retrieval"]) == (0, 1)
    assert copy["retrieval margin"] < -0.1 < 0.1 < published["retrieval margin"]
    assert (copy["seam energy"], copy["seam colour"]) == (0, 0)
    assert published["SSIM to truth"] > 0.95 > 0.7 > copy["SSIM to truth"]
    assert copy["frames without a face"] == published["frames without a face"] == 0


def test_blur_costs_likeness_to_the_truth_and_to_the_source(film: Film, published: pd.Series) -> None:
    steps = [
        published,
        *(film.spoilt(f"blur{s}", lambda t, image, s=s: cv2.GaussianBlur(image, (0, 0), s)) for s in (2, 6)),
    ]
    for name, sign in (
        ("SSIM to truth", -1),
        ("PSNR to truth", -1),
        ("L1 to truth", 1),
        ("identity distance to source", 1),
    ):
        assert (np.diff([sign * step[name] for step in steps]) > 0).all(), name


def test_a_face_pasted_beside_its_place_is_seen(film: Film, published: pd.Series) -> None:
    def shake(t: int, image: Image) -> Image:
        return np.roll(image, (5 if t % 2 else -5, 4 if t % 4 < 2 else -4), axis=(1, 0))

    shaken = film.spoilt("shaken", shake)
    for name in ("landmark error", "flicker", "L1 to truth"):
        assert shaken[name] > 1.05 * published[name], name
    assert shaken["SSIM to truth"] < published["SSIM to truth"] - 0.1


def test_a_face_of_another_tone_has_a_seam(film: Film, published: pd.Series) -> None:
    """Redder and yellower; a darker one would be nearer to the hair that is beside it."""
    steps = [published, *(film.spoilt(f"tone{s}", lambda t, image, s=s: tinted(image, (0, s, s))) for s in (6, 12))]
    for name in ("seam energy", "seam colour"):
        assert (np.diff([step[name] for step in steps]) > 0).all(), name


def test_a_face_that_does_not_move_is_seen(film: Film, published: pd.Series) -> None:
    frozen = film.spoilt("frozen", lambda t, image: film.truths[0])
    for name in ("L1 to truth", "pose motion error", "expression motion error"):
        assert frozen[name] > published[name], name


def test_alternating_brightness_is_flicker_and_next_to_nothing_else(film: Film, published: pd.Series) -> None:
    lit = film.spoilt("lit", lambda t, image: np.clip(image + 6.0 * (-1) ** t, 0, 255))
    assert lit["flicker"] > published["flicker"] + 4 / 255  # of 12, where no pixel is clipped
    assert lit["identity distance to source"] == pytest.approx(published["identity distance to source"], abs=0.03)
    assert lit["landmark error"] == pytest.approx(published["landmark error"], abs=0.02)


def test_a_face_that_is_none_is_missing_everywhere_and_not_guessed(film: Film) -> None:
    gone = film.spoilt("gone", lambda t, image: np.full_like(image, 120))
    assert gone["frames without a face"] == 1
    assert gone[["identity distance to source", "nearer to source", "landmark error", "pose error"]].isna().all()
    assert gone["SSIM to truth"] < 0.7
