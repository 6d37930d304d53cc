"""`world` and `unchanged`: two synthetic voices, before and after."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from understudy.cast import speech as cast_speech
from understudy.errors import CheckpointError, MediaError, SpeechError, Stopped
from understudy.learning import Run
from understudy.media.wav import write_wav
from understudy.methods import Footage, unchanged, world
from understudy.methods.world import pairing, voice
from understudy.methods.world.conversion import Conversion
from understudy.speech import Segments, alignment, cepstrum, pitch

pytestmark = pytest.mark.skipif(not cast_speech.available(), reason="the optional extra 'speech' is not installed")
CPU = torch.device("cpu")
BOTH = (
    "The birch canoe slid on the smooth planks.",
    "Rice is often served in round bowls.",
    "Glue the sheet to the dark blue background.",
)
OTHERS = (
    "Four hours of steady work faced us.",
    "The box was thrown beside the parked truck.",
    "Two blue fish swam in the tank.",
)
NEW = "A rod is used to catch pink salmon."
SETTINGS = dataclasses.replace(world.usual(), components=2, nearby=1, iterations=3)


@pytest.fixture(scope="module", autouse=True)
def quick() -> None:
    """Harvest takes most of the time, and nothing here depends on it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pitch.f0, "__defaults__", (*pitch.f0.__defaults__[:-1], "dio"))
        yield


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("world")


def wav(stage: Path, who: str, text: str) -> Path:
    path = stage / f"{who}-{abs(hash(text))}.wav"
    if not path.exists():
        said = cast_speech.utter(text, voice=f"en-us+{who}", rate=170, pitch=50)
        write_wav(path, (said.sound_N / 32768).astype(np.float32), said.rate)
    return path


def footage(stage: Path, who: str, texts: tuple[str, ...], said: Path | None = None) -> Footage:
    segments = tuple(
        Segments(folder=stage, clip=text, paths=(wav(stage, who, text),), table=pd.DataFrame(), rate=22_050,
                 seconds=2.0, gain=0.0, warnings=())
        for text in texts
    )  # fmt: skip
    return Footage(who, (), (), said, segments)


def run(folder: Path, **more: object) -> Run:
    return Run(folder=folder, seed=1, device=CPU, subjects=("f3", "m3"), consents=("c1", "c2"), **more)  # type: ignore[arg-type]  # named above


@pytest.fixture(scope="module")
def learned(stage: Path) -> Path:
    """A training on sentences that both say, in another order."""
    world.train(
        [footage(stage, "f3", BOTH), footage(stage, "m3", BOTH[::-1])], SETTINGS, run(stage / "run", keep=(0.5,))
    )
    return stage / "run"


def made(stage: Path, folder: Path, source: str, driver: Footage, **settings: object) -> np.ndarray:
    config = dataclasses.replace(SETTINGS, **settings)  # type: ignore[arg-type]  # the fields of the settings
    parts = list(world.convert(world.load(folder, CPU), footage(stage, source, ()), driver, config))
    assert all(part.dtype == torch.float32 and part.ndim == 1 for part in parts)
    return torch.cat(parts).double().numpy()


def apart(made_N: np.ndarray, truth_N: np.ndarray) -> float:
    a, b = (cepstrum.mel_cepstrum(each, world.RATE) for each in (made_N, truth_N))
    return cepstrum.distortion(a, b, alignment.align(a, b))


@pytest.mark.parametrize("synthesis", ["vocoder", "differential"])
@pytest.mark.parametrize(("source", "driver"), [("m3", "f3"), ("f3", "m3")])
def test_a_voice_moves_to_the_source_in_both_directions(
    stage: Path, learned: Path, source: str, driver: str, synthesis: str
) -> None:
    said, truth_N = wav(stage, driver, NEW), voice.read(wav(stage, source, NEW))
    said_N = voice.read(said)
    made_N = made(stage, learned, source, footage(stage, driver, (), said), synthesis=synthesis)
    assert len(made_N) == len(said_N)
    assert np.abs(made_N).max() < 1
    assert apart(made_N, truth_N) < 0.75 * apart(said_N, truth_N)
    before, after, wanted = (pitch.f0(each, world.RATE) for each in (said_N, made_N, truth_N))
    means = [np.log2(each[each > 0]).mean() for each in (before, after, wanted)]
    # octaves: a sentence is not pitched just as the mean of three others
    assert abs(means[1] - means[2]) < 0.15 < 0.5 < abs(means[0] - means[2])
    both = (before > 0) & (after > 0)
    assert np.corrcoef(np.log(before[both]), np.log(after[both]))[0, 1] > 0.7
    levels = [voice.level(voice.powers(each)) for each in (made_N, truth_N)]
    assert 10 * np.log10(levels[0] / levels[1]) == pytest.approx(0, abs=3)


