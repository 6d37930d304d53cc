"""Making published weights a run of ours: checked against the network, kept as safetensors, with a card of origin."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from understudy import files
from understudy.checkpoints.kinds import REMEDY, seems, stripped
from understudy.checkpoints.published import Weights, names, published
from understudy.errors import CheckpointError
from understudy.learning import save_weights

_UNKNOWN = "not known"
_NOBODY = "not known: nobody in it is taken to have consented"


def adopt(
    out: Path, weights: Weights, network: nn.Module, state: Mapping[str, Tensor], architecture: Mapping[str, Any]
) -> None:
    """Fills `network` with the state and leaves weights.safetensors and card.json in the folder `out`, each whole.

    state: what was read of `weights`, under the network's own names (`module.` is dropped), in any floating type.
    architecture: what tells two networks apart, as learning.load_weights asks for it. Raises CheckpointError naming the
    first tensor that is missing, left over, of another shape or not finite, and DiskError.
    """
    state = stripped(state)
    _require_fit(weights.path, network.state_dict(), state)
    network.load_state_dict(state, strict=True)
    place = out / "weights.safetensors"
    told = origin(weights)
    # A card without weights says what is missing; weights without a card would not say whose they are.
    (out / "card.json").unlink(missing_ok=True)
    save_weights(place, network, {"architecture": dict(architecture), "adopted": told})
    card = {
        "state": "adopted",
        **told,
        "architecture": dict(architecture),
        "converted_sha256": files.sha256(place),
        "tensors": len(state),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "precision": sorted({str(tensor.dtype).removeprefix("torch.") for tensor in state.values()}),
        "subjects": [],
        "consents": [],
    }
    files.write_json(out / "card.json", card)


def origin(weights: Weights) -> dict[str, Any]:
    """What is known of whose weights these are, for cards and reports.

    genuine: whether the file is the published one; None when that one's hash, or the name, is not known. A file that
    only bears a published name is taken to be made from the published one: on its terms, of its people.
    """
    told: dict[str, Any] = {"name": weights.name, "file": Path(weights.path).name, "sha256": weights.sha256}
    if weights.name not in names():
        unknown = {"network": None, "origin": _UNKNOWN, "paper": None, "licence": _UNKNOWN, "trained_on": _NOBODY}
        return told | unknown | {"genuine": None, "consented": False}
    known = published(weights.name)
    genuine = weights.sha256 == known.sha256 if known.sha256 else None
    told |= {
        name: getattr(known, name) for name in ("network", "origin", "paper", "licence", "trained_on", "consented")
    }
    if genuine is False:
        told["origin"] = f"{_UNKNOWN}: by its sha256 it is not the file of {known.origin}, whose name it bears"
    return told | {"genuine": genuine}


def _require_fit(path: Path, own: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
    """Raises CheckpointError naming the first tensor in which file and network differ, and what the file looks like."""
    for name in sorted(own.keys() | state.keys()):
        here, there = state.get(name), own.get(name)
        if not isinstance(here, Tensor) or there is None or here.shape != there.shape:
            words = _differ(here, there)
            count = len(own.keys() ^ state.keys())
            more = f" ({count} names are in one of the two only)" if count > 1 else ""
            raise CheckpointError(path, f"'{name}' is {words}{more}{seems(state)}", REMEDY)
        if here.is_floating_point() != there.is_floating_point() or here.is_complex():
            raise CheckpointError(path, f"'{name}' holds {here.dtype} where the network has {there.dtype}", REMEDY)
        if here.is_floating_point() and not torch.isfinite(here).all():
            raise CheckpointError(path, f"'{name}' holds values that are no finite numbers", "Take another checkpoint.")


def _differ(here: Any, there: Tensor | None) -> str:
    shape = tuple(here.shape) if isinstance(here, Tensor) else "absent" if here is None else type(here).__name__
    return f"{shape} in the file and {tuple(there.shape) if there is not None else 'absent'} in the network"
