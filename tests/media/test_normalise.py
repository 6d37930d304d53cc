"""Normalising keeps what is seen and heard in step, and brings every clip to one form."""

import os
import subprocess
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from understudy import media
from understudy.errors import DiskError, MediaError
from understudy.media import graph

STEADY = [number / 25 for number in range(22 * 25)]


def wandering(start: float = 0.0) -> list[float]:
    """22 s of frames at the uneven steps of a telephone's camera."""
    steps = np.random.default_rng(7).choice([1 / 30] * 6 + [1 / 15, 1 / 60, 1 / 20], 700)
    times = start + np.concatenate([[0], np.cumsum(steps)])
    return times[times < start + 22].tolist()


def flashes(times: list[float]) -> np.ndarray:
    """The times of frames about every 1.37 s, over the whole clip."""
    times_N = np.asarray(times)
    return times_N[np.searchsorted(times_N, np.arange(times[0] + 1, times[-1] - 0.5, 1.37))]


def onsets(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """When flashes and clicks begin (s), measured in the decoded picture and sound."""
    bright_N = np.array([frame.mean() for frame in media.frames(path)]) > 128
    seen_N = (np.flatnonzero(bright_N[1:] & ~bright_N[:-1]) + 1) / float(media.probe(path).fps)
    samples_N, rate = media.sound(path)
    loud_N = np.flatnonzero(np.abs(samples_N) > 0.2)
    return seen_N, loud_N[np.r_[True, np.diff(loud_N) > rate // 4]] / rate


CASES = {
    "aac priming": ("a.mp4", STEADY, {"sound_start": 0.0}),
    "sound late": ("a.mp4", STEADY, {"sound_start": 0.37}),
    "sound early": ("a.mp4", [time + 0.5 for time in STEADY], {"sound_start": 0.0}),
    "opus, late": ("a.mkv", STEADY, {"sound_start": 0.37, "sound_codec": "libopus", "rate": 48_000}),
    "transport stream": ("a.ts", STEADY, {"sound_start": 0.1, "sound_codec": "mp2"}),
    "program stream": ("a.mpg", STEADY, {"sound_start": 0.0, "sound_codec": "mp2", "codec": "mpeg1video"}),
    "variable, late": ("a.mp4", wandering(), {"sound_start": 0.2}),
    "variable, mono, low rate": ("a.mkv", wandering(), {"sound_start": 0.0, "rate": 22_050, "layout": "mono"}),
    "variable, early": ("a.mp4", wandering(0.4), {"sound_start": 0.0, "rate": 48_000}),
}


@pytest.mark.parametrize("case", CASES)
def test_flashes_and_clicks_stay_together(clip, tmp_path, case):
    name, times, sound = CASES[case]
    due_N = flashes(times)
    found = media.normalise(clip(name, times=times, flashes=due_N.tolist(), **sound), tmp_path / "out.mp4")
    seen_N, heard_N = onsets(found.path)
    due_N = due_N - times[0]
    assert len(seen_N) == len(heard_N) == len(due_N) >= 14
    # A frame comes within half a frame of its time, exactly on it when the rate was constant; sound within 2 ms.
    assert np.abs(seen_N - due_N).max() <= (0.5 / float(found.fps) if "variable" in case else 0) + 1e-6
    assert np.abs(heard_N - due_N).max() < 0.002
    assert np.abs(heard_N - seen_N).max() < 0.020


def test_publishing_chain_keeps_step(clip, tmp_path):
    """Normalised, then decoded, encoded again with the sound of the first: what conversion does."""
    due_N = flashes(STEADY)
    source = clip("a.mp4", times=STEADY, flashes=due_N.tolist(), sound_start=0.13)
    found = media.normalise(source, tmp_path / "n.mp4")
    count = media.write(tmp_path / "w.mp4", media.frames(found.path), fps=found.fps, sound=found.path, preset="fast")
    seen_N, heard_N = onsets(tmp_path / "w.mp4")
    assert count == len(STEADY)
    np.testing.assert_allclose(seen_N, due_N, atol=1e-6)
    np.testing.assert_allclose(heard_N, due_N, atol=0.002)


def test_the_one_form(clip, tmp_path):
    found = media.normalise(clip(sound_start=0.1, size=(98, 66)), tmp_path / "out.mp4")
    assert (found.codec, found.width, found.height, found.fps) == ("h264", 98, 66, 25)
    assert (found.variable, found.rotation, found.frames) == (False, 0, 25)
    assert (found.sound.rate, found.sound.channels, found.sound.start) == (48_000, 1, 0)
    assert found.sound.seconds == pytest.approx(1.0, abs=0.03)
    assert media.metadata(found.path).keys() <= {"major_brand", "minor_version", "compatible_brands"}


def test_no_sound_stays_no_sound(clip, tmp_path):
    assert media.normalise(clip(), tmp_path / "out.mp4").sound is None


def test_rate_and_height_can_be_asked_for(clip, tmp_path):
    found = media.normalise(clip(size=(160, 120), sound_start=0.0), tmp_path / "out.mp4", fps=Fraction(50), height=90)
    assert (found.width, found.height, found.fps, found.frames) == (120, 90, 50, 50)


def test_slow_variable_clips_become_fast_enough_to_stay_in_step(clip, tmp_path):
    times = [0.0, 0.1, 0.2, 0.35, 0.45, 0.55, 0.65, 0.9, 1.0]
    assert media.normalise(clip(times=times), tmp_path / "out.mp4").fps == 40


def corners(path: Path, size: str, *options: object) -> Path:
    """A clip whose quarters are red, green / blue, white."""
    quarters = "".join(
        f",drawbox=x=iw*{x}:y=ih*{y}:w=iw/2:h=ih/2:c={colour}:t=fill"
        for x, y, colour in ((0, 0, "red"), (0.5, 0, "lime"), (0, 0.5, "blue"), (0.5, 0.5, "white"))
    )
    source = ["-f", "lavfi", "-i", f"color=black:size={size}:rate=25:duration=0.4{quarters}"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", *source, *map(str, options), str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_rotation_is_applied_the_same_way_when_read_and_when_normalised(tmp_path, turn):
    flat, turned = corners(tmp_path / "flat.mp4", "96x64"), tmp_path / "turned.mp4"
    exe = imageio_ffmpeg.get_ffmpeg_exe()
    command = [exe, "-loglevel", "error", "-display_rotation", str(turn), "-i", str(flat), "-c", "copy", str(turned)]
    subprocess.run(command, check=True)
    due = np.rot90(next(media.frames(flat)), turn // 90).astype(int)
    read = next(media.frames(turned))
    upright = next(media.frames(media.normalise(turned, tmp_path / "out.mp4").path))
    assert read.shape == upright.shape == due.shape
    # The 4:2:0 edges between the quarters differ: compare the quarters' middles.
    for row in (0.25, 0.75):
        for column in (0.25, 0.75):
            at = int(row * due.shape[0]), int(column * due.shape[1])
            assert np.abs(read[at] - due[at]).max() <= 4
            assert np.abs(upright[at] - due[at]).max() <= 8


def test_odd_sides_become_even(tmp_path):
    odd = corners(tmp_path / "odd.mkv", "97x65", "-c:v", "ffv1", "-pix_fmt", "bgr0")
    found = media.normalise(odd, tmp_path / "out.mp4")
    assert (found.width, found.height) in {(96, 64), (98, 66), (96, 66), (98, 64)}


def test_pixels_become_square(tmp_path):
    wide = corners(tmp_path / "wide.mp4", "96x64", "-vf", "setsar=4/3")
    found = media.normalise(wide, tmp_path / "out.mp4")
    assert (found.width, found.height) == (128, 64)


def test_colours_survive(tmp_path):
    source = corners(tmp_path / "c.mp4", "128x96", "-crf", 1)
    first = next(media.frames(source)).astype(int)
    second = next(media.frames(media.normalise(source, tmp_path / "out.mp4").path)).astype(int)
    for y, x, colour in ((24, 32, (255, 0, 0)), (24, 96, (0, 255, 0)), (72, 32, (0, 0, 255)), (72, 96, (255,) * 3)):
        assert np.abs(first[y, x] - colour).max() <= 3
        assert np.abs(second[y, x] - colour).max() <= 5


def counted(path: Path) -> list[int]:
    """The grey level of every frame: `make` counts with it."""
    return [round(float(frame.mean())) - 10 for frame in media.frames(path)]


def test_segment_is_exact_to_the_frame(clip, tmp_path):
    times = [number / 25 for number in range(60)]
    source = clip(times=times, flashes=[1.0], sound_start=0.0)
    found = media.segment(source, tmp_path / "part.mp4", start=0.8, seconds=1.2)
    assert (found.frames, found.seconds) == (30, pytest.approx(1.2))
    numbers = np.array(counted(found.path))
    np.testing.assert_allclose(numbers[10:], np.arange(30, 50), atol=1)
    seen_N, heard_N = onsets(found.path)
    assert seen_N[0] == pytest.approx(0.2, abs=1e-6)
    assert heard_N[0] == pytest.approx(0.2, abs=0.002)


def test_segment_outside_the_clip(clip, tmp_path):
    with pytest.raises(MediaError, match=r"1\.000 s long"):
        media.segment(clip(), tmp_path / "part.mp4", start=0.5, seconds=1)
    assert not (tmp_path / "part.mp4").exists()


def test_mux_keeps_the_picture_and_takes_the_sound(clip, tmp_path):
    silent, loud = clip("a.mp4"), clip("b.mkv", flashes=[0.4], sound_start=0.0)
    found = media.mux(silent, loud, tmp_path / "both.mp4")
    assert found.sound.seconds == pytest.approx(1.0, abs=0.03)
    for one, other in zip(media.frames(silent), media.frames(found.path), strict=True):
        np.testing.assert_array_equal(one, other)
    assert onsets(found.path)[1][0] == pytest.approx(0.4, abs=0.002)
    with pytest.raises(MediaError, match="no sound"):
        media.mux(loud, silent, tmp_path / "c.mp4")


def test_same_input_same_bytes(clip, tmp_path):
    source = clip(sound_start=0.05, times=wandering()[:60])
    first, second = (media.normalise(source, tmp_path / name).path.read_bytes() for name in ("1.mp4", "2.mp4"))
    assert first == second


def test_failure_leaves_nothing_and_says_why(clip, tmp_path):
    source = clip()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(MediaError, match="ffmpeg could not make it"):
        media.normalise(source, tmp_path / "out.mp4", height=100_000)
    with pytest.raises(MediaError, match=r"\.mp4"):
        media.normalise(source, tmp_path / "out.webm")
    assert sorted(tmp_path.iterdir()) == before


def test_full_disk_is_told_from_other_failures():
    words = "[out#0/mp4 @ 0x1] Error writing trailer: No space left on device\nConversion failed!\n"
    assert isinstance(graph._failure(Path("x.mp4"), words), DiskError)
    assert "ffmpeg" in str(graph._failure(Path("x.mp4"), "[h264 @ 0x2] something\nConversion failed!\n"))


@pytest.mark.skipif("UNDERSTUDY_SHARED" not in os.environ, reason="real footage is not here")
def test_grid_clip_keeps_every_frame(tmp_path):
    path = sorted((Path(os.environ["UNDERSTUDY_SHARED"]) / "data" / "grid" / "s1").glob("*.mpg"))[0]
    found = media.normalise(path, tmp_path / "out.mp4")
    assert (found.frames, found.fps) == (75, 25)
    real, made = (np.stack([frame[::8, ::8, 1] for frame in media.frames(p)]).astype(int) for p in (path, found.path))
    error_NN = np.abs(real[:, None] - made[None]).mean((2, 3))
    assert error_NN.diagonal().max() < 2
    # No frame was repeated or left out: each is nearest to the one in its own place.
    np.testing.assert_array_equal(error_NN.argmin(axis=1), np.arange(75))
