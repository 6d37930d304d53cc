"""LPIPS and FID with random weights of the right shapes: what holds for any weights, and what weights are refused."""

from pathlib import Path

import cv2
import metric_stage as stage
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.linalg import sqrtm

from understudy import metrics
from understudy.errors import CheckpointError
from understudy.metrics import _crops, fid, lpips
from understudy.metrics._alexnet import AlexNet
from understudy.metrics._inception import Inception

SIDE = 128
MASK = np.zeros((SIDE, SIDE), bool)
MASK[30:100, 20:90] = True
KNOWN = {"truth": Path("truth.mp4"), "masks": Path("masks.npy")}


def texture(seed: int) -> NDArray[np.uint8]:
    """A picture with edges at several scales."""
    noise = np.random.default_rng(seed).normal(size=(SIDE, SIDE, 3)).astype(np.float32)
    layers = sum(s * cv2.GaussianBlur(noise, (0, 0), s) for s in (1, 3, 9))
    return np.clip(128 + 60 * np.asarray(layers), 0, 255).astype(np.uint8)


def distance(fake: NDArray[np.uint8], truth: NDArray[np.uint8], networks: dict[str, Path]) -> float:
    at = stage.moment(fake_HWC=fake, truth_HWC=truth, mask_HW=MASK)
    return stage.run("lpips", [at], networks=networks, **KNOWN)["LPIPS to truth"].value


def test_lpips_is_zero_for_equals_and_rises_with_blur_and_noise(random_networks: dict[str, Path]) -> None:
    truth = texture(0)
    noise = np.random.default_rng(1).normal(size=truth.shape)
    blurred = [distance(np.asarray(cv2.GaussianBlur(truth, (0, 0), s)), truth, random_networks) for s in (0.5, 1, 2, 4)]
    noisy = [distance(np.clip(truth + s * noise, 0, 255).astype(np.uint8), truth, random_networks) for s in (4, 12, 36)]
    assert distance(truth, truth, random_networks) == 0
    for ladder in (blurred, noisy):
        assert ladder[0] > 0
        assert (np.diff(ladder) > 0).all()
    outside = truth.copy()
    outside[:, 110:] = 0  # the network is shown the face alone
    assert distance(outside, truth, random_networks) == 0


def test_lpips_is_the_sum_that_the_paper_writes(random_networks: dict[str, Path]) -> None:
    """Equation 1, place by place, without the batching and broadcasting of the metric."""
    perception = lpips.perception(random_networks["lpips"], random_networks["lpips-linear"])
    pair = [_crops.tensor(texture(seed)[:64, :64]) for seed in (0, 1)]
    shift, scale = torch.tensor(lpips._SHIFT), torch.tensor(lpips._SCALE)
    maps = []
    for picture in pair:
        scaled = torch.stack([(picture[0, c] - shift[c]) / scale[c] for c in range(3)])[None]
        x, features = scaled, perception.network.features
        taken = []
        for layer in features:
            x = layer(x)
            if isinstance(layer, torch.nn.ReLU):
                taken.append(x[0].numpy().astype(np.float64))
        maps.append(taken)
    total = 0.0
    for a, b, weights in zip(*maps, perception.linear.weights(), strict=True):
        channels, height, width = a.shape
        w = weights.numpy().reshape(channels)
        places = [(a[:, y, x], b[:, y, x]) for y in range(height) for x in range(width)]
        total += np.mean([w @ (p / np.linalg.norm(p) - q / np.linalg.norm(q)) ** 2 for p, q in places])
    assert float(perception(*pair)) == pytest.approx(total, rel=1e-4)


def test_the_networks_have_the_published_number_of_weights() -> None:
    """torchvision's AlexNet features, and Inception v3 without classifier and auxiliary head."""
    count = {type(n): sum(p.numel() for p in n.parameters()) for n in (AlexNet(), Inception(), lpips.Linear())}
    assert count == {AlexNet: 2_469_696, Inception: 21_785_568, lpips.Linear: 64 + 192 + 384 + 256 + 256}


@pytest.mark.parametrize(("name", "tensor"), [
    ("lpips", "features.3.weight"), ("lpips-linear", "lin2.model.1.weight"),
    ("inception", "Mixed_6b.branch7x7_2.conv.weight"),
])  # fmt: skip
def test_other_architectures_are_refused_by_their_first_tensor(
    name: str, tensor: str, random_networks: dict[str, Path], tmp_path: Path
) -> None:
    metric = "fid" if name == "inception" else "lpips"
    state = torch.load(random_networks[name], weights_only=True)
    first = next(iter(state))
    wrong = {
        "shape": state | {tensor: state[tensor][:, :, :0]},
        "absent": {key: value for key, value in state.items() if key != tensor},
        "surplus": state | {"extra.weight": state[tensor]},
    }
    for kind, held in wrong.items():
        torch.save(held, tmp_path / f"{kind}.pth")
        with pytest.raises(CheckpointError, match="extra.weight" if kind == "surplus" else tensor):
            stage.run(metric, [], networks=random_networks | {name: tmp_path / f"{kind}.pth"}, **KNOWN)
    torch.save({key: value for key, value in state.items() if key == "nothing"}, tmp_path / "empty.pth")
    with pytest.raises(CheckpointError, match=f"'{first}' is absent in the file"):
        stage.run(metric, [], networks=random_networks | {name: tmp_path / "empty.pth"}, **KNOWN)


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path("never"),)


