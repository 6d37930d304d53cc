"""Sound in step with its lips, where faces are in films that are played again or framed, and what is no speech."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from understudy import media, speech
from understudy.errors import MediaError
from understudy.faces.faceset import Faceset
from understudy.files import read_json, write_json
from understudy.lips.offset import Offset
from understudy.media.wav import write_wav
from understudy.stages import hearing
from understudy.stages.measure import boxes


class Boxes:
    """What `boxes` asks of a faceset."""

    def __init__(self, boxes_T4: np.ndarray) -> None:
        self.boxes_T4, self.table = boxes_T4, boxes_T4


def test_boxes_follow_a_clip_that_is_played_again_and_one_that_is_framed(tmp_path: Path) -> None:
    three: Faceset = Boxes(np.arange(12.0).reshape(3, 4))  # type: ignore[assignment] # all that is asked of it
    again = boxes(three, 5, None)
    np.testing.assert_array_equal(again, three.boxes_T4[[0, 1, 2, 0, 1]])
    write_json(tmp_path / "card.json", {"matrix_23": [[2.0, 0.0, -1.0], [0.0, 2.0, 3.0]]})
    framed = boxes(three, 3, tmp_path / "card.json")
    np.testing.assert_allclose(framed, three.boxes_T4 * 2 + [-1, 3, -1, 3])


def test_nothing_is_said_in_silence(tmp_path: Path) -> None:
    write_wav(tmp_path / "still.wav", np.zeros(16000, np.float32), 16000)
    with pytest.raises(MediaError):
        speech.read(tmp_path / "still.wav")


@pytest.mark.parametrize(("late", "moved"), [(0.12, 0.12), (-0.1, -0.1), (0.03, 0.0), (float("nan"), 0.0)])
def test_sound_is_moved_when_it_is_more_than_a_frame_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: float, moved: float
) -> None:
    write_wav(tmp_path / "a.wav", np.full(16000, 0.1, np.float32), 16000)
    black = (np.zeros((64, 64, 3), np.uint8) for _ in range(25))
    media.write(tmp_path / "a.mp4", black, fps=25, sound=tmp_path / "a.wav")
    heard: list[NDArray[np.float32]] = []

    def told(openings: object, fps: float, samples_N: NDArray[np.float32], rate: int) -> Offset:
        heard.append(samples_N)
        return Offset(seconds=late if len(heard) == 1 else 0.0, confidence=1.0, by="opening")

    monkeypatch.setattr(hearing, "by_opening", told)
    monkeypatch.setattr(hearing, "ask", lambda *_: None)
    monkeypatch.setattr(Faceset, "open", lambda _: SimpleNamespace(track_T682=np.zeros((25, 68, 2))))
    out, given = tmp_path / "offset.json", {"subject": "a", "consents": "c", "study": "s"}
    with np.errstate(invalid="ignore"):
        hearing.offset(clip=tmp_path / "a.mp4", faceset=tmp_path, out=out, **given)
    assert read_json(out)["delay"] == moved
    before_N, after_N = heard
    assert len(before_N) == len(after_N)
    assert bool(np.array_equal(before_N, after_N)) == (moved == 0)
    with hearing.in_step(tmp_path / "a.mp4", [str(out)]) as sound:
        np.testing.assert_allclose(media.sound(sound)[0], after_N, atol=1e-4)
