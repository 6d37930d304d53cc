"""A recording becomes segments of speech, cut in its pauses, as loud as asked; what is no use is dropped with a reason,
and what is in a folder is what its table says."""

import dataclasses
import errno
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from understudy import speech
from understudy.cast import speech as cast_speech
from understudy.errors import DiskError, MediaError, SpeechError
from understudy.speech.judging import COLUMNS, REASONS
from understudy.speech.loudness import integrated_loudness
from understudy.speech.recording import record
from understudy.speech.segmenting import Segmenting
from understudy.speech.voices import groups

from .making import Samples, coded, heard, noise, tone, voice, wav

SHORT = Segmenting(seconds=3.0, rate=16_000, shortest=0.5)


def talk(
    seconds: float = 20.0, *, rate: int = 16_000, hiss: float = -65.0, level: float = -25.0, **of: float
) -> Samples:
    """Sentences of 2 s with pauses of half a second."""
    pause = np.zeros(rate // 2)
    parts = [np.concatenate([voice(2, rate=rate, seed=n, level=level, **of), pause]) for n in range(int(seconds / 2.5))]  # type: ignore[arg-type]  # floats all
    said = np.concatenate([pause, *parts])
    return said + noise(len(said) / rate, hiss, rate)


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> speech.Segments:
    folder = tmp_path_factory.mktemp("speech")
    return speech.extract(wav(folder / "talk.wav", talk()), folder / "out", SHORT)


@pytest.fixture
def copied(extracted: speech.Segments, tmp_path: Path) -> Path:
    return Path(shutil.copytree(extracted.folder, tmp_path / "out"))


def test_all_that_was_said_is_kept_and_no_pause(extracted: speech.Segments) -> None:
    assert extracted.table["kept"].sum() == len(extracted.paths) == 8
    assert 15.0 < extracted.seconds < 20.0
    assert extracted.seconds == pytest.approx(sum(len(heard(path)) / 16_000 for path in extracted.paths), abs=1e-3)
    assert (extracted.table["seconds"] <= 3.0 + 1e-6).all()
    for n, start in enumerate(extracted.table.loc[extracted.table["kept"], "start_s"]):
        assert start == pytest.approx(0.5 + 2.5 * n, abs=0.2)  # each begins with its sentence


def test_the_table_covers_the_recording_and_says_all(extracted: speech.Segments) -> None:
    table = extracted.table
    assert list(table.columns) == list(COLUMNS)
    ends = table["start_s"] + table["seconds"]
    assert table["start_s"].iloc[0] == 0
    assert ends.iloc[-1] == pytest.approx(20.5, abs=0.01)
    np.testing.assert_allclose(table["start_s"].iloc[1:], ends.iloc[:-1], atol=3e-4)
    assert set(table["reason"]) == {"", "silence"}
    assert (table["kept"] == (table["reason"] == "")).all()


def test_loudness_is_what_was_asked_for_and_nothing_is_cut_off(extracted: speech.Segments) -> None:
    samples = np.concatenate([heard(path) for path in extracted.paths])
    assert integrated_loudness(samples, 16_000) == pytest.approx(-23, abs=0.7)
    assert np.abs(samples).max() < 0.9
    own = extracted.table.loc[extracted.table["kept"], "level_db"].to_numpy(float)
    written = [10 * np.log10(np.mean(heard(path) ** 2)) for path in extracted.paths]
    np.testing.assert_allclose(np.array(written) - own, extracted.gain, atol=0.05)


def test_loudness_may_be_left_as_it_is(tmp_path: Path) -> None:
    path = wav(tmp_path / "talk.wav", talk(6, level=-35))
    found = speech.extract(path, tmp_path / "out", dataclasses.replace(SHORT, loudness=None))
    assert found.gain == 0
    start = round(found.table.loc[found.table["kept"], "start_s"].iloc[0] * 16_000)
    np.testing.assert_allclose(heard(found.paths[0])[:8000], heard(path)[start : start + 8000], atol=2 / 32768)


@pytest.mark.parametrize("snr", [15.0, 25.0, 35.0])
def test_the_snr_is_that_of_the_making(tmp_path: Path, snr: float) -> None:
    path = wav(tmp_path / "talk.wav", talk(10, hiss=-25 - snr))
    found = speech.extract(path, tmp_path / "out", SHORT)
    assert found.table.loc[found.table["kept"], "snr_db"].median() == pytest.approx(snr, abs=2.0)


def test_the_pitch_range_is_that_of_the_voice(extracted: speech.Segments) -> None:
    kept = extracted.table[extracted.table["kept"]]
    assert kept["f0_low_hz"].median() == pytest.approx(120 * np.exp(-0.15), rel=0.08)
    assert kept["f0_high_hz"].median() == pytest.approx(120 * np.exp(0.15), rel=0.08)
    assert (kept["steady"] < 0.4).all()


def test_fixed_cuts_are_every_so_many_seconds(tmp_path: Path) -> None:
    settings = dataclasses.replace(SHORT, cut="fixed", silence=1.0)
    found = speech.extract(wav(tmp_path / "talk.wav", talk()), tmp_path / "out", settings)
    np.testing.assert_allclose(found.table["start_s"], 3.0 * np.arange(7))
    assert len(found.paths) == 7
    assert len(heard(found.paths[0])) == 48_000


def test_untrimmed_cuts_leave_nothing_out(tmp_path: Path) -> None:
    settings = dataclasses.replace(SHORT, trim=False)
    found = speech.extract(wav(tmp_path / "talk.wav", talk()), tmp_path / "out", settings)
    assert "silence" not in set(found.table["reason"])
    assert found.table["seconds"].sum() == pytest.approx(20.5, abs=0.01)
    assert found.table["seconds"].max() <= 3.2


def test_speech_without_a_pause_is_cut_no_longer_than_asked(tmp_path: Path) -> None:
    path = wav(tmp_path / "talk.wav", voice(14) + noise(14, -70))
    found = speech.extract(path, tmp_path / "out", SHORT)
    assert found.seconds > 13
    assert found.table["seconds"].max() <= 3.2


def test_the_same_recording_gives_the_same_bytes(extracted: speech.Segments, tmp_path: Path) -> None:
    again = speech.extract(wav(tmp_path / "talk.wav", talk()), tmp_path / "out", SHORT)
    for path in sorted(extracted.folder.rglob("*.*")):
        other = again.folder / path.relative_to(extracted.folder)
        assert path.read_bytes() == other.read_bytes(), path.name


def test_a_stray_file_is_refused(copied: Path) -> None:
    assert len(speech.Segments.open(copied).paths) == 8
    for place in (copied / "segments/zz.wav", copied / "notes.txt"):
        place.write_bytes(b"x")
        with pytest.raises(SpeechError, match=r"do(es)? not belong"):
            speech.Segments.open(copied)
        place.unlink()
    speech.Segments.open(copied)


@pytest.mark.parametrize("name", ["segments.csv", "card.json", "picture.png"])
def test_a_missing_part_is_named(copied: Path, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(SpeechError, match=name):
        speech.Segments.open(copied)


def test_a_segment_that_is_missing_cut_or_changed_is_refused(copied: Path) -> None:
    place = speech.Segments.open(copied).paths[2]
    kept = place.read_bytes()
    place.unlink()
    with pytest.raises(SpeechError, match="missing"):
        speech.Segments.open(copied)
    wav(place, heard_bytes := np.zeros(16_000))
    with pytest.raises(SpeechError, match="its table says"):
        speech.Segments.open(copied)
    wav(place, heard_bytes, 22_050)
    with pytest.raises(SpeechError, match="22050 Hz"):
        speech.Segments.open(copied)
    place.write_bytes(b"no sound")
    with pytest.raises(SpeechError, match="no wav any more"):
        speech.Segments.open(copied)
    place.write_bytes(kept)
    speech.Segments.open(copied)


def melody(seconds: float) -> Samples:
    """Notes of a third of a second, each with its harmonics and a decay."""
    out, step = np.zeros(round(seconds * 16_000)), 16_000 // 3
    for start in range(0, len(out) - step, step):
        hertz = 220 * 2 ** (np.random.default_rng(start).integers(0, 12) / 12)
        note = sum(tone(k * hertz, 1 / 3, peak=0.3 / k)[:step] for k in range(1, 6))
        out[start : start + step] += note * np.exp(-np.arange(step) / 4000)
    return out


def whispered(seconds: float) -> Samples:
    """The envelope of speech on noise."""
    said = voice(seconds)
    envelope = np.sqrt(np.convolve(said**2, np.ones(800) / 800, "same"))
    return noise(seconds, 0.0) * envelope + noise(seconds, -75, seed=3)


BAD = {
    "tones": melody(12),
    "unvoiced": whispered(12),
    "clipped": np.clip(talk(10) * 8, -0.9, 0.9),
    "quiet": talk(10, level=-62, hiss=-95),
    "noisy": talk(10, hiss=-31),
}


@pytest.mark.parametrize("reason", BAD)
def test_bad_recordings_are_refused_with_the_reason(tmp_path: Path, reason: str) -> None:
    with pytest.raises(SpeechError, match=rf"\d+ {reason} \(") as refused:
        speech.extract(wav(tmp_path / "bad.wav", BAD[reason]), tmp_path / "out", SHORT)
    assert REASONS[reason] in str(refused.value)
    assert not list(tmp_path.glob("*out*"))


@pytest.mark.parametrize("reason", sorted(set(BAD) - {"quiet"}))  # so quiet beside the loudest, it is silence
def test_a_bad_part_is_dropped_and_the_rest_kept(tmp_path: Path, reason: str) -> None:
    gap = noise(1.0, -65)
    both = np.concatenate([talk(10), gap, BAD[reason]])
    found = speech.extract(wav(tmp_path / "both.wav", both), tmp_path / "out", SHORT)
    table = found.table
    good, bad = table[table["start_s"] < 10.5], table[table["start_s"] > 11.4]
    assert good.loc[good["kept"], "seconds"].sum() > 7
    assert bad.loc[bad["kept"], "seconds"].sum() < 2.1
    assert reason in set(bad["reason"])


@pytest.mark.parametrize(
    ("samples", "fact"),
    [
        (np.zeros(80_000), "silence"),
        (noise(8, -30), "no speech"),
        (tone(440, 8), "no speech"),
        (voice(0.25), "short"),
        (np.zeros(0), "silence|not a video or sound|no samples|cannot be read"),
    ],
    ids=["silence", "noise", "tone", "0.2 s", "empty"],
)
def test_what_holds_no_speech_is_refused(tmp_path: Path, samples: Samples, fact: str) -> None:
    with pytest.raises((SpeechError, MediaError), match=fact):
        speech.extract(wav(tmp_path / "bad.wav", samples), tmp_path / "out", SHORT)
    assert [path.name for path in tmp_path.iterdir()] == ["bad.wav"]


def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(MediaError, match="not a video or sound file"):
        speech.extract(tmp_path / "bad.wav", tmp_path / "out", SHORT)


def test_samples_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    source = wav(tmp_path / "talk.wav", talk(3))
    coded(source, tmp_path / "float.wav", "-c:a", "pcm_f32le")
    data = bytearray((tmp_path / "float.wav").read_bytes())
    data[-4000:-3996] = np.float32("nan").tobytes()
    (tmp_path / "float.wav").write_bytes(bytes(data))
    with pytest.raises(MediaError, match="no numbers"):
        record(tmp_path / "float.wav", tmp_path, 16_000)


@pytest.mark.parametrize("form", ["8 kHz", "96 kHz", "24 bits", "mp3 named wav", "mp3 after rubbish", "ogg", "m4a"])
def test_any_form_of_sound_will_do(tmp_path: Path, form: str) -> None:
    rate, bits = {"8 kHz": 8000, "96 kHz": 96_000}.get(form, 24_000), 24 if form == "24 bits" else 16
    path = wav(tmp_path / "talk.wav", talk(6, rate=rate), rate, bits=bits)
    if form.startswith("mp3"):
        coded(path, tmp_path / "a.mp3", "-b:a", "96k")
        data = (tmp_path / "a.mp3").read_bytes()
        path.write_bytes(data if form == "mp3 named wav" else b"\x00junk\xff\x00" * 50 + data)
    elif form in ("ogg", "m4a"):
        path = coded(path, tmp_path / f"a.{form}", "-b:a", "64k")
    found = speech.extract(path, tmp_path / "out", dataclasses.replace(SHORT, rate=44_100))
    assert found.rate == 44_100
    assert found.seconds == pytest.approx(4.6, abs=0.7)
    assert any("recorded at 8 kHz" in text for text in found.warnings) == (form == "8 kHz")


def test_two_people_are_told_and_one_is_not(extracted: speech.Segments, tmp_path: Path) -> None:
    """Without the encoder's weights it is said that it is not known."""
    if not extracted.table.loc[extracted.table["kept"], "distance"].notna().any():
        assert "one person speaks in it is not known" in extracted.warnings[0]
        return
    assert extracted.warnings == ()
    assert extracted.table.loc[extracted.table["kept"], "distance"].max() < 0.15
    two = np.concatenate([talk(10), talk(10, f0=260.0, tract=0.8)])
    (warning,) = speech.extract(wav(tmp_path / "two.wav", two), tmp_path / "out", SHORT).warnings
    assert warning.startswith("two people may speak in it: 8 of 16 utterances, in the segments at")


def test_groups_are_those_that_were_made() -> None:
    rng = np.random.default_rng(0)
    made = rng.permutation(np.repeat([False, True], [30, 12]))
    centres = np.abs(rng.normal(size=(2, 256)))
    near = centres[made.astype(int)] + 0.3 * rng.normal(size=(42, 256))
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    np.testing.assert_array_equal(groups(near.astype(np.float32)), made)


def test_enough_says_how_much_and_refuses_too_little(extracted: speech.Segments) -> None:
    length = f"{extracted.seconds:.1f} seconds"
    found = speech.enough([extracted], "ada")
    assert (found.seconds, found.segments) == (pytest.approx(extracted.seconds), 8)
    assert found.warning is not None
    assert length in found.warning
    assert speech.enough([extracted], "ada", minutes=0.2).warning is None
    with pytest.raises(SpeechError, match=r"ada: has 8 segments.*at least 9"):
        speech.enough([extracted], "ada", fewest=9)
    with pytest.raises(SpeechError, match=r"ada: has 8 segments.*at least 60\.0 seconds"):
        speech.enough([extracted], "ada", least=60)
    with pytest.raises(SpeechError, match=r"0 segments.*at least 1 segment:"):
        speech.enough([], "ada")


@pytest.mark.skipif(not cast_speech.available(), reason="the optional extra 'speech' is not installed")
def test_a_whisper_is_no_voice_and_the_same_words_aloud_are(tmp_path: Path) -> None:
    """A whisper has peaks of autocorrelation, too: about the frequencies of its formants, and none that lasts."""
    settings = dataclasses.replace(SHORT, seconds=7.0, rate=22_050)
    for name, told in (("m3", ""), ("whisper", "unvoiced")):
        text = "Glue the sheet to the dark blue background. These days a chicken leg is a rare dish."
        said = cast_speech.utter(text, voice=f"en-us+{name}", rate=170, pitch=50)
        path = wav(tmp_path / f"{name}.wav", said.sound_N / 32768, said.rate)
        if told:
            with pytest.raises(SpeechError, match=r"1 unvoiced \(no pitch: whispered, or noise\)"):
                speech.extract(path, tmp_path / name, settings)
        else:
            table = speech.extract(path, tmp_path / name, settings).table
            assert table.loc[table["kept"], "voiced"].min() > 0.5


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = wav(tmp_path / "talk.wav", talk(3))
    monkeypatch.setattr(sys.modules["understudy.speech.extract"], "write_wav", full)
    with pytest.raises(DiskError, match="the disk is full"):
        speech.extract(path, tmp_path / "out", SHORT)
    assert [left.name for left in tmp_path.iterdir()] == ["talk.wav"]
