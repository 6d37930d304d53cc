"""Long sound in pieces: cut where it is quiet, and whole again."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from understudy.speech.pieces import joined, pieces


@given(st.integers(1, 200_000), st.integers(100, 50_000))
def test_pieces_are_the_sound_and_no_more_than_asked_for(count: int, block: int) -> None:
    rate, said = 1000, np.random.default_rng(count).normal(size=count)
    stream = [said[first : first + block] for first in range(0, count, block)]
    parts = list(pieces(stream, rate, 10.0))
    assert max(len(part.samples_N) for part in parts) <= 11_000
    np.testing.assert_allclose(np.concatenate([p.samples_N[p.first : p.last] for p in parts]), said)
    np.testing.assert_allclose(np.concatenate(list(joined(((part, part.samples_N) for part in parts), rate))), said)
    assert [part.final for part in parts][-1]


def test_pieces_are_cut_where_it_is_quiet_and_wherever_the_blocks_end() -> None:
    said = np.random.default_rng(0).normal(size=60_000)
    said[7000:7100] = said[15_500:15_600] = 0
    cuts = [
        [len(p.samples_N[p.first : p.last]) for p in pieces(np.split(said, parts), 1000, 10.0)] for parts in (2, 30, 60)
    ]
    assert cuts[0] == cuts[1] == cuts[2]
    assert abs(cuts[0][0] - 7050) <= 50
    assert abs(sum(cuts[0][:2]) - 15_550) <= 50


def test_a_local_change_in_pieces_is_the_change_of_the_whole() -> None:
    """A filter that reaches less far than the margins cannot tell that there were any."""
    said = np.random.default_rng(0).normal(size=40_000)
    kernel = np.hanning(101)

    def change(x: np.ndarray) -> np.ndarray:
        return np.convolve(x, kernel, "same")

    parts = pieces([said], 1000, 8.0)
    made = np.concatenate(list(joined(((part, change(part.samples_N)) for part in parts), 1000)))
    np.testing.assert_allclose(made, change(said), atol=1e-9)
