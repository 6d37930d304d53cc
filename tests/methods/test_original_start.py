"""What a training begins with: a pretraining on many, the start that is shipped, and what each is refused for."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
import yaml

from understudy import cast, files, settings
from understudy.errors import CheckpointError, ConfigError
from understudy.faces import align, masks
from understudy.learning import Run
from understudy.learning.weights import describe, read_tensors
from understudy.methods import Footage, original
from understudy.methods._faces import drawing, pool, space
from understudy.methods.original import shipping
from understudy.methods.original.network import Architecture, Original
from understudy.methods.original.start import SHIPPED, Everybody, described

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = "weights.safetensors"
CPU = torch.device("cpu")
SMALL = original.PRESETS["original-small"]()
TINY = replace(
    SMALL,
    width=1 / 16,
    size=32,
    learning=replace(SMALL.learning, steps=4, batch=2, warmup=0, preview_every=0, snapshot_every=0),
)


def footage(subject: str, seed: int) -> Footage:
    """Faces in places and colours of their own, all of the mean face's shape."""
    generator = np.random.default_rng(seed)
    angle = np.linspace(0, np.pi, 17)
    jaw = np.column_stack([0.5 - 0.75 * np.cos(angle), 0.3 + 0.95 * np.sin(angle)])
    shape, skin = np.concatenate([jaw, align.MEAN_51]), tuple(int(c) for c in generator.integers(90, 220, 3))
    crops, points, matrices = [], [], []
    for _ in range(6):
        placed = (shape - 0.5) * generator.uniform(50, 60) + generator.uniform(74, 86, 2)
        frame = np.full((160, 160, 3), 90, np.uint8)
        for part, colour in ((slice(0, 27), skin), (slice(36, 42), (20, 60, 200)), (slice(42, 48), (20, 60, 200))):
            ring = cv2.convexHull(np.rint(placed[part] * 16).astype(np.int32))
            cv2.fillConvexPoly(frame, ring, colour, lineType=cv2.LINE_AA, shift=4)
        matrix = align.align(placed, 128, "full")
        crops.append(align.crop(frame, matrix, 128))
        points.append(placed)
        matrices.append(matrix)
    faceset = SimpleNamespace(
        crops_NHWC=np.stack(crops),
        landmarks_N682=np.array(points),
        matrices_N23=np.stack(matrices),
        size=128,
        coverage="full",
        height=160,
    )
    return Footage(subject, (faceset,), ())


NAMES = ("ada", "bruno", "greta", "hugo")
CROWD = [footage(name, number) for number, name in enumerate(NAMES)]
PAIR = [footage("clara", 10), footage("elsa", 11)]


def run(folder: Path, **keys) -> Run:
    return Run(folder=folder, seed=1, device=CPU, consents=("c-1",), code="abc", **keys)


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pretrained")
    original.pretrain(CROWD, TINY, run(folder))
    return folder


def test_a_pretraining_leaves_one_encoder_and_one_decoder_learned_of_everybody(pretrained):
    tensors, description = read_tensors(pretrained / "weights.safetensors")
    assert {name.split(".")[0] for name in tensors} == {"encoder", "decoder"}
    assert description["subjects"] == list(NAMES)
    assert description["architecture"] == described(TINY)
    card = files.read_json(pretrained / "card.json")
    assert (card["images"], card["consents"]) == (4 * 2 * 2, ["c-1"])  # two subjects a step


def test_every_subject_enters_and_a_step_costs_what_a_pairs_does(pretrained, tmp_path):
    again = tmp_path / "again"
    original.pretrain(CROWD, TINY, run(again))
    assert (again / "weights.safetensors").read_bytes() == (pretrained / "weights.safetensors").read_bytes()
    without = tmp_path / "without"
    original.pretrain(CROWD[:3], TINY, run(without))
    assert describe(without / "weights.safetensors")["subjects"] == list(NAMES[:3])
    one, other = (read_tensors(folder / "weights.safetensors")[0] for folder in (pretrained, without))
    assert not all(torch.equal(one[name], other[name]) for name in one)


def test_nobody_can_be_pretrained_on_alone(tmp_path):
    with pytest.raises(ConfigError, match="was given 1"):
        original.pretrain(CROWD[:1], TINY, run(tmp_path))


