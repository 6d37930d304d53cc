"""LIA is the authors' network: the same names and shapes of weights, and with the same weights the same numbers."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy.methods.lia.architecture import Architecture
from understudy.methods.lia.layers import kept
from understudy.methods.lia.network import LIA
from understudy.methods.lia.synthesis import filled

from .conftest import picture

REST = torch.zeros(1, 20)


def everything(network: LIA, source: Tensor, drivers: list[Tensor]) -> dict[str, Tensor]:
    """All that the references hold: codes, features, what each level of the drawing makes of them, pictures."""
    latent, own, features = network.enc(source)
    motions = [network.enc(driver)[1] for driver in drivers]
    found = {"wa": latent[0], "alpha_source": own[0], "alpha_driving": torch.cat(motions)}
    found |= {"directions": network.dec.direction.folded()[0].t()}
    found |= {f"feat{level}": thinned(feature) for level, feature in enumerate(features)}
    ready = network.dec.ready(features)

    def draw(motion: Tensor | None, start: Tensor | None) -> Tensor:
        return network.dec(latent if motion is None else network.moved(latent, own, motion, start), ready)[0]

    edited = REST.clone()
    edited[:, 3] = 2
    with watched(network, features, found):
        found["pred_rel_2"] = draw(motions[2], motions[0])
    found["pred_rel_1"] = draw(motions[1], motions[0])
    found["pred_abs_1"] = draw(motions[1], None)
    found["pred_edit_dir3_deg2"] = draw(edited, REST)
    found["pred_reference"] = draw(None, None)
    return found


class watched:  # noqa: N801 - used as a `with`, like a function
    """While open, what is drawn is written down at every level."""

    def __init__(self, network: LIA, features: list[Tensor], found: dict[str, Tensor]) -> None:
        self.network, self.features, self.found = network, features, found

    def __enter__(self) -> None:
        self.hooks = [
            flow.register_forward_hook(lambda _, seen, drawn, level=level: self.note(level, seen[0], drawn))
            for level, flow in enumerate(self.network.dec.to_flows)
        ]

    def note(self, level: int, x: Tensor, flow: Tensor) -> None:
        warped, mask = self.network.dec.warped(self.features[level], flow)
        self.found[f"flow{level}"] = thinned(flow, 3)
        self.found[f"warp{level}"], self.found[f"dec{level}"] = thinned(warped), thinned(filled(x, warped, mask))

    def __exit__(self, *_: object) -> None:
        for hook in self.hooks:
            hook.remove()


def thinned(maps: Tensor, channels: int = 8) -> Tensor:
    """As the references hold maps: few channels, at most 32 pixels a side."""
    step = max(1, maps.shape[-1] // 32)
    return maps[0, :channels, ::step, ::step]


def shares(found: Tensor, expected: NDArray[np.generic], tolerances: tuple[float, float]) -> tuple[float, float]:
    """The largest and the mean difference as shares of what may be. Pictures are held at every second pixel."""
    array = found.numpy()
    step = array.shape[-1] // expected.shape[-1]
    array = array[..., ::step, ::step] if array.ndim == 3 else array
    assert array.shape == expected.shape
    apart = np.abs(array - expected)
    return float(apart.max()) / tolerances[0], float(apart.mean()) / tolerances[1]


@pytest.mark.parametrize("folded", [False, True], ids=["learning", "folded"])
def test_it_gives_the_authors_numbers_with_the_same_weights(published, reference, folded):
    """Both while it could learn and with all that is constant folded beforehand."""
    network = kept(published) if folded else published
    drivers = [picture(each) for each in reference["in_driving"]]
    with torch.inference_mode():
        found = everything(network, picture(reference["in_source"]), drivers)
    names = [name for name in reference if name.startswith("out_")]
    assert len(names) == 7
    for name, tolerances in zip(names, reference["tolerances"], strict=True):
        assert max(shares(found[name.removeprefix("out_")], reference[name], tolerances)) < 1, name


def test_a_mistake_would_be_seen(published, reference):
    """Directions of the opposite sign, which a QR of another convention gives, are far outside the tolerances."""
    with torch.inference_mode():
        latent, _, features = published.enc(picture(reference["in_source"]))
        motion = published.enc(picture(reference["in_driving"][1]))[1]
        drawn = published.dec(latent - published.dec.direction(motion), published.dec.ready(features))[0]
    assert min(shares(drawn, reference["out_pred_abs_1"], reference["tolerances"][4])) > 100


# --- everything the authors' network was recorded at, where the references lie


@pytest.fixture(scope="module", params=["lia", "lia_64"])
def golden(request: pytest.FixtureRequest, shared: Path) -> Iterator[tuple[LIA, dict, dict]]:
    """A network as a golden file has it, what the file says, and its arrays."""
    folder = shared / "golden"
    told = json.loads((folder / f"{request.param}.json").read_text())
    network = LIA(Architecture(size=256 if request.param == "lia" else 64, style_dim=512, motion_dim=20))
    filling = rule(folder)
    state = filling.fill_torch("lia", network).state_dict()
    assert filling.weights_digest({key: each.numpy() for key, each in state.items()}) == told["weights_sha256"]["gen"]
    with np.load(folder / f"{request.param}.npz") as held:
        yield network.to(memory_format=torch.channels_last).eval(), told, dict(held)


def rule(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("fill_rule", folder / "fill_rule.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_its_weights_have_the_published_names_and_shapes(golden):
    network, told, _ = golden
    wanted = {key: tuple(shape) for key, shape, _ in told["state_dict"]["gen"]}
    assert {key: tuple(value.shape) for key, value in network.state_dict().items()} == wanted
    assert sum(each.numel() for each in network.parameters()) == told["params"]


@pytest.mark.parametrize("folded", [False, True], ids=["learning", "folded"])
def test_every_recorded_number_is_within_its_tolerances(golden, folded):
    network, told, arrays = golden
    network = kept(network) if folded else network
    drivers = [picture(each) for each in arrays["in_driving"]]
    with torch.inference_mode():
        found = everything(network, picture(arrays["in_source"]), drivers)
    worst = {
        name: max(shares(found[name], arrays[f"out_{name}"], (held["tol_max"], held["tol_mean"])))
        for name, held in told["tensors"].items()
    }
    assert {name: share for name, share in worst.items() if share >= 1} == {}
