"""What animations share: pairs of one clip's frames, varied alike; the source's picture; the frame to begin from."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from understudy.errors import FaceError
from understudy.learning import Steps
from understudy.methods._animation import pictures, pool, samples

from .animation_footage import face, faceset, footage

CPU = torch.device("cpu")
PLAIN = samples.Variation(mirror=0, reverse=0, brightness=0, contrast=0, saturation=0, hue=0)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> list:
    folder = tmp_path_factory.mktemp("clips")
    return [footage(folder, 0, (6, 9)), footage(folder, 1, (12,)), footage(folder, 2, (3,))]


@pytest.fixture(scope="module")
def packed(people, tmp_path_factory: pytest.TempPathFactory) -> pool.Pool:
    return pool.gather(people, 32, tmp_path_factory.mktemp("pool"))


def number(picture: torch.Tensor) -> int:
    """When in its clip a picture of `moving` is from."""
    return round((picture[2, :, :8].mean().item() * 255 - 20) / 10)


def person(picture: torch.Tensor) -> int:
    """Whose clip a picture of `moving` is from."""
    return round((picture[0].mean().item() * 255 - 40) / 60)


# --- the pool


def test_every_frame_is_in_the_pool_at_the_networks_size(packed):
    assert packed.pictures_NSSC.shape == (30, 32, 32, 3)
    assert packed.clips == ((range(6), range(6, 15)), (range(15, 27),), (range(27, 30),))
    for subject, clips in enumerate(packed.clips):
        for clip in clips:
            seen = [torch.from_numpy(packed.pictures_NSSC[at].copy()).permute(2, 0, 1) / 255 for at in clip]
            assert [number(each) for each in seen] == list(range(len(clip)))
            assert {person(each) for each in seen} == {subject}


def test_the_pool_leaves_no_file(people, tmp_path: Path):
    held = pool.gather(people[:1], 16, tmp_path / "run")
    assert list((tmp_path / "run").iterdir()) == []
    assert isinstance(held.pictures_NSSC, np.memmap)


def test_frames_without_the_face_are_left_out_and_without_any_there_is_no_pool(people, tmp_path: Path):
    track = np.repeat(20 * face()[None] + 32, 12, axis=0)
    track[[0, 5, 6]] = np.nan
    part = replace(people[1], facesets=(faceset(track),))
    held = pool.gather([part], 32, tmp_path)
    seen = [number(torch.from_numpy(each.copy()).permute(2, 0, 1) / 255) for each in held.pictures_NSSC]
    assert seen == [1, 2, 3, 4, 7, 8, 9, 10, 11]
    track[1:] = np.nan
    with pytest.raises(FaceError, match="person-1: has no clip with 2 frames"):
        pool.gather([replace(part, facesets=(faceset(track),))], 32, tmp_path)


# --- the samples


def test_both_frames_are_of_one_clip_and_the_earlier_comes_first(packed):
    pairs = samples.Pairs(packed, 8, PLAIN, seed=0)
    for step in range(12):
        batch = pairs.at(step)
        assert batch.source.shape == batch.driving.shape == (8, 3, 32, 32)
        assert batch.source.dtype == torch.float32
        for source, driving in zip(batch.source, batch.driving, strict=True):
            assert person(source) == person(driving)
            assert number(source) < number(driving)
        numbers = pairs.numbers(pairs.draws.at(step))
        clips = [clip for subject in packed.clips for clip in subject]
        assert all(any(a in clip and b in clip for clip in clips) for a, b in numbers)


def test_subjects_come_evenly_and_so_do_pairs_of_frames(packed):
    pairs = samples.Pairs(packed, 1000, PLAIN, seed=3)
    numbers = pairs.numbers(np.random.default_rng(0))
    starts = [0, 15, 27, 30]
    counts = [((numbers[:, 0] >= low) & (numbers[:, 0] < high)).sum() for low, high in pairwise(starts)]
    assert max(abs(count - 1000 / 3) for count in counts) < 60
    third = numbers[numbers[:, 0] >= 27] - 27
    kinds = [tuple(each) for each in third.tolist()]
    assert min(kinds.count(kind) for kind in ((0, 1), (0, 2), (1, 2))) > 80
    turned = samples.Pairs(packed, 1000, replace(PLAIN, reverse=0.5), seed=3).numbers(np.random.default_rng(0))
    assert 430 < (turned[:, 0] > turned[:, 1]).sum() < 570


def test_a_step_gives_the_same_batch_whenever_it_is_asked(packed):
    how = samples.Variation(mirror=0.5, reverse=0.5, brightness=0.1, contrast=0.1, saturation=0.1, hue=0.1)
    whole = Steps(samples.Pairs(packed, 3, how, seed=5).at, 3, CPU)
    first = [next(whole) for _ in range(5)]
    resumed = Steps(samples.Pairs(packed, 3, how, seed=5).at, 3, CPU)
    resumed.load_state_dict({"step": 3})
    for before, after in zip(first[3:], [next(resumed), next(resumed)], strict=True):
        assert torch.equal(before.source, after.source)
        assert torch.equal(before.driving, after.driving)
    assert not torch.equal(first[0].source, samples.Pairs(packed, 3, how, seed=6).at(0).source)


def test_both_frames_are_mirrored_together(packed):
    plain = samples.Pairs(packed, 6, PLAIN, seed=1).at(0)
    mirrored = samples.Pairs(packed, 6, replace(PLAIN, mirror=1), seed=1).at(0)
    assert torch.equal(mirrored.source, plain.source.flip(3))
    assert torch.equal(mirrored.driving, plain.driving.flip(3))


def test_colours_change_alike_in_both_frames_and_grey_keeps_its_hue(packed):
    how = replace(PLAIN, hue=0.5, saturation=1.0)
    matrices, contrast = samples.colours(np.random.default_rng(2), 20, how)
    assert np.allclose(matrices @ np.ones(3), 1, atol=1e-3)  # neither hue nor saturation moves grey
    assert np.allclose(np.array([0.299, 0.587, 0.114]) @ matrices, [0.299, 0.587, 0.114], atol=1e-3)
    assert (contrast == 1).all()
    assert np.abs(matrices - np.eye(3)).max() > 0.3
    matrices, _ = samples.colours(np.random.default_rng(2), 500, replace(PLAIN, brightness=0.2))
    shares = matrices[:, 0, 0]
    assert np.allclose(matrices, shares[:, None, None] * np.eye(3), atol=1e-5)
    assert -0.2 <= shares.min() - 1 < -0.18
    assert 0.18 < shares.max() - 1 <= 0.2
    plain, lit = (samples.Pairs(packed, 6, each, seed=1).at(0) for each in (PLAIN, replace(PLAIN, brightness=0.2)))
    ratios = [(new.mean((1, 2, 3)) / old.mean((1, 2, 3))) for new, old in zip(lit, plain, strict=True)]
    assert torch.allclose(*ratios, atol=1e-4)
    assert ratios[0].std() > 0.05


def test_contrast_moves_a_pair_away_from_its_own_grey(packed):
    plain, lit = (samples.Pairs(packed, 6, each, seed=1).at(0) for each in (PLAIN, replace(PLAIN, contrast=0.3)))
    grey = torch.tensor([0.299, 0.587, 0.114])
    for row in range(6):
        before, after = (torch.cat([each.source[row], each.driving[row]], 2) for each in (plain, lit))
        assert abs(torch.einsum("chw,c->", after - before, grey)) / before[0].numel() < 1e-4
    share = (lit.driving - lit.source).abs().sum((1, 2, 3)) / (plain.driving - plain.source).abs().sum((1, 2, 3))
    assert share.min() > 0.69
    assert share.max() < 1.31
    assert share.std() > 0.05


@pytest.mark.parametrize("wrong", [{"mirror": 1.1}, {"hue": 0.6}, {"contrast": -0.1}])
def test_variations_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        replace(PLAIN, **wrong)


# --- the pictures


def test_a_clip_streams_in_batches_and_keeps_every_frame(people):
    held = list(pictures.frames(people[1].clips[0], 32, 5))
    assert [tuple(each.shape) for each in held] == [(5, 3, 32, 32), (5, 3, 32, 32), (2, 3, 32, 32)]
    assert [number(each) for each in torch.cat(held)] == list(range(12))
    raw = torch.cat(list(pictures.stacks(people[1].clips[0], 32, 4)))
    assert raw.dtype == torch.uint8
    assert torch.allclose(raw.permute(0, 3, 1, 2) / 255, torch.cat(held))


def test_no_frame_is_read_before_its_batch_is_asked_for(monkeypatch: pytest.MonkeyPatch):
    """So that memory stays flat however long the clip is."""
    read = []

    def endless(path: Path):
        while True:
            read.append(path)
            yield np.zeros((32, 32, 3), np.uint8)

    monkeypatch.setattr(pictures.media, "frames", endless)
    stream = pictures.frames(Path("clip.mp4"), 32, 7)
    assert len(next(stream)) == 7
    assert len(read) == 7
    next(stream)
    assert len(read) == 14


def test_the_first_picture_is_the_first_frame_of_the_first_clip(people):
    seen = pictures.picture(people[0], people[1], "first", 32)
    assert (person(seen), number(seen)) == (0, 0)
    assert seen.shape == (3, 32, 32)
    assert seen.min() >= 0
    assert seen.max() <= 1


def test_the_frontal_picture_looks_ahead_with_its_mouth_shut_and_its_eyes_open(people):
    track = np.stack([30 * face(opened=0.1)] * 9)
    yaw = np.full(9, 8.0)
    track[3], yaw[3] = 30 * face(), 20.0  # closed, turned far
    track[4], yaw[4] = 30 * face(shut=0.04), 1.0  # frontal, closed, in a blink
    track[5], yaw[5] = 30 * face(opened=0.2), 0.0  # most frontal, and wide open
    track[6], yaw[6] = 30 * face(), 2.0
    someone = replace(people[0], clips=people[0].clips[1:], facesets=(faceset(track, yaw=yaw),))
    assert pictures.chosen(someone, people[1], "frontal") == 6
    assert number(pictures.picture(someone, people[1], "frontal", 32)) == 6
    assert pictures.chosen(someone, someone, "frontal") == 0  # its own clip is drawn again from its first frame


def test_a_first_frame_without_a_face_is_no_picture(people):
    track = np.repeat(20 * face()[None], 12, axis=0)
    track[0] = np.nan
    someone = replace(people[1], facesets=(faceset(track),))
    with pytest.raises(FaceError, match=r"1-0.mp4: its first frame shows no face.*picture: frontal"):
        pictures.picture(someone, people[0], "first", 32)
    assert pictures.chosen(someone, people[0], "frontal") == 1


def test_the_best_frame_is_the_one_that_stands_like_the_picture(people):
    """Place and size do not count, and frames without a face are passed over."""
    driving = np.stack([25 * face(opened=0.03 * at, turn=0.02 * at) + (3 * at, 40) for at in range(12)])
    driving[[0, 2]] = np.nan
    source = np.repeat(70 * face(opened=0.03 * 7, turn=0.02 * 7)[None] + 90, 6, axis=0)
    someone = replace(people[0], facesets=(faceset(source), people[0].facesets[1]))
    driver = replace(people[1], facesets=(faceset(driving),))
    assert pictures.initial(driver, someone, "best") == 7
    with pytest.raises(FaceError, match=r"its first frame shows no face.*Set initial: best"):
        pictures.initial(driver, someone, "first")
    assert pictures.initial(people[2], someone, "first") == 0
    with pytest.raises(FaceError, match="no face was found"):
        pictures.initial(replace(driver, facesets=(faceset(np.full_like(driving, np.nan)),)), someone, "best")


def test_unplaced_landmarks_are_those_of_the_published_search():
    """Centred, and divided by the square root of the hull's area, as scipy finds it."""
    from scipy.spatial import ConvexHull

    points = 83 * face(opened=0.1, turn=0.3) + (200, 120)
    centred = points - points.mean(axis=0)
    expected = centred / np.sqrt(ConvexHull(centred).volume)
    assert np.allclose(pictures.unplaced(points), expected, atol=1e-5)
