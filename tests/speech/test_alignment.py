"""Alignment: the best path there is, by trying all; the diagonal of equals; what was warped is unwarped."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from understudy.speech import alignment


def paths(rows: int, columns: int) -> list[list[tuple[int, int]]]:
    """Every path of single steps from corner to corner."""
    if rows == columns == 1:
        return [[(0, 0)]]
    steps = ((rows - 1, columns), (rows, columns - 1), (rows - 1, columns - 1))
    before = itertools.chain.from_iterable(paths(r, c) for r, c in steps if r > 0 and c > 0)
    return [[*path, (rows - 1, columns - 1)] for path in before]


def total(a: NDArray[np.floating], b: NDArray[np.floating], path: NDArray[np.int64]) -> float:
    return float(np.linalg.norm(a[path[:, 0]] - b[path[:, 1]], axis=1).sum())


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 1000))
def test_no_path_costs_less(rows: int, columns: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    a, b = draw.normal(size=(rows, 3)), draw.normal(size=(columns, 3))
    found = alignment.align(a, b)
    least = min(total(a, b, np.array(path)) for path in paths(rows, columns))
    assert total(a, b, found) == pytest.approx(least)
    assert alignment.cost(a, b, found) == pytest.approx(least / len(found))


@given(st.integers(1, 60), st.integers(1, 60), st.none() | st.integers(0, 10))
def test_a_path_goes_from_corner_to_corner_by_single_steps(rows: int, columns: int, band: int | None) -> None:
    draw = np.random.default_rng(rows * 61 + columns)
    found = alignment.align(draw.normal(size=(rows, 2)), draw.normal(size=(columns, 2)), band)
    assert tuple(found[0]) == (0, 0)
    assert tuple(found[-1]) == (rows - 1, columns - 1)
    steps = np.diff(found, axis=0)
    assert ((steps == 0) | (steps == 1)).all()
    assert (steps.sum(1) > 0).all()


def test_equals_go_along_the_diagonal_and_what_was_stretched_is_found() -> None:
    a = np.random.default_rng(0).normal(size=(80, 12))
    np.testing.assert_array_equal(alignment.align(a, a), np.repeat(np.arange(80)[:, None], 2, 1))
    warp = np.sort(np.random.default_rng(1).integers(0, 80, 120))
    warp[0], warp[-1] = 0, 79
    found = alignment.align(a[np.unique(warp)], a[warp])
    np.testing.assert_array_equal(np.unique(warp)[found[:, 0]], warp[found[:, 1]])


def test_a_band_holds_the_path() -> None:
    draw = np.random.default_rng(2)
    a, b = draw.normal(size=(90, 4)), draw.normal(size=(60, 4))
    for band in (3, 8):
        found = alignment.align(a, b, band)
        straight = np.rint(found[:, 0] * 59 / 89)
        assert np.abs(found[:, 1] - straight).max() <= band
    assert total(a, b, alignment.align(a, b, 200)) == pytest.approx(total(a, b, alignment.align(a, b)))


@pytest.mark.parametrize("a", [np.zeros((0, 3)), np.zeros((4, 2)), np.full((4, 3), np.nan), np.zeros(4)])
def test_what_has_no_path_is_refused(a: NDArray[np.float64]) -> None:
    with pytest.raises(ValueError, match=r"path|compared|numbers"):
        alignment.align(a, np.zeros((5, 3)))
