"""Wav2Lip learns: its windows lie where conversion looks, its losses are their definitions, and they fall."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from understudy import checkpoints, files, lips, media, settings
from understudy.checkpoints import Weights
from understudy.errors import CheckpointError, ConfigError, MediaError
from understudy.learning import Run
from understudy.methods import Footage, wav2lip
from understudy.methods.wav2lip import lessons, pretraining
from understudy.methods.wav2lip.config import Reference
from understudy.methods.wav2lip.hearing import Hearing
from understudy.methods.wav2lip.inference import beside
from understudy.methods.wav2lip.network import Architecture, Judge, Wav2Lip

from .wav2lip_footage import person
from .wav2lip_weights import fill

CPU = torch.device("cpu")
TINY = wav2lip.PRESETS["wav2lip-tiny"]()
QUICK = replace(TINY.learning, steps=4, batch=2, warmup=0, precision="fp32", preview_every=0, snapshot_every=0)
SMALL = replace(
    TINY,
    width=0.125,
    precision="fp32",
    expert=replace(TINY.expert, width=0.125, windows=4, learning=replace(QUICK, batch=4)),
    loss=replace(TINY.loss, sync=0.03, sync_from=0, among=3),
    learning=QUICK,
    hears="anew",
    singly=False,
)
SILENT = replace(SMALL, loss=replace(SMALL.loss, sync=0.0))


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> list[Footage]:
    folder = tmp_path_factory.mktemp("people")
    return [person(folder, seed, seconds=2.0) for seed in (1, 2)]


@pytest.fixture(scope="module")
def pool(people: list[Footage], tmp_path_factory: pytest.TempPathFactory) -> lips.LipPool:
    return pretraining.gathered(people, SMALL, tmp_path_factory.mktemp("pool"))


def run(folder: Path, **kinds: object) -> Run:
    return Run(folder=folder, seed=3, device=CPU, **kinds)


# --- what a step sees


def test_a_frame_is_shown_with_the_speech_that_conversion_gives_it(pool: lips.LipPool, people: list[Footage]):
    for side, clip in zip(people, pool.clips, strict=True):
        hearing = Hearing(side, 25, SMALL.lead, "own")
        for index in (1, 7, len(clip.starts_W) - 1):
            numbers = lessons.frames(clip, index)
            assert list(numbers) == list(range(numbers[0], numbers[0] + 5))
            own = clip.mels(lessons.starts(numbers, clip.fps, SMALL.lead))
            there = hearing.windows(int(numbers[0]), 5)
            inside = numbers * 3.2 - 3.2 + 16 <= clip.mel_80T.shape[1]
            np.testing.assert_array_equal(own[inside], there[inside])


def test_windows_come_with_another_place_of_their_own_clip_and_steps_repeat(pool: lips.LipPool):
    taught = lessons.Lessons(pool, replace(SMALL, mirror=0.0, learning=replace(QUICK, batch=6)), seed=1)
    lesson, again = taught.at(5), taught.at(5)
    assert all(torch.equal(one, other) for one, other in zip(lesson[:4], again[:4], strict=True))
    assert not torch.equal(lesson.aims, taught.at(6).aims)
    assert lesson.aims.shape == lesson.references.shape == (6, 3, 5, 96, 96)
    assert lesson.mels.shape == (6, 5, 1, 80, 16)
    assert lesson.heard.shape == (6, 3, 80, 16)
    assert taught.images == 30
    for aims, references in zip(lesson.aims, lesson.references, strict=True):
        assert not torch.equal(aims, references)
        # One person's skin: what is above the mouth is as bright in both.
        assert (aims[:, :, 30:40, 30:60].mean() - references[:, :, 30:40, 30:60].mean()).abs() < 0.02


def test_other_speech_is_off_by_the_experts_margin(pool: lips.LipPool):
    taught, generator = lessons.Lessons(pool, SMALL, seed=1), np.random.default_rng(0)
    clip = pool.clips[0]
    for index in range(len(clip.starts_W)):
        own, *others = taught.among(clip, index, 3, generator)
        assert len(others) == 2
        assert own == index
        assert all(abs(clip.starts_W[each] - clip.starts_W[index]) >= SMALL.expert.margin for each in others)


@pytest.mark.parametrize(("nearest", "farthest"), [(0.0, None), (0.2, 0.6), (0.4, None)])
def test_a_face_is_shown_beside_one_as_far_off_as_wanted(pool: lips.LipPool, nearest: float, farthest: float | None):
    config = replace(SMALL, reference=Reference(nearest=nearest, farthest=farthest))
    taught, generator, clip = lessons.Lessons(pool, config, seed=1), np.random.default_rng(0), pool.clips[0]
    found = set()
    for index in range(len(clip.starts_W)):
        for _ in range(20):
            frames = clip.starts_W[taught.other(clip, index, generator)] - clip.starts_W[index]
            found.add(abs(int(frames)))
    last = clip.starts_W[-1] - clip.starts_W[0] if farthest is None else farthest * 25
    assert min(found) == max(1, nearest * 25)
    assert last * 0.9 < max(found) <= last
    # a clip that is too short for it shows what it has
    short = replace(clip, rows_W5=clip.rows_W5[:2], starts_W=clip.starts_W[:2])
    assert [taught.other(short, index, generator) for index in (0, 1)] == [1, 0]
    alone = replace(clip, rows_W5=clip.rows_W5[:1], starts_W=clip.starts_W[:1])
    assert taught.other(alone, 0, generator) == 0


def test_the_expert_joins_when_it_is_due(pool: lips.LipPool):
    taught = lessons.Lessons(pool, replace(SMALL, loss=replace(SMALL.loss, sync_from=3)), seed=1)
    before, after = taught.at(2), taught.at(3)
    assert (before.sync, after.sync) == (0.0, SMALL.loss.sync)
    assert (before.heard.shape[1], after.heard.shape[1]) == (0, 3)
    assert before.aims.shape == after.aims.shape


def test_until_then_faces_may_come_singly_each_with_its_own_speech(pool: lips.LipPool):
    config = replace(SMALL, mirror=0.0, singly=True, loss=replace(SMALL.loss, sync_from=1))
    taught = lessons.Lessons(pool, config, seed=1)
    single, window = taught.at(0), taught.at(1)
    assert single.aims.shape == single.references.shape == (10, 3, 1, 96, 96)
    assert single.mels.shape == (10, 1, 1, 80, 16)
    assert window.aims.shape == (2, 3, 5, 96, 96)
    known = {}
    for clip in pool.clips:
        for index, rows_5 in enumerate(clip.rows_W5):
            mels = clip.mels(lessons.starts(lessons.frames(clip, index), clip.fps, config.lead))
            known |= {pool.faces_NSSC[row].tobytes(): mel for row, mel in zip(rows_5, mels, strict=True)}
    for aim, mel in zip(single.aims, single.mels, strict=True):
        face = (aim[:, 0].permute(1, 2, 0) * 255).round().to(torch.uint8).contiguous().numpy()
        np.testing.assert_array_equal(known[face.tobytes()], mel[0, 0])
    network = Wav2Lip(config.architecture)
    assert set(lessons.step(network, single, config, fill(lips.SyncNet(0.25)).requires_grad_(False))) == {"loss", "l1"}


def test_a_generator_begins_with_the_ears_of_its_expert():
    expert, network = fill(lips.SyncNet(0.25)).eval(), Wav2Lip(TINY.architecture).eval()
    lone = expert.audio_encoder[11].conv_block[1]  # the residual layer that the generator has not: nothing is added
    torch.nn.init.zeros_(lone.weight)
    torch.nn.init.zeros_(lone.bias)
    mels = torch.rand(3, 1, 80, 16) * 8 - 4
    assert not torch.allclose(network.hear(mels), expert.audio_encoder(mels))
    pretraining.lend(expert, network)
    torch.testing.assert_close(network.hear(mels), expert.audio_encoder(mels))
    assert all(each.requires_grad for each in network.audio_encoder.parameters())


# --- what it loses


def test_the_sync_loss_is_the_binary_cross_entropy_of_the_cosine_as_published():
    expert = fill(lips.SyncNet(0.25)).requires_grad_(False)
    faces, heard = torch.rand(3, 3, 5, 96, 96), torch.rand(3, 1, 80, 16) * 8 - 4
    stacked = torch.cat([faces[:, :, frame, 48:] for frame in range(5)], dim=1)  # the authors' order of channels
    audio, face = expert(heard, stacked)
    cosine = torch.nn.functional.cosine_similarity(audio, face)
    theirs = torch.nn.functional.binary_cross_entropy(cosine[:, None], torch.ones(3, 1))
    torch.testing.assert_close(lessons.sync(expert, heard, faces, 15.0), theirs, atol=1e-5, rtol=1e-5)


def test_among_other_speech_the_sync_loss_is_that_of_finding_ones_own():
    expert = fill(lips.SyncNet(0.25)).requires_grad_(False)
    faces, heard = torch.rand(2, 3, 5, 96, 96), torch.rand(2, 4, 80, 16) * 8 - 4
    seen = expert.see(faces[..., 48:, :].transpose(1, 2).flatten(1, 2))
    losses = []
    for window in range(2):
        scores = [9.0 * (expert.hear(each[None, None]) @ seen[window]).item() for each in heard[window]]
        losses.append(-scores[0] + np.log(np.exp(scores).sum()))
    assert lessons.sync(expert, heard, faces, 9.0).item() == pytest.approx(np.mean(losses), abs=1e-4)
    same = heard[:, :1].expand(-1, 4, -1, -1)
    assert lessons.sync(expert, same, faces, 9.0).item() == pytest.approx(np.log(4), abs=1e-5)


def test_l1_is_the_mean_difference_and_its_lower_half_counts_as_told():
    drawn, aims = torch.rand(2, 3, 5, 96, 96), torch.rand(2, 3, 5, 96, 96)
    torch.testing.assert_close(lessons.pictures(drawn, aims, 1.0), torch.nn.functional.l1_loss(drawn, aims))
    below = aims.clone()
    below[..., 48:, :] += 0.5
    assert lessons.pictures(below, aims, 3.0).item() == pytest.approx(0.5 * 3 / 4, abs=1e-6)
    assert lessons.pictures(aims, aims, 3.0).item() == 0


def test_shares_add_up_and_the_judge_has_a_loss_of_its_own(pool: lips.LipPool):
    config = replace(SMALL, gan=True, loss=replace(SMALL.loss, judge=0.07))
    network, expert = Wav2Lip(config.architecture), fill(lips.SyncNet(0.25)).requires_grad_(False)
    lesson = lessons.Lessons(pool, config, seed=1).at(0)
    found = lessons.step(network, lesson, config, expert)
    assert set(found) == {"loss", "judge", "l1", "sync", "fooled"}
    whole = 0.03 * found["sync"] + 0.07 * found["fooled"] + 0.9 * found["l1"]
    torch.testing.assert_close(found["loss"], whole)
    assert isinstance(network.judge, Judge)
    drawn = network(lesson.mels, beside(lesson.aims, lesson.references))
    theirs = [
        torch.nn.functional.binary_cross_entropy(shares, torch.full_like(shares, filmed))
        for shares, filmed in ((network.judge(lesson.aims), 1.0), (network.judge(drawn), 0.0))
    ]
    torch.testing.assert_close(found["judge"], theirs[0] + theirs[1])
    plain = lessons.step(Wav2Lip(SILENT.architecture), lesson._replace(sync=0.0), SILENT, None)
    assert set(plain) == {"loss", "l1"}
    torch.testing.assert_close(plain["loss"], plain["l1"])


# --- trainings


def test_a_short_training_draws_better_and_is_found_again(people: list[Footage], tmp_path: Path):
    config = replace(SILENT, learning=replace(QUICK, steps=30, batch=1, rate=3e-3))
    network = wav2lip.train(people, config, run(tmp_path))
    table = pd.read_csv(tmp_path / "loss.csv")
    assert table["l1"].iloc[-4:].mean() < 0.6 * table["l1"].iloc[:4].mean()
    assert (tmp_path / "preview.png").exists()
    loaded = wav2lip.load(tmp_path, CPU)
    assert loaded.subjects == ("person-1", "person-2")
    own = network.state_dict()
    assert all(torch.equal(value, own[name]) for name, value in loaded.state_dict().items())
    assert next(wav2lip.convert(loaded, people[0], people[1], config)).shape == (16, 128, 160, 4)


def test_an_expert_is_taught_beforehand_and_stays_as_it_was(people: list[Footage], tmp_path: Path):
    assert wav2lip.pretrains(SMALL)
    wav2lip.pretrain(people, SMALL, run(tmp_path / "expert"))
    weights = tmp_path / "expert/weights.safetensors"
    before = files.sha256(weights)
    config = replace(SMALL, gan=True, singly=True, loss=replace(SMALL.loss, judge=0.07, sync_from=2))
    network = wav2lip.train(people, config, run(tmp_path / "run", pretrained=weights))
    assert (tmp_path / "run/preview.png").exists(), "of lessons with one frame and of such with five"
    assert files.sha256(weights) == before
    table = pd.read_csv(tmp_path / "run/loss.csv")
    assert {"loss", "judge", "l1", "sync", "fooled"} <= set(table)
    assert isinstance(network.judge, Judge)
    loaded = wav2lip.load(tmp_path / "run", CPU)
    mels, faces = torch.rand(1, 1, 80, 16), torch.rand(1, 6, 96, 96)
    network.eval()
    with torch.inference_mode():
        torch.testing.assert_close(loaded(mels, faces), network(mels, faces))


def test_the_expert_moves_the_lips(people: list[Footage], pool: lips.LipPool):
    """Its loss alone reaches the generator, through the drawn faces, and leaves itself alone."""
    expert = fill(lips.SyncNet(0.25)).requires_grad_(False)
    network, lesson = Wav2Lip(SMALL.architecture), lessons.Lessons(pool, SMALL, seed=1).at(0)
    lessons.step(network, lesson, SMALL, expert)["sync"].backward()
    gradients = [each.grad for each in network.parameters()]
    assert all(each is not None and each.abs().sum() > 0 for each in gradients[:4])
    assert all(each.grad is None for each in expert.parameters())


def test_a_training_without_its_expert_without_clips_or_without_sound_is_refused(people, tmp_path: Path):
    with pytest.raises(ConfigError, match="none was pretrained"):
        wav2lip.train(people, SMALL, run(tmp_path))
    with pytest.raises(ConfigError, match="no clip to learn from"):
        wav2lip.train([Footage("nobody", (), ())], SILENT, run(tmp_path))
    mute = tmp_path / "mute.mp4"
    media.write(mute, media.frames(people[0].clips[0]), fps=25)
    with pytest.raises(MediaError, match="no sound"):
        wav2lip.train([replace(people[0], clips=(mute,))], SILENT, run(tmp_path))


# --- the authors' weights


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files as the authors' are: what their trainer saves, and a TorchScript archive; of made-up weights."""
    folder, network = tmp_path_factory.mktemp("published"), fill(Wav2Lip())
    state = {f"module.{name}": value for name, value in network.state_dict().items()}
    kept = {"state_dict": state, "optimizer": None, "global_step": 7, "global_epoch": 1}
    torch.save(kept, folder / "wav2lip.pth")
    with pytest.warns(DeprecationWarning, match="torch.jit.trace"):
        traced = torch.jit.trace(network, (torch.rand(1, 1, 80, 16), torch.rand(1, 6, 96, 96)))
    with pytest.warns(DeprecationWarning, match="torch.jit.save"):
        torch.jit.save(traced, folder / "Wav2Lip-SD-NOGAN.pt")
    torch.save(lips.SyncNet(1.0).state_dict(), folder / "lipsync_expert.pth")
    return {path.stem: path for path in folder.iterdir()}


