"""Wav2Lip is the authors' network, and its boxes and pictures are placed as theirs: the same keys, the same numbers."""

import json
import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from understudy import speech
from understudy.errors import FaceError
from understudy.methods.wav2lip import boxes, compositing
from understudy.methods.wav2lip.network import Architecture, Judge, Wav2Lip

from .animation_footage import face, faceset
from .wav2lip_weights import fill

LEVELS = [f"{part}{number}" for part in ("enc", "dec") for number in range(7)]
CALLS = ["pred", "pred_5d_t01", "pred_single", "audio_embedding", "disc_qual", *LEVELS]
RECORDED = [
    0.980092, 0.925446, 0.991538, 0.948206, 0.929059, 0.842473, 0.323904, 0.384895, 0.41516, 0.310907, 0.515257,
    0.56518, 0.053781, 0.112384, 0.068501, 0.082274, 0.295059, 0.12045, 0.971269, 0.951266, 0.991799, 0.958545,
    0.91562, 0.830811, 0.378263, 0.398365, 0.411333, 0.460962, 0.573844, 0.489759, 0.134538, 0.128196, 0.037002,
    0.105876, 0.290632, 0.090882,
]  # fmt: skip
JUDGED = [0.019212, -0.015507]
BOXES = boxes.Boxes(top=0.0, bottom=10.0, left=0.0, right=0.0, rise=0.15, steady=0.25)
CARD = {"width": 200, "height": 200, "fps": 25.0}


# --- the networks


@pytest.fixture(scope="module")
def golden(shared: Path) -> Any:
    """The authors' numbers."""
    return np.load(shared / "golden/wav2lip.npz")


@pytest.fixture(scope="module")
def told(shared: Path) -> dict[str, Any]:
    """What the authors' numbers are of, and how near ours must come."""
    return json.loads((shared / "golden/wav2lip.json").read_text())


@pytest.fixture(scope="module")
def made(shared: Path, golden: Any) -> dict[str, Tensor]:
    filled = runpy.run_path(str(shared / "golden/fill_rule.py"))["fill_torch"]
    network, judge = filled("wav2lip", Wav2Lip().eval()), filled("wav2lip_disc", Judge().eval())
    hidden = golden["in_faces_bgr"].copy()
    hidden[:, 48:] = 0
    pictures = np.concatenate([hidden, golden["in_faces_bgr"]], axis=3).transpose(0, 3, 1, 2)
    return outputs(network, judge, torch.from_numpy(golden["in_mels"])[:, None], torch.from_numpy(pictures) / 255)


def outputs(network: Wav2Lip, judge: Judge, mels: Tensor, faces: Tensor) -> dict[str, Tensor]:
    """What the reference holds, by its names."""

    def part(maps: Tensor) -> Tensor:
        return maps[:2, :8] if maps.shape[-1] > 1 else maps.flatten(1)

    clip = faces.transpose(0, 1)[None]
    with torch.inference_mode():
        heard, seen = network.hear(mels), network.see(faces)
        found = {
            "pred": network(mels, faces),
            "pred_5d_t01": network(mels[None], clip)[0, :, :2],
            "pred_single": network(mels[2:3], faces[2:3])[0],
            "audio_embedding": heard.flatten(1),
            "disc_qual": judge(clip[:, 3:]),
        }
        x = heard
        for number, maps in enumerate(seen):
            found[f"enc{number}"] = part(maps)
        for number, block in enumerate(network.face_decoder_blocks):
            x = block(x)
            found[f"dec{number}"] = part(x)
            x = torch.cat([x, seen[6 - number]], dim=1)
    return found


@pytest.mark.parametrize("name", CALLS)
def test_the_networks_give_the_authors_numbers(told: dict[str, Any], golden: Any, made: dict[str, Tensor], name: str):
    apart = np.abs(made[name].numpy().astype(np.float64) - golden[f"out_{name}"])
    assert apart.shape == tuple(told["tensors"][name]["shape"])
    assert apart.max() <= told["tensors"][name]["tol_max"]
    assert apart.mean() <= told["tensors"][name]["tol_mean"]


