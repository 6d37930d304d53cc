"""Lip-sync errors: shifts that were put in are found, shuffled sound is far off, and no two experts share a name."""

import json
from pathlib import Path
from typing import Any

import metric_stage as stage
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy import lips, media, metrics, speech
from understudy.errors import CheckpointError
from understudy.learning import save_weights
from understudy.lips import SyncNet
from understudy.media.wav import write_wav
from understudy.metrics import Row, lipsync
from understudy.metrics.lipsync import REACH, apart, told

FPS, FRAMES, SIZE, RATE = 25, 75, 128, 16000


def paths(count: int, seed: int = 0) -> NDArray[np.floating]:
    """A wandering unit vector (count, 8)."""
    steps = np.random.default_rng(seed).normal(size=(count + 8, 8))
    walk = sum(steps[k : k + count] for k in range(8))
    return np.asarray(walk / np.linalg.norm(walk, axis=1, keepdims=True))


@pytest.mark.parametrize("late", [-7, -1, 0, 3, 15, -15])
def test_lips_that_are_late_by_frames_are_found_to_be_so(late: int) -> None:
    heard = paths(FRAMES * 16 // 5 + 200)
    times = np.arange(FRAMES) / FPS
    # The lips at t are those of the sound `late` frames before.
    at = np.floor((times - late / FPS) * speech.MEL_RATE + 1e-6).astype(int)
    inside = (at >= 0) & (at < len(heard))
    distances = apart(heard[at[inside]], times[inside], heard)
    least, confidence, offset = told(distances)
    assert least == pytest.approx(0, abs=1e-9)
    assert confidence > 0.5
    if abs(late) < REACH:
        assert offset == pytest.approx(40 * late, abs=12)
    else:
        assert np.isnan(offset)  # the best shift may lie further out


def test_lips_of_other_words_have_no_best_shift_to_speak_of() -> None:
    times = np.arange(200) / FPS
    other = told(apart(paths(200, seed=1), times, paths(900)))
    same = paths(900)
    own = told(apart(same[np.floor(times * 80 + 1e-6).astype(int)], times, same))
    assert other[0] > 10 * own[0] + 0.5
    assert own[1] > 3 * other[1]


def test_the_distance_of_vectors_at_right_angles_is_the_root_of_two() -> None:
    lips, sound = np.tile(np.eye(1, 4), (60, 1)), np.tile(np.eye(2, 4)[1], (400, 1))
    distances = apart(lips, np.arange(60) / FPS, sound)
    assert distances == pytest.approx(np.full(2 * REACH + 1, np.sqrt(2)))
    assert told(distances)[1] == pytest.approx(0)


def test_shifts_of_which_a_clip_has_too_few_windows_have_no_value() -> None:
    distances = apart(paths(16), np.arange(16) / FPS, paths(52))
    assert np.isfinite(distances[REACH])
    assert np.isnan(distances[[0, -1]]).all()
    assert np.isnan(told(np.full(2 * REACH + 1, np.nan))).all()


class Ear(torch.nn.Module):
    """Sees how blue a face is in five frames and hears how loud five stretches are: alike when the two go together."""

    def see(self, faces_N154896: Tensor) -> Tensor:
        assert faces_N154896.shape[1:] == (15, 48, 96)
        return self._unit(faces_N154896[:, ::3, 12:36, 24:72].mean(dim=(2, 3)))

    def hear(self, mels_N18016: Tensor) -> Tensor:
        assert mels_N18016.shape[1:] == (1, 80, 16)
        loud = mels_N18016[:, 0].mean(dim=1)
        return self._unit(torch.stack([loud[:, round(3.2 * k) : round(3.2 * k) + 3].mean(dim=1) for k in range(5)], 1))

    def _unit(self, values_N5: Tensor) -> Tensor:
        return torch.nn.functional.normalize(values_N5 - values_N5.mean(dim=1, keepdim=True), dim=1)


def loudness(t: NDArray[np.floating]) -> NDArray[np.floating]:
    """Of irregular syllables, in (0, 1)."""
    rng = np.random.default_rng(4)
    at, wide = np.cumsum(rng.uniform(0.12, 0.4, 40)) - 2, rng.uniform(0.04, 0.09, 40)
    return 0.05 + 0.9 * np.exp(-0.5 * ((t[:, None] - at) / wide) ** 2).max(axis=1)


def talking(path: Path, *, lips_late: float = 0.0, fps: int = FPS) -> Path:
    """A drawn face, whose blue is how loud its sound is, `lips_late` seconds after it."""
    t = np.arange(3 * RATE) / RATE
    noise = np.random.default_rng(1).normal(size=len(t)) * 10 ** (-2.5 * (1 - loudness(t)))
    wav = path.with_suffix(".wav")
    write_wav(wav, (0.2 * noise).astype(np.float32), RATE)

    def frame(number: int) -> NDArray[np.uint8]:
        image = np.full((SIZE, SIZE, 3), (40, 60, 30), np.uint8)
        gape = loudness(np.array([number / fps - lips_late]))[0]
        image[30:94, 30:94] = (230, 120, round(40 + 180 * gape))
        return image

    media.write(path, map(frame, range(3 * fps)), fps=fps, sound=wav, crf=4)
    return path


def judged(monkeypatch: pytest.MonkeyPatch, fake: Path, **case: Any) -> dict[str, Row]:
    """What a made-up expert says of a drawn clip, by short names."""
    monkeypatch.setattr(lipsync, "expert", lambda path: (Ear(), lipsync.OWN))
    fps = float(media.probe(fake).fps)
    given = {"fake": fake, "fps": fps, "family": "lipsync", "networks": {"syncnet": Path("x")}, **case}
    spots = stage.Spots()
    moments = []
    for frame_HWC in media.frames(fake):
        [seen] = spots.step(frame_HWC)
        moments.append(stage.moment(seen.landmarks_682))
    return {name.split(" by ")[0]: row for name, row in stage.run("lipsync", moments, **given).items()}


@pytest.mark.parametrize(("late", "fps"), [(0.0, 25), (0.08, 25), (-0.12, 25), (0.06, 50), (-0.1, 30)])
def test_a_clip_whose_lips_are_late_is_found_to_be_so_at_any_rate(
    late: float, fps: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = judged(monkeypatch, talking(tmp_path / "fake.mp4", lips_late=late, fps=fps))
    assert found["offset"].value == pytest.approx(1000 * late, abs=20)
    assert found["LSE-C"].value > 0.3
    assert found["LSE-D"].n == pytest.approx(3 * fps, abs=fps * 0.2 + 1)


def test_a_shuffled_sound_is_told_from_the_clips_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = talking(tmp_path / "fake.mp4")
    own = judged(monkeypatch, fake)
    write_wav(tmp_path / "other.wav", speech.shuffled(speech.read(fake), 3), RATE)
    shuffled = judged(monkeypatch, fake, sound=tmp_path / "other.wav")
    assert own["LSE-D"].value < 0.6 * shuffled["LSE-D"].value
    assert own["LSE-C"].value > 1.5 * shuffled["LSE-C"].value


def test_a_stream_is_judged_as_a_clip_in_memory_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = talking(tmp_path / "fake.mp4", lips_late=0.08)
    found = judged(monkeypatch, fake)
    frames = list(media.frames(fake))
    boxes_T4 = lips.boxes(np.stack([stage.Spots().step(frame)[0].landmarks_682 for frame in frames]), FPS)
    faces = np.stack([lips.face(frame, box_4) for frame, box_4 in zip(frames, boxes_T4, strict=True)])
    ear = Ear()
    ear.place = torch.nn.Parameter(torch.zeros(1))
    whole = lips.by_expert(ear, faces, speech.mel(speech.read(fake)), FPS)
    assert found["LSE-D"].value == pytest.approx(whole.distance, abs=1e-5)
    assert found["LSE-C"].value == pytest.approx(whole.confidence, abs=1e-5)
    assert found["offset"].value == pytest.approx(1000 * whole.seconds, abs=0.01)


def test_silence_and_frames_without_a_face_have_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = talking(tmp_path / "fake.mp4")
    write_wav(tmp_path / "silence.wav", np.zeros(3 * RATE, np.float32), RATE)
    silent = judged(monkeypatch, fake, sound=tmp_path / "silence.wav")
    assert all(np.isnan(row.value) and row.n == 0 for row in silent.values())
    given = {"fake": fake, "networks": {"syncnet": Path("x")}}
    faceless = stage.run("lipsync", [stage.moment(None) for _ in range(3 * FPS)], **given)
    assert all(np.isnan(row.value) and row.n == 0 for row in faceless.values())


def test_experts_are_told_apart_by_the_names_of_what_they_say(tmp_path: Path) -> None:
    network = SyncNet(width=0.05)
    own, adopted = tmp_path / "own.safetensors", tmp_path / "adopted.safetensors"
    save_weights(own, network, {"architecture": network.architecture})
    save_weights(adopted, network, {"architecture": network.architecture, "adopted": {"name": "lipsync_expert"}})
    published = tmp_path / "lipsync_expert.pth"
    torch.manual_seed(0)
    state = {f"module.{name}": weights for name, weights in SyncNet().state_dict().items()}
    torch.save({"state_dict": state, "optimizer": {}, "global_step": 1, "global_epoch": 1}, published)
    assert [lipsync.expert(path)[1] for path in (own, adopted, published)] == [
        "own expert", "published expert", "published expert",
    ]  # fmt: skip
    made, _ = lipsync.expert(published)
    assert not made.training
    torch.testing.assert_close(made.state_dict()["audio_encoder.0.conv_block.0.weight"],
                               state["module.audio_encoder.0.conv_block.0.weight"])  # fmt: skip
    names = [{quantity.name for quantity in lipsync.quantities(by)} for by in ("own expert", "published expert")]
    assert not names[0] & names[1]
    assert names[0] | names[1] <= set(metrics.MEANING)


@pytest.mark.parametrize("content", [b"", b"not a network", json.dumps({"a": 1}).encode()])
def test_a_file_that_is_no_expert_is_refused(content: bytes, tmp_path: Path) -> None:
    for name in ("expert.pth", "expert.safetensors"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(CheckpointError, match="expert"):
            lipsync.expert(tmp_path / name)


def test_without_a_network_or_a_sound_there_is_nothing_to_measure(tmp_path: Path) -> None:
    assert metrics.metric("lipsync").meter(stage.NOWHERE) is None
    mute = tmp_path / "mute.mp4"
    media.write(mute, iter([stage.GREY.repeat(4, 0).repeat(4, 1)] * 5), fps=25, sound=None)
    case = stage.replace(stage.NOWHERE, fake=mute, networks={"syncnet": Path("x")})
    assert metrics.metric("lipsync").meter(case) is None