def named(path: Path) -> Weights:
    return Weights(name="mine", path=path, sha256=files.sha256(path))


@pytest.mark.parametrize("file", ["wav2lip", "Wav2Lip-SD-NOGAN"])
def test_the_authors_files_take_the_place_of_a_training(published: dict[str, Path], tmp_path: Path, file: str):
    config = replace(wav2lip.PRESETS["wav2lip-gan-lrs2"](), weights=named(published[file]))
    assert wav2lip.adopts(config) == config.weights
    assert not wav2lip.pretrains(config)
    wav2lip.adopt(named(published[file]), config, tmp_path)
    loaded, made = wav2lip.load(tmp_path, CPU), fill(Wav2Lip())
    mels, faces = torch.rand(1, 1, 80, 16), torch.rand(1, 6, 96, 96)
    with torch.inference_mode():
        torch.testing.assert_close(loaded(mels, faces), made(mels, faces))
    assert loaded.architecture.width == config.width
    assert files.read_json(tmp_path / "card.json")["consented"] is False


def test_another_networks_file_is_refused(published: dict[str, Path], tmp_path: Path):
    with pytest.raises(CheckpointError, match="SyncNet"):
        wav2lip.adopt(named(published["lipsync_expert"]), TINY, tmp_path)
    config = replace(SMALL, expert_weights=named(published["wav2lip"]))
    with pytest.raises(CheckpointError, match="Wav2Lip's generator, no lip-sync expert"):
        pretraining.judging(config, run(tmp_path))
    lips_alone = replace(SMALL, expert_weights=named(published["lipsync_expert"]))
    assert not wav2lip.pretrains(lips_alone)
    expert = pretraining.judging(lips_alone, run(tmp_path))
    assert expert is not None
    assert not any(each.requires_grad for each in expert.parameters())
    checkpoints.adopt(
        tmp_path, named(published["lipsync_expert"]), lips.SyncNet(), expert.state_dict(), {"network": "x"}
    )
    with pytest.raises(CheckpointError, match="another method"):
        wav2lip.load(tmp_path, CPU)


