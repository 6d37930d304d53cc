"""vqvc learns: it takes up where it was stopped, and says a driver's words as long as they were said."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from understudy import media, settings
from understudy.errors import CheckpointError, MediaError, SpeechError, Stopped
from understudy.learning import Run
from understudy.media.wav import write_wav
from understudy.methods import Footage, vqvc
from understudy.methods.vqvc import conversion
from understudy.methods.vqvc.lessons import Lessons, bent, shapes
from understudy.methods.vqvc.lessons import voice as learned
from understudy.methods.vqvc.network import Converter
from understudy.methods.vqvc.vocoder import RATE

from .test_vqvc import voice

CPU = torch.device("cpu")
TINY = vqvc.PRESETS["vqvc-tiny"]()
SMALL = replace(
    TINY,
    channels=16,
    encoder=1,
    decoder=3,
    levels=(8, 5),
    voice=4,
    window=32,
    estimator="dio",
    learning=replace(TINY.learning, steps=6, batch=4, warmup=0, precision="fp32", preview_every=0, snapshot_every=0),
)


@dataclass(frozen=True)
class Cut:
    """What of extracted segments a training reads."""

    paths: tuple[Path, ...]
    seconds: float


def person(folder: Path, name: str, height: float, seconds: float = 2.0) -> Footage:
    paths = [folder / f"{name}-{number}.wav" for number in range(2)]
    for number, path in enumerate(paths):
        write_wav(path, voice(seconds / 2, height, seed=number), 44_100 // 2)
    cut: Any = Cut(tuple(paths), seconds)
    return Footage(name, (), (), speech=paths[0], segments=(cut,))


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> list[Footage]:
    folder = tmp_path_factory.mktemp("people")
    return [person(folder, "ada", 110.0), person(folder, "bea", 220.0)]


@pytest.fixture(scope="module")
def trained(people: list[Footage], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "run"
    vqvc.train(people, SMALL, Run(folder=folder, seed=3, device=CPU))
    return folder


def converted(model: torch.nn.Module, source: Footage, driver: Footage) -> np.ndarray:
    return torch.cat(list(vqvc.convert(model, source, driver, SMALL))).numpy()


# --- what is learned from


def test_a_step_is_shown_bent_envelopes_and_asked_for_straight_ones(people: list[Footage]) -> None:
    voices = [learned(side, SMALL) for side in people]
    one, again = (Lessons(voices, SMALL, seed=1).at(5) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one, again, strict=True))
    usual = torch.stack([torch.from_numpy(voices[number].manner.shape_B) for number in one.subjects])
    straight = shapes(one.bands, usual)
    assert (one.shape - straight).abs().mean() > 0.05
    unbent = Lessons(voices, replace(SMALL, tract=0.0, tilt=0.0), seed=1).at(5)
    torch.testing.assert_close(unbent.shape, straight, atol=1e-4, rtol=0)
    torch.testing.assert_close(bent(straight, torch.ones(4), torch.zeros(4, 4)), straight, atol=1e-4, rtol=0)


def test_envelopes_of_any_gain_are_heard_alike(people: list[Footage]) -> None:
    bands = torch.from_numpy(learned(people[0], SMALL).bands_TB.T.copy())[None]
    usual = torch.zeros(1, 80)
    torch.testing.assert_close(shapes(bands + 3.0, usual), shapes(bands, usual), atol=1e-4, rtol=0)


def test_too_little_speech_is_refused_with_its_amount(tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match=r"eve: 0\.4 s of speech .* in 2 segments.*at least 0\.6 s"):
        learned(person(tmp_path, "eve", 150.0, seconds=0.4), SMALL)
    with pytest.raises(SpeechError, match=r"nobody: 0\.0 s .* in 0 segments"):
        learned(Footage("nobody", (), ()), SMALL)


def test_of_whom_there_is_too_little_is_told_before_anybody_is_analysed(
    people: list[Footage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(vqvc, "voice", lambda *_: pytest.fail("somebody was analysed"))
    eve = person(tmp_path, "eve", 150.0, seconds=0.4)
    with pytest.raises(SpeechError, match=r"eve: has 2 segments of speech \(0\.4 seconds\).*at least 0\.6 seconds"):
        vqvc.train([*people, eve], SMALL, Run(folder=tmp_path / "run", seed=3, device=CPU))
    monkeypatch.undo()
    vqvc.train(people, SMALL, Run(folder=tmp_path / "run", seed=3, device=CPU))
    assert "ada has 2 segments of speech (2.0 seconds), and 20 minutes or more are advised" in capsys.readouterr().err


# --- learning


def test_learning_brings_the_envelope_near_what_was_said(people: list[Footage], tmp_path: Path) -> None:
    config = replace(SMALL, learning=replace(SMALL.learning, steps=60, rate=5e-3))
    vqvc.train(people, config, Run(folder=tmp_path / "run", seed=3, device=CPU))
    errors = pd.read_csv(tmp_path / "run/loss.csv")["envelope"]
    assert errors[-20:].mean() < 0.8 * errors[:20].mean()
    assert (tmp_path / "run/preview.png").stat().st_size > 1000


def test_a_stopped_training_goes_on_to_the_same_bytes(people: list[Footage], trained: Path, tmp_path: Path) -> None:
    asked = iter([None, None, "consent has ended"])
    config = replace(SMALL, learning=replace(SMALL.learning, snapshot_every=1))
    with pytest.raises(Stopped):
        vqvc.train(people, config, Run(folder=tmp_path / "run", seed=3, device=CPU, allowed=lambda: next(asked)))
    vqvc.train(people, config, Run(folder=tmp_path / "run", seed=3, device=CPU))
    assert (tmp_path / "run/weights.safetensors").read_bytes() == (trained / "weights.safetensors").read_bytes()


def test_what_was_saved_is_loaded_with_its_subjects_and_their_manners(people: list[Footage], trained: Path) -> None:
    network = vqvc.load(trained, CPU)
    assert isinstance(network, Converter)
    assert network.subjects == ("ada", "bea")
    for side, height in zip(people, (110, 220), strict=True):
        kept, measured = network.manner(side.subject), learned(side, SMALL).manner
        assert math.exp(kept.pitch[0]) == pytest.approx(height, rel=0.08)
        np.testing.assert_allclose(kept.shape_B, measured.shape_B, atol=1e-5)
        np.testing.assert_allclose((*kept.level, kept.floor), (*measured.level, measured.floor), rtol=1e-5)


# --- conversion


def test_a_conversion_is_as_long_as_the_drivers_sound_at_the_sources_height(
    people: list[Footage], trained: Path, tmp_path: Path
) -> None:
    """Of drivers who are and who are not of the group, in a film's sound at another rate; nothing is cut off."""
    ada, bea = people
    sound_N = np.interp(np.arange(round(1.37 * 48_000)) / 48_000, np.arange(31_000) / RATE, voice(31_000 / RATE, 220.0))
    write_wav(tmp_path / "said.wav", np.asarray(4 * sound_N, np.float32), 48_000)
    network = vqvc.load(trained, CPU)
    for name in ("bea", "stranger"):
        driver = replace(bea, subject=name, speech=tmp_path / "said.wav")
        found_N = converted(network, ada, driver)
        assert found_N.dtype == np.float32
        assert len(found_N) == round(1.37 * RATE)
        assert np.abs(found_N).max() <= 1
        contour_M = conversion.pitch.f0(found_N, RATE, estimator="dio")
        assert np.median(contour_M[contour_M > 0]) == pytest.approx(110, rel=0.12)