def test_keys_and_shapes_are_the_published_ones(told: dict[str, Any]):
    for name, network, count in (("wav2lip", Wav2Lip(), 352), ("disc_qual", Judge(), 28)):
        state = network.state_dict().items()
        own = [[key, [*value.shape], str(value.dtype).removeprefix("torch.")] for key, value in state]
        assert own == told["state_dict"][name]
        assert len(own) == count
        assert sum(each.numel() for each in network.parameters()) == told["params"][name]


def test_the_networks_draw_what_they_drew():
    """Recorded when every tensor of the authors' reference was met; for machines that do not have that."""
    network, judge = fill(Wav2Lip()), fill(Judge())
    generator = np.random.default_rng(0)
    faces = torch.from_numpy(generator.random((2, 6, 96, 96), np.float32))
    mels = torch.from_numpy(generator.uniform(-4, 4, (2, 1, 80, 16)).astype(np.float32))
    with torch.inference_mode():
        drawn, judged = network(mels, faces), judge.logits(faces[:, :3].transpose(0, 1)[None])
    np.testing.assert_allclose(drawn[:, :, 10::40, 20::50].flatten(), RECORDED, atol=2e-5)
    np.testing.assert_allclose(judged.flatten(), JUDGED, atol=2e-5)


def test_a_narrow_network_has_the_same_layers_and_clips_are_their_frames():
    narrow = Wav2Lip(Architecture(width=0.25, judge=True)).eval()
    assert set(Wav2Lip().state_dict()) < set(narrow.state_dict())
    assert narrow.face_decoder_blocks[6][2].conv_block[0].weight.shape[0] == 16
    mels, faces = torch.rand(2, 3, 1, 80, 16), torch.rand(2, 6, 3, 96, 96)
    with torch.inference_mode():
        clips = narrow(mels, faces)
        for clip in range(2):
            for frame in range(3):
                alone = narrow(mels[clip, frame][None], faces[clip, :, frame][None])
                torch.testing.assert_close(clips[clip, :, frame], alone[0], atol=1e-5, rtol=1e-4)


def test_no_parameter_is_minimised_twice_or_forgotten():
    network = Wav2Lip(Architecture(width=0.25, judge=True))
    parts = network.parts()
    assert set(parts) == {"loss", "judge"}
    together = [id(each) for part in parts.values() for each in part]
    assert sorted(together) == sorted(id(each) for each in network.parameters())
    assert set(Wav2Lip(Architecture(width=0.25, judge=False)).parts()) == {"loss"}


# --- what the networks are given, and where their pictures go


def test_speech_is_heard_as_the_authors_hear_it(told: dict[str, Any], golden: Any):
    heard = speech.mel(golden["in_wave_int16"] / 32768)
    for name, own in (("mel_reflect", heard), ("mel_basis", speech.filters()[::4])):
        apart = np.abs(own - golden[f"out_{name}"])
        assert apart.max() <= told["tensors"][name]["tol_max"]
        assert apart.mean() <= told["tensors"][name]["tol_mean"]
    for fps in ("25.0", "30.0", "24.0", "29.97"):
        own = speech.starts(heard.shape[1], float(fps))
        np.testing.assert_array_equal(own, golden[f"out_chunk_starts_fps{fps}"])


def test_boxes_ahead_are_the_authors(golden: Any):
    np.testing.assert_array_equal(boxes.ahead(golden["in_boxes_x1y1x2y2"]), golden["out_boxes_smoothed"])


def test_a_hard_paste_is_the_authors(golden: Any, made: dict[str, Tensor]):
    box, frame = np.array([31, 20, 118, 133]), golden["in_frame_bgr"].copy()
    taken = compositing.taken(frame[..., ::-1], box, 96, "hard")
    np.testing.assert_array_equal(taken, golden["out_face_resized_uint8"])
    drawn = compositing.pictures(torch.from_numpy(golden["out_pred"]))[0]
    changed = compositing.put(frame, drawn, box, "hard")
    np.testing.assert_array_equal(frame, golden["out_composite_uint8"])
    assert changed.sum() == 87 * 113
    ours = compositing.put(golden["in_frame_bgr"].copy(), compositing.pictures(made["pred"])[0], box, "hard")
    assert ours.sum() == 87 * 113


