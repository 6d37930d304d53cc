"""Clips that are only heard, and exact conversions of voices: whole, in time, in the right voice, with consent."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from understudy import cast, media
from understudy.cast import speech
from understudy.errors import ConsentError, ManifestError
from understudy.media.read import blocks
from understudy.settings import plain
from understudy.stages.render import render_saying, render_voiced

pytestmark = pytest.mark.skipif(not speech.available(), reason="the optional extra 'speech' is not installed")


@pytest.fixture
def given(tmp_path: Path, consenting: Callable[..., Path]) -> dict[str, Any]:
    """Clara and dario consent; dario's clip is filmed as a plain picture, with his voice."""
    consents = consenting("clara", "dario")
    clip, sound, script = tmp_path / "clip.mp4", tmp_path / "dario.wav", cast.load_performance("answer-1")
    cast.speak(script, sound, cast.load_actor("dario").voice)
    pictures = np.random.default_rng(1).integers(0, 255, (script.frames, 32, 32, 3), np.uint8)
    media.write(clip, pictures, fps=script.fps, sound=sound, crf=12)
    return {
        "truth": tmp_path / "truth.mp4", "clip": clip, "source": "clara", "driver": "dario", "source_actor": "clara",
        "actor": "dario", "performance": "answer-1", "consents": str(consents), "study": "s",
        "digests": [cast.digest(who, "answer-1") for who in ("clara", "dario")],
    }  # fmt: skip


@pytest.fixture
def saying(given: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    said = {"clip": tmp_path / "clara-said-07.mp4", "subject": "clara", "actor": "clara", "saying": "said-07"}
    digest = cast.digest("clara", "said-07")
    return {**said, "digest": digest, "consents": given["consents"], "study": "s", "crf": 12}


def latest(a_N: np.ndarray, b_N: np.ndarray, most: int) -> tuple[int, float]:
    """By how many samples b comes before a where they are most alike, and their correlation there."""
    length = min(len(a_N), len(b_N))
    a_N, b_N = a_N[:length] - a_N[:length].mean(), b_N[:length] - b_N[:length].mean()
    alike = [
        float(np.roll(b_N, lag) @ a_N / (np.linalg.norm(a_N) * np.linalg.norm(b_N))) for lag in range(-most, most + 1)
    ]
    return int(np.argmax(alike)) - most, max(alike)


def levels(path: Path) -> np.ndarray:
    """The log level of a film's sound, 1000 times a second."""
    samples_N, rate = media.sound(path)
    return np.log(1e-3 + np.convolve(samples_N**2, np.hanning(rate // 50), "same")[:: rate // 1000])


def test_an_exact_conversion_keeps_the_pictures_and_the_time_and_has_the_sources_voice(
    given: dict[str, Any], tmp_path: Path
) -> None:
    render_voiced(**given)
    truth, clip = media.probe(given["truth"]), media.probe(given["clip"])
    assert (truth.frames, truth.fps) == (clip.frames, clip.fps)
    for shown, was in zip(media.frames(given["truth"]), media.frames(given["clip"]), strict=True):
        np.testing.assert_array_equal(shown, was)
    lag, alike = latest(levels(given["clip"]), levels(given["truth"]), 60)
    assert abs(lag) <= 15
    assert alike > 0.85
    # It is clara's own voice, sample by sample, but for the sound's coding; and nothing of dario's is left.
    cast.speak(cast.load_performance("answer-1"), tmp_path / "clara.wav", cast.load_actor("clara").voice)
    same = media.sound(given["truth"])[0]
    wanted = np.concatenate(list(blocks(tmp_path / "clara.wav", 48_000)))
    assert latest(same, wanted, 100) == (pytest.approx(0, abs=2), pytest.approx(1, abs=0.01))
    assert latest(same, media.sound(given["clip"])[0], 100)[1] < 0.5
    assert abs(len(same) - len(media.sound(given["clip"])[0])) < 2048  # a block of the coder


def test_a_saying_is_filed_with_a_plain_picture_and_silence_about_it(saying: dict[str, Any]) -> None:
    render_saying(**saying)
    probe = media.probe(saying["clip"])
    assert (probe.width, probe.height, probe.fps) == (256, 256, 25)
    pictures = np.array(list(media.frames(saying["clip"])))
    assert np.ptp(pictures, axis=0).max() <= 8, "every frame is the same"
    assert pictures.mean() < 40
    assert pictures.max() > 150, "it says that there is nothing to see"
    samples_N, rate = media.sound(saying["clip"])
    heard = np.flatnonzero(np.abs(samples_N) > 0.01) / rate
    assert 0.13 < heard[0] < 0.3
    assert 0.2 < probe.seconds - heard[-1] < 0.6
    assert abs(samples_N).max() < 1


def test_a_saying_may_be_converted_too(given: dict[str, Any], saying: dict[str, Any], tmp_path: Path) -> None:
    theirs = tmp_path / "dario-said-07.mp4"
    digests = [cast.digest(who, "said-07") for who in ("clara", "dario")]
    render_saying(**saying | {"clip": theirs, "subject": "dario", "actor": "dario", "digest": digests[1]})
    render_voiced(**given | {"clip": theirs, "performance": "said-07", "digests": digests})
    lag, alike = latest(levels(theirs), levels(given["truth"]), 60)
    assert abs(lag) <= 15
    assert alike > 0.85
    assert media.probe(given["truth"]).frames == media.probe(theirs).frames


def test_texts_that_changed_and_people_who_do_not_consent_are_refused(
    given: dict[str, Any], saying: dict[str, Any]
) -> None:
    with pytest.raises(ManifestError, match="changed since"):
        render_voiced(**given | {"digests": [given["digests"][0], "0" * 64]})
    with pytest.raises(ConsentError, match="elsa"):
        render_voiced(**given | {"source": "elsa"})
    with pytest.raises(ManifestError, match="changed since"):
        render_saying(**saying | {"digest": "0" * 64})
    with pytest.raises(ConsentError, match="elsa"):
        render_saying(**saying | {"subject": "elsa"})
    assert not given["truth"].exists()
    assert not saying["clip"].exists()


def test_a_performance_that_was_put_together_is_spoken_in_any_voice(tmp_path: Path) -> None:
    short = dataclasses.replace(cast.load_performance("answer-1"), frames=12)
    (tmp_path / "short.yaml").write_text(yaml.safe_dump(plain(short)))
    again = cast.load_performance(tmp_path / "short.yaml")
    for who in ("ada", "hugo"):
        cast.speak(again, tmp_path / "short.wav", cast.load_actor(who).voice)
        samples_N, rate = media.sound(tmp_path / "short.wav")
        assert len(samples_N) == round(12 / 25 * rate)
