"""`sovits`: whatever the package does in silence is an error here. A double stands for it, which fails at will."""

import contextlib
import dataclasses
import itertools
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from understudy.checkpoints import Weights
from understudy.errors import CheckpointError, ConfigError, DiskError, Error, SpeechError, Stopped
from understudy.files import sha256
from understudy.learning import Run
from understudy.media.wav import write_wav
from understudy.methods import Footage, method, sovits
from understudy.methods.sovits import environment, pairs, saying, weights
from understudy.methods.sovits.config import Config, Pretrained, fitted
from understudy.methods.sovits.running import Package
from understudy.settings import build, plain

from .sovits_speech import RATE, driver, footage, of, vowels

CPU = torch.device("cpu")
TINY = sovits.PRESETS["sovits-tiny"]()
SAM = Footage("sam", (), ())


@pytest.fixture
def double(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The double in the interpreter's place; the folder of what it hands out."""
    kit = tmp_path / "kit"
    kit.mkdir()
    python = kit / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).with_name("sovits_double.py")}" "$@"\n')
    python.chmod(0o755)
    (kit / "pinned.json").write_text(json.dumps(dict(environment.PINNED)))
    torch.save({"model": {"emb_g.weight": torch.ones(2, 16)}, "iteration": 320_000}, kit / "generator.pth")
    monkeypatch.setenv(environment.VARIABLE, str(python))
    monkeypatch.setenv("KIT", str(kit))
    return kit


def learned(tmp_path: Path, config: Config = TINY, who: Footage | None = None) -> Any:
    run = Run(folder=tmp_path / "run", seed=3, device=CPU, subjects=("sam",), consents=("c-1",), log_head="h")
    return sovits.train([who or footage(tmp_path)], config, run)


def test_a_training_leaves_what_every_training_leaves_and_nobodys_voice_beside_it(double: Path, tmp_path: Path) -> None:
    learned(tmp_path)
    run = tmp_path / "run"
    card = json.loads((run / "card.json").read_text())
    assert (card["state"], card["steps"], card["budget"]["share"]) == ("finished", 2, 1.0)
    assert (card["parameters"], card["flops_per_step"], card["images"]) == (7, 4, 2)
    assert (card["consents"], card["log_head"], card["seed"], card["pretrained"]) == (["c-1"], "h", 3, None)
    assert card["settings"]["learning"]["batch"] == 1
    rows = (run / "loss.csv").read_text().splitlines()
    assert rows[0] == "step,rate,discriminator,generator"
    assert rows[1:] == ["1,0.0001,1.0,2.0", "2,0.0001,1.0,1.0"]
    left = {path.name for path in run.iterdir()}
    assert left == {"weights.safetensors", "card.json", "loss.csv", "preview.png", "timelapse.mp4", "previews"}


def test_what_is_said_lasts_to_the_sample_as_long_as_what_was_heard(double: Path, voice: Any, tmp_path: Path) -> None:
    settings = dataclasses.replace(TINY, transpose=-3, auto_f0=False, noise_scale=0.1, longest=20.0)
    said = torch.cat(list(sovits.convert(voice, SAM, driver(tmp_path, 11.5), settings)))
    assert said.shape == (round(11.5 * RATE),)
    assert said.dtype == torch.float32
    repeated = torch.from_numpy(vowels(11.5, 200, 99))  # as the double does
    torch.testing.assert_close(said, repeated - repeated.mean(), atol=1e-4, rtol=0)
    command = json.loads((double / "command.json").read_text())
    asked = dict(itertools.pairwise(command))
    assert (asked["-s"], asked["-t"], asked["-n"], asked["-mc"], command[-1]) == ("sam", "-3", "0.1", "20.0", "-na")
    assert asked["-m"].endswith("/G_1.pth")