@pytest.mark.parametrize("kind", ["text", "pickle", "list", "nowhere"])
def test_what_is_no_weights_is_refused_and_never_run(
    kind: str, random_networks: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / kind
    if kind == "text":
        path.write_text("not weights")
    elif kind != "nowhere":
        torch.save({"a": Bomb()} if kind == "pickle" else [torch.zeros(1)], path)
    with pytest.raises(CheckpointError, match=kind):
        stage.run("lpips", [], networks=random_networks | {"lpips": path}, **KNOWN)
    assert not (tmp_path / "never").exists()


def test_without_weights_or_truth_there_are_no_rows(random_networks: dict[str, Path]) -> None:
    for name in ("lpips", "fid"):
        module = metrics.metric(name)
        assert metrics.networks(name)
        assert set(metrics.networks(name)) <= set(random_networks)
        assert module.meter(stage.NOWHERE) is None
        assert module.meter(stage.replace(stage.NOWHERE, **KNOWN)) is None
        assert module.meter(stage.replace(stage.NOWHERE, networks=random_networks)) is None
    assert metrics.networks("identity") == ()


def test_the_frechet_distance_of_two_known_gaussians_is_the_closed_form() -> None:
    """Samples made to have exactly the Gaussians' means and covariances: then it is no estimate."""
    rng = np.random.default_rng(0)
    means, roots = rng.normal(size=(2, 6)), rng.normal(size=(2, 6, 6))
    samples = []
    for mean, root in zip(means, roots, strict=True):
        drawn = rng.normal(size=(300, 6))
        drawn -= drawn.mean(axis=0)
        white = drawn @ np.linalg.inv(np.linalg.cholesky(np.cov(drawn.T))).T
        samples.append(mean + white @ root)
    first, second = (root.T @ root for root in roots)
    expected = np.square(means[0] - means[1]).sum() + np.trace(first + second - 2 * np.real(sqrtm(first @ second)))
    assert fid.frechet(*samples) == pytest.approx(expected, rel=1e-6)
    # In one dimension it is (m1 - m2)^2 + (s1 - s2)^2.
    line = np.array([[-1.0], [1.0]]) / 2**0.5  # of deviation 1
    assert fid.frechet(3 + 2 * line, 5 * line) == pytest.approx(3**2 + (2 - 5) ** 2)


def test_the_frechet_distance_is_zero_for_one_sample_and_biased_for_two_small_ones() -> None:
    rng = np.random.default_rng(0)
    sample = rng.normal(size=(40, 300))
    assert fid.frechet(sample, sample) == pytest.approx(0, abs=1e-9)
    assert fid.frechet(sample, sample + 0.5) == pytest.approx(300 * 0.25)
    biases = [fid.frechet(rng.normal(size=(n, 50)), rng.normal(size=(n, 50))) for n in (20, 80, 320)]
    assert biases[0] > 2 * biases[1] > 4 * biases[2] > 0


def test_fid_is_of_the_faces_alone_and_says_its_n(random_networks: dict[str, Path]) -> None:
    truths = [texture(seed) for seed in range(3)]
    darker = [np.asarray(truth // 2) for truth in truths]
    outside = [np.where(np.asarray(np.mgrid[:SIDE, :SIDE][1] < 5)[..., None], 0, t).astype(np.uint8) for t in truths]
    found = []
    for fakes in (truths, outside, darker):
        moments = [
            stage.moment(fake_HWC=f, truth_HWC=t, mask_HW=MASK, embeds=k != 3)
            for k, (f, t) in enumerate(zip([*fakes, fakes[0]], [*truths, truths[0]], strict=True))
        ]
        row = stage.run("fid", moments, networks=random_networks, **KNOWN)["FID to truth"]
        assert row.n == 3
        found.append(row.value)
    assert found[:2] == pytest.approx([0, 0], abs=1e-6)
    assert found[2] > 1e-3
    one = stage.run("fid", [stage.moment(fake_HWC=truths[0], truth_HWC=truths[0], mask_HW=MASK)],
                    networks=random_networks, **KNOWN)["FID to truth"]  # fmt: skip
    assert (one.n, np.isnan(one.value)) == (1, True)


@pytest.mark.parametrize(
    ("rows", "columns"), [((0, 20), (5, 100)), ((90, 128), (100, 128)), ((0, 128), (0, 128)), ((7, 8), (3, 4))]
)
def test_the_square_holds_the_mask_and_lies_in_the_frame(rows: tuple[int, int], columns: tuple[int, int]) -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[slice(*rows), slice(*columns)] = True
    top, left, side = _crops.square(mask)
    for start, (first, end) in ((top, rows), (left, columns)):
        assert 0 <= start <= first
        assert end <= start + side <= SIDE
    assert side == max(rows[1] - rows[0], columns[1] - columns[0])
    assert _crops.cut(texture(0), (top, left, side), 32).shape == (32, 32, 3)
