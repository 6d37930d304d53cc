"""A published fake says what it is, in its pixels, in its metadata and beside it; or it is not there."""

import dataclasses
import itertools
import json
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from understudy import files, media, provenance
from understudy.errors import ConfigError, ConsentError, MediaError
from understudy.provenance import label, publishing

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
    x0, y0, x1, y1 = card.label
    due = label.patch(x1 - x0, y1 - y0)[..., 0].astype(float)
    for read, frame in zip(media.frames(card.path), scene(8, *size), strict=True):
        seen = read[y0:y1, x0:x1].mean(axis=2)
        assert np.corrcoef(seen.ravel(), due.ravel())[0, 1] > 0.95
        bare = frame[y0:y1, x0:x1].mean(axis=2)
        assert np.corrcoef(bare.ravel(), due.ravel())[0, 1] < 0.5


def test_the_rest_of_the_picture_and_the_callers_frames_stay(tmp_path):
    frames = list(scene(4, 128, 96))
    copies = [frame.copy() for frame in frames]
    card = published(tmp_path / "fake.mp4", frames=iter(frames), crf=1)
    x0, y0, x1, y1 = card.label
    for frame, copy, read in zip(frames, copies, media.frames(card.path), strict=True):
        np.testing.assert_array_equal(frame, copy)
        read[y0 - 4 : y1 + 4, x0 - 4 : x1 + 4] = copy[y0 - 4 : y1 + 4, x0 - 4 : x1 + 4]
        assert np.abs(read.astype(int) - copy).mean() < 4


def test_inspect_reads_back_what_was_published(tmp_path):
    card = published(tmp_path / "né fake.mp4")
    found = provenance.inspect(card.path)
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


def test_publishing_again_gives_the_same_bytes(tmp_path):
    first = published(tmp_path / "fake.mp4")
    before = first.path.read_bytes(), provenance.sidecar(first.path).read_bytes()
    second = published(tmp_path / "fake.mp4")
    assert (second.path.read_bytes(), provenance.sidecar(second.path).read_bytes()) == before
    assert first == second


def test_sound_goes_along(tmp_path):
    rate = 16_000
    tone = (8000 * np.sin(np.arange(rate) / 5)).astype("<i2")
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(tone.tobytes())
    card = published(tmp_path / "fake.mp4", sound=tmp_path / "a.wav")
    assert media.probe(card.path).sound.seconds == pytest.approx(0.32, abs=0.03)


def test_inspect_refuses_what_is_not_a_published_fake(tmp_path):
    plain = tmp_path / "plain.mp4"
    media.write(plain, scene(5, 64, 64), fps=25, metadata={"comment": "hello"})
    with pytest.raises(MediaError, match="no label"):
        provenance.inspect(plain)
    card = published(tmp_path / "fake.mp4")
    provenance.sidecar(card.path).rename(tmp_path / "elsewhere.json")
    with pytest.raises(MediaError, match="sidecar is missing"):
        provenance.inspect(card.path)
    (tmp_path / "elsewhere.json").rename(provenance.sidecar(card.path))
    with card.path.open("ab") as file:
        file.write(b"\0\0\0\x08free")
    with pytest.raises(MediaError, match="sha256"):
        provenance.inspect(card.path)


def test_a_sidecar_with_another_lineage_is_noticed(tmp_path):
    card = published(tmp_path / "fake.mp4")
    forged = dataclasses.replace(card, lineage=dataclasses.replace(LINEAGE, source="cleo")).plain()
    files.write_json(provenance.sidecar(card.path), forged)
    with pytest.raises(MediaError, match="another lineage"):
        provenance.inspect(card.path)


def test_no_fake_without_consent_or_with_the_claim_that_it_is_real():
    with pytest.raises(ConsentError, match="no consent record"):
        dataclasses.replace(LINEAGE, consents=())
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
    assert provenance.inspect(card.path)["sha256"] == card.sha256


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
        provenance.inspect(tmp_path / "fake.mp4")
    published(tmp_path / "fake.mp4")
    provenance.inspect(tmp_path / "fake.mp4")


WORK = """
import itertools, sys
from fractions import Fraction
from types import SimpleNamespace
import numpy as np
from understudy import provenance
lineage = provenance.Lineage(study="s", version="1", method="m", family="swap", source="a", driver="b", clip="c",
    seed=0, run=None, consents=("r",), inputs={}, digital_source_type=sys.argv[2])
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


def test_drawing_is_quick():
    film = SimpleNamespace(fps=Fraction(25), width=1280, height=720)
    frames = itertools.repeat(np.zeros((720, 1280, 3), np.uint8), 300)
    stream = publishing._labelled(Path("x.mp4"), frames, film, provenance.label_box(1280, 720))
    next(stream)
    begun = time.process_time()
    count = sum(1 for _ in stream)
    assert (time.process_time() - begun) / count < 0.3e-3
