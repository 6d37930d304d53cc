"""A still picture goes the way of every clip: into the manifest, through the ingest, to a faceset."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from understudy import cast, media
from understudy.cli import main
from understudy.errors import FaceError
from understudy.faces.faceset import Faceset
from understudy.people import read_manifest
from understudy.stages.faces import extract_clip, reference_subject
from understudy.stages.ingest import ingest_clip

ACTOR = cast.Actor(cast.load_actor(cast.actors()[0]))


@pytest.fixture(scope="module")
def shot() -> cast.Frame:
    """An actor's face, 256 px, and where its landmarks are."""
    return next(iter(cast.render(ACTOR, cast.load_performance(cast.performances()[0]), size=256)))


@pytest.fixture(scope="module")
def portrait(shot: cast.Frame) -> np.ndarray:
    """The picture of it (HWC)."""
    return shot.rgb_HWC


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grant_all: Callable[..., object]) -> Path:
    """A folder in which one subject agreed to be extracted."""
    monkeypatch.chdir(tmp_path)
    nothing = dict.fromkeys(("appear-in-report", "study-stimulus", "share-weights", "publish"), False)
    purposes = {"extract": True, "train": [], "be-source": [], "be-driver": [], **nothing}
    record = {"id": "r", "subject": "s", "basis": {"kind": "form", "sha256": "0" * 64}, "purposes": purposes}
    grant_all(
        tmp_path / "consents",
        record | {"counterparts": "anyone", "from": "2026-01-01", "until": "2999-12-31", "note": ""},
    )
    return tmp_path


def ingest(study: Path, picture: Path) -> Path:
    """Adds a picture to the manifest, as a user does, and runs the rule on it."""
    manifest = study / "manifest.yaml"
    assert main(("manifest", "add", str(manifest), str(picture), "--subject", "s", "--role", "source")) == 0
    added = read_manifest(manifest).clips[-1]
    clip = study / f"{added.id}.mp4"
    ingest_clip(
        clip=clip,
        clip_id=added.id,
        subject="s",
        manifest=str(manifest),
        consents=str(study / "consents"),
        study="t",
        fps="5",
        height=None,
        crf=12,
    )
    return clip


def extracted(study: Path, clip: Path) -> Faceset:
    """The faceset that the rules make of a clip."""
    about = {"subject": "s", "settings": {"size": 64}, "consents": str(study / "consents"), "study": "t"}
    reference_subject(clips=[str(clip)], out=study / "reference.npy", **about)
    extract_clip(clip=clip, reference=study / "reference.npy", out=study / "faces", **about)
    return Faceset.open(study / "faces")


@pytest.mark.parametrize("kind", ["turned.jpg", "transparent.png"])
def test_a_picture_becomes_a_faceset_of_its_face(study, shot, portrait, kind):
    picture, options = Image.fromarray(portrait), {}
    if kind == "turned.jpg":
        exif = Image.Exif()
        exif[274] = 6
        picture, options = picture.transpose(Image.Transpose.ROTATE_90), {"exif": exif, "quality": 95}
    else:
        opacity = np.full(portrait.shape[:2], 255, np.uint8)
        opacity[:, :20] = 0
        picture = Image.fromarray(np.dstack([portrait, opacity]))
    picture.save(study / kind, **options)
    clip = ingest(study, study / kind)
    made = media.probe(clip)
    assert (made.still, made.frames, made.width, made.height) == (True, 5, 256, 256)
    faceset = extracted(study, clip)
    assert len(faceset) == 5
    assert np.ptp(faceset.landmarks_N682, axis=0).max() == 0  # one picture, so one face in one place
    found_682 = faceset.landmarks_N682.mean(0)
    assert np.linalg.norm(found_682 - shot.landmarks_682, axis=1)[17:].mean() < 5


def test_a_picture_with_no_face_or_two_is_told(study, portrait):
    other = cast.Actor(cast.load_actor(cast.actors()[3]))
    beside = next(iter(cast.render(other, cast.load_performance(cast.performances()[0]), size=256))).rgb_HWC
    Image.fromarray(np.hstack([portrait, beside])).save(study / "two.png")
    with pytest.raises(FaceError, match="several faces"):
        extracted(study, ingest(study, study / "two.png"))
    y, x = np.mgrid[0:256, 0:256]
    Image.fromarray(np.stack([x, y, x // 2 + y // 2], -1).astype(np.uint8)).save(study / "none.png")
    with pytest.raises(FaceError, match="no face"):
        extracted(study, ingest(study, study / "none.png"))


def test_a_manifest_takes_no_picture_that_cannot_be_used(study, portrait, capsys):
    Image.fromarray(portrait[:40]).save(study / "small.png")
    assert main(("manifest", "add", "manifest.yaml", "small.png", "--subject", "s", "--role", "source")) != 0
    assert "Both sides must have at least 64" in capsys.readouterr().err
    assert not (study / "manifest.yaml").exists()
    Image.fromarray(portrait).save(study / "fine.png")
    assert main(("probe", "fine.png")) == 0
    assert capsys.readouterr().out == "256 x 256, a still picture, png\n"
