"""The floors of animation and lip-sync: a still picture, and the source's own clip under other speech."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from understudy import media
from understudy.errors import FaceError, MediaError
from understudy.methods import Footage, dub, later, still

from .animation_footage import SIDE, face, faceset, footage

CPU = torch.device("cpu")


def spoken(path: Path, seconds: float, rate: int = 8000, channels: int = 2, loud: float = 0.3) -> Path:
    """A file of a tone."""
    count = round(seconds * rate)
    tone = loud * np.sin(2 * np.pi * 220 * np.arange(count) / rate)
    samples = (np.repeat(tone[None], channels, axis=0).T.reshape(1, -1) * 32767).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=rate, layout="stereo" if channels == 2 else "mono")
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=stream.layout.name)
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def filmed(path: Path, count: int, fps: Fraction) -> Footage:
    """A clip each of whose frames says its number by its grey."""
    frames = (np.full((36, 50, 3), 20 + 5 * number, np.uint8) for number in range(count))
    media.write(path, frames, fps=fps, crf=4, preset="ultrafast")
    return Footage("someone", (), (path,))


def numbers(batches: list[torch.Tensor]) -> list[int]:
    """The numbers that the frames of `filmed` say."""
    return [round((frame[..., :3].float().mean().item() - 20) / 5) for frame in torch.cat(batches)]


def test_still_shows_one_picture_for_as_long_as_the_driver_lasts(tmp_path: Path) -> None:
    source, driver = footage(tmp_path, 0, (4,)), filmed(tmp_path / "driver.mp4", 37, Fraction(25))
    config = still.Config(picture="first", size=48)
    batches = list(still.convert(still.load(tmp_path, CPU), source, driver, config))
    frames = torch.cat(batches)
    assert frames.shape == (37, 48, 48, 4)
    assert frames.dtype == torch.uint8
    assert (frames[..., 3] == 255).all()
    assert (frames == frames[0]).all()
    own = next(media.frames(source.clips[0]))
    as_it_is = next(still.convert(still.load(tmp_path, CPU), source, driver, still.Config(picture="first", size=SIDE)))
    assert np.array_equal(as_it_is[0, ..., :3].numpy(), own)
    assert still.crop_space(config)[1] == 48
    assert "picture" in later(still)


def test_still_is_the_picture_that_is_asked_for(tmp_path: Path) -> None:
    source, driver = footage(tmp_path, 0, (5,)), footage(tmp_path, 1, (3,))
    track = np.stack([30 * face(opened=0.1)] * 5)
    track[3] = 30 * face()
    track[0] = np.nan
    source = Footage(source.subject, (faceset(track),), source.clips)
    shown = next(still.convert(still.load(tmp_path, CPU), source, driver, still.Config(picture="frontal", size=SIDE)))
    wanted = list(media.frames(source.clips[0]))[3]
    assert np.array_equal(shown[0, ..., :3].numpy(), wanted)
    with pytest.raises(FaceError, match="picture: frontal"):
        next(still.convert(still.load(tmp_path, CPU), source, driver, still.Config(picture="first", size=SIDE)))
    with pytest.raises(ValueError, match="size"):
        still.Config(picture="first", size=0)


@pytest.mark.parametrize("fps", [Fraction(10), Fraction(25), Fraction(30000, 1001), Fraction(60)])
def test_dub_lasts_as_long_as_the_speech_and_begins_the_clip_again(fps: Fraction, tmp_path: Path) -> None:
    source = filmed(tmp_path / "clip.mp4", 7, fps)
    driver = Footage("other", (), (), spoken(tmp_path / "said.wav", 1.31))
    batches = list(dub.convert(dub.load(tmp_path, CPU), source, driver, dub.Config(length="speech")))
    frames = torch.cat(batches)
    assert 0 <= len(frames) / float(fps) - 1.31 < 1.01 / float(fps) + 0.01
    assert frames.shape[1:] == (36, 50, 4)
    assert frames.dtype == torch.uint8
    assert (frames[..., 3] == 0).all()
    assert numbers(batches) == [number % 7 for number in range(len(frames))]


def test_dub_trims_or_keeps_the_clip(tmp_path: Path) -> None:
    source = filmed(tmp_path / "clip.mp4", 40, Fraction(25))
    driver = Footage("other", (), (), spoken(tmp_path / "said.wav", 0.6))
    for length, count in (("speech", 15), ("video", 40)):
        batches = list(dub.convert(dub.load(tmp_path, CPU), source, driver, dub.Config(length=length)))
        assert numbers(batches) == list(range(count))
    assert "length" in later(dub)


def test_dub_refuses_speech_that_is_none(tmp_path: Path) -> None:
    source = filmed(tmp_path / "clip.mp4", 5, Fraction(25))
    short = spoken(tmp_path / "short.wav", 0.1)
    silent = spoken(tmp_path / "silent.wav", 1.0, loud=0.0)
    for speech, fact in ((None, "has no speech"), (short, "0.10 s long"), (silent, "silence")):
        with pytest.raises(MediaError, match=fact):
            next(
                dub.convert(
                    dub.load(tmp_path, CPU), source, Footage("other", (), (), speech), dub.Config(length="speech")
                )
            )
