"""A fake is recognised whatever was done to its file, and nothing else is."""

import contextlib
import dataclasses
import json
import shutil
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import cv2
import imageio_ffmpeg
import numpy as np
import pytest

from understudy import cast, media, provenance, watermark
from understudy.cli import main
from understudy.errors import MediaError
from understudy.provenance import containers, seeing, selfmade

SIZE, COUNT = 256, 60


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    """A synthetic actor who speaks: nobody's face, moving as faces do."""
    actor, script = cast.Actor(cast.load_actor("elsa")), cast.load_performance("reading-1")
    shown = cast.render(actor, script, size=SIZE, only=range(COUNT))
    return [frame.rgb_HWC for frame in shown]


@pytest.fixture(scope="module")
def voice() -> np.ndarray:
    """Six seconds of noise that comes and goes like speech: samples_N1 at 48 kHz."""
    time_N = np.arange(6 * 48_000) / 48_000
    sound_N = 0.15 * np.random.default_rng(1).standard_normal(len(time_N)) * (0.2 + np.sin(8 * time_N) ** 2)
    return sound_N[:, None].astype(np.float32)


@pytest.fixture(scope="module")
def said(tmp_path_factory, voice) -> Path:
    path = tmp_path_factory.mktemp("sound") / "voice.wav"
    containers.write_wav(path, voice, 48_000)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory, frames, said, lineage) -> Path:
    folder = tmp_path_factory.mktemp("made")
    film = SimpleNamespace(fps=Fraction(10), width=SIZE, height=SIZE)
    provenance.publish(folder / "fake.mp4", iter(frames), probe=film, sound=said, lineage=lineage, faces=None)
    return folder


@pytest.fixture
def fake(made, tmp_path) -> Path:
    """A published fake where a study puts it."""
    return Path(shutil.copytree(made, tmp_path / "results/first/1/fakes")) / "fake.mp4"


def ffmpeg(path: Path, out: Path, *options: str) -> Path:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-y", "-i", str(path), *options, str(out)]
    subprocess.run(command, check=True)
    return out


def away(fake: Path, folder: Path) -> Path:
    """A folder in which nothing of the study lies."""
    folder.mkdir()
    return Path(shutil.copy(fake, folder / "clip.mp4"))


def test_the_file_itself(fake, tmp_path):
    found = provenance.inspect(fake, place=tmp_path)
    assert (found.kind, found.credential.state, found.beside.same, found.twin.same) == (
        "video",
        "Valid",
        "file",
        "content",
    )
    assert {mark.where for mark in found.marks} == {"picture", "sound"}
    assert set(found.studies.values()) == {"first/1"}
    x0, y0, x1, y1 = provenance.label_box(SIZE, SIZE)
    a0, b0, a1, b1 = found.label.box
    assert x0 <= a0 < a1 <= x1
    assert y0 <= b0 < b1 <= y1
    text = provenance.verdict(found)
    assert "This is a fake of ada on börje/answer-1" in provenance.verdict(dataclasses.replace(found, credential=None))
    assert "made by Understudy in study first, version 1, with the method original: so says its credential" in text
    assert "intact, signed by Understudy (self-made), for whom nobody vouches" in text
    assert "The label SYNTHETIC can be seen in it." in text
    assert "disagree" not in text


def test_renamed_and_alone(fake, tmp_path):
    alone = away(fake, tmp_path / "alone").rename(tmp_path / "alone/holiday.dat")
    found = provenance.inspect(alone, place=tmp_path / "alone")
    assert found.credential.intact
    assert found.beside is found.twin is None
    assert set(found.studies.values()) == {"first/1"}