def test_a_training_leaves_weights_card_and_table_and_is_the_same_again(stage: Path, learned: Path) -> None:
    card = json.loads((learned / "card.json").read_text())
    assert card["subjects"] == ["f3", "m3"]
    assert card["consents"] == ["c1", "c2"]
    assert card["architecture"]["pairing"] == "parallel"
    assert card["state"] == "finished"
    assert card["steps"] == 6
    for quantity in ("seconds", "images_per_second", "peak_memory", "parameters", "flops_per_step", "budget"):
        assert quantity in card
    table = pd.read_csv(learned / "loss.csv")
    assert list(table.columns) == ["step", "rate", "loss"]
    assert table.loss[2] <= table.loss[0]
    assert (learned / "weights-0.5.safetensors").exists()
    again = stage / "again"
    world.train([footage(stage, "f3", BOTH), footage(stage, "m3", BOTH[::-1])], SETTINGS, run(again))
    assert (again / "weights.safetensors").read_bytes() == (learned / "weights.safetensors").read_bytes()


def test_sentences_that_both_say_are_recognised_and_others_are_not(stage: Path) -> None:
    first = voice.heard(footage(stage, "f3", (*BOTH, OTHERS[0])), 24, 60)
    second = voice.heard(footage(stage, "m3", (*OTHERS[1:], *BOTH[::-1])), 24, 60)
    assert [(i, j) for i, j, _ in pairing.parallel(first, second)] == [(0, 4), (1, 3), (2, 2)]


@pytest.mark.parametrize(
    ("ratio", "next_best", "same"),
    [
        (0.6, 0.93, True),
        (0.82, 0.91, True),
        (0.6, 0.61, True),
        (0.83, 0.88, False),
        (0.86, 0.87, False),
        (0.9, 1, False),
    ],
)
def test_a_partner_must_be_far_ahead_unless_it_fits_too_well_for_chance(
    ratio: float, next_best: float, same: bool
) -> None:
    """By chance somebody's sentences are as near as .83 to each other, with others close behind."""
    for ratios in ([[ratio, next_best], [0.95, 0.96]], [[ratio, 0.95], [next_best, 0.96]]):
        assert pairing._same(np.array(ratios), 0, 0) is same
    assert pairing._same(np.array([[ratio]]), 0, 0) is (ratio < pairing.SAME), "nothing else is there to be near"


def test_voices_that_say_other_things_are_learned_by_nearness(stage: Path) -> None:
    sides = [footage(stage, "f3", BOTH), footage(stage, "m3", OTHERS)]
    world.train(sides, SETTINGS, run(stage / "near"))
    assert json.loads((stage / "near/card.json").read_text())["architecture"]["pairing"] == "nearest"
    said, truth_N = wav(stage, "f3", NEW), voice.read(wav(stage, "m3", NEW))
    made_N = made(stage, stage / "near", "m3", footage(stage, "f3", (), said))
    assert apart(made_N, truth_N) < 0.9 * apart(voice.read(said), truth_N)
    with pytest.raises(SpeechError, match=r"say the same for 0\.0 s"):
        world.train(sides, dataclasses.replace(SETTINGS, pairing="parallel"), run(stage / "refused"))


def test_long_sound_in_pieces_is_the_sound_in_one(stage: Path, learned: Path) -> None:
    texts = (NEW, *OTHERS)
    parts = [np.concatenate([voice.read(wav(stage, "f3", text)), np.zeros(8000)]) for text in texts]
    write_wav(stage / "long.wav", np.concatenate(parts).astype(np.float32), world.RATE)
    driver = footage(stage, "f3", (), stage / "long.wav")
    whole_N = made(stage, learned, "m3", driver, synthesis="differential", piece=60.0)
    pieces_N = made(stage, learned, "m3", driver, synthesis="differential", piece=5.0)
    assert len(whole_N) == len(pieces_N)
    assert apart(whole_N, pieces_N) < 1.0  # dB: pitch is tracked over less of what is before and after
    powers = [voice.powers(each) for each in (whole_N, pieces_N)]
    assert np.corrcoef(np.log(powers[0] + 1e-7), np.log(powers[1] + 1e-7))[0, 1] > 0.995


