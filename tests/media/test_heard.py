"""What is only heard becomes a film that shows nobody and sounds the same."""

from pathlib import Path

import numpy as np
import pytest

from understudy import media
from understudy.errors import MediaError

from ..speech.making import coded, voice, wav


@pytest.mark.parametrize("suffix", ["wav", "flac", "mp3", "ogg", "m4a"])
def test_a_recording_becomes_a_film_with_its_sound(tmp_path: Path, suffix: str) -> None:
    said = voice(2.03, rate=48_000, level=-20)
    path = wav(tmp_path / "said.wav", said, 48_000)
    if suffix != "wav":
        path = coded(path, tmp_path / f"said.{suffix}")
    probe = media.carried(path, tmp_path / "film.mp4")
    assert (probe.width, probe.height, probe.fps) == (256, 256, 25)
    assert probe.seconds == pytest.approx(2.04, abs=0.05)
    heard, rate = media.sound(tmp_path / "film.mp4")
    assert rate == 48_000
    count = min(len(heard), len(said))
    assert count >= 2.02 * 48_000
    lag = np.correlate(heard[4000:44_000], said[5000:43_000], "valid").argmax() - 1000
    assert abs(lag) < 48 * 30  # a lossy codec may add some ms
    a, b = heard[5000 + lag : 43_000 + lag], said[5000:43_000]
    assert np.corrcoef(a, b)[0, 1] > 0.97


def test_its_picture_is_dark_and_never_moves(tmp_path: Path) -> None:
    media.carried(wav(tmp_path / "said.wav", voice(0.6)), tmp_path / "film.mp4")
    frames = list(media.frames(tmp_path / "film.mp4"))
    assert len(frames) == 15
    assert all(np.abs(frame.astype(int) - frames[0]).max() <= 8 for frame in frames)
    assert np.median(frames[0]) < 40
    assert frames[0].max() > 100  # the words


def test_a_short_sound_is_a_clip_all_the_same(tmp_path: Path) -> None:
    media.carried(wav(tmp_path / "said.wav", voice(0.3)[:1600]), tmp_path / "film.mp4")
    assert media.check(tmp_path / "film.mp4").frames == 5


def test_a_film_is_refused(tmp_path: Path) -> None:
    media.carried(wav(tmp_path / "said.wav", voice(0.5)), tmp_path / "film.mp4")
    with pytest.raises(MediaError, match="picture of its own"):
        media.carried(tmp_path / "film.mp4", tmp_path / "again.mp4")