CHANGES = {
    "encoded anew": ("-map_metadata", "-1", "-c:v", "libx264", "-crf", "28", "-c:a", "aac", "-b:a", "96k"),
    "three quarters": ("-map_metadata", "-1", "-vf", "scale=192:192", "-c:v", "libx264", "-crf", "23", "-an"),
    "a tenth cropped": ("-map_metadata", "-1", "-vf", "crop=in_w*0.95:in_h*0.95:in_w*0.05:in_h*0.05", "-crf", "23"),
    "mirrored": ("-map_metadata", "-1", "-vf", "hflip", "-crf", "23"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_encoded_anew_the_credential_is_gone_and_label_and_watermark_tell_the_study(fake, tmp_path, change):
    copy = ffmpeg(fake, tmp_path / "copy.mp4", *CHANGES[change])
    found = provenance.inspect(copy, studies=["other/2", "first/1"], place=tmp_path / "nowhere")
    assert found.credential is None
    assert not found.said
    assert found.label is not None
    assert found.label.mirrored == (change == "mirrored")
    assert [mark.studies for mark in found.marks if mark.where == "picture"] == [("first/1",)]
    text = provenance.verdict(found)
    assert "This is a fake, made by Understudy in study first, version 1: so says its watermark." in text
    assert "It has no credential" in text


def test_the_study_is_found_by_its_folder_or_remains_unknown(fake, tmp_path):
    copy = ffmpeg(fake, tmp_path / "copy.mp4", *CHANGES["encoded anew"])
    assert provenance.inspect(copy, place=tmp_path).marks[0].studies == ("first/1",)
    found = provenance.inspect(copy, place=tmp_path / "nowhere")
    assert found.recognised
    assert "of a study that is not known here" in provenance.verdict(found)
    assert f"{watermark.payload('first', '1'):08x}" in provenance.verdict(found)


def test_into_webm(fake, tmp_path):
    options = (
        "-map_metadata",
        "-1",
        "-c:v",
        "libvpx-vp9",
        "-b:v",
        "600k",
        "-cpu-used",
        "8",
        "-c:a",
        "libopus",
        "-b:a",
        "64k",
    )
    copy = ffmpeg(fake, tmp_path / "copy.webm", *options)
    found = provenance.inspect(copy, studies=["first/1"], place=tmp_path / "nowhere")
    assert {mark.where for mark in found.marks} == {"picture", "sound"}
    assert found.label


def test_with_its_tags_and_credential_stripped_the_content_still_tells(fake, tmp_path):
    """Copied stream by stream: not one pixel differs, and the study's card says so."""
    copy = ffmpeg(fake, tmp_path / "copy.mkv", "-map_metadata", "-1", "-c", "copy")
    found = provenance.inspect(copy, place=tmp_path)
    assert found.credential is None
    assert found.twin.same == "content"
    assert found.twin.card["file"] == "fake.mp4"
    assert "What is seen and heard is that of fake.mp4, bit for bit" in provenance.verdict(found)


def test_a_changed_byte_of_the_picture_is_told(fake, tmp_path):
    data = bytearray(fake.read_bytes())
    data[data.rindex(b"mdat") + len(data) // 2 % 4000 + 3000] ^= 4
    fake.write_bytes(data)
    found = provenance.inspect(fake, place=tmp_path)
    assert found.credential.state == "Invalid"
    assert found.beside.same == "other"
    text = provenance.verdict(found)
    assert "does not hold: the file was changed after it was signed (assertion.bmffHash.mismatch)" in text
    assert "fake.mp4.json beside it describes another file" in text


def test_a_file_cut_off_is_still_recognised(fake, tmp_path):
    data = fake.read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(data[: int(0.6 * len(data))])
    found = provenance.inspect(cut, studies=["first/1"], place=tmp_path / "nowhere")
    assert found.recognised
    assert not found.credential.intact
    assert found.label


def test_another_study_s_watermark_in_a_fake_is_told(fake, tmp_path, lineage, frames):
    """Somebody gives a fake of one study the tags of another: the witnesses disagree."""
    copy = ffmpeg(
        fake, tmp_path / "copy.mp4", "-c", "copy", "-metadata",
        "comment=" + json.dumps({"label": "SYNTHETIC", **dataclasses.replace(lineage, study="other").plain()}),
    )  # fmt: skip
    found = provenance.inspect(copy, studies=["first/1"], place=tmp_path / "nowhere")
    assert set(found.studies.values()) == {"first/1", "other/1"}
    assert "disagree" in provenance.verdict(found)


def test_a_part_of_a_longer_film_is_found(fake, frames, tmp_path):
    """Ten seconds of nothing, then the fake."""
    film = tmp_path / "film.mp4"
    grey = np.full((SIZE, SIZE, 3), 110, np.uint8)
    shown = [grey] * 300 + list(media.frames(fake))
    media.write(film, iter(shown), fps=25, crf=23, preset="veryfast")
    found = provenance.inspect(film, studies=["first/1"], place=tmp_path / "nowhere")
    assert found.label or found.marks


def test_a_key_of_ones_own(tmp_path, frames, lineage):
    key = tmp_path / "mark.key"
    key.write_text("5a" * 32 + "\n")
    key.chmod(0o600)
    secret = provenance.read_key(key)
    still = tmp_path / "still.png"
    provenance.publish_picture(still, frames[0], lineage=lineage, faces=None, key=secret)
    cv2.imwrite(str(tmp_path / "copy.jpg"), containers.read_still(still)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
    alone = provenance.inspect(tmp_path / "copy.jpg", studies=["first/1"], place=tmp_path / "nowhere")
    assert (alone.kind, alone.marks) == ("picture", ())
    assert alone.label
    found = provenance.inspect(tmp_path / "copy.jpg", studies=["first/1"], key=secret, place=tmp_path / "nowhere")
    assert [(mark.studies, mark.key) for mark in found.marks] == [(("first/1",), provenance.fingerprint(secret))]


def test_a_sound_alone(tmp_path, voice, lineage):
    provenance.publish_sound(tmp_path / "said.wav", voice, 48_000, lineage=lineage)
    found = provenance.inspect(tmp_path / "said.wav", place=tmp_path)
    assert (found.kind, found.credential.state, found.label) == ("sound", "Valid", None)
    assert "label" not in provenance.verdict(found)
    copy = ffmpeg(tmp_path / "said.wav", tmp_path / "said.mp3", "-map_metadata", "-1", "-b:a", "96k")
    again = provenance.inspect(copy, studies=["first/1"], place=tmp_path / "nowhere")
    assert [(mark.where, mark.studies) for mark in again.marks] == [("sound", ("first/1",))]


def test_nothing_is_found_where_there_is_nothing(tmp_path, frames, said):
    """No false alarm on the synthetic actors' own clips, on noise, on grey; and it is not said that they are real."""
    clips = {"actor": frames, "noise": noise(), "grey": [np.full((90, 160, 3), 128, np.uint8)] * 9}
    for name, shown in clips.items():
        path = tmp_path / f"{name}.mp4"
        media.write(path, iter(shown), fps=25, sound=said, preset="veryfast")
        found = provenance.inspect(path, place=tmp_path)
        assert not found.recognised, name
        assert "That does not mean that it is a recording" in provenance.verdict(found)
    assert not provenance.inspect(said, place=tmp_path).recognised


def noise() -> Iterator[np.ndarray]:
    random = np.random.default_rng(3)
    return iter([random.integers(0, 256, (96, 128, 3), dtype=np.uint8) for _ in range(9)])


def test_nothing_in_an_actor_s_frames_fits_near_as_well_as_the_label_must(frames):
    for frame in frames[::12]:
        still = seeing.Still()
        still.add(frame)
        assert seeing.best_fit(still.grey_HW).fit < 0.7 * seeing.LEAST_FIT


@pytest.mark.parametrize("size", [(64, 64), (128, 96), (256, 256), (641, 481), (1280, 720)])
@pytest.mark.parametrize("crf", [23, 35])
def test_the_label_is_seen_where_it_was_put(tmp_path, size, crf):
    texture = np.random.default_rng(0).integers(0, 256, (size[1] // 8, size[0] // 8, 3), dtype=np.uint8)
    labelled = provenance.label_picture(cv2.resize(texture, size, interpolation=cv2.INTER_CUBIC))
    media.write(tmp_path / "a.mp4", iter([labelled] * 3), fps=25, crf=crf, preset="veryfast")
    found = provenance.find_label(media.frames(tmp_path / "a.mp4"))
    due, seen = provenance.label_box(*size), found.box
    unit = (due[3] - due[1]) / 11
    assert np.allclose(np.add(seen[:2], seen[2:]), np.add(due[:2], due[2:]), atol=2 * unit + 2)
    assert found.fit > 0.8


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(words)
    out = capsys.readouterr()
    return status, out.out, out.err


def test_the_command_tells_people_and_machines(fake, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, _ = run(capsys, "inspect", str(fake))
    assert status == 0
    assert out.startswith("This is a fake")
    assert "consents ada-2026, börje-2026" in out
    status, out, _ = run(capsys, "inspect", "--json", str(fake))
    held = json.loads(out)
    assert (status, held["fake"], held["credential"]["state"]) == (0, True, "Valid")
    assert held["watermarks"][0]["payload"] == f"{watermark.payload('first', '1'):08x}"
    assert held["lineage"]["consents"] == ["ada-2026", "börje-2026"]


def test_the_command_s_status_for_what_is_none_and_what_is_broken(tmp_path, capsys, monkeypatch, frames):
    monkeypatch.chdir(tmp_path)
    media.write(tmp_path / "plain.mp4", iter(frames[:5]), fps=25, preset="ultrafast")
    assert run(capsys, "inspect", "plain.mp4")[0] == 1
    (tmp_path / "text.mp4").write_text("no media")
    (tmp_path / "empty.png").touch()
    for words, says in {
        ("none.mp4",): "there is no such file",
        ("text.mp4",): "not a video or sound file",
        ("empty.png",): "it is empty",
        (".",): "it is a folder",
        ("plain.mp4", "--study", "first"): "is not NAME/VERSION",
        ("plain.mp4", "--key", "none.key"): "none.key: cannot be read",
        ("plain.mp4", "--trust", "text.mp4"): "holds no certificate",
    }.items():
        status, _, err = run(capsys, "inspect", *words)
        assert status == 2, words
        assert says in err


def test_a_loose_key_of_the_watermark_is_refused(tmp_path, capsys, fake):
    key = tmp_path / "mark.key"
    key.write_bytes(bytes(32))
    key.chmod(0o644)
    status, _, err = run(capsys, "inspect", str(fake), "--key", str(key))
    assert status == 2
    assert "chmod 600" in err
    key.chmod(0o600)
    key.write_bytes(b"short")
    assert "cannot have 5 bytes" in run(capsys, "inspect", str(fake), "--key", str(key))[2]


def test_trust_can_be_given(fake, capsys, tmp_path):

    _, out, _ = run(capsys, "inspect", str(fake), "--trust", str(selfmade.root()))
    assert "trusted to be signed by Understudy (self-made)" in out


HOSTILE = [
    {"label": "SYNTHETIC", "study": ["x"], "version": {}, "consents": 3, "method": "\x1b[2J\x1b]0;gone\x07"},
    {"label": "SYNTHETIC", "study": "a/b/c", "version": "", "source": None, "clip": 5, "consents": [[], {}]},
    {"label": ["SYNTHETIC"]},
]


@pytest.mark.parametrize("said", [*map(json.dumps, HOSTILE), "[" * 100_000, "{", "\0", "NaN"])
def test_tags_of_anybody_s_making_are_only_text(tmp_path, said, capsys):
    shown = (np.full((64, 64, 3), 9 * number, np.uint8) for number in range(3))
    media.write(tmp_path / "a.mp4", shown, fps=25, preset="ultrafast", metadata={"comment": said})
    assert main(("inspect", str(tmp_path / "a.mp4"))) in (0, 1)
    assert "\x1b" not in capsys.readouterr().out
    assert main(("inspect", "--json", str(tmp_path / "a.mp4"))) in (0, 1)
    json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("seed", range(2))
def test_damaged_files_are_told_never_crash(fake, tmp_path, seed):
    """Bytes overwritten anywhere: a finding or a MediaError, whatever was hit."""
    random = np.random.default_rng(seed)
    whole = fake.read_bytes()
    for number in range(3):
        data = bytearray(whole)
        for place in random.integers(0, len(data) if number else 6000, 12):
            data[place] = int(random.integers(256))
        path = tmp_path / "broken.mp4"
        path.write_bytes(data)
        with contextlib.suppress(MediaError):
            found = provenance.inspect(path, place=tmp_path / "nowhere")
            provenance.verdict(found)
            json.dumps(provenance.plain(found), default=str)
