"""A learning curve looks at every few frames, and draws no others where a method draws each frame by itself."""

import dataclasses
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from understudy import cast, media
from understudy.faces.extract import extract
from understudy.faces.faceset import Faceset
from understudy.faces.survey import Extraction
from understudy.learning import Run
from understudy.methods import Footage, saehd
from understudy.methods.saehd.architecture import Dims
from understudy.stages.convert import merged
from understudy.stages.curve import EVERY, _frames

FRAMES = 12
DF = saehd.PRESETS["df"]()
TINY = dataclasses.replace(
    DF,
    dims=Dims(ae=16, e=4, d=4, d_mask=2),
    size=32,
    learning=dataclasses.replace(DF.learning, steps=4, batch=2, warmup=0, preview_every=0),
)


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Two actors' clips and facesets, and a network that has learned them for a moment."""
    folder = tmp_path_factory.mktemp("curve")
    brief = dataclasses.replace(cast.load_performance("reading-1"), fps=12, frames=FRAMES)
    for name in ("ada", "clara"):
        shots = cast.render(cast.Actor(cast.load_actor(name)), brief, size=128)
        media.write(folder / f"{name}.mp4", (shot.rgb_HWC for shot in shots), fps=Fraction(12), crf=8, preset="fast")
        extract(folder / f"{name}.mp4", folder / name, Extraction(size=96, upsample=2))
    people = [Footage(name, (Faceset.open(folder / name),), (folder / f"{name}.mp4",)) for name in ("ada", "clara")]
    torch.set_num_threads(1)
    saehd.train(people, TINY, Run(folder=folder, seed=1, device=torch.device("cpu"), code="abc", allowed=lambda: None))
    return {
        "names": {"source": "ada", "driver": "clara"},
        "source_facesets": [str(folder / "ada")],
        "source_clips": [str(folder / "ada.mp4")],
        "faceset": folder / "clara",
        "clip": str(folder / "clara.mp4"),
        "evidence": {"driver": str(folder / "clara.mp4"), "truth": str(folder / "ada.mp4")},
        "weights": folder / "weights.safetensors",
        "driver": people[1],
        "source": people[0],
    }


@pytest.mark.parametrize("shutter", [0.0, 0.5])
def test_the_frames_of_a_curve_are_those_of_the_whole_conversion(evidence: dict[str, Any], shutter: float) -> None:
    config = dataclasses.replace(TINY, paste=dataclasses.replace(TINY.paste, shutter=shutter))
    whole = list(merged(evidence["weights"], evidence["source"], evidence["driver"], saehd, config))
    seen = [fake for fake, _, _ in _frames(saehd, config, evidence["weights"], evidence)]
    assert len(seen) == len(range(0, FRAMES, EVERY)) == 3
    driver = list(media.frames(Path(evidence["clip"])))
    for number, fake in zip(range(0, FRAMES, EVERY), seen, strict=True):
        assert np.abs(fake.astype(int) - whole[number][0]).max() <= 1, "rounding in another batch may turn one bit"
        assert np.abs(fake.astype(int) - driver[number]).max() > 20, "a face was drawn"


def test_only_those_frames_are_drawn(evidence: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def counted(model: Any, source: Any, driver: Any, config: Any) -> Any:
        for batch in convert(model, source, driver, config):
            drawn.append(len(batch))
            yield batch

    convert = saehd.convert
    monkeypatch.setattr(saehd, "convert", counted)
    for shutter, faces in ((0.0, 3), (0.5, FRAMES)):
        drawn.clear()
        config = dataclasses.replace(TINY, paste=dataclasses.replace(TINY.paste, shutter=shutter))
        list(_frames(saehd, config, evidence["weights"], evidence))
        assert sum(drawn) == faces


def test_every_few_crops_of_a_faceset_are_those_of_their_frames(evidence: dict[str, Any]) -> None:
    whole = Faceset.open(evidence["faceset"])
    few = whole.every(EVERY)
    assert list(few.frames_N) == [frame for frame in whole.frames_N if frame % EVERY == 0]
    assert len(few) == len(few.crops_NHWC) == len(few.kept)
    assert list(few.kept["crop"]) == list(range(len(few)))
    for here, frame in enumerate(few.frames_N):
        there = list(whole.frames_N).index(frame)
        assert (few.crops_NHWC[here] == whole.crops_NHWC[there]).all()
        assert (few.matrices_N23[here] == whole.matrices_N23[there]).all()
        assert (few.landmarks_N682[here] == whole.landmarks_N682[there]).all()
    assert len(whole.every(1)) == len(whole)
