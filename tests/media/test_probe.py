"""Probing tells what a file is, and refuses what cannot be used before anything long begins."""

import os
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest

from understudy import media
from understudy.errors import MediaError


def ffmpeg(*arguments: object) -> None:
    """Runs the wheel's ffmpeg."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def halve(path: Path, keep: float = 0.5) -> Path:
    """Cuts a file off, as an interrupted copy does."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    return path


def noise(path: Path, *options: object, seconds: float = 4, size: str = "128x96") -> Path:
    """A clip that does not compress away, with sound."""
    source = f"testsrc2=size={size}:rate=25:duration={seconds},noise=alls=40:allf=t"
    tone = f"sine=frequency=440:duration={seconds}"
    ffmpeg("-f", "lavfi", "-i", source, "-f", "lavfi", "-i", tone, "-preset", "ultrafast", *options, path)
    return path


def test_known_clip(clip):
    found = media.probe(clip(times=[n / 25 for n in range(30)], sound_start=0.0, rate=32_000, layout="mono"))
    assert (found.width, found.height, found.fps, found.frames) == (96, 64, Fraction(25), 30)
    assert (found.variable, found.rotation, found.codec, found.seconds) == (False, 0, "h264", pytest.approx(1.2))
    assert found.sound is not None
    assert (found.sound.rate, found.sound.channels) == (32_000, 1)
    assert found.sound.start == pytest.approx(0, abs=0.001)
    assert found.sound.seconds == pytest.approx(1.4, abs=0.05)


@pytest.mark.parametrize("name", ["c.mp4", "c.mkv", "c.mov"])
@pytest.mark.parametrize("rate", [Fraction(30000, 1001), Fraction(24), Fraction(25, 2)])
def test_constant_rate_is_exact(clip, name, rate):
    found = media.probe(clip(name, times=[float(n / rate) for n in range(40)], tag_rate=rate))
    assert (found.fps, found.variable, found.frames) == (rate, False, 40)


def test_variable_rate_is_noticed_and_named_by_its_median(clip):
    steps = np.tile([1 / 30, 1 / 30, 1 / 30, 1 / 10], 12)
    found = media.probe(clip(times=np.cumsum(steps).tolist()))
    assert (found.variable, found.fps) == (True, Fraction(30))
    assert found.seconds == pytest.approx(steps[1:].sum(), abs=0.11)


def test_one_missing_frame_makes_a_rate_variable(clip):
    times = [n / 25 for n in range(50) if n != 20]
    assert media.probe(clip(times=times)).variable


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_rotation_is_seen_as_displayed(clip, tmp_path, turn):
    turned = tmp_path / "turned.mp4"
    ffmpeg("-display_rotation", turn, "-i", clip(), "-c", "copy", turned)
    found = media.probe(turned)
    assert (found.width, found.height) == ((96, 64) if turn == 180 else (64, 96))
    assert found.rotation % 360 == turn


def test_names_with_spaces_colons_and_other_letters(clip):
    name = "Größe: né 映像 -1.mp4"
    assert media.check(clip(name)).path.name == name


def refused(path: Path, *words: str) -> None:
    """The file is refused, by a message with these words."""
    with pytest.raises(MediaError) as caught:
        media.check(path)
    for word in words:
        assert word in str(caught.value)
    assert str(path) in str(caught.value)