def test_both_sides_begin_from_what_was_pretrained(pretrained, tmp_path):
    still = replace(TINY, start="trained", learning=replace(TINY.learning, steps=1, rate=1e-30))
    network = original.train(PAIR, still, run(tmp_path, pretrained=pretrained / WEIGHTS))
    begun = read_tensors(pretrained / "weights.safetensors")[0]
    for name, part in (
        ("encoder", network.encoder),
        ("decoder", network.decoders[0]),
        ("decoder", network.decoders[1]),
    ):
        for key, value in part.state_dict().items():
            torch.testing.assert_close(value, begun[f"{name}.{key}"])
    assert original.load(tmp_path, CPU).subjects == ("clara", "elsa")  # a run like any other
    told = files.read_json(tmp_path / "card.json")["pretrained"]
    assert files.sha256(pretrained / WEIGHTS) in str(told)


def test_nothing_stays_the_beginning_unless_another_is_asked_for(pretrained, tmp_path):
    once, again = tmp_path / "once", tmp_path / "again"
    original.train(PAIR, TINY, run(once))
    original.train(PAIR, TINY, run(again, pretrained=pretrained / WEIGHTS))
    assert files.read_json(again / "card.json")["pretrained"] is None
    assert (once / "weights.safetensors").read_bytes() == (again / "weights.safetensors").read_bytes()
    assert not original.pretrains(TINY)
    assert original.pretrains(replace(TINY, start="trained"))


def test_a_pretraining_that_is_not_there_or_another_networks_is_refused(pretrained, tmp_path):
    with pytest.raises(ConfigError, match=r"start: trained.*nothing was pretrained"):
        original.train(PAIR, replace(TINY, start="trained"), run(tmp_path))
    wider = replace(TINY, width=0.125, start="trained")
    with pytest.raises(CheckpointError, match=r"width is 0\.0625 there, 0\.125 here"):
        original.train(PAIR, wider, run(tmp_path, pretrained=pretrained / WEIGHTS))
    with pytest.raises(CheckpointError, match="tone is canonical there, kept here"):
        original.train(
            PAIR, replace(TINY, tone="kept", start="trained"), run(tmp_path, pretrained=pretrained / WEIGHTS)
        )
    original.train(PAIR, TINY, run(tmp_path / "pair"))
    with pytest.raises(CheckpointError, match="network is original there"):
        original.train(PAIR, replace(TINY, start="trained"), run(tmp_path, pretrained=tmp_path / "pair" / WEIGHTS))


def test_a_run_begun_from_a_pretraining_does_not_go_on_from_chance(pretrained, tmp_path):
    """The snapshot of one beginning is refused by the other."""
    halted = replace(TINY, learning=replace(TINY.learning, snapshot_every=2))
    asked = iter([None, "consent ended"])
    with pytest.raises(Exception, match="consent ended"):
        original.train(PAIR, halted, run(tmp_path, allowed=lambda: next(asked, "consent ended")))
    with pytest.raises(CheckpointError, match="pretrained"):
        original.train(PAIR, replace(halted, start="trained"), run(tmp_path, pretrained=pretrained / WEIGHTS))


# --- what is shipped


def test_shipping_halves_a_pretraining_and_writes_its_card(pretrained, tmp_path):
    out = shipping.ship(pretrained, tmp_path / "start.safetensors")
    halves, description = read_tensors(out)
    whole, _ = read_tensors(pretrained / "weights.safetensors")
    assert all(tensor.dtype == torch.float16 for tensor in halves.values())
    for name, tensor in whole.items():
        torch.testing.assert_close(halves[name].float(), tensor, rtol=1e-3, atol=1e-6)
    assert description["architecture"] == described(TINY)
    card = " ".join((tmp_path / "START.md").read_text().split())
    for fact in ("ada, bruno, greta and hugo", "c-1", "4 steps", files.sha256(out), "pretraining.yaml"):
        assert fact in card, fact
    shipping.note_benefit("a\ntable", tmp_path / "START.md")
    shipping.note_benefit("another", tmp_path / "START.md")
    noted = (tmp_path / "START.md").read_text()
    assert noted.endswith(f"{shipping.BENEFIT}\n\nanother\n")
    assert noted.count(shipping.BENEFIT) == 1
    assert "a\ntable" not in noted


def test_what_is_no_pretraining_or_too_large_is_not_shipped(pretrained, tmp_path, monkeypatch):
    original.train(PAIR, TINY, run(tmp_path / "pair"))
    with pytest.raises(CheckpointError, match="no pretraining"):
        shipping.ship(tmp_path / "pair", tmp_path / "start.safetensors")
    monkeypatch.setattr(shipping, "MOST", 1000)
    with pytest.raises(CheckpointError, match="are the most"):
        shipping.ship(pretrained, tmp_path / "start.safetensors")


