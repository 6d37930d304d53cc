"""A published fake says what it is, in its pixels, in its metadata and beside it; or it is not there."""

import dataclasses
import json
import signal
import subprocess
import sys
import time
import tracemalloc
import wave
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from understudy import files, media, provenance, watermark
from understudy.errors import ConfigError, ConsentError, MediaError
from understudy.media import read
from understudy.provenance import containers, credential, label
from understudy.provenance.certificates import load

IRI = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
LINEAGE = provenance.Lineage(
    study="first",
    version="1",
    method="original",
    family="swap",
    source="ada",
    driver="börje",
    clip="börje/answer-1",
    seed=3,
    run="run-7",
    consents=("ada-2026", "börje-2026"),
    log_head="5eed" * 16,
    inputs={"driver clip": "0" * 64},
    digital_source_type=IRI,
)


def scene(count: int, width: int, height: int) -> Iterator[np.ndarray]:
    """Textured frames that move."""
    texture = np.random.default_rng(0).integers(0, 256, (height // 8 + 2, width // 8 + 2, 3), dtype=np.uint8)
    large = cv2.resize(texture, (width + 64, height), interpolation=cv2.INTER_CUBIC)
    for number in range(count):
        yield np.ascontiguousarray(large[:, 2 * number % 64 :][:, :width])


def published(path: Path, *, size: tuple[int, int] = (128, 96), count: int = 8, **change: object) -> provenance.Card:
    film = SimpleNamespace(fps=Fraction(25), width=size[0], height=size[1])
    options = {"probe": film, "sound": None, "lineage": LINEAGE, "faces": None, "preset": "ultrafast"} | change
    return provenance.publish(path, options.pop("frames", scene(count, *size)), **options)


@pytest.mark.parametrize("size", [(64, 64), (128, 96), (256, 256), (640, 360)])
@pytest.mark.parametrize("crf", [18, 28])
def test_the_label_is_in_every_frame_after_encoding(tmp_path, size, crf):
    card = published(tmp_path / "fake.mp4", size=size, crf=crf)
    x0, y0, x1, y1 = card.shape.label
    due = label.patch(x1 - x0, y1 - y0)[..., 0].astype(float)
    for shown, frame in zip(media.frames(card.path), scene(8, *size), strict=True):
        seen = shown[y0:y1, x0:x1].mean(axis=2)
        assert np.corrcoef(seen.ravel(), due.ravel())[0, 1] > 0.95
        bare = frame[y0:y1, x0:x1].mean(axis=2)
        assert np.corrcoef(bare.ravel(), due.ravel())[0, 1] < 0.5


def test_the_rest_of_the_picture_and_the_callers_frames_stay(tmp_path):
    frames = list(scene(4, 128, 96))
    copies = [frame.copy() for frame in frames]
    card = published(tmp_path / "fake.mp4", frames=iter(frames), crf=1)
    x0, y0, x1, y1 = card.shape.label
    for frame, copy, shown in zip(frames, copies, media.frames(card.path), strict=True):
        np.testing.assert_array_equal(frame, copy)
        shown[y0 - 4 : y1 + 4, x0 - 4 : x1 + 4] = copy[y0 - 4 : y1 + 4, x0 - 4 : x1 + 4]
        assert np.abs(shown.astype(int) - copy).mean() < 4


def test_the_card_reads_back_what_was_published(tmp_path):
    card = published(tmp_path / "né fake.mp4")
    found = provenance.card(card.path)
    assert found == json.loads(json.dumps(card.plain()))
    assert found["sha256"] == files.sha256(card.path)
    assert found["lineage"]["consents"] == ["ada-2026", "börje-2026"]
    assert found["lineage"]["digital_source_type"] == IRI
    assert sorted(path.name for path in tmp_path.iterdir()) == ["né fake.mp4", "né fake.mp4.json"]


def test_the_container_alone_names_the_lineage(tmp_path):
    tags = media.metadata(published(tmp_path / "fake.mp4").path)
    comment = json.loads(tags["comment"])
    assert comment["label"] == "SYNTHETIC"
    assert comment["run"] == "run-7"
    assert comment["consents"] == list(LINEAGE.consents)
    assert "Synthetic media" in tags["description"]


def test_publishing_again_gives_the_same_but_for_the_credential(tmp_path):
    """The SDK salts every statement: a signature never comes out the same twice. All that is signed does."""

    def without(card: provenance.Card) -> tuple[dict, dict]:
        held = json.loads(provenance.sidecar(card.path).read_text())
        return {**held, "sha256": "", "credential": ""}, media.metadata(card.path)

    first = published(tmp_path / "fake.mp4", sound=noise(tmp_path / "a.wav", 0.5))
    before, manifest = without(first), first.manifest
    second = published(tmp_path / "fake.mp4", sound=tmp_path / "a.wav")
    assert without(second) == before
    assert second.content == first.content
    assert second.manifest != manifest


def noise(path: Path, seconds: float, rate: int = 48_000) -> Path:
    """Writes a sound that goes up and down like speech, with a click in every fifth of a second."""
    random = np.random.default_rng(0)
    time_N = np.arange(round(seconds * rate)) / rate
    sound_N = 0.1 * random.standard_normal(len(time_N)) * (0.3 + np.sin(9 * time_N) ** 2)
    sound_N[:: rate // 5] += 0.7
    containers.write_wav(path, sound_N[:, None].astype(np.float32), rate)
    return path


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_sound_goes_along_in_step(tmp_path, rate):
    """To the sample: the fit with what went in is best where nothing is shifted; and no longer than the picture."""
    heard = noise(tmp_path / "a.wav", 3.0, rate)
    film = published(tmp_path / "fake.mp4", sound=heard, count=50).path
    assert media.probe(film).sound.seconds == pytest.approx(2.0, abs=0.03)
    was_N = np.concatenate(list(read.blocks(heard, 48_000)))[: 48_000 * 2 - 4800]
    now_N, now_rate = media.sound(film)
    assert now_rate == 48_000
    fits = {shift: np.vdot(was_N[1000:80_000], now_N[1000 + shift : 80_000 + shift]) for shift in range(-40, 41)}
    assert max(fits, key=fits.get) == 0
    left = was_N[1000:80_000] - now_N[1000:80_000]
    assert 20 * np.log10(np.std(was_N[1000:80_000]) / np.std(left)) > 10


def test_the_watermark_is_in_picture_and_sound(tmp_path):
    key = bytes(range(32))
    film = published(tmp_path / "fake.mp4", size=(256, 256), sound=noise(tmp_path / "a.wav", 6.0), count=125, key=key)
    due = watermark.payload("first", "1")
    samples_N, rate = media.sound(film.path)
    assert watermark.detect_pictures(media.frames(film.path), key).payload == due == film.payload
    assert watermark.detect_sound(samples_N[:, None], rate, key).payload == due
    assert watermark.detect_pictures(media.frames(film.path), watermark.PUBLIC) is None
    held = json.loads(provenance.sidecar(film.path).read_text())["watermark"]
    assert held == {"payload": f"{due:08x}", "key": provenance.fingerprint(key)}
    assert key.hex() not in provenance.sidecar(film.path).read_text()


def test_the_label_lies_on_top_of_the_watermark(tmp_path):
    picture = provenance.publish_picture(tmp_path / "a.png", next(scene(1, 256, 256)), lineage=LINEAGE, faces=None)
    x0, y0, x1, y1 = picture.shape.label
    seen = containers.read_still(picture.path)[y0:y1, x0:x1]
    np.testing.assert_array_equal(seen, label.patch(x1 - x0, y1 - y0))


def test_a_published_file_is_signed_and_says_the_same_everywhere(tmp_path):
    made = [
        published(tmp_path / "film.mp4"),
        provenance.publish_picture(tmp_path / "still.png", next(scene(1, 128, 96)), lineage=LINEAGE, faces=None),
        provenance.publish_sound(tmp_path / "said.wav", np.zeros((48_000, 2), np.float32), 48_000, lineage=LINEAGE),
    ]
    for card in made:
        found = provenance.read(card.path)
        assert (found.state, found.manifest) == ("Valid", card.manifest)
        assert found.study["log_head"] == LINEAGE.log_head
        tags = containers.tags(card.path)
        assert tags["title"] == "SYNTHETIC: original"
        said = json.loads(tags["comment"])
        assert {name: said[name] for name in LINEAGE.plain()} == LINEAGE.plain()
        assert provenance.card(card.path) == json.loads(json.dumps(card.plain()))
    assert "c2pa.addedText" not in provenance.read(made[2].path).actions


def test_a_published_sound_keeps_its_length_channels_and_rate(tmp_path):
    random = np.random.default_rng(0)
    samples_NC = (0.2 * random.standard_normal((22_050 * 6, 2))).astype(np.float32)
    card = provenance.publish_sound(tmp_path / "said.wav", samples_NC, 22_050, lineage=LINEAGE)
    with wave.open(str(card.path)) as file:
        assert (file.getnframes(), file.getnchannels(), file.getframerate()) == (22_050 * 6, 2, 22_050)
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2) / 32767
    assert 20 * np.log10(np.std(samples_NC) / np.std(samples_NC - pcm)) > 15
    assert watermark.detect_sound(pcm.astype(np.float32), 22_050, watermark.PUBLIC).payload == card.payload


def test_a_chain_that_cannot_sign_is_told_before_the_first_frame(tmp_path, chain):
    asked = []

    def frames() -> Iterator[np.ndarray]:
        asked.append(1)
        yield from scene(3, 128, 96)

    with pytest.raises(ConfigError, match="has expired"):
        published(tmp_path / "fake.mp4", frames=frames(), credentials=chain(begins=-9, ends=-1))
    assert not asked
    assert not list(tmp_path.glob("*fake*"))


def test_ones_own_chain_signs_the_fake(tmp_path, chain):
    own = chain("es384")
    card = published(tmp_path / "fake.mp4", credentials=own)
    assert provenance.read(card.path).signer == "leaf of a laboratory"
    assert card.signer == load(own).fingerprint


def test_cut_between_encoding_and_signing_nothing_is_left(tmp_path, monkeypatch):
    def cut(*_: object, **__: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(credential, "sign", cut)
    with pytest.raises(KeyboardInterrupt):
        published(tmp_path / "fake.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_long_clip_needs_no_more_memory_than_a_short_one(tmp_path):
    """Ten times the frames: what Python holds at the most grows by less than one frame."""
    size, frame_bytes = (640, 360), 640 * 360 * 3
    published(tmp_path / "warm.mp4", size=size, count=4)
    most = {}
    for count in (12, 120):
        tracemalloc.start()
        published(tmp_path / "fake.mp4", size=size, count=count)
        most[count] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert most[120] - most[12] < frame_bytes


def test_the_card_refuses_what_is_not_a_published_fake(tmp_path):
    plain = tmp_path / "plain.mp4"
    media.write(plain, scene(5, 64, 64), fps=25, metadata={"comment": "hello"})
    with pytest.raises(MediaError, match="no label"):
        provenance.card(plain)
    card = published(tmp_path / "fake.mp4")
    provenance.sidecar(card.path).rename(tmp_path / "elsewhere.json")
    with pytest.raises(MediaError, match="sidecar is missing"):
        provenance.card(card.path)
    (tmp_path / "elsewhere.json").rename(provenance.sidecar(card.path))
    with card.path.open("ab") as file:
        file.write(b"\0\0\0\x08free")
    with pytest.raises(MediaError, match="sha256"):
        provenance.card(card.path)


def test_a_sidecar_with_another_lineage_is_noticed(tmp_path):
    card = published(tmp_path / "fake.mp4")
    forged = dataclasses.replace(card, lineage=dataclasses.replace(LINEAGE, source="cleo")).plain()
    files.write_json(provenance.sidecar(card.path), forged)
    with pytest.raises(MediaError, match="another lineage"):
        provenance.card(card.path)


def test_no_fake_without_consent_or_with_the_claim_that_it_is_real():
    with pytest.raises(ConsentError, match="no consent record"):
        dataclasses.replace(LINEAGE, consents=())
    for head in ("", "abc", "G" * 64):
        with pytest.raises(ConsentError, match="no head of the consent log"):
            dataclasses.replace(LINEAGE, log_head=head)
    with pytest.raises(ConfigError, match="digitalCapture"):
        dataclasses.replace(LINEAGE, digital_source_type=IRI.replace(IRI.split("/")[-1], "digitalCapture"))


def test_a_failing_method_leaves_nothing(tmp_path):
    def broken() -> Iterator[np.ndarray]:
        yield from scene(5, 128, 96)
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        published(tmp_path / "fake.mp4", frames=broken())
    assert list(tmp_path.iterdir()) == []


def test_a_failing_method_leaves_the_fake_that_was_there(tmp_path):
    card = published(tmp_path / "fake.mp4")
    with pytest.raises(MediaError, match="frame 3"):
        published(tmp_path / "fake.mp4", frames=iter([*scene(3, 128, 96), np.zeros((90, 128, 3), np.uint8)]))
    assert provenance.card(card.path)["sha256"] == card.sha256


def steps(monkeypatch: pytest.MonkeyPatch, folder: Path, allowed: int) -> None:
    """Publishes over and over, with the power cut before the step after `allowed` renames and removals."""
    left = [allowed]

    def counted(original: Callable[..., object]) -> Callable[..., object]:
        def step(self: Path, *arguments: object, **options: object) -> object:
            if self.name == "fake.mp4" or ".part" in self.name:
                if left[0] == 0:
                    raise KeyboardInterrupt
                left[0] -= 1
            return original(self, *arguments, **options)

        return step

    monkeypatch.setattr(Path, "replace", counted(Path.replace))
    monkeypatch.setattr(Path, "unlink", counted(Path.unlink))
    try:
        published(folder / "fake.mp4", lineage=dataclasses.replace(LINEAGE, seed=allowed))
    except KeyboardInterrupt:
        pass
    finally:
        monkeypatch.undo()


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("allowed", range(7))
def test_cut_at_any_moment_a_fake_has_its_own_sidecar(tmp_path, monkeypatch, there, allowed):
    if there:
        published(tmp_path / "fake.mp4")
    steps(monkeypatch, tmp_path, allowed)
    if (tmp_path / "fake.mp4").exists():
        provenance.card(tmp_path / "fake.mp4")
    published(tmp_path / "fake.mp4")
    provenance.card(tmp_path / "fake.mp4")


WORK = """
import itertools, sys
from fractions import Fraction
from types import SimpleNamespace
import numpy as np
from understudy import provenance
lineage = provenance.Lineage(study="s", version="1", method="m", family="swap", source="a", driver="b", clip="c",
    seed=0, run=None, consents=("r",), log_head="0" * 64, inputs={}, digital_source_type=sys.argv[2])
frame = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
film = SimpleNamespace(fps=Fraction(25), width=320, height=240)
provenance.publish(sys.argv[1], itertools.repeat(frame), probe=film, sound=None, lineage=lineage, faces=None)
"""


def test_kill_while_publishing_leaves_no_fake(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", WORK, str(tmp_path / "fake.mp4"), IRI])
    deadline = time.monotonic() + 30
    while not any(part.stat().st_size > 20_000 for part in tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert all(path.name.startswith(".") and ".part" in path.name for path in tmp_path.iterdir())
    neighbour = tmp_path / ".fake.b.0123abcd.part.mp4"
    neighbour.touch()
    card = published(tmp_path / "fake.mp4")
    assert {path.name for path in tmp_path.iterdir()} == {card.path.name, "fake.mp4.json", neighbour.name}
