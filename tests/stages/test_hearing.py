"""Where faces are in films that are played again or framed, and what is no speech."""

import numpy as np
import pytest

from understudy.errors import MediaError
from understudy.faces.faceset import Faceset
from understudy.files import write_json
from understudy.stages.measure import boxes


class Boxes:
    """What `boxes` asks of a faceset."""

    def __init__(self, boxes_T4: np.ndarray) -> None:
        self.boxes_T4, self.table = boxes_T4, boxes_T4


def test_boxes_follow_a_clip_that_is_played_again_and_one_that_is_framed(tmp_path) -> None:  # type: ignore[no-untyped-def]
    three: Faceset = Boxes(np.arange(12.0).reshape(3, 4))  # type: ignore[assignment] # all that is asked of it
    again = boxes(three, 5, None)
    np.testing.assert_array_equal(again, three.boxes_T4[[0, 1, 2, 0, 1]])
    write_json(tmp_path / "card.json", {"matrix_23": [[2.0, 0.0, -1.0], [0.0, 2.0, 3.0]]})
    framed = boxes(three, 3, tmp_path / "card.json")
    np.testing.assert_allclose(framed, three.boxes_T4 * 2 + [-1, 3, -1, 3])


def test_nothing_is_said_in_silence(tmp_path) -> None:  # type: ignore[no-untyped-def]
    from understudy import speech
    from understudy.media.wav import write_wav

    write_wav(tmp_path / "still.wav", np.zeros(16000, np.float32), 16000)
    with pytest.raises(MediaError):
        speech.read(tmp_path / "still.wav")