# --- settings


def test_presets_are_written_and_read_again_and_the_full_ones_have_the_published_sizes():
    for name, preset in wav2lip.PRESETS.items():
        config = preset()
        assert settings.build(wav2lip.Config, settings.plain(config), complete=True) == config
        full = name.endswith("lrs2")
        assert Wav2Lip(replace(config.architecture, judge=False)).state_dict().keys() == Wav2Lip().state_dict().keys()
        assert (config.width == 1) == full
    assert wav2lip.PRESETS["wav2lip-gan-lrs2"]().architecture == Architecture(width=1.0, judge=True)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"width": 0.0}, "width"),
        ({"width": 0.125}, "multiple of .25"),
        ({"lead": 0.3}, "lead"),
        ({"batch": 0}, "batch"),
        ({"still": -1}, "still"),
        ({"mirror": 1.5}, "mirror"),
        ({"weights": Weights(name="wav2lip", path=Path("x"), sha256="0" * 64)}, "width must be 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changed, words):
    with pytest.raises(ValueError, match=words):
        replace(TINY, **changed)


def test_an_expert_is_taught_for_its_ears_alone_too():
    assert wav2lip.pretrains(replace(TINY, loss=replace(TINY.loss, sync=0.0)))
    assert not wav2lip.pretrains(replace(TINY, loss=replace(TINY.loss, sync=0.0), hears="anew"))
    with pytest.raises(ValueError, match="hears: expert wants"):
        replace(TINY, expert=replace(TINY.expert, width=0.5))


@pytest.mark.parametrize("changed", [{"nearest": -0.1}, {"farthest": 0.2}])
def test_references_that_make_no_sense_are_refused(changed):
    with pytest.raises(ValueError, match=next(iter(changed))):
        replace(Reference(nearest=0.3, farthest=1.6), **changed)


@pytest.mark.parametrize("changed", [{"sync": 1.0}, {"judge": -0.1}, {"sync_from": -1}, {"among": 0}, {"lower": 0.0}])
def test_losses_that_make_no_sense_are_refused(changed):
    with pytest.raises(ValueError, match=next(iter(changed))):
        replace(TINY.loss, **changed)