@pytest.mark.parametrize(
    ("fault", "error", "told"),
    [
        ("exit", SpeechError, "before it was done"),
        ("called", SpeechError, "no number"),
        ("skipped", SpeechError, r"left nothing of the segment sam/00000.wav; it made 5 of 6"),
        ("shifted", SpeechError, "left other.wav, which nobody gave it"),
        ("speakers", SpeechError, r"knows the speakers \{'ghost': 0, 'sam': 1\}"),
        ("lost", SpeechError, r"left nothing of the segment sam/00000.wav.data.pt"),
        ("numbered", SpeechError, "of speaker 1"),
        ("nan", SpeechError, "no numbers"),
        ("whispered", SpeechError, r"a pitch was found in 1\.0% of the frames.*whispered"),
        ("full", DiskError, "the disk is full"),
        ("half", SpeechError, "no whole pair"),
        ("torch", ConfigError, "has torch 2.0.0, and the method needs 2.13.0.*make voice"),
    ],
)
def test_what_the_package_does_in_silence_is_an_error(
    fault: str, error: type[Error], told: str, double: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAULT", fault)
    with pytest.raises(error, match=told):
        learned(tmp_path)
    assert not (tmp_path / "run/weights.safetensors").exists()


@pytest.mark.parametrize(
    ("fault", "error", "told"),
    [
        ("mute", SpeechError, "left silence"),
        ("short", SpeechError, r"left 28665 samples of 57330"),
        ("loud", SpeechError, "100% of its samples are clipped"),
        ("nothing", SpeechError, "left no sound"),
        ("deaf", CheckpointError, "digest dddddddddddd, and the voice was learned with eeeeeeeeeeee"),
    ],
)
def test_a_conversion_that_cannot_be_one_is_an_error(
    fault: str, error: type[Error], told: str, double: Path, voice: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAULT", fault)
    with pytest.raises(error, match=told):
        list(sovits.convert(voice, SAM, driver(tmp_path), TINY))


@pytest.fixture
def voice(tmp_path: Path) -> Any:
    """A voice of sam's, as a training leaves it."""
    config = {"spk": {"sam": 0}, "train": {"seed": 3}}
    architecture = {"network": "sovits", "config": config, "speaker": "sam", "encoder": "e" * 64, "f0": "dio"}
    described = {"architecture": architecture, "subjects": ["sam"]}
    weights.save(tmp_path / "voice/weights.safetensors", {"emb_g.weight": torch.ones(2, 16)}, described)
    return sovits.load(tmp_path / "voice", CPU)


def pretrained(double: Path, digest: str = "") -> Config:
    path = double / "generator.pth"
    both = [Weights(name=name, path=path, sha256=digest or sha256(path)) for name in ("generator", "discriminator")]
    return dataclasses.replace(TINY, pretrained=Pretrained(generator=both[0], discriminator=both[1]))


@pytest.mark.parametrize(("fault", "told"), [("unloaded", "was not loaded"), ("partly", "filled 7 of the network's 8")])
def test_pretrained_weights_that_do_not_reach_the_network_are_an_error(
    fault: str, told: str, double: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAULT", fault)
    with pytest.raises(CheckpointError, match=told):
        learned(tmp_path, pretrained(double))


def test_pretrained_weights_are_begun_from_at_epoch_0_and_named_in_the_card(double: Path, tmp_path: Path) -> None:
    """Their own count, 320,000, would end a training of 10,000 epochs before it began."""
    config = pretrained(double)
    learned(tmp_path, config)
    card = json.loads((tmp_path / "run/card.json").read_text())
    assert card["pretrained"]["weights"] == sha256(double / "generator.pth")
    with pytest.raises(CheckpointError, match="its sha256 is"):
        learned(tmp_path / "again", pretrained(double, "0" * 64))


def test_a_voice_is_said_for_nobody_else_and_by_no_other_f0_method(voice: Any, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is the voice of sam, not of eve"):
        list(sovits.convert(voice, Footage("eve", (), ()), driver(tmp_path), TINY))
    with pytest.raises(CheckpointError, match="was learned with the f0 method dio"):
        list(sovits.convert(voice, SAM, driver(tmp_path), dataclasses.replace(TINY, f0="harvest")))


def test_segments_that_cannot_be_learned_from_are_named(double: Path, tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match=r"sam: has 4 segments of speech.*at least 5 segments"):
        learned(tmp_path, who=footage(tmp_path, count=4))
    good = list(footage(tmp_path).segments[0].paths)
    bad = tmp_path / "bad.wav"
    for samples, rate, told in (
        (vowels(1, 120, 1, 8000), 8000, "8000 Hz"),
        (vowels(0.2, 120, 1), RATE, r"lasts 0\.20 s"),
        (np.zeros(RATE, np.float32), RATE, "is silent"),
    ):
        write_wav(bad, samples, rate)
        with pytest.raises(SpeechError, match=told):
            learned(tmp_path, who=of("sam", [*good, bad]))
    bad.write_bytes(b"no sound")
    with pytest.raises(SpeechError, match="cannot be read"):
        learned(tmp_path, who=of("sam", [*good, bad]))


def test_a_stray_file_among_the_segments_is_refused(double: Path, tmp_path: Path) -> None:
    stray = tmp_path.joinpath("run", "work", "dataset_raw", "notes.txt")
    stray.parent.mkdir(parents=True)
    stray.write_text("x")
    with pytest.raises(SpeechError, match=r"notes\.txt: does not belong"):
        learned(tmp_path)


def test_a_driver_without_words_is_refused(double: Path, tmp_path: Path) -> None:
    write_wav(tmp_path / "still.wav", np.zeros(RATE, np.float32), RATE)
    write_wav(tmp_path / "brief.wav", vowels(0.2, 120, 1), RATE)
    for name, told in (("still", "is silent"), ("brief", r"lasts 0\.20 s")):
        with pytest.raises(SpeechError, match=told):
            saying.heard(Footage("dan", (), (), speech=tmp_path / f"{name}.wav"))
    with pytest.raises(SpeechError, match="has no speech"):
        saying.heard(Footage("dan", (), ()))


def test_an_encoder_is_the_file_that_was_named(double: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    there = Weights(name="content-vec-best", path=path, sha256="0" * 64)
    with pytest.raises(CheckpointError, match="there is no such file"):
        learned(tmp_path, dataclasses.replace(TINY, encoder=there))
    path.write_bytes(b"weights")
    with pytest.raises(CheckpointError, match="its sha256 is"):
        learned(tmp_path, dataclasses.replace(TINY, encoder=there))
    named = dataclasses.replace(TINY, encoder=dataclasses.replace(there, sha256=sha256(path)))
    with pytest.raises(CheckpointError, match=r"no config\.json beside it"):
        learned(tmp_path, named)


def test_weights_that_are_not_there_are_refused_before_any_work(double: Path, tmp_path: Path) -> None:
    """When the study is read, and not once its speech has been extracted."""
    path = tmp_path / "model.safetensors"
    encoder = Weights(name="content-vec-best", path=path, sha256="0" * 64)
    with pytest.raises(CheckpointError, match="there is no such file"):
        sovits.require(dataclasses.replace(TINY, encoder=encoder))
    path.write_bytes(b"weights")
    with pytest.raises(CheckpointError, match="its sha256 is"):
        sovits.require(dataclasses.replace(TINY, encoder=encoder))
    whole = dataclasses.replace(TINY, encoder=dataclasses.replace(encoder, sha256=sha256(path)))
    with pytest.raises(CheckpointError, match=r"no config\.json beside it"):
        sovits.require(whole)
    (tmp_path / "config.json").write_text('{"hidden_size": 64}')
    sovits.require(whole)
    sovits.require(pretrained(double))
    with pytest.raises(CheckpointError, match="its sha256 is"):
        sovits.require(pretrained(double, "0" * 64))


def test_four_segments_are_refused_before_anything_else_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(environment.VARIABLE, str(tmp_path / "python"))  # which is not there
    with pytest.raises(SpeechError, match="at least 5 segments"):
        learned(tmp_path, who=footage(tmp_path, count=4))
    assert not (tmp_path / "run").exists()


def test_a_disk_without_room_for_checkpoints_is_told_before(
    double: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=10**9))
    with pytest.raises(DiskError, match="needs 3204 MiB and 954 MiB are free"):
        learned(tmp_path)


def test_other_segments_or_settings_do_not_go_on_with_a_training(
    double: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAULT", "full")
    with pytest.raises(DiskError):
        learned(tmp_path)
    monkeypatch.setenv("FAULT", "")
    other = dataclasses.replace(TINY, learning=dataclasses.replace(TINY.learning, rate=1e-3))
    with pytest.raises(CheckpointError, match="of other settings"):
        learned(tmp_path, other)
    learned(tmp_path, dataclasses.replace(TINY, transpose=5))  # which only a conversion sees


def test_a_wish_to_stop_ends_what_is_prepared_and_nothing_is_left_at_work(double: Path, tmp_path: Path) -> None:
    package = Package(
        python=double / "python", folder=tmp_path / "work", seed=0, threads=1, place=CPU, asked=lambda: "SIGTERM"
    )
    with pytest.raises(Stopped, match="stopped by SIGTERM; run again"):
        package("tiny-encoder", out=str(tmp_path / "encoder"))
    running = package.stream("tiny-encoder", out=str(tmp_path / "encoder"))
    assert next(running) == {}
    rest = []
    with contextlib.suppress(StopIteration):  # and no error, for it was asked to end
        rest.append(running.send("end"))
        rest += running
    assert [event for event in rest if event] == []


def test_a_missing_environment_names_the_command_that_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(environment.VARIABLE, str(tmp_path / "python"))
    with pytest.raises(ConfigError, match=r"no such interpreter.*make voice"):
        environment.require()
    monkeypatch.delenv(environment.VARIABLE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(environment, "_CHECKOUT", tmp_path)
    with pytest.raises(ConfigError, match=r"it is not there.*make voice"):
        environment.require()


def test_only_whole_pairs_are_gone_on_from_and_by_their_number(tmp_path: Path) -> None:
    for name in ("G_2.pth", "D_2.pth", "G_10.pth", "D_10.pth", "G_11.pth", "D_0.pth", "G_0.pth", "D_11.pth.part"):
        (tmp_path / name).touch()
    os.utime(tmp_path / "G_2.pth")  # newer by its time
    assert pairs.newest(tmp_path).name == "G_10.pth"
    assert pairs.tidy(tmp_path) == 10
    assert {path.name for path in tmp_path.iterdir()} == {"G_10.pth", "D_10.pth"}


def test_another_methods_weights_are_refused(tmp_path: Path) -> None:
    weights.save(tmp_path / "weights.safetensors", {"a": torch.ones(1)}, {"architecture": {"network": "world"}})
    with pytest.raises(CheckpointError, match="of another method"):
        sovits.load(tmp_path, CPU)


def test_settings_survive_the_yaml_and_a_budget_takes_the_epochs_place() -> None:
    for made in sovits.PRESETS.values():
        assert build(Config, plain(made())) == made()
    full = sovits.PRESETS["sovits-full"]()
    assert (full.learning.batch, full.learning.epochs) == (20, 3833)
    bounded = dataclasses.replace(full.learning, steps=7)
    config = dataclasses.replace(full, learning=bounded)
    made = fitted({"train": {"eps": 1e-9}, "model": {}, "spk": {"sam": 0}}, config, 5, 768)
    assert made["train"]["epochs"] == 10**6
    assert (made["train"]["seed"], made["train"]["eps"], made["model"]["ssl_dim"]) == (5, 1e-9, 768)
    assert set(sovits.LATER) <= {field.name for field in dataclasses.fields(Config)}
    assert method("sovits").FAMILY == "voice"


@pytest.mark.parametrize(
    "wrong",
    [{"encoder": "contentvec"}, {"pretrained": "yes"}, {"cluster_ratio": 0.5}, {"db_thresh": 3}, {"longest": 0.1}],
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        dataclasses.replace(TINY, **wrong)
