"""Sync finds the lags that were put in, of the lips and of the sound, to a quarter of a frame."""

from pathlib import Path

import metric_stage as stage
import numpy as np
import pytest
from numpy.typing import NDArray

from understudy.metrics import sync
from understudy.metrics._sanity import shuffle

FPS = 25.0
RATE = 16000


def talk(t: NDArray[np.floating]) -> NDArray[np.floating]:
    """An opening in [0, 1] like that of speech: irregular syllables, at any times t in seconds."""
    rng = np.random.default_rng(4)
    at, wide, high = np.cumsum(rng.uniform(0.12, 0.4, 40)) - 2, rng.uniform(0.04, 0.09, 40), rng.uniform(0.3, 1, 40)
    return (high * np.exp(-0.5 * ((t[:, None] - at) / wide) ** 2)).sum(axis=1).clip(0, 1)


def speech(seconds: float, late: float = 0.0, seed: int = 0) -> NDArray[np.float32]:
    """Noise whose loudness is that of `talk`, `late` seconds later; another seed is another voice."""
    t = np.arange(int(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed).normal(size=len(t))
    return (0.2 * noise * (0.02 + talk(t - late))).clip(-1, 1).astype(np.float32)


def lips(seconds: float = 3.0, late: float = 0.0) -> list[NDArray[np.floating]]:
    return [stage.face(gape=0.2 * gape) for gape in talk(np.arange(int(seconds * FPS)) / FPS - late)]


class Sounds:
    """Stands for the sound tracks of media: a path is a key."""

    def __init__(self, **tracks: NDArray[np.float32] | None) -> None:
        self.tracks = tracks

    def probe(self, path: Path) -> object:
        return type("Probe", (), {"sound": self.tracks[path.stem] if self.tracks[path.stem] is not None else None})

    def sound(self, path: Path) -> tuple[NDArray[np.float32], int]:
        track = self.tracks[path.stem]
        assert track is not None
        return track, RATE


def rows(monkeypatch: pytest.MonkeyPatch, fake: list, driver: list, sounds: Sounds, **case: object) -> dict:
    monkeypatch.setattr(sync, "media", sounds)
    return stage.run("sync", [stage.moment(a, b) for a, b in zip(fake, driver, strict=True)], **case)


@pytest.mark.parametrize("late", [-0.2, -0.05, -0.01, 0.0, 0.013, 0.04, 0.15])
def test_late_lips_are_found_to_a_quarter_of_a_frame(monkeypatch: pytest.MonkeyPatch, late: float) -> None:
    sounds = Sounds(fake=speech(3), driver=speech(3))
    found = rows(monkeypatch, lips(late=late), lips(), sounds)
    assert found["lip lag"].value == pytest.approx(late * 1000, abs=1000 / FPS / 4)
    assert found["sync offset"].value == pytest.approx(found["lip lag"].value, abs=0.01)
    assert found["lip correlation"].value > 0.95
    assert found["lip lag"].n == 75


@pytest.mark.parametrize("late", [-0.1, -0.02, 0.007, 0.2])
def test_a_late_sound_is_found_even_in_another_voice(monkeypatch: pytest.MonkeyPatch, late: float) -> None:
    sounds = Sounds(fake=0.5 * speech(3, late, seed=1), driver=speech(3))
    found = rows(monkeypatch, lips(), lips(), sounds)
    assert found["sync offset"].value == pytest.approx(-late * 1000, abs=5)
    assert found["lip lag"].value == pytest.approx(0, abs=1e-6)


def test_a_fake_that_is_late_as_a_whole_is_in_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    sounds = Sounds(fake=speech(3, 0.12), driver=speech(3))
    found = rows(monkeypatch, lips(late=0.12), lips(), sounds)
    assert found["sync offset"].value == pytest.approx(0, abs=5)
    assert found["lip lag"].value == pytest.approx(120, abs=5)


def test_shuffled_sound_has_a_low_correlation(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(5):
        shuffled, _ = shuffle(speech(4), RATE, seed=seed)
        np.testing.assert_array_equal(np.sort(shuffled), np.sort(speech(4)))
        sounds = Sounds(fake=None, driver=speech(4), other=shuffled)
        found = rows(monkeypatch, lips(4), lips(4), sounds, sound=Path("other.wav"))
        assert found["sound correlation"].value < 0.5
    same = rows(monkeypatch, lips(4), lips(4), Sounds(fake=speech(4), driver=speech(4)))
    assert same["sound correlation"].value == pytest.approx(1)


def test_other_lips_correlate_less_the_more_they_are_others(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).normal(size=75)
    values = []
    for strength in (0.0, 0.3, 3.0):
        gapes = talk(np.arange(75) / FPS) + strength * noise
        fake = [stage.face(gape=0.2 * gape) for gape in gapes - gapes.min()]
        values.append(rows(monkeypatch, fake, lips(), Sounds(fake=None, driver=None))["lip correlation"].value)
    assert values == sorted(values, reverse=True)
    assert values[2] < 0.6


def test_a_lag_beyond_half_a_second_is_not_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    ramp = [stage.face(gape=0.002 * t) for t in range(75)]
    assert np.isnan(rows(monkeypatch, [stage.face()] * 75, ramp, Sounds(fake=None, driver=None))["lip lag"].value)
    pulse = np.exp(-0.5 * ((np.arange(200) - 100) / 8) ** 2)
    assert sync.lag(np.roll(pulse, 9), pulse, FPS)[0] == pytest.approx(9 / FPS, abs=1e-3)
    assert np.isnan(sync.lag(np.roll(pulse, 15), pulse, FPS)[0])


def test_without_sound_the_lips_alone_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(rows(monkeypatch, lips(), lips(), Sounds(fake=None, driver=speech(3)))) == {"lip lag", "lip correlation"}


def test_gaps_are_bridged_and_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    fake: list = lips(late=0.08)
    fake[20:23] = [None] * 3
    found = rows(monkeypatch, fake, lips(), Sounds(fake=None, driver=None))
    assert found["lip lag"].value == pytest.approx(80, abs=10)
    assert found["lip lag"].n == 72


@pytest.mark.parametrize("fake", [[stage.face()] * 75, [None] * 75], ids=["motionless", "no face"])
def test_lips_that_do_not_move_have_no_lag(monkeypatch: pytest.MonkeyPatch, fake: list) -> None:
    found = rows(monkeypatch, fake, lips(), Sounds(fake=np.zeros(48000, np.float32), driver=speech(3)))
    assert all(np.isnan(row.value) for row in found.values())


def test_a_clip_too_short_has_no_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    found = rows(monkeypatch, lips(0.3), lips(0.3), Sounds(fake=speech(0.01), driver=speech(0.01)))
    assert all(np.isnan(row.value) for row in found.values())
