"""An expert learns to tell speech in sync from speech that is off, from stretches that only time tells apart."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from understudy import lips, speech
from understudy.learning import Learning, Run
from understudy.lips.expert import Expert, contrast, cosine, lips_code, step, told_apart, train_expert
from understudy.lips.sampling import Sampling, Variation, lower

from .talk import Talk

PLAIN = Variation(
    shift=0.0, zoom=0.0, turn=0.0, light=0.0, tint=0.0, flip=False, loudness=0.0, voice=0, tilt=0.0, masks=0, noise=0.0
)
LEARNING = Learning(
    steps=140, batch=32, rate=2e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, warmup=10, schedule="cosine",
    precision="fp32", threads=1, preview_every=0, snapshot_every=0,
)  # fmt: skip
TINY = Expert(width=0.0625, learning=LEARNING)


@pytest.fixture(scope="module")
def pools(drawn: Callable[..., Talk], tmp_path_factory: pytest.TempPathFactory) -> tuple[lips.LipPool, lips.LipPool]:
    """Drawn mouths: six to learn from, two held out."""
    talks = [drawn(seed, seconds=4.0) for seed in range(8)]
    paths, facesets = [each.path for each in talks], [each.faceset for each in talks]
    folder = tmp_path_factory.mktemp("pools")
    return lips.gather(paths[:6], facesets[:6], folder), lips.gather(paths[6:], facesets[6:], folder)


def test_an_expert_tells_held_out_mouths_in_sync_from_five_frames_off(
    pools: tuple[lips.LipPool, lips.LipPool], tmp_path: Path
) -> None:
    learned, held = pools
    untrained = told_apart(lips.SyncNet(TINY.width).eval(), held)
    expert = train_expert(learned, TINY, Run(folder=tmp_path, seed=0, device=torch.device("cpu")))
    told = told_apart(expert, held)
    assert told["accuracy"] >= 0.85
    assert abs(untrained["accuracy"] - 0.5) < 0.2
    assert told["cosines"][0] > told["cosines"][1]
    again = lips.load_expert(tmp_path / "weights.safetensors", torch.device("cpu"))
    assert told_apart(again, held)["cosines"] == pytest.approx(told["cosines"], abs=1e-5)
    assert {path.name for path in tmp_path.iterdir()} >= {"card.json", "loss.csv", "weights.safetensors"}
    for clip in held.clips:  # and it finds how far a clip is off
        faces, mel = np.asarray(held.faces_NSSC[clip.first : clip.last]), clip.mel_80T
        assert abs(lips.by_expert(expert, faces, mel, 25.0).seconds) <= 0.04
        assert abs(lips.by_expert(expert, faces[5:], mel, 25.0).seconds + 0.2) <= 0.04
        assert abs(lips.by_expert(expert, faces, mel[:, 16:], 25.0).seconds - 0.2) <= 0.04


def test_contrast_is_nothing_when_each_agrees_with_its_own_alone_and_chance_when_with_all() -> None:
    near = torch.zeros(2, 8, 8, dtype=torch.bool)
    assert contrast(torch.eye(8).expand(2, 8, 8), near, 30.0) < 1e-6
    assert float(contrast(torch.full((2, 8, 8), 0.7), near, 15.0)) == pytest.approx(np.log(8))
    confused = torch.eye(8).expand(2, 8, 8).clone()
    confused[:, 3, 4] = 1.0
    assert contrast(confused, near, 15.0) > 0.01
    near[:, 3, 4] = True
    assert contrast(confused, near, 15.0) < 1e-4


def test_cosine_is_the_authors_loss_on_both_kinds_alike() -> None:
    cosines = torch.rand(2, 6, 6, generator=torch.Generator().manual_seed(0))
    off = ~torch.eye(6, dtype=torch.bool).expand(2, 6, 6)
    own = cosines.diagonal(dim1=1, dim2=2)
    entropy = torch.nn.functional.binary_cross_entropy
    both = entropy(own, torch.ones_like(own)) + entropy(cosines[off], torch.zeros_like(cosines[off]))
    torch.testing.assert_close(cosine(cosines, off), both / 2)


@pytest.mark.parametrize("loss", ["guided", "contrast", "cosine"])
def test_every_loss_has_gradients_in_both_encoders(pools: tuple[lips.LipPool, lips.LipPool], loss: str) -> None:
    settings = dataclasses.replace(TINY, loss=loss)  # type: ignore[arg-type] # parametrised: any text to mypy
    network = lips.SyncNet(settings.width)
    losses = step(network, Sampling(pools[0], 2, 16, 4, PLAIN, 0).at(0), settings)
    losses["loss"].backward()
    for encoder in (network.face_encoder, network.audio_encoder):
        assert float(encoder[0].conv_block[0].weight.grad.abs().sum()) > 0
    assert ("guide" in losses) == (loss == "guided")


def test_the_code_of_lips_is_a_direction_that_parts_as_they_do() -> None:
    generator = torch.Generator().manual_seed(1)
    shapes = torch.randn(1, 5, 3, generator=generator)
    change = torch.randn(1, 5, 3, generator=generator)
    codes = lips_code(torch.cat([shapes + amount * change for amount in (0.0, 0.1, 0.5, 2.0)]), 128)
    torch.testing.assert_close(codes.norm(dim=1), torch.ones(4))
    assert (codes >= 0).all()
    alike = (codes @ codes[0]).tolist()
    assert alike == sorted(alike, reverse=True)
    assert alike[1] > 0.97
    assert alike[3] < 0.8


def test_unvaried_batches_are_the_pool(pools: tuple[lips.LipPool, lips.LipPool]) -> None:
    pool = pools[0]
    batch = Sampling(pool, 2, 16, 3, PLAIN, 0).at(5)
    heard, seen = batch.mels_N18016.numpy(), batch.faces_N154896.numpy()
    for part in range(2):
        rows = slice(16 * part, 16 * part + 16)
        times = batch.times_N.numpy()[rows]
        assert len(set(np.diff(times))) == 1
        matches = []
        for clip in pool.clips:
            at = np.searchsorted(clip.starts_W, times)
            faces = lower(np.asarray(pool.faces_NSSC[clip.rows_W5[at]]))
            mels = speech.windows(clip.mel_80T, clip.fps)[times][:, None]
            matches.append(np.allclose(faces, seen[rows], atol=1e-6) and np.array_equal(mels, heard[rows]))
        assert sum(matches) == 1


def test_batches_depend_on_the_seed_and_the_step_alone(pools: tuple[lips.LipPool, lips.LipPool]) -> None:
    def batch(seed: int, number: int) -> list[torch.Tensor]:
        return list(Sampling(pools[0], 2, 16, 4, Variation(), seed).at(number))

    assert all(map(torch.equal, batch(1, 3), batch(1, 3)))
    assert not torch.equal(batch(1, 3)[0], batch(1, 4)[0])
    assert not torch.equal(batch(1, 3)[0], batch(2, 3)[0])


def test_variation_keeps_ranges_and_treats_a_stretch_alike(pools: tuple[lips.LipPool, lips.LipPool]) -> None:
    loud = Variation(shift=5, light=0.5, loudness=12.0, voice=4, noise=0.0)
    for number in range(4):
        faces, mels, _, _ = Sampling(pools[0], 1, 16, 1, loud, 0).at(number)
        assert faces.min() >= 0
        assert faces.max() <= 1
        assert mels.abs().max() <= 4
        # Windows a frame apart share four of their five frames, whatever was done to them.
        torch.testing.assert_close(faces[0, 3:], faces[1, :12])


def test_a_clip_shorter_than_a_stretch_is_gone_through_again(drawn: Callable[..., Talk], tmp_path: Path) -> None:
    brief = drawn(1, seconds=0.6)
    pool = lips.gather([brief.path], [brief.faceset], tmp_path)
    assert len(pool.clips[0].starts_W) < 16
    assert Sampling(pool, 1, 16, 4, Variation(), 0).at(0).faces_N154896.shape == (16, 15, 48, 96)


@pytest.mark.parametrize("wrong", [{"width": 0.0}, {"windows": 3}, {"windows": 12}, {"margin": 16}, {"sharpness": 0.0}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        dataclasses.replace(TINY, **wrong)  # type: ignore[arg-type] # wrong on purpose