def test_text_named_mp4(tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_text("This is not a video.\n" * 200)
    refused(path, "not a video")


def test_missing_empty_and_folder(tmp_path):
    refused(tmp_path / "no.mp4", "no such file")
    empty = tmp_path / "empty.mp4"
    empty.touch()
    refused(empty, "empty")
    refused(tmp_path, "folder")


def test_sound_alone(tmp_path):
    path = tmp_path / "speech.wav"
    ffmpeg("-f", "lavfi", "-i", "sine=duration=1", path)
    refused(path, "no picture")


def test_cut_before_the_index(tmp_path):
    refused(halve(noise(tmp_path / "a.mp4")), "cut off")


@pytest.mark.parametrize("keep", [0.5, 0.97])
def test_cut_with_the_index_in_front(tmp_path, keep):
    refused(halve(noise(tmp_path / "a.mp4", "-movflags", "+faststart"), keep), "cut off", "missing at its end")


@pytest.mark.parametrize("suffix", ["mkv", "avi"])
def test_cut_in_other_containers(tmp_path, suffix):
    refused(halve(noise(tmp_path / f"a.{suffix}")), "cut off")


def test_whole_files_of_other_containers_are_not_refused(tmp_path):
    for suffix in ("mp4", "mov", "mkv", "avi", "mpg", "ts", "webm"):
        options = ("-c:v", "libvpx", "-c:a", "libopus") if suffix == "webm" else ()
        found = media.check(noise(tmp_path / f"a.{suffix}", *options, seconds=2, size="64x64"))
        assert found.frames == 50, suffix
        assert found.fps == 25, suffix


def test_sound_longer_or_earlier_than_the_picture_is_not_a_cut(clip):
    times = [2 + n / 25 for n in range(50)]
    for name in ("early.mkv", "early.mp4", "early.mov"):
        assert media.probe(clip(name, times=times, sound_start=0.0)).sound.start == pytest.approx(-2, abs=0.03)


def test_bytes_behind_the_last_box_are_not_a_cut(tmp_path):
    path = noise(tmp_path / "a.mp4", seconds=1)
    with path.open("ab") as file:
        file.write(b"left behind by some tool")
    assert media.check(path).frames == 25


def test_tags_in_another_encoding(tmp_path):
    path = noise(tmp_path / "a.avi", "-metadata", "title=Morning", seconds=1)
    path.write_bytes(path.read_bytes().replace(b"Morning", b"Gr\xfc\xdfe!!"))
    assert media.check(path).frames == 25
    assert media.metadata(path)["title"].startswith("Gr")


def test_a_trimmed_copy_with_an_edit_list_is_whole(tmp_path):
    whole, trimmed = noise(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    ffmpeg("-ss", 1.3, "-i", whole, "-t", 1, "-c", "copy", trimmed)
    found = media.check(trimmed)
    assert found.frames == len(list(media.frames(trimmed)))


@pytest.mark.parametrize(("size", "limit"), [("1x1", "at least 64"), ("8000x8000", "more than 4320")])
def test_sizes_out_of_range(tmp_path, size, limit):
    path = tmp_path / "size.mkv"
    source = f"color=size={size}:rate=25"
    ffmpeg("-f", "lavfi", "-i", source, "-frames:v", 1, "-c:v", "mjpeg", "-pix_fmt", "yuvj444p", path)
    refused(path, limit, size.replace("x", " x "))


def test_three_frames(clip):
    refused(clip(times=[0, 0.04, 0.08]), "3 frames", "at least 5")


def test_limits_can_be_set(clip):
    path = clip()
    media.check(path, shortest_frames=25, smallest=64, largest=96)
    for limit in ({"shortest_frames": 26}, {"smallest": 65}, {"largest": 95}):
        with pytest.raises(MediaError):
            media.check(path, **limit)


def test_describe_is_one_line(clip):
    found = media.probe(clip(sound_start=0.0))
    assert media.describe(found) == "96 x 64, 25 fps, 1.0 s (25 frames), h264, sound 44.1 kHz stereo"


def test_opening_leaves_no_file_open(clip, tmp_path):
    path, bad = clip(sound_start=0.0), tmp_path / "bad.mp4"
    bad.write_bytes(b"x" * 3000)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count, of what is not a path
    for _ in range(5):
        media.probe(path)
        next(media.frames(path))
        with pytest.raises(MediaError):
            media.probe(bad)
    assert len(os.listdir("/proc/self/fd")) <= before + 1  # noqa: PTH208 - as above


@pytest.mark.skipif("UNDERSTUDY_SHARED" not in os.environ, reason="real footage is not here")
def test_grid_clips():
    folder = Path(os.environ["UNDERSTUDY_SHARED"]) / "data" / "grid"
    found = [media.check(path) for path in [*sorted((folder / "s1").glob("*.mpg"))[:5], *(folder / "s4").glob("*.mpg")]]
    counts = [probe.frames for probe in found]
    assert set(counts) == {74, 75}
    assert counts.count(74) == 1
    assert {(probe.width, probe.height, probe.fps, probe.variable) for probe in found} == {(360, 288, 25, False)}
    assert {probe.sound.rate for probe in found if probe.sound} == {44_100}
    assert av.open(str(found[0].path)).streams.audio[0].codec_context.name == "mp2"
