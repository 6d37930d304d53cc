"""Sound that people really have: telephone rates, one channel, none of it, too much of it, and what is no sound."""

import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from understudy import media, speech
from understudy.errors import MediaError

SECONDS = 2.0


def tone(rate: int, seconds: float = SECONDS, hertz: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)).astype(np.float32)


@pytest.fixture
def film(tmp_path: Path) -> Callable[..., Path]:
    """Makes two seconds of picture with the given samples (channels, N) as its sound, uncompressed."""

    def make(samples_CN: np.ndarray, rate: int, *, layout: str = "stereo", codec: str = "pcm_s16le") -> Path:
        path = tmp_path / "film.mkv"
        with av.open(str(path), "w") as container:
            video = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
            video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
            audio = container.add_stream(codec, rate=rate, layout=layout)
            for number in range(round(SECONDS * 25)):
                frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number, np.uint8), format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
            if samples_CN.size:
                block = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples_CN, np.float32), "fltp", layout)
                block.sample_rate, block.pts, block.time_base = rate, 0, Fraction(1, rate)
                resampler = av.AudioResampler(format=audio.format.name, layout=layout, rate=rate)
                for part in resampler.resample(block):
                    container.mux(audio.encode(part))
            container.mux(audio.encode(None))
        return path

    return make


def level(samples_N: np.ndarray) -> float:
    """Root mean square, the ends left out."""
    return float(np.sqrt(np.mean(samples_N[len(samples_N) // 10 : -len(samples_N) // 10] ** 2)))


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 32_000, 96_000])
@pytest.mark.parametrize(
    ("layout", "channels", "codec"),
    [("mono", 1, "pcm_s16le"), ("stereo", 2, "pcm_s16le"), ("stereo", 2, "pcm_f32le"), ("5.1", 6, "pcm_f32le")],
)
def test_any_rate_and_all_channels_keep_pitch_level_and_length(film, tmp_path, rate, layout, channels, codec):
    path = film(np.tile(tone(rate), (channels, 1)), rate, layout=layout, codec=codec)
    assert (media.check(path).sound.rate, media.check(path).sound.channels) == (rate, channels)
    made = media.normalise(path, tmp_path / "out.mp4")
    assert (made.sound.rate, made.sound.channels) == (48_000, 1)
    samples_N, found = media.sound(tmp_path / "out.mp4")
    assert len(samples_N) / found == pytest.approx(SECONDS, abs=0.03)
    assert level(samples_N) == pytest.approx(0.5 / np.sqrt(2), rel=0.03)
    peak = np.argmax(np.abs(np.fft.rfft(samples_N))) * found / len(samples_N)
    assert peak == pytest.approx(440, abs=1)
    heard_N = speech.read(tmp_path / "out.mp4")
    assert level(heard_N) == pytest.approx(0.5 / np.sqrt(2), rel=0.03)
    assert level(speech.read(path)) == pytest.approx(0.5 / np.sqrt(2), rel=0.03)


@pytest.mark.parametrize(("layout", "channel"), [("stereo", 0), ("stereo", 1), ("5.1", 2)])
def test_speech_in_one_channel_is_not_lost(film, tmp_path, layout, channel):
    samples_CN = np.zeros((2 if layout == "stereo" else 6, 48_000 * 2), np.float32)
    samples_CN[channel] = tone(48_000)
    media.normalise(film(samples_CN, 48_000, layout=layout), tmp_path / "out.mp4")
    assert level(speech.read(tmp_path / "out.mp4")) > 0.05


def test_a_tenth_of_a_second_is_followed_by_silence_and_refused_as_speech(film, tmp_path):
    path = film(np.tile(tone(8_000, 0.1), (2, 1)), 8_000)
    made = media.normalise(path, tmp_path / "out.mp4")
    samples_N, rate = media.sound(tmp_path / "out.mp4")
    assert made.sound.seconds == pytest.approx(SECONDS, abs=0.03)
    assert np.abs(samples_N[: rate // 20]).max() > 0.4
    assert np.abs(samples_N[rate // 5 :]).max() < 1e-3
    with pytest.raises(MediaError, match=r"0\.10 s long"):
        speech.read(path)


def test_sound_longer_than_the_picture_ends_with_it(film, tmp_path):
    made = media.normalise(film(np.tile(tone(8_000, 5.0), (2, 1)), 8_000), tmp_path / "out.mp4")
    assert made.sound.seconds == pytest.approx(SECONDS, abs=0.03)


def test_silence_stays_a_track_and_is_refused_as_speech(film, tmp_path):
    made = media.normalise(film(np.zeros((2, 16_000), np.float32), 8_000), tmp_path / "out.mp4")
    assert made.sound is not None
    assert np.abs(media.sound(tmp_path / "out.mp4")[0]).max() < 1e-4
    with pytest.raises(MediaError, match="silence"):
        speech.read(tmp_path / "out.mp4")


def test_channels_that_cancel_each_other_are_told_as_silence(film, tmp_path):
    path = film(np.stack([tone(8_000), -tone(8_000)]), 8_000)
    media.normalise(path, tmp_path / "out.mp4")
    with pytest.raises(MediaError, match="silence"):
        speech.read(tmp_path / "out.mp4")


def test_a_track_without_a_sample_is_no_sound(film, tmp_path):
    path = film(np.zeros((2, 0), np.float32), 8_000)
    assert media.check(path).sound is None
    assert media.normalise(path, tmp_path / "out.mp4").sound is None
    with pytest.raises(MediaError, match="sound"):
        speech.read(tmp_path / "out.mp4")


def test_samples_above_full_scale_are_limited(film, tmp_path):
    path = film(np.tile(8 * tone(16_000), (2, 1)), 16_000, codec="pcm_f32le")
    media.normalise(path, tmp_path / "out.mp4")
    for file in (path, tmp_path / "out.mp4"):
        assert np.abs(speech.read(file)).max() <= 1


def test_samples_that_are_no_numbers_are_refused(film, tmp_path):
    broken = np.tile(tone(16_000), (2, 1))
    broken[:, 5_000:6_000] = np.nan
    path = film(broken, 16_000, codec="pcm_f32le")
    with pytest.raises(MediaError, match="no numbers"):
        speech.read(path)
    with pytest.raises(MediaError):
        media.normalise(path, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_sound_alone_is_no_clip(tmp_path):
    with wave.open(str(tmp_path / "said.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes((np.repeat(tone(8_000), 2) * 32767).astype("<i2").tobytes())
    with pytest.raises(MediaError, match="no picture"):
        media.check(tmp_path / "said.wav")
    assert level(speech.read(tmp_path / "said.wav")) == pytest.approx(0.5 / np.sqrt(2), rel=0.03)
