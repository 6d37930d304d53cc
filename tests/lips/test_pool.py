"""A pool holds every kept face with the speech that belongs to it, and windows only where five frames are there."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from understudy import lips, media, speech
from understudy.errors import FaceError, MediaError
from understudy.lips.pool import windows

from .talk import Talk, known, write_sound


def test_faces_and_speech_are_those_of_the_clips(drawn: Callable[..., Talk], tmp_path: Path) -> None:
    talks = [drawn(1), drawn(2, fps=30.0)]
    pool = lips.gather([each.path for each in talks], [each.faceset for each in talks], tmp_path)
    assert len(pool) == 75 + 90
    assert [path.name for path in tmp_path.iterdir()] == []  # nothing with a name
    for talk, clip in zip(talks, pool.clips, strict=True):
        boxes = lips.mouth_boxes(talk.faceset)
        for number, frame in enumerate(media.frames(talk.path)):
            np.testing.assert_array_equal(pool.faces_NSSC[clip.first + number], lips.face(frame, boxes[number]))
        np.testing.assert_array_equal(clip.mel_80T, speech.mel(speech.read(talk.path)))
        cut = speech.windows(clip.mel_80T, clip.fps)
        np.testing.assert_array_equal(clip.mels(clip.heard_from(clip.starts_W)), cut[: len(clip.starts_W)])


def test_a_window_needs_all_its_frames() -> None:
    rows, first = windows(np.array([0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11]), 25.0)
    np.testing.assert_array_equal(first, [0, 1, 7])
    np.testing.assert_array_equal(rows, [[0, 1, 2, 3, 4], [1, 2, 3, 4, 5], [6, 7, 8, 9, 10]])
    assert len(windows(np.arange(4), 25.0)[0]) == 0
    assert len(windows(np.arange(0), 25.0)[0]) == 0


@pytest.mark.parametrize(("fps", "steps"), [(10.0, [0, 0, 1, 1, 2]), (50.0, [0, 2, 4, 6, 8]), (60.0, [0, 2, 5, 7, 10])])
def test_a_window_lasts_as_long_at_every_rate(fps: float, steps: list[int]) -> None:
    rows, _ = windows(np.arange(40), fps)
    np.testing.assert_array_equal(rows - np.arange(len(rows))[:, None], [steps] * len(rows))
    assert len(rows) == 40 - steps[-1]


def test_dropped_frames_are_in_no_window_and_speech_bounds_the_last(drawn: Callable[..., Talk], tmp_path: Path) -> None:
    talk = drawn(1)
    kept = np.arange(75) != 40
    pool = lips.gather([talk.path], [known(talk.path, talk.landmarks, 25.0, kept)], tmp_path)
    (clip,) = pool.clips
    assert len(pool) == 74
    assert 40 not in clip.frames_N
    assert not set(range(36, 41)) & set(clip.starts_W.tolist())
    assert clip.heard_from(clip.starts_W).max() + 16 <= clip.mel_80T.shape[1]


def test_clips_without_windows_are_left_out_and_none_at_all_is_told(drawn: Callable[..., Talk], tmp_path: Path) -> None:
    talk = drawn(1)
    sparse = known(talk.path, talk.landmarks, 25.0, np.arange(75) % 4 == 0)
    pool = lips.gather([talk.path] * 2, [sparse, talk.faceset], tmp_path)
    assert len(pool.clips) == 1
    assert len(pool) == 75
    np.testing.assert_array_equal(pool.clips[0].rows_W5[0], range(5))
    with pytest.raises(FaceError, match="five frames in a row"):
        lips.gather([talk.path], [sparse], tmp_path)


def test_what_cannot_be_pooled_is_refused(drawn: Callable[..., Talk], tmp_path: Path) -> None:
    talk = drawn(1)
    longer = known(talk.path, np.concatenate([talk.landmarks, talk.landmarks[:5]]), 25.0)
    with pytest.raises(MediaError, match="fewer frames than its faceset"):
        lips.gather([talk.path], [longer], tmp_path)
    with pytest.raises(MediaError, match="61 frames a second"):
        lips.gather([talk.path], [known(talk.path, talk.landmarks, 61.0)], tmp_path)
    silent = write_sound(tmp_path / "silent.wav", np.zeros(48000))
    media.write(tmp_path / "silent.mp4", media.frames(talk.path), fps=25, sound=silent, metadata={}, crf=20)
    with pytest.raises(MediaError, match="silence"):
        lips.gather([tmp_path / "silent.mp4"], [talk.faceset], tmp_path)