def test_the_loudness_is_the_sources_however_the_driver_was_recorded(
    people: list[Footage], trained: Path, tmp_path: Path
) -> None:
    network, powers = vqvc.load(trained, CPU), []
    for gain in (0.05, 0.5):
        write_wav(tmp_path / "said.wav", gain * voice(1.0), RATE)
        found_N = converted(network, people[1], replace(people[0], speech=tmp_path / "said.wav"))
        powers.append(10 * np.log10(np.mean(np.square(found_N))))
    learned_N, _ = media.sound(people[1].segments[0].paths[0])
    assert powers[1] == pytest.approx(powers[0], abs=0.5)
    assert powers[0] == pytest.approx(10 * np.log10(np.mean(np.square(learned_N))), abs=8)  # barely trained


@pytest.mark.parametrize("kind", ["silence", "noise", "short"])
def test_what_is_no_voice_is_said_without_one(kind: str, people: list[Footage], trained: Path, tmp_path: Path) -> None:
    noise_N = np.random.default_rng(0).normal(0, 0.05, RATE).astype(np.float32)
    sound_N = {"silence": 0 * noise_N, "noise": noise_N, "short": noise_N[:100]}[kind]
    write_wav(tmp_path / "said.wav", sound_N, RATE)
    found_N = converted(vqvc.load(trained, CPU), people[0], replace(people[1], speech=tmp_path / "said.wav"))
    assert len(found_N) == len(sound_N)
    assert np.isfinite(found_N).all()
    if kind == "silence":
        assert np.abs(found_N).max() < 1e-3


def test_long_speech_is_converted_in_pieces_that_are_the_whole(
    people: list[Footage], trained: Path, tmp_path: Path
) -> None:
    """A frame's envelope is the same whichever piece it is found in; memory holds one at a time."""
    write_wav(tmp_path / "long.wav", voice(12.0, 220.0), RATE)
    driver, network = replace(people[1], speech=tmp_path / "long.wav"), vqvc.load(trained, CPU)
    parts = list(vqvc.convert(network, people[0], driver, SMALL))
    assert len(parts) > 1
    assert sum(map(len, parts)) == 12 * RATE
    assert max(map(len, parts)) < 11 * RATE
    sound_N, _ = media.sound(tmp_path / "long.wav")
    assert isinstance(network, Converter)
    there, contour_M = network.manner("bea"), conversion.pitch.f0(sound_N, RATE, estimator="dio")
    whole_TB = conversion.enveloped(sound_N, contour_M)
    one, _ = conversion.decoded(network, whole_TB, contour_M, there, "ada")
    two, _ = conversion.decoded(network, whole_TB[400:800], contour_M[800:1600], there, "ada")
    reach = network.architecture.reach
    np.testing.assert_allclose(one[400 + reach : 800 - reach], two[reach:-reach], atol=1e-4)


def test_whom_the_network_has_not_learned_it_cannot_be(people: list[Footage], trained: Path) -> None:
    network = vqvc.load(trained, CPU)
    with pytest.raises(CheckpointError, match=r"aga.*not learned.*Did you mean 'ada'\?"):
        converted(network, replace(people[0], subject="aga"), people[1])
    with pytest.raises(CheckpointError, match="ask for another"):
        list(vqvc.convert(network, *people, replace(SMALL, channels=32)))
    with pytest.raises(MediaError, match="no speech to be said"):
        converted(network, people[0], replace(people[1], speech=None))


@pytest.mark.parametrize("name", sorted(vqvc.PRESETS))
def test_presets_are_whole_settings(name: str) -> None:
    config = vqvc.PRESETS[name]()
    assert settings.build(vqvc.Config, settings.plain(config), "config") == config


@pytest.mark.parametrize(
    "change", [{"levels": ()}, {"levels": (1,)}, {"window": 33}, {"tract": 0.6}, {"sharpness": 3.0}, {"channels": 0}]
)
def test_settings_that_mean_nothing_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        replace(TINY, **change)
