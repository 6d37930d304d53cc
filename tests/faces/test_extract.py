"""Extraction keeps the subject's usable faces, says why it drops the others, and leaves all of it or nothing."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from understudy import files, media
from understudy.errors import DiskError, FaceError
from understudy.faces import faceset, survey
from understudy.faces.align import align, apply
from understudy.faces.extract import extract
from understudy.faces.faceset import COLUMNS, Faceset
from understudy.faces.subject import reference
from understudy.faces.survey import Extraction
from understudy.faces.timeline import REASONS, matrix, stand
from understudy.faces.track import Face, box

from .conftest import Filmed, Frames, beside

SMALL = Extraction(size=96)
Clip = Callable[..., Path]


def test_round_trip(someone: Filmed, clip: Clip, tmp_path: Path) -> None:
    path = clip(someone.frames, "a clip with spaces, é and 字.mp4")
    made = extract(path, tmp_path / "set", SMALL)
    again = Faceset.open(tmp_path / "set")
    assert len(made) == len(again) == len(someone.frames)
    assert isinstance(again.crops_NHWC, np.memmap)
    assert again.crops_NHWC.shape == (len(someone.frames), 96, 96, 3)
    assert (again.size, again.coverage, again.width, again.height, again.fps) == (96, "full", 256, 256, 25.0)
    assert dict(again.table.dtypes.astype(str)) == COLUMNS
    assert list(again.frames_N) == list(range(len(someone.frames)))
    assert (tmp_path / "set" / "picture.png").read_bytes()[:4] == b"\x89PNG"
    assert not list((tmp_path / "set").glob("*.spool"))
    # The crop is the frame seen through its matrix, and in it the face stands as the mean face does.
    for index in (0, 20):
        frame = next(frame for number, frame in enumerate(media.frames(path)) if number == index)
        seen = cv2.warpAffine(frame, again.matrices_N23[index], (96, 96))
        assert np.abs(seen.astype(int) - again.crops_NHWC[index]).mean() < 2
        ideal = align(again.landmarks_N682[index], 96, "full")
        assert (
            np.abs(
                apply(ideal, again.landmarks_N682[index])
                - apply(again.matrices_N23[index], again.landmarks_N682[index])
            ).max()
            < 4
        )
    eyes = np.array([apply(m, p)[[36, 45]] for m, p in zip(again.matrices_N23, again.landmarks_N682, strict=True)])
    assert np.abs(eyes[:, 0, 1] - eyes[:, 1, 1]).max() < 8


def test_pose_follows_the_actor(someone: Filmed, clip: Clip, tmp_path: Path) -> None:
    table = extract(clip(someone.frames), tmp_path / "set", SMALL).table
    for column, (name, limit) in enumerate((("yaw", 4), ("pitch", 5), ("roll", 3))):
        truth, found = someone.pose[:, column], table[name].to_numpy()
        assert np.std(found - truth) < limit  # a person's own constant apart
        if truth.std() > limit:
            assert np.corrcoef(truth, found)[0, 1] > 0.9


def test_the_same_clip_gives_the_same_bytes(someone: Filmed, clip: Clip, tmp_path: Path) -> None:
    path = clip(someone.frames[:8])
    for name in ("one", "two"):
        extract(path, tmp_path / name, SMALL)
    for file in sorted((tmp_path / "one").iterdir()):
        assert files.sha256(file) == files.sha256(tmp_path / "two" / file.name), file.name


def test_view_is_a_narrower_crop(someone: Filmed, clip: Clip, tmp_path: Path) -> None:
    made = extract(clip(someone.frames[:6]), tmp_path / "set", Extraction(size=256, steadiness=0.0))
    view = made.view("half", 64)
    assert view[0].shape == (64, 64, 3)
    assert len(list(view)) == 6
    for index in range(6):
        assert np.allclose(view.matrices_N23[index], align(made.landmarks_N682[index], 64, "half"), atol=1e-3)
    same = made.view("full", 256)
    assert np.array_equal(same[3], made.crops_NHWC[3])


def test_of_two_faces_the_subjects_is_taken(someone: Filmed, other: Filmed, clip: Clip, tmp_path: Path) -> None:
    both = clip([beside(other.frames[index % 8], someone.frames[index]) for index in range(12)], "both.mp4")
    alone = {"right": clip(someone.frames[12:24], "right.mp4"), "left": clip(other.frames, "left.mp4")}
    for side, path in alone.items():
        references = reference(path, SMALL)[None]
        table = extract(both, tmp_path / side, SMALL, references_N128=references).table
        assert (table["faces"] == 2).all()
        assert table["kept"].all()
        assert ((table["x0"] > 256) == (side == "right")).all()
        assert (table["distance"] < 0.5).all()


def test_two_faces_and_no_reference_is_refused(someone: Filmed, other: Filmed, clip: Clip, tmp_path: Path) -> None:
    both = clip([beside(other.frames[index % 8], someone.frames[index]) for index in range(8)])
    with pytest.raises(FaceError, match=r"several faces.*Name a reference clip"):
        extract(both, tmp_path / "set", SMALL)
    with pytest.raises(FaceError, match="several faces"):
        reference(both, SMALL)
    assert not (tmp_path / "set").exists()


def test_somebody_else_is_refused(someone: Filmed, other: Filmed, clip: Clip, tmp_path: Path) -> None:
    references = reference(clip(other.frames, "other.mp4"), SMALL)[None]
    with pytest.raises(FaceError, match=r"none of its faces is the subject's: the nearest is 0\.\d+"):
        extract(clip(someone.frames[:8]), tmp_path / "set", SMALL, references_N128=references)


def test_no_face_is_refused(nobody: Frames, clip: Clip, tmp_path: Path) -> None:
    with pytest.raises(FaceError, match="no face was found in any of its 6 frames"):
        extract(clip([nobody] * 6), tmp_path / "set", SMALL)
    with pytest.raises(FaceError, match="no face"):
        reference(clip([nobody] * 6, "again.mp4"), SMALL)
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".mp4"] == []


def test_a_face_in_half_of_the_frames_is_kept_there(
    someone: Filmed, nobody: Frames, clip: Clip, tmp_path: Path
) -> None:
    made = extract(clip([*someone.frames[:10], *[nobody] * 10]), tmp_path / "set", SMALL)
    assert list(made.frames_N) == list(range(10))
    assert (made.table["reason"][10:] == "no face").all()
    assert made.card["dropped"]["no face"] == 10
    assert np.isnan(made.track_T682[10:]).all()
    assert np.isnan(made.boxes_T4[10:]).all()


def test_too_few_frames_are_refused_with_the_reasons(
    someone: Filmed, nobody: Frames, clip: Clip, tmp_path: Path
) -> None:
    path = clip([*someone.frames[:4], *[nobody] * 6])
    with pytest.raises(
        FaceError, match=r"4 of 10 frames have a usable face \(dropped: 6 no face\), and 5 are the fewest"
    ):
        extract(path, tmp_path / "set", SMALL)
    assert not (tmp_path / "set").exists()


def test_blurred_frames_are_dropped(someone: Filmed, clip: Clip, tmp_path: Path) -> None:
    frames = list(someone.frames[:16])
    for index in (5, 6, 11):
        frames[index] = cv2.GaussianBlur(frames[index], None, 3.0)
    table = extract(clip(frames), tmp_path / "set", SMALL).table
    assert list(np.flatnonzero(table["reason"] == "blurred")) == [5, 6, 11]
    assert table["found"].all()
    assert list(table["crop"][[4, 5, 6, 7]]) == [4, -1, -1, 5]


def test_each_reason_is_given_where_it_holds(someone: Filmed, clip: Clip, tmp_path: Path) -> None:
    frames = list(someone.frames[:12])
    cut = [np.concatenate([frame[:, 130:], np.zeros_like(frame[:, :130])], axis=1) for frame in frames[6:]]
    table = extract(clip([*frames[:6], *cut]), tmp_path / "cut", SMALL).table
    assert (table["reason"][:6] == "").all()
    assert set(table["reason"][6:]) <= {"outside", "no face", "blurred"}
    assert "outside" in set(table["reason"][6:]) or not table["found"][6:].any()
    limit = float(np.median(np.abs(someone.pose[:, 0])))
    turned = extract(clip(someone.frames, "turned.mp4"), tmp_path / "turned", Extraction(size=96, max_yaw=limit)).table
    assert ((turned["reason"] == "profile") == (turned["yaw"].abs() > limit)).all()
    assert (turned["reason"] == "profile").any()
    picky = Extraction(size=96, smallest_face=0.6)
    with pytest.raises(FaceError, match=r"no face|small"):
        extract(clip(frames, "small.mp4"), tmp_path / "small", picky)
    assert set(turned["reason"]) | {""} <= set(REASONS) | {""}


def test_stand_and_matrix_are_inverse(someone: Filmed) -> None:
    truth = align(someone.landmarks[0], 128, "head")
    assert np.allclose(matrix(stand(truth, 128), 128), truth)


class Known:
    """A tracker that knows where the face is: tests of memory need no detector."""

    def __init__(self, landmarks: np.ndarray) -> None:
        self._landmarks, self._frame = landmarks.astype(np.float32), -1

    def step(self, _: Frames) -> list[Face]:
        self._frame += 1
        points = self._landmarks[self._frame % len(self._landmarks)]
        return [Face(box=box(points), score=1.0, landmarks_682=points, tracked=True, track=0)]


def test_memory_does_not_grow_with_the_clip(someone: Filmed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def peak(count: int) -> int:
        def frames(path: Path) -> Any:
            return (someone.frames[index % len(someone.frames)].copy() for index in range(count))

        probe = media.Probe(
            path=source, codec="none", width=256, height=256, fps=Fraction(25), frames=count, seconds=count / 25,
            variable=False, rotation=0, sound=None,
        )  # fmt: skip
        monkeypatch.setattr(media, "frames", frames)
        monkeypatch.setattr(media, "probe", lambda path: probe)
        monkeypatch.setattr(survey, "Tracker", lambda *_: Known(someone.landmarks))
        tracemalloc.start()
        extract(source, tmp_path / str(count), Extraction(size=128, identity_every=1e6))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    source = tmp_path / "clip"
    source.write_bytes(b"nothing")
    peak(10)
    short, long = peak(30), peak(180)
    # 150 frames more are 29 MB of pictures and 7 MB of crops; their rows in the table are a hundredth of that.
    assert long - short < 1e6


KILLED = """
import os, signal, sys
from pathlib import Path
from understudy.faces.extract import extract
from understudy.faces.survey import Extraction