def test_the_shipped_start_is_small_and_its_card_is_of_it():
    assert SHIPPED.stat().st_size <= 3e6
    card = shipping.CARD.read_text(encoding="utf-8")
    assert files.sha256(SHIPPED) in card
    assert "Not measured" not in card
    described_there = describe(SHIPPED)
    manifest = yaml.safe_load((ROOT / "config/cast/pretraining.yaml").read_text(encoding="utf-8"))["clips"]
    assert list(dict.fromkeys(clip["subject"] for clip in manifest)) == described_there["subjects"]
    assert {clip["sha256"] for clip in manifest} == {cast.digest(*clip["path"][5:].split("/")) for clip in manifest}
    assert all(consent in card for consent in described_there["consents"])
    assert len(described_there["consents"]) == len(described_there["subjects"])


def test_whom_the_shipped_start_knows_is_in_no_study_of_ours():
    known = set(describe(SHIPPED)["subjects"])
    for study in (ROOT / "config").glob("*.yaml"):
        pairs = yaml.safe_load(study.read_text(encoding="utf-8")).get("pairs", [])
        assert not known & {pair[side] for pair in pairs for side in ("source", "driver")}, study


def test_the_default_network_begins_from_what_is_shipped(tmp_path):
    config = replace(SMALL, start="shipped", learning=replace(TINY.learning, steps=1, rate=1e-30))
    network = original.train(PAIR, config, run(tmp_path))
    halves, _ = read_tensors(SHIPPED)
    for side in (0, 1):
        for key, value in network.decoders[side].state_dict().items():
            torch.testing.assert_close(value, halves[f"decoder.{key}"].float())
    chance = Original(Architecture(width=0.125, size=64, mask=True))
    assert not torch.equal(chance.encoder.narrow.weight, network.encoder.narrow.weight)


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"width": 0.25}, "width 0.125, not 0.25"),
        ({"variant": "lowmem"}, "variant original, not lowmem"),
        ({"mask": False, "tone": "kept"}, "mask True, not False, tone canonical, not kept"),
    ],
)
def test_other_settings_than_the_shipped_starts_are_refused_before_anything_runs(change, fact):
    plain = {**settings.plain(SMALL), **change, "start": "shipped"}
    with pytest.raises(ConfigError) as refused:
        settings.build(original.Config, plain, "methods.original")
    assert fact in str(refused.value)
    assert "start: trained" in refused.value.remedy


def test_the_shipped_start_draws_faces_already():
    """Half precision and all, it draws a face that it never saw, light where that is light and dark where dark."""
    frame = next(iter(cast.render(cast.Actor(cast.load_actor("clara")), cast.load_performance("answer-1"), size=256)))
    points = frame.landmarks_682.astype(np.float64)
    matrix = align.align(points, 256, "full")
    faceset = SimpleNamespace(
        crops_NHWC=align.crop(frame.rgb_HWC, matrix, 256)[None],
        landmarks_N682=points[None],
        matrices_N23=matrix[None],
        size=256,
        coverage="full",
        height=256,
    )
    anchor = space.anchors([[faceset]], SMALL.anchor, SMALL.coverage)[0]
    # One frame's face would fill the crop; a clip's, which moves in it, and a crowd's are smaller.
    smaller = align.compose(np.array([[0.72, 0, 8.82], [0, 0.72, 8.82]]), space.into("full", 256, anchor, "full", 64))
    picture, places = next(pool.crops(faceset, smaller, 64))
    raised = masks.raised(places)
    network = Everybody(SMALL.architecture, 1)
    halves, _ = read_tensors(SHIPPED)
    network.load_state_dict({name: tensor.float() for name, tensor in halves.items()})
    drawn = drawing.drawn(network.eval(), 0, [(picture, raised)], SMALL)[0].permute(1, 2, 0).numpy(force=True)
    inside = masks.fill(raised, 64, 64) > 0.5
    light, aim = drawn[..., :3].mean(axis=2)[inside], picture.mean(axis=2)[inside]
    assert np.corrcoef(light, aim)[0, 1] > 0.4
    assert ((drawn[..., 3] > 0.5) == inside).mean() > 0.9
