"""A file of masks gives back what was written, frame by frame, and says so when it is damaged."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from understudy.errors import MediaError
from understudy.faces import alpha

HEIGHT, WIDTH = 45, 83  # no multiple of 8, nor is their product


def discs(count: int, height: int = HEIGHT, width: int = WIDTH) -> Iterator[alpha.Mask]:
    """A disc that wanders and grows."""
    y, x = np.mgrid[:height, :width]
    for number in range(count):
        yield np.hypot(x - 20 - number % 30, y - 22) < 5 + number % 15


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "fake.alpha"
    with alpha.Writer(path, height=HEIGHT, width=WIDTH) as writer:
        for number, mask in enumerate(discs(12)):
            writer.write(None if number == 4 else mask)
    return path


def test_every_mask_comes_back(written: Path) -> None:
    wanted = list(discs(12))
    wanted[4] = np.zeros((HEIGHT, WIDTH), bool)
    assert alpha.size(written) == alpha.Size(frames=12, height=HEIGHT, width=WIDTH)
    np.testing.assert_array_equal(list(alpha.frames(written)), wanted)
    np.testing.assert_array_equal(next(alpha.frames(written, start=7)), wanted[7])
    assert list(alpha.frames(written, start=12)) == []


def test_a_clip_without_frames_is_a_file_without_masks(tmp_path: Path) -> None:
    with alpha.Writer(tmp_path / "none.alpha", height=4, width=4):
        pass
    assert alpha.size(tmp_path / "none.alpha").frames == 0
    assert list(alpha.frames(tmp_path / "none.alpha")) == []


def test_noise_comes_back_too(tmp_path: Path) -> None:
    masks = np.random.default_rng(0).random((5, 64, 64)) > 0.5
    with alpha.Writer(tmp_path / "noise.alpha", height=64, width=64) as writer:
        for mask in masks:
            writer.write(mask)
    np.testing.assert_array_equal(list(alpha.frames(tmp_path / "noise.alpha")), masks)


def test_the_same_masks_are_the_same_bytes(written: Path, tmp_path: Path) -> None:
    with alpha.Writer(tmp_path / "again.alpha", height=HEIGHT, width=WIDTH) as writer:
        for mask in alpha.frames(written):
            writer.write(mask)
    assert (tmp_path / "again.alpha").read_bytes() == written.read_bytes()


def test_memory_is_flat(tmp_path: Path) -> None:
    """Ten times the frames take no more room in memory, but for 8 bytes a frame, written or read."""
    peaks = []
    for count in (40, 400):
        path = tmp_path / f"{count}.alpha"
        tracemalloc.start()
        with alpha.Writer(path, height=360, width=640) as writer:
            for mask in discs(count, 360, 640):
                writer.write(mask)
        assert sum(1 for _ in alpha.frames(path)) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000


@pytest.mark.parametrize("at", [0, 20, 60, 200, -30, -20, -10, -2])
def test_a_changed_byte_is_noticed(written: Path, at: int) -> None:
    held = bytearray(written.read_bytes())
    held[at] ^= 0x10
    written.write_bytes(held)
    with pytest.raises(MediaError, match=r"fake\.alpha"):
        list(alpha.frames(written))


def test_every_cut_is_noticed(written: Path) -> None:
    held = written.read_bytes()
    for length in range(0, len(held), 7):
        written.write_bytes(held[:length])
        with pytest.raises(MediaError, match="Convert the clip again"):
            alpha.size(written)


def test_a_writer_that_fails_leaves_nothing(tmp_path: Path) -> None:
    path, masks = tmp_path / "half.alpha", [None, np.zeros((9, 9), bool)]
    with pytest.raises(MediaError, match="mask 1"), alpha.Writer(path, height=4, width=4) as writer:
        list(map(writer.write, masks))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mask", [np.zeros((4, 5), bool), np.zeros((4, 4), np.uint8)])
def test_another_size_or_type_is_refused(tmp_path: Path, mask: alpha.Mask) -> None:
    with (
        pytest.raises(MediaError, match=r"mask 0 is .* must be bool"),
        alpha.Writer(tmp_path / "x.alpha", height=4, width=4) as writer,
    ):
        writer.write(mask)
