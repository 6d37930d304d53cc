"""Peaks that are bent: below the top, in order, and nothing else changed."""

import numpy as np
import pytest

from understudy.speech.peaks import bent


@pytest.mark.parametrize(("knee", "top"), [(0.9, 0.99), (0.8, 1.0)])
def test_peaks_are_bent_below_the_top_and_the_rest_is_left(knee: float, top: float) -> None:
    sound = np.linspace(-3, 3, 1001)
    made = bent(sound, knee, top)
    assert np.abs(made).max() <= top
    assert (np.diff(made) >= 0).all()
    soft = np.abs(sound) <= knee
    np.testing.assert_array_equal(made[soft], sound[soft])
    steps = np.diff(made) / np.diff(sound)
    assert np.abs(np.diff(steps)).max() < 0.2, "there is no kink"


def test_what_is_no_number_is_silent_and_what_is_without_bounds_is_at_the_top() -> None:
    np.testing.assert_allclose(bent(np.array([np.nan, np.inf, -np.inf, 0.5]), 0.8, 1.0), [0, 1, -1, 0.5])
