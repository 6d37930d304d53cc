"""Writing: whole or absent, the same bytes for the same frames, memory that does not grow, nothing lost on the way."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from understudy import media
from understudy.errors import DiskError, MediaError


def gradient(count: int, width: int = 96, height: int = 64, seed: int = 0) -> Iterator[np.ndarray]:
    """Smooth coloured frames that move."""
    y, x = np.mgrid[:height, :width]
    for number in range(count):
        phase = (x + 2 * y + 3 * number + seed) / 20
        waves = [np.sin(phase + shift) for shift in (0, 1, 2)]
        yield (120 + 80 * np.stack(waves, axis=2)).astype(np.uint8)


def grain(count: int, width: int, height: int) -> Iterator[np.ndarray]:
    """Frames that do not compress."""
    random = np.random.default_rng(0)
    for _ in range(count):
        yield random.integers(0, 256, (height, width, 3), dtype=np.uint8)


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of `size` at `folder`; the test is skipped where it cannot be mounted."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("no small file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_what_is_written_is_read(tmp_path):
    frames = list(gradient(12))
    count = media.write(tmp_path / "a.mp4", iter(frames), fps=25, crf=1)
    read = list(media.frames(tmp_path / "a.mp4"))
    assert count == len(read) == 12
    for one, other in zip(frames, read, strict=True):
        assert np.abs(one.astype(int) - other).mean() < 1.5
        assert abs((other - one.astype(float)).mean()) < 0.5  # no brightness bias


@pytest.mark.parametrize("rate", [25, 30000 / 1001, Fraction(24000, 1001), 12.5])
def test_rate_is_kept(tmp_path, rate):
    media.write(tmp_path / "a.mp4", gradient(30), fps=rate)
    found = media.probe(tmp_path / "a.mp4")
    assert float(found.fps) == pytest.approx(float(rate), rel=1e-6)
    assert (found.frames, found.variable) == (30, False)


def test_many_generations_do_not_drift(tmp_path):
    """Ten times through the codec: a bias of one grey level each time would show."""
    frames = [np.full((64, 64, 3), (180, 130, 100), np.uint8)] * 3
    for _ in range(10):
        media.write(tmp_path / "a.mp4", frames, fps=25, crf=10)
        frames = list(media.frames(tmp_path / "a.mp4"))
    np.testing.assert_allclose(frames[1].mean((0, 1)), (180, 130, 100), atol=2.5)


def test_odd_sizes_repeat_the_edge(tmp_path):
    frames = list(gradient(6, width=97, height=65))
    media.write(tmp_path / "a.mp4", frames, fps=25, crf=1)
    read = next(media.frames(tmp_path / "a.mp4"))
    assert read.shape == (66, 98, 3)
    assert np.abs(read[:65, :97].astype(int) - frames[0]).mean() < 2
    assert np.abs(read[65, :97].astype(int) - frames[0][64]).mean() < 4


@pytest.mark.parametrize("width", [96, 128, 192])
def test_same_frames_same_bytes(clip, tmp_path, width):
    sound, told = clip("s.mp4", sound_start=0.0), set()
    blurred = [cv2.GaussianBlur(frame, (0, 0), 1.5) for frame in grain(25, width, width)]
    for number in range(6):  # at some widths x264's macroblock tree gave other bytes each time
        media.write(tmp_path / f"{number}.mp4", blurred, fps=25, sound=sound, metadata={"comment": "x"})
        told.add((tmp_path / f"{number}.mp4").read_bytes())
    assert len(told) == 1


def test_tags_come_back(tmp_path):
    tags = {"comment": '{"name": "né: 映像"}' * 40, "title": "a; b=c\nd", "description": "\\'\""}
    media.write(tmp_path / "a.mp4", gradient(5), fps=25, metadata=tags)
    assert tags.items() <= media.metadata(tmp_path / "a.mp4").items()
    with pytest.raises(MediaError, match="'colour'"):
        media.write(tmp_path / "b.mp4", gradient(5), fps=25, metadata={"colour": "red"})


@pytest.mark.parametrize("layout", ["mono", "stereo"])
@pytest.mark.parametrize("name", ["s.wav", "s.mkv"])
def test_sound_goes_along(clip, tmp_path, name, layout):
    codec = {"s.wav": "pcm_s16le", "s.mkv": "aac"}[name]
    with_picture = clip("with.mkv", flashes=[0.4], sound_start=0.1, sound_codec=codec, layout=layout, rate=22_050)
    due, rate = media.sound(with_picture)
    media.write(tmp_path / "a.mp4", gradient(25), fps=25, sound=with_picture)
    samples, written_rate = media.sound(tmp_path / "a.mp4")
    assert written_rate == 48_000
    loud, due_loud = (np.flatnonzero(np.abs(track) > 0.2)[0] for track in (samples, due))
    assert loud / written_rate == pytest.approx(due_loud / rate, abs=0.001)
    assert due_loud / rate == pytest.approx(0.4, abs=0.002)
    # Cut where the picture ends, though the track goes on.
    assert len(samples) / written_rate == pytest.approx(1.0, abs=0.03)


def test_file_without_sound_gives_none(clip, tmp_path):
    media.write(tmp_path / "a.mp4", gradient(5), fps=25, sound=clip())
    assert media.probe(tmp_path / "a.mp4").sound is None
    with pytest.raises(MediaError, match="no sound"):
        media.sound(tmp_path / "a.mp4")


def test_failure_on_the_way_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.mp4"
    media.write(path, gradient(5), fps=25)
    before = path.read_bytes()

    def broken() -> Iterator[np.ndarray]:
        yield from gradient(20)
        raise RuntimeError("the model failed")

    with pytest.raises(RuntimeError, match="the model failed"):
        media.write(path, broken(), fps=25)
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (before, [path])


def test_wrong_frames_are_refused(tmp_path):
    sizes = [np.zeros((64, 64, 3), np.uint8), np.zeros((64, 66, 3), np.uint8)]
    for frames, words in ((sizes, "frame 1"), ([sizes[0] / 2], "float64"), ([], "no frames")):
        with pytest.raises(MediaError, match=words):
            media.write(tmp_path / "a.mp4", frames, fps=25)
    with pytest.raises(MediaError, match=r"\.mp4"):
        media.write(tmp_path / "a.avi", sizes[:1], fps=25)
    with pytest.raises(MediaError, match="no frames"), media.Writer(tmp_path / "a.mp4", fps=25, width=64, height=64):
        pass
    assert list(tmp_path.iterdir()) == []


def test_full_disk_while_writing(tmp_path):
    with small_disk(tmp_path / "disk", "600k") as disk:
        with pytest.raises(DiskError, match="full"):
            media.write(disk / "a.mp4", grain(60, 256, 192), fps=25, preset="ultrafast")
        assert list(disk.iterdir()) == []


def test_full_disk_while_normalising(tmp_path):
    media.write(tmp_path / "big.mp4", grain(40, 256, 192), fps=25, preset="ultrafast")
    with small_disk(tmp_path / "disk", "600k") as disk:
        with pytest.raises(DiskError, match="full"):
            media.normalise(tmp_path / "big.mp4", disk / "a.mp4")
        assert list(disk.iterdir()) == []


WORK = """
import itertools, resource, sys
import numpy as np
from understudy import media
count, path = int(sys.argv[1]), sys.argv[2]
frame = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
frames = itertools.repeat(frame) if count < 0 else itertools.repeat(frame, count)
media.write(path, frames, fps=25, preset="ultrafast", crf=30)
for frame in media.frames(path):
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_kill_leaves_no_final_file_and_the_next_run_does_not_mind(tmp_path):
    path = tmp_path / "a.mp4"
    child = subprocess.Popen([sys.executable, "-c", WORK, "-1", str(path)])
    deadline = time.monotonic() + 30
    while not any(part.stat().st_size > 20_000 for part in tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    child.wait()
    left = list(tmp_path.iterdir())
    assert len(left) == 1
    assert left[0].name.startswith(".")
    assert ".part" in left[0].name
    media.write(path, gradient(5), fps=25)
    assert media.check(path).frames == 5


def test_memory_does_not_grow_with_length(tmp_path):
    peaks = []
    for count in (100, 700):
        command = [sys.executable, "-c", WORK, str(count), str(tmp_path / "a.mp4")]
        peaks.append(int(subprocess.run(command, check=True, capture_output=True, text=True).stdout) / 1024)
    assert peaks[1] - peaks[0] < 20, "600 more frames of 0.22 MiB"


def test_frames_stop_where_the_file_is_damaged(tmp_path):
    path = tmp_path / "a.mp4"
    media.write(path, grain(10, 96, 64), fps=25)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    with contextlib.suppress(MediaError):
        assert len(list(media.frames(path))) < 10
    with pytest.raises(MediaError):
        media.check(path)


def test_a_stream_that_is_left_early_is_closed(tmp_path):
    path = tmp_path / "a.mp4"
    media.write(path, gradient(10), fps=25)
    stream = media.frames(path)
    kept = next(stream)
    copy = kept.copy()
    next(stream)
    stream.close()
    np.testing.assert_array_equal(kept, copy)  # the caller's to keep
    assert not [link for link in Path("/proc/self/fd").iterdir() if os.path.realpath(link) == str(path)]