@pytest.mark.parametrize("kind", ["silence", "whisper", "noise"])
def test_what_has_no_voice_passes_as_it_is_with_a_warning(
    stage: Path, learned: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = wav(stage, "whisper", NEW) if kind == "whisper" else stage / f"{kind}.wav"
    if kind != "whisper":
        loud = 0.1 if kind == "noise" else 0.0
        write_wav(path, (loud * np.random.default_rng(0).normal(size=30_000)).astype(np.float32), world.RATE)
    made_N = made(stage, learned, "m3", footage(stage, "f3", (), path))
    np.testing.assert_allclose(made_N, voice.read(path), atol=1e-6)
    assert "pass as they are" in capsys.readouterr().err


@pytest.mark.parametrize("synthesis", ["vocoder", "differential"])
def test_a_voice_that_only_whispers_is_learned_and_leaves_the_pitch(
    stage: Path, synthesis: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has no pitch, whose mean could be given: what is said keeps the driver's, and that is told."""
    sides = [footage(stage, "whisper", BOTH), footage(stage, "m3", BOTH)]
    folder = stage / f"whispering-{synthesis}"
    world.train(sides, SETTINGS, dataclasses.replace(run(folder), subjects=("whisper", "m3")))
    assert "whisper: no voiced speech was found (whispers?): pitch stays the driver's" in capsys.readouterr().err
    said = wav(stage, "m3", NEW)
    made_N = made(stage, folder, "whisper", footage(stage, "m3", (), said), synthesis=synthesis)
    assert np.isfinite(made_N).all()
    before_T, after_T = (pitch.f0(each, world.RATE) for each in (voice.read(said), made_N))
    both_T = (before_T > 0) & (after_T > 0)
    assert np.abs(np.log2(after_T[both_T] / before_T[both_T])).mean() < 0.1  # octaves


def test_numbers_that_are_none_are_silence(learned: Path) -> None:
    change = Conversion(world.load(learned, CPU), 1, 0.01, SETTINGS)
    assert np.isfinite(change(voice.sound(np.full(5000, np.nan)))).all()


def test_the_level_is_the_drivers_where_that_is_asked_for(stage: Path, learned: Path) -> None:
    soft_N = 0.2 * voice.read(wav(stage, "f3", NEW))
    write_wav(stage / "soft.wav", soft_N.astype(np.float32), world.RATE)
    made_N = made(stage, learned, "m3", footage(stage, "f3", (), stage / "soft.wav"), level="driver")
    levels = [voice.level(voice.powers(each)) for each in (made_N, soft_N)]
    assert 10 * np.log10(levels[0] / levels[1]) == pytest.approx(0, abs=2)


def test_strangers_and_drivers_without_sound_are_refused(stage: Path, learned: Path) -> None:
    model, driver = world.load(learned, CPU), footage(stage, "f3", (), wav(stage, "f3", NEW))
    with pytest.raises(CheckpointError, match="f3 and m3"):
        next(world.convert(model, Footage("x", (), ()), driver, SETTINGS))
    with pytest.raises(MediaError, match="no speech"):
        next(world.convert(model, Footage("m3", (), ()), footage(stage, "f3", ()), SETTINGS))
    write_wav(stage / "still.wav", np.zeros(44_100, np.float32), world.RATE)
    silent = dataclasses.replace(footage(stage, "f3", BOTH[:1]).segments[0], paths=(stage / "still.wav",))
    for side, told in (
        (footage(stage, "f3", ()), r"f3: has 0 segments of speech \(0.0 seconds\)"),
        (Footage("f3", (), (), segments=(silent,)), "less than a second"),
    ):
        with pytest.raises(SpeechError, match=told):
            world.train([footage(stage, "m3", BOTH), side], SETTINGS, run(stage / "none"))
        assert not (stage / "none").exists()


def test_a_training_that_may_not_go_on_stops(stage: Path) -> None:
    with pytest.raises(Stopped, match="withdrawn"):
        world.train(
            [footage(stage, "f3", BOTH), footage(stage, "m3", BOTH)], SETTINGS,
            run(stage / "stopped", allowed=lambda: "withdrawn"),
        )  # fmt: skip
    assert not (stage / "stopped/weights.safetensors").exists()


def test_unchanged_is_the_drivers_sound(stage: Path) -> None:
    path = stage / "tone.wav"
    tone = 0.3 * np.sin(np.arange(44_100) * 0.05)
    write_wav(path, tone.astype(np.float32), unchanged.RATE)
    driver = Footage("f3", (), (), path)
    made_N = torch.cat(list(unchanged.convert(unchanged.load(path, CPU), driver, driver, unchanged.Config()))).numpy()
    np.testing.assert_allclose(made_N, tone, atol=1e-4)
    with pytest.raises(MediaError, match="no speech"):
        next(unchanged.convert(unchanged.load(path, CPU), driver, Footage("f3", (), ()), unchanged.Config()))
