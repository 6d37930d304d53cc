"""A voice conversion of the cast from end to end: its sanity rows, its ladders, and where the notice lies.

The driver says a sentence in one voice; the truth is another voice saying it, brought to the driver's length.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.signal import resample

from understudy import media, metrics
from understudy.cast.speech import utter
from understudy.errors import MediaError
from understudy.media.wav import write_wav

TEXTS = ("The quick brown fox jumps over the lazy dog.", "She sells sea shells by the shore of the sea.")
SOURCE, DRIVER, FPS, RATE = "en-us+m7", "en-us+f2", 25, 22050
EMPTY = np.zeros((0, 128))


def film(path: Path, samples_N: np.ndarray) -> Path:
    write_wav(path.with_suffix(".wav"), samples_N.astype(np.float32), RATE)
    count = int(np.ceil(len(samples_N) / RATE * FPS))
    grey = (np.full((64, 64, 3), 90, np.uint8) for _ in range(count))
    media.write(path, grey, fps=FPS, sound=path.with_suffix(".wav"), crf=20)
    return path


def says(voice: str, text: str) -> np.ndarray:
    said = utter(text, voice=voice, rate=160, pitch=50)
    assert said.rate == RATE
    return np.asarray(said.sound_N / 32768)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> metrics.Case:
    folder = tmp_path_factory.mktemp("voice")
    driver_N = says(DRIVER, TEXTS[0])
    truth_N = resample(says(SOURCE, TEXTS[0]), len(driver_N))
    for name, samples_N in {
        "driver": driver_N, "truth": truth_N, "source": says(SOURCE, TEXTS[1]), "other": says(DRIVER, TEXTS[1]),
    }.items():  # fmt: skip
        film(folder / f"{name}.mp4", samples_N)
    return metrics.Case(
        family="voice", fake=folder / "truth.mp4", driver=folder / "driver.mp4", truth=folder / "truth.mp4", fps=FPS,
        source_references_N128=EMPTY, driver_references_N128=EMPTY,
        recordings=(folder / "source.mp4",), driver_recordings=(folder / "other.mp4",),
    )  # fmt: skip


def table(case: metrics.Case, chosen: Sequence[str]) -> dict[str, float]:
    rows, frames = metrics.measure(case, chosen)
    assert list(frames.columns) == ["frame", "time"]
    assert set(rows["metric"]) <= set(metrics.MEANING)
    return dict(zip(rows["metric"], rows["value"], strict=True))


def test_the_sanity_rows_bound_a_voice(case: metrics.Case, tmp_path: Path) -> None:
    """No face is looked for: the chosen metrics of faces, and the empty references, do no harm."""
    there = {
        s.name: table(s.case, s.chosen)
        for s in metrics.sanity(case, metrics.names(), tmp_path, another=case.recordings[0])
    }
    assert list(there) == [
        "driver", "re-encoded truth", "truth", "another recording of the source", "shuffled speaker", "shuffled sound",
    ]  # fmt: skip
    driver, truth, again = there["driver"], there["truth"], there["re-encoded truth"]
    assert driver["F0 error"] == driver["voicing error"] == driver["duration difference"] == 0
    assert driver["content distance"] < 0.01
    assert driver["loudness difference"] == 0
    assert truth["mel-cepstral distortion"] == 0
    assert 0 < again["mel-cepstral distortion"] < 1 < driver["mel-cepstral distortion"]
    assert truth["speaker similarity to source"] > 0.8 > driver["speaker similarity to source"]
    assert (truth["voice nearer to source"], driver["voice nearer to source"]) == (1, 0)
    assert abs(truth["F0 height difference"]) < 200 < driver["F0 height difference"]
    assert truth["F0 correlation"] > 0.7
    assert there["another recording of the source"]["speaker similarity to source"] > 0.99
    assert there["shuffled speaker"]["speaker similarity to source"] < 0.8
    assert there["shuffled sound"]["content distance"] > truth["content distance"] + 0.1
    assert there["shuffled sound"]["F0 correlation"] < 0.5


def test_damage_to_a_voice_is_seen(case: metrics.Case, tmp_path: Path) -> None:
    cheap = ["speaker", "timing", "words", "loudness"]
    rungs = metrics.climb(case, tmp_path, lambda one: metrics.measure(one, cheap)[0])
    assert set(rungs["ladder"]) == {ladder.name for ladder in metrics.ladders("voice")}
    judged = metrics.judge(rungs.assign(source="a", driver="b", clip="c")).set_index(["metric", "ladder"])
    for value, damage in (
        ("speaker similarity to source", "muffling"), ("voice nearer to source", "wrong speaker"),
        ("voice lag", "delay"), ("content distance", "other words"), ("signal-to-noise ratio", "noise"),
    ):  # fmt: skip
        assert judged.at[(value, damage), "meant"]
        assert judged.at[(value, damage), "step"] > 0
        assert judged.at[(value, damage), "rho"] > 0.7
    assert not list(tmp_path.iterdir())


def test_what_lies_under_the_notice_is_not_judged(case: metrics.Case, tmp_path: Path) -> None:
    samples_N, rate = media.sound(case.driver)
    samples_N = samples_N.copy()
    samples_N[: rate // 2] = 0.3 * np.sin(2 * np.pi * 880 * np.arange(rate // 2) / rate)
    write_wav(tmp_path / "chimed.wav", samples_N, rate)
    chimed = dataclasses.replace(case, fake=case.driver, sound=tmp_path / "chimed.wav")
    clean = table(dataclasses.replace(chimed, heard_from=0.6), ["words", "loudness", "melody"])
    assert clean["content distance"] < 0.01
    assert clean["loudness difference"] == pytest.approx(0, abs=0.01)
    assert clean["voicing error"] < 0.02
    assert table(chimed, ["loudness"])["loudness difference"] > 0.5
    beyond = metrics.measure(dataclasses.replace(chimed, heard_from=60.0), ["words", "melody", "speaker", "timing"])[0]
    assert beyond["value"].isna().all()
    assert (beyond["n"] == 0).all()


def test_silence_and_a_fake_without_sound_have_rows_without_values(case: metrics.Case, tmp_path: Path) -> None:
    write_wav(tmp_path / "silence.wav", np.zeros(RATE, np.float32), RATE)
    media.write(tmp_path / "mute.mp4", (np.full((64, 64, 3), 90, np.uint8) for _ in range(9)), fps=FPS)
    for changed in ({"sound": tmp_path / "silence.wav"}, {"fake": tmp_path / "mute.mp4"}):
        rows, _ = metrics.measure(dataclasses.replace(case, **changed), metrics.names())
        assert len(rows) == 15
        assert pd.isna(rows["value"]).all()
        assert (rows["n"] == 0).all()


def test_what_there_is_not_to_compare_with_is_left_out(case: metrics.Case, tmp_path: Path) -> None:
    bare = dataclasses.replace(case, truth=None, recordings=(), driver_recordings=())
    found = table(bare, metrics.names())
    assert not {"mel-cepstral distortion", "speaker similarity to source", "F0 height difference"} & set(found)
    assert "content distance" in found
    with pytest.raises(MediaError, match="no exact fake"):
        next(metrics.degraded(bare, tmp_path))