def track(count: int, step: float = 0.0, opened: float = 0.0) -> np.ndarray:
    """Landmarks of a face 60 pixels wide that moves to the right by `step` pixels a frame and opens its mouth."""
    points = np.repeat(60 * face()[None] + [100, 120], count, axis=0)
    points[..., 0] += step * np.arange(count)[:, None]
    points[:, 4:13, 1] += opened * np.abs(np.sin(0.4 * np.arange(count)))[:, None]
    return points


def placed(points: np.ndarray, smoothing: boxes.Smoothing = "steady") -> np.ndarray:
    return boxes.placed(replace(faceset(points), card=CARD), BOXES, smoothing)


def test_a_steady_box_stays_with_a_face_that_moves_and_one_ahead_runs_before_it():
    still, moving = placed(track(30)), placed(track(30, 2))
    np.testing.assert_allclose(moving[:, 0] - still[:, 0], 2 * np.arange(30), atol=1)
    moving = placed(track(30, 2), "ahead")
    np.testing.assert_allclose((moving - placed(track(30), "ahead"))[3:24, 0], 2 * np.arange(3, 24) + 4, atol=1)


def test_a_steady_box_tells_nothing_of_the_jaw_and_one_ahead_does():
    assert np.ptp(placed(track(40, opened=8))[10:-10, 3]) <= 1
    assert np.ptp(placed(track(40, opened=8), "ahead")[10:-10, 3]) >= 3


def test_boxes_stay_within_the_frame():
    found = placed(track(5) - np.array([90, 110]))
    assert (found[:, :2] == 0).all()
    assert (found[:, 2:] > 20).all()
    gone = boxes.within(np.array([[-50.0, 0, -10, 40], [np.nan] * 4, [10, 10, 50, 50]]), 200, 200)
    np.testing.assert_array_equal(gone, [[0] * 4, [0] * 4, [10, 10, 50, 50]])


def test_a_face_that_is_away_is_bridged_and_one_that_is_gone_is_left_alone():
    points = track(80, 0.5)
    whole = placed(points)
    points[[0, 1, 5, 6, 7, 8]] = np.nan
    np.testing.assert_allclose(placed(points), whole, atol=2)
    points[20:60] = np.nan
    held = placed(points)
    assert not held[20:60].any()
    assert held[:20, 2].all()
    assert held[60:, 2].all()
    with pytest.raises(FaceError, match="no face was found in any frame"):
        placed(np.full((9, 68, 2), np.nan))


@pytest.mark.parametrize("blend", ["hard", "box", "lower"])
def test_what_is_put_back_is_the_frame_where_it_says_so_and_the_face_in_the_middle_of_the_mouth(blend):
    frame, face = np.full((120, 160, 3), 50, np.uint8), np.full((96, 96, 3), 200, np.uint8)
    box = np.array([40, 20, 130, 110])
    out = frame.copy()
    changed = compositing.put(out, face, box, blend)
    assert (out[~changed] == 50).all()
    assert (out[85:95, 70:100] == 200).all()
    outside = [changed[:20], changed[110:], changed[:, :40], changed[:, 130:]]
    assert not any(part.any() for part in outside)
    if blend == "lower":
        assert (out[: 20 + 36] == 50).all()
    if blend != "hard":
        steps = np.abs(np.diff(out.astype(int), axis=0)).max(), np.abs(np.diff(out.astype(int), axis=1)).max()
        assert max(steps) < 50  # no seam


def test_a_face_put_back_as_it_was_taken_changes_little(golden: Any):
    frame, box = golden["in_frame_bgr"], np.array([31, 20, 118, 133])
    for blend in ("box", "lower"):
        out = frame.copy()
        compositing.put(out, compositing.taken(frame, box, 96, blend)[..., ::-1], box, blend)
        assert np.abs(out.astype(int) - frame).max() < 12


def test_pictures_are_cut_to_bytes_as_published():
    drawn = torch.tensor([0.0, 0.9999, 0.5, 1.0]).view(1, 1, 2, 2).expand(1, 3, 2, 2)
    np.testing.assert_array_equal(compositing.pictures(drawn)[0, ..., 0], [[0, 254], [127, 255]])
