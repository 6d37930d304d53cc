"""Marks in sound: what marked sound keeps, and where the mark is found again."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from understudy.errors import Error
from understudy.watermark import PUBLIC, detect_sound, mark_sound, stft

RATE, PAYLOAD = 48_000, 0xCAFEBABE
OTHER_KEY = bytes(range(32))
Sound = Callable[..., NDArray[np.float32]]
AAC = ("-c:a", "aac", "-b:a", "64k")
OPUS = ("-c:a", "libopus", "-b:a", "32k")


def mono(voice: Sound, seconds: float = 4.0, seed: int = 0) -> NDArray[np.float32]:
    return voice(seconds, RATE, seed)[:, None]


def level(samples: NDArray[np.floating]) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-20))


def found(samples_NC: NDArray[np.float32], rate: int = RATE, key: bytes = PUBLIC) -> int | None:
    mark = detect_sound(samples_NC, rate, key)
    return mark.payload if mark else None


def test_the_mark_is_15_dB_and_more_below_the_sound_everywhere(voice: Sound) -> None:
    sound = mono(voice)
    mark = mark_sound(sound, RATE, PAYLOAD, PUBLIC) - sound
    assert level(sound) - level(mark) > 15
    # 50 ms at a time, wherever there is sound: the loudest mark beside what it hides under.
    pieces = [(level(a), level(b)) for a, b in zip(np.split(sound, 80), np.split(mark, 80), strict=True)]
    assert min(host - hidden for host, hidden in pieces if host > -50) > 10


@pytest.mark.parametrize(
    ("arguments", "ending", "rate"),
    [
        (AAC, "m4a", RATE),
        (OPUS, "ogg", RATE),
        (("-c:a", "libmp3lame", "-b:a", "64k"), "mp3", RATE),
        (("-ar", "44100"), "wav", 44_100),
        (("-ar", "16000"), "wav", 16_000),
        (("-ar", "22050"), "wav", 48_000),
    ],
)
def test_it_outlives_codecs_and_resampling(
    voice: Sound, tape: Sound, arguments: tuple[str, ...], ending: str, rate: int
) -> None:
    marked = mark_sound(mono(voice), RATE, PAYLOAD, PUBLIC)
    assert found(tape(marked, *arguments, ending=ending, rate=rate), rate) == PAYLOAD


def test_three_seconds_of_aac_are_enough_and_the_start_may_be_cut_off(voice: Sound, tape: Sound) -> None:
    marked = mark_sound(mono(voice, 3.7), RATE, PAYLOAD, PUBLIC)
    again = tape(marked, *AAC, ending="m4a")
    for start in (0.123, 0.7):
        assert found(again[round(start * RATE) :]) == PAYLOAD


@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 44_100, 96_000])
def test_any_rate_will_do(voice: Sound, rate: int) -> None:
    assert found(mark_sound(voice(4.0, rate)[:, None], rate, PAYLOAD, PUBLIC), rate) == PAYLOAD


def test_it_says_where_the_phrase_begins(voice: Sound) -> None:
    marked = mark_sound(mono(voice), RATE, PAYLOAD, PUBLIC)
    whole, cut = detect_sound(marked, RATE, PUBLIC), detect_sound(marked[RATE // 4 :], RATE, PUBLIC)
    assert whole
    assert cut
    assert min(whole.detail["start"], 1.5 - whole.detail["start"]) < 1e-4
    assert cut.detail["start"] == pytest.approx(1.25, abs=1e-4)
    assert whole.confidence > 1 - 1e-6


def test_both_channels_and_each_of_them_and_their_mix_carry_it(voice: Sound) -> None:
    stereo = np.stack([voice(seed=0), 0.3 * voice(seed=1)], 1)
    marked = mark_sound(stereo, RATE, PAYLOAD, PUBLIC)
    assert marked.shape == stereo.shape
    assert marked.dtype == np.float32
    assert [found(part) for part in (marked, marked[:, :1], marked[:, 1:], marked.mean(1, keepdims=True))] == [
        PAYLOAD
    ] * 4
    # What one channel holds does not depend on the other.
    assert np.array_equal(marked[:, 0], mark_sound(stereo[:, 0], RATE, PAYLOAD, PUBLIC))


def test_silence_stays_silent_and_holds_nothing(voice: Sound) -> None:
    silence = np.zeros((3 * RATE, 2), np.float32)
    assert np.array_equal(mark_sound(silence, RATE, PAYLOAD, PUBLIC), silence)
    assert detect_sound(silence, RATE, PUBLIC) is None
    hum = (1e-4 * np.random.default_rng(0).normal(size=(RATE, 1))).astype(np.float32)
    assert np.array_equal(mark_sound(hum, RATE, PAYLOAD, PUBLIC), hum)
    pause = mono(voice)
    pause[RATE : 2 * RATE] = 0
    assert not mark_sound(pause, RATE, PAYLOAD, PUBLIC)[RATE + 2000 : 2 * RATE - 2000].any()


def test_nothing_is_heard_before_a_sound_begins(voice: Sound) -> None:
    sound = np.concatenate([np.zeros((RATE, 1), np.float32), mono(voice)])
    mark = mark_sound(sound, RATE, PAYLOAD, PUBLIC) - sound
    assert not mark[: RATE - RATE // 50].any()
    assert level(mark[: RATE - RATE // 250]) < -90


@pytest.mark.parametrize("count", [0, 1, 100, 3000, 30_000])
def test_sound_too_short_to_be_marked_is_no_error(voice: Sound, count: int) -> None:
    short = mono(voice)[:count]
    marked = mark_sound(short, RATE, PAYLOAD, PUBLIC)
    assert marked.shape == short.shape
    assert detect_sound(marked, RATE, PUBLIC) is None or count == 30_000


def test_full_scale_is_never_passed(voice: Sound) -> None:
    loud = np.clip(8 * mono(voice), -1, 1)
    marked = mark_sound(loud, RATE, PAYLOAD, PUBLIC)
    assert np.abs(marked).max() <= 1
    assert found(marked) == PAYLOAD
    over = (1.5 * np.sin(np.arange(RATE) * 0.05)).astype(np.float32)[:, None]
    assert np.abs(mark_sound(over, RATE, PAYLOAD, PUBLIC)).max() <= np.abs(over).max()


def test_marking_is_deterministic_and_leaves_the_sound_alone(voice: Sound) -> None:
    sound = mono(voice)
    before = sound.copy()
    marked = mark_sound(sound, RATE, PAYLOAD, PUBLIC)
    assert np.array_equal(mark_sound(sound, RATE, PAYLOAD, PUBLIC), marked)
    assert np.array_equal(sound, before)
    assert not np.array_equal(mark_sound(sound, RATE, PAYLOAD + 1, PUBLIC), marked)


def test_block_by_block_is_the_same_as_all_at_once(voice: Sound, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = mono(voice)
    whole = mark_sound(sound, RATE, PAYLOAD, PUBLIC)
    monkeypatch.setattr(stft, "_BLOCK", 100)
    assert np.abs(mark_sound(sound, RATE, PAYLOAD, PUBLIC) - whole).max() < 1e-6
    assert found(whole) == PAYLOAD  # in stretches of 0.6 s, so by their sum


def test_another_key_finds_nothing_and_unmarked_sound_holds_nothing(voice: Sound) -> None:
    assert found(mark_sound(mono(voice), RATE, PAYLOAD, PUBLIC), key=OTHER_KEY) is None
    rng = np.random.default_rng(0)
    tones = np.sin(np.arange(4 * RATE) * 0.05)[:, None].astype(np.float32)
    hiss = rng.normal(0, 0.1, (4 * RATE, 1)).astype(np.float32)
    for sound in (mono(voice), tones, hiss):
        assert detect_sound(sound, RATE, PUBLIC) is None


def test_samples_that_are_no_numbers_are_an_error() -> None:
    with pytest.raises(Error, match="finite"):
        mark_sound(np.full((RATE, 1), np.nan, np.float32), RATE, PAYLOAD, PUBLIC)
    with pytest.raises(Error, match="shape"):
        detect_sound(np.zeros((2, 2, 2), np.float32), RATE, PUBLIC)