def progress(items, total, label):
    for number, item in enumerate(items):
        if label == "crops" and number == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        yield item

extract(Path(sys.argv[1]), Path(sys.argv[2]), Extraction(size=64), progress=progress)
"""


def test_a_kill_while_packing_leaves_nothing_and_the_next_run_clears_up(
    someone: Filmed, clip: Clip, tmp_path: Path
) -> None:
    path, out = clip(someone.frames[:8]), tmp_path / "sets" / "one"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, path, out], env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert not out.exists()
    assert list(out.parent.iterdir())
    extract(path, out, SMALL)
    assert [item.name for item in out.parent.iterdir()] == ["one"]


def test_a_full_disk_is_said_and_leaves_nothing(
    someone: Filmed, clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clip(someone.frames[:6])
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))
        with pytest.raises(DiskError, match="needs"):
            extract(path, tmp_path / "set", SMALL)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(faceset.os, "fsync", full)
    with pytest.raises(DiskError, match="the disk is full"):
        extract(path, tmp_path / "set", SMALL)
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_a_damaged_faceset_is_refused(someone: Filmed, clip: Clip, tmp_path: Path) -> None:
    extract(clip(someone.frames[:6]), tmp_path / "set", SMALL)
    (tmp_path / "set" / "track.parquet").unlink()
    with pytest.raises(FaceError, match="is not a faceset"):
        Faceset.open(tmp_path / "set")
    with pytest.raises(FaceError, match="is not a faceset"):
        Faceset.open(tmp_path / "nowhere")


def test_settings_out_of_range_are_refused() -> None:
    for wrong in ({"size": 0}, {"smoothing": -1.0}, {"coverage": "most"}):
        with pytest.raises(ValueError, match="must"):
            Extraction(**wrong)  # type: ignore[arg-type]  # on purpose
